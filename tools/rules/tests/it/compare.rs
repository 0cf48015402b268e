//! The ratchet over a change: what it introduces, what it leaves as it was, what it heals.

use std::collections::BTreeMap;

use database::Content;
use proptest::prelude::*;
use rules::{By, Check, Finding, Settings, validate};
use serde_json::{Value, json};

use crate::change::{Files, LINK, file, files, judge, report, settings, snapshot};

const AT: &str = "osv/malicious/npm/left-padd/MAL-2026-1.json";
const ELSEWHERE: &str = "osv/malicious/npm/left-paddd/MAL-2026-1.json";
const LATER: &str = "2026-02-03T04:05:06Z";

/// Rule and path of what a change introduces, leaves and heals; the paths are those behind `osv/malicious/npm/`. Rules
/// about the change itself are not looked at.
#[track_caller]
fn check(base: &[(&str, Content)], head: &[(&str, Content)], expected: [&[&str]; 3]) {
    let (base, head) = (files(base.iter().cloned()), files(head.iter().cloned()));
    let compared = judge(&base, &head, By::Maintainer, &settings());
    let words = |findings: &[Finding]| -> Vec<String> {
        let of_trees = findings.iter().filter(|finding| !is_about_change(finding));
        let short = |finding: &Finding| finding.path.as_str().trim_start_matches("osv/malicious/npm/").to_owned();
        of_trees.map(|finding| format!("{} {}", finding.rule.name, short(finding))).collect()
    };
    let found = [words(&compared.introduced), words(&compared.present), words(&compared.healed)];
    assert_eq!(found, expected);
}

fn is_about_change(finding: &Finding) -> bool {
    matches!(finding.rule.check, Check::History(_) | Check::Contribution(_))
}

/// A report with members that the OSV schema does not know.
fn faulty(members: &[&str]) -> Content {
    let mut over = json!({ "modified": LATER });
    members.iter().for_each(|name| over[name] = 1.into());
    report(over)
}

#[test]
fn a_fault_is_new_once() {
    let (schema, elsewhere) =
        ("schema-violation left-padd/MAL-2026-1.json", "schema-violation left-paddd/MAL-2026-1.json");
    check(&[(AT, report(json!({})))], &[(AT, faulty(&["x"]))], [&[schema], &[], &[]]);
    check(&[(AT, faulty(&["x"]))], &[(AT, report(json!({})))], [&[], &[], &[schema]]);
    check(&[(AT, faulty(&["x"]))], &[(AT, faulty(&["x", "y"]))], [&[schema], &[schema], &[]]);
    check(&[(AT, faulty(&["x"]))], &[(AT, faulty(&["y"]))], [&[schema], &[], &[schema]]);
    check(&[(AT, faulty(&["x"]))], &[(AT, faulty(&["x"]))], [&[], &[], &[]]);
    // A moved report brings its faults along; that it lies in the wrong folder is new.
    let astray = "path-mismatch left-paddd/MAL-2026-1.json";
    check(&[(AT, faulty(&["x"]))], &[(ELSEWHERE, faulty(&["x"]))], [&[astray], &[elsewhere], &[]]);
    check(&[(ELSEWHERE, faulty(&["x"]))], &[(AT, faulty(&["x"]))], [&[], &[schema], &[astray]]);
    // What is not touched is not looked at.
    let other = ("osv/malicious/npm/other/MAL-2026-5.json", file("{"));
    check(&[(AT, report(json!({}))), other.clone()], &[(AT, faulty(&[])), other], [&[], &[], &[]]);
}

#[test]
fn a_second_fault_of_one_kind_is_new() {
    let twice = |count: usize| {
        let mut affected = json!({ "package": { "ecosystem": "npm", "name": "left-padd" }, "versions": ["1.0.0"] });
        affected["ranges"] = vec![json!({ "type": "NEVER", "events": [{ "introduced": "1.0.0" }] }); count].into();
        report(json!({ "affected": [affected], "modified": LATER }))
    };
    let fault = "schema-violation left-padd/MAL-2026-1.json";
    let compare = |before: usize, after: usize| -> [usize; 3] {
        let (base, head) = (files([(AT, twice(before))]), files([(AT, twice(after))]));
        let compared = judge(&base, &head, By::Maintainer, &settings());
        let count = |found: &[Finding]| found.iter().filter(|one| one.rule.name == "schema-violation").count();
        [count(&compared.introduced), count(&compared.present), count(&compared.healed)]
    };
    assert_eq!(compare(1, 3), [2, 1, 0]);
    assert_eq!(compare(3, 1), [0, 1, 2]);
    assert_eq!(compare(2, 2), [0; 3]);
    check(&[(AT, twice(0))], &[(AT, twice(1))], [&[fault], &[], &[]]);
}

