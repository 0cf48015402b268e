//! Nothing that a delivery says is lost: every text and number of it stands somewhere in the report.

use std::collections::BTreeSet;

use database::Edit;
use osv_schema::{Document, Value};
use proptest::prelude::*;

use crate::fixture::{database, delivery, run};

/// Every text and number in a value, and every name of a member with something in it.
fn leaves(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Null => {}
        Value::Bool(truth) => drop(found.insert(truth.to_string())),
        Value::Number(spelling) => drop(found.insert(spelling.to_string())),
        Value::String(text) => drop(found.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(members) => members.values().for_each(|value| leaves(value, found)),
    }
}

fn leaves_of(text: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    leaves(&Value::from(Document::parse(text).unwrap().root()), &mut found);
    found
}

/// Free content with leaves that are found again.
fn free() -> impl Strategy<Value = String> {
    let leaf =
        prop_oneof!["[a-z]{6}".prop_map(|text| format!("{text:?}")), (1000..9999u32).prop_map(|n| format!("{n}.50"))];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map("[a-z]{4}", inner, 1..4).prop_map(|members| {
                let members: Vec<String> = members.iter().map(|(k, v)| format!("{k:?}:{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// A record with free content wherever the schema leaves room.
fn any_record() -> impl Strategy<Value = String> {
    let homes = prop::sample::select(vec!["iocs", "cwes", "malicious-packages-origins", "malpkg", "other"]);
    let specific = prop::collection::btree_map(homes, free(), 0..4);
    (specific, free(), free(), free(), "[a-z]{8}", prop::collection::vec("[0-9]\\.[0-9]\\.[0-9]", 1..4)).prop_map(
        |(specific, eco, range, credit, word, versions)| {
            let specific: Vec<String> = specific.iter().map(|(k, v)| format!("{k:?}:{v}")).collect();
            format!(
                r#"{{"id": "X-{word}", "modified": "2026-05-01T00:00:00Z", "summary": "in short: {word}",
                "published": "2026-04-0{}T00:00:00Z", "details": "tells {word}",
                "aliases": ["GHSA-{word}"], "related": ["R-{word}"], "upstream": ["U-{word}"],
                "severity": [{{"type": "Ubuntu", "score": "low", "why": "s-{word}"}}],
                "references": [{{"type": "WEB", "url": "https://example.org/{word}", "title": "t-{word}"}}],
                "credits": [{{"name": "n-{word}", "type": "FINDER", "more": {credit}}}],
                "affected": [{{"package": {{"ecosystem": "npm", "name": "a", "odd": "p-{word}"}}, "versions": {versions:?},
                    "ranges": [{{"type": "SEMVER", "events": [{{"introduced": "9.9.9"}}], "database_specific": {{"r": {range}}}}}],
                    "ecosystem_specific": {{"e": {eco}}}, "database_specific": {{"d": "ad-{word}", "cwes": [{{"cweId": "c-{word}"}}]}}}}],
                "database_specific": {{{}}}}}"#,
                1 + versions.len(),
                specific.join(",")
            )
        },
    )
}

proptest! {
    #[test]
    fn all_that_deliveries_say_stands_in_the_report(first in any_record(), second in any_record()) {
        let (plan, _) = run(&database(&[]), vec![delivery(&first), delivery(&second)]);
        prop_assert!(plan.rejected.is_empty(), "{:?}", plan.rejected);
        let path = "osv/malicious/npm/a/MAL-2026-900001.json";
        let Some(Edit::Put(bytes)) = plan.changes.get(path) else { panic!("no report") };
        let there = leaves_of(bytes);
        let details = there.iter().filter(|text| text.contains("## Source: feed")).cloned().collect::<String>();
        for leaf in leaves_of(first.as_bytes()).union(&leaves_of(second.as_bytes())) {
            prop_assert!(there.contains(leaf) || details.contains(leaf), "lost: {leaf}\n{}", String::from_utf8_lossy(bytes));
        }
    }
}
