//! The ratchet over a change: what it introduces, what it leaves as it was, what it heals.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use database::{Facts, IndexError, Key, KeyKind, Place, ReadError, Report, TreePath};
use rayon::prelude::*;

use crate::edited::{Edited, Side};
use crate::judge::{Judged, judge_edited, judge_file};
use crate::ratchet::Ratchet;
use crate::shared::judge_shared;
use crate::{Finding, Settings};

/// What one side of a change holds at a path.
pub type Bytes = Result<Arc<[u8]>, ReadError>;

/// One file that differs between base and head.
#[derive(Clone, Debug)]
pub struct Touched {
    /// Its path.
    pub path: TreePath,
    /// What the base holds there, if anything.
    pub before: Option<Bytes>,
    /// What the head holds there, if anything.
    pub after: Option<Bytes>,
}

/// What is known of the base without reading it.
pub trait Known: Sync {
    /// The reports of the base that a key leads to.
    ///
    /// # Errors
    ///
    /// What is known is damaged.
    fn holders(&self, key: &Key) -> Result<Vec<Facts>, IndexError>;
}

/// What a change does, by the findings about the files that it touches, and about the reports that share a key with one.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Findings of the head that the base had not.
    pub introduced: Vec<Finding>,
    /// Findings of the head that the base had too.
    pub present: Vec<Finding>,
    /// Findings of the base that the head has no more, at their places in the base.
    pub healed: Vec<Finding>,
    /// What the touched reports of the head are known by.
    pub facts: Vec<Facts>,
    /// How many reports the touched files of the base are.
    pub reports_before: usize,
}

/// Whose change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A maintainer's, or our own.
    Maintainer,
    /// A stranger's, who may bring reports and mend texts, and nothing that the tools write.
    Stranger,
}

/// Judges a change.
///
/// # Errors
///
/// What is known of the base is damaged.
pub fn compare(touched: &[Touched], base: &dyn Known, by: By, settings: &Settings) -> Result<Comparison, IndexError> {
    let judge = |path: &TreePath, bytes: &Option<Bytes>| {
        let bytes = bytes.as_ref()?;
        Some(judge_file(path, bytes.as_deref().map_err(Clone::clone), settings))
    };
    let judged: Vec<(Option<Judged>, Option<Judged>)> =
        touched.par_iter().map(|file| (judge(&file.path, &file.before), judge(&file.path, &file.after))).collect();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let (mut old_facts, mut new_facts) = (Vec::new(), Vec::new());
    for (old, new) in judged {
        for (judged, findings, facts) in [(old, &mut before, &mut old_facts), (new, &mut after, &mut new_facts)] {
            if let Some(judged) = judged {
                findings.extend(judged.findings);
                facts.extend(judged.facts);
            }
        }
    }
    let paths: BTreeSet<&TreePath> = touched.iter().map(|file| &file.path).collect();
    // By their hashes, which are small: the words of one key at a time are at hand.
    let by_hash = |facts: &[Facts]| {
        let of_one = |(at, facts): (usize, &'_ Facts)| {
            let hashes: Vec<u64> = facts.hashes().collect();
            hashes.into_iter().zip(0..).map(move |(hash, number)| Hashed { hash, at, number })
        };
        let mut hashes: Vec<Hashed> = facts.par_iter().enumerate().flat_map_iter(of_one).collect();
        hashes.par_sort_unstable();
        hashes
    };
    let (old_hashes, new_hashes) = (by_hash(&old_facts), by_hash(&new_facts));
    let (mut old_hashes, mut new_hashes) = (old_hashes.as_slice(), new_hashes.as_slice());
    while let Some(hash) = old_hashes.first().into_iter().chain(new_hashes.first()).map(|one| one.hash).min() {
        let (old, new) = (taken(&mut old_hashes, hash), taken(&mut new_hashes, hash));
        let key = |facts: &[Facts], one: &Hashed| facts[one.at].key_at(one.number);
        let old_keys = old.iter().filter_map(|one| key(&old_facts, one));
        // Two words can have one hash.
        let keys: BTreeSet<Key> = old_keys.chain(new.iter().filter_map(|one| key(&new_facts, one))).collect();
        for key in keys {
            let known = base.holders(&key)?;
            let untouched: Vec<&Facts> = known.iter().filter(|facts| !paths.contains(&facts.path)).collect();
            for (touched, facts, findings) in [(old, &old_facts, &mut before), (new, &new_facts, &mut after)] {
                let touched = touched.iter().map(|one| &facts[one.at]).filter(|facts| facts.has(&key));
                let mut holders: Vec<&Facts> = untouched.iter().copied().chain(touched).collect();
                holders.sort_unstable_by(|a, b| a.path.cmp(&b.path));
                judge_shared(&key, &holders, settings, findings);
            }
        }
    }
    let pairs = pairs(touched, base, &old_facts, &new_facts)?;
    let mut comparison = told_apart(before, after);
    comparison.introduced.extend(judge_history(&pairs, by, settings));
    comparison.introduced.sort();
    (comparison.facts, comparison.reports_before) = (new_facts, old_facts.len());
    Ok(comparison)
}

