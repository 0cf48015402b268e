//! Git's index: as a tree of its own, and as what knows which files of the work tree did not change.

use std::fs::{File, FileTimes};
use std::time::{Duration, SystemTime};

use database::Content;
use store::At;
use testkit::Repository;

use crate::fixture::{REPORT, contents, message, open, small};

/// A repository whose index was written well after its files: those are known not to have changed since.
fn settled() -> Repository {
    let repository = small();
    let past = FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(100));
    for path in repository.paths("HEAD") {
        File::options().append(true).open(repository.place(&path)).unwrap().set_times(past).unwrap();
    }
    repository.run(&["update-index", "--refresh", "--really-refresh"]);
    repository
}

fn content_of(repository: &Repository, path: &str) -> Content {
    let snapshot = open(repository.path()).snapshot(At::WorkingTree).unwrap();
    snapshot.entry(path).unwrap().content.clone()
}

#[track_caller]
fn check_trust(repository: &Repository, is_trusted: bool) {
    let content = content_of(repository, REPORT);
    assert_eq!(matches!(content, Content::Blob(_)), is_trusted, "{content:?}");
    let store = open(repository.path());
    let read = contents(&store, At::WorkingTree);
    let (_, text) = read.iter().find(|(path, _)| path == REPORT).unwrap();
    assert_eq!(*text, repository.read(REPORT));
}

#[test]
fn a_file_that_did_not_change_is_read_from_git() {
    check_trust(&settled(), true);
}

#[test]
fn a_file_that_changed_is_read_from_the_disk() {
    let repository = settled();
    repository.write(REPORT, "{\"id\": \"MAL-2026-7\"}\n");
    check_trust(&repository, false);
}

#[test]
fn a_file_of_the_same_size_and_time_is_told_apart() {
    let repository = settled();
    let before = repository.place(REPORT).metadata().unwrap().modified().unwrap();
    let text = repository.read(REPORT).replace('1', "2");
    repository.remove(REPORT);
    repository.write(REPORT, &text);
    let file = File::options().append(true).open(repository.place(REPORT)).unwrap();
    file.set_times(FileTimes::new().set_modified(before)).unwrap();
    check_trust(&repository, false);
}

#[test]
fn conversions_are_not_trusted() {
    for (path, text) in
        [(".gitattributes", "*.json filter=lfs\n"), ("osv/.gitattributes", "* working-tree-encoding=UTF-16\n")]
    {
        let repository = settled();
        repository.write(path, text);
        check_trust(&repository, false);
    }
    let repository = settled();
    repository.run(&["config", "core.autocrlf", "input"]);
    check_trust(&repository, false);
}

#[cfg(unix)]
#[test]
fn attributes_that_cannot_be_read_are_not_trusted() {
    use std::os::unix::fs::symlink;
    let large = "# nothing\n".repeat(120_000);
    let edge = large[..1 << 20].to_owned();
    let cases: [(crate::fixture::Prepare<'_>, bool); 8] = [
        (&|repository| repository.write(".gitattributes", "*.json text\n"), true),
        (&|repository| repository.write(".gitattributes", &edge), true),
        (&|repository| repository.write(".gitattributes", &large), false),
        (&|repository| repository.write("osv/.gitattributes", b"# \xff\n"), true),
        (&|repository| repository.write("osv/.gitattributes", b"# \xff\n* ident\n"), false),
        (&|repository| repository.write(".gitattributes/x", ""), false),
        (&|repository| symlink("/dev/null", repository.place("osv/.gitattributes")).unwrap(), false),
        (&|repository| symlink("nowhere", repository.place(".git/info/attributes")).unwrap(), false),
    ];
    for (at, (prepare, is_trusted)) in cases.into_iter().enumerate() {
        let repository = settled();
        prepare(&repository);
        let content = content_of(&repository, REPORT);
        assert_eq!(matches!(content, Content::Blob(_)), is_trusted, "the case {at}: {content:?}");
    }
}

/// git notes the size 0 for a file that may have changed while the index was written.
#[test]
fn an_empty_file_is_trusted_only_as_the_empty_blob() {
    let repository = settled();
    let other = repository.id(&format!("HEAD:{REPORT}"));
    repository.write(REPORT, "");
    let past = FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(100));
    File::options().append(true).open(repository.place(REPORT)).unwrap().set_times(past).unwrap();
    repository.run(&["add", REPORT]);
    check_trust(&repository, true);
    let git = git2::Repository::open(repository.path()).unwrap();
    let mut index = git.index().unwrap();
    let mut member = index.get_path(std::path::Path::new(REPORT), 0).unwrap();
    member.id = git2::Oid::from_str(&other).unwrap();
    index.add(&member).unwrap();
    index.write().unwrap();
    let staged = git.index().unwrap().get_path(std::path::Path::new(REPORT), 0).unwrap();
    assert_eq!((staged.file_size, staged.mtime), (0, member.mtime));
    check_trust(&repository, false);
}

