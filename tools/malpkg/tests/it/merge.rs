//! `malpkg merge`: what people wrote becomes part of what there is, and what they edited stays.

use malpkg::Exit;
use serde_json::Value;
use testkit::{Database, Folder, Repository, report};

use crate::program::{json, malpkg};

const KNOWN: &str = "osv/malicious/npm/a/MAL-2026-1.json";
const DRAFT: &str = "osv/malicious/npm/a/MAL-0000-a.json";

fn draft(name: &str, versions: &[&str]) -> String {
    report("", "npm", name, versions).replace("  \"id\": \"\",\n", "")
}

/// A report without an id as a source's delivery is placed in a tree.
fn placed(name: &str, version: &str, hash: &str) -> String {
    let origin = format!(
        r#"{{ "source": "feed", "id": "X-{hash}", "sha256": "{hash}", "import_time": "2026-02-01T00:00:00Z",
        "modified_time": "2026-02-01T00:00:00Z", "versions": ["{version}"] }}"#
    );
    let ours = format!(r#""malicious-packages-origins": [{origin}], "malpkg""#);
    draft(name, &[version]).replace("\"malpkg\"", &ours).replace("The package runs", &format!("{hash}: it runs"))
}

fn repository(files: &[(&str, &str)]) -> Repository {
    let database = Database::default().with("malpkg.toml", "[source.feed]\nformat = \"osv\"\n");
    files.iter().fold(database, |database, (path, text)| database.with(path, text)).repository()
}

fn read(repository: &Repository, path: &str) -> Value {
    serde_json::from_str(&repository.read(path)).expect("a report is JSON")
}

#[track_caller]
fn merged(repository: &Repository, arguments: &[&str]) -> Value {
    let done = json(repository.path(), &[&["merge", "--commit"], arguments].concat(), Exit::Done);
    assert_eq!(done["commit"], repository.id("HEAD"), "{done}");
    repository.is_clean();
    let again = json(repository.path(), &["merge", "--commit"], Exit::Done);
    assert!(again["commit"].is_null(), "{again}");
    done
}