#[test]
fn a_shared_id_is_a_fault_of_both() {
    let [a, b] = ["duplicate-id left-padd/MAL-2026-1.json", "duplicate-id left-paddd/MAL-2026-1.json"];
    let one = || (AT, report(json!({})));
    let on = |name: &str| json!([{ "package": { "ecosystem": "npm", "name": name }, "versions": ["1.0.0"] }]);
    let two = || (ELSEWHERE, report(json!({ "affected": on("left-paddd") })));
    check(&[one()], &[one(), two()], [&[a, b], &[], &[]]);
    check(&[one(), two()], &[one()], [&[], &[], &[a, b]]);
    let renamed = "osv/malicious/npm/left-paddd/MAL-2026-2.json";
    let other = report(json!({ "id": "MAL-2026-2", "affected": on("left-paddd") }));
    check(&[one(), two()], &[one(), (renamed, other)], [&[], &[], &[a, b]]);
    // A third one is a fault of its own, and those of the others stay.
    let third = "osv/malicious/npm/right-padd/MAL-2026-1.json";
    let three = (third, report(json!({ "affected": on("right-padd") })));
    check(&[one(), two()], &[one(), two(), three], [&["duplicate-id right-padd/MAL-2026-1.json"], &[a, b], &[]]);
    // Touched and still shared.
    let touched = (AT, report(json!({ "modified": LATER })));
    check(&[one(), two()], &[touched, two()], [&[], &[a, b], &[]]);
}

#[test]
fn sides_that_cannot_be_read_are_judged() {
    let (unread, json) = ("unreadable-report left-padd/MAL-2026-1.json", "malformed-json left-padd/MAL-2026-1.json");
    check(&[(AT, report(json!({})))], &[(AT, LINK)], [&[unread], &[], &[]]);
    check(&[(AT, LINK)], &[(AT, report(json!({})))], [&[], &[], &[unread]]);
    check(&[(AT, LINK)], &[(AT, file("{"))], [&[json], &[], &[unread]]);
    check(&[], &[(AT, file("{"))], [&[json], &[], &[]]);
    check(&[(AT, file("{"))], &[], [&[], &[], &[json]]);
    check(&[(AT, file("["))], &[(AT, file("[ "))], [&[], &[json], &[]]);
}

#[test]
fn what_a_stranger_may_not_a_maintainer_may() {
    let base = files([(AT, report(json!({})))]);
    let head = files([(AT, report(json!({ "withdrawn": LATER, "modified": LATER })))]);
    let rules = |by: By| -> Vec<&str> {
        judge(&base, &head, by, &settings()).introduced.iter().map(|finding| finding.rule.name).collect()
    };
    assert_eq!(rules(By::Maintainer), ["misplaced-withdrawn"]);
    assert_eq!(rules(By::Stranger), ["misplaced-withdrawn", "outside-contribution"]);
}

#[test]
fn what_a_change_does_is_always_new() {
    let base = files([(AT, report(json!({ "aliases": ["A-1"] })))]);
    let head = files([(AT, report(json!({ "modified": LATER })))]);
    let compared = judge(&base, &head, By::Maintainer, &settings());
    let names: Vec<&str> = compared.introduced.iter().map(|finding| finding.rule.name).collect();
    assert_eq!((names, compared.present.len(), compared.healed.len()), (vec!["alias-dropped"], 0, 0));
    assert_eq!((compared.facts.len(), compared.reports_before), (1, 1));
}

#[test]
fn findings_about_a_change_have_their_place() {
    let (base, head) = (files([(AT, report(json!({})))]), files([(AT, report(json!({ "summary": "x" })))]));
    let compared = judge(&base, &head, By::Maintainer, &settings());
    let found =
        compared.introduced.iter().find(|finding| finding.rule.name == "modified-not-later").expect("a finding");
    let position = found.position.expect("a place");
    let Some(Content::Planned(text)) = head.values().next() else { panic!("{head:?}") };
    let behind = std::str::from_utf8(text).unwrap().split_at(position.column - 1).1;
    assert!(position.line == 1 && behind.starts_with("\"2026-01-02T03:04:05Z\""), "{behind}");
}

