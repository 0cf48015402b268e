//! Snapshots: what is listed, and how.

use database::{Content, TreeId};
use store::{At, CommitId, Store};
use testkit::{Database, Folder, Repository};

use crate::fixture::{SMALL, commit_of_raw, contents, head, message, open, paths, small};

#[test]
fn only_the_database_is_listed() {
    let repository = small();
    let store = open(repository.path());
    let expected: Vec<(String, String)> = Database::from_text(SMALL)
        .files()
        .filter(|(path, _)| path.starts_with("osv/") || *path == "malpkg.toml")
        .map(|(path, content)| (path.to_owned(), content.to_owned()))
        .collect();
    assert_eq!(contents(&store, head(&store)), expected);
    assert_eq!(contents(&store, At::WorkingTree), expected);
    assert_eq!(contents(&open(Database::from_text(SMALL).folder().path()), At::WorkingTree), expected);
    let bare = Database::from_text(SMALL).bare();
    let store = open(bare.path());
    assert_eq!(contents(&store, head(&store)), expected);
    let error = store.snapshot(At::WorkingTree).unwrap_err();
    assert!(error.to_string().contains("has no working tree"), "{error}");
}

#[test]
fn a_snapshot_knows_its_tree() {
    let repository = small();
    let store = open(repository.path());
    let snapshot = store.snapshot(head(&store)).unwrap();
    assert_eq!(snapshot.tree().map(|tree: TreeId| tree.to_string()), Some(repository.id("HEAD^{tree}")));
    assert_eq!(store.snapshot(At::WorkingTree).unwrap().tree(), None);
}

#[test]
fn names_that_need_care() {
    let names = [
        "osv/malicious/go/github.com:x/y z/MAL-1.json",
        "osv/malicious/npm/\"quoted\"/MAL-1.json",
        "osv/malicious/npm/new\nline/MAL-1.json",
        "osv/malicious/npm/x.json/MAL-1.json",
        "osv/malicious/npm/x.json/y.json/MAL-1.json",
        "osv/malicious/npm/x/MAL-1.json",
        "osv/malicious/npm/x-y/MAL-1.json",
        "osv/malicious/npm/\u{430}\u{1f980}/MAL-1.json",
        "osv/malicious/npm/-rf/MAL-1.json",
        "osv/malicious/npm/back\\slash/MAL-1.json",
    ];
    let database = names.iter().fold(Database::default(), |database, name| database.with(name, name));
    let repository = database.repository();
    let store = open(repository.path());
    let mut expected: Vec<(String, String)> =
        names.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect();
    expected.sort();
    assert_eq!(contents(&store, head(&store)), expected);
    assert_eq!(contents(&store, At::WorkingTree), expected);
}

#[cfg(unix)]
#[test]
fn what_is_no_file() {
    let repository = small();
    let inner = small();
    std::os::unix::fs::symlink("/etc/passwd", repository.place("osv/malicious/link.json")).unwrap();
    std::os::unix::fs::symlink("/etc", repository.place("osv/malicious/linked")).unwrap();
    std::os::unix::fs::symlink("/etc", repository.place("config")).unwrap();
    let url = inner.path().to_str().unwrap();
    repository.run(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, "osv/sub"]);
    repository.commit("traps");
    let store = open(repository.path());
    let traps = |at| -> Vec<(String, Content)> {
        let snapshot = store.snapshot(at).unwrap();
        let found = snapshot.entries().iter().filter(|entry| matches!(entry.content, Content::NotAFile(_)));
        found.map(|entry| (entry.path.to_string(), entry.content.clone())).collect()
    };
    let link = |path: &str| (path.to_owned(), Content::NotAFile("a symbolic link"));
    let links = [link("config"), link("osv/malicious/link.json"), link("osv/malicious/linked")];
    let submodule = ("osv/sub".to_owned(), Content::NotAFile("a submodule"));
    assert_eq!(traps(head(&store)), [&links[..], &[submodule]].concat());
    assert_eq!(traps(At::WorkingTree), links);
    let all = contents(&store, At::WorkingTree);
    assert!(all.contains(&("osv/malicious/link.json".into(), "! it is a symbolic link".into())), "{all:?}");

    let socket = std::os::unix::net::UnixListener::bind(repository.place("osv/socket")).unwrap();
    assert!(traps(At::WorkingTree).contains(&("osv/socket".into(), Content::NotAFile("no regular file"))));
    drop(socket);
}

#[test]
fn what_lies_there_counts() {
    let repository = small();
    repository.write(".gitignore", "*.json\n");
    repository.write("osv/malicious/npm/ignored/MAL-2026-7.json", "{}");
    repository.write("osv/.git/config", "a trap");
    let listed = paths(&open(repository.path()), At::WorkingTree);
    assert!(listed.contains(&"osv/malicious/npm/ignored/MAL-2026-7.json".to_owned()));
    assert!(!listed.iter().any(|path| path.contains(".git/")), "{listed:?}");
}

