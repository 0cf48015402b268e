//! Admission: the only way to an [`Admitted`] change, and so the only way into the database.

use std::collections::BTreeMap;

use database::{ChangeSet, Entry, Snapshot, TreePath};

use crate::validate::{Facts, World, judge_file, judge_tree};
use crate::{Finding, Level, Settings};

/// A change that brings no new fault. Only [`admit`] makes one.
#[derive(Clone, Debug)]
pub struct Admitted {
    changes: ChangeSet,
}

impl Admitted {
    /// What is to be written.
    pub fn changes(&self) -> &ChangeSet {
        &self.changes
    }
}

/// Judges a change: the reports that it puts, and how they stand to all others. Faults of level error that were not
/// there before keep it out.
///
/// # Errors
///
/// The faults that the change would bring, sorted.
pub fn admit(base: &Snapshot, changes: ChangeSet, settings: &Settings) -> Result<Admitted, Vec<Finding>> {
    let head = base.with(&changes);
    let is_error = |finding: &Finding| finding.level == Level::Error;
    let mut before: Vec<Finding> = judge_touched(base, &changes, settings).into_iter().filter(is_error).collect();
    before.sort();
    let mut introduced: Vec<Finding> = judge_touched(&head, &changes, settings)
        .into_iter()
        .filter(|finding| is_error(finding) && !before.iter().any(|earlier| finding.is_same_fault(earlier)))
        .collect();
    introduced.sort();
    if introduced.is_empty() { Ok(Admitted { changes }) } else { Err(introduced) }
}

/// The faults of a snapshot at the files that a change touches, and between all of them.
fn judge_touched(snapshot: &Snapshot, changes: &ChangeSet, settings: &Settings) -> Vec<Finding> {
    let is_touched = |path: &TreePath| changes.get(path.as_str()).is_some();
    let touched: Vec<&Entry> =
        snapshot.reports().map(|(_, entry)| entry).filter(|entry| is_touched(&entry.path)).collect();
    let mut findings = Vec::new();
    let mut read = BTreeMap::new();
    for (found, facts) in snapshot.map(&touched, |entry, bytes| judge_file(&entry.path, bytes, settings)) {
        findings.extend(found);
        read.extend(facts.map(|facts| (facts.path.clone(), facts)));
    }
    let facts: Vec<Facts> = snapshot
        .reports()
        .map(|(place, entry)| read.remove(&entry.path).unwrap_or_else(|| Facts::of_place(&entry.path, place, settings)))
        .collect();
    findings.extend(judge_tree(&World { snapshot, facts: &facts, settings }));
    findings
}
