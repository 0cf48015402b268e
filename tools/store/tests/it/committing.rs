//! Commits: what is in them, and who wins a race.

use std::collections::BTreeSet;

use store::{At, CommitError, RefName, Store};
use testkit::{Database, Folder, Repository};

use crate::fixture::{
    NEW, REPORT, SMALL, commit, contents, head, main_branch, message, now, open, path, putting, small,
};

/// What a commit changed, as `git diff-tree` tells it: a letter and a path each.
#[track_caller]
fn changed(repository: &Repository, commit: &str) -> Vec<String> {
    let told = repository.run(&["diff-tree", "-r", "-z", "--root", "--no-commit-id", "--name-status", commit]);
    let parts: Vec<&str> = told.split_terminator('\0').collect();
    parts.chunks(2).map(|pair| pair.join(" ")).collect()
}

#[test]
fn a_commit_changes_exactly_what_it_says() {
    let repository = small();
    let before = repository.id("HEAD");
    let store = open(repository.path());
    let made = commit(&store, &[(REPORT, "changed\n"), (NEW, "new\n"), ("osv/a.json", "top\n")]).unwrap();
    assert_eq!(repository.id("main"), made.to_string());
    assert_eq!(repository.id("main~1"), before);
    assert_eq!(
        changed(&repository, "main"),
        [format!("M {REPORT}"), format!("A {NEW}"), "A osv/a.json".into()].map_sorted()
    );
    assert_eq!(repository.show("main", REPORT), "changed\n");
    assert_eq!(repository.read(NEW), "new\n");
    assert_eq!(
        repository.run(&["log", "-1", "--format=%an <%ae> %ai|%cn <%ce> %ci|%B"]),
        concat!(
            "Test Author <author@example.org> 2026-03-01 12:00:00 +0000|",
            "Test Author <author@example.org> 2026-03-01 12:00:00 +0000|a change\n\nwith more to say\n\n",
        )
    );
    assert_eq!(repository.run(&["reflog", "-1", "--format=%gs", "main"]), "commit: a change\n");
    assert_eq!(repository.run(&["reflog", "-1", "--format=%gs", "HEAD"]), "commit: a change\n");
    repository.fsck();
    repository.is_clean();
}

trait MapSorted {
    fn map_sorted(self) -> Vec<String>;
}

impl<const N: usize> MapSorted for [String; N] {
    fn map_sorted(self) -> Vec<String> {
        let mut sorted = self.to_vec();
        sorted.sort_by(|a, b| a[2..].cmp(&b[2..]));
        sorted
    }
}

#[test]
fn a_bare_repository() {
    let bare = Database::from_text(SMALL).bare();
    let store = open(bare.path());
    commit(&store, &[(NEW, "new\n")]).unwrap();
    assert_eq!(changed(&bare, "main"), [format!("A {NEW}")]);
    bare.fsck();
    assert!(!bare.has("index") && !bare.has("osv"));
    // What is left is the lock, which says that nothing is to be done.
    assert_eq!(bare.read("malpkg/pending"), "");
}

#[test]
fn a_branch_without_a_commit() {
    for repository in [Repository::empty(), Repository::empty_bare()] {
        let store = open(repository.path());
        let made = store.commit(&putting(&[(NEW, "new\n")]), &main_branch(), None, "first", now()).unwrap();
        assert_eq!(repository.id("main"), made.to_string());
        assert_eq!(repository.run(&["rev-list", "--count", "main"]), "1\n");
        assert_eq!(changed(&repository, "main"), [format!("A {NEW}")]);
        repository.fsck();
        if !repository.is_bare() {
            repository.is_clean();
            assert_eq!(repository.list(), [NEW]);
        }
        // Somebody who also saw no branch comes too late.
        let late = store.commit(&putting(&[(REPORT, "late\n")]), &main_branch(), None, "late", now());
        assert!(matches!(late, Err(CommitError::BaseMoved { expected: None, found: Some(_), .. })), "{late:?}");
    }
}

