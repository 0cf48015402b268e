#![doc = include_str!("indicator_in_references.md")]

use std::collections::BTreeSet;

use database::Report;
use osv_schema::Pointer;

use crate::indicator::{host, places};
use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "indicator-in-references",
    level: Level::Warning,
    page: include_str!("indicator_in_references.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    if record.references.items().is_empty() {
        return;
    }
    let places = places(record);
    if places.is_empty() {
        return;
    }
    let hosts: BTreeSet<String> = places.into_iter().filter_map(hostile_host).collect();
    for (at, reference) in record.references.items().iter().enumerate() {
        let Some(url) = reference.url.as_str() else { continue };
        if hosts.contains(&host(url).to_ascii_lowercase()) && !sink.is_full() {
            let message = format!("a reference leads to `{}`, which is an indicator of the attack", shorten(url));
            let pointer = Pointer::root().member("references").item(at).member("url");
            sink.at(pointer, message, "take the reference away: readers click on it");
        }
    }
}

/// The host of an indicator. A URL on a site that everybody uses says nothing about the site.
fn hostile_host(place: &str) -> Option<String> {
    const SHARED: [&str; 8] = [
        "github.com",
        "raw.githubusercontent.com",
        "gitlab.com",
        "pastebin.com",
        "discord.com",
        "npmjs.com",
        "pypi.org",
        "www.npmjs.com",
    ];
    let host = host(place).to_ascii_lowercase();
    let is_page = place.contains('/') && SHARED.contains(&host.as_str());
    (!host.is_empty() && !is_page).then_some(host)
}
