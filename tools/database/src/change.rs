//! Change sets and plans: what would be written, and what was left out and why.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::TreePath;

/// What happens to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The file holds these bytes afterwards.
    Put(Arc<[u8]>),
    /// The file is gone afterwards.
    Remove,
}

/// What kind of change a report sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// A report on a package that had none.
    Create,
    /// A known report says more.
    Join,
    /// A report is taken back.
    Withdraw,
    /// A report that was taken back stands again.
    Reinstate,
    /// A report means fewer versions.
    Narrow,
    /// A report gets another path, with the same content.
    Move,
    /// A file goes away.
    Remove,
}

impl ChangeKind {
    /// The word of the interface.
    pub fn word(self) -> &'static str {
        match self {
            ChangeKind::Create => "create",
            ChangeKind::Join => "join",
            ChangeKind::Withdraw => "withdraw",
            ChangeKind::Reinstate => "reinstate",
            ChangeKind::Narrow => "narrow",
            ChangeKind::Move => "move",
            ChangeKind::Remove => "remove",
        }
    }
}

/// One change as people read it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The report's path afterwards.
    pub path: TreePath,
    /// What kind of change.
    pub kind: ChangeKind,
    /// The report's id.
    pub id: String,
    /// The package as people write it, for example `npm/left-pad`.
    pub package: String,
}

/// Edits over a tree, at most one a path, and what they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeSet {
    edits: BTreeMap<TreePath, Edit>,
    changes: BTreeMap<TreePath, Change>,
}

impl ChangeSet {
    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The edits by path.
    pub fn edits(&self) -> &BTreeMap<TreePath, Edit> {
        &self.edits
    }

    /// What the edits mean, by path.
    pub fn changes(&self) -> impl ExactSizeIterator<Item = &Change> {
        self.changes.values()
    }

    /// Puts a report, and says what that means. A later put of the same report keeps what the first one meant.
    pub fn put_report(&mut self, change: Change, bytes: impl Into<Arc<[u8]>>) {
        self.edits.insert(change.path.clone(), Edit::Put(bytes.into()));
        self.changes.entry(change.path.clone()).or_insert(change);
    }

    /// Puts a file that is no report.
    pub fn put_file(&mut self, path: TreePath, bytes: impl Into<Arc<[u8]>>) {
        self.edits.insert(path, Edit::Put(bytes.into()));
    }

    /// Takes a file away. What that means is said by what is put elsewhere.
    pub fn remove_file(&mut self, path: TreePath) {
        self.changes.remove(&path);
        self.edits.insert(path, Edit::Remove);
    }

    /// Keeps the edits that are wanted.
    pub fn retain(&mut self, is_wanted: impl Fn(&TreePath, &Edit) -> bool) {
        self.edits.retain(|path, edit| is_wanted(path, edit));
        self.changes.retain(|path, _| self.edits.contains_key(path));
    }

    /// What the change set holds at a path.
    pub fn get(&self, path: &str) -> Option<&Edit> {
        self.edits.get(path)
    }
}

/// A delivery that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Who sent it.
    pub source: String,
    /// Which delivery, as its source names it.
    pub delivery: String,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// The place in it.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What would make it right.
    pub remedy: String,
}

/// A delivery that was left alone on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Who sent it.
    pub source: String,
    /// Which delivery, as its source names it.
    pub delivery: String,
    /// Why.
    pub reason: String,
}

/// A change set, and what was left out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What would be written.
    pub changes: ChangeSet,
    /// What is not meant for us.
    pub skipped: Vec<Skipped>,
    /// What could not be taken.
    pub rejected: Vec<Rejected>,
}
