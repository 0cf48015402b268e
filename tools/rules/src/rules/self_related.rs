#![doc = include_str!("self_related.md")]

use database::Report;
use osv_schema::Pointer;

use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "self-related",
    level: Level::Warning,
    page: include_str!("self_related.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let (Some(record), Some(id)) = (&report.record, report.own_id()) else { return };
    for (name, ids) in [("related", &record.related), ("upstream", &record.upstream)] {
        if let Some(at) = ids.items().iter().position(|other| other == id) {
            let message = format!("the report names its own id `{}` in `{name}`", shorten(id));
            sink.at(Pointer::root().member(name).item(at), message, "take it away");
        }
    }
}
