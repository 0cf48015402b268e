//! Planning an ingest: what is read, what the rules admit of it, and what is left out.

use std::path::Path;

use curate::{Batch, Delivery, Ingested};
use database::{Plan, Rejected};
use osv_schema::Timestamp;
use rules::{Admitted, Finding};

use super::{Arguments, message};
use crate::config::{Config, SourceFormat};
use crate::context::Reading;
use crate::failure::Failure;
use crate::landing;

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
    pub(super) rejected: usize,
    pub(super) skipped: usize,
}

/// Deliveries, and documents that are none.
#[derive(Clone)]
pub(super) struct Read {
    deliveries: Vec<Delivery>,
    rejected: Vec<Rejected>,
}

pub(super) fn read_deliveries(arguments: &Arguments, config: &Config) -> Result<Read, Failure> {
    let source = config.source(&arguments.source)?;
    let own_place = source.from.clone().into_iter().collect();
    let inputs: Vec<String> = if arguments.inputs.is_empty() { own_place } else { arguments.inputs.clone() };
    if inputs.is_empty() {
        let failure = Failure::new(format!("the source `{}` has no place to read from", arguments.source));
        return Err(failure.remedy("name a folder or file, or say `from` in malpkg.toml"));
    }
    let mut read = Read { deliveries: Vec::new(), rejected: Vec::new() };
    for input in inputs {
        let documents = if input == "-" {
            intake::stream::documents("-", &mut std::io::stdin().lock())
                .map_err(|error| Failure::new(format!("cannot read standard input: {error}")))?
        } else {
            intake::folder::documents(Path::new(&input)).map_err(|error| {
                let failure = Failure::new(error.reason).place(error.path.display());
                failure.remedy("name a folder with the documents, a file, or `-` for standard input")
            })?
        };
        for document in documents {
            let delivery = match source.format {
                SourceFormat::Osv => intake::osv::read(&arguments.source, document),
            };
            match delivery {
                Ok(delivery) => read.deliveries.push(delivery),
                Err(rejected) => read.rejected.push(*rejected),
            }
        }
    }
    Ok(read)
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
    loop {
        let batch = Batch {
            deliveries: read.deliveries,
            takes_ids_as_aliases: true,
            prefix: settings.prefix.clone(),
            first_number: config.first_number,
        };
        let (mut plan, fates) =
            curate::ingest(&reading.snapshot, &batch, now).map_err(|error| Failure::new(error.to_string()))?;
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
        let finding = match fate {
            Ingested::Created(path) | Ingested::Joined(path) => findings.iter().find(|finding| finding.path == *path),
            _ => None,
        };
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
    let of = |is: fn(&Ingested) -> bool| fates.iter().filter(|fate| is(fate)).count();
    let (created, joined) = (of(|f| matches!(f, Ingested::Created(_))), of(|f| matches!(f, Ingested::Joined(_))));
    let (unchanged, skipped) = (of(|f| matches!(f, Ingested::Unchanged(_))), of(|f| matches!(f, Ingested::Skipped)));
    let deliveries = created + joined + unchanged + skipped + rejected;
    Tally { deliveries, created, joined, unchanged, rejected, skipped }
}
