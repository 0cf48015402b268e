//! Records: of anything at all, damaged ones, and those whose members hold what they should not.

use proptest::prelude::*;

use crate::pieces::{self, bytes};

const REPORT: &str = r#"{"schema_version":"1.7.5","id":"MAL-2026-1","published":"2026-01-02T03:04:05Z",
"modified":"2026-01-02T03:04:05Z","aliases":["GHSA-x"],"summary":"Malicious code in left-padd (npm)","details":"d",
"affected":[{"package":{"ecosystem":"npm","name":"left-padd","purl":"pkg:npm/left-padd"},"ranges":[{"type":"SEMVER",
"events":[{"introduced":"0"},{"fixed":"1.0.0"}]}],"versions":["1.0.0"]}],"references":[{"type":"WEB",
"url":"https://example.org/"}],"credits":[{"name":"n","type":"FINDER"}],"database_specific":{"malpkg":{"kind":"malware",
"indicators":[{"type":"domain","value":"evil.example.com","role":"download"}]}}}"#;

/// Any JSON, with names and strings that need escapes.
fn any_json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        any::<String>().prop_map(|text| quoted(&text)),
    ];
    scalar.prop_recursive(6, 64, 6, |inner| {
        let name = prop_oneof![prop::sample::select(names()).prop_map(str::to_owned), any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(" ,\n"))),
            prop::collection::vec((name, inner), 0..6).prop_map(object),
        ]
    })
}

/// Records whose known members hold anything at all.
fn any_record() -> impl Strategy<Value = String> {
    let name = prop::sample::select(names()).prop_map(str::to_owned);
    prop::collection::vec((name, any_json()), 0..8).prop_map(object)
}

/// The members that the schema names anywhere, and some that it does not.
fn names() -> Vec<&'static str> {
    use osv_schema::{Affected, Credit, Event, Origin, Package, Range, Record, Reference, Severity};
    let known = [Record::MEMBERS, Affected::MEMBERS, Package::MEMBERS, Range::MEMBERS, Event::MEMBERS];
    let more = [Reference::MEMBERS, Severity::MEMBERS, Credit::MEMBERS, Origin::MEMBERS];
    let odd = ["x_more", "", "malpkg", "malicious-packages-origins", "iocs", "$serde_json::private::Number"];
    known.into_iter().chain(more).flatten().copied().chain(odd).collect()
}

fn object(members: Vec<(String, String)>) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("{} : {value}", quoted(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn quoted(text: &str) -> String {
    osv_schema::Value::from(text).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_object_is_a_record_and_nothing_of_it_is_lost(text in any_record()) {
        properties::record(text.as_bytes());
    }

    #[test]
    fn a_damaged_report_is_judged(at in any::<prop::sample::Index>(), cut in 0..40usize, put in bytes(pieces::RECORD)) {
        let mut bytes = REPORT.as_bytes().to_vec();
        let from = at.index(bytes.len());
        bytes.splice(from..(from + cut).min(REPORT.len()), put);
        properties::record(&bytes);
    }

    #[test]
    fn a_report_with_another_value_is_judged(which in any::<prop::sample::Index>(), value in any_json()) {
        let document = osv_schema::Document::parse(REPORT.as_bytes()).unwrap();
        let mut spans = Vec::new();
        collect(document.root(), &mut spans);
        let span = spans[which.index(spans.len())].clone();
        properties::record([&REPORT[..span.start], &value, &REPORT[span.end..]].concat().as_bytes());
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), bytes(pieces::RECORD)]) {
        properties::record(&bytes);
    }
}

/// The place of every value.
fn collect(node: osv_schema::Node<'_>, spans: &mut Vec<std::ops::Range<usize>>) {
    spans.push(node.span());
    node.items().for_each(|item| collect(item, spans));
    node.members().for_each(|(_, value)| collect(value, spans));
}
