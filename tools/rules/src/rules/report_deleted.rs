#![doc = include_str!("report_deleted.md")]

use osv_schema::Pointer;

use crate::text::shorten;
use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "report-deleted",
    level: Level::Error,
    page: include_str!("report_deleted.md"),
    check: Check::History(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some(id) = edited.lost_id else { return };
    let message = format!("the report {} is gone", shorten(id));
    if edited.after.is_some() {
        sink.at(Pointer::root().member("id"), message, "set the id back: an id never changes");
    } else {
        sink.at_file(
            message,
            "bring it back; a report that is wrong is withdrawn with `malpkg withdraw`, never deleted",
        );
    }
}
