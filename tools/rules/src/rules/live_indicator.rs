#![doc = include_str!("live_indicator.md")]

use std::sync::LazyLock;

use database::Report;
use memchr::memmem::Finder;
use osv_schema::Pointer;

use crate::indicator::Hostile;
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
    static ADDRESSES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("://"));
    let Some(details) = record.details.as_str() else { return };
    let mut addresses = ADDRESSES.find_iter(details.as_bytes()).peekable();
    if addresses.peek().is_none() {
        return;
    }
    let hostile = Hostile::of(record);
    for at in addresses.filter(|_| !hostile.is_empty()) {
        let before = details[..at].rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |before| before + 1);
        let scheme = details.get(before..at).unwrap_or_default();
        let rest = &details[at..];
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | '"' | '>' | '`')).unwrap_or(rest.len());
        let is_live = ["http", "https", "ftp", "ws", "wss"].iter().any(|live| live.eq_ignore_ascii_case(scheme));
        if is_live && hostile.has(&details[before..at + end]) {
            let message = format!(
                "the details hold the live address `{}`, an indicator of the attack",
                shorten(&details[before..at + end])
            );
            return sink.at(Pointer::root().member("details"), message, "write it as hxxps://host[.]example");
        }
    }
}
