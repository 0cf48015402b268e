//! Finding and opening.

use std::path::Path;

use store::{Error, Store};
use testkit::{Database, Folder, Repository};

use crate::fixture::{SMALL, message, open, small};

#[track_caller]
fn same(a: Option<&Path>, b: &Path) {
    assert_eq!(a.unwrap().canonicalize().unwrap(), b.canonicalize().unwrap());
}

#[test]
fn a_repository_with_a_work_tree() {
    let repository = small();
    let store = open(repository.path());
    same(store.work_tree(), repository.path());
    same(store.common_dir(), &repository.place(".git"));
    assert!(store.is_git() && !store.is_bare());
    same(open(&repository.place(".git")).work_tree(), repository.path());
}

#[test]
fn a_bare_repository() {
    let bare = Database::from_text(SMALL).bare();
    let store = open(bare.path());
    assert!(store.is_git() && store.is_bare());
    assert_eq!(store.work_tree(), None);
    same(Store::find(&bare.place("refs/heads")).unwrap().common_dir(), bare.path());
}

#[test]
fn a_linked_work_tree() {
    let repository = small();
    let linked = Folder::empty();
    let place = linked.place("tree");
    repository.run(&["worktree", "add", "-q", "-b", "side", place.to_str().unwrap()]);
    let store = Store::find(&place.join("osv")).unwrap();
    same(store.work_tree(), &place);
    same(store.common_dir(), &repository.place(".git"));
    assert_eq!(store.current_branch().unwrap().as_str(), "refs/heads/side");
}

#[test]
fn a_submodule() {
    let repository = small();
    let inner = small();
    let url = inner.path().to_str().unwrap();
    repository.run(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, "inner"]);
    let store = open(&repository.place("inner"));
    same(store.work_tree(), &repository.place("inner"));
    assert!(store.head().unwrap().is_some());
}

#[test]
fn a_plain_folder() {
    let folder = Database::from_text(SMALL).folder();
    let store = open(folder.path());
    same(store.work_tree(), folder.path());
    assert!(!store.is_git() && !store.is_bare());
    assert_eq!(store.common_dir(), None);
    let error = store.head().unwrap_err();
    assert!(error.to_string().ends_with("is a plain folder; this needs a git repository"), "{error}");
}

#[test]
fn nothing_there() {
    let folder = Folder::empty();
    let error = Store::open(folder.path()).unwrap_err();
    assert!(error.to_string().ends_with("is no git repository and has no folder `osv`"), "{error}");
    let error = Store::find(folder.path()).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    assert!(matches!(Store::open(&folder.place("missing")), Err(Error::NoDatabase { .. })));
    let repository = small();
    assert!(matches!(Store::open(&repository.place("osv")), Err(Error::NoDatabase { .. })), "open does not search");
}

#[test]
fn the_nearest_is_found() {
    let repository = small();
    same(Store::find(&repository.place("osv/malicious/npm/a")).unwrap().work_tree(), repository.path());
    repository.write("examples/one/osv/malicious/npm/a/x.json", "{}");
    same(Store::find(&repository.place("examples/one/osv")).unwrap().work_tree(), &repository.place("examples/one"));
}

#[test]
fn a_package_named_osv_is_no_database() {
    let repository = small();
    repository.write("osv/malicious/npm/osv/MAL-2026-5.json", "{}");
    same(Store::find(&repository.place("osv/malicious/npm/osv")).unwrap().work_tree(), repository.path());
    let folder = Database::from_text(SMALL).with("osv/malicious/npm/osv/MAL-2026-5.json", "{}").folder();
    same(Store::find(&folder.place("osv/malicious/npm/osv")).unwrap().work_tree(), folder.path());
}

#[test]
fn a_new_database_may_hold_nothing_yet() {
    let folder = Folder::empty();
    folder.write("osv/ids.json", "{}");
    same(Store::find(&folder.place("osv")).unwrap().work_tree(), folder.path());
}

#[test]
fn an_osv_that_is_a_link_is_no_database() {
    let folder = Folder::empty();
    let target = Database::from_text(SMALL).folder();
    #[cfg(unix)]
    std::os::unix::fs::symlink(target.place("osv"), folder.place("osv")).unwrap();
    assert!(Store::open(folder.path()).is_err());
}

/// Only root can give files away; elsewhere there is nothing to test.
#[cfg(unix)]
#[test]
fn a_repository_of_somebody_else() {
    let repository = small();
    let give_away = |path: &Path| std::os::unix::fs::chown(path, Some(54_321), None);
    if give_away(repository.path()).and_then(|()| give_away(&repository.place(".git"))).is_err() {
        return;
    }
    let error = Store::find(&repository.place("osv")).unwrap_err();
    assert!(matches!(error, Error::NotOwned { .. }), "{error:?}");
    let remedy = error.remedy().unwrap_or_default();
    assert!(remedy.contains("git config --global --add safe.directory "), "{remedy}");
    assert!(!error.to_string().contains('\n'));
}

#[test]
fn a_broken_link_to_a_repository() {
    let folder = Folder::empty();
    folder.write(".git", "gitdir: /nowhere/at/all\n");
    folder.write("osv/ids.json", "{}");
    let error = Store::open(folder.path()).unwrap_err();
    assert!(matches!(error, Error::Open { .. }), "{error:?}");
    assert!(matches!(Store::find(&folder.place("osv")), Err(Error::Open { .. })));
}

#[test]
fn a_repository_of_the_future() {
    let repository = small();
    repository.run(&["config", "core.repositoryFormatVersion", "1"]);
    repository.run(&["config", "extensions.shape", "round"]);
    let error = Store::open(repository.path()).unwrap_err();
    assert!(message(&error).contains("extensions.shape"), "{error:?}");
}

#[test]
fn a_repository_with_longer_ids() {
    let folder = Folder::empty();
    testkit::git(folder.path(), &["init", "--quiet", "--object-format=sha256"]);
    let error = Store::open(folder.path()).unwrap_err();
    assert!(message(&error).contains("sha256"), "{error:?}");
}

#[test]
fn a_partial_clone_opens() {
    let repository = small();
    repository.run(&["config", "uploadpack.allowFilter", "true"]);
    let folder = Folder::empty();
    let url = format!("file://{}", repository.path().display());
    testkit::git(folder.path(), &["clone", "--quiet", "--no-checkout", "--filter=blob:none", &url, "clone"]);
    let store = open(&folder.place("clone"));
    let files = crate::fixture::contents(&store, crate::fixture::head(&store));
    assert_eq!(files.len(), 5);
    let all_missing = files.iter().all(|(_, text)| *text == format!("! {}", store::NOT_HERE));
    assert!(all_missing, "{files:?}");
}

#[test]
fn an_empty_repository_opens() {
    let store = open(Repository::empty().path());
    assert!(store.is_git());
}
