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
    // The holders come by path, so that those of one folder stand together.
    let (Some(first), Some(last)) = (holders.first(), holders.last()) else { return };
    let mut by_name: BTreeMap<String, Vec<&Facts>> = BTreeMap::new();
    for facts in holders {
        let same = by_name.entry(facts.path.file_name().to_lowercase()).or_default();
        if same.len() < 2 {
            same.push(facts);
        }
    }
    for facts in holders {
        let folder = facts.path.folder();
        let same = by_name.get(&facts.path.file_name().to_lowercase()).map_or(&[][..], Vec::as_slice);
        if let Some(other) = same.iter().find(|other| other.path != facts.path) {
            let message = format!("without letter case this is the same file as {}", shorten(other.path.as_str()));
            sink.at(facts, Pointer::root(), message, "give one of the two another name");
        } else if let Some(other) = [first, last].into_iter().find(|other| other.path.folder() != folder)
            && folder != folder.to_lowercase()
        {
            let message = format!("without letter case this is the same folder as {}", shorten(other.path.folder()));
            sink.at(facts, Pointer::root(), message, "write the folder in lower case: `malpkg path` prints it");
        }
    }
}
