//! What differs between two trees, where two histories part, and what is kept for speed.

use std::fs::{File, FileTimes};
use std::time::{Duration, SystemTime};

use database::{Content, Difference};
use store::{At, CommitId, Error, Store};
use testkit::{Folder, Repository};

use crate::fixture::{NEW, REPORT, commit_of_raw, message, open, small};

fn tree_difference(repository: &Repository, before: &str, after: &str) -> Result<Vec<Difference>, Error> {
    let store = open(repository.path());
    let tree = |rev: &str| store.resolve(rev).unwrap().tree;
    store.difference(tree(before), tree(after))
}

/// The difference as git tells it: what is there before and after, and the path.
fn of_git(repository: &Repository, before: &str, after: &str) -> Vec<(bool, bool, String)> {
    let args = ["diff-tree", "-r", "-z", "--no-renames", before, after, "--", "osv", "config", "malpkg.toml"];
    let told = repository.run(&args);
    let mut words = told.split('\0').filter(|word| !word.is_empty());
    let mut files = Vec::new();
    while let (Some(facts), Some(path)) = (words.next(), words.next()) {
        let kind = facts.chars().last().unwrap();
        match kind {
            'M' if facts.split(' ').nth(2) == facts.split(' ').nth(3) => {}
            _ => files.push((kind != 'A', kind != 'D', path.to_owned())),
        }
    }
    files.sort_by(|a, b| a.2.cmp(&b.2));
    files
}

#[track_caller]
fn check(repository: &Repository, before: &str, after: &str) -> Vec<Difference> {
    let found = tree_difference(repository, before, after).unwrap();
    let told: Vec<(bool, bool, String)> =
        found.iter().map(|one| (one.before.is_some(), one.after.is_some(), one.path.to_string())).collect();
    assert_eq!(told, of_git(repository, before, after));
    found
}

#[test]
fn what_git_finds_is_found() {
    let repository = small();
    repository.write(NEW, "new\n");
    repository.write(REPORT, "changed\n");
    repository.remove("osv/malicious/npm/b/MAL-2026-3.json");
    repository.write("README.md", "not of the database\n");
    repository.write("config/protected/npm.txt", "react\n");
    repository.commit("changes");
    assert_eq!(check(&repository, "HEAD~1", "HEAD").len(), 4);
    assert_eq!(check(&repository, "HEAD", "HEAD~1").len(), 4);
    assert_eq!(check(&repository, "HEAD", "HEAD"), []);
}

#[test]
fn what_lies_beside_the_database_differs_too() {
    let repository = small();
    repository.write(NEW, "new\n");
    repository.write("README.md", "not of the database\n");
    repository.write(".github/workflows/check.yml", "x\n");
    repository.run(&["update-index", "--chmod=+x", REPORT]);
    repository.commit("changes");
    repository.run(&["update-index", "--chmod=+x", REPORT]);
    repository.run(&["commit", "--quiet", "--allow-empty", "-m", "executable"]);
    let store = open(repository.path());
    let tree = |rev: &str| store.resolve(rev).unwrap().tree;
    let found = store.differing_paths(tree("HEAD~2"), tree("HEAD")).unwrap();
    let found: Vec<&str> = found.iter().map(database::TreePath::as_str).collect();
    let told = repository.run(&["diff-tree", "-r", "--name-only", "--no-renames", "HEAD~2", "HEAD"]);
    let mut expected: Vec<&str> = told.lines().collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 4);
}

#[test]
fn a_file_becomes_a_folder() {
    let repository = small();
    repository.remove(REPORT);
    repository.write(&format!("{REPORT}/inside.json"), "{}\n");
    repository.commit("a folder named like a report");
    assert_eq!(check(&repository, "HEAD~1", "HEAD").len(), 2);
}

