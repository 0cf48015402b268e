//! Tests of tables: rows to records, and rows that are none.

use std::collections::BTreeMap;

use osv_schema::write;

use crate::{Item, Setting, Source, Taken};

use super::read;
use crate::taking::Taking;

fn text(text: &str) -> Setting {
    Setting::Text(text.into())
}

fn table<const N: usize>(members: [(&str, Setting); N]) -> Setting {
    Setting::Table(members.into_iter().map(|(name, setting)| (name.to_owned(), setting)).collect())
}

fn source(settings: &[(&str, Setting)]) -> Source {
    let mut all = BTreeMap::from([("format".to_owned(), text("table"))]);
    all.extend(settings.iter().map(|(name, setting)| ((*name).to_owned(), setting.clone())));
    Source::new("list", &all).unwrap()
}

fn taken(source: &Source, name: &str, bytes: &[u8]) -> Taken {
    let mut taking = Taking::new(source, "MAL", osv_schema::Timestamp::EPOCH);
    read(Item { name: name.into(), size: None, bytes: Ok(&mut &*bytes) }, &mut taking);
    taking.taken
}

fn names(taken: &Taken) -> Vec<&str> {
    taken.accepted.iter().map(|one| one.name.as_str()).collect()
}

/// The one record of a table of one row, as JSON without white space.
#[track_caller]
fn check(settings: &[(&str, Setting)], row: &str, expected: &str) {
    let taken = taken(&source(settings), "t.jsonl", row.as_bytes());
    assert_eq!(taken.refused, [], "{row}");
    assert_eq!(write::compact(&taken.deliveries[0].record), expected, "{row}");
}

/// What is told of a table: name, rule, pointer and the beginning of the message.
#[track_caller]
fn refused(settings: &[(&str, Setting)], name: &str, bytes: &[u8], expected: &[(&str, &str, &str, &str)]) {
    let taken = taken(&source(settings), name, bytes);
    let found: Vec<_> = taken
        .refused
        .iter()
        .map(|one| {
            let one = &one.rejected;
            (one.delivery.as_str(), one.rule, one.pointer.as_str(), one.message.as_str())
        })
        .collect();
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!((found.0, found.1, found.2), (expected.0, expected.1, expected.2), "{found:?}");
        assert!(found.3.starts_with(expected.3), "{found:?}");
    }
    assert!(taken.refused.iter().all(|one| !one.rejected.remedy.is_empty()));
}

#[test]
fn a_row_becomes_a_record_with_every_fact_in_its_home() {
    let settings = [
        ("columns", table([("published", text("seen")), ("kind", text("technique")), ("indicators", text("iocs"))])),
        ("words", table([("kind", table([("account-takeover", text("hijack"))]))])),
        ("values", table([("confidence", text("likely"))])),
    ];
    let row = r#"{"ecosystem": "NPM", "name": "@a/b", "versions": ["1.0.0", "1.0.1"], "seen": "2026-05-19",
        "technique": "account-takeover", "behaviour": "steals tokens", "aliases": ["GHSA-1", "GHSA-1"], "campaign": "worm",
        "iocs": {"domains": ["evil[.]example"], "urls": ["hxxps://evil[.]example/x"]},
        "references": ["https://github.com/advisories/GHSA-1", "https://blog.example/post"]}"#
        .replace('\n', "");
    check(
        &settings,
        &row,
        r#"{"schema_version":"1.7.5","published":"2026-05-19T00:00:00Z","modified":"2026-05-19T00:00:00Z","aliases":["GHSA-1"],"details":"steals tokens.","affected":[{"package":{"ecosystem":"npm","name":"@a/b","purl":"pkg:npm/%40a/b"},"versions":["1.0.0","1.0.1"]}],"references":[{"type":"ADVISORY","url":"https://github.com/advisories/GHSA-1"},{"type":"WEB","url":"https://blog.example/post"}],"database_specific":{"malpkg":{"campaign":"worm","confidence":"likely","evidence":[{"behaviour":"steals tokens"}],"indicators":[{"type":"domain","value":"evil.example"},{"type":"url","value":"https://evil.example/x"}],"kind":"hijack","technique":"account-takeover"}}}"#,
    );
}

