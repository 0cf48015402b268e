//! Ingest: what sources sent becomes a plan.

mod alone;
mod claims;
mod elsewhere;
mod fault;
mod found;
mod group;
mod stays;
mod work;

use std::borrow::Cow;
use std::collections::BTreeSet;

use database::{ChangeSet, IDS_FILE, Plan, Rejected, Snapshot, TreePath};
use osv_schema::Timestamp;
use rayon::prelude::*;

use crate::Delivery;
use crate::ids::{Ids, IdsError, Numbering};
use crate::moved::{Streams, WentOn};
pub use alone::alone;
use claims::settle_claims;
use elsewhere::elsewhere;
pub(crate) use fault::{Fault, fault_in_details, fault_in_path};
pub(crate) use found::{Found, find, old_folders, open};
pub(crate) use group::Group;
use group::grouped;
pub(crate) use stays::streams_of;
use work::{Done, Work};

/// How many reports are worked on at once.
const AT_ONCE: usize = 4_096;

/// What sources sent in one run, and how it is to be taken.
#[derive(Clone, Debug)]
pub struct Batch<'b> {
    /// The deliveries.
    pub deliveries: Cow<'b, [Delivery]>,
    /// The streams that went on to packages which their sources' settings leave out.
    pub went_on: Cow<'b, [WentOn]>,
    /// The sources whose own ids do not become aliases.
    pub drops_ids_of: BTreeSet<String>,
    /// How ids are given.
    pub numbering: Numbering,
}

impl Batch<'_> {
    /// The ids of ours that deliveries name. Those that we do not have mean nothing, and so are not given to anything now.
    fn named(&self) -> BTreeSet<&str> {
        let is_ours = |id: &&str| id.strip_prefix(&self.numbering.prefix).is_some_and(|rest| rest.starts_with('-'));
        let records = self.deliveries.iter().map(|delivery| &delivery.record);
        let lists = records.flat_map(|record| [&record.aliases, &record.related, &record.upstream]);
        let own = self.deliveries.iter().filter(|one| !one.keeps_id).filter_map(Delivery::own_id);
        lists.flat_map(|ids| ids.items().iter().map(String::as_str)).chain(own).filter(is_ours).collect()
    }
}

/// What becomes of one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ingested {
    /// It makes a new report.
    Created(TreePath),
    /// It adds to a report.
    Joined(TreePath),
    /// It takes back what its source said, and a report knows it now.
    Withdrawn(TreePath),
    /// A report knows it already.
    Unchanged(TreePath),
    /// It is left alone on purpose.
    Skipped,
    /// It cannot be taken.
    Rejected,
}

impl Ingested {
    /// The report that it changes.
    pub fn changed(&self) -> Option<&TreePath> {
        match self {
            Ingested::Created(path) | Ingested::Joined(path) | Ingested::Withdrawn(path) => Some(path),
            Ingested::Unchanged(_) | Ingested::Skipped | Ingested::Rejected => None,
        }
    }
}

/// Why nothing can be planned at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    /// The ids given so far are not known.
    #[error(transparent)]
    Ids(#[from] IdsError),
    /// Which reports have which streams is not known.
    #[error("{0}")]
    Streams(String),
}

/// Plans what deliveries change. The second part says of each delivery, in the order of the batch, what becomes of it.
///
/// # Errors
///
/// The ids that were given before cannot be read.
pub fn ingest(
    base: &Snapshot,
    batch: &Batch,
    streams: &dyn Streams,
    now: Timestamp,
) -> Result<(Plan, Vec<Ingested>), IngestError> {
    let mut ids = Ids::read(base, &batch.numbering)?;
    let mut plan = Plan::default();
    let mut fates = vec![Ingested::Rejected; batch.deliveries.len()];
    let mut groups = grouped(batch, now, &mut plan);
    settle_claims((base, streams), batch, &mut groups, &mut ids, &mut plan).map_err(IngestError::Streams)?;
    let named = batch.named();
    let mut found = find(base, &groups, &batch.numbering.prefix);
    stays::part(batch, &mut groups, &mut found);
    let elsewhere = elsewhere(base, batch, streams, &groups, &found, now).map_err(IngestError::Streams)?;
    let mut changes = ChangeSet::default();
    let mut finish = |work: &mut Vec<Work<'_>>, plan: &mut Plan| {
        let work = std::mem::take(work).into_par_iter();
        for done in work.map(|work| work.finish(batch, now)).collect::<Vec<Result<Done, Vec<Rejected>>>>() {
            match done {
                Ok(done) => {
                    done.fates.into_iter().for_each(|(at, fate)| fates[at] = fate);
                    plan.skipped.extend(done.skipped);
                    done.edits.into_iter().for_each(|edit| edit.put(&mut changes));
                }
                Err(rejected) => plan.rejected.extend(rejected),
            }
        }
    };
    // Ids are given one after the other, and the rest of the work is done side by side. Reports that are being written take
    // several times the room of those that are, so there are never very many of them.
    let mut work: Vec<Work<'_>> = Vec::new();
    for (number, (group, found)) in
        groups.iter().chain(&elsewhere.groups).zip(found.into_iter().chain(elsewhere.found)).enumerate()
    {
        let started = found.and_then(|found| group.start(found, batch, &named, &mut ids, now));
        match started {
            Ok(mut started) => {
                elsewhere.marks.get(&number).into_iter().flatten().for_each(|mark| started.joining.add(mark.clone()));
                work.push(started);
                if work.len() == AT_ONCE {
                    finish(&mut work, &mut plan);
                }
            }
            Err(fault) => plan.rejected.extend(group.deliveries.iter().map(|&at| fault.of(&batch.deliveries[at]))),
        }
    }
    finish(&mut work, &mut plan);
    if let (Some(file), Ok(path)) = (ids.to_file(), IDS_FILE.parse()) {
        changes.put_file(path, file.into_bytes());
    }
    plan.changes = changes;
    plan.rejected.sort_by(|a, b| (&a.source, &a.delivery).cmp(&(&b.source, &b.delivery)));
    plan.skipped.sort_by(|a, b| (&a.source, &a.delivery).cmp(&(&b.source, &b.delivery)));
    Ok((plan, fates))
}
