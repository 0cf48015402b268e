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
    check: Check::Shared(KeyKind::Name, check),
};

fn check(key: &Key, holders: &[&Facts], sink: &mut SharedSink<'_>) {
    let is_owner = |facts: &Facts| facts.id.as_ref() == Some(&key.word);
    let named = |facts: &&&Facts| facts.package.is_some() && (is_owner(facts) || !facts.is_withdrawn);
    let called: Vec<(&Facts, &str)> =
        holders.iter().filter(named).filter_map(|facts| Some((*facts, facts.package.as_deref()?))).collect();
    // Whose id it is comes before those that only name it.
    let Some(&(first, one)) = called.iter().find(|(facts, _)| is_owner(facts)).or(called.first()) else { return };
    let Some(&(_, another)) = called.iter().find(|(_, package)| *package != one) else { return };
    let mut reports: HashMap<&str, usize> = HashMap::new();
    called.iter().for_each(|(_, package)| *reports.entry(package).or_default() += 1);
    for (facts, package) in called.iter().filter(|(facts, _)| !is_owner(facts)) {
        let other = if *package == one { another } else { one };
        // However many there are, each report names one of the others and counts the rest.
        let more = called.len() - reports.get(package).copied().unwrap_or_default() - 1;
        let and_more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let what = if is_owner(first) && other == one { "the id" } else { "also that" };
        let message =
            format!("the alias `{}` is {what} of the report on `{}`{and_more}", shorten(&key.word), shorten(other));
        let remedy = "keep it where it means this package; what only belongs to the same attack goes to `related`";
        sink.at(facts, Pointer::root().member("aliases"), message, remedy);
    }
}