#[test]
fn deep_trees() {
    let deep = |depth: usize| format!("osv/{}/x.json", vec!["d"; depth].join("/"));
    let repository = Database::default().with(&deep(200), "deep\n").repository();
    let store = open(repository.path());
    assert_eq!(contents(&store, head(&store)), [(deep(200), "deep\n".to_owned())]);
    assert_eq!(paths(&store, At::WorkingTree), [deep(200)]);
    repository.write(&deep(400), "deeper\n");
    repository.commit("deeper");
    for at in [head(&store), At::WorkingTree] {
        let error = store.snapshot(at).unwrap_err().to_string();
        assert!(error.contains("deeper than 256"), "{error}");
    }
    let repository = Database::default().with(&deep(255), "x").repository();
    refused(&repository, &repository.id("HEAD"), "deeper than 256");
    let repository = Database::default().with(&deep(254), "x").repository();
    let store = open(repository.path());
    let nothing = empty_tree(&repository);
    let found = store.difference(nothing, store.resolve("HEAD").unwrap().tree).unwrap();
    assert_eq!(found.iter().map(|one| one.path.to_string()).collect::<Vec<_>>(), paths(&store, head(&store)));
}

/// A tree object out of lines for `git mktree`, which also takes what git itself would not make.
fn tree_of(repository: &Repository, lines: &str) -> String {
    let inner = repository.run_with(&["mktree", "-z"], &lines.replace('\n', "\0")).trim_end().to_owned();
    let root = repository.run_with(&["mktree"], &format!("040000 tree {inner}\tosv\n")).trim_end().to_owned();
    repository.run(&["commit-tree", "-m", "odd", &root]).trim_end().to_owned()
}

fn empty_tree(repository: &Repository) -> TreeId {
    TreeId(repository.run_with(&["mktree"], "").trim_end().parse::<CommitId>().unwrap().0)
}

