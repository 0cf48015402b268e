//! The schema: its words are those of the types, and the refusals have their places.

use osv_schema::{Document, words};
use rules::refusals;
use serde_json::Value;

const SCHEMA: &str = include_str!("../../../../schema/osv.json");

/// Every value of the keyword anywhere in the schema.
fn all<'s>(schema: &'s Value, keyword: &str, found: &mut Vec<&'s Value>) {
    match schema {
        Value::Object(members) => {
            found.extend(members.get(keyword));
            members.values().for_each(|value| all(value, keyword, found));
        }
        Value::Array(items) => items.iter().for_each(|value| all(value, keyword, found)),
        _ => {}
    }
}

#[test]
fn every_enumeration_of_the_types_is_one_of_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut enumerations = Vec::new();
    all(&schema, "enum", &mut enumerations);
    let sorted = |words: Vec<&str>| {
        let mut words = words;
        words.sort_unstable();
        words.join(" ")
    };
    let of_schema: Vec<String> = enumerations
        .iter()
        .map(|words| sorted(words.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()))
        .collect();
    for of_types in [words::RANGE_TYPES, words::REFERENCE_TYPES, words::CREDIT_TYPES, words::SEVERITY_TYPES] {
        assert!(of_schema.contains(&sorted(of_types.to_vec())), "{of_types:?} is not in the schema: {of_schema:?}");
    }
}

#[test]
fn the_members_of_a_record_are_those_of_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut of_schema: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut of_types = osv_schema::Record::MEMBERS.to_vec();
    of_schema.sort_unstable();
    of_types.sort_unstable();
    assert_eq!(of_types, of_schema);
}

/// A document's refusals as `pointer: message`.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let document = Document::parse(text.as_bytes()).unwrap();
    let found: Vec<String> =
        refusals(&document).into_iter().map(|found| format!("{}: {}", found.pointer, found.message)).collect();
    assert_eq!(found, expected, "{text}");
}

/// A record that is right but for what is put in.
fn with(members: &str) -> String {
    format!(r#"{{"id": "MAL-2026-1", "modified": "2026-01-01T00:00:00Z", {members}}}"#)
}

#[test]
fn refusals_are_told_in_words() {
    check(&with(r#""aliases": null, "references": []"#), &[]);
    check("{}", &[": the member `id` is missing", ": the member `modified` is missing"]);
    check("7", &[": expected object, found a number"]);
    check(&with(r#""extra": 1"#), &["/extra: the OSV schema has no member `extra` here"]);
    check(
        r#"{"id": "FOO-1", "modified": "2026-01-01T00:00:00Z"}"#,
        &["/id: \"FOO-1\" is not an id with a prefix that the OSV schema knows, such as MAL-2026-1"],
    );
    check(&with(r#""related": [1]"#), &["/related/0: expected string, found a number"]);
    check(
        &with(r#""references": [{"type": "web", "url": "https://example.org/"}]"#),
        &[concat!(
            "/references/0/type: \"web\" is none of \"ADVISORY\", \"ARTICLE\", \"DETECTION\", \"DISCUSSION\", ",
            "\"EVIDENCE\", \"FIX\", \"GIT\", \"INTRODUCED\", \"PACKAGE\", \"REPORT\", \"WEB\""
        )],
    );
    check(
        &with(r#""affected": [{"ranges": [{"type": "SEMVER", "events": [{"introduced": "0", "fixed": "1"}]}]}]"#),
        &[concat!(
            "/affected/0/ranges/0/events/0: an event says exactly one of `introduced`, `fixed`, `last_affected` ",
            "and `limit`, each a string"
        )],
    );
    check(
        &with(r#""affected": [{"ranges": [{"type": "SEMVER", "events": []}]}]"#),
        &[
            "/affected/0/ranges/0/events: a range needs an event that says `introduced`",
            "/affected/0/ranges/0/events: the list must not be empty",
        ],
    );
    check(
        &with(r#""references": [{"type": "WEB", "url": "not a url"}]"#),
        &["/references/0/url: \"not a url\" is not an absolute URL"],
    );
}

#[test]
fn the_validator_reads_our_tree_as_it_should() {
    // Numbers of any spelling, and keys that other parsers take for something else, are just content.
    check(&with(r#""database_specific": {"a": 1e400, "b": -0.0, "$serde_json::private::Number": "1"}"#), &[]);
    check(&with(r#""database_specific": 1e400"#), &["/database_specific: expected object, found a number"]);
    // Of a repeated member the last counts.
    check(&with(r#""related": [1], "related": []"#), &[]);
    check(&with(r#""related": [], "related": [1]"#), &["/related/0: expected string, found a number"]);
}
