//! What a stranger's change may bring, and what not.

use database::Content;
use rules::{By, Settings};
use serde_json::{Value, json};

use crate::change::{LINK, file, files, judge, report};

const AT: &str = "osv/malicious/npm/left-padd/MAL-2026-1.json";
const NEW: &str = "osv/malicious/npm/left-padd/MAL-0000-x.json";
const LATER: &str = "2026-02-03T04:05:06Z";
const LINE: &str = "\n---\n_-= Per source details. Do not edit below this line.=-_\n";

const CONFIGURATION: &str = "the configuration is for maintainers to change";
const IDS: &str = "which ids were given is for the tools to write";
const SENT: &str = "what sources sent is for the tools to write";
const NO_REPORT: &str = "a contribution brings reports, and this is none";
const ORIGINS: &str = "origins tell who sent what, and only the tools write them";
const DECISIONS: &str = "decisions are for maintainers to make";
const SAID: &str = "what stands below the line in the details is a source's word, and only the tools write it";
const STANDS: &str = "whether a report stands is for maintainers to say";
const GONE: &str = "a report is taken away";
const MOVED: &str = "where a report lies is for maintainers to say";
const PUBLISHED: &str = "the time at which a report was published is for the tools to say";

/// What the rule says of a stranger's change; of a maintainer's it says nothing.
#[track_caller]
fn check(base: &[(&str, Content)], head: &[(&str, Content)], expected: &[&str]) {
    let (base, head) = (files(base.iter().cloned()), files(head.iter().cloned()));
    let found = |by: By| -> Vec<String> {
        let introduced = judge(&base, &head, by, &Settings::default()).introduced;
        let ours = introduced.into_iter().filter(|finding| finding.rule.name == "outside-contribution");
        ours.map(|finding| finding.message.into_owned()).collect()
    };
    assert_eq!(found(By::Stranger), expected);
    assert_eq!(found(By::Maintainer), [""; 0]);
}

/// The same of one file that is changed.
#[track_caller]
fn check_edit(path: &str, before: Value, after: Value, expected: &[&str]) {
    check(&[(path, report(before))], &[(path, report(after))], expected);
}

fn ours(members: Value) -> Value {
    json!({ "database_specific": members })
}

fn origin() -> Value {
    json!({ "malicious-packages-origins": [{ "source": "feed-a", "sha256": "aaaa" }] })
}

#[test]
fn files_that_are_no_reports_are_left_alone() {
    for (path, expected) in [
        ("malpkg.toml", CONFIGURATION),
        ("config/protected/npm.txt", CONFIGURATION),
        ("config/README.md", CONFIGURATION),
        ("osv/ids.json", IDS),
        ("osv/cursors/feed-a.json", SENT),
        ("osv/remembered/feed-a/x.json", SENT),
        ("osv/quarantine/feed-a/x.raw", SENT),
        ("osv/malicious/npm/left-padd/notes.txt", NO_REPORT),
        ("osv/malicious/.gitattributes", NO_REPORT),
        ("osv/malicious/.id-allocator", NO_REPORT),
        ("osv/other.json", NO_REPORT),
        ("osv/unmergable/npm/x/MAL-0000-x.json", NO_REPORT),
    ] {
        check(&[], &[(path, file("x"))], &[expected]);
        check(&[(path, file("x"))], &[], &[expected]);
        check(&[(path, file("x"))], &[(path, file("y"))], &[expected]);
        check(&[(path, file("x"))], &[(path, LINK)], &[expected]);
    }
    for path in ["osv/README.md", "osv/malicious/npm/README.md", "osv/cursors/README.md"] {
        check(&[], &[(path, file("x"))], &[]);
        check(&[(path, file("x"))], &[(path, file("y"))], &[]);
    }
}

