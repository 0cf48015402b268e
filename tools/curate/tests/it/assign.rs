//! Assign: ids for reports without one, and other ids where two branches gave the same.

use std::collections::BTreeSet;

use curate::{assign, renumber};
use database::{Edit, Plan, Snapshot};

use crate::fixture::{database, now, numbering, put, record};

fn run(base: &Snapshot) -> Plan {
    assign(base, &numbering(), &BTreeSet::new(), now()).unwrap().plan
}

fn at(name: &str, stem: &str) -> String {
    format!("osv/malicious/npm/{name}/{stem}.json")
}

/// A report without an id, with these members beside the usual ones.
fn unnamed(name: &str, more: &str) -> String {
    record("", name, &["1.0.0"], more)
}

#[test]
fn reports_get_ids_in_the_order_of_their_paths() {
    let (a, b) = (at("a", "MAL-0000-z"), at("b", "MAL-0000-a"));
    let base = database(&[(&b, &unnamed("b", "")), (&a, &unnamed("a", ""))]);
    let plan = run(&base);
    let first = put(&plan, &at("a", "MAL-2026-900001"));
    assert_eq!((first.id.as_str(), first.modified.as_str()), (Some("MAL-2026-900001"), Some("2026-06-01T12:00:00Z")));
    assert_eq!(put(&plan, &at("b", "MAL-2026-900002")).published.as_str(), Some("2026-04-01T00:00:00Z"));
    assert_eq!((plan.changes.get(&a), plan.changes.get(&b)), (Some(&Edit::Remove), Some(&Edit::Remove)));
    let kinds: Vec<&str> = plan.changes.changes().map(|change| change.kind.word()).collect();
    assert_eq!(kinds, ["move", "move"]);
    let after = base.with(&plan.changes);
    assert!(run(&after).changes.is_empty(), "what has its id is left alone");
    assert!(rules::admit(&base, plan.changes, &rules::Settings::default()).is_ok());
}

