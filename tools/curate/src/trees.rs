//! Trees that are taken over: how each of their reports was found there, which the next reading of that report replaces.

use std::collections::{BTreeMap, BTreeSet};

use osv_schema::additions::Decision;
use osv_schema::{Member, Range, Record, Timestamp};

use crate::cleared::Cleared;
use crate::computed::{Statement, as_found};
use crate::decided::{Found, time_of};
use crate::streams::{StreamKey, streams};
use crate::{Delivery, join};

/// The reason of what a tree says that is taken over: it is replaced by what the tree says later.
const TAKEN_OVER: &str = "taken-over";

/// What holds of the trees: of each of their reports what it says last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trees(Vec<Told>);

/// How one report was found in its tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    found: Found,
    withdrawn: Option<Timestamp>,
    reinstated: Option<Timestamp>,
}

/// Whether a tree that is taken over says it.
pub(crate) fn is_of_tree(decision: &Decision) -> bool {
    decision.reason.as_str() == Some(TAKEN_OVER)
}

/// A report of a tree: the tree, and the report's id there. What was written down before the id was has none.
type Key<'d> = (Option<&'d str>, Option<&'d str>);

fn key(decision: &Decision) -> Key<'_> {
    (decision.by.as_str(), decision.report.as_str())
}

/// What was said in one reading of a report.
struct Said<'d> {
    key: Key<'d>,
    time: Timestamp,
    decisions: Vec<&'d Decision>,
}

