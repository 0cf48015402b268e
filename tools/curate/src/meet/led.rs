//! Reports that one branch made part of another one, while something came to them on the other branch: it goes to the one
//! that they lead to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use database::{Entry, InvalidDetails, Snapshot, TreePath};
use ecosystem::Package;
use osv_schema::additions::Decision;
use osv_schema::{Member, Origin, Record, Timestamp};

use super::branches::Meeting;
use super::streams::News;
use crate::computed::{Computed, Statement, compute, listed};
use crate::decide::{after, some};
use crate::decided::{fold, in_order, named};
use crate::dedupe::DUPLICATE;
use crate::ingest::{Fault, fault_in_details, fault_in_path, open};
use crate::join::Joining;
use crate::merge::Merging;
use crate::streams::{StreamKey, modified_of, normal};
use crate::unite::written;
use crate::{leads_to, place};

/// How many reports may stand one behind the other, each of them part of the next.
const MOST_STEPS: usize = 16;

/// A report with its place.
type One = (TreePath, Package, Record);

/// Plans what becomes of what came to reports that lead to another one. `base` is the tree with all else that is planned.
pub fn follow(base: &Snapshot, sides: &[News], merging: &Merging<'_>, now: Timestamp) -> Meeting {
    let mut meeting = Meeting::default();
    let paths: BTreeSet<&TreePath> =
        sides.iter().flat_map(News::files).filter(|path| !merging.left_out.contains(*path)).collect();
    let entries: Vec<&Entry> = paths.iter().filter_map(|path| base.entry(path.as_str())).collect();
    let mut led: BTreeMap<String, Vec<One>> = BTreeMap::new();
    for one in opened(base, &entries) {
        if let Some(survivor) = leads_to(&one.2) {
            led.entry(survivor).or_default().push(one);
        }
    }
    let mut by_survivor: BTreeMap<TreePath, (One, Vec<One>)> = BTreeMap::new();
    let by_id: HashMap<&str, &Entry> = match led.is_empty() {
        true => HashMap::new(),
        false => base.reports().map(|(place, entry)| (place.stem, entry)).collect(),
    };
    for (id, mut reports) in led {
        // One that cannot be found or read cannot be told either; `validate` says what is wrong with it.
        let Some(survivor) = survivor(base, &by_id, id) else { continue };
        reports.retain(|(path, package, _)| *path != survivor.0 && package.is_same_as(&survivor.1));
        by_survivor.entry(survivor.0.clone()).or_insert_with(|| (survivor, Vec::new())).1.append(&mut reports);
    }
    for (path, (survivor, reports)) in by_survivor {
        if let Err(fault) = told(survivor, reports, now, &mut meeting) {
            meeting.rejected.push(fault.at(&path));
        }
    }
    meeting
}

fn opened(base: &Snapshot, entries: &[&Entry]) -> Vec<One> {
    let read = base.map(entries, |entry, bytes| open(entry, bytes.map_err(|error| error.reason)));
    let with_path = |(entry, read): (&&Entry, Result<(Package, Record), Fault>)| {
        let (package, record) = read.ok()?;
        Some((entry.path.clone(), package, record))
    };
    entries.iter().zip(read).filter_map(with_path).collect()
}

/// The report that is left at the end of a chain of those that lead to another one.
fn survivor(base: &Snapshot, by_id: &HashMap<&str, &Entry>, mut id: String) -> Option<One> {
    for _ in 0..MOST_STEPS {
        let entry = *by_id.get(id.as_str())?;
        let one = opened(base, &[entry]).pop()?;
        match leads_to(&one.2) {
            Some(next) => id = next,
            None => return Some(one),
        }
    }
    None
}

