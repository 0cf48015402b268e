//! The working tree and the index of a branch that is committed to.

use database::TreePath;
use store::{At, CommitError, Store};
use testkit::{Folder, Repository};

use crate::fixture::{NEW, REPORT, commit, main_branch, now, open, path, putting, small};

/// The commit is refused for edits at these paths, and nothing at all has changed.
#[track_caller]
fn refused(repository: &Repository, files: &[(&str, &str)], edited: &[&str]) {
    let before = everything(repository);
    let error = commit(&open(repository.path()), files).unwrap_err();
    match &error {
        CommitError::LocalEdits(paths) => {
            assert_eq!(paths.iter().map(TreePath::as_str).collect::<Vec<_>>(), edited);
        }
        other => panic!("{other:?}"),
    }
    assert!(error.to_string().starts_with(&format!("there are local edits in `{}`", edited[0])), "{error}");
    assert!(everything(repository) == before, "something was written");
}

fn everything(repository: &Repository) -> (Vec<(String, Vec<u8>)>, String, String) {
    let listed = repository.list();
    let read = |path: &String| std::fs::read(repository.place(path)).unwrap_or_default();
    let files = listed.iter().map(|path| (path.clone(), read(path))).collect();
    let objects = repository.run(&["count-objects", "-v"]);
    (files, repository.run(&["status", "--porcelain"]) + &repository.run(&["log", "--all", "--format=%H"]), objects)
}

#[test]
fn edits_elsewhere_stay() {
    let repository = small();
    repository.write("osv/ids.json", "mine, not staged\n");
    repository.write("README.md", "mine, staged\n");
    repository.run(&["add", "README.md"]);
    repository.write("osv/untracked.json", "mine\n");
    commit(&open(repository.path()), &[(REPORT, "changed\n"), (NEW, "new\n")]).unwrap();
    let status = repository.run(&["status", "--porcelain"]);
    assert_eq!(status, "M  README.md\n M osv/ids.json\n?? osv/untracked.json\n");
    assert_eq!(repository.read("osv/ids.json"), "mine, not staged\n");
}

#[test]
fn an_edit_that_is_not_staged() {
    let repository = small();
    repository.write(REPORT, "mine\n");
    refused(&repository, &[(REPORT, "changed\n"), (NEW, "new\n")], &[REPORT]);
}

#[test]
fn an_edit_that_is_staged() {
    let repository = small();
    repository.write(REPORT, "mine\n");
    repository.run(&["add", REPORT]);
    refused(&repository, &[(REPORT, "changed\n")], &[REPORT]);
    repository.run(&["checkout", "--quiet", "HEAD", "--", REPORT]);
    repository.run(&["rm", "--cached", "--quiet", REPORT]);
    refused(&repository, &[(REPORT, "changed\n")], &[REPORT]);
}

#[test]
fn a_file_that_git_does_not_know() {
    let repository = small();
    repository.write(NEW, "mine\n");
    refused(&repository, &[(NEW, "new\n")], &[NEW]);
    repository.write(".git/info/exclude", "osv/malicious/pypi/\n");
    refused(&repository, &[(NEW, "new\n")], &[NEW]);
}

#[test]
fn a_file_that_was_deleted() {
    let repository = small();
    repository.remove(REPORT);
    refused(&repository, &[(REPORT, "changed\n")], &[REPORT]);
}

#[cfg(unix)]
#[test]
fn a_file_that_was_made_executable() {
    use std::os::unix::fs::PermissionsExt;
    let repository = small();
    std::fs::set_permissions(repository.place(REPORT), std::fs::Permissions::from_mode(0o755)).unwrap();
    refused(&repository, &[(REPORT, "changed\n")], &[REPORT]);
    repository.run(&["config", "core.fileMode", "false"]);
    commit(&open(repository.path()), &[(REPORT, "changed\n")]).unwrap();
    repository.is_clean();
}

#[test]
fn a_folder_where_the_file_goes() {
    let repository = small();
    repository.write("osv/new.json/mine", "mine\n");
    refused(&repository, &[("osv/new.json", "new\n")], &["osv/new.json"]);
}

#[test]
fn a_file_where_the_folder_goes() {
    let repository = small();
    repository.write("osv/malicious/pypi", "mine\n");
    refused(&repository, &[(NEW, "new\n")], &[NEW]);
}

#[test]
fn a_conflict_in_the_index() {
    let repository = small();
    let blob = repository.id(&format!("HEAD:{REPORT}"));
    let zeros = "0".repeat(40);
    let lines = format!("0 {zeros}\t{REPORT}\n100644 {blob} 2\t{REPORT}\n100644 {blob} 3\t{REPORT}\n");
    repository.run_with(&["update-index", "--index-info"], &lines);
    refused(&repository, &[(REPORT, "changed\n")], &[REPORT]);
}

