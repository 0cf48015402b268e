#![doc = include_str!("duplicate_package.md")]

use database::{Facts, Key, KeyKind};
use osv_schema::Pointer;

use crate::text::shorten;

use crate::{Check, Level, Rule, SharedSink};

pub(super) static RULE: Rule = Rule {
    name: "duplicate-package",
    level: Level::Error,
    page: include_str!("duplicate_package.md"),
    check: Check::Shared(KeyKind::Package, check),
};

fn check(key: &Key, holders: &[&Facts], sink: &mut SharedSink<'_>) {
    let standing: Vec<&&Facts> = holders.iter().filter(|facts| facts.id.is_some() && !facts.is_withdrawn).collect();
    if standing.len() < 2 {
        return;
    }
    for (at, facts) in standing.iter().enumerate() {
        let other = standing[if at == 0 { 1 } else { 0 }];
        let message =
            format!("`{}` has also the report {}", shorten(&key.word), other.id.as_deref().unwrap_or_default());
        sink.at(facts, Pointer::root(), message, "join the two with `malpkg dedupe`");
    }
}