/// Gives the survivor what it does not know of the others.
fn told((path, package, record): One, reports: Vec<One>, now: Timestamp, meeting: &mut Meeting) -> Result<(), Fault> {
    let wrong = |error: InvalidDetails| fault_in_details(&error.to_string());
    let mut joining = Joining::found(package, record).map_err(wrong)?;
    for (_, package, record) in reports {
        let (decisions, withdrawals) = new_decisions(&record, &joining.record);
        if withdrawals.is_empty() && decisions.is_empty() && !has_news(&record, &joining.record) {
            continue;
        }
        absorb(&mut joining, package, record).map_err(wrong)?;
    }
    let package = joining.package.clone();
    let Some(record) = joining.finish(now).map_err(wrong)? else { return Ok(()) };
    let kind = place::kind(&path, &record);
    let to = place::put(&mut meeting.changes, &path, &record, &package, kind).map_err(fault_in_path)?;
    meeting.was.insert(to, vec![path]);
    Ok(())
}

/// Gives a report all that another one on its package has, which was taken back: a part of it. What people said against
/// that part holds there for what its streams say, and for nothing else.
pub(crate) fn absorb(joining: &mut Joining, package: Package, mut record: Record) -> Result<(), InvalidDetails> {
    let (decisions, mut withdrawals) = new_decisions(&record, &joining.record);
    // Who took it for a duplicate said nothing against it.
    withdrawals.retain(|one| one.reason.as_str() != Some(DUPLICATE));
    let known = joining.record.decisions();
    let keys = |record: &Record| record.origins().iter().map(StreamKey::of).collect::<BTreeSet<_>>();
    let part = Part {
        own: keys(&joining.record),
        known,
        id: record.id.clone(),
        streams: keys(&record),
        decisions: decisions.clone(),
    };
    record.set_decisions(&decisions);
    // What people wrote in the survivor since is theirs.
    record.details = sections_of(&record)?;
    joining.unite(Joining::with_decisions(package, record, Vec::new())?);
    for withdrawal in withdrawals {
        let decision = part.taken_back(joining, withdrawal);
        joining.decide(vec![decision]);
    }
    Ok(())
}

/// The decisions of a report that another one does not know, and apart from them those that take it back now.
fn new_decisions(record: &Record, there: &Record) -> (Vec<Decision>, Vec<Decision>) {
    let known = there.decisions();
    let is_new = |one: &Decision| one.survivor.is_absent() && !known.iter().any(|known| is_carried(one, known));
    let mut decisions = in_order(record.decisions());
    let since = decisions.iter().rposition(|one| one.kind.as_str() == Some("reinstate")).map_or(0, |at| at + 1);
    let mut withdrawals = decisions.split_off(since);
    decisions.extend(withdrawals.extract_if(.., |one| one.kind.as_str() != Some("withdraw")));
    decisions.retain(is_new);
    withdrawals.retain(is_new);
    (decisions, withdrawals)
}

/// Whether a decision stands in another report too, as it is or as what it comes to there.
fn is_carried(one: &Decision, there: &Decision) -> bool {
    let who = |one: &Decision| (one.reason.clone(), one.by.clone(), one.note.clone(), one.evidence.clone());
    let is_part = one.kind.as_str() == Some("withdraw") && matches!(there.kind.as_str(), Some("withdraw" | "narrow"));
    written(one) == written(there) || is_part && who(one) == who(there) && bound_by(one).is_subset(&bound_by(there))
}

fn bound_by(decision: &Decision) -> BTreeSet<StreamKey> {
    decision.streams.items().iter().filter_map(StreamKey::named).collect()
}

/// Whether a report has a delivery that another one does not know, or knows as an older one.
fn has_news(record: &Record, there: &Record) -> bool {
    let key = |one: &Origin| (named(one), one.moved_to.is_absent());
    let known: BTreeMap<_, _> = there.origins().iter().map(|one| (key(one), modified_of(one))).collect();
    record.origins().iter().any(|one| known.get(&key(one)).is_none_or(|time| *time < modified_of(one)))
}

/// The details of a report without what people wrote.
fn sections_of(record: &Record) -> Result<Member<String>, InvalidDetails> {
    let mut details = database::Details::parse(record.details.as_str().unwrap_or_default())?;
    details.written.clear();
    Ok(crate::join::written_details(&details))
}

