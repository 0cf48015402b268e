//! Admission: the only way to an [`Admitted`] change, and so the only way into the database.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use database::{ChangeSet, Edit, Entry, Facts, IndexError, Key, Place, Snapshot, TreePath};

use crate::compare::{Known, compare};
use crate::judge::judge_file;
use crate::{By, Finding, Settings, Touched};

/// A change that brings no new fault. Only [`admit`] and [`admit_known`] make one.
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

/// Why a change was not admitted.
#[derive(Debug, thiserror::Error)]
pub enum NotAdmitted {
    /// It would bring faults.
    #[error("the change brings {} faults", .0.len())]
    Faults(Vec<Finding>),
    /// What is known of the base is damaged, so that nobody can say.
    #[error(transparent)]
    Damaged(#[from] IndexError),
}

/// Judges a change as [`admit_known`] does. What the base knows is taken from its paths, and from the reports in the folders
/// that the change touches.
///
/// # Errors
///
/// The faults that the change would bring, sorted.
pub fn admit(base: &Snapshot, changes: ChangeSet, settings: &Settings) -> Result<Admitted, Vec<Finding>> {
    match admit_known(base, &changes, &Near::of(base, &changes, settings), settings) {
        Ok(admitted) => Ok(admitted),
        Err(NotAdmitted::Faults(faults)) => Err(faults),
        Err(NotAdmitted::Damaged(_)) => unreachable!("what was just read is not damaged"),
    }
}

/// Judges a change as a comparison does: the files that it touches, what it makes of each, and how the reports stand to all
/// others. Faults of level error that were not there before keep it out.
///
/// # Errors
///
/// The faults that the change would bring, sorted; or what is known of the base is damaged.
pub fn admit_known(
    base: &Snapshot,
    changes: &ChangeSet,
    known: &dyn Known,
    settings: &Settings,
) -> Result<Admitted, NotAdmitted> {
    let touched = touched(base, changes);
    // Warnings keep nothing out, and a large change would bring many.
    let introduced = compare(&touched, known, By::Maintainer, &settings.errors())?.introduced;
    if introduced.is_empty() { Ok(Admitted { changes: changes.clone() }) } else { Err(NotAdmitted::Faults(introduced)) }
}

/// Both sides of every file that a change touches.
fn touched(base: &Snapshot, changes: &ChangeSet) -> Vec<Touched> {
    let entries: Vec<Option<&Entry>> = changes.edits().keys().map(|path| base.entry(path.as_str())).collect();
    let there: Vec<&Entry> = entries.iter().copied().flatten().collect();
    let mut read = base.map(&there, |_, bytes| bytes.map(Arc::<[u8]>::from)).into_iter();
    let one = |((path, edit), entry): ((&TreePath, &Edit), Option<&Entry>)| Touched {
        path: path.clone(),
        before: entry.and_then(|_| read.next()),
        after: match edit {
            Edit::Put(bytes) => Some(Ok(Arc::clone(bytes))),
            Edit::Remove => None,
        },
    };
    changes.edits().iter().zip(entries).map(one).collect()
}

/// What is known of a base by its paths, and by the reports in the folders that a change touches.
struct Near {
    facts: Vec<Facts>,
    by_hash: HashMap<u64, Vec<u32>>,
}

impl Near {
    fn of(base: &Snapshot, changes: &ChangeSet, settings: &Settings) -> Near {
        let folders: BTreeSet<&str> = changes.edits().keys().filter_map(|path| Some(Place::of(path)?.folder)).collect();
        let (near, far): (Vec<_>, Vec<_>) = base.reports().partition(|(place, _)| folders.contains(place.folder));
        let near: Vec<&Entry> = near.into_iter().map(|(_, entry)| entry).collect();
        let read = base.map(&near, |entry, bytes| judge_file(&entry.path, bytes, settings).facts);
        let by_place = far.into_iter().map(|(place, entry)| Facts::of_place(&entry.path, place, &settings.prefix));
        let facts: Vec<Facts> = read.into_iter().flatten().chain(by_place).collect();
        let mut by_hash: HashMap<u64, Vec<u32>> = HashMap::with_capacity(2 * facts.len());
        for (at, facts) in (0..).zip(&facts) {
            facts.hashes().for_each(|hash| by_hash.entry(hash).or_default().push(at));
        }
        Near { facts, by_hash }
    }
}

impl Known for Near {
    fn holders(&self, key: &Key) -> Result<Vec<Facts>, IndexError> {
        let found = self.by_hash.get(&key.hash()).into_iter().flatten().map(|&at| &self.facts[at as usize]);
        Ok(found.filter(|facts| facts.has(key)).cloned().collect())
    }
}
