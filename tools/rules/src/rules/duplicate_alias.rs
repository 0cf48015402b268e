#![doc = include_str!("duplicate_alias.md")]

use database::Report;
use osv_schema::Pointer;

use crate::text::{repeated, shorten};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "duplicate-alias",
    level: Level::Warning,
    page: include_str!("duplicate_alias.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    for (name, ids) in [("aliases", &record.aliases), ("related", &record.related), ("upstream", &record.upstream)] {
        for at in repeated(ids.items()) {
            let message = format!("the id `{}` stands twice in `{name}`", shorten(&ids.items()[at]));
            sink.at(Pointer::root().member(name).item(at), message, "keep one of the two");
        }
    }
}