#[test]
fn many_edits_are_counted() {
    let repository = small();
    let names: Vec<String> = (0..5).map(|at| format!("osv/n{at}.json")).collect();
    names.iter().for_each(|name| repository.write(name, "mine\n"));
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "new\n")).collect();
    let error = commit(&open(repository.path()), &files).unwrap_err().to_string();
    assert!(error.contains("`osv/n0.json`, `osv/n1.json`, `osv/n2.json` and 2 more files"), "{error}");
}

#[test]
fn what_is_there_already_is_no_edit() {
    let repository = small();
    repository.write(REPORT, "changed\n");
    repository.write(NEW, "new\n");
    repository.run(&["add", NEW]);
    commit(&open(repository.path()), &[(REPORT, "changed\n"), (NEW, "new\n")]).unwrap();
    repository.is_clean();
}

#[test]
fn lines_that_end_otherwise_on_the_disk() {
    let repository = small();
    repository.run(&["config", "core.autocrlf", "true"]);
    repository.remove(REPORT);
    repository.run(&["checkout", "--", REPORT]);
    assert!(repository.read(REPORT).ends_with("\r\n"));
    repository.is_clean();
    commit(&open(repository.path()), &[(REPORT, "changed\n")]).unwrap();
    repository.is_clean();
    assert_eq!(repository.show("main", REPORT), "changed\n");
    repository.write(REPORT, "mine\r\n");
    refused(&repository, &[(REPORT, "again\n")], &[REPORT]);
}

/// A folder of the target leads out of the tree.
#[cfg(unix)]
#[test]
fn a_folder_that_became_a_link() {
    let repository = small();
    let outside = Folder::empty();
    outside.write("MAL-2026-1.json", "{\"id\": \"MAL-2026-1\"}\n");
    repository.remove("osv/malicious/npm/a");
    std::os::unix::fs::symlink(outside.path(), repository.place("osv/malicious/npm/a")).unwrap();
    let before = repository.id("main");
    for file in [REPORT, "osv/malicious/npm/a/new.json", "osv/malicious/npm/a/b/new.json"] {
        let error = commit(&open(repository.path()), &[(file, "changed\n")]).unwrap_err();
        assert!(matches!(&error, CommitError::Linked(link) if *link == path("osv/malicious/npm/a")), "{error:?}");
        let error = open(repository.path()).write(&putting(&[(file, "changed\n")])).unwrap_err();
        assert!(matches!(error, CommitError::Linked(_)), "{error:?}");
    }
    assert_eq!(repository.id("main"), before);
    assert_eq!(outside.list(), ["MAL-2026-1.json"]);
    assert_eq!(outside.read("MAL-2026-1.json"), "{\"id\": \"MAL-2026-1\"}\n");
}

#[cfg(unix)]
#[test]
fn a_file_that_became_a_link() {
    let repository = small();
    let outside = Folder::empty();
    outside.write("file", "{\"id\": \"MAL-2026-1\"}\n");
    repository.remove(REPORT);
    std::os::unix::fs::symlink(outside.place("file"), repository.place(REPORT)).unwrap();
    refused(&repository, &[(REPORT, "changed\n")], &[REPORT]);
    assert_eq!(outside.read("file"), "{\"id\": \"MAL-2026-1\"}\n");
}

#[test]
fn somebody_holds_the_index() {
    let repository = small();
    repository.write(".git/index.lock", "");
    let error = commit(&open(repository.path()), &[(REPORT, "changed\n")]).unwrap_err();
    assert!(matches!(error, CommitError::Locked(_)), "{error:?}");
    assert!(error.to_string().ends_with("index.lock exists"), "{error}");
    assert!(error.remedy().unwrap().ends_with(".git/index.lock"), "{error:?}");
    assert!(repository.has(".git/index.lock"));
    repository.remove(".git/index.lock");
    commit(&open(repository.path()), &[(REPORT, "changed\n")]).unwrap();
    assert!(!repository.has(".git/index.lock"));
}

#[test]
fn an_index_that_cannot_be_understood() {
    let repository = small();
    repository.run(&["update-index", "--split-index"]);
    let before = repository.id("main");
    let error = commit(&open(repository.path()), &[(REPORT, "changed\n")]).unwrap_err();
    assert!(error.to_string().contains("cannot read git's index"), "{error}");
    assert_eq!(repository.id("main"), before);
    repository.is_clean();
    repository.run(&["update-index", "--no-split-index"]);
    repository.run(&["sparse-checkout", "set", "--sparse-index", "osv/malicious/npm/b"]);
    let error = open(repository.path()).snapshot(At::WorkingTree).unwrap_err();
    assert!(error.to_string().contains("`git sparse-checkout reapply --no-sparse-index`"), "{error}");
    repository.run(&["sparse-checkout", "reapply", "--no-sparse-index"]);
    commit(&open(repository.path()), &[(REPORT, "changed\n")]).unwrap();
    repository.is_clean();
}

