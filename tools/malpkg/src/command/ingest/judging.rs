//! Which deliveries are behind a report that the rules refuse: each is judged as if it had come by itself.

use std::collections::BTreeMap;

use curate::{Batch, Delivery, Ingested, Streams};
use database::{
    Base, Change, ChangeKind, ChangeSet, Edit, Place, REPORT_SIZE_MAX, Rejected, Report, Snapshot, TreePath,
};
use intake::Refused;
use osv_schema::{Pointer, Timestamp, write};
use rayon::prelude::*;
use rules::{Admitted, Finding, Level, RULES, Settings, Spot};

use crate::context::Reading;
use crate::failure::Failure;
use crate::planning::rejected;

/// Of more deliveries than these on one package the rest is judged as one.
const EACH_MAX: usize = 32;

/// How large a report becomes by what sources say, and by what they take back. Beside that there is room for what people
/// decide about it: what nobody could correct any more would accuse for ever.
const SAID_MAX: usize = REPORT_SIZE_MAX / 2;
const TAKEN_BACK_MAX: usize = REPORT_SIZE_MAX / 4 * 3;

/// The longest text of one delivery, so that none of them takes the room of the others.
const DETAILS_MAX: usize = 256 << 10;

/// The rule for what is larger than may be.
const TOO_LARGE: &str = "malformed-json";

/// Judges what deliveries change, of which each has its fate.
pub(super) fn admit(
    reading: &Reading,
    changes: ChangeSet,
    fates: &[Ingested],
    settings: &Settings,
) -> Result<Admitted, Vec<Finding>> {
    let full = full(&reading.snapshot, &changes, fates);
    if full.is_empty() { reading.admit(changes, settings) } else { Err(full) }
}

/// The reports that would become larger than deliveries may make them.
fn full(base: &Snapshot, changes: &ChangeSet, fates: &[Ingested]) -> Vec<Finding> {
    let Some(rule) = RULES.iter().find(|rule| rule.name == TOO_LARGE) else { return Vec::new() };
    let said = |path: &TreePath| {
        fates.iter().any(|fate| matches!(fate, Ingested::Created(at) | Ingested::Joined(at) if at == path))
    };
    let finding = |change: &Change| {
        let Some(Edit::Put(bytes)) = changes.get(change.path.as_str()) else { return None };
        let size = bytes.len();
        let takes_back = || matches!(change.kind, ChangeKind::Withdraw | ChangeKind::Narrow) || !said(&change.path);
        let size_max = if size > SAID_MAX && takes_back() { TAKEN_BACK_MAX } else { SAID_MAX };
        if size <= size_max || there(base, &change.path).is_some_and(|bytes| bytes.len() >= size) {
            return None;
        }
        Some(Finding {
            parts: Box::default(),
            rule,
            level: Level::Error,
            path: change.path.clone(),
            id: change.id.as_str().into(),
            spot: Spot::File,
            pointer: Pointer::root(),
            position: None,
            value: "".into(),
            message: format!("with it the report has {size} bytes; what sources say may bring it to {size_max}").into(),
            remedy: "say less, and lead in `references` to where there is more to read".into(),
        })
    };
    changes.changes().filter_map(finding).collect()
}

/// The report of a path as it is in a base, whether it was taken back or not.
fn there(base: &Snapshot, path: &TreePath) -> Option<Vec<u8>> {
    Base::ALL.into_iter().find_map(|part| {
        let moved = Place { base: part, ..Place::of(path)? }.path().ok()?;
        base.read_path(moved.as_str()).ok()?
    })
}

/// What deliveries are judged by.
pub(super) struct Judging<'j> {
    pub(super) reading: &'j Reading,
    pub(super) settings: &'j Settings,
    pub(super) streams: &'j dyn Streams,
    /// What was planned, and refused.
    pub(super) batch: &'j Batch<'j>,
    pub(super) now: Timestamp,
}

