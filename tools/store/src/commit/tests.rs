//! Changes that remove files: only the inside of the crate can say them by hand.

use std::sync::Arc;

use database::{Edit, TreePath};
use testkit::{Database, Repository};

use super::CommitError;
use super::rewrite::Edits;
use crate::{CommitId, RefName, Store};

const FILES: &str = "\
-- osv/ids.json --
{}
-- osv/malicious/npm/a/MAL-1.json --
one
-- osv/malicious/npm/a/MAL-2.json --
two
-- osv/malicious/npm/b/c/MAL-3.json --
three
";

fn edits(puts: &[(&str, &str)], removes: &[&str]) -> Edits {
    let path = |path: &str| TreePath::new(path).unwrap();
    let puts = puts.iter().map(|(at, text)| (path(at), Edit::Put(Arc::from(text.as_bytes()))));
    puts.chain(removes.iter().map(|at| (path(at), Edit::Remove))).collect()
}

fn commit(store: &Store, edits: &Edits) -> Result<CommitId, CommitError> {
    let main = RefName::new("main").unwrap();
    let base = store.tip(&main).unwrap();
    store.commit_edits(edits, &main, base, "a change", "2026-03-01T12:00:00Z".parse().unwrap())
}

/// Commits a change to a repository with a work tree and to a bare one; both hold these files then.
#[track_caller]
fn becomes(puts: &[(&str, &str)], removes: &[&str], expected: &[&str]) {
    let repository = Database::from_text(FILES).repository();
    let bare = repository.bare_clone();
    for repository in [&repository, &bare] {
        commit(&Store::open(repository.path()).unwrap(), &edits(puts, removes)).unwrap();
        assert_eq!(repository.paths("main"), expected);
        repository.fsck();
    }
    assert_eq!(repository.id("main"), bare.id("main"));
    repository.is_clean();
    assert_eq!(repository.list(), expected);
    for (path, text) in puts {
        assert_eq!(repository.read(path), *text);
    }
    let written = Database::from_text(FILES).repository();
    Store::open(written.path()).unwrap().write_edits(&edits(puts, removes), &Default::default()).unwrap();
    assert_eq!(written.list(), expected);
    let folder = Database::from_text(FILES).folder();
    Store::open(folder.path()).unwrap().write_edits(&edits(puts, removes), &Default::default()).unwrap();
    assert_eq!(folder.list(), expected);
}

const IDS: &str = "osv/ids.json";
const ONE: &str = "osv/malicious/npm/a/MAL-1.json";
const TWO: &str = "osv/malicious/npm/a/MAL-2.json";
const THREE: &str = "osv/malicious/npm/b/c/MAL-3.json";

#[test]
fn removing_and_moving() {
    becomes(&[], &[ONE], &[IDS, TWO, THREE]);
    becomes(&[], &[ONE, TWO], &[IDS, THREE]);
    becomes(&[("osv/withdrawn/npm/a/MAL-1.json", "one")], &[ONE], &[IDS, TWO, THREE, "osv/withdrawn/npm/a/MAL-1.json"]);
    becomes(&[("osv/new.json", "new")], &[ONE, TWO, THREE], &[IDS, "osv/new.json"]);
    becomes(&[(ONE, "changed")], &["osv/nothing/here.json", "osv/ids.json/nor/here"], &[IDS, ONE, TWO, THREE]);
}

#[test]
fn a_folder_becomes_a_file_and_a_file_a_folder() {
    becomes(&[("osv/malicious/npm/b", "a file")], &[THREE], &[IDS, ONE, TWO, "osv/malicious/npm/b"]);
    becomes(&[("osv/ids.json/x/y.json", "below")], &[IDS], &["osv/ids.json/x/y.json", ONE, TWO, THREE]);
    becomes(&[("osv/malicious/npm/a", "a file")], &[ONE, TWO, THREE], &[IDS, "osv/malicious/npm/a"]);
}

