//! One file before and after a change, for the rules about what a change may do.

use database::{Place, Report, ReportId, TreePath};
use osv_schema::Record;

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
    /// The id that the report had, where no report of the head has it any more.
    pub lost_id: Option<&'e str>,
}

impl<'e> Side<'e> {
    /// Whether the file is named as a report that has its id.
    pub fn is_assigned(self, prefix: &str) -> bool {
        Place::of(self.path).is_some_and(|place| !ReportId::is_unassigned(place.stem, prefix))
    }

    /// What it says, as far as it says anything.
    pub fn record(self) -> Option<&'e Record> {
        self.report?.record.as_ref()
    }
}

impl<'e> Edited<'e> {
    /// The report on both sides; none where it is new or gone, or one side is no report.
    pub fn reports(&self) -> Option<(&'e Report<'e>, &'e Report<'e>)> {
        Some((self.before?.report?, self.after?.report?))
    }

    /// What a report that the world knows by its id said and says; none where it is new or gone, was unassigned before,
    /// or one side says nothing.
    pub fn published(&self, prefix: &str) -> Option<(&'e Record, &'e Record)> {
        let before = self.before.filter(|before| before.is_assigned(prefix))?;
        Some((before.record()?, self.after?.record()?))
    }
}
