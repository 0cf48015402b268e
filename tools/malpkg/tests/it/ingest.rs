//! `malpkg ingest`: a plan, a commit, the same again, and what cannot be taken.

use malpkg::Exit;
use testkit::{Database, Folder, Repository, report};

use crate::program::{json, malpkg};

const CONFIG: &str = "[source.feed]\nformat = \"osv\"\n";
const KNOWN: &str = "osv/malicious/npm/a/MAL-2026-1.json";

fn repository() -> Repository {
    let mut database = Database::default();
    database = database.with(KNOWN, &report("MAL-2026-1", "npm", "a", &["1.0.0"]));
    database = database.with("malpkg.toml", CONFIG);
    database.repository()
}

/// A folder with news on a known package, a new package, something broken, and something that is no delivery.
fn inbox() -> Folder {
    let inbox = Folder::empty();
    inbox.write("a.json", report("X-1", "npm", "a", &["1.0.1"]));
    inbox.write("deep/er/b.json", report("X-2", "npm", "@s/b", &["2.0.0"]));
    inbox.write("broken.json", "{\"id\": ");
    inbox.write("notes.txt", "not a delivery");
    inbox
}

fn text(folder: &Folder) -> &str {
    folder.path().to_str().expect("a path in UTF-8")
}

#[test]
fn without_being_told_to_it_writes_nothing() {
    let (repository, inbox) = (repository(), inbox());
    let head = repository.id("HEAD");
    let plan = json(repository.path(), &["ingest", "--source", "feed", text(&inbox)], Exit::Done);
    assert_eq!((&plan["base"], plan["commit"].is_null()), (&head.clone().into(), true));
    let kinds: Vec<&str> = plan["changes"].as_array().unwrap().iter().map(|c| c["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["create", "join"]);
    assert_eq!(repository.id("HEAD"), head);
    repository.is_clean();
}

#[test]
fn a_commit_holds_all_of_it_and_the_working_tree_follows() {
    let (repository, inbox) = (repository(), inbox());
    let done = json(repository.path(), &["ingest", "--source", "feed", text(&inbox), "--commit"], Exit::Done);
    assert_eq!(done["commit"], repository.id("HEAD"));
    assert_eq!(done["status"], "done");
    let source = &done["sources"][0];
    for (member, expected) in
        [("deliveries", 3), ("created", 1), ("joined", 1), ("unchanged", 0), ("rejected", 1), ("skipped", 0)]
    {
        assert_eq!(source[member], expected, "{member}");
    }
    let rejected = &done["rejected"][0];
    assert_eq!((&rejected["delivery"], &rejected["rule"]), (&"broken.json".into(), &"malformed-json".into()));
    repository.fsck();
    repository.is_clean();
    assert!(repository.has("osv/malicious/npm/@s/b/MAL-2026-900001.json"));
    assert!(repository.read(KNOWN).contains("1.0.1"));
    assert!(repository.has("osv/ids.json"));
    let message = repository.run(&["log", "-1", "--format=%B"]);
    assert!(
        message.starts_with("ingest: 1 report created, 1 delivery joined, 1 document set aside from feed\n"),
        "{message}"
    );
    assert!(message.contains("\nSource: feed\n"), "{message}");

    let again = json(repository.path(), &["ingest", "--source", "feed", text(&inbox), "--commit"], Exit::Done);
    assert_eq!((again["commit"].is_null(), &again["sources"][0]["unchanged"]), (true, &2.into()));
    assert_eq!(again["changes"].as_array().map(Vec::len), Some(0));
    assert_eq!(done["commit"], repository.id("HEAD"), "what changes nothing makes no commit");
    assert_eq!(json(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
}

#[test]
fn a_bare_repository_needs_a_ref_and_has_its_own_configuration() {
    let (bare, inbox) = (repository().bare_clone(), inbox());
    let refused = malpkg(bare.path(), &["ingest", "--source", "feed", text(&inbox), "--commit"]);
    assert_eq!(refused.exit, Exit::Failed);
    assert!(refused.err.contains("--ref"), "{}", refused.err);
    let done =
        json(bare.path(), &["ingest", "--source", "feed", text(&inbox), "--commit", "--ref", "main"], Exit::Done);
    assert_eq!(done["commit"], bare.id("main"));
    bare.fsck();
}

#[test]
fn the_working_tree_can_be_written_without_a_commit() {
    let (repository, inbox) = (repository(), inbox());
    let head = repository.id("HEAD");
    json(repository.path(), &["ingest", "--source", "feed", text(&inbox), "--write"], Exit::Done);
    assert_eq!(repository.id("HEAD"), head);
    assert!(repository.read(KNOWN).contains("1.0.1"));
    let again = json(repository.path(), &["ingest", "--source", "feed", text(&inbox), "--write"], Exit::Done);
    assert_eq!(again["sources"][0]["unchanged"], 2);
}

#[test]
fn a_plain_folder_can_be_written() {
    let folder = Folder::empty();
    folder.write(KNOWN, report("MAL-2026-1", "npm", "a", &["1.0.0"]));
    folder.write("malpkg.toml", CONFIG);
    json(folder.path(), &["ingest", "--source", "feed", text(&inbox()), "--write"], Exit::Done);
    assert!(folder.read(KNOWN).contains("1.0.1"));
}

#[test]
fn local_edits_are_never_overwritten() {
    let (repository, inbox) = (repository(), inbox());
    let head = repository.id("HEAD");
    let edited = repository.read(KNOWN).replace("1.0.0", "1.0.0-edited");
    repository.write(KNOWN, &edited);
    let refused = malpkg(repository.path(), &["ingest", "--source", "feed", text(&inbox), "--commit"]);
    assert_eq!(refused.exit, Exit::Failed, "{}{}", refused.out, refused.err);
    assert!(refused.err.contains(KNOWN), "{}", refused.err);
    assert_eq!((repository.id("HEAD"), repository.read(KNOWN)), (head, edited));
    assert!(!repository.has("osv/malicious/npm/@s/b"));
}

#[test]
fn a_source_must_be_declared_and_have_something_to_read() {
    let repository = repository();
    let unknown = malpkg(repository.path(), &["ingest", "--source", "fed", "x"]);
    assert_eq!(unknown.exit, Exit::Failed);
    assert!(unknown.err.contains("`fed` is not declared") && unknown.err.contains("`feed`"), "{}", unknown.err);
    assert_eq!(malpkg(repository.path(), &["ingest", "--source", "feed"]).exit, Exit::Failed);
    assert_eq!(malpkg(repository.path(), &["ingest", "--source", "feed", "/nowhere"]).exit, Exit::Failed);
}

#[test]
fn strict_makes_a_rejected_delivery_count() {
    let (repository, inbox) = (repository(), inbox());
    assert_eq!(malpkg(repository.path(), &["ingest", "--source", "feed", text(&inbox), "--strict"]).exit, Exit::Found);
}

#[test]
fn a_report_that_the_rules_refuse_costs_only_its_own_deliveries() {
    let mut database = Database::default();
    // The number that would be given next stands at another package already, so the new report would double it.
    database =
        database.with("osv/malicious/npm/z/MAL-2026-900001.json", &report("MAL-2026-900001", "npm", "z", &["1"]));
    database = database.with("osv/ids.json", "{\"2026\": {\"highest\": 5, \"batch\": \"\"}}");
    database = database.with("malpkg.toml", "[source.feed]\nformat = \"osv\"\n");
    let (repository, inbox) = (database.repository(), Folder::empty());
    inbox.write("a.json", report("X-1", "npm", "a", &["1.0.0"]));
    let done = json(repository.path(), &["ingest", "--source", "feed", text(&inbox), "--commit"], Exit::Done);
    assert_eq!(done["changes"][0]["id"], "MAL-2026-900002", "the tree counts beside the file");
}

#[test]
fn two_writers_lose_nothing() {
    let repository = repository();
    let inboxes: Vec<Folder> = (0..4)
        .map(|writer| {
            let inbox = Folder::empty();
            for number in 0..20 {
                let name = format!("w{writer}-{number}");
                inbox.write(&format!("{number}.json"), report("X", "npm", &name, &["1.0.0"]));
            }
            inbox
        })
        .collect();
    let bare = repository.bare_clone();
    std::thread::scope(|scope| {
        for inbox in &inboxes {
            scope.spawn(|| {
                let arguments = ["ingest", "--source", "feed", text(inbox), "--commit", "--ref", "main"];
                // Exit 3 says: try again.
                while malpkg(bare.path(), &arguments).exit == Exit::BaseMoved {}
            });
        }
    });
    bare.fsck();
    let found = json(bare.path(), &["validate"], Exit::Done);
    assert_eq!((&found["reports"], &found["verdict"]), (&81.into(), &"clean".into()));
}

/// What a source that sends all it has no longer names, it takes back, and nothing of others.
#[test]
fn a_complete_source_takes_back_what_it_no_longer_names() {
    let database = Database::default().with("malpkg.toml", &format!("{CONFIG}complete = true\n"));
    let repository = database.with(KNOWN, &report("MAL-2026-1", "npm", "a", &["1.0.0"])).repository();
    let inbox = Folder::empty();
    inbox.write("x.json", report("X-1", "npm", "x", &["1.0.0"]));
    inbox.write("y.json", report("X-2", "npm", "y", &["1.0.0"]));
    let ingest = ["ingest", "--source", "feed", text(&inbox), "--commit"];
    assert_eq!(json(repository.path(), &ingest, Exit::Done)["sources"][0]["created"], 2);
    std::fs::remove_file(inbox.path().join("y.json")).unwrap();
    let done = json(repository.path(), &ingest, Exit::Done);
    assert_eq!((&done["sources"][0]["withdrawn"], &done["changes"][0]["kind"]), (&1.into(), &"withdraw".into()));
    assert!(repository.has("osv/withdrawn/npm/y/MAL-2026-900002.json"));
    assert!(repository.has("osv/malicious/npm/x/MAL-2026-900001.json") && repository.has(KNOWN));
    assert!(json(repository.path(), &ingest, Exit::Done)["commit"].is_null());
}

/// A tree is taken over with its ids and as it lists; what it lists later takes the place of that.
#[test]
fn a_tree_is_taken_over_as_it_is() {
    let repository = Database::default().with("malpkg.toml", "[source.tree]\nformat = \"ossf-tree\"\n").repository();
    let tree = Folder::empty();
    let origins = serde_json::json!([{"source": "s", "sha256": "c0ffee", "id": "S-1", "versions": ["1.0.0", "2.0.0"],
        "import_time": "2026-01-01T00:00:00Z", "modified_time": "2026-01-01T00:00:00Z"}]);
    let listed = |versions: &[&str], time: &str| {
        let mut own: serde_json::Value = serde_json::from_str(&report("MAL-2024-7", "npm", "z", versions)).unwrap();
        own["modified"] = time.into();
        own["database_specific"]["malicious-packages-origins"] = origins.clone();
        own.to_string()
    };
    let at = "osv/malicious/npm/z/MAL-2024-7.json";
    let ingest = ["ingest", "--source", "tree", text(&tree), "--commit"];
    for (versions, time) in [(&["1.0.0"][..], "2026-02-01T00:00:00Z"), (&["1.0.0", "2.0.0"], "2026-03-01T00:00:00Z")] {
        tree.write(at, listed(versions, time));
        assert!(json(repository.path(), &ingest, Exit::Done)["commit"].is_string());
        let there: serde_json::Value = serde_json::from_str(&repository.read(at)).unwrap();
        assert_eq!(there["affected"][0]["versions"], serde_json::json!(versions));
        assert_eq!(there["database_specific"]["malicious-packages-origins"].as_array().map(Vec::len), Some(1));
        assert!(json(repository.path(), &ingest, Exit::Done)["commit"].is_null(), "the same tree again");
    }
}