#[test]
fn no_version_is_made_up() {
    let commit = "c730aa26bd52829a49f2ad284b181b7e82a68d7d";
    check(
        &[("columns", table([("commits", text("story"))]))],
        r#"{"ecosystem": "Go", "name": "a.example/b", "story": "Commit 7BDCA06D0EDF, not 1234567890ab.", "modified": "2025-03-14"}"#,
        r#"{"schema_version":"1.7.5","modified":"2025-03-14T00:00:00Z","affected":[{"package":{"ecosystem":"Go","name":"a.example/b","purl":"pkg:golang/a.example/b"}}],"database_specific":{"malpkg":{"moved_tags":[{"to":"7bdca06d0edf"}]}}}"#,
    );
    check(
        &[],
        &format!(
            r#"{{"repository": "https://github.com/php/php-src", "commits": [{{"id": "{commit}", "role": "first"}}], "modified": "2021-03-28"}}"#
        ),
        &format!(
            r#"{{"schema_version":"1.7.5","modified":"2021-03-28T00:00:00Z","affected":[{{"ranges":[{{"type":"GIT","repo":"https://github.com/php/php-src.git","events":[{{"introduced":"{commit}"}},{{"last_affected":"{commit}"}}]}}]}}],"database_specific":{{"malpkg":{{"evidence":[{{"behaviour":"commit {commit}: first"}}]}}}}}}"#
        ),
    );
    check(
        &[("columns", table([("commits", text("story"))]))],
        &format!(
            r#"{{"ecosystem": "GitHub Actions", "name": "a/b", "versions": "v1, v2.0.1", "story": "moved to {commit}.", "modified": "2025-03-14"}}"#
        ),
        &format!(
            r#"{{"schema_version":"1.7.5","modified":"2025-03-14T00:00:00Z","affected":[{{"package":{{"ecosystem":"GitHub Actions","name":"a/b"}},"versions":["v2.0.1"]}}],"database_specific":{{"malpkg":{{"moved_tags":[{{"tag":"v1"}},{{"to":"{commit}"}}]}}}}}}"#
        ),
    );
    check(
        &[],
        r#"{"ecosystem": "npm", "name": "x", "all_versions": true, "versions": ["1.2.3"]}"#,
        r#"{"schema_version":"1.7.5","modified":"1970-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"x","purl":"pkg:npm/x"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}],"database_specific":{"malpkg":{"artifacts":[{"version":"1.2.3"}]}}}"#,
    );
}

