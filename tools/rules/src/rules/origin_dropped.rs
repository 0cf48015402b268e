#![doc = include_str!("origin_dropped.md")]

use std::collections::BTreeSet;

use osv_schema::Pointer;

use crate::text::{origins, shorten};

use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "origin-dropped",
    level: Level::Error,
    page: include_str!("origin_dropped.md"),
    check: Check::History(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some((before, after)) = edited.reports() else { return };
    let (Some(old), Some(new)) = (&before.record, &after.record) else { return };
    let now: BTreeSet<(&str, &str)> = origins(new).collect();
    for (source, sha256) in origins(old).filter(|origin| !now.contains(origin)) {
        let message = format!("the origin of `{}` ({}) is gone", shorten(source), shorten(sha256));
        sink.at(Pointer::root().member("database_specific"), message, "bring it back: origins are only ever added");
    }
}
