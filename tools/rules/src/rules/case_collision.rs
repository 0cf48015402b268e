#![doc = include_str!("case_collision.md")]

use std::collections::BTreeMap;

use database::{Facts, Key, KeyKind};
use osv_schema::Pointer;

use crate::text::shorten;

use crate::{Check, Level, Rule, SharedSink};

pub(super) static RULE: Rule = Rule {
    name: "case-collision",
    level: Level::Warning,
    page: include_str!("case_collision.md"),
    check: Check::Shared(KeyKind::Folder, check),
};

fn check(_: &Key, holders: &[&Facts], sink: &mut SharedSink<'_>) {
    let mut by_name: BTreeMap<String, &Facts> = BTreeMap::new();
    for facts in holders {
        let first = by_name.entry(facts.path.file_name().to_lowercase()).or_insert(facts);
        let is_another_folder = facts.path.folder() != holders[0].path.folder();
        let other = if is_another_folder { holders[0].path.folder() } else { first.path.as_str() };
        if is_another_folder || first.path != facts.path {
            let message = format!("a disk that does not tell letter case takes this for {}", shorten(other));
            sink.at(
                facts,
                Pointer::root(),
                message,
                "write folders in lower case, and give each file a name of its own",
            );
        }
    }
}