#[test]
fn a_version_behind_a_package_is_one_of_its_versions() {
    let versions = |row: &str| {
        let taken = taken(&source(&[]), "t.jsonl", row.as_bytes());
        assert_eq!(taken.refused, []);
        taken.deliveries[0].record.affected.items()[0].versions.items().to_vec()
    };
    assert_eq!(versions(r#"{"package": "pkg:npm/%40a/b@1.2.3"}"#), ["1.2.3"]);
    assert_eq!(versions(r#"{"package": "npm/x@1.2.3", "versions": ["1.2.3", "1.2.4"]}"#), ["1.2.3", "1.2.4"]);
    assert_eq!(versions(r#"{"package": "npm/x@1.2.5", "versions": "1.2.4"}"#), ["1.2.4", "1.2.5"]);
    assert_eq!(versions(r#"{"package": "npm/x", "versions": "1.2.4"}"#), ["1.2.4"]);
}

#[test]
fn comma_separated_rows_are_the_same_rows() {
    let csv = "\u{feff}ecosystem;name;versions;details\nnpm;a;1.0.0,1.0.1;\"one; \"\"two\"\"\nthree\"\nPyPI;b;all;\n";
    let taken = taken(&source(&[("delimiter", text(";"))]), "t.csv", csv.as_bytes());
    assert_eq!(taken.refused, []);
    let record = |at: usize| &taken.deliveries[at].record;
    assert_eq!(record(0).affected.items()[0].versions.items(), ["1.0.0", "1.0.1"]);
    assert_eq!(record(0).details.as_str(), Some("one; \"two\"\nthree"));
    assert_eq!(record(1).affected.items()[0].ranges.items()[0].kind.as_str(), Some("ECOSYSTEM"));
    assert_eq!(names(&taken), ["t.csv:2", "t.csv:4"]);
}

#[test]
fn a_bad_row_leaves_the_others_alone() {
    let csv = b"ecosystem,name,versions,published\nnpm,a,1,\nnpm,b\nnpm,c,1,yesterday\nklingon,d,1,\nnpm,\xff,1,\n,,1,\nnpm,e,1,\n";
    refused(
        &[],
        "t.csv",
        csv,
        &[
            ("t.csv:3", "unreadable-report", "", "the row has 2 columns, the header 4"),
            ("t.csv:4", "schema-violation", "/published", "`yesterday` is no day"),
            ("t.csv:5", "unknown-ecosystem", "/ecosystem", ""),
            ("t.csv:6", "unreadable-report", "/name", "the cell is not UTF-8"),
            ("t.csv:7", "package-name-missing", "", "the row names no package"),
        ],
    );
    assert_eq!(names(&taken(&source(&[]), "t.csv", csv)), ["t.csv:2", "t.csv:8"]);
    let lines = b"{\"ecosystem\": \"npm\", \"name\": \"a\", \"kind\": \"bad\"}\n{\"a\": 1, \"a\": 2}\n[1]\n{\n\xff\n";
    refused(
        &[],
        "t.jsonl",
        lines,
        &[
            ("t.jsonl:1", "malformed-addition", "/kind", "`bad` is no kind"),
            ("t.jsonl:2", "malformed-json", "/a", "the member `a` stands twice"),
            ("t.jsonl:3", "malformed-json", "", "the row is no JSON object"),
            ("t.jsonl:4", "malformed-json", "", ""),
            ("t.jsonl:5", "malformed-json", "", ""),
        ],
    );
}

#[test]
fn what_is_wrong_with_a_whole_table_is_said_once() {
    let named = [("columns", table([("published", text("first seen"))]))];
    refused(
        &named,
        "t.csv",
        b"ecosystem,name\nnpm,a\n",
        &[("t.csv", "unreadable-report", "", "the table has no column `first seen`")],
    );
    for (header, settings) in [("ecosystem,name,id,name", &[][..]), ("ecosystem,name,id,first seen,first seen", &named)]
    {
        let table = format!("{header}\nnpm,a,1,2,3\n");
        let twice = header.rsplit(',').next().unwrap();
        let message = format!("the table has the column `{twice}` twice");
        refused(settings, "t.csv", table.as_bytes(), &[("t.csv", "unreadable-report", "", &message)]);
    }
    // Nobody asks for this one.
    let other = taken(&source(&[]), "t.csv", b"ecosystem,name,versions,x,x\nnpm,a,1,,\n");
    assert_eq!((other.refused.len(), other.deliveries.len()), (0, 1));
    refused(&[], "t.csv", b"\xff\xfee\0c\0o\0", &[("t.csv", "unreadable-report", "", "the table is in UTF-16")]);
    // A quote that is never closed.
    let open = format!("ecosystem,name\nnpm,a\nnpm,\"{}", "x\n".repeat(5 << 20));
    refused(&[], "t.csv", open.as_bytes(), &[("t.csv", "unreadable-report", "", "the table cannot be read on: a row")]);
}

#[test]
fn a_quote_that_is_never_closed_is_told_where_its_row_begins() {
    let check = |table: &str, expected: Option<(&str, &str)>, rows: usize| {
        let taken = taken(&source(&[]), "t.csv", table.as_bytes());
        let told = |one: &crate::Refused| (one.rejected.delivery.clone(), one.rejected.pointer.clone());
        let found: Vec<(String, String)> = taken.refused.iter().map(told).collect();
        let expected: Vec<(String, String)> =
            expected.into_iter().map(|(name, pointer)| (name.to_owned(), pointer.to_owned())).collect();
        assert_eq!((found, taken.deliveries.len()), (expected, rows), "{table:?}");
        assert!(taken.refused.iter().all(|one| one.bytes.is_none()), "closed by us it would be another row");
    };
    for end in ["", "\n", "\r\n", "\r", "\n\n"] {
        let table = |details: &str| format!("package,versions,details\nnpm/a,1,x\nnpm/b,1,{details}{end}");
        check(&table("\"abc\nnpm/c,1,d"), Some(("t.csv:3", "/details")), 1);
        check(&table("\"abc\"\""), Some(("t.csv:3", "/details")), 1);
        check(&table("\"abc\nnpm/c,1,d\""), None, 2);
        check(&table("\"a\"\"c\""), None, 2);
        check(&table("a\"bc"), None, 2);
        check(&format!("\u{feff}{}", table("\"abc\nnpm/c,1,d\n")), Some(("t.csv:3", "/details")), 1);
        check(&format!("\u{feff}{}", table("\"abc\"")), None, 2);
    }
    check("package,versions\nnpm/a,1\n\"npm/b,1\nnpm/c,1\n", Some(("t.csv:3", "/package")), 1);
    check("package,\"versions\nnpm/a,1\n", Some(("t.csv:1", "")), 0);
    check("package,versions\nnpm/a,1\n\"", Some(("t.csv:3", "/package")), 1);
    let long = "x\n".repeat(100_000);
    check(
        &format!("package,versions,details\nnpm/a,1,\"{long}\"\nnpm/b,1,\"{long}"),
        Some(("t.csv:100003", "/details")),
        1,
    );
}

#[test]
fn a_row_that_was_refused_can_be_read_again_by_itself() {
    let taken = taken(&source(&[]), "t.csv", b"ecosystem,name,versions\nklingon,\"d,e\",1\n");
    let kept = taken.refused[0].bytes.clone().unwrap();
    assert_eq!(String::from_utf8(kept).unwrap(), "ecosystem,name,versions\nklingon,\"d,e\",1\n");
}
