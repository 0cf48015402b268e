//! One file before and after a change, for the rules about what a change may do.

use database::{Report, TreePath};

/// A file on one side of a change.
#[derive(Clone, Copy, Debug)]
pub struct Side<'e> {
    /// Where it lies.
    pub path: &'e TreePath,
    /// What it says; none where it is no report, or could not be read.
    pub report: Option<&'e Report<'e>>,
}

/// What a change makes of one file. A report that moved is one file, under its id; at least one side is there.
#[derive(Clone, Copy, Debug)]
pub struct Edited<'e> {
    /// Before the change; none where the file is new.
    pub before: Option<Side<'e>>,
    /// After the change; none where it is gone.
    pub after: Option<Side<'e>>,
}

impl<'e> Edited<'e> {
    /// The report on both sides; none where it is new or gone, or one side is no report.
    pub fn reports(&self) -> Option<(&'e Report<'e>, &'e Report<'e>)> {
        Some((self.before?.report?, self.after?.report?))
    }
}
