//! What is published of a report: each change of `docs/published-profile.md`, and nothing else.

use std::collections::BTreeSet;

use export::published;
use osv_schema::{Document, Record, Value, write};
use proptest::prelude::*;

fn read(text: &str) -> Record {
    Record::read(&Document::parse(text.as_bytes()).unwrap()).unwrap()
}

fn value(text: &str) -> Value {
    Value::from(Document::parse(text.as_bytes()).unwrap().root())
}

/// Holds what is published to an expectation that leaves the verdict out.
#[track_caller]
fn check(report: &str, expected: &str) {
    let once = published(&read(report));
    assert_eq!(write::compact(&without_verdict(once.clone())), expected);
    assert_eq!(published(&once), once, "publishing it again");
}

/// A record without what every one has.
fn without_verdict(mut record: Record) -> Record {
    let Some(members) = record.database_specific.value_mut() else { return record };
    let Some(Value::Object(ours)) = members.get_mut("malpkg") else { panic!("no verdict: {members:?}") };
    assert!(ours.remove("state").is_some());
    if ours.get("kind").and_then(Value::as_str) == Some("malware") {
        ours.remove("kind");
    }
    if ours.is_empty() {
        members.remove("malpkg");
    }
    if members.is_empty() {
        record.database_specific = osv_schema::Member::Absent;
    }
    record
}

