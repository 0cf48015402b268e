#![doc = include_str!("shared_alias.md")]

use std::collections::HashMap;

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
    let standing: Vec<(&Facts, &str)> = holders
        .iter()
        .filter(|facts| !facts.is_withdrawn)
        .filter_map(|facts| Some((*facts, facts.package.as_deref()?)))
        .collect();
    let Some(&(_, one)) = standing.first() else { return };
    let Some(&(_, another)) = standing.iter().find(|(_, package)| *package != one) else { return };
    let mut reports: HashMap<&str, usize> = HashMap::new();
    standing.iter().for_each(|(_, package)| *reports.entry(package).or_default() += 1);
    for (facts, package) in &standing {
        let other = if *package == one { another } else { one };
        // However many there are, each report names one of the others and counts the rest.
        let more = standing.len() - reports.get(package).copied().unwrap_or_default() - 1;
        let and_more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let message =
            format!("the alias `{}` is also that of the report on `{}`{and_more}", shorten(&key.word), shorten(other));
        let remedy = "keep it where it means this package; what only belongs to the same attack goes to `related`";
        sink.at(facts, Pointer::root().member("aliases"), message, remedy);
    }
}