#[test]
fn executables_and_links() {
    let repository = small();
    repository.run(&["update-index", "--chmod=+x", REPORT]);
    repository.run(&["commit", "--quiet", "-m", "executable"]);
    assert_eq!(tree_difference(&repository, "HEAD~1", "HEAD").unwrap(), []);
    let blob = repository.run_with(&["hash-object", "-w", "--stdin"], "/etc/passwd").trim().to_owned();
    repository.run(&["update-index", "--cacheinfo", &format!("120000,{blob},{REPORT}")]);
    repository.run(&["commit", "--quiet", "-m", "link"]);
    let found = tree_difference(&repository, "HEAD~1", "HEAD").unwrap();
    assert_eq!(found[0].after, Some(Content::NotAFile("a symbolic link")));
}

#[test]
fn hostile_trees_are_refused() {
    let repository = Repository::empty();
    repository.write("osv/x.json", "{}\n");
    repository.commit("good");
    let blob = repository.id("HEAD:osv/x.json");
    for (line, reason) in [(format!("100644 blob {blob}\t.."), "`..`"), (format!("100644 blob {blob}\t.GIT"), "`.git`")]
    {
        let osv = repository.run_with(&["mktree"], &format!("{line}\n")).trim().to_owned();
        let root = repository.run_with(&["mktree"], &format!("040000 tree {osv}\tosv\n")).trim().to_owned();
        let commit = repository.run(&["commit-tree", "-m", "bad", &root]).trim().to_owned();
        let error = tree_difference(&repository, "HEAD", &commit).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    // Each level holds the one below twice: 2^40 files in forty objects.
    let mut tree = repository.run_with(&["mktree"], &format!("100644 blob {blob}\tx.json\n")).trim().to_owned();
    for _ in 0..40 {
        tree = repository
            .run_with(&["mktree"], &format!("040000 tree {tree}\ta\n040000 tree {tree}\tb\n"))
            .trim()
            .to_owned();
    }
    let root = repository.run_with(&["mktree"], &format!("040000 tree {tree}\tosv\n")).trim().to_owned();
    let bomb = repository.run(&["commit-tree", "-m", "bomb", &root]).trim().to_owned();
    assert_eq!(tree_difference(&repository, &bomb, &bomb).unwrap(), []);
    let error = tree_difference(&repository, "HEAD", &bomb).unwrap_err();
    assert!(error.to_string().contains("more than 4000000 files and folders"), "{error}");
}

/// What a member is hangs on the kind of its mode alone; whatever else is in there is nobody's change.
#[test]
fn odd_modes() {
    let repository = Repository::empty();
    let tree_of = |modes: [&str; 5]| {
        let names = ["a", "b", "c", "d", "e"];
        let members = names.iter().zip(modes).zip(1..);
        let raw = members.map(|((name, mode), id)| [format!("{mode} {name}\0").as_bytes(), &[id; 20]].concat());
        commit_of_raw(&repository, &raw.collect::<Vec<_>>().concat())
    };
    let plain = tree_of(["100644", "100644", "120000", "160000", "40000"]);
    let odd = tree_of(["100664", "0100777", "120777", "160644", "40755"]);
    assert_eq!(tree_difference(&repository, &plain, &odd).unwrap(), []);
    let other = tree_of(["120000", "160000", "160000", "100600", "40000"]);
    let found = tree_difference(&repository, &odd, &other).unwrap();
    let blob = |id| Some(Content::Blob(database::BlobId([id; 20])));
    let (link, submodule) = (Some(Content::NotAFile("a symbolic link")), Some(Content::NotAFile("a submodule")));
    let found: Vec<_> = found.into_iter().map(|one| (one.path.to_string(), one.before, one.after)).collect();
    let expected = [
        ("osv/a".to_owned(), blob(1), link.clone()),
        ("osv/b".to_owned(), blob(2), submodule.clone()),
        ("osv/c".to_owned(), link, submodule.clone()),
        ("osv/d".to_owned(), submodule, blob(4)),
    ];
    assert_eq!(found, expected);
}

#[test]
fn histories_part_somewhere() {
    let repository = small();
    let fork = repository.id("HEAD");
    repository.run(&["checkout", "--quiet", "-b", "other"]);
    let other: CommitId = repository.commit("other").parse().unwrap();
    repository.run(&["checkout", "--quiet", "main"]);
    let main: CommitId = repository.commit("main").parse().unwrap();
    repository.run(&["checkout", "--quiet", "--orphan", "alone"]);
    let alone: CommitId = repository.commit("alone").parse().unwrap();
    let store = open(repository.path());
    let base = |one, other| store.merge_base(one, other).map(|base| base.map(|commit| commit.id.to_string()));
    assert_eq!(base(main, other).unwrap(), Some(fork.clone()));
    assert_eq!(base(main, fork.parse().unwrap()).unwrap(), Some(fork));
    assert_eq!(base(main, alone).unwrap(), None);
    let shallow = Folder::empty();
    let from = format!("file://{}", repository.path().display());
    testkit::git(shallow.path(), &["clone", "--quiet", "--depth=1", "--no-single-branch", &from, "."]);
    let error = open(shallow.path()).merge_base(main, other).unwrap_err();
    assert!(matches!(error, Error::Shallow), "{error}");
}

#[test]
fn histories_that_were_merged_crosswise() {
    let repository = small();
    let tree = repository.id("HEAD^{tree}");
    let made = |name: &str, parents: &[&str]| {
        let parents = parents.iter().flat_map(|parent| ["-p", parent]);
        let args: Vec<&str> = ["commit-tree", "-m", name, &tree].into_iter().chain(parents).collect();
        repository.run(&args).trim_end().to_owned()
    };
    let base = |one: &str, other: &str| {
        let base = open(repository.path()).merge_base(one.parse().unwrap(), other.parse().unwrap());
        base.map(|base| base.map(|commit| commit.id.to_string()))
    };
    let first = repository.id("HEAD");
    let (a, b) = (made("a", &[&first]), made("b", &[&first]));
    let (one, other) = (made("one", &[&a, &b]), made("other", &[&b, &a]));
    assert_eq!(base(&one, &other).unwrap().as_ref(), Some(a.min(b.clone())).as_ref());
    assert_eq!(base(&one, &other).unwrap(), base(&other, &one).unwrap());
    // A minute later.
    repository.commit("later");
    let later = made("later", &[&first]);
    let (one, other) = (made("one", &[&later, &b]), made("other", &[&b, &later]));
    assert_eq!(base(&one, &other).unwrap(), Some(later.clone()));
    assert_eq!(base(&other, &one).unwrap(), Some(later.clone()));
    // A commit that is gone is no history without a common commit.
    repository.remove(&format!(".git/objects/{}/{}", &first[..2], &first[2..]));
    let error = base(&later, &b).unwrap_err();
    assert!(matches!(error, Error::Git { .. }) && message(&error).contains(&first[..10]), "{}", message(&error));
}

#[test]
fn a_clone_without_blobs_knows_what_differs() {
    let repository = small();
    repository.write(NEW, "new\n");
    repository.commit("new");
    repository.run(&["config", "uploadpack.allowFilter", "true"]);
    let from = format!("file://{}", repository.path().display());
    let partial = Folder::empty();
    testkit::git(partial.path(), &["clone", "--quiet", "--no-checkout", "--filter=blob:none", &from, "."]);
    let store = open(partial.path());
    let tree = |rev: &str| store.resolve(rev).unwrap().tree;
    let found = store.difference(tree("HEAD~1"), tree("HEAD")).unwrap();
    assert_eq!(found.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), [NEW]);
    let entry = database::Entry { path: found[0].path.clone(), content: found[0].after.clone().unwrap() };
    let error = store.blobs().unwrap().read(&entry).unwrap_err();
    assert_eq!((error.is_system, error.reason.as_str()), (true, store::NOT_HERE));
}