#[test]
fn folders_that_are_empty_go_away() {
    let repository = Database::from_text(FILES).repository();
    commit(&Store::open(repository.path()).unwrap(), &edits(&[], &[ONE, TWO, THREE])).unwrap();
    assert!(!repository.has("osv/malicious"));
    assert!(repository.has("osv"));
    let store = Store::open(repository.path()).unwrap();
    commit(&store, &edits(&[], &[IDS])).unwrap();
    assert_eq!(repository.paths("main"), [""; 0]);
    assert_eq!(repository.id("main^{tree}"), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    repository.is_clean();
    repository.fsck();
    assert!(repository.has("osv"), "a database keeps its folder");
    assert!(matches!(commit(&store, &edits(&[], &[IDS])), Err(CommitError::Unchanged)));
}

#[test]
fn a_folder_with_something_else_in_it_stays() {
    let repository = Database::from_text(FILES).repository();
    repository.write("osv/malicious/npm/b/notes.txt", "mine");
    commit(&Store::open(repository.path()).unwrap(), &edits(&[], &[THREE])).unwrap();
    assert_eq!(repository.read("osv/malicious/npm/b/notes.txt"), "mine");
    assert!(!repository.has("osv/malicious/npm/b/c"));
    let error = commit(&Store::open(repository.path()).unwrap(), &edits(&[("osv/malicious/npm/b", "x")], &[]));
    assert!(matches!(error, Err(CommitError::LocalEdits(_))), "{error:?}");
}

#[test]
fn what_is_removed_must_not_be_edited() {
    for (path, edit) in [(ONE, Some("mine")), ("osv/untracked.json", Some("mine"))] {
        let repository = Database::from_text(FILES).repository();
        edit.into_iter().for_each(|text| repository.write(path, text));
        let store = Store::open(repository.path()).unwrap();
        if path == ONE {
            let error = commit(&store, &edits(&[], &[path])).unwrap_err();
            assert!(matches!(error, CommitError::LocalEdits(_)), "{error:?}");
        }
        let error = store.write_edits(&edits(&[], &[path]), &Default::default()).unwrap_err();
        assert!(matches!(error, CommitError::LocalEdits(_)), "{error:?}");
        assert_eq!(repository.read(path), "mine");
    }
}

#[test]
fn what_is_gone_already_can_be_removed() {
    let repository = Database::from_text(FILES).repository();
    repository.remove(ONE);
    commit(&Store::open(repository.path()).unwrap(), &edits(&[], &[ONE])).unwrap();
    repository.is_clean();
}

#[cfg(unix)]
#[test]
fn a_link_is_removed_and_not_what_it_names() {
    let repository = Database::from_text(FILES).repository();
    let outside = testkit::Folder::empty();
    outside.write("file", "theirs");
    std::os::unix::fs::symlink(outside.place("file"), repository.place("osv/link.json")).unwrap();
    repository.commit("a trap");
    commit(&Store::open(repository.path()).unwrap(), &edits(&[], &["osv/link.json"])).unwrap();
    repository.is_clean();
    assert!(!repository.has("osv/link.json"));
    assert_eq!(outside.read("file"), "theirs");
}

#[cfg(unix)]
#[test]
fn nothing_is_removed_through_a_link() {
    let repository = Database::from_text(FILES).repository();
    let outside = Database::from_text("-- MAL-1.json --\none\n-- MAL-2.json --\ntwo\n").folder();
    repository.remove("osv/malicious/npm/a");
    std::os::unix::fs::symlink(outside.path(), repository.place("osv/malicious/npm/a")).unwrap();
    let store = Store::open(repository.path()).unwrap();
    assert!(matches!(commit(&store, &edits(&[], &[ONE])), Err(CommitError::Linked(_))));
    assert!(matches!(store.write_edits(&edits(&[], &[ONE]), &Default::default()), Err(CommitError::Linked(_))));
    assert_eq!(outside.list(), ["MAL-1.json", "MAL-2.json"]);
}

/// The note of a commit that was killed right after its branch had moved.
fn note(repository: &Repository, base: &str, made: &str) {
    repository.write(".git/malpkg/pending", format!("branch refs/heads/main\nbase {base}\ncommit {made}\nend\n"));
}

#[test]
fn a_killed_move_is_brought_forward() {
    let repository = Database::from_text(FILES).repository();
    let base = repository.id("main");
    let bare = repository.bare_clone();
    let moved = edits(&[("osv/withdrawn/npm/a/MAL-1.json", "one\n"), ("osv/ids.json/x", "x\n")], &[ONE, IDS]);
    let made = commit(&Store::open(bare.path()).unwrap(), &moved).unwrap().to_string();
    let from = bare.path().to_string_lossy().into_owned();
    repository.run(&["fetch", "--quiet", &from, "main"]);
    repository.run(&["update-ref", "refs/heads/main", &made]);
    note(&repository, &base, &made);
    Store::open(repository.path()).unwrap().finish().unwrap();
    repository.is_clean();
    assert_eq!(repository.list(), repository.paths("main"));
}
