#![doc = include_str!("modified_not_later.md")]

use osv_schema::{Member, Pointer, Record};

use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "modified-not-later",
    level: Level::Error,
    page: include_str!("modified_not_later.md"),
    check: Check::History(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some((before, after)) = edited.reports() else { return };
    let (Some(old), Some(new)) = (&before.record, &after.record) else { return };
    // What was never published may change as it likes.
    if before.own_id().is_none() || old.modified_at() < new.modified_at() {
        return;
    }
    let without = |record: &Record| Record { modified: Member::Absent, ..record.clone() };
    if without(old) != without(new) {
        let message = "the report says something else than before, and its `modified` did not move forward";
        sink.at(Pointer::root().member("modified"), message, "set `modified` to the time of the change");
    }
}
