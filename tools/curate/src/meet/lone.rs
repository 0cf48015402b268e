//! Files that one branch alone changed, and that git made something else of: it took two reports for one that moved.

use database::{Change, ChangeKind, Place, Report, Snapshot, TreePath};

use super::branches::Meeting;
use crate::remembered;

/// Puts what one side alone changed as that side has it, where the file in the tree is no report any more, or another one.
/// What can be read is somebody's work, and stays.
pub fn restore(current: &Snapshot, lone: &[(TreePath, Vec<u8>)]) -> Meeting {
    let mut meeting = Meeting::default();
    for (path, bytes) in lone {
        let Some(entry) = current.entry(path.as_str()) else { continue };
        let side = Report::read(path, bytes);
        let is_broken = current.read(entry).is_ok_and(|there| is_another(&Report::read(path, &there), &side));
        if !is_broken || side.record.is_none() {
            continue;
        }
        let id = side.record.as_ref().and_then(|record| record.id.as_str()).unwrap_or_default().to_owned();
        let package = side.about().map(|about| about.package.to_string()).unwrap_or_default();
        if Place::of(path).is_some() {
            let change = Change { path: path.clone(), kind: ChangeKind::Join, id, package };
            meeting.changes.put_report(change, bytes.clone());
        } else if remembered::folder(path).is_some() {
            meeting.changes.put_file(path.clone(), bytes.clone());
        } else {
            continue;
        }
        meeting.was.insert(path.clone(), vec![path.clone()]);
    }
    meeting
}

/// Whether what lies there is no report, or one with another id or on another package.
fn is_another(there: &Report<'_>, side: &Report<'_>) -> bool {
    let Some(record) = there.record.as_ref().filter(|_| there.document.is_ok()) else { return true };
    let is_on_another = match (there.about(), side.about()) {
        (Some(there), Some(side)) => !there.package.is_same_as(&side.package),
        _ => false,
    };
    is_on_another || side.record.as_ref().is_some_and(|side| side.id != record.id)
}