#[test]
fn every_form_of_the_index() {
    for version in ["2", "3", "4"] {
        let repository = small();
        repository.run(&["update-index", "--index-version", version]);
        repository.run(&["update-index", "--untracked-cache"]);
        commit(&open(repository.path()), &[(REPORT, "changed\n"), (NEW, "new\n")]).unwrap();
        repository.is_clean();
        repository.fsck();
    }
}

#[test]
fn a_sparse_checkout_stays_sparse() {
    let repository = small();
    repository.run(&["sparse-checkout", "set", "osv/malicious/npm/b"]);
    let inside = "osv/malicious/npm/b/MAL-2026-3.json";
    commit(&open(repository.path()), &[(REPORT, "changed\n"), (inside, "changed\n")]).unwrap();
    assert!(!repository.has(REPORT));
    assert_eq!(repository.read(inside), "changed\n");
    repository.is_clean();
    assert_eq!(repository.show("main", REPORT), "changed\n");
}

#[cfg(unix)]
#[test]
fn a_commit_whose_files_cannot_follow_is_brought_forward() {
    let repository = small();
    let store = open(repository.path());
    let base = store.tip(&main_branch()).unwrap();
    // A folder in the place of the file that is written first: the commit is made, and its file has no room.
    let folder = "osv/malicious/npm/a/.malpkg-new";
    repository.write(&format!("{folder}/in the way"), "");
    let error = store.commit(&putting(&[(REPORT, "changed\n"), (NEW, "new\n")]), &main_branch(), base, "x", now());
    let Err(CommitError::Unfinished { commit: made, .. }) = error else { panic!("{error:?}") };
    assert_eq!(repository.id("main"), made.to_string());
    assert_ne!(repository.run(&["status", "--porcelain"]), "");
    assert!(!repository.has(".git/index.lock"));
    repository.remove(folder);
    store.finish().unwrap();
    repository.is_clean();
    assert_eq!((repository.read(REPORT).as_str(), repository.read(NEW).as_str()), ("changed\n", "new\n"));
}

/// What a commit leaves behind that was killed at the worst moment: the branch has moved, and nothing else has.
fn killed(repository: &Repository) -> (String, String) {
    let base = repository.id("main");
    repository.write(REPORT, "changed\n");
    repository.write(NEW, "new\n");
    let made = repository.commit("killed");
    repository.run(&["reset", "--quiet", "--hard", &base]);
    repository.run(&["update-ref", "refs/heads/main", &made]);
    let note = format!("branch refs/heads/main\nbase {base}\ncommit {made}\nend\n");
    repository.write(".git/malpkg/pending", &note);
    repository.write(".git/index.lock", "malpkg holds this lock, and its next run removes it\n");
    (base, made)
}

#[test]
fn a_killed_commit_is_brought_forward() {
    let repository = small();
    killed(&repository);
    assert!(!repository.has(NEW));
    open(repository.path()).finish().unwrap();
    repository.is_clean();
    assert_eq!((repository.read(REPORT).as_str(), repository.read(NEW).as_str()), ("changed\n", "new\n"));
    assert_eq!(repository.read(".git/malpkg/pending"), "");
    assert!(!repository.has(".git/index.lock"));
}

#[test]
fn the_next_commit_brings_a_killed_one_forward() {
    let repository = small();
    killed(&repository);
    commit(&open(repository.path()), &[(REPORT, "changed again\n")]).unwrap();
    repository.is_clean();
    assert_eq!(repository.read(NEW), "new\n");
}

#[test]
fn a_killed_commit_half_way() {
    let repository = small();
    killed(&repository);
    repository.write(NEW, "new\n");
    repository.write("osv/malicious/npm/a/.malpkg-new", "half a fi");
    open(repository.path()).finish().unwrap();
    repository.is_clean();
}

#[test]
fn edits_made_since_a_commit_was_killed_stay() {
    let repository = small();
    killed(&repository);
    repository.write(REPORT, "mine\n");
    open(repository.path()).finish().unwrap();
    assert_eq!(repository.read(REPORT), "mine\n");
    assert_eq!(repository.read(NEW), "new\n");
    assert_eq!(repository.run(&["status", "--porcelain"]), format!(" M {REPORT}\n"));
}

#[test]
fn a_commit_killed_before_its_branch_moved_is_forgotten() {
    let repository = small();
    let (base, made) = killed(&repository);
    repository.run(&["update-ref", "refs/heads/main", &base]);
    repository.write(".git/refs/heads/main.lock", format!("{made}\n"));
    open(repository.path()).finish().unwrap();
    repository.is_clean();
    assert!(!repository.has(NEW) && !repository.has(".git/index.lock") && !repository.has(".git/refs/heads/main.lock"));
}

