//! Changes written to a working tree or a plain folder, without a commit.

use std::sync::Arc;

use store::{At, CommitError};
use testkit::{Database, Folder, Repository};

use crate::fixture::{NEW, REPORT, SMALL, contents, open, path, putting, small};

#[test]
fn only_the_files_change() {
    let repository = small();
    let store = open(repository.path());
    let before = repository.id("main");
    let admitted = putting(&[(REPORT, "changed\n"), (NEW, "new\n")]);
    store.write(&admitted).unwrap();
    assert_eq!(repository.id("main"), before);
    assert_eq!(repository.run(&["status", "--porcelain", "-uall"]), format!(" M {REPORT}\n?? {NEW}\n"));
    // A run that was killed is completed by running it again.
    repository.remove(NEW);
    store.write(&admitted).unwrap();
    store.write(&admitted).unwrap();
    assert_eq!(repository.read(NEW), "new\n");
}

/// What a write leaves behind that was killed: the note, and these of its files.
fn killed(there: &[(&str, &str)]) -> Repository {
    let repository = small();
    let before = repository.id("main^{tree}");
    repository.write(REPORT, "changed\n");
    repository.write(NEW, "new\n");
    repository.write("osv/ids.json", "{\"2026\": {}}\n");
    repository.run(&["add", "--all"]);
    let after = repository.run(&["write-tree"]);
    repository.run(&["reset", "--quiet", "--hard", "main"]);
    there.iter().for_each(|(path, text)| repository.write(path, text));
    repository.write(".git/malpkg/pending", format!("write\nbefore {before}\nafter {after}end\n"));
    repository
}

#[test]
fn a_killed_write_is_completed_by_the_next_run() {
    for there in [("osv/ids.json", "{\"2026\": {}}\n"), (NEW, "new\n"), (REPORT, "changed\n")] {
        let repository = killed(&[there]);
        if there.0 != REPORT {
            repository.write("osv/malicious/npm/a/.malpkg-new", "half a fi");
        }
        open(repository.path()).finish().unwrap();
        let expected = format!(" M osv/ids.json\n M {REPORT}\n?? {NEW}\n");
        assert_eq!(repository.run(&["status", "--porcelain", "-uall"]), expected, "{there:?}");
        assert_eq!(repository.read(NEW), "new\n");
        assert_eq!(repository.read(".git/malpkg/pending"), "");
    }
}

#[test]
fn a_killed_write_that_was_taken_back_stays_so() {
    let repository = killed(&[]);
    open(repository.path()).finish().unwrap();
    repository.is_clean();
    let repository = killed(&[(NEW, "new\n"), (REPORT, "mine\n")]);
    open(repository.path()).finish().unwrap();
    assert_eq!(repository.read(REPORT), "mine\n", "an edit made since stays");
    assert!(repository.read("osv/ids.json").contains("2026"));
    let note = format!("write\nbefore none\nafter {}\nend\n", "1".repeat(40));
    repository.write(".git/malpkg/pending", note);
    open(repository.path()).finish().unwrap();
}

#[test]
fn what_was_read_is_no_edit_that_the_plan_does_not_know() {
    let repository = small();
    repository.write(REPORT, "mine\n");
    let read = |text: &str| [(path(REPORT), Some(Arc::from(text.as_bytes())))].into();
    let (store, planned) = (open(repository.path()), putting(&[(NEW, "new\n"), (REPORT, "mine, mended\n")]));
    let error = store.write_over(&planned, &read("yours\n")).unwrap_err();
    assert!(matches!(error, CommitError::LocalEdits(_)), "{error:?}");
    store.write_over(&planned, &read("mine\n")).unwrap();
    assert_eq!((repository.read(REPORT).as_str(), repository.read(NEW).as_str()), ("mine, mended\n", "new\n"));
    // So it is where there was no file, as a merge that stopped leaves it; one that came meanwhile is an edit.
    repository.remove(REPORT);
    let absent = [(path(REPORT), None)].into();
    store.write_over(&putting(&[(REPORT, "mine again\n")]), &absent).unwrap();
    assert_eq!(repository.read(REPORT), "mine again\n");
    let error = store.write_over(&putting(&[(REPORT, "mine, once more\n")]), &absent).unwrap_err();
    assert!(matches!(error, CommitError::LocalEdits(_)), "{error:?}");
}

