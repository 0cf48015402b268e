//! Disputes: everybody sees them, no verdict changes while they are open, and what is upheld holds.

use malpkg::Exit;
use serde_json::Value;
use testkit::{Database, Folder, Repository, report};

use crate::program::{json, malpkg, malpkg_at};

const ID: &str = "MAL-2026-900001";
const OPEN: [&str; 12] = [
    "dispute",
    "open",
    ID,
    "--by",
    "Owner",
    "--proof",
    "source-review",
    "--evidence",
    "https://example.org/1",
    "--deadline",
    "2026-07-01",
    "--commit",
];

fn ingest(repository: &Repository, source: &str, delivery: &str) -> Value {
    let inbox = Folder::empty();
    inbox.write("a.json", delivery);
    let folder = inbox.path().to_str().expect("a path in UTF-8").to_owned();
    json(repository.path(), &["ingest", "--source", source, &folder, "--commit"], Exit::Done)
}

fn repository() -> Repository {
    let config = "[source.feed]\nformat = \"osv\"\n[source.other]\nformat = \"osv\"\n";
    let repository = Database::default().with("malpkg.toml", config).repository();
    ingest(&repository, "feed", &report("X-1", "npm", "a", &["1.0.0", "2.0.0"]));
    repository
}

/// What is answered about the package.
fn answer(repository: &Repository) -> (Value, Value) {
    let ran = malpkg(repository.path(), &["query", "npm/a", "--format", "json"]);
    let told: Value = serde_json::from_str(&ran.out).expect("JSON");
    (told["answers"][0]["verdict"].clone(), told["answers"][0]["reports"][0]["dispute"].clone())
}

#[test]
fn an_open_dispute_is_seen_and_changes_nothing() {
    let repository = repository();
    assert!(answer(&repository).1.is_null());
    json(repository.path(), &OPEN, Exit::Done);
    let (verdict, dispute) = answer(&repository);
    assert_eq!(verdict, "some-versions");
    for (member, expected) in [("status", "open"), ("proof", "source-review"), ("by", "Owner")] {
        assert_eq!(dispute[member], expected);
    }
    assert_eq!(dispute["deadline"], "2026-07-01T00:00:00Z");
    let validated = json(repository.path(), &["validate", "--base-exact", "HEAD~1"], Exit::Done);
    assert_eq!(validated["verdict"], "clean", "{validated}");
    let kind = |now: &str| {
        let ran = malpkg_at(now, repository.path(), &["triage", "--format", "json"]);
        serde_json::from_str::<Value>(&ran.out).expect("JSON")["queue"][0]["kind"].clone()
    };
    assert_eq!((kind("2026-06-02T00:00:00Z"), kind("2026-08-01T00:00:00Z")), ("disputed".into(), "overdue".into()));
    // A second one adds nothing.
    assert!(malpkg(repository.path(), &OPEN).out.contains("disputed already"));
    json(repository.path(), &["dispute", "refuse", ID, "--by", "Ada", "--commit"], Exit::Done);
    assert_eq!(answer(&repository).1["status"], "refused");
    assert_eq!(json(repository.path(), &["triage"], Exit::Done)["queue"].as_array().map(Vec::len), Some(0));
}

#[test]
fn what_is_upheld_holds() {
    let repository = repository();
    let nothing = malpkg(repository.path(), &["dispute", "uphold", ID, "--by", "Ada", "--commit"]);
    assert!(nothing.exit == Exit::Failed && nothing.err.contains("no open dispute"), "{}", nothing.err);
    json(repository.path(), &OPEN, Exit::Done);
    // Who opened it cannot settle it so, however the name is spelled and whatever is cleared.
    for more in [&["--by", "Owner"][..], &["--by", "owner.\u{200b}"], &["--by", "Owner", "--clear", "2.0.0"]] {
        let own = malpkg(repository.path(), &[&["dispute", "uphold", ID, "--commit"], more].concat());
        assert!(own.exit == Exit::Failed && own.err.contains("cannot uphold it"), "{}{}", own.out, own.err);
        assert!(own.err.contains("let somebody else look"), "{}", own.err);
    }
    assert_eq!(answer(&repository).1["status"], "open");
    let done = json(repository.path(), &["dispute", "uphold", ID, "--by", "Ada", "--commit"], Exit::Done);
    assert_eq!(done["changes"][0]["kind"], "withdraw");
    let (verdict, dispute) = answer(&repository);
    assert_eq!((verdict, &dispute["status"]), ("withdrawn".into(), &"upheld".into()));
    let read = repository.read(&format!("osv/withdrawn/npm/a/{ID}.json"));
    assert!(read.contains("\"dispute-upheld\""), "{read}");
    // Named again by another source, it stays as it is, and a person is told.
    ingest(&repository, "other", &report("Y-1", "npm", "a", &["3.0.0"]));
    assert_eq!(answer(&repository).0, "withdrawn");
    let queue = json(repository.path(), &["triage"], Exit::Done);
    assert_eq!(queue["queue"][0]["kind"], "named-again", "{queue}");
}

