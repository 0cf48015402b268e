//! What people settled about a report: its decisions, folded into what holds now.

use std::collections::{BTreeMap, BTreeSet};

use osv_schema::additions::{self, Decision};
use osv_schema::{Origin, Range, Timestamp};

use crate::sha256_hex;
use crate::streams::{Stream, StreamKey, content_of, modified_of, streams_as_of};
use crate::trees::{Trees, is_of_tree};
use crate::unite::written;

/// What holds after all decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decided {
    /// When the report was taken back, if it is.
    pub(crate) withdrawn: Option<Timestamp>,
    /// When it was made to stand again: what its sources took back before that does not count as taken back.
    pub(crate) reinstated: Option<Timestamp>,
    pub(crate) narrowed: Option<Narrowed>,
    pub(crate) undone: Undone,
    pub(crate) found: Found,
    pub(crate) trees: Trees,
}

/// A report means fewer versions than its streams say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Narrowed {
    /// The versions that stay malicious.
    pub(crate) kept: BTreeSet<String>,
    /// The versions that are not, whoever lists them.
    pub(crate) cleared: BTreeSet<String>,
    /// The ranges that stay, which only a hand edit brings.
    pub(crate) ranges: BTreeMap<String, Range>,
    /// The streams that there were: whatever they say later does not count.
    pub(crate) bound: BTreeSet<StreamKey>,
    /// Whether a part of the report was taken back, of which the rest goes on saying what it says.
    pub(crate) is_of_part: bool,
    /// The deliveries that were undone since one of the narrowings: what only they said was not kept for its own sake.
    pub(crate) undone: BTreeSet<Named>,
    /// The versions that were kept since the last undo, and whether ranges were: those are kept for their own sake.
    pub(crate) kept_since: BTreeSet<String>,
    pub(crate) is_since: bool,
}

/// A delivery by its source and the hash of what it says.
pub(crate) type Named = (String, String);

/// Deliveries that do not count, because the run that brought them was taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Undone {
    pub(crate) deliveries: BTreeSet<Named>,
    /// Up to when what a stream said counts: what it says after that, it says again.
    limits: BTreeMap<StreamKey, Timestamp>,
    /// What those streams had said before counts on, as of then: of each content there is one delivery, whose time rises
    /// when it is sent again.
    left: BTreeMap<Named, Timestamp>,
    /// When something was undone last.
    pub(crate) last: Option<Timestamp>,
}

/// What a report lists beside what its streams say, and what it does not list though they say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) versions: BTreeSet<String>,
    pub(crate) ranges: BTreeMap<String, Range>,
    pub(crate) cleared: BTreeSet<String>,
    pub(crate) cleared_ranges: BTreeSet<String>,
    /// The streams that there were, to which alone the last two apply.
    pub(crate) bound: BTreeSet<StreamKey>,
}

/// Decisions, each once, by time and then by hash: the order in which they were written down decides nothing.
pub(crate) fn in_order(decisions: Vec<Decision>) -> Vec<Decision> {
    let by_key: BTreeMap<(Option<Timestamp>, String), Decision> = decisions
        .into_iter()
        .map(|decision| {
            let time = decision.time.as_str().and_then(|text| text.parse().ok());
            ((time, sha256_hex(written(&decision).as_bytes())), decision)
        })
        .collect();
    by_key.into_values().collect()
}

/// What holds after all of these, which are in order.
pub(crate) fn fold(decisions: &[Decision]) -> Decided {
    let mut decided = Decided::default();
    for decision in decisions.iter().filter(|decision| !is_of_tree(decision)) {
        let time = time_of(decision);
        match decision.kind.as_str() {
            Some("withdraw") => (decided.withdrawn, decided.reinstated) = (Some(time), None),
            Some("reinstate") => (decided.withdrawn, decided.reinstated) = (None, Some(time)),
            Some("narrow") => decided.narrowed.get_or_insert_default().narrow(decision),
            Some("undo") => {
                decided.undone.undo(decision);
                decided.undone.last = Some(time);
                if let Some(narrowed) = &mut decided.narrowed {
                    narrowed.undone.extend(deliveries(decision).map(|(named, ..)| named));
                    (narrowed.kept_since, narrowed.is_since) = (BTreeSet::new(), false);
                }
            }
            Some("lift") => (decided.narrowed, decided.undone) = (None, Undone::default()),
            Some("as-found" | "hand-edit") => {
                decided.found.find(decision);
                if let Some(narrowed) = &mut decided.narrowed {
                    narrowed.find(decision);
                }
            }
            // Approvals and disputes say nothing about what is affected.
            _ => {}
        }
    }
    decided.heed(Trees::of(decisions));
    decided
}

/// When something was decided.
pub(crate) fn time_of(decision: &Decision) -> Timestamp {
    decision.time.as_str().and_then(|text| text.parse().ok()).unwrap_or(Timestamp::EPOCH)
}

fn texts(listed: &osv_schema::Member<Vec<String>>) -> impl Iterator<Item = String> + '_ {
    listed.items().iter().cloned()
}

fn bound(decision: &Decision) -> impl Iterator<Item = StreamKey> + '_ {
    decision.streams.items().iter().filter_map(StreamKey::named)
}

