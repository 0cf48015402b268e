//! `malpkg withdraw`, `reinstate` and `narrow`: what a person settles holds, whatever sources send later.

use malpkg::Exit;
use serde_json::Value;
use testkit::{Database, Folder, Repository, report};

use crate::program::{json, malpkg};

const CONFIG: &str = "[source.feed]\nformat = \"osv\"\n[source.other]\nformat = \"osv\"\n";
const STANDS: &str = "osv/malicious/npm/a/MAL-2026-900001.json";
const GONE: &str = "osv/withdrawn/npm/a/MAL-2026-900001.json";
const ID: &str = "MAL-2026-900001";

/// A delivery on npm/a, modified on a day of March.
fn sent(id: &str, day: u32, versions: &[&str]) -> String {
    report(id, "npm", "a", versions).replace("2026-01-01T", &format!("2026-03-{day:02}T"))
}

/// Takes one delivery in.
#[track_caller]
fn ingest(repository: &Repository, source: &str, delivery: &str) -> Value {
    let inbox = Folder::empty();
    inbox.write("a.json", delivery);
    let folder = inbox.path().to_str().expect("a path in UTF-8").to_owned();
    json(repository.path(), &["ingest", "--source", source, &folder, "--commit"], Exit::Done)
}

/// A database with one report, of two versions.
fn repository() -> Repository {
    let repository = Database::default().with("malpkg.toml", CONFIG).repository();
    ingest(&repository, "feed", &sent("X-1", 10, &["1.0.0", "2.0.0"]));
    repository
}

#[track_caller]
fn decided(repository: &Repository, arguments: &[&str]) -> Value {
    let done = json(repository.path(), &[arguments, &["--commit"]].concat(), Exit::Done);
    assert_eq!(done["commit"], repository.id("HEAD"), "{done}");
    assert_eq!(done["format"], "malpkg.plan");
    repository.is_clean();
    let validated = json(repository.path(), &["validate", "--base-exact", "HEAD~1"], Exit::Done);
    assert_eq!(validated["verdict"], "clean", "{validated}");
    done
}

fn read(repository: &Repository, path: &str) -> Value {
    serde_json::from_str(&repository.read(path)).expect("a report is JSON")
}

fn origins(report: &Value) -> usize {
    report["database_specific"]["malicious-packages-origins"].as_array().map_or(0, Vec::len)
}

const WITHDRAW: [&str; 4] = ["withdraw", ID, "--reason", "false-positive"];

#[test]
fn a_plan_says_what_would_be_and_writes_nothing() {
    let repository = repository();
    let head = repository.id("HEAD");
    let plan = json(repository.path(), &WITHDRAW, Exit::Done);
    assert_eq!((&plan["base"], plan["commit"].is_null()), (&head.clone().into(), true));
    assert_eq!((&plan["changes"][0]["kind"], &plan["changes"][0]["path"]), (&"withdraw".into(), &GONE.into()));
    assert_eq!(repository.id("HEAD"), head);
    assert!(repository.has(STANDS) && !repository.has(GONE));
}

#[test]
fn a_plan_for_people_says_what_it_means() {
    let repository = repository();
    let told = malpkg(repository.path(), &["narrow", ID, "--clear", "2.0.0", "--reason", "versions-clean"]).out;
    assert!(told.contains("\n    versions-cleared: 2.0.0\n    decided: narrow, versions-clean"), "{told}");
    let told = malpkg(repository.path(), &WITHDRAW).out;
    assert!(
        told.starts_with("withdraw  MAL-2026-900001 npm/a") && told.contains("\n    withdrawn: 2026-06-01T"),
        "{told}"
    );
}

#[test]
fn withdrawn_by_a_person_stays_withdrawn() {
    let repository = repository();
    let by = ["--by", "Ada", "--note", "a test", "--evidence", "https://example.org/1"];
    decided(&repository, &[&WITHDRAW[..], &by].concat());
    assert!(!repository.has(STANDS));
    let report = read(&repository, GONE);
    assert_eq!(report["withdrawn"], "2026-06-01T12:00:00Z");
    let decision = &report["database_specific"]["malpkg"]["decisions"][0];
    for (member, expected) in [("kind", "withdraw"), ("reason", "false-positive"), ("by", "Ada"), ("note", "a test")] {
        assert_eq!(decision[member], expected, "{member}");
    }
    assert_eq!(decision["streams"][0]["id"], "X-1");
    let message = repository.run(&["log", "-1", "--format=%B"]);
    assert!(message.starts_with("withdraw: MAL-2026-900001, false-positive\n\nReports: 1\n"), "{message}");

    // Older, newer, and by another source: each is on record, and changes nothing else.
    let later = [
        ("feed", sent("X-1", 1, &["1.0.0"])),
        ("feed", sent("X-1", 20, &["3.0.0"])),
        ("other", sent("Y-1", 21, &["4.0.0"])),
    ];
    for (count, (source, delivery)) in later.iter().enumerate() {
        ingest(&repository, source, delivery);
        assert!(!repository.has(STANDS));
        assert_eq!(origins(&read(&repository, GONE)), count + 2);
    }
    let again = json(repository.path(), &[&WITHDRAW[..], &["--commit"]].concat(), Exit::Done);
    assert!(again["commit"].is_null() && again["skipped"][0]["path"] == GONE, "{again}");

    let done = decided(&repository, &["reinstate", ID, "--reason", "withdrawn-in-error"]);
    assert_eq!(done["changes"][0]["kind"], "reinstate");
    let report = read(&repository, STANDS);
    assert_eq!(report["affected"][0]["versions"], serde_json::json!(["3.0.0", "4.0.0"]), "what its streams say now");
    assert!(report["withdrawn"].is_null());
}

