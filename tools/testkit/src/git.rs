//! A hermetic git: real, and the same on every machine.

use std::io::Write;
use std::ops::Deref;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Folder;

/// The name in every commit that a test makes.
pub const NAME: &str = "Test Author";
/// The address in every commit that a test makes.
pub const EMAIL: &str = "author@example.org";

/// When the first commit of a repository is made: 2026-01-01T00:00:00Z. Each further one is a minute later.
const BEGIN: u32 = 1_767_225_600;

/// A git repository that goes away when it is dropped. With a work tree it is also the [`Folder`] of that.
#[derive(Debug)]
pub struct Repository {
    folder: Folder,
    is_bare: bool,
    commits: AtomicU32,
}

impl Repository {
    /// A repository with a work tree and without a commit, on `main`.
    #[track_caller]
    pub fn empty() -> Repository {
        Repository::init(false)
    }

    /// A bare repository without a commit, its `HEAD` at `main`.
    #[track_caller]
    pub fn empty_bare() -> Repository {
        Repository::init(true)
    }

    #[track_caller]
    fn init(is_bare: bool) -> Repository {
        let repository = Repository { folder: Folder::empty(), is_bare, commits: AtomicU32::new(0) };
        let bare: &[&str] = if is_bare { &["--bare"] } else { &[] };
        repository.run(&[&["init", "--quiet", "--initial-branch=main"], bare].concat());
        repository.configure();
        repository
    }

    /// What code under test reads for itself must not depend on the machine's configuration either.
    #[track_caller]
    fn configure(&self) {
        for (key, value) in [
            ("user.name", NAME),
            ("user.email", EMAIL),
            ("core.autocrlf", "false"),
            ("core.fsmonitor", "false"),
            ("commit.gpgSign", "false"),
            ("gc.auto", "0"),
        ] {
            self.run(&["config", key, value]);
        }
    }

    /// A bare repository with the same branches and commits, and nothing that leads back here.
    #[track_caller]
    pub fn bare_clone(&self) -> Repository {
        let clone = Repository::empty_bare();
        let from = self.path().to_string_lossy().into_owned();
        clone.run(&[
            "fetch",
            "--quiet",
            "--update-head-ok",
            &from,
            "refs/heads/*:refs/heads/*",
            "refs/tags/*:refs/tags/*",
        ]);
        clone.commits.store(self.commits.load(Ordering::Relaxed), Ordering::Relaxed);
        clone
    }

    /// Whether it has no work tree.
    pub fn is_bare(&self) -> bool {
        self.is_bare
    }