#[test]
fn a_clone_without_trees_says_what_helps() {
    let repository = small();
    repository.write(NEW, "new\n");
    repository.commit("new");
    repository.run(&["config", "uploadpack.allowFilter", "true"]);
    let from = format!("file://{}", repository.path().display());
    let treeless = Folder::empty();
    testkit::git(treeless.path(), &["clone", "--quiet", "--no-checkout", "--filter=tree:0", &from, "."]);
    let store = open(treeless.path());
    let tree = |rev: &str| store.resolve(rev).unwrap().tree;
    let whole = tree("HEAD~1");
    let errors = [
        store.snapshot(At::Commit(store.resolve("HEAD~1").unwrap().id)).map(drop).unwrap_err(),
        store.difference(whole, tree("HEAD")).map(drop).unwrap_err(),
    ];
    for error in errors {
        let expected = format!(
            "the tree cannot be listed: `.` has the tree object {whole}: {}: run `git fetch --refetch \
             --filter=blob:none`",
            store::NOT_HERE
        );
        assert_eq!(message(&error), expected);
    }
    testkit::git(treeless.path(), &["fetch", "--quiet", "--refetch", "--filter=blob:none"]);
    assert_eq!(store.difference(whole, tree("HEAD")).unwrap().len(), 1);
}