#[test]
fn a_name_that_nobody_knows_does_not_stop_the_others() {
    let repository = repository();
    let names = ["npm/nowhere", ID, "nonsense"];
    let done = decided(&repository, &[&["withdraw"], &names[..], &["--reason", "false-positive"]].concat());
    assert_eq!(done["changes"][0]["path"], GONE);
    let rejected: Vec<&Value> = done["rejected"].as_array().unwrap().iter().map(|one| &one["path"]).collect();
    assert_eq!(rejected, ["npm/nowhere", "nonsense"]);
    // Alone it is no plan.
    let alone = malpkg(repository.path(), &["withdraw", "npm/nowhere", "nonsense", "--reason", "false-positive"]);
    assert_eq!(alone.exit, Exit::Failed);
    assert!(alone.err.contains("there is no such report"), "{}", alone.err);
}

/// What is listed after deliveries came to a report that was narrowed to one version.
#[track_caller]
fn narrowed(arguments: &[&str], deliveries: &[(&str, String)], versions: &[&str]) {
    let repository = repository();
    let told = decided(&repository, &[&["narrow", ID, "--reason", "versions-clean"], arguments].concat());
    assert_eq!(told["changes"][0]["kind"], "narrow");
    assert_eq!(
        (&told["narrowed"][0]["kept"], &told["narrowed"][0]["cleared"]),
        (&serde_json::json!(["1.0.0"]), &serde_json::json!(["2.0.0"]))
    );
    for (source, delivery) in deliveries {
        ingest(&repository, source, delivery);
    }
    let report = read(&repository, STANDS);
    assert_eq!(report["affected"][0]["versions"], serde_json::json!(versions), "{deliveries:?}");
    assert_eq!(origins(&report), deliveries.len() + 1);
    assert!(report["affected"][0]["ranges"].is_null());
    if !deliveries.is_empty() {
        decided(&repository, &["narrow", ID, "--lift", "--reason", "evidence"]);
        assert_ne!(read(&repository, STANDS)["affected"], report["affected"]);
    }
}

#[test]
fn a_range_that_does_not_stay_is_told() {
    let repository = repository();
    let all = sent("X-1", 20, &["1.0.0"]).replace(
        "\"versions\"",
        "\"ranges\": [{\"type\": \"SEMVER\", \"events\": [{\"introduced\": \"0\"}]}], \"versions\"",
    );
    ingest(&repository, "feed", &all);
    let told = decided(&repository, &["narrow", ID, "--reason", "versions-clean", "--keep", "1.0.0"]);
    assert_eq!(told["narrowed"][0]["cleared_ranges"], serde_json::json!(["vers:npm/*"]), "{told}");
}

#[test]
fn cleared_versions_stay_cleared() {
    let (keep, clear) = (["--keep", "1.0.0"], ["--clear", "2.0.0"]);
    narrowed(&keep, &[], &["1.0.0"]);
    narrowed(&clear, &[], &["1.0.0"]);
    // The stream that there was is bound, whatever it says later.
    narrowed(&keep, &[("feed", sent("X-1", 20, &["1.0.0", "2.0.0", "3.0.0"]))], &["1.0.0"]);
    narrowed(
        &keep,
        &[("feed", sent("X-1", 1, &["1.0.0", "3.0.0"])), ("other", sent("Y-1", 1, &["2.0.0"]))],
        &["1.0.0"],
    );
    // A new one counts where it names other versions exactly, and nowhere else.
    narrowed(&keep, &[("other", sent("Y-1", 20, &["2.0.0", "3.0.0"]))], &["1.0.0", "3.0.0"]);
    narrowed(&clear, &[("feed", sent("X-2", 20, &["2.0.0", "3.0.0"]))], &["1.0.0", "3.0.0"]);
    narrowed(&clear, &[("other", sent("Y-1", 20, &[]))], &["1.0.0"]);
    // Nor under another spelling, as the lookup reads it.
    narrowed(&clear, &[("other", sent("Y-1", 20, &["2.0.0+b1", "3.0.0"]))], &["1.0.0", "3.0.0"]);
    narrowed(&keep, &[("other", sent("Y-1", 20, &["v2.0.0", "3.0.0"]))], &["1.0.0", "3.0.0"]);
}