impl Judging<'_> {
    /// The deliveries that may not stay, by their numbers, and why. Of several behind one report that the rules refuse those
    /// stay that they would have admitted one after the other, the oldest statement first: whether what is right came alone
    /// or beside something else decides nothing.
    pub(super) fn refused(
        &self,
        fates: &[Ingested],
        findings: &[Finding],
    ) -> Result<BTreeMap<usize, Refused>, Failure> {
        let by_path = first_by_path(findings);
        let mut refused = BTreeMap::new();
        let mut suspects: BTreeMap<&TreePath, Vec<usize>> = BTreeMap::new();
        for (at, fate) in fates.iter().enumerate() {
            if let Some(path) = fate.changed().filter(|path| by_path.contains_key(path)) {
                suspects.entry(path).or_default().push(at);
            }
        }
        let mut several: Vec<(Vec<Vec<usize>>, &Finding)> = Vec::new();
        for (path, mut suspects) in suspects {
            if let [one] = suspects[..] {
                refused.insert(one, self.refusal(one, by_path[path]));
                continue;
            }
            suspects.sort_by_cached_key(|&at| self.age(at));
            let rest = suspects.split_off(suspects.len().min(EACH_MAX));
            let each = suspects.into_iter().map(|one| vec![one]);
            several.push((each.chain((!rest.is_empty()).then_some(rest)).collect(), by_path[path]));
        }
        let (mut stay, alone) = (Vec::new(), refused.len());
        for round in 0..several.iter().map(|(turns, _)| turns.len()).max().unwrap_or(0) {
            let next: Vec<usize> =
                several.iter().filter_map(|(turns, _)| turns.get(round)).flatten().copied().collect();
            self.round(&mut stay, next, &mut refused)?;
        }
        if refused.is_empty() && several.is_empty() {
            return Ok(self.behind(findings));
        }
        if refused.len() == alone {
            // Each may stay alone, and not all together: the last one of each report has to go.
            for (turns, finding) in several {
                let last = turns.into_iter().flatten().last();
                refused.extend(last.map(|last| (last, self.refusal(last, finding))));
            }
        }
        Ok(refused)
    }

    /// The deliveries of streams that a refused report has too: what they say now takes away what hid its fault.
    fn behind(&self, findings: &[Finding]) -> BTreeMap<usize, Refused> {
        let base = &self.reading.snapshot;
        let mut refused = BTreeMap::new();
        for (path, finding) in first_by_path(findings) {
            let record = there(base, path).and_then(|bytes| Report::read(path, &bytes).record);
            let origins = record.map(|record| record.origins()).unwrap_or_default();
            let speaks = |one: &Delivery| {
                let is_of = |origin: &osv_schema::Origin| {
                    origin.source.as_str() == Some(&one.source) && origin.id.as_str() == one.own_id()
                };
                origins.iter().any(is_of)
            };
            let behind = self.batch.deliveries.iter().enumerate().filter(|(_, one)| speaks(one));
            refused.extend(behind.map(|(at, _)| (at, self.refusal(at, finding))));
        }
        refused
    }

    /// Adds the next deliveries to those that stay, but for those that the rules do not admit beside them.
    fn round(
        &self,
        stay: &mut Vec<usize>,
        mut next: Vec<usize>,
        refused: &mut BTreeMap<usize, Refused>,
    ) -> Result<(), Failure> {
        while !next.is_empty() {
            let all = stay.iter().chain(&next).map(|&at| self.batch.deliveries[at].clone());
            let batch = Batch {
                deliveries: all.collect::<Vec<Delivery>>().into(),
                went_on: self.batch.went_on.clone(),
                drops_ids_of: self.batch.drops_ids_of.clone(),
                numbering: self.batch.numbering.clone(),
            };
            let base = &self.reading.snapshot;
            let (plan, fates) = curate::ingest(base, &batch, self.streams, self.now)
                .map_err(|error| Failure::new(error.to_string()))?;
            let Err(findings) = admit(self.reading, plan.changes, &fates, self.settings) else { break };
            let by_path = first_by_path(&findings);
            let before = next.len();
            let mut fates = fates[stay.len()..].iter();
            next.retain(|&at| {
                let finding = fates.next().and_then(Ingested::changed).and_then(|path| by_path.get(path));
                refused.extend(finding.map(|finding| (at, self.refusal(at, finding))));
                finding.is_none()
            });
            if next.len() == before {
                // What is refused are those that stay, with these beside them.
                refused.extend(next.drain(..).map(|at| (at, self.refusal(at, &findings[0]))));
            }
        }
        stay.append(&mut next);
        Ok(())
    }

    /// Oldest statements first, as the planning takes them.
    fn age(&self, at: usize) -> impl Ord + use<> {
        let delivery = &self.batch.deliveries[at];
        (delivery.record.modified_at(), delivery.sha256.clone(), delivery.name.clone())
    }

    fn refusal(&self, at: usize, finding: &Finding) -> Refused {
        let delivery = &self.batch.deliveries[at];
        Refused::of_delivery(rejected(&delivery.source, &delivery.name, finding), delivery)
    }
}

/// The deliveries that are wrong whoever else speaks of the package, by their numbers: those whose statement would be if nobody
/// did, and those with too long a text.
pub(super) fn wrong_alone(deliveries: &[Delivery], settings: &Settings) -> BTreeMap<usize, Refused> {
    let is_of_statement = |finding: &Finding| {
        let pointer = finding.pointer.as_str();
        ["/affected/0/ranges", "/affected/0/versions"].iter().any(|place| pointer.starts_with(place))
    };
    // Only names it: where it lies is not judged.
    let Ok(path) = TreePath::new("delivery.json") else { return BTreeMap::new() };
    let judged = deliveries.par_iter().enumerate().filter_map(|(at, delivery)| {
        if let Some(rejected) = too_long(delivery) {
            return Some((at, Refused { is_final: true, ..Refused::of_delivery(rejected, delivery) }));
        }
        // What is taken over is as it was found, and what is taken back says nothing.
        let speaks = !delivery.taken_over && !delivery.record.is_withdrawn();
        let record = Some(delivery).filter(|_| speaks).and_then(curate::alone)?;
        let bytes = write::canonical(&record).into_bytes();
        let findings = rules::judge_record(&path, Ok(&bytes), settings);
        let finding = findings.iter().find(|finding| finding.level == Level::Error && is_of_statement(finding))?;
        let rejected = rejected(&delivery.source, &delivery.name, finding);
        // Nothing that others say makes it right.
        Some((at, Refused { is_final: true, ..Refused::of_delivery(rejected, delivery) }))
    });
    judged.collect()
}

fn too_long(delivery: &Delivery) -> Option<Rejected> {
    let size = delivery.record.details.as_str().map_or(0, str::len);
    (size > DETAILS_MAX && !delivery.taken_over).then(|| Rejected {
        source: delivery.source.clone(),
        delivery: delivery.name.clone(),
        rule: TOO_LARGE,
        pointer: "/details".to_owned(),
        message: format!("the details have {size} bytes; at most {DETAILS_MAX} are taken"),
        remedy: "say less, and lead in `references` to where there is more to read".to_owned(),
    })
}

/// The first finding of each file, which tells.
fn first_by_path(findings: &[Finding]) -> BTreeMap<&TreePath, &Finding> {
    findings.iter().rev().map(|finding| (&finding.path, finding)).collect()
}