#[test]
fn a_new_report_has_what_people_write() {
    let check = |path: &str, over: Value, expected: &[&str]| check(&[], &[(path, report(over))], expected);
    let without = |mut over: Value| {
        over["id"] = Value::Null;
        over
    };
    check(NEW, without(json!({})), &[]);
    check(NEW, without(json!({ "id": "", "details": "It was found.", "aliases": ["GHSA-1"] })), &[]);
    check(NEW, without(ours(json!({ "malpkg": { "kind": "malware", "evidence": [] }, "iocs": {} }))), &[]);
    check(NEW, without(ours(json!({ "malicious-packages-origins": null }))), &[]);
    check(NEW, without(ours(origin())), &[ORIGINS]);
    check(NEW, without(ours(json!({ "malicious-packages-origins": [] }))), &[ORIGINS]);
    check(NEW, without(ours(json!({ "malicious-packages-origins": "x" }))), &[ORIGINS]);
    check(NEW, without(ours(json!({ "malpkg": { "decisions": [{ "kind": "approve" }] } }))), &[DECISIONS]);
    check(NEW, without(json!({ "details": format!("x{LINE}\n## Source: feed-a (aaaa)\nx") })), &[SAID]);
    check(NEW, without(json!({ "withdrawn": LATER })), &[STANDS]);
    check(NEW, json!({}), &["the report gives itself the id `MAL-2026-1`"]);
    check(AT, json!({}), &["the report gives itself the id `MAL-2026-1`"]);
    check(AT, without(json!({})), &["the file of a new report has the name of one with an id"]);
    let withdrawn = "osv/withdrawn/npm/left-padd/MAL-0000-x.json";
    check(withdrawn, without(json!({})), &["a new report lies among the withdrawn ones"]);
}

#[test]
fn a_report_that_says_nothing_claims_nothing() {
    check(&[], &[(NEW, file("{"))], &[]);
    check(&[], &[(NEW, LINK)], &[]);
    let named = "the file of a new report has the name of one with an id";
    check(&[], &[(AT, file("{"))], &[named]);
    // What takes the place of something unreadable is as good as new.
    let sent = report(ours(origin()));
    check(&[(AT, file("{"))], &[(AT, sent.clone())], &[ORIGINS]);
    check(&[(AT, LINK)], &[(AT, report(json!({})))], &[]);
    check(&[(AT, sent)], &[(AT, file("{"))], &[]);
}

#[test]
fn published_text_may_be_edited() {
    let said = |text: &str| format!("{text}{LINE}\n## Source: feed-a (aaaa)\nFound.");
    let mut before = ours(origin());
    before["details"] = said("x").into();
    let mut after = json!({
        "modified": LATER, "summary": "x", "details": said("It sends the environment away."), "aliases": ["GHSA-1"],
        "related": ["A-1"], "upstream": ["A-2"], "credits": [{ "name": "Ada" }], "schema_version": "1.7.4",
        "references": [{ "type": "WEB", "url": "https://example.org/" }],
        "severity": [{ "type": "CVSS_V3", "score": "CVSS:3.1/AV:N" }],
        "affected": [{
            "package": { "ecosystem": "npm", "name": "left-padd", "purl": "pkg:npm/left-padd" },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }] }], "versions": ["1.0.1"],
        }],
        "database_specific": origin(),
    });
    after["database_specific"]["malpkg"] = json!({ "kind": "hijack", "indicators": [] });
    check_edit(AT, before, after, &[]);
}