#[test]
fn a_version_is_cleared_under_every_spelling() {
    let repository = repository();
    let spelled = |id: &str, versions: &[&str]| report(id, "PyPI", "b", versions);
    ingest(&repository, "feed", &spelled("X-9", &["1.0", "1.0.0", "2.0"]));
    let narrow = ["narrow", "PyPI/b", "--clear", "1.0", "--reason", "versions-clean"];
    let told = decided(&repository, &narrow);
    assert_eq!(told["narrowed"][0]["cleared"], serde_json::json!(["1.0", "1.0.0"]));
    ingest(&repository, "other", &spelled("Y-9", &["v1.0", "3.0"]));
    let verdict = |version: &str| {
        let exit = malpkg(repository.path(), &["query", &format!("PyPI/b@{version}")]).exit;
        assert!(matches!(exit, Exit::Done | Exit::Found), "{version}");
        exit == Exit::Found
    };
    assert_eq!(["1.0", "1.0.0", "v1.0", "2.0", "3.0"].map(verdict), [false, false, false, true, true]);
    let again = json(repository.path(), &[&narrow[..3], &["1.0.0.0"], &narrow[4..]].concat(), Exit::Done);
    assert_eq!(again["skipped"][0]["reason"], "these versions are cleared already");
    // Who lists two spellings and keeps one has said nothing against that one.
    ingest(&repository, "feed", &report("X-8", "PyPI", "c", &["1.0", "1.0.0", "2.0"]));
    decided(&repository, &["narrow", "PyPI/c", "--keep", "1.0.0", "--reason", "versions-clean"]);
    assert_eq!(malpkg(repository.path(), &["query", "PyPI/c@1.0"]).exit, Exit::Found);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let repository = repository();
    let head = repository.id("HEAD");
    let narrow = ["narrow", ID, "--reason", "versions-clean"];
    for (arguments, words) in [
        (&["narrow", ID, "--reason", "versions-clean", "--keep", "9.9.9"][..], "nobody says that version `9.9.9`"),
        (&["narrow", ID, "--reason", "versions-clean", "--clear", "9.9.9"], "does not mean version `9.9.9`"),
        (
            &["narrow", ID, "--reason", "versions-clean", "--clear", "1.0.0,2.0.0"],
            "nothing of the report would be left",
        ),
        (&["withdraw", ID, "--reason", "because"], "invalid value 'because'"),
        (&["withdraw", ID], "--reason"),
        (&["withdraw", "MAL-2026-7", "--reason", "false-positive"], "there is no such report"),
        (&["withdraw", "npm/a@1.0.0", "--reason", "false-positive"], "not about one version"),
        (&["withdraw", "--select", "", "--reason", "false-positive"], "would mean every report"),
        (&["withdraw", "--select", "colour=red", "--reason", "false-positive"], "selects nothing"),
        (&narrow, "--keep"),
    ] {
        let refused = malpkg(repository.path(), &[arguments, &["--commit"]].concat());
        assert_eq!(refused.exit, Exit::Failed, "{arguments:?}: {}{}", refused.out, refused.err);
        assert!(refused.err.contains(words), "{arguments:?}: {}", refused.err);
    }
    assert_eq!(repository.id("HEAD"), head);
}