/// What became part of a report.
struct Part {
    /// The streams and the decisions that the report had before.
    own: BTreeSet<StreamKey>,
    known: Vec<Decision>,
    /// The id of the part, and what it had of both.
    id: Member<String>,
    streams: BTreeSet<StreamKey>,
    decisions: Vec<Decision>,
}

impl Part {
    /// What it comes to in the whole that the part was taken back: what nobody else says is cleared. Where nobody says
    /// anything else, all of it is taken back.
    fn taken_back(&self, joining: &Joining, withdrawal: Decision) -> Decision {
        let (origins, _) = normal(joining.record.origins());
        let decisions = in_order(joining.record.decisions());
        let decided = fold(&decisions);
        let ecosystem = joining.package.ecosystem().base();
        // Who took it back looked at what its streams say, of which the other report may have more. What came to it later
        // nobody looked at: it counts beside a narrowing as whatever is new does.
        let bound = Some(bound_by(&withdrawal)).filter(|bound| !bound.is_empty());
        let bound = bound.unwrap_or_else(|| self.streams.clone());
        let mut streams = decided.streams(&origins);
        streams.retain(|key, _| self.own.contains(key) || bound.contains(key));
        let Computed { statement: all, .. } = compute(&origins, &streams, &decided, ecosystem);
        // What the part lists beside its streams is taken back with it, and what people cleared there stays out.
        let undone = self.decisions.iter().filter(|one| one.kind.as_str() == Some("undo")).cloned();
        let others = fold(&in_order(self.known.iter().cloned().chain(undone).collect()));
        let mut streams = others.streams(&origins);
        let narrowed = decided.narrowed.clone().unwrap_or_default();
        streams.retain(|key, _| self.own.contains(key) && !bound.contains(key) && !narrowed.bound.contains(key));
        let Computed { statement: mut rest, .. } = compute(&origins, &streams, &others, ecosystem);
        rest.versions.retain(|version| !narrowed.cleared.contains(version));
        let said = withdrawal.time.as_str().and_then(|time| time.parse().ok()).unwrap_or(Timestamp::EPOCH);
        let time = after(&decisions, said).to_string().into();
        let bound = some(bound.iter().map(StreamKey::name).collect());
        if rest == Statement::default() {
            return Decision { time, streams: bound, ..withdrawal };
        }
        let (versions, ranges) = listed(&rest, ecosystem);
        let cleared = all.versions.into_iter().filter(|version| !rest.versions.contains(version)).collect();
        Decision {
            kind: "narrow".into(),
            time,
            streams: bound,
            versions: some(versions),
            ranges: some(ranges),
            cleared: some(cleared),
            part: self.id.clone(),
            ..withdrawal
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_that_goes_round_has_no_end() {
        let led = |id: &str, to: &str| {
            let text = format!(
                r#"{{"id":"{id}","modified":"2026-01-01T00:00:00Z","withdrawn":"2026-01-01T00:00:00Z",
                "affected":[{{"package":{{"ecosystem":"npm","name":"a"}}}}],"database_specific":{{"malpkg":{{"decisions":[
                {{"kind":"withdraw","time":"2026-01-01T00:00:00Z","reason":"duplicate","survivor":"{to}"}}]}}}}}}"#
            );
            (format!("osv/withdrawn/npm/a/{id}.json"), text.into_bytes())
        };
        let files = [led("MAL-2026-1", "MAL-2026-2"), led("MAL-2026-2", "MAL-2026-1")];
        let base = Snapshot::of_files(files.map(|(path, bytes)| (path.parse().expect("a path"), bytes.into())));
        let by_id = base.reports().map(|(place, entry)| (place.stem, entry)).collect();
        assert_eq!(survivor(&base, &by_id, "MAL-2026-1".to_owned()).map(|one| one.0), None);
    }
}
