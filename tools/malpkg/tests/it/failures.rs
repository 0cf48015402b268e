//! What cannot be done: one clear line, exit 2, and a document for programs.

use malpkg::Exit;
use testkit::{Database, Folder, Repository};

use crate::program::{json, malpkg};

#[track_caller]
fn check(repo: &std::path::Path, arguments: &[&str], expected: &str) {
    let ran = malpkg(repo, arguments);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""), "{arguments:?}: {}", ran.err);
    assert!(ran.err.starts_with("error: ") && ran.err.contains(expected), "{arguments:?}: {}", ran.err);
    assert!(ran.err.lines().count() <= 2, "{}", ran.err);
    let document = json(repo, arguments, Exit::Failed);
    assert_eq!((&document["format"], &document["version"]), (&"malpkg.error".into(), &1.into()));
    assert!(document["message"].as_str().is_some_and(|message| !message.is_empty()), "{document}");
}

#[test]
fn what_is_no_database_is_said() {
    let empty = Folder::empty();
    check(empty.path(), &["validate"], "no git repository");
    check(&empty.place("nowhere"), &["validate"], "nowhere");
    check(Repository::empty().path(), &["query", "npm/a"], "no commit yet");
}

#[test]
fn a_revision_that_does_not_exist_is_said() {
    let repository = Database::default().repository();
    for revision in ["no-such-branch", "HEAD~99", "^", "", "HEAD:osv", "-x\u{1b}"] {
        let revision = format!("--rev={revision}");
        check(repository.path(), &["validate", &revision], "");
    }
}

#[test]
fn a_configuration_that_is_wrong_is_said_with_its_place() {
    let folder = Database::default().with("osv/ids.json", "{}").folder();
    folder.write("malpkg.toml", "[databse]\n");
    check(folder.path(), &["validate"], "malpkg.toml: unknown key `databse`");
}

#[test]
fn arguments_that_are_wrong_are_said() {
    let folder = Database::default().folder();
    let ran = malpkg(folder.path(), &["validate", "--no-such-flag"]);
    assert_eq!(ran.exit, Exit::Failed);
    let document = json(folder.path(), &["validate", "--no-such-flag"], Exit::Failed);
    assert!(document["message"].as_str().is_some_and(|message| message.contains("--no-such-flag")), "{document}");
    assert_eq!(malpkg(folder.path(), &["--version"]).exit, Exit::Done);
    assert_eq!(malpkg(folder.path(), &["query", "--help"]).exit, Exit::Done);
}