#[track_caller]
fn says(error: &store::Error, expected: &str) {
    let text = message(error);
    assert!(text.contains(expected), "{text}");
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

/// What cannot be listed cannot be compared either.
#[track_caller]
fn refused(repository: &Repository, commit: &str, expected: &str) {
    let store = open(repository.path());
    let (nothing, tree) = (empty_tree(repository), store.resolve(commit).unwrap().tree);
    says(&store.snapshot(At::Commit(commit.parse().unwrap())).unwrap_err(), expected);
    says(&store.difference(nothing, tree).unwrap_err(), expected);
    says(&store.difference(tree, nothing).unwrap_err(), expected);
}

#[test]
fn names_that_no_path_can_hold() {
    let repository = Repository::empty();
    let blob = repository.run_with(&["hash-object", "-w", "--stdin"], "x").trim_end().to_owned();
    for name in ["..", ".", ".git", ".GIT"] {
        let commit = tree_of(&repository, &format!("100644 blob {blob}\t{name}\n"));
        refused(&repository, &commit, &format!("`osv` has a member `{name}`"));
        let empty = repository.run_with(&["mktree"], "").trim_end().to_owned();
        let commit = tree_of(&repository, &format!("040000 tree {empty}\t{name}\n"));
        refused(&repository, &commit, &format!("`osv` has a member `{name}`"));
    }
    let long = "n".repeat(300);
    let commit = tree_of(&repository, &format!("100644 blob {blob}\t{long}\n"));
    refused(&repository, &commit, "longer than 255 bytes");
}

#[test]
fn names_that_are_no_text() {
    let repository = Repository::empty();
    let blob = repository.run_with(&["hash-object", "-w", "--stdin"], "x").trim_end().to_owned();
    let id: Vec<u8> = (0..20).map(|at| u8::from_str_radix(&blob[at * 2..at * 2 + 2], 16).unwrap()).collect();
    let raw = [b"100644 a\xff.json\0".as_slice(), &id].concat();
    repository.write("raw", &raw);
    let inner = repository.run(&["hash-object", "-w", "-t", "tree", "raw"]).trim_end().to_owned();
    let root = repository.run_with(&["mktree"], &format!("040000 tree {inner}\tosv\n")).trim_end().to_owned();
    let commit = repository.run(&["commit-tree", "-m", "odd", &root]);
    let store = open(repository.path());
    let listed = contents(&store, At::Commit(commit.trim_end().parse().unwrap()));
    assert_eq!(listed, [("osv/a\u{fffd}.json".to_owned(), "! it is a file whose name is not UTF-8".to_owned())]);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_on_the_disk() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::empty();
    folder.write("osv/malicious/x", "{}");
    let name = std::ffi::OsStr::from_bytes(b"d\xff");
    std::fs::create_dir(folder.place("osv/malicious").join(name)).unwrap();
    std::fs::write(folder.place("osv/malicious").join(name).join("MAL-1.json"), "{}").unwrap();
    let listed = contents(&open(folder.path()), At::WorkingTree);
    let expected =
        ("osv/malicious/d\u{fffd}/MAL-1.json".to_owned(), "! it is a file whose name is not UTF-8".to_owned());
    assert_eq!(listed, [expected, ("osv/malicious/x".into(), "{}".into())]);
}

#[test]
fn damaged_trees() {
    let repository = Repository::empty();
    let id = [7_u8; 20];
    let member = |head: &str| [head.as_bytes(), b"\0", &id].concat();
    for (raw, expected) in [
        (b"100644 a\0short".to_vec(), "`osv` is a damaged tree object"),
        (member("110000 a"), "damaged"),
        (member("100644 "), "damaged"),
        (member("100644 a/b"), "damaged"),
        (member("000000 a"), "damaged"),
        (member("999999 a"), "damaged"),
        (member("00000000000100644 a"), "damaged"),
        ([member("100644 b"), member("100644 a")].concat(), "out of order"),
        ([member("100644 a"), member("100644 a")].concat(), "out of order"),
        ([member("100644 a"), member("100644 a.b"), member("40000 a")].concat(), "two members of one name"),
    ] {
        refused(&repository, &commit_of_raw(&repository, &raw), expected);
    }
}

#[test]
fn a_missing_tree() {
    let repository = small();
    let tree = repository.id("HEAD:osv/malicious/npm/a");
    repository.remove(&format!(".git/objects/{}/{}", &tree[..2], &tree[2..]));
    let commit = repository.id("HEAD");
    refused(
        &repository,
        &commit,
        &format!(
            "`osv/malicious/npm/a` has the tree object {tree}: git does not have it, and this is no partial clone"
        ),
    );
}

/// Ten trees, each holding the next a thousand times, claim more files than there are atoms.
#[test]
fn a_tree_that_multiplies() {
    let repository = Repository::empty();
    let blob = repository.run_with(&["hash-object", "-w", "--stdin"], "x").trim_end().to_owned();
    let mut inner = format!("100644 blob {blob}");
    for _ in 0..10 {
        let lines: String = (0..1000).map(|at| format!("{inner}\tn{at}\n")).collect();
        inner = format!("040000 tree {}", repository.run_with(&["mktree"], &lines).trim_end());
    }
    let root = repository.run_with(&["mktree"], &format!("{inner}\tosv\n"));
    let commit = repository.run(&["commit-tree", "-m", "bomb", root.trim_end()]);
    let error = open(repository.path()).snapshot(At::Commit(commit.trim_end().parse().unwrap())).unwrap_err();
    says(&error, "more than 4000000 files and folders");
}

#[test]
fn a_sparse_checkout_lists_what_it_leaves_out() {
    let repository = small();
    repository.run(&["sparse-checkout", "set", "osv/malicious/npm/b"]);
    assert!(!repository.has("osv/malicious/npm/a"));
    let store = open(repository.path());
    assert_eq!(contents(&store, At::WorkingTree), contents(&store, head(&store)));
    repository.remove("osv/malicious/npm/b/MAL-2026-3.json");
    assert_eq!(paths(&store, At::WorkingTree).len(), paths(&store, head(&store)).len() - 1, "a real deletion is one");
}

#[test]
fn what_is_marked_as_left_out_by_hand_is_listed() {
    const LEFT_OUT: &str = "osv/malicious/npm/b/MAL-2026-3.json";
    for version in ["3", "4"] {
        let repository = small();
        repository.run(&["update-index", "--index-version", version]);
        repository.run(&["update-index", "--skip-worktree", LEFT_OUT]);
        repository.remove(LEFT_OUT);
        let store = open(repository.path());
        assert_eq!(contents(&store, At::WorkingTree), contents(&store, head(&store)));
        repository.run(&["update-index", "--no-skip-worktree", LEFT_OUT]);
        assert!(!paths(&store, At::WorkingTree).contains(&LEFT_OUT.to_owned()));
    }
    let repository = small();
    let clone = Folder::empty();
    let from = repository.path().to_string_lossy().into_owned();
    testkit::git(clone.path(), &["clone", "--quiet", "--no-checkout", &from, "."]);
    testkit::git(clone.path(), &["read-tree", "HEAD"]);
    let marked = repository.paths("HEAD");
    let mark = ["update-index", "--skip-worktree"].into_iter().chain(marked.iter().map(String::as_str));
    testkit::git(clone.path(), &mark.collect::<Vec<_>>());
    let store = open(clone.path());
    assert_eq!(contents(&store, At::WorkingTree), contents(&store, head(&store)));
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Database::from_text(SMALL).folder();
    let closed = folder.place("osv/malicious/npm");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    let listed = Store::open(folder.path()).unwrap().snapshot(At::WorkingTree);
    // For root nothing is closed.
    if std::fs::read_dir(&closed).is_err() {
        let error = listed.unwrap_err();
        assert!(error.to_string().starts_with("cannot list ") && error.to_string().contains("npm"), "{error}");
    }
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755)).unwrap();
}
