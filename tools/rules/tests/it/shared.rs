//! How reports stand to each other, and what paths and names no checkout and no person should meet.

use database::Content;
use rules::{Settings, validate};
use serde_json::{Value, json};

use crate::change::{Files, file, files, report, snapshot};

const LATER: &str = "2026-02-03T04:05:06Z";

/// What one rule says of a database, as the file's path and the message.
fn found(rule: &str, files: &Files, settings: &Settings) -> Vec<(String, String)> {
    let findings = validate(&snapshot(files), settings).findings.into_iter();
    let ours = findings.filter(|finding| finding.rule.name == rule);
    ours.map(|finding| (finding.path.as_str().to_owned(), finding.message.into_owned())).collect()
}

/// Where one rule finds something; the paths are those behind `osv/`.
#[track_caller]
fn check(rule: &str, listed: &[(&str, Content)], expected: &[&str]) {
    let files = files(listed.iter().map(|(path, content)| (format!("osv/{path}"), content.clone())));
    let found = found(rule, &files, &Settings::default());
    let found: Vec<&str> = found.iter().map(|(path, _)| path.trim_start_matches("osv/")).collect();
    assert_eq!(found, expected);
}

fn on(id: &str, ecosystem: &str, name: &str, mut more: Value) -> Content {
    more["id"] = if id.is_empty() { Value::Null } else { id.into() };
    more["affected"] = json!([{ "package": { "ecosystem": ecosystem, "name": name }, "versions": ["1.0.0"] }]);
    report(more)
}

#[test]
fn a_package_has_one_standing_report() {
    let [one, two] = ["malicious/pypi/left-padd/MAL-2026-1.json", "malicious/pypi/left-padd/MAL-2026-2.json"];
    let first = (one, on("MAL-2026-1", "PyPI", "left-padd", json!({})));
    let check = |listed: &[(&str, Content)], expected: &[&str]| check("duplicate-package", listed, expected);
    check(&[first.clone(), (two, on("MAL-2026-2", "PyPI", "Left_Padd", json!({})))], &[one, two]);
    check(&[first.clone(), (two, on("MAL-2026-2", "PyPI", "left-padd", json!({ "withdrawn": LATER })))], &[]);
    let withdrawn = "withdrawn/pypi/left-padd/MAL-2026-2.json";
    check(&[first.clone(), (withdrawn, on("MAL-2026-2", "PyPI", "left-padd", json!({})))], &[]);
    let unassigned = "malicious/pypi/left-padd/MAL-0000-x.json";
    check(&[first.clone(), (unassigned, on("", "PyPI", "left-padd", json!({})))], &[]);
    check(&[first.clone(), (two, on("MAL-2026-2", "npm", "left-padd", json!({})))], &[]);
    // Names that the registry tells apart are two packages in one folder.
    let [small, large] = ["malicious/npm/x/MAL-2026-3.json", "malicious/npm/x/MAL-2026-4.json"];
    let npm = |id, name| on(id, "npm", name, json!({}));
    check(&[(small, npm("MAL-2026-3", "x")), (large, npm("MAL-2026-4", "X"))], &[]);
    check(&[(small, npm("MAL-2026-3", "x")), (large, npm("MAL-2026-4", "x"))], &[small, large]);
    // Elsewhere than in its folder it is found too.
    let astray = "malicious/npm/y/MAL-2026-2.json";
    check(&[first.clone(), (astray, on("MAL-2026-2", "PyPI", "left.padd", json!({})))], &[astray, one]);
    let three = "malicious/pypi/left-padd/MAL-2026-3.json";
    let again = |id| on(id, "PyPI", "left-padd", json!({}));
    check(&[first, (two, again("MAL-2026-2")), (three, again("MAL-2026-3"))], &[one, two, three]);
}

