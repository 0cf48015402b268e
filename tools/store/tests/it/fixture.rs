//! What the tests share: changes that are admitted whatever they hold, and short ways to say things.

use std::path::Path;

use database::{Change, ChangeKind, ChangeSet, Snapshot, TreePath};
use osv_schema::Timestamp;
use rules::{Admitted, RULES, Settings, admit};
use store::{At, CommitError, CommitId, RefName, Store};
use testkit::{Database, Repository};

/// A small database with everything that matters to a commit: several folders, an executable, files of other people.
pub(crate) const SMALL: &str = "\
-- README.md --
Not of the database.
-- malpkg.toml --
[database]
-- osv/ids.json --
{}
-- osv/malicious/npm/a/MAL-2026-1.json --
{\"id\": \"MAL-2026-1\"}
-- osv/malicious/npm/a/MAL-2026-2.json --
{\"id\": \"MAL-2026-2\"}
-- osv/malicious/npm/b/MAL-2026-3.json --
{\"id\": \"MAL-2026-3\"}
-- tools/run.sh --
#!/bin/sh
";

pub(crate) const REPORT: &str = "osv/malicious/npm/a/MAL-2026-1.json";
pub(crate) const NEW: &str = "osv/malicious/pypi/x/y/MAL-2026-9.json";

/// What one case of a test does to its repository first.
pub(crate) type Prepare<'p> = &'p dyn Fn(&Repository);

pub(crate) fn small() -> Repository {
    Database::from_text(SMALL).repository()
}

pub(crate) fn open(dir: &Path) -> Store {
    Store::open(dir).unwrap()
}

pub(crate) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn main_branch() -> RefName {
    RefName::new("main").unwrap()
}

pub(crate) fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

/// An admitted change that puts these files. Every rule is off: what is tested here is not what the rules allow.
pub(crate) fn putting(files: &[(&str, &str)]) -> Admitted {
    let mut changes = ChangeSet::default();
    for (at, content) in files {
        let change = Change { path: path(at), kind: ChangeKind::Create, id: String::new(), package: String::new() };
        changes.put_report(change, content.as_bytes());
    }
    let mut settings = Settings::default();
    RULES.iter().for_each(|rule| settings.set(rule.name, None).unwrap());
    admit(&Snapshot::of_files([]), changes, &settings).unwrap()
}

/// Commits on `main` from where it is.
pub(crate) fn commit(store: &Store, files: &[(&str, &str)]) -> Result<CommitId, CommitError> {
    let base = store.tip(&main_branch()).unwrap();
    store.commit(&putting(files), &main_branch(), base, "a change\n\nwith more to say", now())
}

/// The paths in a snapshot, and what each holds: its text, or why it cannot be read.
pub(crate) fn contents(store: &Store, at: At) -> Vec<(String, String)> {
    let snapshot = store.snapshot(at).unwrap();
    let entries: Vec<_> = snapshot.entries().iter().collect();
    snapshot.map(&entries, |entry, bytes| {
        let text = match bytes {
            Ok(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Err(error) => format!("! {}", error.reason),
        };
        (entry.path.to_string(), text)
    })
}

pub(crate) fn paths(store: &Store, at: At) -> Vec<String> {
    store.snapshot(at).unwrap().entries().iter().map(|entry| entry.path.to_string()).collect()
}

/// The message of an error with those of its causes.
pub(crate) fn message(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

pub(crate) fn head(store: &Store) -> At {
    At::Commit(store.head().unwrap().unwrap().id)
}

/// A commit whose folder `osv` is a tree object of these bytes, whatever they are.
pub(crate) fn commit_of_raw(repository: &Repository, raw: &[u8]) -> String {
    repository.write("raw", raw);
    let inner = repository.run(&["hash-object", "-w", "--literally", "-t", "tree", "raw"]).trim_end().to_owned();
    let root = repository.run_with(&["mktree", "--missing"], &format!("040000 tree {inner}\tosv\n"));
    repository.run(&["commit-tree", "-m", "odd", root.trim_end()]).trim_end().to_owned()
}
