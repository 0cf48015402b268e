//! The guard for the innocent: what names a protected package waits for a second person, and the rest goes in.

use malpkg::Exit;
use serde_json::Value;
use testkit::{Database, Folder, Repository, report};

use crate::program::{json, malpkg};

const CONFIG: &str = "[source.feed]\nformat = \"osv\"\n[source.other]\nformat = \"osv\"\n";

fn repository() -> Repository {
    let lists = Database::default().with("malpkg.toml", CONFIG).with("config/protected/npm.txt", "react\n@babel/*\n");
    lists.repository()
}

#[track_caller]
fn ingest(repository: &Repository, source: &str, deliveries: &[&str]) -> Value {
    let inbox = Folder::empty();
    for (at, delivery) in deliveries.iter().enumerate() {
        inbox.write(&format!("{at}.json"), delivery);
    }
    let folder = inbox.path().to_str().expect("a path in UTF-8").to_owned();
    json(repository.path(), &["ingest", "--source", source, &folder, "--commit"], Exit::Done)
}

/// What waits, by package.
fn queue(repository: &Repository) -> Vec<(String, String)> {
    let told = json(repository.path(), &["triage"], Exit::Done);
    assert_eq!((&told["format"], &told["version"]), (&"malpkg.triage".into(), &1.into()));
    let word = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let items = told["queue"].as_array().expect("a list");
    items.iter().map(|item| (word(item, "kind"), word(item, "package"))).collect()
}

fn is_published(repository: &Repository, package: &str) -> bool {
    malpkg(repository.path(), &["query", package]).exit == Exit::Found
}

#[test]
fn a_protected_name_waits_and_the_rest_goes_in() {
    let repository = repository();
    let lost = report("X-3", "npm", "core", &["1.0.0"]).replace("The package runs", "The package @acme/core runs");
    let sent = [
        report("X-1", "npm", "react", &["1.0.0"]),
        report("X-2", "npm", "@babel/core", &[]),
        lost,
        report("X-4", "npm", "evil-left-pad", &["1.0.0"]),
    ];
    let done = ingest(&repository, "feed", &sent.each_ref().map(String::as_str));
    assert_eq!((&done["sources"][0]["created"], &done["sources"][0]["rejected"]), (&1.into(), &3.into()), "{done}");
    for rejected in done["rejected"].as_array().expect("a list") {
        assert_eq!(rejected["rule"], "protected-name", "{done}");
    }
    assert!(is_published(&repository, "npm/evil-left-pad"));
    for package in ["npm/react", "npm/@babel/core", "npm/core"] {
        assert!(!is_published(&repository, package), "{package}");
        assert!(queue(&repository).contains(&("protected".into(), package.into())), "{package}");
    }
    // Sent again, it waits as before.
    let again = ingest(&repository, "feed", &sent.each_ref().map(String::as_str));
    assert_eq!((&again["commit"], queue(&repository).len()), (&Value::Null, 3), "{again}");
}

#[test]
fn what_a_second_person_approves_of_is_taken_in() {
    let repository = repository();
    ingest(&repository, "feed", &[&report("X-1", "npm", "react", &["1.0.0"])]);
    // Neither the source nor who committed what waits is a second person.
    let who = repository.run(&["log", "-1", "--format=%an"]);
    let spelled = format!("\u{200b}{}. ", who.trim().to_uppercase());
    for by in ["feed", "Feed\u{200b}.", who.trim(), &spelled] {
        let refused = malpkg(repository.path(), &["approve", "npm/react", "--by", by, "--commit"]);
        assert_eq!(refused.exit, Exit::Failed, "{by}: {}", refused.out);
        assert!(refused.err.contains("cannot approve"), "{}", refused.err);
    }
    let nobody = malpkg(repository.path(), &["approve", "npm/react", "--by", "\u{200b}.", "--commit"]);
    assert!(nobody.exit == Exit::Failed && nobody.err.contains("nobody is named"), "{}", nobody.err);
    let done = json(repository.path(), &["approve", "npm/react", "--by", "Grace", "--commit"], Exit::Done);
    assert_eq!(done["changes"][0]["kind"], "create", "{done}");
    assert!(is_published(&repository, "npm/react@1.0.0") && queue(&repository).is_empty());
    let validated = json(repository.path(), &["validate", "--base-exact", "HEAD~1"], Exit::Done);
    assert_eq!(validated["verdict"], "clean", "{validated}");
    let query = json(repository.path(), &["query", "npm/react"], Exit::Found);
    let path = query["answers"][0]["reports"][0]["path"].as_str().expect("a path").to_owned();
    let report_now: Value = serde_json::from_str(&repository.read(&path)).expect("JSON");
    let decision = &report_now["database_specific"]["malpkg"]["decisions"][0];
    assert_eq!((&decision["kind"], &decision["by"]), (&"approve".into(), &"Grace".into()));
    assert_eq!(decision["versions"], serde_json::json!(["1.0.0"]));
    // What says more needs another approval; what says less does not.
    ingest(&repository, "other", &[&report("Y-1", "npm", "react", &["1.0.0", "2.0.0"])]);
    assert!(!is_published(&repository, "npm/react@2.0.0"));
    assert_eq!(queue(&repository), [("protected".to_owned(), "npm/react".to_owned())]);
    json(repository.path(), &["approve", "npm/react", "--by", "Grace", "--commit"], Exit::Done);
    assert!(is_published(&repository, "npm/react@2.0.0"));
    json(
        repository.path(),
        &["narrow", "npm/react", "--clear", "2.0.0", "--reason", "versions-clean", "--commit"],
        Exit::Done,
    );
    assert!(!is_published(&repository, "npm/react@2.0.0") && queue(&repository).is_empty());
}

