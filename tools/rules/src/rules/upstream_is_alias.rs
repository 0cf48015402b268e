#![doc = include_str!("upstream_is_alias.md")]

use std::collections::BTreeMap;

use database::Report;
use osv_schema::Pointer;

use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "upstream-is-alias",
    level: Level::Warning,
    page: include_str!("upstream_is_alias.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    let others = [("aliases", &record.aliases), ("related", &record.related)];
    if record.upstream.items().is_empty() {
        return;
    }
    let named: BTreeMap<&str, &str> =
        others.iter().flat_map(|(name, ids)| ids.items().iter().map(move |id| (id.as_str(), *name))).collect();
    for (at, id) in record.upstream.items().iter().enumerate() {
        if let Some(name) = named.get(id.as_str()).filter(|_| !sink.is_full()) {
            let message = format!("`{}` is named as upstream and in `{name}`", shorten(id));
            sink.at(Pointer::root().member("upstream").item(at), message, "keep it where it belongs");
        }
    }
}
