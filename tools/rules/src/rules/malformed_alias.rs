#![doc = include_str!("malformed_alias.md")]

use database::Report;
use osv_schema::Pointer;

use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "malformed-alias",
    level: Level::Warning,
    page: include_str!("malformed_alias.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    for (name, ids) in [("aliases", &record.aliases), ("related", &record.related), ("upstream", &record.upstream)] {
        for (at, id) in ids.items().iter().enumerate() {
            if !is_id(id) && !sink.is_full() {
                let message = format!("`{}` is no id", shorten(id));
                let remedy =
                    "write ids as their databases do, for example GHSA-xxxx-xxxx-xxxx; pages belong to `references`";
                sink.at(Pointer::root().member(name).item(at), message, remedy);
            }
        }
    }
}

/// Ids are words: letters, digits and a few signs, at least one of each part around a dash or colon.
fn is_id(id: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/');
    (3..=200).contains(&id.len()) && id.bytes().all(fits) && id.contains(['-', ':', '_']) && !id.contains("://")
}