/// What converts may be named where nobody looks, as in the user's own file of attributes.
#[test]
fn a_blob_of_another_length_is_not_the_file() {
    let repository = settled();
    repository.write(".git/far", "*.json filter=longer\n");
    repository.run(&["config", "core.attributesFile", &repository.place(".git/far").to_string_lossy()]);
    repository.run(&["config", "filter.longer.clean", "cat; echo longer"]);
    repository.run(&["add", "--renormalize", "."]);
    assert_ne!(repository.run(&["cat-file", "blob", &format!(":{REPORT}")]), repository.read(REPORT));
    check_trust(&repository, true);
}

#[test]
fn a_blob_that_is_gone_is_read_from_the_disk() {
    let repository = settled();
    let id = repository.id(&format!("HEAD:{REPORT}"));
    repository.remove(&format!(".git/objects/{}/{}", &id[..2], &id[2..]));
    check_trust(&repository, true);
}

#[test]
fn the_index_is_a_tree_of_its_own() {
    let repository = small();
    repository.write(REPORT, "staged\n");
    repository.write("osv/malicious/npm/new/MAL-2026-8.json", "new\n");
    repository.write("notes.txt", "not of the database\n");
    repository.run(&["add", "--all"]);
    repository.run(&["rm", "--quiet", "--cached", "osv/malicious/npm/b/MAL-2026-3.json"]);
    repository.write(REPORT, "and changed again\n");
    repository.write("osv/malicious/npm/later/MAL-2026-9.json", "only announced\n");
    repository.run(&["add", "--intent-to-add", "osv/malicious/npm/later/MAL-2026-9.json"]);
    let found = contents(&open(repository.path()), At::Index);
    let found: Vec<(&str, &str)> = found.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let expected = [
        ("malpkg.toml", "[database]\n"),
        ("osv/ids.json", "{}\n"),
        (REPORT, "staged\n"),
        ("osv/malicious/npm/a/MAL-2026-2.json", "{\"id\": \"MAL-2026-2\"}\n"),
        ("osv/malicious/npm/new/MAL-2026-8.json", "new\n"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_split_index_cannot_be_read_and_says_what_helps() {
    let repository = small();
    let all = contents(&open(repository.path()), At::Index);
    repository.run(&["update-index", "--split-index"]);
    let store = open(repository.path());
    let text = message(&store.snapshot(At::Index).map(drop).unwrap_err());
    assert!(text.contains("`git update-index --no-split-index`"), "{text}");
    // The disk needs no index, unless files are left out of it.
    assert_eq!(contents(&store, At::WorkingTree), all);
    repository.run(&["config", "core.sparseCheckout", "true"]);
    let text = message(&store.snapshot(At::WorkingTree).map(drop).unwrap_err());
    assert!(text.contains("`git update-index --no-split-index`"), "{text}");
    repository.run(&["update-index", "--no-split-index"]);
    assert_eq!(contents(&store, At::Index), all);
    assert_eq!(contents(&store, At::WorkingTree), all);
}

#[test]
fn a_conflict_is_no_file() {
    let repository = small();
    repository.run(&["checkout", "--quiet", "-b", "other"]);
    repository.write(REPORT, "theirs\n");
    repository.commit("theirs");
    repository.run(&["checkout", "--quiet", "main"]);
    repository.write(REPORT, "ours\n");
    repository.commit("ours");
    repository.run_fails(&["merge", "other"]);
    let snapshot = open(repository.path()).snapshot(At::Index).unwrap();
    assert_eq!(snapshot.entry(REPORT).unwrap().content, Content::NotAFile("a file in conflict"));
    assert_eq!(snapshot.entries().iter().filter(|entry| entry.path.as_str() == REPORT).count(), 1);
}

#[test]
fn a_bare_repository_has_an_empty_index() {
    let repository = small().bare_clone();
    assert_eq!(contents(&open(repository.path()), At::Index), []);
}
