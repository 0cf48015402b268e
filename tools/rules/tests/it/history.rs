//! What a change may not do to what was published, beyond the examples of the pages.

use database::Content;
use rules::{By, Settings};
use serde_json::{Value, json};

use crate::change::{LINK, file, files, judge, report};

const AT: &str = "osv/malicious/npm/left-padd/MAL-2026-1.json";
const WITHDRAWN: &str = "osv/withdrawn/npm/left-padd/MAL-2026-1.json";
const UNASSIGNED: &str = "osv/malicious/npm/left-padd/MAL-0000-x.json";
const LATER: &str = "2026-02-03T04:05:06Z";

/// What one rule says of a change.
#[track_caller]
fn check(rule: &str, base: &[(&str, Content)], head: &[(&str, Content)], expected: &[&str]) {
    let (base, head) = (files(base.iter().cloned()), files(head.iter().cloned()));
    let introduced = judge(&base, &head, By::Maintainer, &Settings::default()).introduced;
    let found: Vec<&str> =
        introduced.iter().filter(|one| one.rule.name == rule).map(|finding| &*finding.message).collect();
    assert_eq!(found, expected);
}

/// The same of a report that stays where it is.
#[track_caller]
fn check_edit(rule: &str, before: Value, after: Value, expected: &[&str]) {
    check(rule, &[(AT, report(before))], &[(AT, report(after))], expected);
}

#[test]
fn a_report_is_deleted_when_its_id_is_nowhere() {
    let gone = &["the report MAL-2026-1 is gone"];
    let check = |base: &[(&str, Content)], head: &[(&str, Content)], expected: &[&str]| {
        check("report-deleted", base, head, expected);
    };
    let one = || (AT, report(json!({})));
    check(&[one()], &[], gone);
    check(&[(WITHDRAWN, report(json!({ "withdrawn": LATER })))], &[], gone);
    check(&[(AT, file("{"))], &[], gone);
    check(&[(AT, LINK)], &[], gone);
    check(&[(UNASSIGNED, report(json!({ "id": null })))], &[], &[]);
    check(&[("osv/malicious/npm/README.md", file("x"))], &[], &[]);
    // It moved, and may have changed on the way.
    check(&[one()], &[(WITHDRAWN, report(json!({ "withdrawn": LATER })))], &[]);
    check(&[one()], &[("osv/malicious/npm/left-paddd/MAL-2026-1.json", file("{"))], &[]);
    // What lies there cannot be read, which is another fault.
    check(&[one()], &[(AT, LINK)], &[]);
    // The id stays, and the file gets its name.
    check(&[("osv/malicious/npm/left-padd/MAL-2026-7.json", report(json!({})))], &[one()], &[]);
    // The id was twice in the tree, and one of the two gets another one, or goes.
    let twin = "osv/malicious/npm/left-paddd/MAL-2026-1.json";
    let other = ("osv/malicious/npm/left-paddd/MAL-2026-2.json", report(json!({ "id": "MAL-2026-2" })));
    check(&[one(), (twin, report(json!({})))], &[one(), other.clone()], &[]);
    check(&[one(), (twin, report(json!({})))], &[one()], &[]);
    check(&[one(), (twin, report(json!({})))], &[other], &["the report MAL-2026-1 is gone"; 2]);
    // The id changes where it stands.
    check(&[one()], &[(AT, report(json!({ "id": "MAL-2026-2" })))], gone);
    check(&[one()], &[(UNASSIGNED, report(json!({ "id": null })))], gone);
}

fn affected(ecosystem: &str, name: &str) -> Value {
    json!({ "affected": [{ "package": { "ecosystem": ecosystem, "name": name }, "versions": ["1.0.0"] }] })
}

#[test]
fn an_id_stays_with_its_package() {
    #[track_caller]
    fn check_spelling(before: (&str, &str), after: (&str, &str), is_mended: bool) {
        let message = format!(
            "MAL-2026-1 is the id of a report on `{}/{}`, and now of one on `{}/{}`",
            before.0, before.1, after.0, after.1
        );
        let expected: &[&str] = if is_mended { &[] } else { &[&message] };
        let (before, after) = (report(affected(before.0, before.1)), report(affected(after.0, after.1)));
        check("reused-id", &[("osv/malicious/x/y/MAL-2026-1.json", before)], &[(AT, after)], expected);
    }
    check_spelling(("npm", "a"), ("npm", "b"), false);
    check_spelling(("npm", "a"), ("PyPI", "a"), false);
    check_spelling(("npm", "Left_Padd"), ("npm", "left-padd"), true);
    check_spelling(("PyPI", "left.padd"), ("PyPI", "left-padd"), true);
    check_spelling(("npm", "padd"), ("npm", "@left/padd"), true);
    check_spelling(("npm", "@left/padd"), ("npm", "padd"), false);
    check_spelling(("npm", "@left/padd"), ("npm", "@right/padd"), false);
    check_spelling(("Maven", "a:b"), ("Maven:https://example.org", "a:b"), false);
    // The folder was right all along.
    let (wrong, right) = (report(affected("npm", "right-padd")), report(affected("npm", "left-padd")));
    check("reused-id", &[(AT, wrong.clone())], &[(AT, right.clone())], &[]);
    // A name without an id belongs to nobody.
    check("reused-id", &[(UNASSIGNED, right)], &[(UNASSIGNED, wrong)], &[]);
}