#[test]
fn a_draft_becomes_part_of_the_report_on_its_package() {
    let known = report("MAL-2026-1", "npm", "a", &["1.0.0"]);
    let repository = repository(&[(KNOWN, &known), (DRAFT, &draft("a", &["2.0.0"]))]);
    let done = merged(&repository, &[]);
    assert_eq!((&done["format"], &done["changes"][0]["kind"]), (&"malpkg.plan".into(), &"join".into()));
    assert_eq!(repository.paths("HEAD"), ["malpkg.toml", KNOWN]);
    let report = read(&repository, KNOWN);
    assert_eq!(report["affected"][0]["versions"], serde_json::json!(["1.0.0", "2.0.0"]));
    assert_eq!(report["details"].as_str().unwrap().matches("runs code").count(), 1, "one text is not said twice");
    assert_eq!(json(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
    let message = repository.run(&["log", "-1", "--format=%B"]);
    assert!(message.starts_with("merge: 1 report merged\n\nReports: 1\n"), "{message}");
}

#[test]
fn deliveries_placed_in_the_tree_join_in_any_order() {
    let (one, two, three) = (placed("a", "1.0.0", "aaa"), placed("a", "2.0.0", "bbb"), placed("a", "3.0.0", "ccc"));
    let names = ["MAL-0000-1", "MAL-0000-2", "MAL-0000-3"].map(|name| format!("osv/malicious/npm/a/{name}.json"));
    let mut contents = Vec::new();
    for order in [[&one, &two, &three], [&three, &one, &two], [&two, &three, &one]] {
        let files: Vec<(&str, &str)> = names.iter().zip(order).map(|(at, text)| (at.as_str(), text.as_str())).collect();
        let repository = repository(&files);
        merged(&repository, &[]);
        let assigned = json(repository.path(), &["assign", "--commit"], Exit::Done);
        let path = assigned["changes"][0]["path"].as_str().unwrap().to_owned();
        let report = read(&repository, &path);
        assert_eq!(report["affected"][0]["versions"], serde_json::json!(["1.0.0", "2.0.0", "3.0.0"]));
        let details = report["details"].as_str().unwrap();
        for hash in ["aaa", "bbb", "ccc"] {
            assert!(details.contains(&format!("## Source: feed ({hash})\n{hash}: it runs")), "{details}");
        }
        contents.push(report);
    }
    assert!(contents.iter().all(|content| *content == contents[0]));
}

#[test]
fn what_came_down_from_us_says_nothing_new() {
    let known = report("MAL-2026-1", "npm", "a", &["1.0.0"]);
    let echo =
        placed("a", "9.9.9", "aaa").replace("\"summary\"", "\"aliases\": [\"MAL-2026-1\", \"GHSA-1\"],\n\"summary\"");
    let repository = repository(&[(KNOWN, &known), (DRAFT, &echo)]);
    merged(&repository, &[]);
    let report = read(&repository, KNOWN);
    assert_eq!(
        (&report["affected"][0]["versions"], &report["aliases"]),
        (&serde_json::json!(["1.0.0"]), &serde_json::json!(["GHSA-1"]))
    );
}

#[test]
fn what_cannot_be_merged_is_told_and_the_rest_goes_on() {
    let known = report("MAL-2026-1", "npm", "a", &["1.0.0"]);
    let taken_back = testkit::withdrawn_report("", "npm", "a", &["3.0.0"], "2026-02-01T00:00:00Z");
    let repository = repository(&[
        (KNOWN, &known),
        (DRAFT, &draft("a", &["2.0.0"])),
        ("osv/malicious/npm/a/MAL-0000-broken.json", "{"),
        ("osv/withdrawn/npm/a/MAL-0000-gone.json", &taken_back.replace("  \"id\": \"\",\n", "")),
        ("osv/malicious/npm/b/MAL-0000-b.json", &draft("b", &["1.0.0"])),
    ]);
    let plan = json(repository.path(), &["merge"], Exit::Done);
    let rejected: Vec<&str> =
        plan["rejected"].as_array().unwrap().iter().map(|one| one["rule"].as_str().unwrap()).collect();
    assert_eq!(rejected, ["unreadable-report", "misplaced-withdrawn"]);
    assert_eq!(plan["changes"].as_array().unwrap().len(), 1, "a draft alone on its package waits for its id");
    assert_eq!(malpkg(repository.path(), &["merge", "--strict"]).exit, Exit::Found);
}

#[test]
fn edits_by_hand_are_decisions_that_no_source_takes_back() {
    let repository = repository(&[(DRAFT, &placed("a", "1.0.0", "aaa"))]);
    merged(&repository, &[]);
    assert!(repository.read(DRAFT).contains("## Source: feed (aaa)"), "what a source said is no text of a person");
    let assigned = json(repository.path(), &["assign", "--commit"], Exit::Done);
    let path = assigned["changes"][0]["path"].as_str().unwrap().to_owned();
    let edited =
        repository.read(&path).replacen("\"versions\": [\n        \"1.0.0\"", "\"versions\": [\n        \"1.0.1\"", 1);
    repository.write(&path, &edited);
    repository.commit("mend the version");
    merged(&repository, &["--base", "HEAD~1", "--by", "Grace"]);
    let report = read(&repository, &path);
    assert_eq!(report["affected"][0]["versions"], serde_json::json!(["1.0.1"]));
    let decision = &report["database_specific"]["malpkg"]["decisions"][0];
    assert_eq!(
        (&decision["kind"], &decision["by"], &decision["versions"], &decision["cleared"]),
        (&"hand-edit".into(), &"Grace".into(), &serde_json::json!(["1.0.1"]), &serde_json::json!(["1.0.0"]))
    );
    // The same source says it again, and something new.
    repository.write("osv/malicious/npm/a/MAL-0000-b.json", placed("a", "1.0.0", "bbb").replace("X-bbb", "X-aaa"));
    repository.commit("another delivery");
    merged(&repository, &[]);
    assert_eq!(read(&repository, &path)["affected"][0]["versions"], serde_json::json!(["1.0.1"]));
}

#[test]
fn the_names_of_what_was_merged_do_not_stay_in_texts() {
    let named =
        |file: &str, version: &str| draft("a", &[version]).replace("The package runs", &format!("See {file}. It runs"));
    let other = DRAFT.replace("0000-a", "0000-b");
    let known = report("MAL-2026-1", "npm", "a", &["1.0.0"]);
    let into_known = repository(&[(KNOWN, &known), (DRAFT, &named("MAL-0000-a", "2.0.0"))]);
    merged(&into_known, &[]);
    assert!(into_known.read(KNOWN).contains("See MAL-2026-1."), "{}", into_known.read(KNOWN));
    let drafts = repository(&[(DRAFT, &named("MAL-0000-a", "1.0.0")), (&other, &named("MAL-0000-b", "2.0.0"))]);
    merged(&drafts, &[]);
    let done = json(drafts.path(), &["assign", "--commit"], Exit::Done);
    assert_eq!(
        (done["rejected"].as_array().map(Vec::len), &done["changes"][0]["id"]),
        (Some(0), &"MAL-2026-900001".into())
    );
    let path = done["changes"][0]["path"].as_str().unwrap();
    assert!(!drafts.read(path).contains("MAL-0000"), "{}", drafts.read(path));
}

#[test]
fn a_delivery_that_is_dated_ahead_is_refused_as_ingested_ones_are() {
    let known = report("MAL-2026-1", "npm", "a", &["1.0.0"]);
    let ahead = |name: &str| {
        let text = placed(name, "2.0.0", "aaa");
        text.replace("\"modified_time\": \"2026-02-01", "\"modified_time\": \"2036-02-01")
    };
    let other = "osv/malicious/npm/b/MAL-0000-b.json";
    let repository = repository(&[(KNOWN, &known), (DRAFT, &ahead("a")), (other, &ahead("b"))]);
    for (command, refused) in [("merge", 2), ("assign", 2)] {
        let done = json(repository.path(), &[command, "--commit"], Exit::Done);
        assert_eq!((&done["commit"], done["rejected"].as_array().unwrap().len()), (&Value::Null, refused), "{done}");
        for one in done["rejected"].as_array().unwrap() {
            assert_eq!(one["rule"], "modified-in-future", "{done}");
        }
    }
    // A day is what clocks may differ.
    repository.write(DRAFT, ahead("a").replace("2036-02-01", "2026-06-02"));
    repository.commit("the time set right");
    assert!(json(repository.path(), &["merge", "--commit"], Exit::Done)["commit"].is_string());
}

/// Whoever sends a report could write down any decision, by anybody.
#[test]
fn a_draft_decides_nothing_of_a_published_report() {
    let known = report("MAL-2026-1", "npm", "a", &["1.0.0"]);
    let decided = r#""malpkg": { "decisions": [{ "kind": "narrow", "cleared": ["1.0.0"], "by": "Ada", "reason": "false-positive",
        "time": "2026-02-01T00:00:00Z" }],"#;
    let drafted = draft("a", &["2.0.0"]).replacen("\"malpkg\": {", decided, 1);
    let other = "osv/malicious/npm/a/MAL-0000-b.json";
    let repository = repository(&[(KNOWN, &known), (DRAFT, &drafted), (other, &placed("a", "3.0.0", "c0ffee"))]);
    let done = json(repository.path(), &["merge", "--commit"], Exit::Done);
    let rejected = &done["rejected"][0];
    assert_eq!((&rejected["rule"], done["rejected"].as_array().unwrap().len()), (&"outside-contribution".into(), 1));
    assert_eq!(read(&repository, KNOWN)["affected"][0]["versions"], serde_json::json!(["1.0.0", "3.0.0"]));
    assert!(repository.has(DRAFT) && !repository.has(other), "the other one on the package goes on: {done}");
    let again = json(repository.path(), &["merge", "--commit"], Exit::Done);
    assert!(again["commit"].is_null() && again["rejected"][0]["rule"] == "outside-contribution", "{again}");
}

