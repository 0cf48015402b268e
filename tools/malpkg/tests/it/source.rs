//! `malpkg source` and `malpkg quarantine`, and what ingest reads of all kinds of sources.

use malpkg::Exit;
use testkit::{Database, Folder, Repository, report};

use crate::program::{json, malpkg, malpkg_at};

const CONFIG: &str = "# who sends\n[source.feed] # daily\nformat = \"osv\"   # as it is\nlicence = \"CC0-1.0\"\n\n\
    # a list\n[source.list]\nformat = \"table\"\n[source.blocked]\nformat = \"safe-chain\"\n";

fn repository() -> Repository {
    let mut database = Database::default().with("malpkg.toml", CONFIG);
    database = database.with("osv/malicious/npm/a/MAL-2026-1.json", &report("MAL-2026-1", "npm", "a", &["1.0.0"]));
    database.repository()
}

#[test]
fn every_key_is_told() {
    let told = json(repository().path(), &["source", "status", "--keys"], Exit::Done);
    assert_eq!((&told["format"], &told["version"]), (&"malpkg.source".into(), &1.into()));
    let names: Vec<&str> = told["keys"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    assert_eq!(names, intake::keys::KEYS.iter().map(|key| key.name).collect::<Vec<_>>());
    let text = malpkg(repository().path(), &["source", "status", "--keys"]).out;
    for key in intake::keys::KEYS {
        assert!(text.contains(key.name) && text.contains(key.meaning), "{}", key.name);
    }
}

#[test]
fn a_pause_changes_one_line_and_ends_again() {
    let (repository, inbox) = (repository(), Folder::empty());
    inbox.write("a.json", report("X-1", "npm", "b", &["1.0.1"]));
    let input = inbox.path().to_str().unwrap();
    let plan = json(repository.path(), &["source", "pause", "feed", "--because", "it lies"], Exit::Done);
    assert_eq!((&plan["format"], plan["commit"].is_null()), (&"malpkg.plan".into(), true));
    repository.is_clean();
    let pause = ["source", "pause", "feed", "--because", "it lies", "--commit"];
    let done = json(repository.path(), &pause, Exit::Done);
    assert_eq!(done["commit"], repository.id("HEAD"));
    assert_eq!(
        repository.show("HEAD", "malpkg.toml"),
        CONFIG.replace("CC0-1.0\"\n", "CC0-1.0\"\npaused = \"it lies\"\n")
    );
    repository.is_clean();
    assert!(json(repository.path(), &pause, Exit::Done)["commit"].is_null(), "twice is once");
    let status = json(repository.path(), &["source", "status", "feed"], Exit::Done);
    assert_eq!(status["sources"][0]["paused"], "it lies");
    let refused = malpkg(repository.path(), &["ingest", "--source", "feed", input]);
    assert_eq!(refused.exit, Exit::Failed);
    assert!(refused.err.contains("paused: it lies") && refused.err.contains("source resume feed"), "{}", refused.err);
    // Looking is no reading.
    let check = json(repository.path(), &["source", "check", "feed", input], Exit::Done);
    assert_eq!(check["deliveries"][0]["package"], "npm/b");
    json(repository.path(), &["source", "resume", "feed", "--commit"], Exit::Done);
    assert_eq!(repository.show("HEAD", "malpkg.toml"), CONFIG);
    repository.is_clean();
    json(repository.path(), &["ingest", "--source", "feed", input, "--commit"], Exit::Done);
    assert_eq!(malpkg(repository.path(), &["source", "pause", "fed", "--because", "x"]).exit, Exit::Failed);
}

#[test]
fn ingest_takes_archives_and_tables_and_says_what_it_cannot_read() {
    let (repository, inbox) = (repository(), Folder::empty());
    let rows = "ecosystem,name,versions,published\nnpm,b,1.0.0,2026-05-01\nnpm,c,1.0.0,2031-01-01\nklingon,d,1,\n";
    inbox.write("list.csv", rows);
    let input = inbox.path().to_str().unwrap();
    let done = json(repository.path(), &["ingest", "--source", "list", input, "--commit"], Exit::Done);
    assert_eq!((&done["sources"][0]["created"], &done["sources"][0]["rejected"]), (&1.into(), &2.into()));
    let told: Vec<(&str, &str)> = done["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["delivery"].as_str().unwrap(), one["rule"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("list.csv:3", "modified-in-future"), ("list.csv:4", "unknown-ecosystem")]);
    inbox.write("cut.zip", "PK\u{3}\u{4}");
    let cut = format!("{input}/cut.zip");
    let done = json(repository.path(), &["ingest", "--source", "feed", &cut], Exit::Done);
    assert_eq!(done["rejected"][0]["delivery"], "cut.zip");
    let check = malpkg(repository.path(), &["source", "check", "list", input]);
    assert_eq!(check.exit, Exit::Found);
    assert!(check.out.contains("list: 2 deliveries (npm 2), 0 left out, 2 rejected"), "{}", check.out);
}

#[test]
fn a_source_is_read_where_it_lies() {
    let feed = Repository::empty();
    feed.write("osv/x.json", report("X-1", "npm", "x", &["1.0.0"]));
    feed.commit("one");
    let config = format!("[source.feed]\nformat = \"osv\"\nfrom = \"{}\"\n", feed.path().display());
    let repository = Database::default().with("malpkg.toml", &config).repository();
    let check = json(repository.path(), &["source", "check", "feed"], Exit::Done);
    assert_eq!(
        (&check["commit"], &check["deliveries"][0]["delivery"]),
        (&feed.id("HEAD").into(), &"osv/x.json".into())
    );
    repository.is_clean();
}

#[test]
fn what_is_in_quarantine_can_be_looked_at_tried_again_and_dropped() {
    let key = "ab12".repeat(16);
    let reason = format!(
        "delivery = \"evil\\u001b[31m.json\"\nfirst-seen = \"2026-05-01T00:00:00Z\"\nmessage = \"see https://evil.example\"\n\
         pointer = \"/a\"\nremedy = \"mend it\"\nrule = \"malformed-json\"\nrules = \"\"\nsha256 = \"{key}\"\nsize = 10\n"
    );
    let database = Database::default()
        .with("malpkg.toml", CONFIG)
        .with(&format!("osv/quarantine/feed/{key}.reason.toml"), &reason)
        .with(&format!("osv/quarantine/feed/{key}.raw"), "{\"id\": \u{1b}[31m");
    let repository = database.repository();
    let list = json(repository.path(), &["quarantine", "list"], Exit::Done);
    assert_eq!(list["format"], "malpkg.quarantine");
    assert_eq!((&list["documents"][0]["key"], &list["documents"][0]["size"]), (&key.clone().into(), &10.into()));
    for arguments in [&["quarantine", "list", "feed"][..], &["quarantine", "show", "ab12"]] {
        let told = malpkg(repository.path(), arguments);
        assert_eq!(told.exit, Exit::Done, "{}", told.err);
        assert!(!told.out.contains('\u{1b}') && !told.out.contains("https://"), "{}", told.out);
    }
    assert_eq!(json(repository.path(), &["source", "status", "feed"], Exit::Done)["sources"][0]["quarantined"], 1);
    let retry = json(repository.path(), &["quarantine", "retry"], Exit::Done);
    assert_eq!(retry["rejected"][0]["rule"], "malformed-json", "it is still no JSON");
    assert_eq!(malpkg(repository.path(), &["quarantine", "show", "zz"]).exit, Exit::Failed);
    let dropped = json(repository.path(), &["quarantine", "drop", "ab", "--commit"], Exit::Done);
    assert_eq!(dropped["commit"], repository.id("HEAD"));
    assert!(!repository.has("osv/quarantine"));
    repository.is_clean();
    assert_eq!(
        json(repository.path(), &["quarantine", "list"], Exit::Done)["documents"].as_array().map(Vec::len),
        Some(0)
    );
}

/// A document that two branches set aside, each at its time, and the two where git lets them meet.
fn set_aside_twice(with_driver: bool) -> (Repository, Folder) {
    let (repository, inbox) = (repository(), Folder::empty());
    if with_driver {
        let program = ["--program", env!("CARGO_BIN_EXE_malpkg")];
        json(repository.path(), &[&["git-driver", "install", "--write"], &program[..]].concat(), Exit::Done);
        repository.commit("a driver");
    }
    inbox.write("bad.json", "{\"id\": ");
    let ingest = |day: &str| {
        let now = format!("2026-05-{day}T00:00:00Z");
        let input = inbox.path().to_str().unwrap();
        let ran = malpkg_at(&now, repository.path(), &["ingest", "--source", "feed", input, "--commit"]);
        assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    };
    repository.run(&["checkout", "--quiet", "-b", "other"]);
    ingest("02");
    repository.run(&["checkout", "--quiet", "main"]);
    ingest("03");
    repository.run(&["-c", "alias.try=!git merge --no-edit other >/dev/null 2>&1 || true", "try"]);
    (repository, inbox)
}

#[test]
fn a_document_that_two_branches_set_aside_is_one() {
    for with_driver in [false, true] {
        let (repository, _inbox) = set_aside_twice(with_driver);
        assert_eq!(repository.has(".git/MERGE_HEAD"), !with_driver);
        if !with_driver {
            json(repository.path(), &["merge", "--write"], Exit::Done);
            repository.run(&["add", "--all"]);
            repository.run(&["commit", "--quiet", "--no-edit"]);
        }
        let list = json(repository.path(), &["quarantine", "list"], Exit::Done);
        let [one] = &list["documents"].as_array().unwrap()[..] else { panic!("{list}") };
        assert_eq!((&one["first_seen"], &one["delivery"]), (&"2026-05-02T00:00:00Z".into(), &"bad.json".into()));
        let again = json(repository.path(), &["merge", "--commit"], Exit::Done);
        assert!(again["commit"].is_null(), "{again}");
    }
}

#[test]
fn a_reason_that_cannot_be_read_keeps_nothing_from_leaving() {
    let broken = || {
        let (repository, inbox) = set_aside_twice(false);
        repository.run(&["add", "--all"]);
        repository.run(&["commit", "--quiet", "--no-edit"]);
        let list = malpkg(repository.path(), &["quarantine", "list"]);
        assert!(list.out.contains("the reason cannot be read") && list.out.contains("bad.json"), "{}", list.out);
        (repository, inbox)
    };
    let is_empty = |repository: &Repository| assert!(!repository.has("osv/quarantine"));
    let ingest = |repository: &Repository, inbox: &Folder| {
        let input = inbox.path().to_str().unwrap();
        json(repository.path(), &["ingest", "--source", "feed", input, "--commit"], Exit::Done)
    };
    let (repository, inbox) = broken();
    inbox.write("bad.json", report("X-3", "npm", "d", &["1.0.0"]));
    ingest(&repository, &inbox);
    is_empty(&repository);
    // Still bad, it is written down anew.
    let (repository, inbox) = broken();
    inbox.remove("bad.json");
    let done = ingest(&repository, &inbox);
    assert_eq!(done["rejected"][0]["delivery"], "bad.json", "{done}");
    let list = malpkg(repository.path(), &["quarantine", "list"]);
    assert!(!list.out.contains("the reason cannot be read") && list.out.contains("bad.json"), "{}", list.out);
    let (repository, _inbox) = broken();
    let list = json(repository.path(), &["quarantine", "list"], Exit::Done);
    let key = list["documents"][0]["key"].as_str().unwrap().to_owned();
    json(repository.path(), &["quarantine", "drop", &key, "--commit"], Exit::Done);
    is_empty(&repository);
    // Of one of which nothing can be read the bytes are tried under its key.
    let reason = format!("osv/quarantine/feed/{key}.reason.toml");
    repository.write(&reason, "\u{1}");
    repository.write(&reason.replace("reason.toml", "raw"), "{\"id\": ");
    repository.commit("not ours");
    let done = ingest(&repository, &Folder::empty());
    assert_eq!(done["rejected"][0]["delivery"], key.as_str(), "{done}");
    assert!(malpkg(repository.path(), &["validate"]).exit == Exit::Done);
}

#[test]
fn what_ingest_cannot_take_is_kept_told_once_and_leaves_when_it_is_mended() {
    let (repository, inbox) = (repository(), Folder::empty());
    inbox.write("bad.json", "{\"id\": ");
    inbox
        .write("early.json", report("X-2", "npm", "c", &["1.0.0"]).replace("\"modified\": \"20", "\"modified\": \"99"));
    inbox.write("good.json", report("X-1", "npm", "b", &["1.0.0"]));
    let input = inbox.path().to_str().unwrap();
    let ingest = ["ingest", "--source", "feed", input, "--commit"];
    let done = json(repository.path(), &ingest, Exit::Done);
    assert_eq!((&done["sources"][0]["created"], &done["sources"][0]["rejected"]), (&1.into(), &2.into()));
    for rejected in done["rejected"].as_array().unwrap() {
        assert!(repository.has(rejected["quarantine"].as_str().unwrap()), "{rejected}");
    }
    repository.is_clean();
    assert_eq!(json(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
    // The same bytes bring no news; what the clock refused is told each time.
    let again = json(repository.path(), &ingest, Exit::Done);
    let source = &again["sources"][0];
    assert_eq!((again["commit"].is_null(), &source["skipped"], &source["rejected"]), (true, &1.into(), &1.into()));
    assert_eq!(source["deliveries"], 3);
    assert_eq!(again["rejected"][0]["rule"], "modified-in-future");
    // Edited: still bad, and then good.
    inbox.write("bad.json", "{\"id\": 5");
    let edited = json(repository.path(), &ingest, Exit::Done);
    assert_eq!(edited["commit"], repository.id("HEAD"));
    assert_eq!(
        json(repository.path(), &["quarantine", "list"], Exit::Done)["documents"].as_array().map(Vec::len),
        Some(2)
    );
    inbox.write("bad.json", report("X-3", "npm", "d", &["1.0.0"]));
    inbox.remove("early.json");
    let mended = json(repository.path(), &ingest, Exit::Done);
    assert_eq!(mended["sources"][0]["created"], 1);
    // What the clock refused was kept, and is taken when its time has come.
    let held = json(repository.path(), &["quarantine", "list"], Exit::Done);
    assert_eq!(held["documents"][0]["delivery"], "early.json");
    let later = malpkg_at("9999-12-31T00:00:00Z", repository.path(), &["ingest", "--source", "feed", "--commit"]);
    assert!(later.out.contains("feed: 1 read, 1 created"), "{}{}", later.out, later.err);
    assert!(!repository.has("osv/quarantine"));
    repository.is_clean();
}

#[test]
fn a_cursor_moves_with_the_change_and_never_alone() {
    let feed = Repository::empty();
    feed.write("osv/x.json", report("X-1", "npm", "x", &["1.0.0"]));
    let first = feed.commit("one");
    let config = format!("[source.feed]\nformat = \"osv\"\nfrom = \"{}\"\n", feed.path().display());
    let repository = Database::default().with("malpkg.toml", &config).repository();
    let ingest = ["ingest", "--source", "feed", "--commit"];
    let done = json(repository.path(), &ingest, Exit::Done);
    assert_eq!(done["sources"][0]["cursor"], first);
    assert!(repository.show("HEAD", "osv/cursors/feed.json").contains(&first));
    feed.write("README.md", "nothing of ours");
    feed.commit("two");
    let idle = json(repository.path(), &ingest, Exit::Done);
    assert_eq!((idle["commit"].is_null(), &idle["sources"][0]["deliveries"]), (true, &0.into()));
    feed.write("osv/y.json", report("X-2", "npm", "y", &["1.0.0"]));
    let third = feed.commit("three");
    let done = json(repository.path(), &ingest, Exit::Done);
    assert_eq!(done["sources"][0]["deliveries"], 1, "only what changed is read");
    assert!(repository.show("HEAD", "osv/cursors/feed.json").contains(&third));
    let status = json(repository.path(), &["source", "status"], Exit::Done);
    assert_eq!(
        (&status["sources"][0]["commit"], &status["sources"][0]["last_success"]),
        (&third.into(), &crate::program::NOW.into())
    );
    repository.is_clean();
    repository.fsck();
}

const RESULT: &str = r#"{"Package": {"Ecosystem": "npm", "Name": "NAME", "Version": "1.0.0"}, "CreatedTimestamp": 1760000000,
    "Analysis": {"install": {"Status": "completed", "DNS": [{"Class": "IN", "Queries": [{"Hostname": "HOST", "Types": ["A"]}]}]}}}"#;

#[test]
fn verdicts_are_made_by_the_rules_beside_the_configuration() {
    let config = "[source.sandbox]\nformat = \"package-analysis\"\n";
    let rule = "[[rule]]\nname = \"odd-host\"\nkind = \"malware\"\ntechnique = \"t\"\nsays = \"it asks for an odd host\"\n\
        all = [{ host-unknown = true }]\n";
    let database = Database::default().with("malpkg.toml", config).with("config/package-analysis.toml", rule);
    let (repository, inbox, good) = (database.repository(), Folder::empty(), Folder::empty());
    inbox.write("npm/bad/1.0.0.json", RESULT.replace("NAME", "bad").replace("HOST", "evil.example"));
    inbox.write("npm/fine/1.0.0.json", RESULT.replace("NAME", "fine").replace("HOST", "cdn.example"));
    for number in 0..20 {
        let name = format!("good-{number}");
        good.write(&format!("{name}.json"), RESULT.replace("NAME", &name).replace("HOST", "cdn.example"));
    }
    let path = |folder: &Folder| folder.path().to_str().unwrap().to_owned();
    let (input, good) = (path(&inbox), path(&good));
    let created = |expected: u64| {
        let plan = json(repository.path(), &["ingest", "--source", "sandbox", &input], Exit::Done);
        assert_eq!(plan["sources"][0]["created"], expected);
        assert_eq!(plan["sources"][0]["rejected"], 0);
    };
    created(2);
    let plan = json(repository.path(), &["source", "baseline", "sandbox", &good], Exit::Done);
    assert_eq!((&plan["format"], plan["commit"].is_null()), (&"malpkg.plan".into(), true));
    json(repository.path(), &["source", "baseline", "sandbox", &good, "--commit"], Exit::Done);
    let list = repository.show("HEAD", "config/package-analysis-frequent.toml");
    assert!(list.contains("hosts = [\"cdn.example\"]"), "{list}");
    repository.is_clean();
    let again = json(repository.path(), &["source", "baseline", "sandbox", &good, "--commit"], Exit::Done);
    assert!(again["commit"].is_null(), "twice is once");
    created(1);
    repository.write("config/package-analysis.toml", rule.replace("host-unknown", "host-unknwn"));
    let refused = malpkg(repository.path(), &["ingest", "--source", "sandbox", &input]);
    assert_eq!(refused.exit, Exit::Failed);
    assert!(refused.err.contains("line 6: unknown field `host-unknwn`"), "{}", refused.err);
}

/// How many changes of each kind a list makes when it is read at a time.
#[track_caller]
fn read_list(repository: &Repository, rows: &[(&str, &str)], now: &str, expected: &[(&str, &str)]) {
    let rows: Vec<String> = rows
        .iter()
        .map(|(name, version)| format!(r#"{{"package_name": "{name}", "version": "{version}", "reason": "MALWARE"}}"#))
        .collect();
    let inbox = Folder::empty();
    inbox.write("npm.json", format!("[{}]", rows.join(", ")));
    let input = inbox.path().to_str().unwrap();
    let arguments = ["ingest", "--source", "blocked", input, "--commit", "--format", "json"];
    let ran = malpkg_at(now, repository.path(), &arguments);
    assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
    let done: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let text = |change: &serde_json::Value, name: &str| change[name].as_str().unwrap().to_owned();
    let found: Vec<(String, String)> =
        done["changes"].as_array().unwrap().iter().map(|one| (text(one, "kind"), text(one, "package"))).collect();
    let expected: Vec<(String, String)> =
        expected.iter().map(|(kind, package)| ((*kind).to_owned(), (*package).to_owned())).collect();
    assert_eq!(found, expected, "{now}");
}

#[test]
fn a_list_without_dates_says_what_it_says_when_it_is_read() {
    let repository = repository();
    let versions = |name: &str| {
        let answer = json(repository.path(), &["query", name], Exit::Found);
        answer["answers"][0]["reports"][0]["affected_versions"].clone()
    };
    read_list(
        &repository,
        &[("b", "1.0.0"), ("b", "2.0.0"), ("c", "1.0.0")],
        "2026-05-01T00:00:00Z",
        &[("create", "npm/b"), ("create", "npm/c")],
    );
    assert_eq!(versions("npm/b"), serde_json::json!(["1.0.0", "2.0.0"]));
    read_list(&repository, &[("b", "2.0.0"), ("b", "1.0.0"), ("c", "1.0.0")], "2026-05-02T00:00:00Z", &[]);
    read_list(&repository, &[("b", "2.0.0"), ("c", "1.0.0")], "2026-05-03T00:00:00Z", &[("narrow", "npm/b")]);
    assert_eq!(versions("npm/b"), serde_json::json!(["2.0.0"]));
    read_list(&repository, &[("b", "2.0.0")], "2026-05-04T00:00:00Z", &[("withdraw", "npm/c")]);
    read_list(&repository, &[("b", "2.0.0"), ("c", "1.0.0")], "2026-05-05T00:00:00Z", &[("reinstate", "npm/c")]);
    read_list(&repository, &[("b", "2.0.0"), ("c", "1.0.0")], "2026-05-06T00:00:00Z", &[]);
}
