//! `--push`: what other repositories have is planned from, and what they do not take is not here either.

use std::collections::BTreeMap;

use malpkg::Exit;
use serde_json::Value;
use testkit::{Database, Folder, Repository, report};

use crate::program::{json, malpkg, typed};

const KNOWN: &str = "osv/malicious/npm/a/MAL-2026-1.json";

fn shared() -> Repository {
    let known = report("MAL-2026-1", "npm", "a", &["1.0.0"]);
    Database::default().with(KNOWN, &known).with("malpkg.toml", "[source.feed]\nformat = \"osv\"\n").bare()
}

/// A clone with a work tree.
pub(crate) fn clone_of(shared: &Repository) -> Repository {
    let clone = Repository::empty();
    clone.run(&["remote", "add", "origin", &shared.path().to_string_lossy()]);
    clone.run(&["fetch", "--quiet", "origin"]);
    clone.run(&["checkout", "--quiet", "-B", "main", "origin/main"]);
    clone
}

/// A folder with a delivery on each of these packages.
fn inbox(names: &[&str]) -> Folder {
    let inbox = Folder::empty();
    for name in names {
        inbox.write(&format!("{name}.json"), report(&format!("X-{name}"), "npm", name, &["1.0.0"]));
    }
    inbox
}

fn push(inbox: &Folder) -> [&str; 6] {
    ["ingest", "--source", "feed", inbox.path().to_str().expect("a path in UTF-8"), "--push", "origin"]
}

/// Pushes deliveries on these packages, and checks that both repositories are at the same commit then.
#[track_caller]
fn push_all(clone: &Repository, shared: &Repository, names: &[&str]) -> Value {
    let done = json(clone.path(), &push(&inbox(names)), Exit::Done);
    assert_eq!(done["commit"], shared.id("main"));
    assert_eq!(clone.id("main"), shared.id("main"));
    clone.is_clean();
    shared.fsck();
    done
}

#[test]
fn a_commit_is_in_both() {
    let shared = shared();
    let (one, other) = (clone_of(&shared), clone_of(&shared));
    push_all(&one, &shared, &["b"]);
    // The other one plans over what the first one brought, and gives no number twice.
    let done = push_all(&other, &shared, &["b", "c"]);
    let ids: Vec<&str> =
        done["changes"].as_array().unwrap().iter().filter_map(|change| change["id"].as_str()).collect();
    assert_eq!(ids, ["MAL-2026-900002"]);
    assert_eq!(done["sources"][0]["unchanged"], 1);
    assert_eq!(other.run(&["rev-list", "--count", "main"]), "3\n");
    // Nothing new: nothing is pushed, and the first one has the second one's commit.
    let again = json(one.path(), &push(&inbox(&["b", "c"])), Exit::Done);
    assert!(again["commit"].is_null());
    assert_eq!(one.id("main"), shared.id("main"));
    one.is_clean();
}

#[test]
fn commits_that_were_not_pushed_yet_go_along() {
    let shared = shared();
    let clone = clone_of(&shared);
    let commit = |names: &[&str]| {
        let inbox = inbox(names);
        let here = [&push(&inbox)[..4], &["--commit"]].concat();
        json(clone.path(), &here, Exit::Done);
    };
    commit(&["b"]);
    push_all(&clone, &shared, &["c"]);
    commit(&["d"]);
    let done = json(clone.path(), &push(&inbox(&["d"])), Exit::Done);
    assert!(done["commit"].is_null());
    assert_eq!(clone.id("main"), shared.id("main"));
}

#[test]
fn histories_that_parted_are_not_brought_together_by_us() {
    let shared = shared();
    let (one, other) = (clone_of(&shared), clone_of(&shared));
    push_all(&one, &shared, &["b"]);
    other.write("README.md", "mine");
    let mine = other.commit("mine");
    let refused = malpkg(other.path(), &push(&inbox(&["c"])));
    assert_eq!(refused.exit, Exit::Failed, "{}", refused.out);
    assert!(refused.err.contains("git pull --rebase origin"), "{}", refused.err);
    assert_eq!(other.id("main"), mine);
}

#[test]
fn what_is_refused_there_is_not_here_either() {
    let shared = shared();
    let clone = clone_of(&shared);
    shared.write("hooks/pre-receive", "#!/bin/sh\necho not today >&2\nexit 1\n");
    shared.run(&["config", "core.hooksPath", "hooks"]);
    make_executable(&shared);
    let before = clone.id("main");
    let refused = malpkg(clone.path(), &push(&inbox(&["b"])));
    assert_eq!(refused.exit, Exit::Failed, "{}", refused.out);
    assert!(refused.err.contains("not today"), "{}", refused.err);
    assert_eq!((clone.id("main"), shared.id("main")), (before.clone(), before));
    clone.is_clean();
    for remote in ["nowhere", "--upload-pack=x", ""] {
        let arguments = ["ingest", "--source", "feed", clone.path().to_str().unwrap(), &format!("--push={remote}")];
        assert_eq!(malpkg(clone.path(), &arguments).exit, Exit::Failed, "{remote}");
    }
}