#[test]
fn what_is_kept_can_be_read_again() {
    let check = |store: &Store| {
        store.keep("one", b"first").unwrap();
        store.keep("one", b"second").unwrap();
        let kept = store.kept("one").unwrap();
        let mut bytes = [0; 3];
        kept.read_at(3, &mut bytes).unwrap();
        assert_eq!((kept.len(), &bytes), (6, b"ond"));
        assert!(kept.read_at(4, &mut bytes).is_err());
        assert_eq!(store.kept_names(), ["one"]);
        store.forget("one");
        store.forget("one");
        assert!(store.kept("one").is_none() && store.kept_names().is_empty());
    };
    check(&open(small().path()));
    check(&open(small().bare_clone().path()));
    let folder = testkit::Database::from_text(crate::fixture::SMALL).folder();
    let plain = open(folder.path());
    assert!(plain.keep("one", b"").is_err() && plain.kept("one").is_none());
}

#[test]
fn what_killed_runs_left_is_no_kept_file() {
    let repository = small();
    let store = open(repository.path());
    let left = |name: &str, hours: u64| {
        let path = format!(".git/malpkg/{name}");
        repository.write(&path, "half");
        let time = FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(hours * 3600));
        File::options().append(true).open(repository.place(&path)).unwrap().set_times(time).unwrap();
    };
    left(".tmpold", 25);
    left(".tmpnew", 1);
    left("kept", 1000);
    assert_eq!(store.kept_names(), ["kept"]);
    store.keep("one", b"first").unwrap();
    assert_eq!(store.kept_names(), ["one", "kept"]);
    assert!(repository.has(".git/malpkg/.tmpnew") && !repository.has(".git/malpkg/.tmpold"));
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_shared_as_git_shares() {
    use std::os::unix::fs::PermissionsExt;
    for shared in ["umask", "false", "group", "true", "1", "all", "2", "world", "0640", "0660", "0600", "0664"] {
        let repository = small();
        repository.run(&["config", "core.sharedRepository", shared]);
        let mode = |path: &str| repository.place(path).metadata().unwrap().permissions().mode() & 0o7777;
        open(repository.path()).keep("one", b"first").unwrap();
        // What git itself makes: a file that may be written, and its folder.
        repository.run(&["update-ref", "refs/heads/made/new", "HEAD"]);
        assert_eq!(mode(".git/malpkg/one"), mode(".git/refs/heads/made/new"), "the file where {shared}");
        assert_eq!(mode(".git/malpkg"), mode(".git/refs/heads/made"), "the folder where {shared}");
    }
}
