#![doc = include_str!("filename_mismatch.md")]

use database::{Report, ReportId};
use osv_schema::Pointer;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "filename-mismatch",
    level: Level::Error,
    page: include_str!("filename_mismatch.md"),
    check: Check::Place(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let (Some(place), Some(record)) = (report.place, &report.record) else { return };
    let id = record.id.as_str().unwrap_or_default();
    if id == place.stem || (id.is_empty() && ReportId::is_unassigned(place.stem, &sink.settings.prefix)) {
        return;
    }
    if id.is_empty() {
        let message = format!("the report has no id, but its file is named `{}.json`", place.stem);
        let remedy =
            format!("name the file {}-0000-<any>.json; it gets an id when it is taken in", sink.settings.prefix);
        return sink.at(Pointer::root(), message, remedy);
    }
    let message = format!("the report's id is `{id}`, but its file is named `{}.json`", place.stem);
    sink.at(Pointer::root().member("id"), message, "give the file the name of the id: an id never changes");
}
