//! Configuration that somebody sends along: of the database, of git, and of the environment. Nothing in it is ever run.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use testkit::{Folder, Repository};

use super::bounded;
use super::{GOOD, Says, check, good, is_judged};

#[test]
fn configurations_that_are_none() {
    let cases: [(&[u8], &str); 12] = [
        (b"[database", "line 1: "),
        (b"\xff\xfe[\0d\0", "the configuration is not UTF-8"),
        (b"a = 1", "unknown key `a`"),
        (b"[database]\nprefix = 7", "`database.prefix` must be a string"),
        (b"database = 1", "`database` must be a table"),
        (b"[database]\nfirst-number = 99999999999999999999", "line 2: "),
        (b"[rules]\n\"\\u202e\" = \"off\"", "there is no rule"),
        (b"[rules]\n\"a\\nb\" = \"off\"", "there is no rule"),
        (b"[source.\"../x\"]\nformat = \"osv\"", "the id of a source has"),
        (b"[source.a]\nformat = \"osv\"\nfrom = []", "`source.a.from` must be a string"),
        (b"[a]\n[a]\n", "line 2: "),
        (b"[rules]\na = '''", "line 2: "),
    ];
    for (bytes, fault) in cases {
        is_refused(bytes, fault);
    }
    is_refused(format!("a = {}", "[".repeat(100_000)).as_bytes(), "");
    is_refused(format!("a = {}", "{a=".repeat(100_000)).as_bytes(), "");
    is_refused("[a.a]\n".repeat(1_000_000).as_bytes(), "");
    is_refused(format!("{}x = 1", "a.".repeat(100_000)).as_bytes(), "");
    is_refused("x".repeat(8 << 20).as_bytes(), "");
}

#[track_caller]
fn is_refused(bytes: &[u8], fault: &str) {
    let (folder, repository) = (good().folder(), good().repository());
    folder.write("malpkg.toml", bytes);
    repository.write("malpkg.toml", bytes);
    repository.commit("a configuration");
    for root in [&folder, &*repository] {
        check(
            &String::from_utf8_lossy(&bytes[..bytes.len().min(60)]),
            root.path(),
            None,
            Says::Refused("malpkg.toml: "),
        );
        check(fault, root.path(), None, Says::Refused(fault));
    }
}

/// A repository in which each key of git's that names a program names one that leaves a mark.
struct Trapped {
    repository: Repository,
    room: Folder,
}

impl Trapped {
    fn new() -> Trapped {
        let (repository, room) = (good().repository(), Folder::empty());
        room.write("trap", format!("#!/bin/sh\ntouch '{}'\n", room.place("mark").display()));
        fs::set_permissions(room.place("trap"), fs::Permissions::from_mode(0o755)).expect("a program");
        let trap = room.place("trap").to_string_lossy().into_owned();
        repository.write(".gitattributes", "* filter=trap diff=trap merge=trap\n");
        repository.write("malpkg.toml", "[source.a]\nformat = \"osv\"\n");
        repository.commit("attributes");
        for hook in [
            "applypatch-msg",
            "commit-msg",
            "fsmonitor-watchman",
            "post-checkout",
            "post-commit",
            "post-index-change",
            "pre-auto-gc",
            "pre-commit",
            "prepare-commit-msg",
            "reference-transaction",
            "post-rewrite",
            "update",
        ] {
            symlink(&trap, room.place(hook)).expect("a hook");
            fs::create_dir_all(repository.place(".git/hooks")).expect("a folder");
            let _ = fs::remove_file(repository.place(".git/hooks").join(hook));
            symlink(&trap, repository.place(".git/hooks").join(hook)).expect("a hook");
        }
        let keys = [
            "core.fsmonitor",
            "core.editor",
            "core.pager",
            "core.sshCommand",
            "core.askPass",
            "core.gitProxy",
            "core.alternateRefsCommand",
            "sequence.editor",
            "diff.external",
            "diff.trap.command",
            "diff.trap.textconv",
            "merge.trap.driver",
            "filter.trap.clean",
            "filter.trap.smudge",
            "filter.trap.process",
            "gpg.program",
            "gpg.ssh.program",
            "credential.helper",
            "alias.validate",
            "uploadpack.packObjectsHook",
            "remote.origin.vcs",
            "remote.origin.uploadpack",
            "trailer.trap.command",
            "browser.trap.cmd",
            "gc.recentObjectsHook",
        ];
        let mut included = String::new();
        for key in keys {
            let (section, name) = key.rsplit_once('.').expect("a key");
            let section = match section.split_once('.') {
                Some((section, part)) => format!("[{section} \"{part}\"]"),
                None => format!("[{section}]"),
            };
            included.push_str(&format!("{section}\n\t{name} = {trap}\n"));
        }
        included.push_str("[commit]\n\tgpgSign = true\n[filter \"trap\"]\n\trequired = true\n");
        room.write("included", &included);
        repository.run(&["config", "--unset", "core.fsmonitor"]);
        repository.run(&["config", "include.path", &room.place("included").to_string_lossy()]);
        repository.run(&["config", "includeIf.gitdir:/.path", &room.place("included").to_string_lossy()]);
        repository.run(&["config", "core.hooksPath", &room.path().to_string_lossy()]);
        Trapped { repository, room }
    }

