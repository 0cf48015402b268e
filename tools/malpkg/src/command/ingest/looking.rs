//! Looking at a source: the plan that an ingest of all of it would make, for whoever only wants to know.

use curate::{Delivery, Taken};
use database::Rejected;
use intake::{Document, Held, Source};
use osv_schema::Timestamp;
use store::Store;

use super::fates::{FateV1, Wanted};
use super::plan;
use super::reading::{Explained, Read, Run};
use crate::config::Config;
use crate::context::Reading;
use crate::failure::Failure;
use crate::sources::{Received, Sources};

/// What an ingest of all that a source has would come to.
pub(crate) struct Looked {
    /// What was read.
    pub(crate) deliveries: Vec<Delivery>,
    /// What would be refused, as it is read or by the planning.
    pub(crate) rejected: Vec<Rejected>,
    /// How many documents or packages are none of what the configuration asks for.
    pub(crate) left_out: usize,
    /// Whether all of the place was read.
    pub(crate) is_whole: bool,
    /// The commit that was read, of a git repository.
    pub(crate) commit: Option<String>,
    /// What would become of each delivery.
    pub(crate) fates: Vec<FateV1>,
    /// What it would take away beyond what may be taken without a word.
    pub(crate) guarded: Vec<Taken>,
}

/// Plans an ingest of all of a source, also of one that is paused.
pub(crate) fn look(
    source: &Source,
    inputs: &[String],
    store: &Store,
    reading: &Reading,
    config: &Config,
    now: Timestamp,
) -> Result<Looked, Failure> {
    let sources = Sources { store, prefix: &config.settings.prefix, now };
    let received = sources.receive_all(source, inputs, &config.settings)?;
    let (left_out, is_whole) = (received.left_out(), received.is_whole());
    let commit = received.commit().map(str::to_owned);
    let read = all_of(source, store, received);
    let planned = plan::plan(&read, &[], reading, config, now)?;
    let kinds = planned.plan.changes.changes().map(|change| change.kind);
    let guarded = config.guard.beyond(kinds, reading.reports(), &[]);
    let (fates, rejected) = (planned.fates.unwrap_or_default(), planned.plan.rejected);
    Ok(Looked { deliveries: read.deliveries, rejected, left_out, is_whole, commit, fates, guarded })
}

/// What would become of documents that were kept, if their source sent them again.
pub(crate) fn try_again(
    source: &Source,
    kept: Vec<(Held, Document)>,
    store: &Store,
    reading: &Reading,
    config: &Config,
    now: Timestamp,
) -> Result<Vec<FateV1>, Failure> {
    let sources = Sources { store, prefix: &config.settings.prefix, now };
    let read = all_of(source, store, sources.receive_again(source, kept, &config.settings));
    Ok(plan::plan(&read, &[], reading, config, now)?.fates.unwrap_or_default())
}

fn all_of<'r>(source: &Source, store: &'r Store, mut received: Received) -> Read<'r> {
    let deliveries = received.deliveries();
    let run = Run { id: source.id.clone(), received: Ok(received), seconds: 0.0 };
    let explained = Some(Explained { wanted: Wanted::All, word: None });
    Read { store, deliveries, runs: vec![run], explained }
}