#[test]
fn paths_differ_in_more_than_case() {
    let check = |paths: &[&str], expected: &[&str]| {
        let listed: Vec<(&str, Content)> = paths.iter().map(|path| (*path, report(json!({})))).collect();
        check("case-collision", &listed, expected);
    };
    check(&["malicious/npm/a/MAL-0000-x.json", "malicious/npm/a/MAL-0000-y.json"], &[]);
    let same = ["malicious/npm/a/MAL-0000-X.json", "malicious/npm/a/MAL-0000-x.json"];
    check(&same, &same);
    let three =
        ["malicious/npm/a/MAL-0000-XY.json", "malicious/npm/a/MAL-0000-Xy.json", "malicious/npm/a/MAL-0000-xy.json"];
    check(&three, &three);
    // Of folders the one in lower case is right, and where there is none, neither.
    check(&["malicious/npm/A/MAL-1.json", "malicious/npm/a/MAL-2.json"], &["malicious/npm/A/MAL-1.json"]);
    let neither = ["malicious/npm/AA/MAL-1.json", "malicious/npm/Aa/MAL-2.json"];
    check(&neither, &neither);
    let file = ["malicious/npm/A/MAL-1.json", "malicious/npm/a/MAL-1.json"];
    check(&file, &file);
    // The two halves of the database are two folders.
    check(&["malicious/npm/a/MAL-1.json", "withdrawn/npm/a/MAL-1.json"], &[]);
    check(&["malicious/npm/a/MAL-1.json", "malicious/npm/a/b/MAL-1.json"], &[]);
    let cyrillic = ["malicious/npm/\u{416}/MAL-1.json", "malicious/npm/\u{436}/MAL-2.json"];
    check(&cyrillic, &cyrillic[..1]);
}

#[test]
fn an_alias_belongs_to_one_package() {
    let aliased = |id: &str, name: &str, mut more: Value| {
        more["aliases"] = json!(["GHSA-1"]);
        on(id, "npm", name, more)
    };
    let [a, b] = ["malicious/npm/a/MAL-2026-1.json", "malicious/npm/b/MAL-2026-2.json"];
    let first = (a, aliased("MAL-2026-1", "a", json!({})));
    let check = |listed: &[(&str, Content)], expected: &[&str]| check("shared-alias", listed, expected);
    check(&[first.clone(), (b, aliased("MAL-2026-2", "b", json!({})))], &[a, b]);
    check(&[first.clone(), (b, aliased("MAL-2026-2", "a", json!({})))], &[]);
    check(&[first.clone(), (b, aliased("MAL-2026-2", "b", json!({ "withdrawn": LATER })))], &[]);
    let unassigned = "malicious/npm/b/MAL-0000-x.json";
    check(&[first.clone(), (unassigned, aliased("", "b", json!({})))], &[a, unassigned]);
    // Of what package a report is that names none, nobody knows.
    check(&[first, (b, report(json!({ "id": "MAL-2026-2", "aliases": ["GHSA-1"], "affected": [] })))], &[]);
}

#[test]
fn a_number_has_one_spelling() {
    let check = |id: &str, is_found: bool| {
        let path = format!("malicious/npm/a/{id}.json");
        let expected: &[&str] = if is_found { &[&path] } else { &[] };
        check("invalid-id", &[(&path, on(id, "npm", "a", json!({})))], expected);
    };
    for id in ["MAL-2026-7", "MAL-2026-0"] {
        check(id, false);
    }
    for id in ["MAL-2026-007", "MAL-2026-00", "MAL-0001-7x"] {
        check(id, true);
    }
}

#[test]
fn an_alias_is_no_id_of_another_package() {
    let naming = |id: &str, name: &str, alias: &str, mut more: Value| {
        more["aliases"] = json!([alias]);
        on(id, "npm", name, more)
    };
    let [a, b] = ["malicious/npm/a/MAL-2026-1.json", "malicious/npm/b/MAL-2026-2.json"];
    let owner = (a, on("MAL-2026-1", "npm", "a", json!({})));
    let check = |listed: &[(&str, Content)], expected: &[&str]| check("shared-alias", listed, expected);
    check(&[owner.clone(), (b, naming("MAL-2026-2", "b", "MAL-2026-1", json!({})))], &[b]);
    check(&[owner.clone(), (b, naming("MAL-2026-2", "b", "MAL-2026-1", json!({ "withdrawn": LATER })))], &[]);
    check(&[owner.clone(), (b, naming("MAL-2026-2", "b", "MAL-2026-9", json!({})))], &[]);
    check(&[owner, (b, naming("MAL-2026-2", "a", "MAL-2026-1", json!({})))], &[]);
    // An id that was taken back is still that of its package.
    let withdrawn = ("withdrawn/npm/a/MAL-2026-1.json", on("MAL-2026-1", "npm", "a", json!({ "withdrawn": LATER })));
    check(&[withdrawn, (b, naming("MAL-2026-2", "b", "MAL-2026-1", json!({})))], &[b]);
    check(&[(b, naming("MAL-2026-2", "b", "MAL-2026-2", json!({})))], &[]);
}

