#![doc = include_str!("origin_hash_form.md")]

use database::Report;
use osv_schema::additions::ORIGINS;
use osv_schema::{Pointer, Value};

use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "origin-hash-form",
    level: Level::Warning,
    page: include_str!("origin_hash_form.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(members) = report.record.as_ref().and_then(|record| record.database_specific.value()) else { return };
    for (at, item) in members.get(ORIGINS).and_then(Value::as_array).unwrap_or_default().iter().enumerate() {
        let hash = item.as_object().and_then(|origin| origin.get("sha256")?.as_str()).unwrap_or_default();
        let fits = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        if !hash.is_empty() && !fits && !sink.is_full() {
            let message = format!("`{}` is no SHA-256", shorten(hash));
            let pointer = Pointer::root().member("database_specific").member(ORIGINS).item(at).member("sha256");
            sink.at(pointer, message, "write the 64 hex digits of the hash of what came");
        }
    }
}
