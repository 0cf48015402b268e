#![doc = include_str!("live_indicator.md")]

use std::collections::BTreeSet;

use database::Report;
use osv_schema::Pointer;

use crate::indicator::{host, places};
use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "live-indicator",
    level: Level::Warning,
    page: include_str!("live_indicator.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    let Some(details) = record.details.as_str().filter(|details| details.contains("://")) else { return };
    let places = places(record);
    if places.is_empty() {
        return;
    }
    let hosts: BTreeSet<String> = places.into_iter().map(|place| host(place).to_ascii_lowercase()).collect();
    for rest in details.split("://").skip(1) {
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | '"' | '>' | '`')).unwrap_or(rest.len());
        let found = host(&rest[..end]).to_ascii_lowercase();
        if hosts.contains(&found) && !found.is_empty() {
            let message =
                format!("the details hold a live address of `{}`, an indicator of the attack", shorten(&found));
            return sink.at(Pointer::root().member("details"), message, "write it as hxxps://host[.]example");
        }
    }
}