#[test]
fn an_open_range_is_approved_of_by_its_versions() {
    let repository = repository();
    ingest(&repository, "feed", &[&report("X-1", "npm", "react", &[])]);
    let waits = malpkg(repository.path(), &["triage"]).out;
    assert!(waits.contains("exact versions alone") && waits.contains("--keep VERSION"), "{waits}");
    let refused = malpkg(repository.path(), &["approve", "npm/react", "--by", "Grace", "--commit"]);
    assert!(refused.exit == Exit::Failed && refused.err.contains("--keep"), "{}{}", refused.out, refused.err);
    json(repository.path(), &["approve", "npm/react", "--by", "Grace", "--keep", "1.0.0", "--commit"], Exit::Done);
    assert!(is_published(&repository, "npm/react@1.0.0") && !is_published(&repository, "npm/react@2.0.0"));
}

#[test]
fn a_draft_on_a_protected_name_waits_too() {
    let repository = repository();
    let all = ["new", "npm/react", "--all-versions", "--because", "no", "--write"];
    assert_eq!(malpkg(repository.path(), &all).exit, Exit::Failed);
    let told = malpkg(repository.path(), &["new", "npm/react@1.0.0", "--write"]);
    assert!(told.exit == Exit::Done && told.out.contains("malpkg approve"), "{}{}", told.out, told.err);
    repository.run(&["add", "-A"]);
    repository.run(&["commit", "-qm", "a draft"]);
    assert_eq!(queue(&repository)[0].0, "protected");
    let merged = json(repository.path(), &["assign", "--commit"], Exit::Done);
    assert!(!is_published(&repository, "npm/other"), "{merged}");
    json(repository.path(), &["approve", "npm/react", "--by", "Grace", "--commit"], Exit::Done);
    assert!(!queue(&repository).iter().any(|(kind, _)| kind == "protected"), "{:?}", queue(&repository));
}

#[test]
fn an_item_is_closed_with_a_reason() {
    let repository = repository();
    ingest(&repository, "feed", &[&report("X-1", "npm", "react", &["1.0.0"])]);
    let key = json(repository.path(), &["triage"], Exit::Done)["queue"][0]["key"].as_str().expect("a key").to_owned();
    let close = ["triage", "close", &key[..12], "--because", "it is the real react"];
    assert_eq!(malpkg(repository.path(), &close).exit, Exit::Done);
    assert_eq!(queue(&repository).len(), 1, "a plan closes nothing");
    json(repository.path(), &[&close[..], &["--commit"]].concat(), Exit::Done);
    let told = json(repository.path(), &["triage"], Exit::Done);
    assert_eq!((told["queue"].as_array().map(Vec::len), &told["closed"]), (Some(0), &1.into()));
    assert!(repository.read(&format!("config/triage/{key}.toml")).contains("it is the real react"));
    // Sent again with a newer date it says the same, and nobody has to look again; with another version it does not.
    let sent = |modified: &str, version: &str| {
        report("X-1", "npm", "react", &[version])
            .replace("\"modified\": \"2026-01-01", &format!("\"modified\": \"{modified}"))
    };
    ingest(&repository, "feed", &[&sent("2026-02-01", "1.0.0")]);
    let told = json(repository.path(), &["triage"], Exit::Done);
    assert_eq!((told["queue"].as_array().map(Vec::len), &told["closed"]), (Some(0), &1.into()), "{told}");
    ingest(&repository, "feed", &[&sent("2026-03-01", "1.0.1")]);
    assert_eq!(queue(&repository).len(), 1);
    ingest(&repository, "feed", &[&sent("2026-04-01", "1.0.0")]);
    assert_eq!(queue(&repository).len(), 0);
    // Another claim about the same name is another item.
    ingest(&repository, "other", &[&report("Y-1", "npm", "react", &["2.0.0"])]);
    assert_eq!(queue(&repository).len(), 1);
}

