//! Planning an ingest: what is read, what the rules admit of it, and what is left out.

use curate::{Batch, Delivery, Ingested};
use database::{Plan, Rejected};
use osv_schema::Timestamp;
use rules::{Admitted, Finding};
use store::Store;

use super::{Arguments, message};
use crate::config::Config;
use crate::context::Reading;
use crate::failure::Failure;
use crate::landing;
use crate::sources::Sources;
use crate::streams::TreeStreams;

/// What one planning came to.
pub(super) struct Planned {
    pub(super) source: String,
    pub(super) admitted: Admitted,
    pub(super) plan: Plan,
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

/// Deliveries, and documents that are none.
#[derive(Clone)]
pub(super) struct Read {
    deliveries: Vec<Delivery>,
    rejected: Vec<Rejected>,
}

pub(super) fn read_deliveries(
    arguments: &Arguments,
    config: &Config,
    store: &Store,
    now: Timestamp,
) -> Result<Read, Failure> {
    let source = config.source(&arguments.source)?;
    let sources = Sources { store, prefix: &config.settings.prefix, now };
    let read = sources.read(source, &arguments.inputs, None)?;
    let rejected = read.taken.refused.into_iter().map(|refused| refused.rejected).collect();
    Ok(Read { deliveries: read.taken.deliveries, rejected })
}

/// Plans until the rules admit the plan: deliveries behind a report that they refuse are rejected, and the rest is
/// planned again.
pub(super) fn plan(
    source: &str,
    reading: &Reading,
    config: &Config,
    mut read: Read,
    now: Timestamp,
) -> Result<Planned, Failure> {
    let settings = &config.settings;
    let streams = TreeStreams::new(&reading.snapshot);
    loop {
        let batch = Batch {
            deliveries: read.deliveries,
            takes_ids_as_aliases: true,
            prefix: settings.prefix.clone(),
            first_number: config.first_number,
        };
        let (mut plan, fates) = curate::ingest(&reading.snapshot, &batch, &streams, now)
            .map_err(|error| Failure::new(error.to_string()))?;
        let changes = std::mem::take(&mut plan.changes);
        match reading.admit(changes, settings) {
            Ok(admitted) => {
                plan.changes = admitted.changes().clone();
                plan.rejected.extend(read.rejected);
                plan.rejected.sort_by(|a, b| a.delivery.cmp(&b.delivery));
                let tally = tally(&fates, plan.rejected.len());
                return Ok(Planned { source: source.to_owned(), admitted, plan, tally });
            }
            Err(findings) => {
                let (kept, refused) = part(batch.deliveries, &fates, &findings);
                if refused.is_empty() {
                    let first = &findings[0];
                    return Err(Failure::new(&first.message).place(&first.path).remedy(&first.remedy));
                }
                read = Read { deliveries: kept, rejected: read.rejected };
                read.rejected.extend(refused);
            }
        }
    }
}

/// Parts the deliveries into those that may stay and those behind a report that the rules refuse.
fn part(deliveries: Vec<Delivery>, fates: &[Ingested], findings: &[Finding]) -> (Vec<Delivery>, Vec<Rejected>) {
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for (delivery, fate) in deliveries.into_iter().zip(fates) {
        let finding = fate.changed().and_then(|path| findings.iter().find(|finding| finding.path == *path));
        match finding {
            None => kept.push(delivery),
            Some(finding) => refused.push(Rejected {
                source: delivery.source,
                delivery: delivery.name,
                rule: finding.rule.name,
                pointer: finding.pointer.to_string(),
                message: finding.message.clone().into_owned(),
                remedy: finding.remedy.clone().into_owned(),
            }),
        }
    }
    (kept, refused)
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