#[test]
fn what_somebody_found_of_a_settled_package_counts_or_waits() {
    let config = "[source.a]\nformat = \"osv\"\n";
    let start = || {
        let repository = Database::default().with("malpkg.toml", config).with("osv/ids.json", "{}\n").repository();
        let inbox = Folder::empty();
        inbox.write("1.json", report("A-1", "npm", "x", &["1.0.0", "2.0.0"]));
        let inbox = inbox.path().to_str().unwrap();
        json(repository.path(), &["ingest", "--source", "a", inbox, "--commit"], Exit::Done);
        repository
    };
    let find = |repository: &Repository, versions: &[&str]| {
        let draft = report("", "npm", "x", versions);
        repository.write("osv/malicious/npm/x/MAL-0000-x.json", draft);
        repository.commit("a finding");
        json(repository.path(), &["merge", "--commit"], Exit::Done);
    };
    let is_meant = |repository: &Repository, version: &str| {
        malpkg(repository.path(), &["query", &format!("npm/x@{version}")]).exit == Exit::Found
    };
    let decide = |repository: &Repository, arguments: &[&str]| {
        json(repository.path(), &[arguments, &["--by", "Ada", "--commit"]].concat(), Exit::Done);
    };
    // On a narrowed report what is new counts, whenever it was written, and what was cleared does not.
    let narrowed = start();
    decide(&narrowed, &["narrow", "npm/x", "--clear", "2.0.0", "--reason", "versions-clean"]);
    find(&narrowed, &["v2.0.0", "2.0.0", "3.0.0"]);
    assert_eq!(["1.0.0", "2.0.0", "3.0.0"].map(|version| is_meant(&narrowed, version)), [true, false, true]);
    // What was taken back stays so, and a person is told.
    let withdrawn = start();
    decide(&withdrawn, &["withdraw", "npm/x", "--reason", "not-malicious"]);
    find(&withdrawn, &["3.0.0"]);
    assert!(!is_meant(&withdrawn, "3.0.0"));
    let told = malpkg(withdrawn.path(), &["triage"]).out;
    assert!(told.contains("named again by a report by hand (3.0.0)"), "{told}");
}