#[test]
fn another_branch_than_the_one_checked_out() {
    let repository = small();
    let store = open(repository.path());
    let base = store.head().unwrap().unwrap().id;
    repository.write(REPORT, "edited here\n");
    repository.run(&["branch", "side"]);
    let side = RefName::new("side").unwrap();
    store.commit(&putting(&[(REPORT, "edited there\n")]), &side, Some(base), "there", now()).unwrap();
    let new = RefName::new("refs/heads/feed/new").unwrap();
    store.commit(&putting(&[(NEW, "new\n")]), &new, None, "an orphan", now()).unwrap();
    assert_eq!(repository.id("main"), base.to_string());
    assert_eq!(repository.show("side", REPORT), "edited there\n");
    assert_eq!(repository.paths("feed/new"), [NEW]);
    assert_eq!(repository.read(REPORT), "edited here\n");
    assert_eq!(repository.run(&["status", "--porcelain"]), format!(" M {REPORT}\n"));
    repository.fsck();
}

#[test]
fn a_lost_race() {
    let repository = small();
    let store = open(repository.path());
    let base = store.tip(&main_branch()).unwrap();
    let admitted = putting(&[(NEW, "mine\n")]);
    repository.write("osv/other.json", "theirs\n");
    let theirs = repository.commit("somebody was faster");
    let lost = store.commit(&admitted, &main_branch(), base, "mine", now()).unwrap_err();
    match &lost {
        CommitError::BaseMoved { branch, expected, found } => {
            assert_eq!((branch, *expected), (&main_branch(), base));
            assert_eq!(found.map(|found| found.to_string()), Some(theirs.clone()));
        }
        other => panic!("{other:?}"),
    }
    assert!(lost.to_string().starts_with("refs/heads/main moved while the change was made"), "{lost}");
    assert_eq!(repository.id("main"), theirs);
    assert!(!repository.has(NEW));
    repository.is_clean();
    repository.run(&["update-ref", "-d", "refs/heads/main"]);
    let gone = store.commit(&admitted, &main_branch(), base, "mine", now()).unwrap_err();
    assert!(matches!(gone, CommitError::BaseMoved { found: None, .. }), "{gone:?}");
}

#[test]
fn many_at_once() {
    let bare = Database::from_text(SMALL).bare();
    let store = open(bare.path());
    let base = store.tip(&main_branch()).unwrap();
    let race = |number: usize| {
        let path = format!("osv/n{number}.json");
        store.commit(&putting(&[(&path, "x\n")]), &main_branch(), base, "a race", now())
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let race = &race;
        let racers: Vec<_> = (0..8).map(|number| scope.spawn(move || race(number))).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(CommitError::BaseMoved { .. }))), "{results:?}");
    assert_eq!(bare.run(&["rev-list", "--count", "main"]), "2\n");
    bare.fsck();
}

