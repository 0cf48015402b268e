//! Planning an ingest: what is read, what the rules admit of it, and what is left out.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use curate::{Batch, Delivery, Ingested, Taken, WentOn};
use database::{ChangeKind, Plan, Rejected, TreePath};
use intake::{OwnIds, Refused};
use osv_schema::Timestamp;
use rules::Admitted;

use super::fates::{FateV1, Planning};
use super::judging::{self, Judging};
use super::reading::{Read, Run};
use super::tally::Tally;
use super::{explain, message};
use crate::config::Config;
use crate::context::Reading;
use crate::failure::Failure;
use crate::landing;
use crate::planning::numbering;
use crate::sources::{Received, Settled};
use crate::streams::TreeStreams;

/// What one planning came to.
pub(super) struct Planned {
    pub(super) admitted: Admitted,
    pub(super) plan: Plan,
    /// Source by source.
    pub(super) sources: Vec<OfSource>,
    /// What became of the deliveries that were asked for; none where nobody asked.
    pub(super) fates: Option<Vec<FateV1>>,
}

/// What the plan is to one source.
pub(super) struct OfSource {
    pub(super) id: String,
    pub(super) settled: Settled,
    pub(super) tally: Tally,
    /// How many documents and packages are none of what is asked for.
    pub(super) left_out: usize,
    /// How long it took to read, in seconds.
    pub(super) seconds: f64,
    /// Why it could not be read.
    pub(super) failure: Option<Failure>,
    /// What it would take away, and was left out for.
    pub(super) guarded: Vec<Taken>,
}

impl OfSource {
    /// Whether what it sent is part of the plan.
    pub(super) fn is_taken(&self) -> bool {
        self.failure.is_none() && self.guarded.is_empty()
    }
}

impl landing::Planned for Planned {
    fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    fn message(&self) -> String {
        message(self)
    }
}

/// Plans what sources sent. Where there are several, one that would take too much away is left out, and the others go on.
pub(super) fn plan(
    read: &Read<'_>,
    allowed: &[Taken],
    reading: &Reading,
    config: &Config,
    now: Timestamp,
) -> Result<Planned, Failure> {
    let mut left_out: BTreeMap<String, Vec<Taken>> = BTreeMap::new();
    loop {
        let (planned, fates) = plan_all(read, &left_out, reading, config, now)?;
        let is_alone = read.runs.len() - left_out.len() <= 1;
        let beyond = if is_alone { BTreeMap::new() } else { beyond(&planned, &fates, allowed, reading, config) };
        if beyond.is_empty() {
            return Ok(planned);
        }
        left_out.extend(beyond);
    }
}

/// The sources that take away more than one may without a word, with what they take.
fn beyond(
    planned: &Planned,
    fates: &[(String, TreePath)],
    allowed: &[Taken],
    reading: &Reading,
    config: &Config,
) -> BTreeMap<String, Vec<Taken>> {
    let kinds: BTreeMap<&TreePath, ChangeKind> =
        planned.plan.changes.changes().map(|change| (&change.path, change.kind)).collect();
    let mut taken: BTreeMap<&str, BTreeMap<&TreePath, ChangeKind>> = BTreeMap::new();
    for (source, path) in fates {
        if let Some(&kind) = kinds.get(path) {
            taken.entry(source).or_default().insert(path, kind);
        }
    }
    let beyond = |kinds: &mut dyn Iterator<Item = ChangeKind>| config.guard.beyond(kinds, reading.reports(), allowed);
    let of_source = |(source, paths): (&&str, &BTreeMap<&TreePath, ChangeKind>)| {
        let beyond = beyond(&mut paths.values().copied());
        (!beyond.is_empty()).then(|| ((*source).to_owned(), beyond))
    };
    let much: BTreeMap<String, Vec<Taken>> = taken.iter().filter_map(of_source).collect();
    if !much.is_empty() {
        return much;
    }
    // Where only all of them together take too much, the one that takes most waits; what has to be typed is for all.
    let all = beyond(&mut kinds.into_values());
    let count = |paths: &BTreeMap<&TreePath, ChangeKind>| {
        paths.values().filter(|kind| all.iter().any(|taken| taken.kind == **kind)).count()
    };
    let most = taken.iter().max_by_key(|(_, paths)| count(paths)).filter(|_| !all.is_empty());
    most.map(|(source, _)| ((*source).to_owned(), all.clone())).into_iter().collect()
}