#[test]
fn other_edits_refuse_it() {
    let repository = small();
    let store = open(repository.path());
    repository.write(REPORT, "mine\n");
    let error = store.write(&putting(&[(NEW, "new\n"), (REPORT, "changed\n")])).unwrap_err();
    assert!(matches!(&error, CommitError::LocalEdits(paths) if paths.len() == 1), "{error:?}");
    assert!(!repository.has(NEW));
    // An edit that the change would undo is one too.
    let committed = repository.show("main", REPORT);
    let error = store.write(&putting(&[(REPORT, &committed)])).unwrap_err();
    assert!(matches!(error, CommitError::LocalEdits(_)), "{error:?}");
    assert_eq!(repository.read(REPORT), "mine\n");
}

#[test]
fn without_a_commit() {
    let repository = Repository::empty();
    repository.write("osv/ids.json", "{}");
    open(repository.path()).write(&putting(&[(NEW, "new\n")])).unwrap();
    assert_eq!(repository.list(), ["osv/ids.json", NEW]);
}

#[test]
fn a_plain_folder() {
    let folder = Database::from_text(SMALL).folder();
    let store = open(folder.path());
    store.write(&putting(&[(REPORT, "changed\n"), (NEW, "new\n")])).unwrap();
    assert_eq!((folder.read(REPORT).as_str(), folder.read(NEW).as_str()), ("changed\n", "new\n"));
    let read = contents(&store, At::WorkingTree);
    assert!(read.contains(&(NEW.to_owned(), "new\n".to_owned())));
    assert!(!folder.list().iter().any(|path| path.contains(".malpkg-new")));
}

#[cfg(unix)]
#[test]
fn a_plain_folder_with_traps() {
    let folder = Database::from_text(SMALL).folder();
    let outside = Folder::empty();
    outside.write("file", "theirs\n");
    std::os::unix::fs::symlink(outside.path(), folder.place("osv/malicious/pypi")).unwrap();
    std::os::unix::fs::symlink(outside.place("file"), folder.place("osv/link.json")).unwrap();
    let store = open(folder.path());
    let error = store.write(&putting(&[(NEW, "new\n")])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`osv/malicious/pypi` is a symbolic link; files are not written or removed through it"
    );
    assert!(store.write(&putting(&[("osv/link.json", "new\n")])).is_err());
    assert_eq!(outside.list(), ["file"]);
    assert_eq!(outside.read("file"), "theirs\n");
}

#[cfg(unix)]
#[test]
fn a_trap_in_the_place_of_the_file_beside() {
    let folder = Database::from_text(SMALL).folder();
    let outside = Folder::empty();
    outside.write("file", "theirs\n");
    std::os::unix::fs::symlink(outside.place("file"), folder.place("osv/malicious/npm/a/.malpkg-new")).unwrap();
    open(folder.path()).write(&putting(&[(REPORT, "changed\n")])).unwrap();
    assert_eq!(folder.read(REPORT), "changed\n");
    assert!(!folder.place(REPORT).symlink_metadata().unwrap().is_symlink());
    assert_eq!(outside.read("file"), "theirs\n");
}

#[test]
fn a_bare_repository_has_nothing_to_write_to() {
    let bare = Database::from_text(SMALL).bare();
    let error = open(bare.path()).write(&putting(&[(NEW, "new\n")])).unwrap_err();
    assert!(error.to_string().contains("is a bare repository and has no working tree"), "{error}");
}