/// Names that everybody uses, and names that only speak of a package with a scope: as many as once lost their scopes at a
/// time.
fn lost() -> Vec<(String, String)> {
    let list = include_str!("../../../../config/protected/npm.txt");
    let names = list.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let famous = names.filter(|name| *name != "react" && !name.is_empty() && !name.contains(['*', '@', '/']));
    let famous = famous.take(300).chain(["react"]);
    let words = ["core", "utils", "ui-kit", "shared", "client", "common"];
    let parts = ["web", "api", "app", "lib", "docs", "cli", "auth", "jobs", "mail", "map"];
    let scoped = words.iter().flat_map(|word| parts.iter().map(move |part| format!("{part}-{word}-of-acme")));
    let of_famous = famous.map(|name| (name.to_owned(), "The package runs code.".to_owned()));
    // Squatters of a scope that is somebody's: nobody but its owner can publish there.
    let squats = (0..100).map(|at| (format!("@types/flood-{at}"), "The package runs code.".to_owned()));
    of_famous
        .chain(squats)
        .chain(scoped.map(|name| (name.clone(), format!("The package @acme/{name} runs code."))))
        .collect()
}

#[test]
fn a_source_that_lost_its_scopes_flags_nobody_and_its_honest_findings_come_in() {
    let lists = Database::default()
        .with("malpkg.toml", "[source.feed]\nformat = \"osv\"\n")
        .with("config/protected/npm.txt", include_str!("../../../../config/protected/npm.txt"));
    let (repository, inbox, lost) = (lists.repository(), Folder::empty(), lost());
    assert!(lost.len() > 232 && lost.iter().any(|(name, _)| name == "react"), "{}", lost.len());
    for (at, (name, details)) in lost.iter().enumerate() {
        // Half of them claim every version.
        let versions: &[&str] = if at % 2 == 0 { &[] } else { &["1.0.0"] };
        let text = report(&format!("L-{at}"), "npm", name, versions);
        let text = text.replace("The package runs code of an attacker when it is installed.", details);
        inbox.write(&format!("lost/{at}.json"), text);
    }
    const HONEST: usize = 60;
    for at in 0..HONEST {
        inbox.write(&format!("honest/{at}.json"), report(&format!("H-{at}"), "npm", &format!("evil-padd-{at}"), &[]));
    }
    let input = inbox.path().to_str().expect("a path in UTF-8").to_owned();
    let done = json(repository.path(), &["ingest", "--source", "feed", &input, "--commit"], Exit::Done);
    assert_eq!((&done["sources"][0]["created"], &done["sources"][0]["rejected"]), (&HONEST.into(), &lost.len().into()));
    assert!(done["rejected"].as_array().expect("a list").iter().all(|one| one["rule"] == "protected-name"), "{done}");
    let names: Vec<String> = lost.iter().map(|(name, _)| format!("npm/{name}@1.0.0")).collect();
    let words: Vec<&str> = names.iter().map(String::as_str).collect();
    let asked = json(repository.path(), &[&["query"], &words[..]].concat(), Exit::Done);
    assert!(asked["answers"].as_array().expect("answers").iter().all(|answer| answer["verdict"] == "not-known"));
    assert_eq!(repository.paths("HEAD").iter().filter(|path| path.starts_with("osv/malicious/")).count(), HONEST);
    // Each of them waits for a person, in front of all else, and is not lost.
    let queue = queue(&repository);
    assert_eq!(queue.iter().filter(|(kind, _)| kind == "protected").count(), lost.len());
    let again = json(repository.path(), &["ingest", "--source", "feed", &input, "--commit"], Exit::Done);
    assert_eq!(again["commit"], Value::Null, "sent again, nothing changes");
}