#[test]
fn of_a_large_group_each_names_one_other() {
    let reports = (0..5_000).map(|number| {
        let (id, name) = (format!("MAL-2026-{number}"), format!("p{number}"));
        let path = format!("osv/malicious/npm/{name}/{id}.json");
        (path, on(&id, "npm", &name, json!({ "aliases": ["GHSA-1"] })))
    });
    let twice =
        ("osv/malicious/npm/p0/MAL-0000-x.json".to_owned(), on("", "npm", "p0", json!({ "aliases": ["GHSA-1"] })));
    let found = found("shared-alias", &files(reports.chain([twice])), &Settings::default());
    assert_eq!(found.len(), 5_001);
    assert_eq!(found[0].1, "the alias `GHSA-1` is also that of the report on `npm/p1` and 4998 more");
    assert!(found.iter().all(|(_, message)| message.len() < 100 && message.ends_with(" more")));
}

#[test]
fn windows_takes_most_paths() {
    #[track_caller]
    fn check(path: &str, expected: &[&str]) {
        let path = format!("osv/malicious/{path}");
        let found = found("unportable-path", &files([(&path, report(json!({})))]), &Settings::default());
        let found: Vec<&str> = found.iter().map(|(_, message)| message.as_str()).collect();
        assert_eq!(found, expected, "{path}");
    }
    check("npm/@scope/left-padd/MAL-2026-1.json", &[]);
    check("npm/con.x/MAL-2026-1.json", &["Windows takes \"con.x\" for the device CON"]);
    check("npm/com1/MAL-2026-1.json", &["Windows takes \"com1\" for the device COM1"]);
    check("npm/lpt\u{b2}/MAL-2026-1.json", &["Windows takes \"lpt\u{b2}\" for the device LPT\u{b2}"]);
    check("npm/conin$/MAL-2026-1.json", &["Windows takes \"conin$\" for the device CONIN$"]);
    for fine in ["com", "com10", "console", "null", "x.con", "prn-x", "aux_", "lpt", "nulx"] {
        check(&format!("npm/{fine}/MAL-2026-1.json"), &[]);
    }
    check("npm/a./MAL-2026-1.json", &["Windows drops the dot or space at the end of \"a.\""]);
    check("npm/a /MAL-2026-1.json", &["Windows drops the dot or space at the end of \"a \""]);
    check("npm/a?/MAL-2026-1.json", &["Windows has no '?' in names, as in \"a?\""]);
    check("npm/a/MAL-0000-a:b.json", &["Windows has no ':' in names, as in \"MAL-0000-a:b.json\""]);
    check("npm/a\\b/MAL-2026-1.json", &["Windows has no '\\\\' in names, as in \"a\\\\b\""]);
    check("npm/a\u{1}/MAL-2026-1.json", &["Windows has no '\\u{1}' in names, as in \"a\\u{1}\""]);
    let at_both = ["Windows has no ':' in names, as in \"vscode:x\"", "Windows takes \"nul\" for the device NUL"];
    check("vscode:x/nul/MAL-2026-1.json", &at_both);
    let long = "x".repeat(190);
    let too_long = format!("the path has more than 200 characters, mostly in `{}…`", "x".repeat(120));
    check(&format!("npm/{long}/MAL-2026-1.json"), &[&too_long]);
    // Windows counts characters, not bytes.
    check(&format!("npm/{}/MAL-2026-1.json", "\u{436}".repeat(120)), &[]);
    check(&format!("npm/{}/{}/x.json", "a".repeat(87), "b".repeat(87)), &[]);
    check(
        &format!("npm/{}/{}/x.json", "a".repeat(87), "b".repeat(88)),
        &[&format!("the path has more than 200 characters, mostly in `{}`", "b".repeat(88))],
    );
    let other = files([("config/protected/vscode:x.txt", file("a"))]);
    assert_eq!(found("unportable-path", &other, &Settings::default()).len(), 1);
}

