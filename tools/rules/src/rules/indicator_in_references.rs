#![doc = include_str!("indicator_in_references.md")]

use database::Report;
use osv_schema::Pointer;

use crate::indicator::Hostile;
use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "indicator-in-references",
    level: Level::Warning,
    page: include_str!("indicator_in_references.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = report.record.as_ref().filter(|record| !record.references.items().is_empty()) else { return };
    let hostile = Hostile::of(record);
    if hostile.is_empty() {
        return;
    }
    for (at, reference) in record.references.items().iter().enumerate() {
        let Some(url) = reference.url.as_str() else { continue };
        if hostile.has(url) && !sink.is_full() {
            let message = format!("a reference leads to `{}`, which is an indicator of the attack", shorten(url));
            let pointer = Pointer::root().member("references").item(at).member("url");
            sink.at(pointer, message, "take the reference away: readers click on it");
        }
    }
}