impl<'d> Said<'d> {
    /// What was said in each reading of each report.
    fn each(decisions: &'d [Decision]) -> Vec<Said<'d>> {
        let mut readings: BTreeMap<(Key<'d>, Option<&str>), Vec<&Decision>> = BTreeMap::new();
        for decision in decisions.iter().filter(|decision| is_of_tree(decision)) {
            readings.entry((key(decision), decision.note.as_str())).or_default().push(decision);
        }
        let said = readings.into_iter().map(|((key, _), decisions)| {
            // What was found has the time of the report there; when it was taken back may be long before.
            let found = decisions.iter().filter(|one| one.kind.as_str() == Some("as-found")).map(|one| time_of(one));
            let all = decisions.iter().map(|one| time_of(one));
            let time = found.max().or(all.max()).unwrap_or(Timestamp::EPOCH);
            Said { key, time, decisions }
        });
        said.collect()
    }

    /// The readings that stand: the newest of each report; equally new ones together.
    fn standing(decisions: &'d [Decision]) -> Vec<Said<'d>> {
        let mut all = Said::each(decisions);
        let mut newest: BTreeMap<Key<'d>, Timestamp> = BTreeMap::new();
        for said in &all {
            // Without the id it was whatever report the tree had.
            for key in [said.key, (said.key.0, None)] {
                let time = newest.entry(key).or_insert(said.time);
                *time = said.time.max(*time);
            }
        }
        all.retain(|said| newest.get(&said.key).is_none_or(|time| said.time >= *time));
        all
    }
}

/// The decisions without those of trees that say something else by now.
pub(crate) fn without_replaced(decisions: &[Decision]) -> Vec<Decision> {
    let standing: Vec<&Decision> = Said::standing(decisions).into_iter().flat_map(|said| said.decisions).collect();
    let stands = |decision: &&Decision| !is_of_tree(decision) || standing.contains(decision);
    decisions.iter().filter(stands).cloned().collect()
}

impl Trees {
    /// What these decisions say of trees.
    pub(crate) fn of(decisions: &[Decision]) -> Trees {
        let told = Said::standing(decisions).into_iter().map(|said| {
            let mut told = Told::default();
            for decision in said.decisions {
                match decision.kind.as_str() {
                    Some("withdraw") => told.withdrawn = Some(time_of(decision)),
                    Some("reinstate") => told.reinstated = Some(time_of(decision)),
                    _ => told.found.find(decision),
                }
            }
            told
        });
        Trees(told.collect())
    }

    /// When the last of the reports was taken back there, where all of them are.
    pub(crate) fn withdrawn(&self) -> Option<Timestamp> {
        let all: Option<Vec<Timestamp>> = self.0.iter().map(|told| told.withdrawn).collect();
        all?.into_iter().max()
    }

    /// Since when one of the reports stands there though its sources took it back.
    pub(crate) fn reinstated(&self) -> Option<Timestamp> {
        self.0.iter().filter_map(|told| told.reinstated).max()
    }

    /// What counts: those that stand; where none does, all, so that one knows what was meant.
    fn counting(&self) -> impl Iterator<Item = &Found> {
        let is_all = self.withdrawn().is_some();
        self.0.iter().filter(move |told| is_all || told.withdrawn.is_none()).map(|told| &told.found)
    }

    /// What reports list beside what their streams say.
    pub(crate) fn statement(&self) -> Statement {
        let mut statement = Statement::default();
        for found in self.counting() {
            statement.versions.extend(found.versions.iter().cloned());
            statement.ranges.extend(found.ranges.clone());
        }
        statement
    }

    /// Whether the only reports that have a stream were taken back, and others stand.
    pub(crate) fn have_ended(&self, key: &StreamKey) -> bool {
        let has = |told: &&Told| told.found.bound.contains(key);
        self.0.iter().any(|told| has(&told)) && !self.counting().any(|found| found.bound.contains(key))
    }

    /// Takes out of what a stream says what every report that has it leaves out.
    pub(crate) fn leave_out(&self, key: &StreamKey, said: &mut Statement, ecosystem: &str) {
        let bound: Vec<&Found> = self.counting().filter(|found| found.bound.contains(key)).collect();
        if bound.is_empty() {
            return;
        }
        let cleared = bound.iter().map(|found| Cleared::of(&found.cleared, &found.versions, ecosystem));
        let cleared: Vec<Cleared<'_>> = cleared.collect();
        said.versions.retain(|version| !cleared.iter().all(|cleared| cleared.has(version)));
        said.ranges.retain(|range, _| !bound.iter().all(|found| found.cleared_ranges.contains(range)));
    }
}

/// How a report of a tree was found there, as decisions on the report that it joins. Where nothing is to be said, that is
/// said too if something was before, or if several reports of the tree are on the package: each of them counts.
pub(crate) fn found_there(
    delivery: &Delivery,
    record: &Record,
    content_sha256: &str,
    joined: &join::Joining,
    is_one_of_several: bool,
) -> Vec<Decision> {
    let by = |decision: Decision| Decision {
        reason: TAKEN_OVER.into(),
        by: delivery.source.as_str().into(),
        note: content_sha256.into(),
        report: delivery.own_id().map(str::to_owned).into(),
        ..decision
    };
    let mut found: Vec<Decision> = as_found(record, &joined.package).into_iter().map(by).collect();
    let is_of_this = |one: &Decision| is_of_tree(one) && one.by.as_str() == Some(&delivery.source);
    let is_told = !found.is_empty() || is_one_of_several || joined.record.decisions().iter().any(is_of_this);
    if is_told && !found.iter().any(|one| one.kind.as_str() == Some("as-found")) {
        found.push(by(nothing_else(record)));
    }
    found
}

/// That a report lists what its origins imply. It tells when the report was read, and which streams it has.
fn nothing_else(record: &Record) -> Decision {
    let time = record.modified_at().or(record.published_at()).unwrap_or(Timestamp::EPOCH);
    let bound: Vec<_> = streams(&record.origins()).keys().map(StreamKey::name).collect();
    Decision {
        kind: "as-found".into(),
        time: time.whole_seconds().to_string().into(),
        streams: if bound.is_empty() { Member::Absent } else { Member::Value(bound) },
        ..Decision::default()
    }
}

/// What a statement has beside what is kept out of it.
pub(crate) fn beside(mut statement: Statement, versions: &Cleared<'_>, ranges: &BTreeSet<String>) -> Statement {
    statement.versions.retain(|version| !versions.has(version));
    statement.ranges.retain(|range: &String, _: &mut Range| !ranges.contains(range));
    statement
}