#[test]
fn a_protected_name_takes_two_people_and_the_versions() {
    const RANGE: &str = "`left-padd` is a protected name, and its report does not name exact versions alone";
    const ALONE: &str = "`left-padd` is a protected name, and nobody but its author approved of these versions";
    let mut settings = Settings::default();
    settings.protected.add("npm", "left-padd");
    #[track_caller]
    fn check(settings: &Settings, path: &str, over: Value, expected: &[&str]) {
        let found = found("protected-name", &files([(format!("osv/{path}"), report(over))]), settings);
        let found: Vec<&str> = found.iter().map(|(_, message)| message.as_str()).collect();
        assert_eq!(found, expected);
    }
    const AT: &str = "malicious/npm/left-padd/MAL-2026-1.json";
    let approved = |decisions: Value| json!({ "database_specific": { "malpkg": { "decisions": decisions } } });
    let approval = |by: &str, versions: Value| json!({ "kind": "approve", "by": by, "versions": versions });
    let check = |over: Value, expected: &[&str]| check(&settings, AT, over, expected);
    check(json!({}), &[ALONE]);
    check(approved(json!([approval("ada", json!(["1.0.0"]))])), &[]);
    check(approved(json!([approval("", json!(["1.0.0"]))])), &[ALONE]);
    check(approved(json!([approval(" ", json!(["1.0.0"]))])), &[ALONE]);
    check(approved(json!([approval("ada", json!(["1.0.1"]))])), &[ALONE]);
    // What goes was approved of, and nobody has to look again.
    check(approved(json!([approval("ada", json!(["1.0.0", "1.0.1"]))])), &[]);
    check(approved(json!([approval("ada", json!([]))])), &[ALONE]);
    check(approved(json!([approval("ada", Value::Null)])), &[ALONE]);
    check(approved(json!([{ "kind": "narrow", "by": "ada", "versions": ["1.0.0"] }, 7])), &[ALONE]);
    check(approved(json!({ "kind": "approve" })), &[ALONE]);
    // A newer approval counts beside an older one.
    let twice = json!([approval("ada", json!(["0.9.0"])), approval("bob", json!(["1.0.0"]))]);
    check(approved(twice), &[]);
    // What two branches approved of is approved of together, as long as nothing is beside it.
    let both = |more: &[&str]| {
        let mut over = approved(json!([approval("ada", json!(["1.0.0"])), approval("bob", json!(["1.1.0"]))]));
        over["affected"] = json!([{ "package": { "ecosystem": "npm", "name": "left-padd" }, "versions": more }]);
        over
    };
    check(both(&["1.0.0", "1.1.0"]), &[]);
    check(both(&["1.0.0", "1.1.0", "1.2.0"]), &[ALONE]);
    check(both(&["1.0.0", "1.2.0"]), &[ALONE]);
    // The author's own does not.
    let mut credited = approved(json!([approval("Ada", json!(["1.0.0"]))]));
    credited["credits"] = json!([{ "name": "ada", "type": "FINDER" }]);
    check(credited.clone(), &[ALONE]);
    for spelled in ["Ada\u{200b}", " ADA. ", "Ada <ada@example.org>"] {
        credited["credits"] = json!([{ "name": spelled, "type": "FINDER" }]);
        check(credited.clone(), &[ALONE]);
    }
    credited["credits"] = json!([{ "name": "A. L.", "contact": ["ada"] }]);
    check(credited, &[ALONE]);
    let edited = json!([{ "kind": "hand-edit", "by": "ada" }, approval("ada", json!(["1.0.0"]))]);
    check(approved(edited), &[ALONE]);
    // Exact versions, and nothing beside them.
    let with = |affected: Value| {
        let mut over = approved(json!([approval("ada", affected["versions"].clone())]));
        over["affected"] = json!([affected]);
        over["affected"][0]["package"] = json!({ "ecosystem": "npm", "name": "left-padd" });
        over
    };
    let range = json!([{ "type": "SEMVER", "events": [{ "introduced": "1.0.0" }, { "last_affected": "1.0.0" }] }]);
    // Nobody approved of the range.
    check(with(json!({ "versions": ["1.0.0"], "ranges": range })), &[RANGE, ALONE]);
    check(with(json!({ "versions": [] })), &[RANGE]);
    check(with(json!({ "versions": ["1.0.0"], "ranges": [] })), &[]);
    // What was taken back accuses nobody.
    check(json!({ "withdrawn": LATER }), &[]);
}

#[test]
fn a_protected_repository_is_reported_from_a_commit_to_a_commit() {
    let mut settings = Settings::default();
    settings.protected.add("git", "github.com/example/left-padd");
    let count = |events: Value| {
        let repo = "https://github.com/example/left-padd";
        let ranges = json!([{ "type": "GIT", "repo": repo, "events": events }]);
        let decisions = json!([{ "kind": "approve", "by": "ada", "ranges": ranges }]);
        let over = json!({
            "affected": [{ "ranges": [{ "type": "GIT", "repo": repo, "events": events }] }],
            "database_specific": { "malpkg": { "decisions": decisions } },
        });
        let path = "osv/malicious/git/github.com/example/left-padd/MAL-2026-1.json";
        found("protected-name", &files([(path, report(over))]), &settings).len()
    };
    let commit = "0123456789012345678901234567890123456789";
    assert_eq!(count(json!([{ "introduced": commit }, { "fixed": commit }])), 0);
    assert_eq!(count(json!([{ "introduced": commit }])), 1);
    assert_eq!(count(json!([{ "introduced": "0" }, { "fixed": commit }])), 1);
}
