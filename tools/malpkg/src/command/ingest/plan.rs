//! Planning an ingest: what is read, what the rules admit of it, and what is left out.

use std::collections::{BTreeSet, HashMap};

use curate::{Batch, Delivery, Ingested};
use database::{Plan, Rejected, Snapshot};
use intake::{Asked, Cursor, OwnIds, Quarantine, Refused, Settling, Source, Taken};
use osv_schema::Timestamp;
use rules::{Admitted, Finding};
use store::Store;

use super::{Arguments, message};
use crate::config::Config;
use crate::context::Reading;
use crate::failure::Failure;
use crate::landing::{self, Ground};
use crate::sources::{Sources, rules_mark};
use crate::streams::TreeStreams;

/// What one planning came to.
pub(super) struct Planned {
    pub(super) source: String,
    pub(super) admitted: Admitted,
    pub(super) plan: Plan,
    /// For each of the rejected, where it is kept.
    pub(super) quarantined: Vec<Option<String>>,
    /// Where the next reading goes on, as people are told.
    pub(super) cursor: Option<String>,
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
#[derive(Clone)]
pub(super) struct Read {
    deliveries: Vec<Delivery>,
    refused: Vec<Refused>,
    accepted: Vec<String>,
    /// Whether the source named all that it has.
    is_whole: bool,
    cursor: Option<Cursor>,
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
    let since = if arguments.inputs.is_empty() { Cursor::read(&ground.reading.snapshot, &source.id)? } else { None };
    let reading = sources.read(source, &arguments.inputs, since.as_ref())?;
    let Taken { deliveries, refused, accepted, .. } = reading.taken;
    let mut read = Read { deliveries, refused, accepted, is_whole: reading.is_whole, cursor: reading.cursor };
    if source.is_complete && !reading.is_whole {
        // Of a list that is complete, what went away between two readings is taken back.
        read.deliveries.extend(reading.gone.into_iter().map(|gone| taken_back(gone, now)));
    }
    Ok(read)
}

/// A delivery as its source takes it back.
fn taken_back(mut delivery: Delivery, now: Timestamp) -> Delivery {
    let time = now.whole_seconds().to_string();
    (delivery.record.modified, delivery.record.withdrawn) = (time.as_str().into(), time.as_str().into());
    delivery.sha256 = curate::content_sha256(&delivery.record);
    delivery
}

/// Plans until the rules admit the plan: deliveries behind a report that they refuse are rejected, and the rest is
/// planned again.
pub(super) fn plan(
    source: &Source,
    reading: &Reading,
    config: &Config,
    mut read: Read,
    now: Timestamp,
) -> Result<Planned, Failure> {
    let settings = &config.settings;
    let (base, streams) = (&reading.snapshot, TreeStreams::new(reading));
    let quarantine = Quarantine::read(base, &source.id)?;
    let mark = rules_mark(settings);
    // What other rules refused is tried again, unless it was sent again itself.
    let asked = Asked { source, prefix: &settings.prefix, cache: None, since: None, now };
    let sent: BTreeSet<String> = read.deliveries.iter().map(|delivery| delivery.name.clone()).collect();
    let due = quarantine.due(base, &mark)?.into_iter().filter(|document| !sent.contains(&document.name)).collect();
    let again = intake::retake(due, asked);
    read.deliveries.extend(again.deliveries);
    read.refused.extend(again.refused);
    read.accepted.extend(again.accepted);
    if source.is_complete && read.is_whole {
        read.deliveries.extend(no_longer_named(&read, base, source, now));
    }
    loop {
        let batch = Batch {
            deliveries: read.deliveries,
            takes_ids_as_aliases: source.own_ids != OwnIds::Drop,
            prefix: settings.prefix.clone(),
            first_number: config.first_number,
        };
        let (mut plan, fates) =
            curate::ingest(base, &batch, &streams, now).map_err(|error| Failure::new(error.to_string()))?;
        let mut changes = std::mem::take(&mut plan.changes);
        let by_name: HashMap<&str, &Delivery> =
            batch.deliveries.iter().map(|delivery| (delivery.name.as_str(), delivery)).collect();
        let planned = std::mem::take(&mut plan.rejected).into_iter();
        let planned = planned.map(|rejected| match by_name.get(rejected.delivery.as_str()) {
            Some(delivery) => Refused::of_delivery(rejected, delivery),
            None => Refused { rejected, sha256: None, bytes: None },
        });
        let refused: Vec<Refused> = read.refused.iter().cloned().chain(planned).collect();
        let is_refused: BTreeSet<&str> = refused.iter().map(|one| one.rejected.delivery.as_str()).collect();
        let accepted: Vec<String> =
            read.accepted.iter().filter(|name| !is_refused.contains(name.as_str())).cloned().collect();
        let settling = Settling { source, refused: &refused, accepted: &accepted, rules: &mark, now };
        let kept = quarantine.settle(settling, &mut changes);
        // Where the next reading goes on is written with what this one changes, and never alone.
        if let (Some(cursor), false, Ok(path)) = (&read.cursor, changes.is_empty(), Cursor::path(&source.id)) {
            changes.put_file(path, cursor.to_json().into_bytes());
        }
        match reading.admit(changes, settings) {
            Ok(admitted) => {
                plan.changes = admitted.changes().clone();
                let paths = kept.paths.into_iter().map(|path| path.map(|path| path.to_string()));
                let mut rejected: Vec<(Rejected, Option<String>)> =
                    refused.into_iter().map(|one| one.rejected).zip(paths).collect();
                rejected.sort_by(|a, b| a.0.delivery.cmp(&b.0.delivery));
                let (rejected, quarantined): (Vec<_>, Vec<_>) = rejected.into_iter().unzip();
                plan.rejected = rejected;
                let tally = tally(&fates, plan.rejected.len());
                let cursor = read.cursor.as_ref().map(Cursor::shown);
                return Ok(Planned { source: source.id.clone(), admitted, plan, quarantined, cursor, tally });
            }
            Err(findings) => {
                let (kept, refused) = part(batch.deliveries, &fates, &findings);
                if refused.is_empty() {
                    let first = &findings[0];
                    return Err(Failure::new(&first.message).place(&first.path).remedy(&first.remedy));
                }
                read.deliveries = kept;
                read.refused.extend(refused);
            }
        }
    }
}

/// What a source that named all it has takes back. Where a document could not even be asked for its id, nobody knows what
/// it names, and nothing is taken back.
fn no_longer_named(read: &Read, base: &Snapshot, source: &Source, now: Timestamp) -> Vec<Delivery> {
    let mut named: BTreeSet<String> =
        read.deliveries.iter().filter_map(|delivery| delivery.own_id().map(str::to_owned)).collect();
    for refused in &read.refused {
        let document = refused.bytes.as_deref().and_then(|bytes| osv_schema::Document::parse(bytes).ok());
        match document.as_ref().and_then(|document| document.root().get("id")?.as_str()) {
            Some(id) => drop(named.insert(id.to_owned())),
            None => return Vec::new(),
        }
    }
    curate::no_longer_named(base, &source.id, &named, now)
}

/// Parts the deliveries into those that may stay and those behind a report that the rules refuse.
fn part(deliveries: Vec<Delivery>, fates: &[Ingested], findings: &[Finding]) -> (Vec<Delivery>, Vec<Refused>) {
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for (delivery, fate) in deliveries.into_iter().zip(fates) {
        let finding = fate.changed().and_then(|path| findings.iter().find(|finding| finding.path == *path));
        match finding {
            None => kept.push(delivery),
            Some(finding) => {
                let rejected = Rejected {
                    source: delivery.source.clone(),
                    delivery: delivery.name.clone(),
                    rule: finding.rule.name,
                    pointer: finding.pointer.to_string(),
                    message: finding.message.clone().into_owned(),
                    remedy: finding.remedy.clone().into_owned(),
                };
                refused.push(Refused::of_delivery(rejected, &delivery));
            }
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
