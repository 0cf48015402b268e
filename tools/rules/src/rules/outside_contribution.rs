#![doc = include_str!("outside_contribution.md")]

use database::{Base, Place, TreePath};

use crate::contribution::breaches;
use crate::edited::Side;
use crate::provenance::origins_member;
use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "outside-contribution",
    level: Level::Error,
    page: include_str!("outside_contribution.md"),
    check: Check::Contribution(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some(side) = edited.after.or(edited.before) else { return };
    let prefix = sink.settings.prefix.as_str();
    match (edited.before, edited.after) {
        _ if Place::of(side.path).is_none() => check_file(side.path, sink),
        (None, Some(after)) => check_new(after, sink),
        (Some(before), Some(after)) => {
            let is_published = before.is_assigned(prefix);
            if is_published && before.path != after.path {
                let remedy = format!("leave it at {}; if that is the wrong place, say so in an issue", before.path);
                sink.at_file("where a report lies is for maintainers to say", remedy);
            }
            check_record(before, after, is_published, sink);
        }
        (Some(before), None) => {
            let was_sent = before.record().is_some_and(|record| origins_member(record).is_some());
            if was_sent || before.is_assigned(prefix) {
                let remedy = "bring it back; if it is wrong, say so in an issue, with how you know";
                sink.at_file("a report is taken away", remedy);
            }
        }
        (None, None) => {}
    }
}

/// A file that is no report. Only what explains folders to people is anybody's.
fn check_file(path: &TreePath, sink: &mut Sink<'_>) {
    let message = match path.parts().nth(1) {
        _ if !path.is_in("osv") => "the configuration is for maintainers to change",
        _ if path.file_name() == "README.md" => return,
        Some("ids.json") => "which ids were given is for the tools to write",
        Some("cursors" | "quarantine" | "remembered") => "what sources sent is for the tools to write",
        _ => "a contribution brings reports, and this is none",
    };
    sink.at_file(message, "leave the file as it was, and say in the pull request what you would change");
}

fn check_new(after: Side<'_>, sink: &mut Sink<'_>) {
    let prefix = sink.settings.prefix.as_str();
    let own_id = after.report.and_then(|report| report.own_id());
    if own_id.is_none() && after.is_assigned(prefix) {
        let remedy = format!("name it {prefix}-0000-<any>.json; it gets an id when it is taken in");
        sink.at_file("the file of a new report has the name of one with an id", remedy);
    }
    if Place::of(after.path).is_some_and(|place| place.base == Base::Withdrawn) {
        let remedy =
            format!("put it into {} if it accuses a package, and leave it out if not", Base::Malicious.folder());
        sink.at_file("a new report lies among the withdrawn ones", remedy);
    }
    if let Some(record) = after.record() {
        for breach in breaches(None, record, false, prefix) {
            sink.at(breach.pointer, breach.message, breach.remedy);
        }
    }
}

fn check_record(before: Side<'_>, after: Side<'_>, is_published: bool, sink: &mut Sink<'_>) {
    let Some(new) = after.record() else { return };
    for breach in breaches(before.record(), new, is_published, &sink.settings.prefix) {
        sink.at(breach.pointer, breach.message, breach.remedy);
    }
}
