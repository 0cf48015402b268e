#![doc = include_str!("shared_alias.md")]

use database::{Facts, Key, KeyKind};
use osv_schema::Pointer;

use crate::text::shorten;

use crate::{Check, Level, Rule, SharedSink};

pub(super) static RULE: Rule = Rule {
    name: "shared-alias",
    level: Level::Warning,
    page: include_str!("shared_alias.md"),
    check: Check::Shared(KeyKind::Alias, check),
};

fn check(key: &Key, holders: &[&Facts], sink: &mut SharedSink<'_>) {
    let standing = || holders.iter().filter(|facts| !facts.is_withdrawn && facts.id.is_some());
    let Some(first) = standing().next() else { return };
    let others = standing().filter(|facts| facts.package != first.package).count();
    if others == 0 {
        return;
    }
    for (at, facts) in standing().enumerate() {
        let other = if at == 0 { standing().find(|other| other.package != first.package) } else { Some(first) };
        let other = other.filter(|other| other.package != facts.package).and_then(|other| other.id.as_deref());
        let Some(other) = other else { continue };
        let message = format!("`{}` is also an alias of {other}, which is about another package", shorten(&key.word));
        let remedy = "an alias is the same thing elsewhere; what only belongs together goes to `related`";
        sink.at(facts, Pointer::root(), message, remedy);
    }
}