#[test]
fn modified_moves_with_what_is_said() {
    let check = |before: Value, after: Value, expected: &[&str]| {
        check_edit("modified-not-later", before, after, expected);
    };
    let same = &["the report says something else than before, and `modified` is still 2026-01-02T03:04:05Z"];
    check(json!({}), json!({ "summary": "x" }), same);
    check(json!({}), json!({ "summary": "x", "modified": LATER }), &[]);
    check(json!({}), json!({ "withdrawn": LATER }), same);
    check(json!({}), json!({ "x": 1 }), same);
    let order = "the report says something else than before, and `modified` is still 2026-01-02T03:04:05.9Z";
    check(json!({}), json!({ "modified": "2026-01-02T03:04:05.9Z", "summary": "x" }), &[order]);
    check(
        json!({ "modified": LATER }),
        json!({}),
        &["`modified` goes back from 2026-02-03T04:05:06Z to 2026-01-02T03:04:05Z"],
    );
    // Nothing else is said.
    check(json!({ "schema_version": "1.4.0" }), json!({}), &[]);
    check(json!({ "aliases": [], "details": "x" }), json!({ "details": "x", "aliases": [] }), &[]);
    check(json!({ "published": "2026-01-02T03:04:05.000Z" }), json!({}), &[]);
    check(json!({}), json!({ "published": "2026-01-02T04:04:05+01:00" }), &[]);
    let origins = |origins: Value| json!({ "database_specific": { "malicious-packages-origins": origins } });
    check(origins(json!([])), origins(json!([{ "source": "a", "sha256": "b" }])), &[]);
    check(origins(Value::Null), json!({}), &[]);
    let decided = |decision: Value| json!({ "database_specific": { "malpkg": { "decisions": [decision] } } });
    check(decided(json!({ "kind": "lift", "note": "x" })), decided(json!({ "kind": "lift" })), &[]);
    check(decided(json!({ "kind": "lift", "by": "x" })), decided(json!({ "kind": "lift" })), same);
    // What is no time is another fault.
    check(json!({ "modified": "x" }), json!({ "summary": "x" }), &[]);
    check(json!({}), json!({ "modified": "x", "summary": "x" }), &[]);
    check(json!({}), json!({ "modified": null, "summary": "x" }), &[]);
}

#[test]
fn null_says_as_little_as_absence() {
    let with_null =
        r#"{"id":"MAL-2026-1","modified":"2026-01-02T03:04:05Z","aliases":null,"summary":null,"affected":[]}"#;
    let without = r#"{"affected":[],"id":"MAL-2026-1","modified":"2026-01-02T03:04:05Z"}"#;
    check("modified-not-later", &[(AT, file(with_null))], &[(AT, file(without))], &[]);
}

#[test]
fn the_rules_about_what_was_published_leave_what_was_not() {
    let before = json!({
        "id": null, "aliases": ["A-1"], "credits": [{ "name": "Ada" }], "modified": LATER,
        "database_specific": {
            "malicious-packages-origins": [{ "source": "a", "sha256": "b" }], "malpkg": { "decisions": [{}] },
        },
    });
    let after = json!({ "id": null, "published": LATER });
    let (base, head) = (files([(UNASSIGNED, report(before))]), files([(UNASSIGNED, report(after))]));
    let introduced = judge(&base, &head, By::Maintainer, &Settings::default()).introduced;
    let history =
        introduced.iter().filter(|finding| matches!(finding.rule.check, rules::Check::History(_))).collect::<Vec<_>>();
    assert!(history.is_empty(), "{history:?}");
}

#[test]
fn published_only_falls() {
    let check = |before: Value, after: Value, expected: &[&str]| check_edit("published-later", before, after, expected);
    let later = &["`published` moves from 2026-01-02T03:04:05Z to 2026-02-03T04:05:06Z"];
    check(json!({}), json!({ "published": LATER }), later);
    check(json!({ "published": LATER }), json!({}), &[]);
    check(json!({}), json!({ "published": "2026-01-02T04:04:05+01:00" }), &[]);
    check(json!({}), json!({ "published": null }), &["`published` was 2026-01-02T03:04:05Z, and is gone"]);
    check(json!({ "published": null }), json!({}), &[]);
    check(json!({}), json!({ "published": "yesterday" }), &[]);
}