impl Narrowed {
    pub(crate) fn narrow(&mut self, decision: &Decision) {
        // Two branches may have narrowed it, each without the other: what either cleared stays out, and what either kept and
        // nobody cleared stays. Only who knew of it keeps what was cleared.
        for version in texts(&decision.revived) {
            self.cleared.remove(&version);
        }
        self.cleared.extend(texts(&decision.cleared));
        if self.is_of_part {
            // Of that what the others say was kept, as long as they say it.
            self.kept.clear();
        }
        self.kept.extend(texts(&decision.versions));
        self.kept.retain(|version| !self.cleared.contains(version));
        self.ranges = decision.ranges.items().iter().map(|range| (written(range), range.clone())).collect();
        self.bound.extend(bound(decision));
        self.is_of_part = decision.part.as_str().is_some();
        self.kept_since.extend(texts(&decision.versions));
        self.is_since = true;
    }

    /// An edit by hand after the narrowing.
    fn find(&mut self, decision: &Decision) {
        for version in texts(&decision.versions) {
            self.cleared.remove(&version);
            self.kept.insert(version);
        }
        for version in texts(&decision.cleared) {
            self.kept.remove(&version);
            self.cleared.insert(version);
        }
        for range in decision.cleared_ranges.items() {
            self.ranges.remove(&written(range));
        }
        self.ranges.extend(decision.ranges.items().iter().map(|range| (written(range), range.clone())));
    }
}

/// The deliveries that a decision names, with their streams and when they say that they were made.
fn deliveries(decision: &Decision) -> impl Iterator<Item = (Named, StreamKey, Timestamp)> + '_ {
    named_in(decision.deliveries.items())
}

fn named_in(listed: &[additions::Undone]) -> impl Iterator<Item = (Named, StreamKey, Timestamp)> + '_ {
    listed.iter().filter_map(|undone| {
        let named = (undone.source.as_str()?.to_owned(), undone.sha256.as_str()?.to_owned());
        let key = StreamKey::with(named.0.clone(), undone.id.as_str(), &named.1);
        let made = undone.modified_time.as_str().and_then(|text| text.parse().ok()).unwrap_or(Timestamp::EPOCH);
        Some((named, key, made))
    })
}

impl Undone {
    fn undo(&mut self, decision: &Decision) {
        let bound: BTreeSet<StreamKey> = bound(decision).collect();
        let mut limits: BTreeMap<StreamKey, Timestamp> = BTreeMap::new();
        // What was undone before does not come back with what is undone now.
        let is_gone = |named: &Named| self.deliveries.contains(named) && !self.left.contains_key(named);
        let left: Vec<(Named, Timestamp)> = named_in(decision.left.items())
            .filter(|(named, ..)| !is_gone(named))
            .map(|(named, _, time)| (named, time))
            .collect();
        for (named, key, made) in deliveries(decision) {
            self.left.remove(&named);
            self.deliveries.insert(named);
            if bound.contains(&key) {
                let limit = limits.entry(key).or_insert(made);
                *limit = made.max(*limit);
            }
        }
        for (key, limit) in limits {
            let there = self.limits.entry(key).or_insert(limit);
            *there = limit.min(*there);
        }
        for (named, time) in left {
            let there = self.left.entry(named).or_insert(time);
            *there = time.min(*there);
        }
    }

    /// Whether nothing was undone.
    pub(crate) fn is_empty(&self) -> bool {
        self.deliveries.is_empty()
    }

    /// As of when a delivery counts; none where it does not.
    pub(crate) fn counts_as_of(&self, origin: &Origin) -> Option<Option<Timestamp>> {
        let modified = modified_of(origin);
        if self.is_empty() {
            return Some(modified);
        }
        let named = named(origin);
        if let Some(left) = self.left.get(&named).filter(|_| origin.moved_to.is_absent()) {
            return Some(modified.min(Some(*left)));
        }
        let limit = self.limits.get(&StreamKey::of(origin));
        // That its source takes it back, or speaks of another package, is heard all the same.
        let ends = origin.withdrawn.value().is_some() || origin.moved_to.value().is_some();
        let counts = !self.deliveries.contains(&named) && (ends || limit.is_none_or(|limit| modified <= Some(*limit)));
        counts.then_some(modified)
    }
}

/// A delivery as decisions name it.
pub(crate) fn named(origin: &Origin) -> Named {
    (origin.source.as_str().unwrap_or_default().to_owned(), content_of(origin).to_owned())
}

impl Decided {
    /// What is taken over stands behind what people settled here: a report that they took back stays so, and one that they
    /// made to stand again does until it is taken back anew.
    fn heed(&mut self, trees: Trees) {
        if self.withdrawn.is_none() {
            match trees.withdrawn().filter(|time| self.reinstated.is_none_or(|since| *time > since)) {
                Some(time) => (self.withdrawn, self.reinstated) = (Some(time), None),
                None => self.reinstated = self.reinstated.max(trees.reinstated()),
            }
        }
        self.trees = trees;
    }

    /// The streams of a report, of what counts.
    pub(crate) fn streams<'o>(&self, origins: &'o [Origin]) -> BTreeMap<StreamKey, Stream<'o>> {
        streams_as_of(origins.iter().filter_map(|origin| Some((self.undone.counts_as_of(origin)?, origin))))
    }
}

impl Found {
    pub(crate) fn find(&mut self, decision: &Decision) {
        for version in texts(&decision.versions) {
            self.cleared.remove(&version);
            self.versions.insert(version);
        }
        for version in texts(&decision.cleared) {
            self.versions.remove(&version);
            self.cleared.insert(version);
        }
        for range in decision.ranges.items() {
            let key = written(range);
            self.cleared_ranges.remove(&key);
            self.ranges.insert(key, range.clone());
        }
        for range in decision.cleared_ranges.items() {
            let key = written(range);
            self.ranges.remove(&key);
            self.cleared_ranges.insert(key);
        }
        self.bound.extend(bound(decision));
    }
}