/// Plans until the rules admit the plan: deliveries behind a report that they refuse are rejected, and the rest is
/// planned again. The second part says which source changes which report.
fn plan_all(
    read: &Read<'_>,
    left_out: &BTreeMap<String, Vec<Taken>>,
    reading: &Reading,
    config: &Config,
    now: Timestamp,
) -> Result<(Planned, Vec<(String, TreePath)>), Failure> {
    let settings = &config.settings;
    let (base, streams) = (&reading.snapshot, TreeStreams::new(reading));
    let numbering = numbering(read.store, reading, config)?;
    let runs = || read.runs.iter().filter(|run| !left_out.contains_key(&run.id));
    let received = || runs().filter_map(|run| run.received.as_ref().ok());
    // Very many deliveries are not copied for a plan that the rules admit at once.
    let mut deliveries = Cow::Borrowed(read.deliveries.as_slice());
    if !left_out.is_empty() {
        deliveries.to_mut().retain(|one| !left_out.contains_key(&one.source));
    }
    for run in runs() {
        let Ok(received) = &run.received else { continue };
        let source = config.source(&run.id)?;
        if source.format.is_list() || source.is_complete {
            let is_dated = !source.format.is_list();
            let unread = received.unread();
            let is_partial = |id: Option<&str>| source.is_complete && unread.has(id);
            let again = curate::date_again((base, &streams), &run.id, is_dated, &is_partial, deliveries.to_mut(), now);
            again.map_err(|error| Failure::new(error.to_string()))?;
        }
    }
    let back: Vec<Delivery> = received().flat_map(|received| received.taken_back(&deliveries, base)).collect();
    if !back.is_empty() {
        deliveries.to_mut().extend(back);
    }
    let mut drops_ids_of = BTreeSet::new();
    for run in runs() {
        if config.source(&run.id)?.own_ids == OwnIds::Drop {
            drops_ids_of.insert(run.id.clone());
        }
    }
    // What the planning refuses.
    let mut late: Vec<Refused> = Vec::new();
    let wrong = judging::wrong_alone(&deliveries, settings);
    if !wrong.is_empty() {
        leave_out(deliveries.to_mut(), wrong, &mut late);
    }
    let mut went_on: Cow<'_, [WentOn]> = received().flat_map(Received::went_on).cloned().collect();
    loop {
        let (drops_ids_of, numbering) = (drops_ids_of.clone(), numbering.clone());
        let batch = Batch { deliveries, went_on, drops_ids_of, numbering };
        let (mut plan, fates) =
            curate::ingest(base, &batch, &streams, now).map_err(|error| Failure::new(error.to_string()))?;
        let mut changes = std::mem::take(&mut plan.changes);
        let ruled_out = late.len();
        late.extend(refused(&plan.rejected, &batch.deliveries));
        let mut settled: BTreeMap<&str, Settled> = BTreeMap::new();
        for received in received() {
            settled.insert(received.source(), received.settle(base, &batch.deliveries, &late, &mut changes)?);
        }
        match judging::admit(reading, changes, &fates, settings) {
            Ok(admitted) => {
                plan.changes = admitted.changes().clone();
                let all = received().flat_map(Received::refused).chain(&late);
                plan.rejected = all.map(|refused| refused.rejected.clone()).collect();
                plan.rejected.sort_by(|a, b| (&a.source, &a.delivery).cmp(&(&b.source, &b.delivery)));
                let planning = Planning {
                    deliveries: &batch.deliveries,
                    fates: &fates,
                    plan: &plan,
                    received: received().collect(),
                    late: &late,
                    held_back: read.deliveries.iter().filter(|one| left_out.contains_key(&one.source)).collect(),
                    kept: kept(&settled),
                };
                let told = explained(read, &planning, reading)?;
                let mut tallies = tallies(&batch.deliveries, &fates, &plan.rejected);
                let of_source = |run: &Run| {
                    let mut tally = tallies.remove(run.id.as_str()).unwrap_or_default();
                    let known = run.received.as_ref().map_or(0, Received::known);
                    // What a source sent that is left out is left alone on purpose.
                    let is_held_back = |one: &&Delivery| left_out.contains_key(&run.id) && one.source == run.id;
                    let alone = known + read.deliveries.iter().filter(is_held_back).count();
                    (tally.skipped, tally.deliveries) = (tally.skipped + alone, tally.deliveries + alone);
                    OfSource {
                        id: run.id.clone(),
                        settled: settled.remove(run.id.as_str()).unwrap_or_default(),
                        tally,
                        left_out: run.received.as_ref().map_or(0, Received::left_out),
                        seconds: run.seconds,
                        failure: run.received.as_ref().err().cloned(),
                        guarded: left_out.get(&run.id).cloned().unwrap_or_default(),
                    }
                };
                let sources = read.runs.iter().map(of_source).collect();
                let sent = batch.deliveries.iter().map(|delivery| &delivery.source);
                let changed =
                    sent.zip(&fates).filter_map(|(source, fate)| Some((source.clone(), fate.changed()?.clone())));
                return Ok((Planned { admitted, plan, sources, fates: told }, changed.collect()));
            }
            Err(findings) => {
                let judging = Judging { reading, settings, streams: &streams, batch: &batch, now };
                let refused = judging.refused(&fates, &findings)?;
                // What a stream leaves behind stays where the rules do not admit the rest of a report without it.
                let is_left = refused.is_empty() && !batch.went_on.is_empty();
                if refused.is_empty() && !is_left {
                    let first = &findings[0];
                    return Err(Failure::new(&first.message).place(&first.path).remedy(&first.remedy));
                }
                // What curation refused it refuses again when the rest is planned anew.
                late.truncate(ruled_out);
                deliveries = batch.deliveries;
                leave_out(deliveries.to_mut(), refused, &mut late);
                went_on = if is_left { Cow::default() } else { batch.went_on };
            }
        }
    }
}

