//! Branches that met: each stream speaks of one package, as if all of it had come into one tree.

use std::collections::BTreeMap;

use malpkg::Exit;
use serde_json::Value;
use testkit::{Database, Folder, Repository, report};

use crate::program::{json, malpkg, malpkg_at};

/// What a source says: its id there, the package, the day, and whether it is taken back.
pub(crate) type Said<'s> = (&'s str, &'s str, u32, bool);

pub(crate) const CONFIG: &str = "[source.a]\nformat = \"osv\"\n[source.b]\nformat = \"osv\"\n";

/// A database of two sources.
pub(crate) fn database() -> Repository {
    Database::default().with("malpkg.toml", CONFIG).with("osv/ids.json", "{}\n").repository()
}

/// A document as a source sends it.
pub(crate) fn document((id, name, day, is_gone): Said<'_>) -> String {
    let text = report(id, "npm", name, &["1.0.0"]).replace("\"The package runs", &format!("\"On day {day} it runs"));
    let time = format!("\"2026-03-{day:02}T00:00:00Z\"");
    let gone = if is_gone { format!("\"withdrawn\": {time},\n  ") } else { String::new() };
    let mut document: Value = serde_json::from_str(&text.replacen("\"id\"", &format!("{gone}\"id\""), 1)).unwrap();
    document["modified"] = time.trim_matches('"').into();
    document.to_string()
}