    /// Runs git here and gives what it printed.
    ///
    /// # Panics
    ///
    /// It failed; the panic tells what it said.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> String {
        self.run_with(args, "")
    }

    /// The same, with a text for git to read.
    ///
    /// # Panics
    ///
    /// It failed.
    #[track_caller]
    pub fn run_with(&self, args: &[&str], input: &str) -> String {
        succeed(args, &self.output(args, input.as_bytes()))
    }

    /// Writes an object of any bytes, whether or not git itself would make it, and gives its id.
    ///
    /// # Panics
    ///
    /// The disk refuses.
    #[track_caller]
    pub fn object(&self, kind: &str, bytes: impl AsRef<[u8]>) -> String {
        let args = ["hash-object", "-w", "--literally", "-t", kind, "--stdin"];
        succeed(&args, &self.output(&args, bytes.as_ref())).trim_end().to_owned()
    }

    /// Writes a tree of these members (mode, name, id), as they are and in their order, and gives its id.
    ///
    /// # Panics
    ///
    /// An id is none.
    #[track_caller]
    pub fn tree(&self, members: &[(&str, &[u8], &str)]) -> String {
        let byte = |id: &str, at: usize| match id.get(at..at + 2).map(|digits| u8::from_str_radix(digits, 16)) {
            Some(Ok(byte)) => byte,
            _ => panic!("`{id}` is no id"),
        };
        let mut bytes = Vec::new();
        for (mode, name, id) in members {
            bytes.extend_from_slice(&[mode.as_bytes(), b" ", name, b"\0"].concat());
            bytes.extend((0..20).map(|at| byte(id, at * 2)));
        }
        self.object("tree", bytes)
    }

    /// Makes a commit of a tree the tip of `main`, behind the one that is there, and gives its id. No work tree follows.
    ///
    /// # Panics
    ///
    /// git refuses.
    #[track_caller]
    pub fn commit_tree(&self, tree: &str) -> String {
        let tip = self.output(&["rev-parse", "--quiet", "--verify", "refs/heads/main"], &[]).stdout;
        let tip = String::from_utf8_lossy(&tip).trim_end().to_owned();
        let parents: &[&str] = if tip.is_empty() { &[] } else { &["-p", &tip] };
        // Only the repository itself is looked at; that the tree is whole is not its affair.
        let commit = self.run(&[&["commit-tree", "-m", "a tree", tree], parents].concat()).trim_end().to_owned();
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.run(&["update-ref", "refs/heads/main", &commit]);
        commit
    }

    /// Runs git here where it must fail, and gives what it said.
    ///
    /// # Panics
    ///
    /// It succeeded.
    #[track_caller]
    pub fn run_fails(&self, args: &[&str]) -> String {
        let output = self.output(args, &[]);
        assert!(!output.status.success(), "git {args:?} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    #[track_caller]
    fn output(&self, args: &[&str], input: &[u8]) -> Output {
        output(self.path(), args, input, self.commits.load(Ordering::Relaxed))
    }

    /// Commits everything that lies in the work tree, also where nothing changed, and gives the commit's id.
    ///
    /// # Panics
    ///
    /// git refuses, for example because the repository is bare.
    #[track_caller]
    pub fn commit(&self, message: &str) -> String {
        self.run(&["add", "--all", "--force"]);
        self.run(&["commit", "--quiet", "--allow-empty", "--no-verify", "--message", message]);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.id("HEAD")
    }

    /// The whole id of what a revision names.
    ///
    /// # Panics
    ///
    /// It names nothing.
    #[track_caller]
    pub fn id(&self, rev: &str) -> String {
        self.run(&["rev-parse", "--verify", rev]).trim_end().to_owned()
    }

    /// The content of a file in a commit.
    ///
    /// # Panics
    ///
    /// There is none.
    #[track_caller]
    pub fn show(&self, rev: &str, path: &str) -> String {
        self.run(&["cat-file", "blob", &format!("{rev}:{path}")])
    }

    /// The paths in a commit, sorted.
    ///
    /// # Panics
    ///
    /// There is no such commit.
    #[track_caller]
    pub fn paths(&self, rev: &str) -> Vec<String> {
        self.run(&["ls-tree", "-r", "-z", "--name-only", rev]).split_terminator('\0').map(str::to_owned).collect()
    }

    /// Checks every object.
    ///
    /// # Panics
    ///
    /// One is damaged, malformed or missing.
    #[track_caller]
    pub fn fsck(&self) {
        let said = self.run(&["fsck", "--full", "--strict", "--no-dangling"]);
        assert_eq!(said, "", "git fsck has something to say");
    }

    /// Checks that work tree, index and `HEAD` agree.
    ///
    /// # Panics
    ///
    /// They do not; the panic tells where.
    #[track_caller]
    pub fn is_clean(&self) {
        assert_eq!(self.run(&["status", "--porcelain"]), "", "git status is not clean");
    }
}

/// The folder is the work tree, or the bare repository itself.
impl Deref for Repository {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

/// Runs the hermetic git in any directory, for example a linked work tree, and gives what it printed.
///
/// # Panics
///
/// It failed; the panic tells what it said.
#[track_caller]
pub fn git(dir: &Path, args: &[&str]) -> String {
    succeed(args, &output(dir, args, &[], 0))
}

#[track_caller]
fn succeed(args: &[&str], output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?} failed: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn output(dir: &Path, args: &[&str], input: &[u8], commits: u32) -> Output {
    let date = format!("{} +0000", BEGIN + 60 * commits);
    let mut command = Command::new("git");
    // What a hook or a developer's shell has set must not lead git elsewhere.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        command.env_remove(name);
    }
    command
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", if cfg!(windows) { "NUL" } else { "/dev/null" })
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_AUTHOR_NAME", NAME)
        .env("GIT_AUTHOR_EMAIL", EMAIL)
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_NAME", NAME)
        .env("GIT_COMMITTER_EMAIL", EMAIL)
        .env("GIT_COMMITTER_DATE", &date)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let ran = command.spawn().and_then(|mut child| {
        // git may end without reading; what counts is how it ends.
        let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input));
        child.wait_with_output()
    });
    match ran {
        Ok(output) => output,
        Err(error) => panic!("cannot run git: {error}"),
    }
}
