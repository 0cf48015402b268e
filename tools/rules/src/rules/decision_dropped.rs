#![doc = include_str!("decision_dropped.md")]

use osv_schema::{Pointer, Record, Value, additions};

use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "decision-dropped",
    level: Level::Error,
    page: include_str!("decision_dropped.md"),
    check: Check::History(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some((before, after)) = edited.reports() else { return };
    let (Some(old), Some(new)) = (&before.record, &after.record) else { return };
    let now = decisions(new);
    if decisions(old).iter().any(|decision| !now.contains(decision)) {
        let message = "a decision is gone, or was changed";
        sink.at(
            Pointer::root().member("database_specific"),
            message,
            "bring it back: a new decision stands beside the old ones",
        );
    }
}

fn decisions(record: &Record) -> &[Value] {
    additions::malpkg(record).and_then(|ours| ours.get("decisions")?.as_array()).unwrap_or_default()
}