/// The hash of a word by which a report can be found, the report, and which of its words that is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hashed {
    hash: u64,
    at: usize,
    number: usize,
}

/// What has a hash, taken from the front of a sorted list.
fn taken<'l>(list: &mut &'l [Hashed], hash: u64) -> &'l [Hashed] {
    let (now, later) = list.split_at(list.partition_point(|one| one.hash <= hash));
    *list = later;
    now
}

fn told_apart(before: Vec<Finding>, mut after: Vec<Finding>) -> Comparison {
    after.sort();
    let mut ratchet = Ratchet::of(before);
    let (present, introduced) = after.into_iter().partition(|finding| ratchet.takes(finding));
    let mut healed: Vec<Finding> = ratchet.left().collect();
    healed.sort();
    Comparison { introduced, present, healed, ..Comparison::default() }
}

/// What the change makes of each file, under the rules about that.
fn judge_history(pairs: &[Pair<'_>], by: By, settings: &Settings) -> Vec<Finding> {
    fn read<'t>(path: &'t TreePath, bytes: &Option<Bytes>) -> Option<Report<'t>> {
        match bytes {
            Some(Ok(bytes)) if Place::of(path).is_some() => Some(Report::read(path, bytes)),
            _ => None,
        }
    }
    let one = |pair: &Pair<'_>| {
        let old = pair.before.and_then(|file| read(&file.path, &file.before));
        let new = pair.after.and_then(|file| read(&file.path, &file.after));
        let before = pair.before.map(|file| Side { path: &file.path, report: old.as_ref() });
        let after = pair.after.map(|file| Side { path: &file.path, report: new.as_ref() });
        let mut findings = Vec::new();
        judge_edited(&Edited { before, after, lost_id: pair.lost_id }, by == By::Stranger, settings, &mut findings);
        findings
    };
    pairs.par_iter().flat_map_iter(one).collect()
}

/// One file on both sides; a report that moved is one.
#[derive(Clone, Copy)]
struct Pair<'t> {
    before: Option<&'t Touched>,
    after: Option<&'t Touched>,
    lost_id: Option<&'t str>,
}

/// Every touched file with what it was. A file that is new is the one of its id that is gone, wherever that lay; one
/// without an id, the one of its name.
fn pairs<'t>(
    touched: &'t [Touched],
    base: &dyn Known,
    old_facts: &'t [Facts],
    new_facts: &'t [Facts],
) -> Result<Vec<Pair<'t>>, IndexError> {
    let by_path = |facts: &'t [Facts]| -> HashMap<&'t TreePath, &'t str> {
        facts.iter().filter_map(|facts| Some((&facts.path, facts.id.as_deref()?))).collect()
    };
    let (old_ids, new_ids) = (by_path(old_facts), by_path(new_facts));
    let name = |file: &'t Touched, ids: &HashMap<&TreePath, &'t str>| {
        ids.get(&file.path).copied().or_else(|| Some(Place::of(&file.path)?.stem))
    };
    let mut gone: BTreeMap<&str, Vec<&Touched>> = BTreeMap::new();
    let mut pairs = Vec::new();
    let pair = |before, after| Pair { before, after, lost_id: None };
    for file in touched.iter().filter(|file| file.before.is_some()) {
        match (file.after.is_some(), name(file, &old_ids)) {
            (true, _) => pairs.push(pair(Some(file), Some(file))),
            (false, Some(name)) => gone.entry(name).or_default().push(file),
            (false, None) => pairs.push(pair(Some(file), None)),
        }
    }
    for file in touched.iter().filter(|file| file.before.is_none() && file.after.is_some()) {
        let before = name(file, &new_ids).and_then(|name| gone.get_mut(name)?.pop());
        pairs.push(pair(before, Some(file)));
    }
    pairs.extend(gone.into_values().flatten().map(|file| pair(Some(file), None)));
    let kept: HashSet<&str> = new_ids.values().copied().collect();
    let paths: HashSet<&TreePath> = touched.iter().map(|file| &file.path).collect();
    for pair in &mut pairs {
        let id = pair.before.and_then(|file| old_ids.get(&file.path).copied());
        let Some(id) = id.filter(|id| !kept.contains(id)) else { continue };
        let holders = base.holders(&Key { kind: KeyKind::Id, word: id.into() })?;
        pair.lost_id = holders.iter().all(|facts| paths.contains(&facts.path)).then_some(id);
    }
    Ok(pairs)
}

/// Facts that are all at hand.
impl Known for Vec<Facts> {
    fn holders(&self, key: &Key) -> Result<Vec<Facts>, IndexError> {
        Ok(self.iter().filter(|facts| facts.has(key)).cloned().collect())
    }
}