#[test]
fn origins_stay() {
    let origins = |origins: Value| json!({ "database_specific": { "malicious-packages-origins": origins } });
    let check = |before: Value, after: Value, expected: &[&str]| {
        check_edit("origin-dropped", origins(before), origins(after), expected);
    };
    let gone = &["the origin b of the source `a` is gone"];
    check(json!([{ "source": "a", "sha256": "b" }]), json!([]), gone);
    check(json!([{ "source": "a", "sha256": "b" }]), Value::Null, gone);
    check(json!([{ "source": "a", "sha256": "b" }]), json!([{ "source": "x", "sha256": "b" }]), gone);
    check(json!([{ "source": "a", "sha256": "b" }]), json!([{ "source": "a", "sha256": "b", "id": "x" }]), &[]);
    // The same content in other bytes stands for it.
    check(
        json!([{ "source": "a", "sha256": "b", "content_sha256": "c" }]),
        json!([{ "source": "a", "sha256": "a", "content_sha256": "c" }]),
        &[],
    );
    check(
        json!([{ "source": "a", "sha256": "b", "content_sha256": "" }]),
        json!([{ "source": "a", "sha256": "a", "content_sha256": "" }]),
        gone,
    );
    // What cannot be told apart is no origin.
    check(json!([{ "source": "a" }, 7, {}]), json!([]), &[]);
    check(json!("x"), json!([]), &[]);
}

#[test]
fn decisions_stay() {
    let decisions = |decisions: Value| json!({ "database_specific": { "malpkg": { "decisions": decisions } } });
    let check = |before: Value, after: Value, expected: &[&str]| {
        check_edit("decision-dropped", decisions(before), decisions(after), expected);
    };
    let one = json!({ "kind": "narrow", "by": "ada", "versions": ["1.0.0"] });
    let changed = &["the decision `narrow` by `ada` is gone, or was changed"];
    check(json!([one]), json!([one, { "kind": "lift" }]), &[]);
    check(json!([one]), json!([{ "kind": "lift" }, one]), &[]);
    check(json!([one]), json!([]), changed);
    check(json!([one]), Value::Null, changed);
    check(json!([one]), json!([{ "kind": "narrow", "by": "ada", "versions": [] }]), changed);
    check(
        json!([{}, 7]),
        json!([]),
        &["the decision 7 is gone, or was changed", "the decision {} is gone, or was changed"],
    );
}

#[test]
fn aliases_and_credits_stay() {
    check_edit(
        "alias-dropped",
        json!({ "aliases": ["A-1", "A-2"] }),
        json!({ "aliases": ["A-2", "A-3"] }),
        &["the alias `A-1` is gone"],
    );
    check_edit("alias-dropped", json!({ "aliases": ["A-1"] }), json!({ "aliases": [1] }), &["the alias `A-1` is gone"]);
    let credit = |name: &str, kind: &str| json!({ "credits": [{ "name": name, "type": kind }] });
    check_edit("credit-dropped", credit("Ada", "FINDER"), credit("Ada", "OTHER"), &[]);
    check_edit("credit-dropped", credit("Ada", "FINDER"), credit("ada", "FINDER"), &["the credit of `Ada` is gone"]);
}

#[test]
fn a_moved_report_is_one() {
    let elsewhere = "osv/malicious/npm/left-paddd/MAL-2026-1.json";
    check(
        "alias-dropped",
        &[(AT, report(json!({ "aliases": ["A-1"] })))],
        &[(elsewhere, report(json!({})))],
        &["the alias `A-1` is gone"],
    );
    // The file had the wrong name, and now has that of the id.
    check(
        "alias-dropped",
        &[("osv/malicious/npm/left-padd/MAL-2026-7.json", report(json!({ "aliases": ["A-1"] })))],
        &[(AT, report(json!({})))],
        &["the alias `A-1` is gone"],
    );
}

#[test]
fn a_million_lost_things_are_told_in_part() {
    let many: Vec<String> = (0..5_000).map(|number| format!("A-{number}")).collect();
    let base = files([(AT, report(json!({ "aliases": many })))]);
    let introduced = judge(&base, &files([(AT, report(json!({})))]), By::Maintainer, &Settings::default()).introduced;
    let found = introduced.iter().filter(|finding| finding.rule.name == "alias-dropped").count();
    assert_eq!(found, rules::FINDINGS_MAX);
}