#[test]
fn many_reports_are_selected_by_what_they_have_in_common() {
    let database = Database::default().with("malpkg.toml", CONFIG);
    let repository =
        database.with("osv/malicious/pypi/b/MAL-2026-1.json", &report("MAL-2026-1", "PyPI", "b", &["1"])).repository();
    ingest(&repository, "feed", &sent("X-1", 10, &["1.0.0"]));
    ingest(&repository, "other", &report("Y-1", "npm", "c", &["1.0.0"]));
    for (select, paths) in [
        ("source=feed", &[GONE][..]),
        ("ecosystem=npm", &[GONE, "osv/withdrawn/npm/c/MAL-2026-900002.json"]),
        ("ecosystem=npm source=other", &["osv/withdrawn/npm/c/MAL-2026-900002.json"]),
        ("commit=HEAD", &["osv/withdrawn/npm/c/MAL-2026-900002.json"]),
        ("commit=HEAD~2..HEAD source=feed", &[GONE]),
        ("ecosystem=pypi", &["osv/withdrawn/pypi/b/MAL-2026-1.json"]),
        ("source=nobody", &[]),
    ] {
        let plan =
            json(repository.path(), &["withdraw", "--select", select, "--reason", "source-retracted"], Exit::Done);
        let changes = plan["changes"].as_array().expect("a list");
        assert_eq!(
            changes.iter().map(|change| change["path"].as_str().unwrap()).collect::<Vec<_>>(),
            paths,
            "{select}"
        );
    }
    decided(&repository, &["withdraw", "--select", "ecosystem=npm", "--reason", "source-retracted"]);
    let found = json(repository.path(), &["query", "npm/a", "npm/c"], Exit::Done);
    assert_eq!(
        (&found["answers"][0]["verdict"], &found["answers"][1]["verdict"]),
        (&"withdrawn".into(), &"withdrawn".into())
    );
}

#[test]
fn the_working_tree_can_be_written_with_the_edits_in_it() {
    let repository = repository();
    repository.write(STANDS, repository.read(STANDS).replace("runs code", "runs bad code"));
    json(repository.path(), &[&WITHDRAW[..], &["--write"]].concat(), Exit::Done);
    assert!(!repository.has(STANDS));
    let report = repository.read(GONE);
    assert!(report.contains("runs bad code") || report.contains("withdrawn"), "{report}");
    let told = malpkg(repository.path(), &[&WITHDRAW[..], &["--write"]].concat()).out;
    assert!(told.contains("0 reports to withdraw, 1 unchanged, 0 rejected"), "{told}");
}

#[test]
fn why_says_who_put_each_version_there_or_keeps_it_out() {
    let repository = repository();
    let narrow = ["narrow", ID, "--keep", "1.0.0", "--reason", "versions-clean", "--by", "Ada"];
    decided(&repository, &narrow);
    ingest(&repository, "other", &sent("Y-1", 20, &["3.0.0"]));
    let found = json(repository.path(), &["query", ID, "--why"], Exit::Found);
    let why = found["answers"][0]["reports"][0]["why"].as_array().expect("a list");
    let told: Vec<String> = why
        .iter()
        .map(|one| {
            let because = one["because"].as_array().expect("a list").iter();
            let because = because.map(|one| {
                let who = one["source"].as_str().or(one["decision"].as_str()).unwrap_or_default();
                format!("{}{who}", if one["for"] == true { "+" } else { "-" })
            });
            let mut because: Vec<String> = because.collect();
            because.sort();
            format!("{} {} {}", one["version"].as_str().unwrap_or_default(), one["meant"], because.join(" "))
        })
        .collect();
    assert_eq!(told, ["1.0.0 true +feed +narrow", "2.0.0 false -feed -narrow", "3.0.0 true +other"]);
    assert!(
        why.iter()
            .all(|one| one["because"][0]["since"] == "2026-06-01T12:00:00Z" || one["because"][0]["since"].is_string())
    );
    let text = malpkg(repository.path(), &["query", ID, "--why"]).out;
    for line in [
        "2.0.0 is not meant\n",
        "source feed (X-1) says so, but a decision keeps it out\n",
        "decision narrow by Ada, versions-clean\n",
        "3.0.0 is meant\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(json(repository.path(), &["query", ID], Exit::Found)["answers"][0]["reports"][0]["why"].is_null());
}

#[test]
fn evidence_is_a_page() {
    let repository = repository();
    for evidence in ["javascript:alert(1)", "see there", "https://example.org/a b"] {
        let arguments = ["withdraw", "npm/a", "--reason", "false-positive", "--evidence", evidence];
        assert_eq!(malpkg(repository.path(), &arguments).exit, Exit::Failed, "{evidence}");
    }
}

#[test]
fn what_a_narrowing_kept_does_not_outlive_its_sources_because_somebody_names_what_was_cleared() {
    let repository = repository();
    ingest(&repository, "feed", &sent("X-1", 20, &["1.0.0", "2.0.0"]));
    decided(&repository, &["narrow", ID, "--clear", "2.0.0", "--reason", "versions-clean"]);
    let gone = sent("X-1", 21, &["1.0.0", "2.0.0"]).replacen('{', "{\"withdrawn\": \"2026-01-21T00:00:00Z\",", 1);
    ingest(&repository, "feed", &gone);
    assert!(!repository.has(STANDS));
    ingest(&repository, "other", &sent("Y-1", 22, &["2.0.0"]));
    assert!(!repository.has(STANDS), "nobody says anything that counts");
    ingest(&repository, "other", &sent("Y-2", 23, &["3.0.0"]));
    assert!(repository.has(STANDS));
}