#[test]
fn a_lock_on_a_branch_that_a_killed_run_left_in_a_bare_repository() {
    for text in ["", "the commit's"] {
        let bare = small().bare_clone();
        let (base, tree) = (bare.id("main"), bare.id("main^{tree}"));
        let made = bare.run(&["commit-tree", "-m", "killed", "-p", &base, &tree]).trim_end().to_owned();
        bare.write("malpkg/pending", format!("branch refs/heads/main\nbase {base}\ncommit {made}\nend\n"));
        bare.write("refs/heads/main.lock", text.replace("the commit's", &made));
        commit(&open(bare.path()), &[(NEW, "new\n")]).unwrap();
        assert!(!bare.has("refs/heads/main.lock"));
        assert_eq!(bare.read("malpkg/pending"), "");
        bare.fsck();
    }
}

const FILES: usize = 200;

/// Commits many files in the repository that the environment names, in the child process.
#[test]
#[ignore = "runs in the processes that the next test starts and kills"]
fn commit_many() {
    let (Some(dir), Ok(text)) = (std::env::var_os("STORE_TEST_DIR"), std::env::var("STORE_TEST_TEXT")) else { return };
    let names: Vec<String> = (0..FILES).map(|at| format!("osv/malicious/npm/p{at}/MAL-2026-{at}.json")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), text.as_str())).collect();
    commit(&open(std::path::Path::new(&dir)), &files).unwrap();
}

#[test]
fn whenever_a_run_is_killed_nothing_is_lost() {
    let repository = small();
    let start = |text: &str| {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", "following::commit_many", "--ignored", "--quiet"])
            .env("STORE_TEST_DIR", repository.path())
            .env("STORE_TEST_TEXT", text)
            .stdout(std::process::Stdio::null());
        child.spawn().unwrap()
    };
    let begin = std::time::Instant::now();
    assert!(start("round 0").wait().unwrap().success());
    let whole = begin.elapsed();
    for round in 1..=8_u32 {
        let before = repository.id("main");
        let mut child = start(&format!("round {round}"));
        std::thread::sleep(whole * round / 9);
        child.kill().unwrap();
        child.wait().unwrap();
        open(repository.path()).finish().unwrap();
        repository.is_clean();
        let was_made = repository.id("main") != before;
        let has_new = repository.read("osv/malicious/npm/p7/MAL-2026-7.json") == format!("round {round}");
        assert_eq!(was_made, has_new, "round {round}");
    }
    commit(&open(repository.path()), &[(NEW, "new\n")]).unwrap();
    repository.is_clean();
    repository.fsck();
}

#[test]
fn another_run_that_does_not_end() {
    let repository = small();
    repository.write(".git/malpkg/pending", "");
    let held = std::fs::File::open(repository.place(".git/malpkg/pending")).unwrap();
    held.lock().unwrap();
    let store = open(repository.path());
    let waiting = std::thread::scope(|scope| {
        let run = scope.spawn(|| commit(&store, &[(NEW, "new\n")]));
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(!run.is_finished(), "it did not wait");
        held.unlock().unwrap();
        run.join().unwrap()
    });
    waiting.unwrap();
    repository.is_clean();
}

#[test]
fn modes_of_old_trees() {
    let repository = small();
    let tree = repository.run(&["ls-tree", "HEAD:osv"]).replace("100644", "100664");
    let osv = repository.run_with(&["mktree"], &tree).trim_end().to_owned();
    let root = repository.run_with(&["mktree"], &format!("040000 tree {osv}\tosv\n")).trim_end().to_owned();
    let old = repository.run(&["commit-tree", "-m", "old", &root]).trim_end().to_owned();
    repository.run(&["reset", "--quiet", "--hard", &old]);
    commit(&open(repository.path()), &[("osv/ids.json", "{\"2026\": {}}\n")]).unwrap();
    repository.is_clean();
}

#[test]
fn notes_that_make_no_sense() {
    for note in ["", "x", "branch refs/heads/main\nbase none\n", "branch ../../x\nbase none\ncommit 0\nend\n", "\0\0\0"]
    {
        let repository = small();
        repository.write(".git/malpkg/pending", note);
        commit(&open(repository.path()), &[(NEW, "new\n")]).unwrap();
        repository.is_clean();
    }
}

#[test]
fn a_lock_of_somebody_else_is_left_alone() {
    let repository = small();
    repository.write(".git/index.lock", "DIRC");
    repository.write(".git/refs/heads/main.lock", "1".repeat(40));
    Store::open(repository.path()).unwrap().finish().unwrap();
    assert!(repository.has(".git/index.lock") && repository.has(".git/refs/heads/main.lock"));
}
