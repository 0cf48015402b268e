#![doc = include_str!("outside_contribution.md")]

use database::details::SEPARATOR;
use database::{Place, ReportId, TreePath};
use osv_schema::additions::{MALPKG, ORIGINS};
use osv_schema::{Pointer, Record, Value, additions};

use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "outside-contribution",
    level: Level::Error,
    page: include_str!("outside_contribution.md"),
    check: Check::Contribution(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    match (edited.before, edited.after) {
        (_, Some(after)) if Place::of(after.path).is_none() => {
            if after.path.file_name() != "README.md" {
                sink.at_file("this file is the maintainers' affair", "leave it out of the contribution");
            }
        }
        (None, Some(after)) => {
            let is_unassigned = is_unassigned(after.path, sink);
            if !is_unassigned {
                let remedy = format!("name it {}-0000-<any>.json and leave the id out", sink.settings.prefix);
                sink.at_file("a new report has an id already", remedy);
            }
            if let Some(record) = after.report.and_then(|report| report.record.as_ref()) {
                check_new(record, sink);
            }
        }
        (Some(before), Some(after)) => {
            if before.path != after.path && !is_unassigned(before.path, sink) {
                sink.at_file("a report was moved", "leave it where it is");
            }
            if let Some((old, new)) = edited.reports()
                && let (Some(old), Some(new)) = (&old.record, &new.record)
            {
                check_edit(old, new, sink);
            }
        }
        (Some(_), None) => {
            sink.at_file("a file was taken away", "bring it back, and say in an issue what is wrong with it")
        }
        (None, None) => {}
    }
}

fn is_unassigned(path: &TreePath, sink: &Sink<'_>) -> bool {
    Place::of(path).is_some_and(|place| ReportId::is_unassigned(place.stem, &sink.settings.prefix))
}

fn check_new(record: &Record, sink: &mut Sink<'_>) {
    let member = |name: &str| record.database_specific.value().and_then(|members| members.get(name));
    let ours = Pointer::root().member("database_specific");
    if member(ORIGINS).is_some_and(|origins| *origins != Value::Null) {
        sink.at(ours.member(ORIGINS), "a new report claims an origin", "leave it out: the tools write origins");
    }
    if decisions(record).is_some() {
        let message = "a new report brings decisions";
        sink.at(ours.member(MALPKG).member("decisions"), message, "leave them out: maintainers decide");
    }
    if record.is_withdrawn() {
        let message = "a new report is withdrawn";
        sink.at(Pointer::root().member("withdrawn"), message, "leave it out: maintainers withdraw reports");
    }
}

fn check_edit(old: &Record, new: &Record, sink: &mut Sink<'_>) {
    let root = Pointer::root();
    let origins = |record: &Record| record.database_specific.value().and_then(|members| members.get(ORIGINS).cloned());
    let said = |record: &Record| {
        let details = record.details.as_str().unwrap_or_default();
        details.split_once(SEPARATOR).map(|(_, said)| said.trim().to_owned())
    };
    let changed = [
        (old.id != new.id, root.member("id"), "the id was changed"),
        (old.published != new.published, root.member("published"), "the time of publication was changed"),
        (old.withdrawn != new.withdrawn, root.member("withdrawn"), "the report was withdrawn, or stands again"),
        (origins(old) != origins(new), root.member("database_specific").member(ORIGINS), "origins were changed"),
        (decisions(old) != decisions(new), root.member("database_specific").member(MALPKG), "decisions were changed"),
        (said(old) != said(new), root.member("details"), "what sources said was changed"),
    ];
    for (_, pointer, message) in changed.into_iter().filter(|(is_changed, ..)| *is_changed) {
        sink.at(pointer, message, "set it back, and say in an issue what is wrong");
    }
}

fn decisions(record: &Record) -> Option<&Value> {
    additions::malpkg(record).and_then(|ours| ours.get("decisions"))
}
