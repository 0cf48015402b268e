//! The ratchet over a change: what it introduces, what it leaves as it was, what it heals.

use std::collections::{BTreeMap, BTreeSet};

use database::{Facts, IndexError, Key, Place, ReadError, Report, TreePath};
use rayon::prelude::*;

use crate::edited::{Edited, Side};
use crate::judge::{Judged, judge_edited, judge_file};
use crate::ratchet::Ratchet;
use crate::shared::judge_shared;
use crate::{Finding, Settings};

/// What one side of a change holds at a path.
pub type Bytes = Result<Vec<u8>, ReadError>;

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
    let by_key = |facts: &[Facts]| {
        let mut holders: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for (at, fact) in facts.iter().enumerate() {
            for key in fact.keys() {
                holders.entry(key).or_default().push(at);
            }
        }
        holders
    };
    let (old_keys, new_keys) = (by_key(&old_facts), by_key(&new_facts));
    for key in old_keys.keys().chain(new_keys.keys().filter(|key| !old_keys.contains_key(key))) {
        let known = base.holders(key)?;
        let untouched: Vec<&Facts> = known.iter().filter(|facts| !paths.contains(&facts.path)).collect();
        for (keys, facts, findings) in [(&old_keys, &old_facts, &mut before), (&new_keys, &new_facts, &mut after)] {
            let touched = keys.get(key).into_iter().flatten().map(|&at| &facts[at]);
            let mut holders: Vec<&Facts> = untouched.iter().copied().chain(touched).collect();
            holders.sort_unstable_by(|a, b| a.path.cmp(&b.path));
            judge_shared(key, &holders, settings, findings);
        }
    }
    let mut comparison = told_apart(before, after);
    comparison.introduced.extend(judge_history(touched, by, settings));
    comparison.introduced.sort();
    (comparison.facts, comparison.reports_before) = (new_facts, old_facts.len());
    Ok(comparison)
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
fn judge_history(touched: &[Touched], by: By, settings: &Settings) -> Vec<Finding> {
    fn read<'t>(path: &'t TreePath, bytes: &Option<Bytes>) -> Option<Report<'t>> {
        match bytes {
            Some(Ok(bytes)) if Place::of(path).is_some() => Some(Report::read(path, bytes)),
            _ => None,
        }
    }
    let one = |pair: Pair<'_>| {
        let old = pair.before.and_then(|file| read(&file.path, &file.before));
        let new = pair.after.and_then(|file| read(&file.path, &file.after));
        let before = pair.before.map(|file| Side { path: &file.path, report: old.as_ref() });
        let after = pair.after.map(|file| Side { path: &file.path, report: new.as_ref() });
        let mut findings = Vec::new();
        judge_edited(&Edited { before, after }, by == By::Stranger, settings, &mut findings);
        findings
    };
    pairs(touched).into_par_iter().flat_map_iter(one).collect()
}

/// One file on both sides; a report that moved is one.
#[derive(Clone, Copy)]
struct Pair<'t> {
    before: Option<&'t Touched>,
    after: Option<&'t Touched>,
}

fn pairs(touched: &[Touched]) -> Vec<Pair<'_>> {
    let name = |file: &Touched| Place::of(&file.path).map(|place| place.stem.to_owned());
    let mut gone: BTreeMap<String, Vec<&Touched>> = BTreeMap::new();
    let mut pairs = Vec::new();
    for file in touched.iter().filter(|file| file.before.is_some()) {
        match (file.after.is_some(), name(file)) {
            (true, _) => pairs.push(Pair { before: Some(file), after: Some(file) }),
            (false, Some(name)) => gone.entry(name).or_default().push(file),
            (false, None) => pairs.push(Pair { before: Some(file), after: None }),
        }
    }
    for file in touched.iter().filter(|file| file.before.is_none() && file.after.is_some()) {
        let before = name(file).and_then(|name| gone.get_mut(&name)?.pop());
        pairs.push(Pair { before, after: Some(file) });
    }
    pairs.extend(gone.into_values().flatten().map(|file| Pair { before: Some(file), after: None }));
    pairs
}

/// Facts that are all at hand.
impl Known for Vec<Facts> {
    fn holders(&self, key: &Key) -> Result<Vec<Facts>, IndexError> {
        Ok(self.iter().filter(|facts| facts.has(key)).cloned().collect())
    }
}
