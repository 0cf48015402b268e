#![doc = include_str!("credit_dropped.md")]

use std::collections::BTreeSet;

use osv_schema::{Pointer, Record};

use crate::text::shorten;

use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "credit-dropped",
    level: Level::Warning,
    page: include_str!("credit_dropped.md"),
    check: Check::History(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some((before, after)) = edited.reports() else { return };
    let (Some(old), Some(new)) = (&before.record, &after.record) else { return };
    let names = |record: &Record| -> BTreeSet<String> {
        record.credits.items().iter().filter_map(|credit| credit.name.as_str()).map(str::to_owned).collect()
    };
    for name in names(old).difference(&names(new)) {
        let message = format!("the credit of `{}` is gone", shorten(name));
        sink.at(Pointer::root(), message, "bring it back, unless it was asked for");
    }
}
