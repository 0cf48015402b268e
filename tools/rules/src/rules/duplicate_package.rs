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
    // One that was taken back may stand beside one that was not, and what has no id yet waits to be joined.
    let standing: Vec<&Facts> =
        holders.iter().copied().filter(|facts| facts.id.is_some() && !facts.is_withdrawn).collect();
    let [first, second, ..] = standing[..] else { return };
    for facts in standing {
        let other = if facts.path == first.path { second } else { first };
        let other = other.id.as_deref().unwrap_or_default();
        let message = format!("`{}` is also what {} is about", shorten(&key.word), shorten(other));
        let remedy =
            "join the two with `malpkg dedupe`: the older one stays, and the other is withdrawn and leads to it";
        sink.at(facts, Pointer::from("/affected/0/package/name"), message, remedy);
    }
}
