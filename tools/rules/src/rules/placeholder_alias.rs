#![doc = include_str!("placeholder_alias.md")]

use database::{Report, ReportId};
use osv_schema::Pointer;

use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "placeholder-alias",
    level: Level::Error,
    page: include_str!("placeholder_alias.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    for (name, ids) in [("aliases", &record.aliases), ("related", &record.related), ("upstream", &record.upstream)] {
        for (at, id) in ids.items().iter().enumerate() {
            if ReportId::is_unassigned(id, &sink.settings.prefix) && !sink.is_full() {
                let message = format!("`{}` is the name of a report that has no id yet", shorten(id));
                sink.at(Pointer::root().member(name).item(at), message, "take it away, or name the id that it got");
            }
        }
    }
}
