#![doc = include_str!("invalid_origin.md")]

use database::Report;
use osv_schema::additions::ORIGINS;
use osv_schema::{Pointer, Value};

use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "invalid-origin",
    level: Level::Error,
    page: include_str!("invalid_origin.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(members) = report.record.as_ref().and_then(|record| record.database_specific.value()) else { return };
    let pointer = || Pointer::root().member("database_specific").member(ORIGINS);
    let remedy = "leave origins to the tools: they are written when a finding is taken in";
    let items = match members.get(ORIGINS) {
        None | Some(Value::Null) => return,
        Some(Value::Array(items)) => items,
        Some(_) => return sink.at(pointer(), "the origins are no list", remedy),
    };
    for (at, item) in items.iter().enumerate() {
        let word = |name: &str| item.as_object().and_then(|origin| origin.get(name)?.as_str()).unwrap_or_default();
        let is_id = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let (source, sha256) = (word("source"), word("sha256"));
        let fault = if item.as_object().is_none() {
            "an origin is no object".to_owned()
        } else if source.is_empty() {
            "an origin names no source".to_owned()
        } else if !source.bytes().all(is_id) {
            format!("`{}` is no name of a source: those have lower-case letters, digits and dashes", shorten(source))
        } else if sha256.is_empty() {
            "an origin has no hash of what came".to_owned()
        } else {
            continue;
        };
        if sink.is_full() {
            return;
        }
        sink.at(pointer().item(at), fault, remedy);
    }
}