/// Whoever tries again wins in the end, and nothing is lost: what a compare-and-swap is for.
#[test]
fn many_who_try_again() {
    let repository = small();
    let race = |number: usize| {
        let store = open(repository.path());
        let path = format!("osv/n{number}.json");
        loop {
            match commit(&store, &[(&path, "x\n")]) {
                Ok(_) => break,
                Err(CommitError::BaseMoved { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    };
    std::thread::scope(|scope| {
        for number in 0..6 {
            let race = &race;
            scope.spawn(move || race(number));
        }
    });
    assert_eq!(repository.run(&["rev-list", "--count", "main"]), "7\n");
    assert_eq!((0..6).filter(|number| repository.has(&format!("osv/n{number}.json"))).count(), 6);
    repository.is_clean();
    repository.fsck();
}

#[test]
fn a_locked_branch() {
    let bare = Database::from_text(SMALL).bare();
    bare.write("refs/heads/main.lock", "");
    let error = commit(&open(bare.path()), &[(NEW, "new\n")]).unwrap_err();
    assert!(matches!(error, CommitError::Locked(_)), "{error:?}");
    assert!(error.to_string().contains("main.lock"), "{error}");
}

#[test]
fn the_mode_of_a_file_stays() {
    let repository = small();
    repository.run(&["update-index", "--chmod=+x", REPORT]);
    repository.run(&["checkout", "--quiet", "--", REPORT]);
    repository.run(&["commit", "--quiet", "-m", "executable"]);
    commit(&open(repository.path()), &[(REPORT, "changed\n")]).unwrap();
    assert!(repository.run(&["ls-tree", "main", REPORT]).starts_with("100755 "));
    repository.is_clean();
}

#[test]
fn trees_stay_in_git_s_order() {
    let names = [
        "osv/x",
        "osv/x.json",
        "osv/x-y/a",
        "osv/x.d/a",
        "osv/x0",
        "osv/X/a",
        "osv/\u{430}",
        "osv/x y/\"q\"",
        "osv/a:b\n/c",
    ];
    let database = names.iter().fold(Database::default(), |database, name| database.with(name, "before\n"));
    let repository = database.repository();
    let store = open(repository.path());
    for (number, name) in names.iter().enumerate() {
        let beside = format!("{name}{number}");
        commit(&store, &[(name, "after\n"), (&beside, "beside\n")]).unwrap();
        repository.fsck();
    }
    let mut expected: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    expected.extend(names.iter().enumerate().map(|(number, name)| format!("{name}{number}")));
    assert_eq!(repository.paths("main").into_iter().collect::<BTreeSet<_>>(), expected);
    repository.is_clean();
}

#[test]
fn a_file_where_a_folder_is() {
    let repository = small();
    let store = open(repository.path());
    for (at, place) in
        [("osv/malicious/npm/a", "osv/malicious/npm/a"), ("osv/ids.json/x/y", "osv/ids.json"), ("osv", "osv")]
    {
        let error = commit(&store, &[(at, "x")]).unwrap_err();
        assert_eq!(error.to_string(), format!("`{place}` would be a file and a folder at once"));
    }
    let error = commit(&store, &[("osv/new", "x"), ("osv/new/below", "x")]).unwrap_err();
    assert!(matches!(error, CommitError::Conflict { .. }), "{error:?}");
    repository.is_clean();
}

#[test]
fn a_put_never_lands_on_a_link_or_a_submodule() {
    let repository = small();
    let blob = repository.run_with(&["hash-object", "-w", "--stdin"], "/etc/passwd").trim_end().to_owned();
    let id = repository.id("HEAD");
    repository.run(&["update-index", "--add", "--cacheinfo", &format!("120000,{blob},osv/link.json")]);
    repository.run(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},osv/sub")]);
    repository.run(&["commit", "--quiet", "-m", "traps"]);
    let bare = repository.bare_clone();
    let store = open(bare.path());
    let said = |files: &[(&str, &str)]| commit(&store, files).unwrap_err().to_string();
    assert_eq!(said(&[("osv/link.json", "x")]), "`osv/link.json` is a symbolic link");
    assert_eq!(said(&[("osv/sub", "x")]), "`osv/sub` is a submodule");
    assert_eq!(said(&[("osv/sub/x", "x")]), "`osv/sub` would be a file and a folder at once");
    assert_eq!(bare.id("main"), repository.id("main"));
}

#[test]
fn a_change_of_nothing() {
    let repository = small();
    let store = open(repository.path());
    let same = repository.read(REPORT);
    let error = commit(&store, &[(REPORT, &same)]).unwrap_err();
    assert!(matches!(error, CommitError::Unchanged), "{error:?}");
    let error = commit(&store, &[]).unwrap_err();
    assert!(matches!(error, CommitError::Unchanged), "{error:?}");
    assert_eq!(repository.run(&["rev-list", "--count", "main"]), "1\n");
}

#[test]
fn many_objects_are_one_pack() {
    let repository = small();
    let store = open(repository.path());
    let files: Vec<(String, String)> = (0..5000)
        .map(|at| {
            (format!("osv/malicious/npm/p{at}/MAL-2026-{at}.json"), testkit::report("x", "npm", &at.to_string(), &[]))
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let loose = |repository: &Repository| -> usize {
        let counted = repository.run(&["count-objects", "-v"]);
        counted.lines().find_map(|line| line.strip_prefix("count: ")).unwrap().parse().unwrap()
    };
    let before = loose(&repository);
    commit(&store, &files).unwrap();
    assert_eq!(loose(&repository), before);
    let counted = repository.run(&["count-objects", "-v"]);
    assert!(counted.contains("\npacks: 1\n") && counted.contains("\ngarbage: 0\n"), "{counted}");
    assert_eq!(changed(&repository, "main").len(), 5000);
    repository.fsck();
    repository.is_clean();
    assert_eq!(contents(&store, head(&store)).len(), 5005);
    assert_eq!(contents(&store, head(&store)), contents(&store, At::WorkingTree));
}

#[test]
fn a_name_for_another_branch() {
    let repository = small();
    repository.run(&["symbolic-ref", "refs/heads/master", "refs/heads/main"]);
    let store = open(repository.path());
    let master = RefName::new("master").unwrap();
    let base = store.tip(&master).unwrap();
    store.commit(&putting(&[(NEW, "new\n")]), &master, base, "through a name", now()).unwrap();
    assert_eq!(repository.run(&["symbolic-ref", "refs/heads/master"]), "refs/heads/main\n");
    assert!(repository.paths("main").contains(&NEW.to_owned()));
    repository.is_clean();
}

#[test]
fn a_linked_work_tree() {
    let repository = small();
    let folder = Folder::empty();
    let place = folder.place("tree");
    repository.run(&["worktree", "add", "-q", "-b", "side", place.to_str().unwrap()]);
    let store = open(&place);
    let side = store.current_branch().unwrap();
    let base = store.tip(&side).unwrap();
    store.commit(&putting(&[(NEW, "new\n")]), &side, base, "in a linked work tree", now()).unwrap();
    assert_eq!(std::fs::read_to_string(place.join(NEW)).unwrap(), "new\n");
    assert_eq!(testkit::git(&place, &["status", "--porcelain"]), "");
    repository.is_clean();
    assert!(!repository.has(NEW));

    // A branch that another work tree shows is not moved under its feet.
    let elsewhere = commit(&store, &[(NEW, "x")]).unwrap_err();
    assert!(matches!(elsewhere, CommitError::CheckedOutElsewhere { .. }), "{elsewhere:?}");
    let elsewhere = open(repository.path()).commit(&putting(&[(NEW, "x")]), &side, base, "x", now()).unwrap_err();
    assert!(elsewhere.to_string().contains("refs/heads/side is checked out in "), "{elsewhere}");
    std::fs::remove_dir_all(&place).unwrap();
    let tip = Store::open(repository.path()).unwrap().tip(&side).unwrap();
    open(repository.path()).commit(&putting(&[("osv/y", "x")]), &side, tip, "it is gone", now()).unwrap();
}

#[test]
fn during_a_merge() {
    let repository = small();
    repository.run(&["checkout", "--quiet", "-b", "side"]);
    repository.write("osv/side.json", "side\n");
    repository.commit("side");
    repository.run(&["checkout", "--quiet", "main"]);
    repository.run(&["merge", "--quiet", "--no-commit", "--no-ff", "side"]);
    let error = commit(&open(repository.path()), &[(NEW, "new\n")]).unwrap_err();
    assert_eq!(error.to_string(), "a merge is under way in this work tree");
    assert!(error.remedy().unwrap().starts_with("finish or abort the merge first"));
}

#[test]
fn a_plain_folder_has_no_commits() {
    let folder = Database::from_text(SMALL).folder();
    let store = Store::open(folder.path()).unwrap();
    let error = store.commit(&putting(&[(NEW, "x")]), &main_branch(), None, "x", now()).unwrap_err();
    assert!(error.to_string().ends_with("is a plain folder; this needs a git repository"), "{error}");
}

#[test]
fn a_partial_clone_can_commit() {
    let repository = small();
    repository.run(&["config", "uploadpack.allowFilter", "true"]);
    let folder = Folder::empty();
    let url = format!("file://{}", repository.path().display());
    testkit::git(folder.path(), &["clone", "--quiet", "--bare", "--filter=blob:none", &url, "clone"]);
    let clone = folder.place("clone");
    testkit::git(&clone, &["config", "user.name", "x"]);
    testkit::git(&clone, &["config", "user.email", "x@example.org"]);
    commit(&open(&clone), &[(NEW, "new\n")]).unwrap();
    assert_eq!(testkit::git(&clone, &["show", &format!("main:{NEW}")]), "new\n");
    assert_eq!(testkit::git(&clone, &["rev-list", "--count", "main"]), "2\n");
    assert_eq!(path(NEW).as_str(), NEW);
}

#[test]
fn a_message_that_git_cannot_take() {
    let repository = small();
    let store = open(repository.path());
    let base = store.tip(&main_branch()).unwrap();
    let error = store.commit(&putting(&[(NEW, "x")]), &main_branch(), base, "a\0b", now()).unwrap_err();
    assert!(message(&error).contains("cannot make a commit"), "{error:?}");
    assert_eq!(repository.id("main"), base.unwrap().to_string());
    repository.is_clean();
}
