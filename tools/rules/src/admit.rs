//! Admission: the only way to an [`Admitted`] change, and so the only way into the database.

use std::collections::{BTreeMap, BTreeSet};

use database::{ChangeSet, Entry, Facts, Place, Snapshot};

use crate::judge::judge_file;
use crate::ratchet::Ratchet;
use crate::shared::judge_all_shared;
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
    let mut before = Ratchet::of(judge_touched(base, &changes, settings));
    let mut introduced = judge_touched(&head, &changes, settings);
    introduced.retain(|finding| finding.level == Level::Error && !before.takes(finding));
    introduced.sort();
    if introduced.is_empty() { Ok(Admitted { changes }) } else { Err(introduced) }
}

/// The faults of a snapshot at the files that a change touches, and between all of them. Beside the touched reports those
/// are read that lie in their folders: reports on one package do.
fn judge_touched(snapshot: &Snapshot, changes: &ChangeSet, settings: &Settings) -> Vec<Finding> {
    let folders: BTreeSet<&str> = changes.edits().keys().filter_map(|path| Some(Place::of(path)?.folder)).collect();
    let is_near = |entry: &&Entry| Place::of(&entry.path).is_some_and(|place| folders.contains(place.folder));
    let near: Vec<&Entry> = snapshot.entries().iter().filter(is_near).collect();
    let mut findings = Vec::new();
    let mut read = BTreeMap::new();
    for (entry, judged) in near.iter().zip(snapshot.map(&near, |entry, bytes| judge_file(&entry.path, bytes, settings)))
    {
        if changes.get(entry.path.as_str()).is_some() {
            findings.extend(judged.findings);
        }
        read.extend(judged.facts.map(|facts| (facts.path.clone(), facts)));
    }
    let facts: Vec<Facts> = snapshot
        .reports()
        .map(|(place, entry)| {
            read.remove(&entry.path).unwrap_or_else(|| Facts::of_place(&entry.path, place, &settings.prefix))
        })
        .collect();
    findings.extend(judge_all_shared(&facts, settings));
    findings
}
