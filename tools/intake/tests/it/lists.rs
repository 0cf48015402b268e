//! The formats that are answers and lists of others: what comes in, what is left out, and what is told.

use intake::{OwnIds, Reading, Setting};
use osv_schema::{Record, write};
use testkit::Folder;

use crate::documents::{DATADOG, GRAPHQL, REST, SAFE_CHAIN};
use crate::program::{names, read, read_since, refused, source, text};

/// Reads one file.
#[track_caller]
fn reading(format: &str, settings: &[(&str, Setting)], file: &str, content: &str) -> Reading {
    let folder = Folder::empty();
    folder.write(file, content);
    read(&source(format, settings), folder.path()).expect("it works here")
}

/// What each record says of its package: the name, then versions, then events of ranges.
fn said(reading: &Reading) -> Vec<String> {
    let one = |record: &Record| {
        let affected = &record.affected.items()[0];
        let package = affected.package.value().expect("a package");
        let events = affected.ranges.items().iter().flat_map(|range| range.events.items());
        let events: Vec<String> = events.map(write::compact).collect();
        let kind = affected.ranges.items().first().and_then(|range| range.kind.as_str()).unwrap_or_default();
        let (ecosystem, name) = (package.ecosystem.as_str(), package.name.as_str());
        let versions = affected.versions.items().join(" ");
        format!("{}/{} {versions}{kind}{}", ecosystem.unwrap_or(""), name.unwrap_or(""), events.join(""))
    };
    reading.taken.deliveries.iter().map(|delivery| one(&delivery.record)).collect()
}