const GHSA: &str = r#"{"ghsaId": "GHSA-aaaa-aaaa-bbbb", "classification": "MALWARE", "summary": "x", "description": "x",
    "publishedAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z", "withdrawnAt": null, "references": [],
    "identifiers": [], "vulnerabilities": {"nodes": [{"package": {"ecosystem": "NPM", "name": "react"},
    "vulnerableVersionRange": "= 1.0.0", "firstPatchedVersion": null}]}}"#;
const ANALYSIS: &str = r#"{"Package": {"Name": "react", "Version": "1.0.0", "Ecosystem": "npm"}, "CreatedTimestamp": 1735000000,
    "Analysis": {"install": {"Status": "completed", "Files": [], "Commands": [], "DNS": [],
    "Sockets": [{"Address": "6.6.6.6", "Port": 4444, "Hostnames": []}]}}}"#;
const TABLE: &str = "package,versions,id\nnpm/react,1.0.0,T-1\nnpm/bad-thing,1.0.0,T-2\n";
const SAFE_CHAIN: &str = r#"[{"package_name": "react", "version": "1.0.0", "reason": "MALWARE"}]"#;
const MANIFEST: &str = r#"{"react": ["1.0.0"], "bad-thing": null}"#;
/// What each format says of a protected name.
const FORMATS: [(&str, &str, &str); 5] = [
    ("ghsa", "x.json", GHSA),
    ("package-analysis", "x.json", ANALYSIS),
    ("table", "x.csv", TABLE),
    ("safe-chain", "malware_predictions.json", SAFE_CHAIN),
    ("datadog-manifest", "npm/manifest.json", MANIFEST),
];

/// A database in which a source of this format has a finding on a protected name, which waits, and the source's folder.
fn waiting_of(format: &str, file: &str, content: &str) -> (Repository, Folder) {
    let config = format!("[source.feed]\nformat = \"{format}\"\n");
    let lists = Database::default().with("malpkg.toml", &config).with("config/protected/npm.txt", "react\n");
    let (repository, inbox) = (lists.repository(), Folder::empty());
    inbox.write(file, content);
    send(&repository, &inbox);
    assert_eq!(queue(&repository), [("protected".to_owned(), "npm/react".to_owned())], "{format}");
    (repository, inbox)
}

fn send(repository: &Repository, inbox: &Folder) -> Value {
    let folder = inbox.path().to_str().expect("a path in UTF-8");
    json(repository.path(), &["ingest", "--source", "feed", folder, "--commit"], Exit::Done)
}

#[test]
fn what_waits_is_approved_of_whatever_its_format_is() {
    for (format, file, content) in FORMATS {
        let (repository, inbox) = waiting_of(format, file, content);
        let done = json(repository.path(), &["approve", "npm/react", "--by", "Grace", "--commit"], Exit::Done);
        assert_eq!(done["changes"][0]["kind"], "create", "{format}: {done}");
        assert!(is_published(&repository, "npm/react@1.0.0") && queue(&repository).is_empty(), "{format}");
        let again = send(&repository, &inbox);
        assert_eq!((&again["commit"], queue(&repository).len()), (&Value::Null, 0), "{format}: {again}");
    }
}

#[test]
fn what_waits_is_tried_again_as_what_was_made_of_it() {
    for (format, file, content) in FORMATS {
        let (repository, _) = waiting_of(format, file, content);
        let retried = json(repository.path(), &["quarantine", "retry"], Exit::Done);
        assert_eq!(retried["rejected"].as_array().map(Vec::len), Some(0), "{format}: {retried}");
        let other = Folder::empty();
        if format == "table" {
            other.write("y.csv", "package,versions,id\nnpm/other,1.0.0,T-3\n");
        }
        // Refused again it is one document still, and where its name is no longer protected it comes in.
        let refused = send(&repository, &other);
        assert!(refused["rejected"].as_array().expect("a list").len() <= 1, "{format}: {refused}");
        assert_eq!(queue(&repository).len(), 1, "{format}");
        repository.write("config/protected/npm.txt", "vue\n");
        repository.commit("another list");
        let done = send(&repository, &other);
        assert_eq!(done["rejected"].as_array().map(Vec::len), Some(0), "{format}: {done}");
        assert!(is_published(&repository, "npm/react@1.0.0") && queue(&repository).is_empty(), "{format}");
    }
}