fn make_executable(shared: &Repository) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let hook = shared.place("hooks/pre-receive");
        std::fs::set_permissions(hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_run_that_was_killed_after_it_had_pushed_is_made_up_for() {
    let shared = shared();
    let clone = clone_of(&shared);
    let before = clone.id("main");
    push_all(&clone, &shared, &["b"]);
    clone.run(&["reset", "--quiet", "--hard", &before]);
    let again = json(clone.path(), &push(&inbox(&["b"])), Exit::Done);
    assert!(again["commit"].is_null());
    assert_eq!(clone.id("main"), shared.id("main"));
    clone.is_clean();
}

#[test]
fn an_edit_at_what_came_from_there_is_not_overwritten() {
    let shared = shared();
    let (one, other) = (clone_of(&shared), clone_of(&shared));
    push_all(&one, &shared, &["a"]);
    other.write(KNOWN, "mine");
    let refused = malpkg(other.path(), &push(&inbox(&["c"])));
    assert!(refused.exit == Exit::Failed && refused.err.contains(KNOWN), "{}", refused.err);
    assert_eq!(other.read(KNOWN), "mine");
}

/// Brings together by what is told what one clone pushed, one after the other, and what another one committed: `c` and
/// then `d`.
fn brought_together(pushed: &[&str]) -> Repository {
    let shared = shared();
    let (one, other) = (clone_of(&shared), clone_of(&shared));
    other.run(&["config", "pull.rebase", "false"]);
    // Both give ids, and the one that was not pushed has two commits.
    for name in ["c", "d"] {
        let inbox = inbox(&[name]);
        json(other.path(), &[&push(&inbox)[..4], &["--commit"]].concat(), Exit::Done);
    }
    for name in pushed {
        push_all(&one, &shared, &[name]);
    }
    let refused = json(other.path(), &push(&inbox(&["e"])), Exit::Failed);
    let remedy = refused["remedy"].as_str().unwrap();
    let all = typed(remedy);
    let (begin, again) = all.split_first().unwrap();
    let run = |command: &[&str]| match command {
        ["malpkg", rest @ ..] => {
            let ran = malpkg(other.path(), rest);
            assert_eq!(ran.exit, Exit::Done, "{command:?}: {}{}", ran.out, ran.err);
        }
        // Git may stop.
        git => drop(other.run(&["-c", &format!("alias.try=!{} >/dev/null 2>&1 || true", git.join(" ")), "try"])),
    };
    run(begin);
    for _ in 0..2 {
        if other.has(".git/rebase-merge") {
            again.iter().for_each(|command| run(command));
        }
    }
    other.is_clean();
    assert_eq!(json(other.path(), &["validate"], Exit::Done)["verdict"], "clean");
    push_all(&other, &shared, &["e"]);
    other
}

#[test]
fn histories_that_parted_come_together_by_what_is_told() {
    let other = brought_together(&["b"]);
    let ids: Vec<String> = other.paths("HEAD").into_iter().filter(|path| path.contains("MAL-2026-9")).collect();
    assert_eq!(ids.len(), 4, "{ids:?}");
}

#[test]
fn what_leads_to_a_report_that_got_another_id_follows_it() {
    // Both gave an id to `c`, and the one that `other` gave it is that of `b`.
    let other = brought_together(&["b", "c"]);
    let paths = other.paths("HEAD").into_iter().filter(|path| path.contains("/MAL-2026-9"));
    let reports: BTreeMap<String, Value> = paths
        .map(|path| serde_json::from_str(&other.show("HEAD", &path)).unwrap())
        .map(|report: Value| (report["id"].as_str().unwrap().to_owned(), report))
        .collect();
    assert_eq!(reports.len(), 5, "{reports:?}");
    let name = |id: &str| reports[id]["affected"][0]["package"]["name"].clone();
    let mut led = 0;
    for (id, report) in &reports {
        let decisions = report["database_specific"]["malpkg"]["decisions"].as_array().into_iter().flatten();
        // The last one holds: a decision stays as it was.
        let survivor = decisions.filter_map(|decision| decision["survivor"].as_str()).next_back();
        led += usize::from(survivor.is_some());
        let aliases = report["aliases"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for other in survivor.into_iter().chain(aliases.filter(|alias| alias.starts_with("MAL-"))) {
            assert_eq!(name(other), name(id), "{id} names {other}");
        }
    }
    assert_eq!(led, 1);
}