#[test]
fn the_year_is_that_of_published_and_never_one_to_come() {
    for (published, year, kept) in [
        (r#""2025-12-31T23:59:59Z""#, 2025, "2025-12-31T23:59:59Z"),
        (r#""2030-01-01T00:00:00Z""#, 2026, "2026-06-01T12:00:00Z"),
        ("null", 2026, "2026-06-01T12:00:00Z"),
    ] {
        let text = unnamed("a", "").replace(r#""2026-04-01T00:00:00Z""#, published);
        let plan = run(&database(&[(&at("a", "MAL-0000-a"), &text)]));
        let report = put(&plan, &at("a", &format!("MAL-{year}-900001")));
        assert_eq!(report.published.as_str(), Some(kept), "{published}");
    }
}

#[test]
fn placeholders_never_survive() {
    let more = r#", "aliases": ["MAL-0000-a", "MAL-0000-gone", "GHSA-1", "MAL-0000-b"], "related": ["MAL-0000-gone"],
        "summary": "What MAL-0000-a is", "details": "See MAL-0000-b.\n\n# MAL-0000-a (MAL-0000-a.json)",
        "references": [{"type": "WEB", "url": "https://x.example/MAL-0000-b.json"},
            {"type": "WEB", "url": "https://x.example/MAL-0000-gone.json"}],
        "database_specific": {"malpkg": {"campaign": "MAL-0000-b"}, "malicious-packages-origins": [{"id": "MAL-0000-a"}]}"#;
    let text = unnamed("a", more).replace(r#""id": """#, r#""id": "MAL-0000-a""#);
    let plan = run(&database(&[(&at("a", "MAL-0000-a"), &text), (&at("b", "MAL-0000-b"), &unnamed("b", ""))]));
    let report = put(&plan, &at("a", "MAL-2026-900001"));
    assert_eq!(report.aliases.items(), ["GHSA-1", "MAL-2026-900002"]);
    assert!(report.related.is_absent());
    assert_eq!(report.summary.as_str(), Some("What MAL-2026-900001 is"));
    let details = "See MAL-2026-900002.\n\n# MAL-2026-900001 (MAL-2026-900001.json)";
    assert_eq!(report.details.as_str(), Some(details));
    let urls: Vec<_> = report.references.items().iter().filter_map(|reference| reference.url.as_str()).collect();
    assert_eq!(urls, ["https://x.example/MAL-2026-900002.json"]);
    let text = osv_schema::write::canonical(&report);
    assert_eq!(text.matches("MAL-0000").count(), 1, "only what a source said stays as it said it: {text}");
}

/// One report that cannot get an id, beside one that can.
#[track_caller]
fn check_rejected(files: &[(&str, &str)], expected: &[(&str, &str)]) {
    let (fine, text) = (at("zz", "MAL-0000-fine"), unnamed("zz", ""));
    let plan = run(&database(&[files, &[(fine.as_str(), text.as_str())]].concat()));
    let rejected: Vec<(&str, &str)> =
        plan.rejected.iter().map(|rejected| (rejected.rule, rejected.delivery.rsplit('/').next().unwrap())).collect();
    assert_eq!(rejected, expected);
    assert_eq!(plan.changes.changes().map(|change| change.package.as_str()).collect::<Vec<_>>(), ["npm/zz"]);
}

#[test]
fn what_cannot_get_an_id_is_told_and_the_rest_goes_on() {
    let a = at("a", "MAL-0000-a");
    check_rejected(&[(&a, "{")], &[("malformed-json", "MAL-0000-a.json")]);
    check_rejected(&[(&a, r#"{"id": "", "id": ""}"#)], &[("malformed-json", "MAL-0000-a.json")]);
    check_rejected(&[(&a, &unnamed("a", r#", "aliases": 5"#))], &[("schema-violation", "MAL-0000-a.json")]);
    check_rejected(&[(&a, "{}")], &[("affected-not-single", "MAL-0000-a.json")]);
    let known = record("MAL-2026-1", "a", &["1.0.0"], "");
    for base in ["malicious", "withdrawn"] {
        let there = at("a", "MAL-2026-1").replace("malicious", base);
        check_rejected(&[(&a, &unnamed("a", "")), (&there, &known)], &[("duplicate-package", "MAL-0000-a.json")]);
    }
    let twice = [("duplicate-package", "MAL-0000-a.json"), ("duplicate-package", "MAL-0000-b.json")];
    check_rejected(&[(&a, &unnamed("a", "")), (&at("a", "MAL-0000-b"), &unnamed("a", ""))], &twice);
    let naming = |name: &str, other: &str| unnamed(name, &format!(r#", "details": "As MAL-0000-{other}.""#));
    check_rejected(&[(&a, &naming("a", "gone"))], &[("placeholder-alias", "MAL-0000-a.json")]);
    let chain = [(&*a, &*naming("a", "gone")), (&at("b", "MAL-0000-b"), &naming("b", "a"))];
    check_rejected(&chain, &[("placeholder-alias", "MAL-0000-a.json"), ("placeholder-alias", "MAL-0000-b.json")]);
}

/// Two branches from `before` that both gave ids, met in one tree with this file of the ids.
fn met(ids: &str) -> (Snapshot, Snapshot) {
    let mark = |highest: u64| format!(r#"{{"2026": {{"batch": "x", "highest": {highest}}}}}"#);
    let report = |number: u64, name: &str| {
        (at(name, &format!("MAL-2026-{number}")), record(&format!("MAL-2026-{number}"), name, &["1.0.0"], ""))
    };
    let ours = [report(900_001, "a"), report(900_002, "z")];
    let theirs = [report(900_001, "b"), report(900_002, "c"), report(900_003, "d")];
    let files = |reports: &[(String, String)], ids: &str| {
        let reports = reports.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        database(&reports.chain([("osv/ids.json", ids)]).collect::<Vec<_>>())
    };
    (files(&ours, &mark(900_002)), files(&[&ours[..], &theirs[..]].concat(), ids))
}

#[test]
fn of_two_with_one_id_the_one_that_is_new_gets_another() {
    let conflict = "{\n  \"2026\": {\n<<<<<<< ours\n    \"batch\": \"x\",\n    \"highest\": 900002\n=======\n    \
        \"batch\": \"y\",\n    \"highest\": 900003\n>>>>>>> theirs\n  }\n}\n";
    let union = r#"{"2026": {"batch": "x", "highest": 900002}, "2026": {"batch": "y",
        "highest": 900003}}"#
        .replace("{\"batch\"", "{\n\"batch\"")
        .replace(", \"", ",\n\"");
    for ids in [
        conflict,
        &union,
        r#"{"2026": {"batch": "x", "highest": 900002}}"#,
        r#"{"2026": {"batch": "y", "highest": 900003}}"#,
    ] {
        let (before, base) = met(ids);
        let plan = renumber(&base, &before, &numbering(), now()).unwrap().plan;
        let after = base.with(&plan.changes);
        let paths: Vec<&str> = after.reports().map(|(_, entry)| entry.path.as_str()).collect();
        let expected = [
            at("a", "MAL-2026-900001"),
            at("b", "MAL-2026-900004"),
            at("c", "MAL-2026-900005"),
            at("d", "MAL-2026-900003"),
            at("z", "MAL-2026-900002"),
        ];
        assert_eq!(paths, expected, "{ids}");
        assert_eq!(put(&plan, &at("b", "MAL-2026-900004")).id.as_str(), Some("MAL-2026-900004"));
        let again = renumber(&after, &before, &numbering(), now()).unwrap().plan;
        assert!(again.changes.is_empty(), "{:?}", again.changes);
        let Some(Edit::Put(bytes)) = plan.changes.get("osv/ids.json") else { panic!("no ids") };
        assert!(String::from_utf8_lossy(bytes).contains("900005"), "{ids}");
    }
}

#[test]
fn ids_that_met_without_a_clash_are_only_counted_together() {
    let (before, base) = met("<<<<<<<\n\"2026\": {\n\"highest\": 900002\n=======\n\"highest\": 900005\n>>>>>>>");
    let base = database(
        &base
            .reports()
            .filter(|(place, _)| place.folder < "npm/b" || place.folder > "npm/c")
            .map(|(_, entry)| (entry.path.as_str(), "{}"))
            .chain([("osv/ids.json", "\"2026\": {\n\"highest\": 900002\n\"highest\": 900005\n")])
            .collect::<Vec<_>>(),
    );
    let plan = renumber(&base, &before, &numbering(), now()).unwrap().plan;
    let Some(Edit::Put(bytes)) = plan.changes.get("osv/ids.json") else { panic!("no ids") };
    assert!(String::from_utf8_lossy(bytes).contains("900005") && plan.changes.edits().len() == 1);
    // The file was settled by hand, at the lower mark.
    let (before, base) = met(r#"{"2026": {"batch": "x", "highest": 900002}}"#);
    let settled =
        database(&[(&at("d", "MAL-2026-900003"), "{}"), ("osv/ids.json", r#"{"2026": {"highest": 900002}}"#)]);
    let plan = renumber(&settled, &before, &numbering(), now()).unwrap().plan;
    let Some(Edit::Put(bytes)) = plan.changes.get("osv/ids.json") else { panic!("no ids in {base:?}") };
    assert!(String::from_utf8_lossy(bytes).contains("900003"));
    let nothing = database(&[("osv/ids.json", "gone")]);
    assert!(renumber(&nothing, &before, &numbering(), now()).is_err());
}