/// Takes in what sources say, each with a commit.
#[track_caller]
pub(crate) fn ingest(repository: &Repository, all: &[Said<'_>]) {
    for said in all {
        let inbox = Folder::empty();
        inbox.write("1.json", document(*said));
        let source = said.0[..1].to_lowercase();
        let inbox = inbox.path().to_str().unwrap();
        json(repository.path(), &["ingest", "--source", &source, inbox, "--commit"], Exit::Done);
    }
}

/// What reports say and what is kept aside, but for ids and when it changed.
fn content(repository: &Repository) -> BTreeMap<String, Value> {
    let is_wanted = |path: &String| path.starts_with("osv/") && !path.ends_with("ids.json");
    let paths = repository.paths("HEAD").into_iter().filter(is_wanted);
    let one = |path: String| {
        let mut report: Value = serde_json::from_str(&repository.show("HEAD", &path)).unwrap();
        let members = report.as_object_mut().unwrap();
        members.retain(|name, _| !["id", "modified"].contains(&name.as_str()));
        (path.rsplit_once('/').map_or_else(|| path.clone(), |(folder, _)| folder.to_owned()), report)
    };
    paths.map(one).collect()
}

/// Runs git, which may stop.
fn try_git(repository: &Repository, arguments: &str) {
    repository.run(&["-c", &format!("alias.try=!git -c core.editor=true {arguments} >/dev/null 2>&1 || true"), "try"]);
}

/// Settles what git stopped at, as `docs/git.md` says.
#[track_caller]
fn settle(repository: &Repository) {
    let renumber = &["assign", "--renumber", "--base", "HEAD", "--write"];
    for arguments in [&["merge", "--write"][..], &["dedupe", "--write"], renumber] {
        let ran = malpkg(repository.path(), arguments);
        assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
    }
    repository.run(&["add", "--all"]);
}

/// Lets two branches meet in each way, and holds what comes of it against what comes of one tree.
#[track_caller]
fn check(base: &[Said<'_>], ours: &[Said<'_>], theirs: &[Said<'_>]) {
    let one_tree = database();
    ingest(&one_tree, &[base, ours, theirs].concat());
    let expected = content(&one_tree);
    let ways = [
        ("merge --no-edit other", ".git/MERGE_HEAD", "commit --no-edit"),
        ("cherry-pick main..other", ".git/CHERRY_PICK_HEAD", "cherry-pick --continue"),
        ("rebase other", ".git/REBASE_HEAD", "rebase --continue"),
        // Of a squash that stopped git does not tell what met: here only one side touches a report.
        ("merge --squash other", ".git/SQUASH_MSG", "commit --no-edit"),
    ];
    let ways = ways.into_iter().filter(|(begin, ..)| !begin.contains("squash") || base[0].0 == "B-0");
    for (begin, stopped, go_on) in ways {
        let repository = database();
        ingest(&repository, base);
        repository.run(&["checkout", "--quiet", "-b", "other"]);
        ingest(&repository, theirs);
        repository.run(&["checkout", "--quiet", "main"]);
        ingest(&repository, ours);
        try_git(&repository, begin);
        for _ in 0..4 {
            if repository.has(stopped) {
                settle(&repository);
                try_git(&repository, go_on);
            }
        }
        let done = json(repository.path(), &["merge", "--commit"], Exit::Done);
        assert_eq!(done["rejected"], serde_json::json!([]), "{begin}");
        repository.is_clean();
        assert_eq!(content(&repository), expected, "{begin}");
        // Whoever does it again, whenever, has nothing to do.
        let again = malpkg_at("2026-07-01T00:00:00Z", repository.path(), &["merge", "--commit"]);
        assert!(
            again.exit == Exit::Done && again.out.ends_with("nothing to write\n"),
            "{begin}: {}{}",
            again.out,
            again.err
        );
        assert_eq!(json(repository.path(), &["validate"], Exit::Done)["verdict"], "clean", "{begin}");
    }
}

#[test]
fn a_stream_that_went_two_ways_speaks_of_the_newer_package() {
    check(&[("B-0", "o", 1, false)], &[("A-1", "x", 1, false)], &[("A-1", "z", 5, false)]);
    check(&[("B-0", "o", 1, false)], &[("A-1", "x", 5, false)], &[("A-1", "z", 1, false)]);
    // It was there before, and was corrected on one side.
    check(&[("A-1", "x", 1, false), ("B-1", "z", 1, false)], &[("A-1", "x", 2, false)], &[("A-1", "z", 3, false)]);
}

#[test]
fn what_is_kept_aside_joins_the_report_of_the_other_branch() {
    check(&[("B-0", "o", 1, false)], &[("A-1", "x", 3, true)], &[("A-1", "x", 1, false)]);
    check(&[("B-0", "o", 1, false)], &[("A-1", "x", 1, false)], &[("B-1", "x", 3, true)]);
    // And what is kept aside of one package ends what stands on another.
    check(&[("B-0", "o", 1, false)], &[("A-1", "x", 1, false)], &[("A-1", "z", 3, true)]);
}

#[test]
fn what_one_side_takes_back_and_the_other_joins_stands_where_it_belongs() {
    // Git takes the file away where it was, and the join lies there again.
    check(&[("A-1", "x", 1, false)], &[("B-1", "x", 2, false)], &[("A-1", "x", 3, true)]);
    check(&[("A-1", "x", 1, false)], &[("A-1", "x", 3, true)], &[("B-1", "x", 2, false)]);
    check(&[("A-1", "x", 1, false)], &[("B-1", "x", 2, false)], &[("A-1", "q", 3, false)]);
}

#[test]
fn what_two_branches_changed_and_a_stream_went_to_is_joined_once() {
    let base = [("A-1", "x", 1, false), ("A-2", "z", 1, false)];
    check(&base, &[("A-1", "x", 2, true), ("A-2", "z", 2, false)], &[("A-1", "z", 3, false)]);
    check(&base, &[("A-1", "z", 3, false)], &[("A-1", "x", 2, false), ("A-2", "z", 2, false)]);
}

#[test]
fn what_one_side_alone_changed_is_as_it_has_it_where_git_took_it_for_another() {
    const NEW: &str = "osv/malicious/npm/r/MAL-2026-900002.json";
    for with_driver in [false, true] {
        let repository = database();
        if with_driver {
            let program = ["--program", env!("CARGO_BIN_EXE_malpkg")];
            json(repository.path(), &[&["git-driver", "install", "--write"], &program[..]].concat(), Exit::Done);
            repository.commit("a driver");
        }
        ingest(&repository, &[("A-1", "x", 1, false)]);
        repository.run(&["checkout", "--quiet", "-b", "other"]);
        ingest(&repository, &[("A-1", "r", 5, false)]);
        let note = "a long note ".repeat(20);
        let withdraw = ["withdraw", "npm/x", "--reason", "false-positive", "--note", &note, "--commit"];
        json(repository.path(), &withdraw, Exit::Done);
        repository.run(&["checkout", "--quiet", "main"]);
        ingest(&repository, &[("B-1", "x", 2, true)]);
        try_git(&repository, "merge --no-edit other");
        assert!(repository.read(NEW).contains("<<<<<<<"), "git took one for the other");
        let done = json(repository.path(), &["merge", "--write"], Exit::Done);
        assert_eq!(done["rejected"], serde_json::json!([]));
        assert_eq!(repository.read(NEW), repository.show("other", NEW));
        repository.run(&["add", "--all"]);
        try_git(&repository, "commit --no-edit");
        repository.is_clean();
        assert_eq!(json(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
        // What somebody made of it since is theirs.
        let edited = repository.read(NEW).replace("On day 5", "On day five");
        repository.write(NEW, &edited);
        repository.run(&["commit", "--quiet", "--all", "--amend", "--no-edit"]);
        let again = json(repository.path(), &["merge", "--commit"], Exit::Done);
        assert!(again["commit"].is_null(), "{again}");
    }
}

#[test]
fn a_delivery_placed_in_the_tree_ends_what_its_stream_said_elsewhere() {
    let placed = |name: &str| {
        let origin = r#"{"source": "a", "id": "A-1", "sha256": "11", "import_time": "2026-03-05T00:00:00Z",
            "modified_time": "2026-03-05T00:00:00Z", "versions": ["1.0.0"]}"#;
        let mut draft: Value = serde_json::from_str(&report("", "npm", name, &["1.0.0"])).unwrap();
        draft.as_object_mut().unwrap().remove("id");
        draft["database_specific"]["malicious-packages-origins"] =
            serde_json::from_str(&format!("[{origin}]")).unwrap();
        draft.to_string()
    };
    // On a package that has a report, and on one that has none; in a commit, and in the working tree.
    for (known, landing) in [("o", "--commit"), ("z", "--commit"), ("z", "--write")] {
        let repository = database();
        ingest(&repository, &[("A-1", "x", 1, false), ("B-0", known, 1, false)]);
        repository.write("osv/malicious/npm/z/MAL-0000-z.json", placed("z"));
        if landing == "--commit" {
            repository.commit("a delivery");
        }
        let done = json(repository.path(), &["merge", landing], Exit::Done);
        assert_eq!(done["rejected"], serde_json::json!([]));
        assert!(repository.has("osv/withdrawn/npm/x/MAL-2026-900001.json"), "{done}");
        assert!(!repository.has("osv/malicious/npm/x"), "{done}");
        let query = json(repository.path(), &["validate", "--working-tree"], Exit::Done);
        assert_eq!(query["verdict"], "clean", "{query}");
    }
}

/// Two branches that each clear a version of a report, without knowing of the other, and meet.
fn cleared_on_two_branches(versions: &[&str], with_driver: bool) -> Repository {
    let repository = database();
    if with_driver {
        let program = ["--program", env!("CARGO_BIN_EXE_malpkg")];
        json(repository.path(), &[&["git-driver", "install", "--write"], &program[..]].concat(), Exit::Done);
        repository.commit("a driver");
    }
    let inbox = Folder::empty();
    inbox.write("1.json", report("A-1", "npm", "x", versions));
    let inbox = inbox.path().to_str().unwrap();
    json(repository.path(), &["ingest", "--source", "a", inbox, "--commit"], Exit::Done);
    let clear = |version: &str, by: &str| {
        let narrow = ["narrow", "npm/x", "--clear", version, "--reason", "versions-clean", "--by", by, "--commit"];
        json(repository.path(), &narrow, Exit::Done);
    };
    repository.run(&["checkout", "--quiet", "-b", "other"]);
    clear("2.0.0", "Bea");
    repository.run(&["checkout", "--quiet", "main"]);
    clear("1.0.0", "Ada");
    try_git(&repository, "merge --no-edit other");
    if repository.has(".git/MERGE_HEAD") {
        settle(&repository);
        try_git(&repository, "commit --no-edit");
    }
    json(repository.path(), &["merge", "--commit"], Exit::Done);
    assert_eq!(json(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
    repository
}

#[test]
fn what_two_branches_cleared_stays_out_and_what_both_kept_stays() {
    for with_driver in [false, true] {
        let repository = cleared_on_two_branches(&["1.0.0", "2.0.0", "3.0.0"], with_driver);
        let is_meant =
            |version: &str| malpkg(repository.path(), &["query", &format!("npm/x@{version}")]).exit == Exit::Found;
        assert_eq!(["1.0.0", "2.0.0", "3.0.0"].map(is_meant), [false, false, true]);
        // Who knows of it keeps what was cleared before.
        let keep = ["narrow", "npm/x", "--keep", "1.0.0,3.0.0", "--reason", "versions-clean", "--commit"];
        json(repository.path(), &keep, Exit::Done);
        assert!(is_meant("1.0.0"));
        // Of what has nothing left nothing is meant.
        let repository = cleared_on_two_branches(&["1.0.0", "2.0.0"], with_driver);
        let answer = json(repository.path(), &["query", "npm/x"], Exit::Done);
        assert_eq!(answer["answers"][0]["verdict"], "withdrawn");
    }
}
