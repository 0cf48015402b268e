//! Since when something is listed, and questions to what was published.

use malpkg::Exit;
use testkit::{Database, Folder, Repository, report, withdrawn_report};

use crate::program::{json, malpkg};

const A: &str = "osv/malicious/npm/a/MAL-2026-1.json";

/// A version is listed, then another one, and at last the report moves.
fn repository() -> Repository {
    let repository = Database::default()
        .with(A, &report("MAL-2026-1", "npm", "a", &["1.0.0"]))
        .with("osv/malicious/pypi/b/MAL-2026-2.json", &report("MAL-2026-2", "PyPI", "b", &[]))
        .with(
            "osv/withdrawn/npm/honest/MAL-2026-3.json",
            &withdrawn_report("MAL-2026-3", "npm", "honest", &["1.0.0"], "2026-02-01T00:00:00Z"),
        )
        .with("malpkg.toml", "[database]\nhome = \"https://example.org/db\"\n")
        .repository();
    repository.write(A, report("MAL-2026-1", "npm", "a", &["1.0.0", "1.1.0"]));
    repository.commit("one more version");
    repository
}

/// When a commit was made, as answers write it.
fn time(repository: &Repository, commit: &str) -> String {
    let seconds = repository.run(&["log", "-1", "--format=%ct", commit]).trim().parse().unwrap();
    osv_schema::Timestamp::from_unix(seconds).unwrap().to_string()
}

fn since(repository: &Repository, what: &str) -> serde_json::Value {
    json(repository.path(), &["query", what], Exit::Found)["answers"][0]["reports"][0]["since"].clone()
}

#[test]
fn a_version_is_listed_since_the_first_commit_that_listed_it() {
    let repository = repository();
    let expected = serde_json::json!({"1.0.0": time(&repository, "HEAD~1"), "1.1.0": time(&repository, "HEAD")});
    assert_eq!(since(&repository, "npm/a"), expected);
    assert_eq!(since(&repository, "pypi/b"), serde_json::json!({"vers:pypi/*": time(&repository, "HEAD~1")}));
    // What is kept is brought forward, and a report that moves lists nothing anew.
    repository.run(&["rm", "-q", A]);
    let moved = report("MAL-2026-9", "npm", "a", &["1.0.0", "1.1.0", "1.2.0"]);
    repository.write("osv/malicious/npm/a/MAL-2026-9.json", moved);
    repository.commit("another id, and one more version");
    let mut expected = expected;
    expected["1.2.0"] = time(&repository, "HEAD").into();
    assert_eq!(since(&repository, "npm/a"), expected);
    // Nothing that is kept changes an answer.
    let kept = repository.path().join(".git/malpkg/listed");
    let bytes = std::fs::read(&kept).expect("it is kept");
    for damaged in [&bytes[..bytes.len() - 1], &bytes[..20], b""] {
        std::fs::write(&kept, damaged).unwrap();
        assert_eq!(since(&repository, "npm/a"), expected);
    }
}

#[test]
fn a_history_that_is_cut_off_refuses_the_release_and_not_the_answer() {
    let (repository, room) = (repository(), Folder::empty());
    let clone = room.place("clone");
    let url = format!("file://{}", repository.path().display());
    repository.run(&["clone", "-q", "--depth", "1", &url, clone.to_str().unwrap()]);
    let out = room.place("release");
    let ran = malpkg(&clone, &["export", "--out", out.to_str().unwrap()]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains("git fetch --unshallow"), "{}", ran.err);
    assert!(!out.exists());
    let ran = malpkg(&clone, &["query", "npm/a@1.1.0", "--format", "json"]);
    assert_eq!(ran.exit, Exit::Found);
    assert!(ran.err.contains("git fetch --unshallow") && ran.out.contains("\"since\": {}"), "{}{}", ran.err, ran.out);
}

#[test]
fn what_was_published_answers_as_the_database_does() {
    let (repository, room) = (repository(), Folder::empty());
    let dir = room.place("release");
    json(repository.path(), &["export", "--out", dir.to_str().unwrap()], Exit::Done);
    let questions = [
        "npm/a",
        "npm/a@1.1.0",
        "npm/a@2.0.0",
        "pkg:npm/a@1.0.0",
        "PyPI/B@7",
        "npm/honest",
        "npm/none",
        "MAL-2026-1",
        "mal-2026-3",
    ];
    for question in questions {
        let exit = malpkg(repository.path(), &["query", question]).exit;
        let expected = json(repository.path(), &["query", question], exit);
        for (from, has_since) in [("", true), ("malpkg.sqlite", true), ("all.zip", false)] {
            let from = dir.join(from);
            let mut answer = json(room.path(), &["query", question, "--from", from.to_str().unwrap()], exit);
            let mut expected = expected.clone();
            for told in [&mut answer, &mut expected] {
                for report in told["answers"][0]["reports"].as_array_mut().unwrap() {
                    // An archive says neither; what was withdrawn may be listed since some time.
                    if !has_since || !report["withdrawn"].is_null() {
                        report["since"] = serde_json::json!({});
                    }
                    if !has_since {
                        report["url"] = serde_json::Value::Null;
                    }
                }
            }
            assert_eq!(answer["answers"], expected["answers"], "{question} of {}", from.display());
            if has_since {
                assert_eq!(answer["data"], expected["data"]);
            }
        }
    }
    let archive = dir.join("npm/all.zip");
    json(room.path(), &["query", "npm/a@1.0.0", "--from", archive.to_str().unwrap()], Exit::Found);
    json(room.path(), &["query", "pypi/b", "--from", archive.to_str().unwrap()], Exit::Done);
}

#[test]
fn what_is_no_release_is_no_all_clear() {
    let room = Folder::empty();
    let text = room.place("text.zip");
    std::fs::write(&text, "no archive").unwrap();
    let sqlite = room.place("x.sqlite");
    std::fs::write(&sqlite, b"SQLite format 3\0 and nothing else").unwrap();
    let (text, sqlite) = (text.to_str().unwrap(), sqlite.to_str().unwrap());
    for from in [text, sqlite, "/nowhere", room.path().to_str().unwrap(), "ftp://x.test/release"] {
        let ran = malpkg(room.path(), &["query", "npm/a", "--from", from]);
        assert_eq!(ran.exit, Exit::Failed, "{from}: {}", ran.out);
    }
}
