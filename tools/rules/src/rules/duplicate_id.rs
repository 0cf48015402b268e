#![doc = include_str!("duplicate_id.md")]

use database::{Facts, Key, KeyKind};
use osv_schema::Pointer;

use crate::{Check, Level, Rule, SharedSink};

pub(super) static RULE: Rule = Rule {
    name: "duplicate-id",
    level: Level::Error,
    page: include_str!("duplicate_id.md"),
    check: Check::Shared(KeyKind::Id, check),
};

fn check(key: &Key, holders: &[&Facts], sink: &mut SharedSink<'_>) {
    for (at, holder) in holders.iter().enumerate() {
        let other = holders[if at == 0 { 1 } else { 0 }];
        let message = format!("the id {} is also that of {}", key.word, other.path);
        let remedy = "keep the id at the report that had it first, and give the other one a new id";
        sink.at(holder, Pointer::root(), message, remedy);
    }
}