#[test]
fn what_cannot_be_taken_in_is_not_dropped() {
    let (repository, inbox) = waiting_of("ghsa", "x.json", GHSA);
    let path = repository.paths("HEAD").into_iter().find(|path| path.ends_with(".reason.toml")).expect("a reason");
    // As it was before how to read it was written down.
    let old = repository.read(&path).replace("form = \"osv\"\n", "");
    repository.write(&path, &old);
    repository.commit("an old reason");
    let head = repository.run(&["rev-parse", "HEAD"]);
    let refused = malpkg(repository.path(), &["approve", "npm/react", "--by", "Grace", "--commit"]);
    assert_eq!((refused.exit, repository.run(&["rev-parse", "HEAD"])), (Exit::Failed, head), "{}", refused.out);
    assert!(
        refused.err.contains("cannot be read any more") && refused.err.contains("send it again"),
        "{}",
        refused.err
    );
    assert_eq!(queue(&repository).len(), 1);
    // Sent again it is known how.
    send(&repository, &inbox);
    json(repository.path(), &["approve", "npm/react", "--by", "Grace", "--commit"], Exit::Done);
    assert!(is_published(&repository, "npm/react@1.0.0"));
}

#[test]
fn of_what_waits_some_versions_are_taken_in_and_what_stands_stays() {
    let repository = repository();
    let approve = |more: &[&str]| {
        json(repository.path(), &[&["approve", "npm/react", "--by", "Grace", "--commit"], more].concat(), Exit::Done)
    };
    ingest(&repository, "feed", &[&report("X-1", "npm", "react", &["1.0.0"])]);
    approve(&[]);
    // Another source sends every version.
    ingest(&repository, "other", &[&report("Y-1", "npm", "react", &[])]);
    approve(&["--keep", "3.3.3"]);
    for (version, expected) in [("1.0.0", true), ("3.3.3", true), ("9.9.9", false)] {
        assert_eq!(is_published(&repository, &format!("npm/react@{version}")), expected, "{version}");
    }
    assert_eq!(json(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
    // What the first one says later still counts, and waits as before.
    ingest(&repository, "feed", &[&dated("X-1", &["1.0.0", "1.0.1"])]);
    assert_eq!(queue(&repository), [("protected".to_owned(), "npm/react".to_owned())]);
    approve(&[]);
    assert!(is_published(&repository, "npm/react@1.0.1") && !is_published(&repository, "npm/react@9.9.9"));
}

/// What a source says later of `react`.
fn dated(id: &str, versions: &[&str]) -> String {
    let mut text: Value = serde_json::from_str(&report(id, "npm", "react", versions)).expect("JSON");
    text["modified"] = "2026-03-01T00:00:00Z".into();
    text.to_string()
}

#[test]
fn less_of_a_protected_name_waits_for_nobody_and_more_of_it_does() {
    let repository = repository();
    ingest(&repository, "feed", &[&report("X-1", "npm", "react", &["1.0.0", "1.0.1"])]);
    json(repository.path(), &["approve", "npm/react", "--by", "Grace", "--commit"], Exit::Done);
    ingest(&repository, "feed", &[&dated("X-1", &["1.0.0"])]);
    assert!(is_published(&repository, "npm/react@1.0.0") && !is_published(&repository, "npm/react@1.0.1"));
    // One that stood before its name was protected means no more than it did.
    ingest(&repository, "feed", &[&report("X-2", "npm", "vue", &["1.0.0"])]);
    repository.write("config/protected/npm.txt", "react\nvue\n");
    repository.commit("vue is protected");
    ingest(&repository, "other", &[&report("Y-2", "npm", "vue", &["2.0.0"])]);
    assert!(is_published(&repository, "npm/vue@1.0.0") && !is_published(&repository, "npm/vue@2.0.0"));
    assert!(queue(&repository).contains(&("protected".into(), "npm/vue".into())));
}

#[test]
fn who_makes_a_report_stand_again_brings_no_range_of_others() {
    let repository = repository();
    ingest(&repository, "feed", &[&report("X-1", "npm", "aa", &["1.0.0"])]);
    let decide = |verb: &str, reason: &str| {
        malpkg(repository.path(), &[verb, "npm/aa", "--reason", reason, "--by", "Ada", "--commit"])
    };
    assert_eq!(decide("withdraw", "false-positive").exit, Exit::Done);
    ingest(&repository, "other", &[&report("Y-1", "npm", "aa", &[])]);
    let refused = decide("reinstate", "evidence");
    assert!(refused.exit == Exit::Failed && refused.err.contains("had a report that was wrong"), "{}", refused.err);
    assert!(!is_published(&repository, "npm/aa@5.0.0"));
}