/// Takes the deliveries out that were refused, which are told as such.
fn leave_out(deliveries: &mut Vec<Delivery>, refused: BTreeMap<usize, Refused>, late: &mut Vec<Refused>) {
    let mut at = 0..;
    deliveries.retain(|_| at.next().is_some_and(|at: usize| !refused.contains_key(&at)));
    late.extend(refused.into_values());
}

/// What becomes of the deliveries that were asked for; of those that were not read, what the database knows.
fn explained(read: &Read<'_>, planning: &Planning<'_>, reading: &Reading) -> Result<Option<Vec<FateV1>>, Failure> {
    let Some(explained) = &read.explained else { return Ok(None) };
    let told = planning.of(&explained.wanted);
    match &explained.word {
        Some(word) if told.is_empty() => explain::known(word, read, reading).map(Some),
        _ => Ok(Some(told)),
    }
}

/// By source and delivery, where it is kept in quarantine.
fn kept<'s>(settled: &'s BTreeMap<&str, Settled>) -> BTreeMap<(&'s str, &'s str), &'s str> {
    let of_source = |(source, settled): (&'s &str, &'s Settled)| {
        settled.quarantine.iter().map(|(delivery, path)| ((*source, delivery.as_str()), path.as_str()))
    };
    settled.iter().flat_map(of_source).collect()
}

/// What curation rejected, with what it said.
fn refused(rejected: &[Rejected], deliveries: &[Delivery]) -> Vec<Refused> {
    if rejected.is_empty() {
        return Vec::new();
    }
    let name = |one: &Delivery| (one.source.clone(), one.name.clone());
    let by_name: BTreeMap<(String, String), &Delivery> = deliveries.iter().map(|one| (name(one), one)).collect();
    let one = |rejected: &Rejected| {
        let delivery = by_name.get(&(rejected.source.clone(), rejected.delivery.clone()))?;
        Some(Refused::of_delivery(rejected.clone(), delivery))
    };
    rejected.iter().filter_map(one).collect()
}

/// How many deliveries of each source had which fate.
fn tallies<'d>(deliveries: &'d [Delivery], fates: &[Ingested], rejected: &'d [Rejected]) -> BTreeMap<&'d str, Tally> {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for rejected in rejected {
        let tally = tallies.entry(&rejected.source).or_default();
        (tally.rejected, tally.deliveries) = (tally.rejected + 1, tally.deliveries + 1);
    }
    for (delivery, fate) in deliveries.iter().zip(fates) {
        let tally = tallies.entry(&delivery.source).or_default();
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
    tallies
}