    fn is_sprung(&self) -> bool {
        self.room.has("mark")
    }
}

#[test]
fn no_program_of_a_repository_is_run() {
    let trapped = Trapped::new();
    let (repository, room) = (&trapped.repository, Folder::empty());
    repository.run_fails(&["status"]);
    assert!(trapped.is_sprung(), "git itself runs it");
    trapped.room.remove("mark");
    let (out, inbox) = (room.place("out"), room.place("inbox"));
    room.write("inbox/x.json", testkit::report("X-1", "npm", "x", &["1.0.0"]));
    let (out, inbox) = (out.to_string_lossy(), inbox.to_string_lossy());
    for (arguments, code) in [
        (&["validate"][..], 0),
        (&["validate", "--index"], 0),
        (&["validate", "--rev", "HEAD", "--base", "HEAD~1"], 0),
        (&["validate", "--base", "HEAD~1"], 0),
        (&["query", "npm/good"], 1),
        (&["export", "--out", &out], 0),
        (&["fmt", "--check", "--all"], 0),
        (&["new", "npm/y@1.0.0", "--write"], 0),
        (&["ingest", "--source", "a", &inbox], 0),
        (&["ingest", "--source", "a", &inbox, "--commit"], 0),
    ] {
        let (exit, told) = bounded::json(repository.path(), arguments);
        assert_eq!(exit, code, "{arguments:?}: {told}");
        assert!(!trapped.is_sprung(), "{arguments:?} ran a program of the repository");
    }
}

/// What git would convert on the way is judged as it lies.
#[test]
fn attributes_do_not_hide_what_lies_on_the_disk() {
    let repository = good().repository();
    repository.write(".gitattributes", "*.json text eol=crlf working-tree-encoding=UTF-16\n");
    repository.write(GOOD, "\u{feff}{}");
    is_judged("attributes", repository.path(), None, Says::Error("malformed-json", GOOD, ""));
}

#[test]
fn attributes_without_an_end() {
    for place in [".gitattributes", "osv/.gitattributes", ".git/info/attributes", ".git/objects/info/alternates"] {
        let repository = good().repository();
        fs::create_dir_all(repository.place(place).parent().expect("a folder")).expect("a folder");
        symlink("/dev/zero", repository.place(place)).expect("a link");
        check(place, repository.path(), None, Says::Nothing);
    }
}

#[test]
fn the_environment_leads_nowhere_else() {
    let (repository, other) = (good().repository(), Repository::empty());
    other.write("osv/malicious/npm/x/MAL-2026-2.json", "bad");
    other.commit("another database");
    let place = |path: &str| other.place(path).to_string_lossy().into_owned();
    let (git, tree, index, objects) = (place(".git"), place(""), place(".git/index"), place(".git/objects"));
    let (config, trace) = (place("config"), place("trace"));
    other.write("config", "[core]\n\tworktree = /nowhere\n\tbare = true\n");
    let variables = [
        ("GIT_DIR", git.as_str()),
        ("GIT_COMMON_DIR", &git),
        ("GIT_WORK_TREE", &tree),
        ("GIT_INDEX_FILE", &index),
        ("GIT_OBJECT_DIRECTORY", &objects),
        ("GIT_ALTERNATE_OBJECT_DIRECTORIES", &objects),
        ("GIT_NAMESPACE", "other"),
        ("GIT_CEILING_DIRECTORIES", "/"),
        ("GIT_CONFIG", &config),
        ("GIT_CONFIG_GLOBAL", &config),
        ("GIT_CONFIG_SYSTEM", &config),
        ("GIT_TRACE", &trace),
        ("GIT_TRACE2", &trace),
    ];
    let counted =
        [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "core.worktree"), ("GIT_CONFIG_VALUE_0", tree.as_str())];
    let mut sets: Vec<&[(&str, &str)]> = variables.chunks(1).collect();
    sets.extend([&variables[..], &counted[..]]);
    for set in sets {
        for arguments in [&["validate"][..], &["validate", "--index"], &["validate", "--rev", "HEAD"]] {
            let (exit, found) = bounded::json_with(repository.path(), arguments, set);
            assert_eq!((exit, &found["reports"]), (0, &1.into()), "{set:?} {arguments:?}: {found}");
        }
    }
    assert!(!other.has("trace"));
}