#[test]
fn every_record_has_a_verdict() {
    #[track_caller]
    fn verdict(report: &str, expected: &str) {
        let record = published(&read(report));
        let ours = record.database_specific.value().unwrap().get("malpkg").unwrap();
        assert_eq!(write::compact(ours), expected, "{report}");
    }
    verdict("{}", r#"{"kind":"malware","state":"live"}"#);
    verdict(r#"{"withdrawn":"2026-01-01T00:00:00Z"}"#, r#"{"kind":"malware","state":"withdrawn"}"#);
    verdict(r#"{"withdrawn":null,"database_specific":null}"#, r#"{"kind":"malware","state":"live"}"#);
    verdict(
        r#"{"database_specific":{"malpkg":{"state":"x","kind":"test","campaign":"c","confidence":"likely","technique":"t"}}}"#,
        r#"{"campaign":"c","confidence":"likely","kind":"test","state":"live","technique":"t"}"#,
    );
    verdict(r#"{"database_specific":{"malpkg":7}}"#, r#"{"kind":"malware","state":"live"}"#);
    verdict(r#"{"database_specific":{"malpkg":{"kind":7}}}"#, r#"{"kind":"malware","state":"live"}"#);
    assert_eq!(write::compact(&published(&read(r#"{"database_specific":7}"#))), r#"{"database_specific":7}"#);
}

#[test]
fn an_entry_means_one_thing() {
    #[track_caller]
    fn affected(ecosystem: &str, given: &[&str], expected: &[&str]) {
        let purl =
            published(&read(&format!(r#"{{"affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"a"}}}}]}}"#)));
        let package = write::compact(purl.affected.items()[0].package.value().unwrap());
        let whole = |entries: &[&str]| {
            let entries: Vec<String> =
                entries.iter().map(|entry| format!(r#"{{"package":{package}{entry}}}"#)).collect();
            format!(r#"{{"affected":[{}]}}"#, entries.join(","))
        };
        check(&whole(given), &whole(expected));
    }
    const OPEN: &str = r#","ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]"#;
    const LATE: &str = r#","ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"2.0.0"}]}]"#;
    const CLOSED: &str = r#","ranges":[{"type":"SEMVER","events":[{"introduced":"2.0.0"},{"fixed":"3.0.0"}]}]"#;
    const COMMITS: &str = r#","ranges":[{"type":"GIT","repo":"https://x.test/y","events":[{"introduced":"0"}]}]"#;
    let with = |versions: &str, ranges: &str| format!(r#"{ranges},"versions":[{versions}]"#);
    let listed = |versions: &str| format!(r#","versions":[{versions}]"#);

    affected("npm", &[&with(r#""1.0.0","not a version""#, OPEN)], &[OPEN]);
    affected("npm", &[&with("", OPEN)], &[&with("", OPEN)]);
    affected("npm", &[&with(r#""2.0.0","3.1.0""#, LATE)], &[LATE]);
    affected("npm", &[&with(r#""1.0.0","2.1.0","odd""#, LATE)], &[&listed(r#""1.0.0","odd""#), LATE]);
    affected("PyPI", &[&with(r#""1.0","2.1""#, LATE)], &[&listed(r#""1.0""#), LATE]);
    affected("npm", &[&with(r#""1.0.0","2.1.0""#, CLOSED)], &[&with(r#""1.0.0","2.1.0""#, CLOSED)]);
    affected("npm", &[&with(r#""1.0.0""#, COMMITS)], &[&with(r#""1.0.0""#, COMMITS)]);
    affected("npm", &[OPEN, &listed(r#""1.0.0""#)], &[OPEN, &listed(r#""1.0.0""#)]);
    // No client can order these.
    for ecosystem in
        ["VSCode", "VSCode:https://open-vsx.org", "GitHub Actions", "opam", "Azure Linux:3", "Echo", "Root"]
    {
        affected(ecosystem, &[&with(r#""1.0.0""#, OPEN)], &[&listed(r#""1.0.0""#)]);
        affected(ecosystem, &[&with(r#""1.0.0""#, CLOSED)], &[&listed(r#""1.0.0""#)]);
        affected(ecosystem, &[&with(r#""1.0.0""#, COMMITS)], &[&with(r#""1.0.0""#, COMMITS)]);
        affected(ecosystem, &[OPEN], &[OPEN]);
    }
}

#[test]
fn where_clients_know_no_order_the_versions_seen_stand_for_all() {
    let package = r#""package":{"ecosystem":"VSCode","name":"a.b","purl":"pkg:vscode-extension/a/b"}"#;
    let range = r#""ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]"#;
    let seen = r#""malicious-packages-origins":[{"source":"x","versions":["1.0.0"]}],"#;
    let artifacts = r#""malpkg":{"artifacts":[{"version":"2.0.0"},{"sha256":"00"}]}"#;
    check(
        &format!(r#"{{"affected":[{{{package},{range}}}],"database_specific":{{{seen}{artifacts}}}}}"#),
        &format!(r#"{{"affected":[{{{package},"versions":["1.0.0","2.0.0"]}}],"database_specific":{{{artifacts}}}}}"#),
    );
}

#[test]
fn the_page_for_people_comes_first() {
    check(
        r#"{"references":[{"type":"ARTICLE","url":"https://a.test"},{"type":"WEB","url":"https://b.test"},{"type":"ADVISORY","url":"https://c.test"},{"type":"ADVISORY","url":"https://a.test"},{"type":"WEB","url":"/b"},{"type":"WEB","url":"b.test/x:y"},{"url":null}]}"#,
        r#"{"references":[{"type":"ADVISORY","url":"https://c.test"},{"type":"ADVISORY","url":"https://a.test"},{"type":"WEB","url":"https://b.test"},{"type":"ARTICLE","url":"https://a.test"},{"url":null}]}"#,
    );
}

#[test]
fn origins_are_kept_back() {
    check(
        r#"{"database_specific":{"malicious-packages-origins":[{"source":"x"}],"iocs":{}}}"#,
        r#"{"database_specific":{"iocs":{}}}"#,
    );
    check(r#"{"database_specific":{"malicious-packages-origins":[]}}"#, "{}");
    check(r#"{"database_specific":{"malicious-packages-origins":null}}"#, "{}");
    check(r#"{"database_specific":{}}"#, "{}");
    let elsewhere = r#"{"affected":[{"database_specific":{"malicious-packages-origins":[1]}}]}"#;
    check(elsewhere, elsewhere);
}

#[test]
fn notes_of_decisions_are_kept_back() {
    check(
        r#"{"database_specific":{"malpkg":{"decisions":[{"kind":"withdraw","note":"call me: 555"},{"deliveries":[1],"left":[1],"note":1},3],"kind":"spam","note":"n"}}}"#,
        r#"{"database_specific":{"malpkg":{"decisions":[{"kind":"withdraw"},{},3],"kind":"spam","note":"n"}}}"#,
    );
    let odd = r#"{"database_specific":{"malpkg":{"decisions":{"note":1}}}}"#;
    check(odd, odd);
}

#[test]
fn null_members_are_left_out_where_they_are_optional() {
    check(
        r#"{"aliases":null,"severity":null,"affected":[{"severity":null,"package":{"ecosystem":"npm","name":"a","purl":null}}],"references":null,"credits":null,"database_specific":null}"#,
        r#"{"affected":[{"package":{"ecosystem":"npm","name":"a","purl":"pkg:npm/a"}}]}"#,
    );
    check(
        r#"{"id":null,"modified":null,"affected":[{"package":{"name":null},"ranges":[{"type":null,"repo":null,"events":[{"fixed":null}]}]}],"x":null,"credits":[{"name":null,"contact":null,"type":null}]}"#,
        r#"{"id":null,"modified":null,"affected":[{"package":{"name":null},"ranges":[{"type":null,"events":[{}]}]}],"credits":[{"name":null}],"x":null}"#,
    );
    let free = r#"{"affected":[{"ecosystem_specific":{"a":null}}],"database_specific":{"a":null}}"#;
    check(free, free);
}

#[test]
fn times_are_whole_seconds_in_utc() {
    #[track_caller]
    fn time(given: &str, expected: &str) {
        for member in ["published", "modified", "withdrawn"] {
            check(&format!(r#"{{"{member}":"{given}"}}"#), &format!(r#"{{"{member}":"{expected}"}}"#));
        }
    }
    for same in ["2026-01-31T12:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2024-02-29T00:00:00Z"] {
        time(same, same);
    }
    time("2026-01-31T12:00:00.999999999Z", "2026-01-31T12:00:00Z");
    time("2026-01-31T12:00:00.0Z", "2026-01-31T12:00:00Z");
    time("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z");
    time("2026-01-01T00:30:00.5+01:00", "2025-12-31T23:30:00Z");
    time("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z");
    for unreadable in ["", "yesterday", "2026-02-30T00:00:00Z", "2026-01-31T12:00:00", "2026-01-31t12:00:00z"] {
        time(unreadable, unreadable);
    }
}

#[test]
fn a_package_url_is_filled_in_where_the_ecosystem_has_one() {
    #[track_caller]
    fn package(ecosystem: &str, name: &str, expected: &str) {
        let affected = |package: String| format!(r#"{{"affected":[{{"package":{{{package}}}}}]}}"#);
        check(&affected(format!(r#""ecosystem":"{ecosystem}","name":"{name}""#)), &affected(expected.to_owned()));
    }
    package("npm", "@a/b", r#""ecosystem":"npm","name":"@a/b","purl":"pkg:npm/%40a/b""#);
    package("crates.io", "a_b", r#""ecosystem":"crates.io","name":"a_b","purl":"pkg:cargo/a_b""#);
    package("Maven", "org.x:y", r#""ecosystem":"Maven","name":"org.x:y","purl":"pkg:maven/org.x/y""#);
    package("Go", "x.test/A/b", r#""ecosystem":"Go","name":"x.test/A/b","purl":"pkg:golang/x.test/A/b""#);
    package("PyPI", "Foo.-_Bar", r#""ecosystem":"PyPI","name":"foo-bar","purl":"pkg:pypi/foo-bar""#);
    package("FreeBSD", "a", r#""ecosystem":"FreeBSD","name":"a""#);
    package("nowhere", "Foo.Bar", r#""ecosystem":"nowhere","name":"Foo.Bar""#);
    package("npm", "", r#""ecosystem":"npm","name":"""#);
    for kept in [
        r#"{"affected":[{"package":{"ecosystem":"npm","name":"a","purl":"pkg:npm/b"}}]}"#,
        r#"{"affected":[{"package":{"ecosystem":"npm","name":"a","purl":""}}]}"#,
        r#"{"affected":[{}]}"#,
        r#"{"affected":[{"package":{"name":"Foo.Bar"}}]}"#,
    ] {
        check(kept, kept);
    }
}

/// The places where two values differ, as pointers with `*` for any index.
fn differences(before: &Value, after: &Value, at: &str, found: &mut BTreeSet<(String, Difference)>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
                let at = format!("{at}/{name}");
                match (before.get(name), after.get(name)) {
                    (Some(before), Some(after)) => differences(before, after, &at, found),
                    (Some(Value::Null), None) => drop(found.insert((at, Difference::NullRemoved))),
                    (Some(_), None) => drop(found.insert((at, Difference::Removed))),
                    _ => drop(found.insert((at, Difference::Added))),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (before, after) in before.iter().zip(after) {
                differences(before, after, &format!("{at}/*"), found);
            }
        }
        _ if before == after => {}
        _ => drop(found.insert((at.to_owned(), Difference::Changed))),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    Removed,
    NullRemoved,
    Added,
    Changed,
}

/// Where publishing may change what.
fn is_allowed(at: &str, difference: Difference) -> bool {
    let optional = [
        "/schema_version /published /withdrawn /aliases /related /upstream /summary /details /affected /references",
        "/database_specific /severity /credits /affected/*/package /affected/*/ranges /affected/*/versions",
        "/affected/*/ecosystem_specific /affected/*/database_specific /affected/*/severity /affected/*/package/purl",
        "/affected/*/ranges/*/repo /affected/*/ranges/*/database_specific /affected/*/ranges/*/events/*/introduced",
        "/affected/*/ranges/*/events/*/fixed /affected/*/ranges/*/events/*/last_affected",
        "/affected/*/ranges/*/events/*/limit /credits/*/contact /credits/*/type",
    ];
    let is_optional = optional.iter().flat_map(|line| line.split(' ')).any(|place| place == at);
    match difference {
        Difference::NullRemoved if is_optional => true,
        Difference::Removed | Difference::NullRemoved => [
            "/affected/*/versions",
            "/affected/*/ranges",
            "/database_specific/malicious-packages-origins",
            "/database_specific/malpkg/decisions/*/note",
        ]
        .contains(&at),
        Difference::Added => [
            "/affected/*/package/purl",
            "/database_specific",
            "/database_specific/malpkg",
            "/database_specific/malpkg/kind",
            "/database_specific/malpkg/state",
        ]
        .contains(&at),
        Difference::Changed => {
            let places = "/published /modified /withdrawn /affected /affected/*/package/name /affected/*/package/purl \
                /affected/*/ranges /references /references/*/type /references/*/url /database_specific /database_specific/malpkg \
                /database_specific/malpkg/kind /database_specific/malpkg/state";
            places.split(' ').any(|place| place == at)
        }
    }
}

/// A value of a few levels, often null, with the names that publishing knows.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => (-9i32..9).prop_map(|number| Value::Number(format!("{number}.50").into())),
        2 => "[a-zA-Z_.\u{202e}\u{e9}-]{0,6}".prop_map(Value::String),
        1 => Just(Value::from("2026-01-31T12:00:00.5+01:00")),
    ];
    let names = prop::sample::select(vec!["note", "decisions", "malpkg", "malicious-packages-origins", "x"]);
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..4).prop_map(Value::Object),
        ]
    })
}

/// An object with some of these members, most of them of the type that the schema has for them.
fn object(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let members: Vec<_> = members
        .into_iter()
        .map(|(name, strategy)| {
            let some = prop_oneof![6 => strategy.prop_map(Some), 3 => Just(Some(Value::Null)), 3 => Just(None), 1 => anything().prop_map(Some)];
            some.prop_map(move |value| value.map(|value| (name.to_owned(), value)))
        })
        .collect();
    members.prop_map(|members| Value::Object(members.into_iter().flatten().collect())).boxed()
}

fn list(of: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    prop::collection::vec(of, 0..3).prop_map(Value::Array).boxed()
}

fn one_of(texts: &'static [&'static str]) -> BoxedStrategy<Value> {
    prop::sample::select(texts).prop_map(Value::from).boxed()
}

fn any_record() -> BoxedStrategy<Value> {
    let text = || "[a-zA-Z_.-]{0,6}".prop_map(Value::String).boxed();
    let time = || {
        one_of(&[
            "2026-01-31T12:00:00Z",
            "2026-01-31T12:00:00.5Z",
            "2026-01-31T12:00:00+01:00",
            "2016-12-31T23:59:60Z",
            "x",
        ])
    };
    let free = || object(vec![("a", anything().boxed()), ("note", text())]);
    let package = object(vec![
        ("ecosystem", one_of(&["npm", "PyPI", "PyPI:x", "Go", "GIT", "FreeBSD", "Debian:12", "VSCode", "nowhere", ""])),
        ("name", one_of(&["a", "Foo.Bar", "@a/b", "x.test/Y", "a.b", "https://x.test/y.git", ""])),
        ("purl", text()),
        ("x", text()),
    ]);
    let event = object(vec![("introduced", text()), ("fixed", text()), ("last_affected", text()), ("limit", text())]);
    let range = object(vec![
        ("type", one_of(&["GIT", "SEMVER"])),
        ("repo", text()),
        ("events", list(event)),
        ("database_specific", free()),
    ]);
    let affected = object(vec![
        ("package", package),
        ("ranges", list(range)),
        ("versions", list(text())),
        ("ecosystem_specific", free()),
        ("database_specific", free()),
        ("severity", list(object(vec![("type", text()), ("score", text())]))),
    ]);
    let decision = object(vec![("kind", text()), ("note", text())]);
    let malpkg = object(vec![("decisions", list(decision)), ("kind", text()), ("note", text())]);
    let database_specific =
        object(vec![("malicious-packages-origins", list(free())), ("malpkg", malpkg), ("iocs", free())]);
    object(vec![
        ("schema_version", text()),
        ("id", text()),
        ("published", time()),
        ("modified", time()),
        ("withdrawn", time()),
        ("aliases", list(text())),
        ("related", list(text())),
        ("upstream", list(text())),
        ("summary", text()),
        ("details", text()),
        ("affected", list(affected)),
        ("references", list(object(vec![("type", text()), ("url", text())]))),
        ("database_specific", database_specific),
        ("severity", list(object(vec![("type", text()), ("score", text())]))),
        ("credits", list(object(vec![("name", text()), ("contact", list(text())), ("type", text())]))),
        ("x", anything().boxed()),
    ])
}

proptest! {
    #[test]
    fn publishing_twice_is_publishing_once(report in any_record()) {
        let once = published(&read(&write::compact(&report)));
        prop_assert_eq!(published(&once), once.clone());
        let again = published(&read(&write::compact(&once)));
        prop_assert_eq!(again, once, "what was written and read");
    }

    #[test]
    fn publishing_changes_nothing_else(report in any_record()) {
        let after = value(&write::compact(&published(&read(&write::compact(&report)))));
        let mut found = BTreeSet::new();
        differences(&report, &after, "", &mut found);
        for (at, difference) in found {
            prop_assert!(is_allowed(&at, difference), "{at} {difference:?}\n{report}\n{after}");
        }
    }
}
