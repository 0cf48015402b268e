//! `malpkg ingest --explain`: what becomes of single deliveries, and why.

use malpkg::Exit;
use serde_json::Value;
use testkit::{Database, Folder, Repository, report, withdrawn_report};

use crate::program::{json, malpkg};

const CONFIG: &str = "[source.feed]\nformat = \"osv\"\n[source.other]\nformat = \"osv\"\n";

fn repository() -> Repository {
    let known = report("MAL-2026-1", "npm", "a", &["1.0.0"]);
    Database::default()
        .with("malpkg.toml", CONFIG)
        .with("config/protected/npm.txt", "react\n")
        .with("osv/malicious/npm/a/MAL-2026-1.json", &known)
        .repository()
}

fn inbox() -> Folder {
    let inbox = Folder::empty();
    inbox.write("new.json", report("X-1", "npm", "b", &["1.0.0"]));
    inbox.write(
        "more.json",
        report("X-2", "npm", "a", &["2.0.0"]).replace("\"summary\"", "\"aliases\": [\"GHSA-x\"], \"summary\""),
    );
    inbox.write("famous.json", report("X-3", "npm", "react", &["1.0.0"]));
    inbox.write("broken.json", "{\"id\": \"X-4\", ");
    inbox.write("gone.json", withdrawn_report("X-5", "npm", "c", &["1.0.0"], "2026-02-01T00:00:00Z"));
    inbox.write(
        "late.json",
        report("X-6", "npm", "d", &["1.0.0"]).replace("\"modified\": \"2026", "\"modified\": \"2031"),
    );
    inbox
}

/// The fates that a word is told.
#[track_caller]
fn explained(repository: &Repository, input: &[&str], word: &str, more: &[&str]) -> Vec<Value> {
    let arguments = [&["ingest", "--source", "feed"], input, &["--explain", word], more].concat();
    let told = json(repository.path(), &arguments, Exit::Done);
    told["explained"].as_array().expect("fates").clone()
}

#[test]
fn each_delivery_is_told_its_fate_and_the_reason() {
    let (repository, inbox) = (repository(), inbox());
    let input = inbox.path().to_str().unwrap();
    let one = |word: &str| {
        let told = explained(&repository, &[input], word, &[]);
        assert_eq!(told.len(), 1, "{word}: {told:?}");
        told[0].clone()
    };
    let new = one("X-1");
    assert_eq!((&new["fate"], &new["package"], &new["change"]), (&"created".into(), &"npm/b".into(), &"create".into()));
    assert_eq!(new["path"], "osv/malicious/npm/b/MAL-2026-900001.json");
    // By its name, an alias, its package, or the report that it goes to.
    for word in ["more.json", "GHSA-x", "npm/a", "pkg:npm/a", "MAL-2026-1"] {
        let more = one(word);
        assert_eq!((&more["fate"], &more["report"]), (&"joined".into(), &"MAL-2026-1".into()), "{word}");
    }
    let famous = one("npm/react");
    assert_eq!((&famous["fate"], &famous["rule"]), (&"rejected".into(), &"protected-name".into()));
    assert!(famous["remedy"].as_str().unwrap().contains("malpkg approve"), "{famous}");
    assert!(famous["quarantine"].as_str().unwrap().starts_with("osv/quarantine/feed/"), "{famous}");
    let broken = one("broken.json");
    assert_eq!((&broken["rule"], &broken["fate"]), (&"malformed-json".into(), &"rejected".into()));
    let gone = one("X-5");
    assert_eq!(gone["fate"], "skipped");
    assert!(gone["message"].as_str().unwrap().contains("it is remembered"), "{gone}");
    assert_eq!(one("X-6")["rule"], "modified-in-future");
    assert_eq!(explained(&repository, &[input], "feed", &[]).len(), 6, "all of a source");
    assert!(explained(&repository, &[input], "X-9", &[]).is_empty());
    let plain = json(repository.path(), &["ingest", "--source", "feed", input], Exit::Done);
    assert!(plain.get("explained").is_none(), "{plain}");
}

#[test]
fn what_came_before_is_told_from_the_reports_and_the_quarantine() {
    let (repository, inbox) = (repository(), inbox());
    let input = inbox.path().to_str().unwrap();
    assert_eq!(explained(&repository, &[input], "X-1", &["--commit"])[0]["fate"], "created");
    let unchanged = explained(&repository, &[input], "X-1", &[]);
    assert_eq!((unchanged.len(), &unchanged[0]["fate"]), (1, &"unchanged".into()));
    // What is refused by the same rules is not tried again.
    let again = explained(&repository, &[input], "broken.json", &[]);
    assert_eq!((&again[0]["fate"], &again[0]["rule"]), (&"skipped".into(), &"malformed-json".into()));
    let empty = Folder::empty();
    empty.write("z.json", report("X-7", "npm", "z", &["1.0.0"]));
    let other = [empty.path().to_str().unwrap()];
    for word in ["X-1", "npm/b", "MAL-2026-900001"] {
        let known = explained(&repository, &other, word, &[]);
        assert_eq!((known.len(), &known[0]["fate"]), (1, &"known".into()), "{word}");
        assert_eq!((&known[0]["id"], &known[0]["report"]), (&"X-1".into(), &"MAL-2026-900001".into()), "{word}");
        assert!(known[0]["message"].as_str().unwrap().contains(crate::program::NOW), "{known:?}");
    }
    let waiting = explained(&repository, &other, "broken.json", &[]);
    assert_eq!((&waiting[0]["fate"], &waiting[0]["rule"]), (&"waiting".into(), &"malformed-json".into()));
    // A report of another source is no delivery of this one.
    assert!(explained(&repository, &other, "MAL-2026-1", &[]).iter().all(|one| one["id"] == "X-2"));
}

#[test]
fn people_are_told_in_a_few_lines_that_a_delivery_cannot_forge() {
    let (repository, inbox) = (repository(), Folder::empty());
    inbox.write("new.json", report("X-1\\u001b[31m\\nfeed: fine", "npm", "b", &["1.0.0"]).replace("X-1\\\\", "X-1\\"));
    let input = inbox.path().to_str().unwrap();
    let told = malpkg(repository.path(), &["ingest", "--source", "feed", input, "--explain", "npm/b"]);
    assert_eq!(told.exit, Exit::Done, "{}{}", told.out, told.err);
    assert!(!told.out.contains('\u{1b}') && !told.out.contains("\nfeed: fine"), "{}", told.out);
    assert!(told.out.contains(": created, MAL-2026-900001 on npm/b\n  nothing stood on the package"), "{}", told.out);
    let nothing = malpkg(repository.path(), &["ingest", "--source", "feed", input, "--explain", "npm/none"]);
    assert!(nothing.out.contains("nothing that was read is called npm/none"), "{}", nothing.out);
}

#[test]
fn what_the_settings_of_a_source_leave_out_is_told_too() {
    let config = "[source.feed]\nformat = \"osv\"\necosystems = [\"PyPI\"]\n";
    let repository = Database::default().with("malpkg.toml", config).repository();
    let inbox = Folder::empty();
    inbox.write("a.json", report("X-1", "npm", "a", &["1.0.0"]));
    inbox.write("b.json", report("X-2", "PyPI", "b", &["1.0.0"]));
    let input = inbox.path().to_str().unwrap();
    for word in ["X-1", "npm/a", "a.json"] {
        let told = explained(&repository, &[input], word, &[]);
        assert_eq!((told.len(), &told[0]["fate"]), (1, &"left-out".into()), "{word}");
        assert!(told[0]["message"].as_str().unwrap().contains("`ecosystems`"), "{told:?}");
    }
}
