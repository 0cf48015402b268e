#![doc = include_str!("report_deleted.md")]

use database::{Place, ReportId};

use crate::text::shorten;

use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "report-deleted",
    level: Level::Error,
    page: include_str!("report_deleted.md"),
    check: Check::History(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let (Some(before), None) = (edited.before, edited.after) else { return };
    let Some(place) =
        Place::of(before.path).filter(|place| !ReportId::is_unassigned(place.stem, &sink.settings.prefix))
    else {
        return;
    };
    let message = format!("the report {} is gone", shorten(place.stem));
    sink.at_file(message, "bring it back; what was wrong is withdrawn with `malpkg withdraw`, never deleted");
}
