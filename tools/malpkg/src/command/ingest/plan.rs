//! Planning an ingest: what is read, what the rules admit of it, and what is left out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use curate::{Batch, Delivery, Ingested};
use database::{Plan, Rejected, TreePath};
use intake::{OwnIds, Refused, Source};
use osv_schema::Timestamp;
use rules::{Admitted, Finding};
use store::Store;

use super::{Arguments, message};
use crate::config::Config;
use crate::context::Reading;
use crate::failure::Failure;
use crate::landing::{self, Ground};
use crate::planning::rejected;
use crate::sources::{Received, Settled, Sources};
use crate::streams::TreeStreams;

/// What one planning came to.
pub(super) struct Planned {
    pub(super) source: String,
    pub(super) admitted: Admitted,
    pub(super) plan: Plan,
    pub(super) settled: Settled,
    pub(super) tally: Tally,
}

impl landing::Planned for Planned {
    fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    fn message(&self) -> String {
        message(&self.source, &self.tally)
    }
}

/// How many deliveries had which fate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) deliveries: usize,
    pub(super) created: usize,
    pub(super) joined: usize,
    pub(super) unchanged: usize,
    pub(super) withdrawn: usize,
    pub(super) rejected: usize,
    pub(super) skipped: usize,
}

/// What a source sent.
pub(super) struct Read {
    deliveries: Vec<Delivery>,
    received: Received,
}

pub(super) fn read_deliveries(
    arguments: &Arguments,
    ground: &Ground<'_>,
    store: &Store,
    now: Timestamp,
) -> Result<Read, Failure> {
    let config = &ground.config;
    let source = config.source(&arguments.source)?;
    let sources = Sources { store, prefix: &config.settings.prefix, now };
    let mut received = sources.receive(source, &arguments.inputs, &ground.reading.snapshot, &config.settings)?;
    Ok(Read { deliveries: received.deliveries(), received })
}

/// Plans until the rules admit the plan: deliveries behind a report that they refuse are rejected, and the rest is
/// planned again.
pub(super) fn plan(
    source: &Source,
    reading: &Reading,
    config: &Config,
    read: &Read,
    now: Timestamp,
) -> Result<Planned, Failure> {
    let settings = &config.settings;
    let (base, streams) = (&reading.snapshot, TreeStreams::new(reading));
    // Very many deliveries are not copied for a plan that the rules admit at once.
    let mut deliveries = Cow::Borrowed(read.deliveries.as_slice());
    if source.format.is_list() {
        curate::date_again(base, &source.id, deliveries.to_mut());
    }
    let back = read.received.taken_back(&deliveries, base);
    if !back.is_empty() {
        deliveries.to_mut().extend(back);
    }
    // What the planning refuses.
    let mut late: Vec<Refused> = Vec::new();
    loop {
        let batch = Batch {
            deliveries,
            takes_ids_as_aliases: source.own_ids != OwnIds::Drop,
            prefix: settings.prefix.clone(),
            first_number: config.first_number,
        };
        let (mut plan, fates) =
            curate::ingest(base, &batch, &streams, now).map_err(|error| Failure::new(error.to_string()))?;
        let mut changes = std::mem::take(&mut plan.changes);
        let ruled_out = late.len();
        late.extend(refused(&plan.rejected, &batch.deliveries));
        let settled = read.received.settle(base, &late, &mut changes)?;
        match reading.admit(changes, settings) {
            Ok(admitted) => {
                plan.changes = admitted.changes().clone();
                let all = read.received.refused().iter().chain(&late);
                plan.rejected = all.map(|refused| refused.rejected.clone()).collect();
                plan.rejected.sort_by(|a, b| a.delivery.cmp(&b.delivery));
                let mut tally = tally(&fates, plan.rejected.len());
                tally.skipped += read.received.known();
                tally.deliveries += read.received.known();
                return Ok(Planned { source: source.id.clone(), admitted, plan, tally, settled });
            }
            Err(findings) => {
                let (kept, refused) = part(batch.deliveries.into_owned(), &fates, &findings);
                if refused.is_empty() {
                    let first = &findings[0];
                    return Err(Failure::new(&first.message).place(&first.path).remedy(&first.remedy));
                }
                // What curation refused it refuses again when the rest is planned anew.
                late.truncate(ruled_out);
                deliveries = Cow::Owned(kept);
                late.extend(refused);
            }
        }
    }
}

/// Parts the deliveries into those that may stay and those behind a report that the rules refuse.
fn part(deliveries: Vec<Delivery>, fates: &[Ingested], findings: &[Finding]) -> (Vec<Delivery>, Vec<Refused>) {
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    // The first one of each file tells.
    let by_path: BTreeMap<&TreePath, &Finding> =
        findings.iter().rev().map(|finding| (&finding.path, finding)).collect();
    for (delivery, fate) in deliveries.into_iter().zip(fates) {
        match fate.changed().and_then(|path| by_path.get(path)) {
            None => kept.push(delivery),
            Some(finding) => {
                let rejected = rejected(&delivery.source, &delivery.name, finding);
                refused.push(Refused::of_delivery(rejected, &delivery));
            }
        }
    }
    (kept, refused)
}

/// What curation rejected, with what it said.
fn refused(rejected: &[Rejected], deliveries: &[Delivery]) -> Vec<Refused> {
    if rejected.is_empty() {
        return Vec::new();
    }
    let by_name: BTreeMap<&str, &Delivery> = deliveries.iter().map(|one| (one.name.as_str(), one)).collect();
    let one = |rejected: &Rejected| {
        let delivery = by_name.get(rejected.delivery.as_str())?;
        Some(Refused::of_delivery(rejected.clone(), delivery))
    };
    rejected.iter().filter_map(one).collect()
}

fn tally(fates: &[Ingested], rejected: usize) -> Tally {
    let mut tally = Tally { rejected, deliveries: rejected, ..Tally::default() };
    for fate in fates {
        let count = match fate {
            Ingested::Created(_) => &mut tally.created,
            Ingested::Joined(_) => &mut tally.joined,
            Ingested::Withdrawn(_) => &mut tally.withdrawn,
            Ingested::Unchanged(_) => &mut tally.unchanged,
            Ingested::Skipped => &mut tally.skipped,
            // What the planning rejected is counted with what could not be read.
            Ingested::Rejected => continue,
        };
        *count += 1;
        tally.deliveries += 1;
    }
    tally
}