#[test]
fn what_the_tools_and_maintainers_write_stays() {
    let check = |before: Value, after: Value, expected: &[&str]| check_edit(AT, before, after, expected);
    check(json!({}), json!({ "id": "MAL-2026-2" }), &["the id `MAL-2026-1` becomes `MAL-2026-2`"]);
    check(json!({}), json!({ "id": null }), &["the id `MAL-2026-1` becomes ``"]);
    check(json!({}), json!({ "withdrawn": LATER }), &[STANDS]);
    check(json!({}), json!({ "withdrawn": 7 }), &[STANDS]);
    check(json!({ "withdrawn": LATER }), json!({}), &[STANDS]);
    check(json!({ "withdrawn": LATER }), json!({ "withdrawn": "2026-02-04T00:00:00Z" }), &[STANDS]);
    check(json!({}), ours(origin()), &[ORIGINS]);
    check(ours(origin()), json!({}), &[ORIGINS]);
    let decided = |by: &str| ours(json!({ "malpkg": { "decisions": [{ "kind": "narrow", "by": by }] } }));
    check(json!({}), decided("ada"), &[DECISIONS]);
    check(decided("ada"), decided("bob"), &[DECISIONS]);
    check(decided("ada"), json!({}), &[DECISIONS]);
    let said = |text: &str| json!({ "details": format!("x{LINE}\n## Source: feed-a (aaaa)\n{text}") });
    check(json!({}), said("Found."), &[SAID]);
    check(said("Found."), json!({ "details": "x" }), &[SAID]);
    check(said("Found."), said("Harmless."), &[SAID]);
    // A second line above the first would make their words ours.
    check(said("Found."), json!({ "details": format!("x{LINE}y{LINE}\n## Source: feed-a (aaaa)\nFound.") }), &[SAID]);
    check(json!({}), json!({ "published": LATER }), &[PUBLISHED]);
    check(json!({}), json!({ "published": "2025-01-01T00:00:00Z" }), &[PUBLISHED]);
    check(json!({}), json!({ "published": null }), &[PUBLISHED]);
    check(json!({}), json!({ "published": "2026-01-02T04:04:05+01:00" }), &[]);
}

#[test]
fn a_report_stays_on_its_package() {
    let on = |name: &str| json!({ "affected": [{ "package": { "ecosystem": "npm", "name": name } }] });
    let message = "the report on `npm/left-padd` becomes one on `npm/left_padd`";
    check_edit(AT, on("left-padd"), on("left_padd"), &[message]);
    let mut none = on("left-padd");
    none["affected"] = json!([]);
    check_edit(AT, on("left-padd"), none, &["the report on `npm/left-padd` becomes one on "]);
    let git = |repo: &str| json!({ "affected": [{ "ranges": [{ "type": "GIT", "repo": repo, "events": [] }] }] });
    let message = "the report on `https://example.org/a` becomes one on `https://example.org/b`";
    check_edit(AT, git("https://example.org/a"), git("https://example.org/b"), &[message]);
}

#[test]
fn what_was_never_published_is_a_draft() {
    let mut draft = json!({ "id": null, "published": LATER });
    draft["affected"] = json!([{ "package": { "ecosystem": "npm", "name": "left-paddd" } }]);
    check_edit(NEW, json!({ "id": null }), draft.clone(), &[]);
    check_edit(NEW, json!({ "id": null }), json!({}), &["the report gives itself the id `MAL-2026-1`"]);
    let renamed = "osv/malicious/npm/left-paddd/MAL-0000-y.json";
    let moved = "osv/malicious/npm/left-paddd/MAL-0000-x.json";
    for path in [renamed, moved] {
        check(&[(NEW, report(json!({ "id": null })))], &[(path, report(draft.clone()))], &[]);
    }
    check(&[(NEW, report(json!({ "id": null })))], &[], &[]);
    // But not if a source sent it.
    let mut sent = ours(origin());
    sent["id"] = Value::Null;
    check(&[(NEW, report(sent.clone()))], &[], &[GONE]);
    let mut other = sent.clone();
    other["affected"] = draft["affected"].clone();
    check_edit(NEW, sent, other, &["the report on `npm/left-padd` becomes one on `npm/left-paddd`"]);
}

#[test]
fn a_report_stays_where_it_is() {
    check(&[(AT, report(json!({})))], &[], &[GONE]);
    check(&[(AT, file("{"))], &[], &[GONE]);
    check(&[(AT, LINK)], &[], &[GONE]);
    let elsewhere = "osv/malicious/npm/left-paddd/MAL-2026-1.json";
    check(&[(AT, report(json!({})))], &[(elsewhere, report(json!({})))], &[MOVED]);
    let withdrawn = "osv/withdrawn/npm/left-padd/MAL-2026-1.json";
    check(&[(AT, report(json!({})))], &[(withdrawn, report(json!({ "withdrawn": LATER })))], &[MOVED, STANDS]);
    // Named anew without its id it is gone, and something else is new.
    check(&[(AT, report(json!({})))], &[(NEW, report(json!({ "id": null })))], &[GONE]);
}