#[test]
fn advisories_of_graphql_come_in() {
    let reading = reading("ghsa", &[], "page.json", GRAPHQL);
    assert_eq!(refused(&reading), []);
    assert_eq!(
        names(&reading),
        ["page.json#GHSA-2222-3333-4444#1", "page.json#GHSA-2222-3333-4444#2", "page.json#GHSA-8888-9999-xxxx"]
    );
    assert_eq!(
        said(&reading),
        [
            "npm/left-padd 1.0.1 1.0.2",
            "PyPI/Left_Padd ECOSYSTEM{\"introduced\":\"0\"}",
            "npm/@scope/thing SEMVER{\"introduced\":\"1.2.4-0\"}{\"last_affected\":\"2.0.0\"}",
        ]
    );
    assert_eq!(reading.taken.left_out, 1, "one is about an ordinary bug");
    let record = &reading.taken.deliveries[0].record;
    assert_eq!(record.id.as_str(), Some("GHSA-2222-3333-4444"));
    assert_eq!(record.aliases.items(), ["CVE-2026-1234"]);
    assert_eq!(record.published.as_str(), Some("2026-01-02T03:04:05Z"));
    let urls: Vec<&str> = record.references.items().iter().filter_map(|one| one.url.as_str()).collect();
    assert_eq!(urls, ["https://github.com/advisories/GHSA-2222-3333-4444", "https://blog.example/left-padd"]);
    assert!(write::compact(record).contains(r#""cwes":[{"cweId":"CWE-506","name":"Embedded Malicious Code"}]"#));
    let last = &reading.taken.deliveries[2].record;
    assert_eq!(last.withdrawn.as_str(), Some("2026-02-01T00:00:00Z"));
    assert!(last.details.is_absent(), "an empty text is none");
}

#[test]
fn advisories_of_rest_come_in_alone_and_a_line_each() {
    let of_list = reading("ghsa", &[], "page.json", REST);
    let expected = [
        "RubyGems/rack-proxxy ECOSYSTEM{\"introduced\":\"0\"}",
        "crates.io/serd-e SEMVER{\"introduced\":\"1.0.0\"}{\"fixed\":\"1.1.0\"}",
    ];
    assert_eq!(said(&of_list), expected);
    let credit = &of_list.taken.deliveries[0].record.credits.items()[0];
    assert_eq!((credit.name.as_str(), credit.kind.as_str()), (Some("finder"), Some("ANALYST")));
    let alone = REST.trim().trim_start_matches('[').trim_end_matches(']').replace('\n', " ");
    assert_eq!(said(&reading("ghsa", &[], "one.json", &alone)), expected);
    let above = reading("ghsa", &[], "page.json", &REST.replace("\">= 0\"", "\"> 1\""));
    assert_eq!(said(&above)[0], "RubyGems/rack-proxxy ECOSYSTEM{\"introduced\":\"1.0.0.1.a\"}");
    let lines = reading("ghsa", &[], "all.jsonl", &format!("{alone}\n\n{alone}\n{{}}\n"));
    assert_eq!(said(&lines).len(), 4);
    assert_eq!(refused(&lines), [("all.jsonl:4", "schema-violation", "there is no member `nodes`")]);
}

#[test]
fn an_answer_that_is_an_error_says_so() {
    let answer = r#"{"data": null, "errors": [{"message": "API rate limit exceeded"}]}"#;
    let reading = reading("ghsa", &[], "page.json", answer);
    let message = "the answer has no advisories: API rate limit exceeded";
    assert_eq!(refused(&reading), [("page.json", "schema-violation", message)]);
}

#[test]
fn what_is_wrong_with_an_advisory_has_its_place() {
    let check = |old: &str, new: &str, pointer: &str| {
        let reading = reading("ghsa", &[], "page.json", &REST.replace(old, new));
        let places: Vec<&str> = reading.taken.refused.iter().map(|one| one.rejected.pointer.as_str()).collect();
        assert_eq!(places, [pointer], "{old} -> {new}");
        assert!(!reading.taken.refused[0].rejected.remedy.contains("source.ID"));
    };
    check("\">= 0\"", "\"0\"", "/0/vulnerabilities/0/vulnerable_version_range");
    for empty in [">= 2.0.0, < 1.1.0", ">= 1.0.0, < 1.0.0", "> 1.0.0, <= 1.0.0", ">= 1.1.0, <= 1.2.0"] {
        check(">= 1.0.0, < 1.1.0", empty, "/0/vulnerabilities/1/vulnerable_version_range");
    }
    check("\"rubygems\"", "\"klingon\"", "/0/vulnerabilities/0/package/ecosystem");
    check("\"ghsa_id\": \"GHSA-2222-3333-4444\"", "\"ghsa_id\": \"MAL-2026-1\"", "/0/ghsa_id");
    check("2026-01-02T03:04:06Z", "yesterday", "/0/updated_at");
    check("\"name\": \"rack-proxxy\"", "\"name\": \" \"", "/0/vulnerabilities/0/package/name");
    let own = [(
        "words",
        Setting::Table([("ecosystem".into(), Setting::Table([("klingon".into(), text("npm"))].into()))].into()),
    )];
    let words = reading("ghsa", &own, "page.json", &REST.replace("rubygems", "klingon"));
    assert_eq!(said(&words)[0], "npm/rack-proxxy SEMVER{\"introduced\":\"0\"}");
}

#[test]
fn a_list_of_safe_chain_comes_in_by_package() {
    let reading = reading("safe-chain", &[], "malware_predictions.json", SAFE_CHAIN);
    assert_eq!(
        said(&reading),
        [
            "npm/@scope/thing 1.0.1",
            "npm/all-bad SEMVER{\"introduced\":\"0\"}",
            "npm/left-padd 1.0.0 2.0.0",
            "npm/peace 9.2.2"
        ]
    );
    assert_eq!((refused(&reading), reading.taken.left_out), (vec![], 1));
    let ids: Vec<Option<&str>> = reading.taken.deliveries.iter().map(|delivery| delivery.own_id()).collect();
    assert_eq!(ids[2], Some("npm/left-padd"));
    assert!(write::compact(&reading.taken.deliveries[3].record).contains(r#""kind":"protestware""#));
    let source = source("safe-chain", &[]);
    assert_eq!((source.is_complete, source.own_ids), (true, OwnIds::Drop));
}

#[test]
fn a_list_says_its_ecosystem_by_its_name_or_the_source_does() {
    let check = |file: &str, settings: &[(&str, Setting)], expected: Result<&str, &str>| {
        let content = r#"[{"package_name": "A.b", "version": "1", "reason": "MALWARE"}]"#;
        let reading = reading("safe-chain", settings, file, content);
        match expected {
            Ok(package) => assert_eq!(said(&reading), [format!("{package} 1")], "{file}"),
            Err(rule) => assert_eq!(refused(&reading).first().map(|one| one.1), Some(rule), "{file}"),
        }
    };
    check("malware_pypi.json", &[], Ok("PyPI/A.b"));
    check("rubygems.json", &[], Ok("RubyGems/A.b"));
    check("crates.io/list.json", &[], Ok("crates.io/A.b"));
    check("list.json", &[], Err("unknown-ecosystem"));
    check("list.json", &[("from", text("https://x.example/pypi/list.json"))], Ok("PyPI/A.b"));
    let values = Setting::Table([("ecosystem".into(), text("NuGet"))].into());
    check("npm.json", &[("values", values)], Ok("NuGet/A.b"));
    let releases = reading("safe-chain", &[], "releases/npm.json", "[]");
    assert_eq!((names(&releases).len(), refused(&releases).len()), (0, 0));
}

#[test]
fn a_bad_row_of_a_list_is_told_and_the_others_come_in() {
    let bad = SAFE_CHAIN.replace("\"9.2.2\"", "9.2").replace("\"TELEMETRY\"", "\"BORING\"");
    let reading = reading("safe-chain", &[], "malware_predictions.json", &bad);
    let told: Vec<(&str, &str)> = reading
        .taken
        .refused
        .iter()
        .map(|one| (one.rejected.delivery.as_str(), one.rejected.pointer.as_str()))
        .collect();
    assert_eq!(told, [("malware_predictions.json:4", "/3/reason"), ("malware_predictions.json:5", "/4/version")]);
    assert_eq!(said(&reading).len(), 3);
    // What is kept of it can be read again, as soon as a word is known.
    let known = Setting::Table([("kind".into(), Setting::Table([("BORING".into(), text("spam"))].into()))].into());
    let again = source("safe-chain", &[("words", known)]);
    let kept = reading.taken.refused[0].clone();
    let document = intake::Document { name: kept.rejected.delivery, bytes: Ok(kept.bytes.expect("bytes")) };
    let now = "2026-06-01T12:00:00Z".parse().expect("a time");
    let asked = intake::Asked { source: &again, prefix: "MAL", cache: None, since: None, now };
    let taken = intake::retake(vec![document], asked);
    assert_eq!(taken.deliveries[0].own_id(), Some("npm/talkative"));
}

#[test]
fn a_manifest_of_datadog_comes_in() {
    let reading = reading("datadog-manifest", &[], "samples/pypi/manifest.json", DATADOG);
    let all = "ECOSYSTEM{\"introduced\":\"0\"}";
    assert_eq!(
        said(&reading),
        ["PyPI/@scope/thing 1.0.1 1.0.2".to_owned(), format!("PyPI/all-bad {all}"), "PyPI/left-padd 1.0.0".to_owned()]
    );
    let other = reading_of_other_file();
    assert_eq!((names(&other).len(), refused(&other).len()), (0, 0));
}

#[test]
fn a_manifest_that_lists_no_version_says_nothing_of_its_package() {
    let reading = reading("datadog-manifest", &[], "npm/manifest.json", r#"{"w3": [], "left-padd": ["1.0.0"]}"#);
    assert_eq!(said(&reading), ["npm/left-padd 1.0.0"]);
    let rejected = &reading.taken.refused[0].rejected;
    assert_eq!((rejected.delivery.as_str(), rejected.pointer.as_str()), ("npm/manifest.json:w3", "/w3"));
    assert_eq!(rejected.message, "an empty list names no version");
    assert!(rejected.remedy.contains("null for all of them"), "{}", rejected.remedy);
}

fn reading_of_other_file() -> Reading {
    reading("datadog-manifest", &[], "samples/npm/notes.json", "{}")
}

#[test]
fn half_a_list_says_nothing() {
    for (format, file, content) in
        [("safe-chain", "npm.json", SAFE_CHAIN), ("datadog-manifest", "npm/manifest.json", DATADOG)]
    {
        let reading = reading(format, &[], file, &content[..content.len() - 3]);
        assert_eq!((names(&reading).len(), refused(&reading)[0].1), (0, "malformed-json"), "{format}");
    }
    let twice = reading("datadog-manifest", &[], "npm/manifest.json", r#"{"a": null, "a": ["1"]}"#);
    assert_eq!((names(&twice).len(), refused(&twice)[0].1), (0, "malformed-json"));
}

#[test]
fn of_lists_in_a_repository_all_are_read_when_one_changed() {
    let (feed, cache) = (testkit::Repository::empty(), tempfile::tempdir().expect("a folder"));
    feed.write("samples/npm/manifest.json", DATADOG);
    feed.write("samples/pypi/manifest.json", r#"{"x": null}"#);
    feed.commit("one");
    let from = format!("git+file://{}", feed.path().display());
    let source = source("datadog-manifest", &[("from", text(&from))]);
    let reading = |since| read_since(&source, &from, Some(cache.path()), since).expect("it works here");
    let first = reading(None);
    assert_eq!((names(&first).len(), first.is_whole), (4, true));
    let same = reading(first.cursor.as_ref());
    assert_eq!((names(&same).len(), same.is_whole), (0, false));
    feed.write("samples/pypi/manifest.json", r#"{"y": null}"#);
    feed.commit("two");
    let next = reading(first.cursor.as_ref());
    assert_eq!((names(&next).len(), next.is_whole), (4, true));
}