#[test]
fn a_dispute_can_clear_some_versions() {
    let repository = repository();
    json(repository.path(), &OPEN, Exit::Done);
    json(repository.path(), &["dispute", "uphold", ID, "--by", "Ada", "--clear", "2.0.0", "--commit"], Exit::Done);
    let asked = |version: &str| malpkg(repository.path(), &["query", &format!("npm/a@{version}")]).exit;
    assert_eq!((asked("1.0.0"), asked("2.0.0")), (Exit::Found, Exit::Done));
    // Whoever says more of the package now needs a second person.
    let done = ingest(&repository, "other", &report("Y-1", "npm", "a", &["3.0.0"]));
    assert_eq!(done["rejected"][0]["rule"], "protected-name", "{done}");
}

#[test]
fn a_name_that_an_honest_owner_has_now_means_no_range() {
    let repository = repository();
    ingest(&repository, "other", &report("Y-1", "npm", "a", &[]));
    let reclaim = ["narrow", ID, "--reclaimed", "2026-05-01", "--reason", "versions-clean", "--commit"];
    json(repository.path(), &reclaim, Exit::Done);
    let asked = |version: &str| malpkg(repository.path(), &["query", &format!("npm/a@{version}")]).exit;
    assert_eq!((asked("1.0.0"), asked("3.0.0")), (Exit::Found, Exit::Done));
}

#[test]
fn what_somebody_else_shows_stands_beside_it() {
    let repository = repository();
    json(repository.path(), &OPEN, Exit::Done);
    let again = json(repository.path(), &OPEN, Exit::Done);
    assert!(again["commit"].is_null(), "{again}");
    let second = ["--by", "Eve", "--proof", "ownership", "--evidence", "https://example.org/2", "--commit"];
    let done = json(repository.path(), &[&["dispute", "open", ID][..], &second].concat(), Exit::Done);
    assert!(!done["commit"].is_null(), "{done}");
    let shown = answer(&repository).1;
    assert_eq!((&shown["by"], &shown["deadline"]), (&"Eve".into(), &"2026-07-01T00:00:00Z".into()), "{shown}");
    // Neither of the two can uphold it.
    for by in ["Owner", "Eve"] {
        let refused = malpkg(repository.path(), &["dispute", "uphold", ID, "--by", by, "--commit"]);
        assert!(refused.exit == Exit::Failed && refused.err.contains("cannot uphold"), "{}", refused.err);
    }
    json(repository.path(), &["dispute", "uphold", ID, "--by", "Ada", "--commit"], Exit::Done);
}

#[test]
fn where_nobody_names_a_version_it_is_said_which_were_malicious() {
    let config = "[source.feed]\nformat = \"osv\"\n";
    let repository = Database::default().with("malpkg.toml", config).repository();
    ingest(&repository, "feed", &report("X-1", "npm", "a", &[]));
    let reclaim = |more: &[&str]| {
        let reclaim = ["narrow", ID, "--reason", "versions-clean", "--commit"];
        malpkg(repository.path(), &[&reclaim[..], more].concat())
    };
    let refused = reclaim(&["--reclaimed", "2026-05-01"]);
    assert!(refused.exit == Exit::Failed && refused.err.contains("`--keep`"), "{}", refused.err);
    let ahead = reclaim(&["--reclaimed", "2027-05-01", "--keep", "1.0.0"]);
    assert!(ahead.exit == Exit::Failed && ahead.err.contains("still to come"), "{}", ahead.err);
    let nobody = reclaim(&["--reclaimed", "2026-05-01", "--keep", "1.0.0", "--by", ""]);
    assert!(nobody.exit == Exit::Failed && nobody.err.contains("names nobody"), "{}", nobody.err);
    assert_eq!(reclaim(&["--reclaimed", "2026-05-01", "--keep", "1.0.0"]).exit, Exit::Done);
    let asked = |version: &str| malpkg(repository.path(), &["query", &format!("npm/a@{version}")]).exit;
    assert_eq!((asked("1.0.0"), asked("3.0.0")), (Exit::Found, Exit::Done));
}

#[test]
fn proof_is_of_a_kind_that_is_known() {
    let repository = repository();
    let ran =
        malpkg(repository.path(), &["dispute", "open", ID, "--by", "a", "--proof", "believe-me", "--evidence", "x"]);
    assert_eq!(ran.exit, Exit::Failed);
    let ran = malpkg(repository.path(), &["dispute", "open", ID, "--by", "a", "--proof", "ownership"]);
    assert!(ran.exit == Exit::Failed && ran.err.contains("--evidence"), "{}", ran.err);
}