/// A report, or what lies where one should.
fn content() -> impl Strategy<Value = Content> {
    let word = |words: &'static [&'static str]| prop::sample::select(words);
    let id = word(&["MAL-2026-1", "MAL-2026-2", "MAL-2026-3", "", "X"]);
    let package = (word(&["npm", "PyPI", "Nope"]), word(&["a", "A", "b", "a-a", "a_a", ""]));
    let aliases = prop::collection::vec(word(&["G-1", "G-2", "MAL-2026-1", "MAL-2026-2"]), 0..3);
    let members = prop::collection::vec(word(&["x", "y"]), 0..2);
    let record = (id, package, aliases, members, any::<bool>(), 0..3usize);
    let record = record.prop_map(|(id, (ecosystem, name), aliases, members, is_withdrawn, versions)| {
        let mut over = json!({ "id": id, "aliases": aliases });
        over["affected"] = json!([{ "package": { "ecosystem": ecosystem, "name": name } }]);
        over["affected"][0]["versions"] = vec!["1.0.0"; versions].into();
        members.iter().for_each(|name| over[name] = 1.into());
        over["withdrawn"] = if is_withdrawn { LATER.into() } else { Value::Null };
        report(over)
    });
    prop_oneof![12 => record, 1 => Just(file("{")), 1 => Just(file("[]")), 1 => Just(LINK)]
}

/// A few files at a few paths, so that they meet each other.
fn database() -> impl Strategy<Value = Vec<(&'static str, Content)>> {
    let paths = prop::sample::select(&[
        "osv/malicious/npm/a/MAL-2026-1.json",
        "osv/malicious/npm/a/MAL-2026-2.json",
        "osv/malicious/npm/A/MAL-2026-1.json",
        "osv/malicious/npm/a/MAL-0000-x.json",
        "osv/malicious/npm/a/MAL-0000-X.json",
        "osv/malicious/npm/b/MAL-2026-2.json",
        "osv/malicious/pypi/a-a/MAL-2026-3.json",
        "osv/withdrawn/npm/a/MAL-2026-1.json",
        "osv/withdrawn/pypi/a-a/MAL-2026-3.json",
        "osv/malicious/npm/a/notes.txt",
        "osv/malicious/vscode:x/con/MAL-2026-3.json",
        "osv/ids.json",
    ] as &[_]);
    prop::collection::vec((paths, content()), 0..9)
}

/// How often each fault is found.
type Faults = BTreeMap<(&'static str, String, String), i64>;

fn count(findings: &[Finding]) -> Faults {
    let mut faults = Faults::new();
    // What is asked of whole trees alone is no part of a comparison.
    let is_compared = |finding: &&Finding| !is_about_change(finding) && !matches!(finding.rule.check, Check::Ids(_));
    for finding in findings.iter().filter(is_compared) {
        *faults.entry((finding.rule.name, finding.id.to_string(), finding.value.to_string())).or_default() += 1;
    }
    faults
}

/// What the first has more of than the second.
fn less(more: &Faults, less: &Faults) -> Faults {
    let left = more.iter().map(|(fault, count)| (fault.clone(), count - less.get(fault).unwrap_or(&0)));
    left.filter(|(_, count)| *count > 0).collect()
}

proptest! {
    #[test]
    fn a_change_is_judged_as_the_difference_of_two_trees(
        base in database(), edits in database(), gone in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
    ) {
        let settings = Settings::default();
        let base = files(base);
        let mut head: Files = base.clone();
        for index in gone {
            if let Some(path) = (!base.is_empty()).then(|| base.keys().nth(index.index(base.len()))).flatten() {
                head.remove(path);
            }
        }
        head.extend(files(edits));
        let compared = judge(&base, &head, By::Maintainer, &settings);
        let before = count(&validate(&snapshot(&base), &settings).findings);
        let after = count(&validate(&snapshot(&head), &settings).findings);
        prop_assert_eq!(count(&compared.introduced), less(&after, &before));
        prop_assert_eq!(count(&compared.healed), less(&before, &after));
        let present = count(&compared.present);
        prop_assert_eq!(less(&present, &before), Faults::new());
        // Whoever changes nothing is told nothing.
        let unchanged = judge(&head, &head, By::Stranger, &settings);
        prop_assert_eq!((unchanged.introduced.len(), unchanged.healed.len()), (0, 0));
    }
}
