//! Documents from a git repository: only what changed since the last time, and never its history or its work tree.
//!
//! The program `git` fetches: it knows the proxies and the credentials of whoever runs it, and fetches one commit
//! without its history, which libgit2 does not do over every transport.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::folder::is_hidden;
use crate::{Item, PlaceError, Source, Unread};

/// Where a repository is, and which branch of it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) url: String,
    pub(crate) branch: Option<String>,
}

/// What a reading of a repository came to.
#[derive(Debug)]
pub(crate) struct Reached {
    /// The commit that was read.
    pub(crate) commit: String,
    /// Whether every document was read, not only what changed.
    pub(crate) is_whole: bool,
}

/// The ref that holds what was fetched last.
const HEAD: &str = "refs/malpkg/head";

/// Reads what changed since a commit, or everything where that is not known, or where the source sends all it has: only
/// all of its documents together say what it no longer names.
pub(crate) fn visit(
    remote: &Remote,
    cache: &Path,
    since: Option<&str>,
    source: &Source,
    wants: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(Item<'_>),
) -> Result<Reached, PlaceError> {
    let repository = Cached::open(remote, cache)?;
    // git gives up where another one has a lock; several runs may read one source.
    let alone = repository.lock()?;
    repository.run(&["init", "--quiet", "--bare", "."])?;
    let branch = remote.branch.as_ref().map_or_else(|| "HEAD".to_owned(), |branch| format!("refs/heads/{branch}"));
    repository.fetch(&format!("+{branch}:{HEAD}"))?;
    let commit = repository.run(&["rev-parse", "--verify", &format!("{HEAD}^{{commit}}")])?.trim().to_owned();
    let since = since.filter(|since| is_commit(since));
    if since == Some(commit.as_str()) {
        return Ok(Reached { commit, is_whole: false });
    }
    let since = since.filter(|_| !source.is_complete);
    let since = since.filter(|since| repository.has(since) || repository.fetch(since).is_ok() && repository.has(since));
    let files = match since {
        Some(since) => repository.difference(since, &commit)?,
        None => repository.all(&commit)?,
    };
    drop(alone);
    let mut blobs = Blobs::open(&repository)?;
    for file in files.into_iter().filter(|file| !is_hidden(&file.path) && wants(&file.path)) {
        blobs.give(file.path, &file.blob, visit)?;
    }
    Ok(Reached { commit, is_whole: since.is_none() })
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Our bare copy of what was fetched.
struct Cached {
    dir: PathBuf,
    url: String,
}

/// A file of a tree.
struct File {
    path: String,
    blob: Blob,
}

struct Blob {
    id: String,
    is_file: bool,
}

impl Blob {
    /// What a tree has under a name: none where that is no file, but nothing, a folder or a submodule.
    fn of(mode: &str, id: &str) -> Option<Blob> {
        match mode {
            "100644" | "100755" | "100664" => Some(Blob { id: id.to_owned(), is_file: true }),
            "120000" => Some(Blob { id: id.to_owned(), is_file: false }),
            _ => None,
        }
    }
}

impl Cached {
    fn open(remote: &Remote, cache: &Path) -> Result<Cached, PlaceError> {
        if remote.url.starts_with('-') || remote.branch.as_ref().is_some_and(|branch| branch.starts_with('-')) {
            return Err(PlaceError::new(&remote.url, "this is no address of a repository", GIT_REMEDY));
        }
        let name = &curate::sha256_hex(remote.url.as_bytes())[..24];
        // git is run inside of it, where a relative path would lead elsewhere.
        let cache = std::path::absolute(cache).unwrap_or_else(|_| cache.to_owned());
        let dir = cache.join(format!("{name}.git"));
        let cached = Cached { dir, url: remote.url.clone() };
        std::fs::create_dir_all(&cached.dir).map_err(|error| cached.fault(&error.to_string()))?;
        Ok(cached)
    }

    /// Waits until nobody else fetches into it. The lock goes away with the file, or with us.
    fn lock(&self) -> Result<std::fs::File, PlaceError> {
        let file = std::fs::File::create(self.dir.join("malpkg.lock"));
        let locked = file.and_then(|file| file.lock().map(|()| file));
        locked.map_err(|error| self.fault(&format!("the cache cannot be locked: {error}")))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        // A hook or a shell that runs us must not lead git elsewhere.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            let is_needed = ["GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_SSL_CAINFO", "GIT_CONFIG_GLOBAL"];
            let is_needed = is_needed.contains(&name.as_str()) || name.starts_with("GIT_CONFIG_NO");
            if name.starts_with("GIT_") && !is_needed {
                command.env_remove(name);
            }
        }
        command
            .args(["-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "maintenance.auto=false"])
            .args(["-c", "core.fsmonitor=false", "-c", "protocol.version=2"])
            .args(arguments)
            .current_dir(&self.dir)
            .env("GIT_DIR", &self.dir)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", "https:file:ssh")
            .env("LC_ALL", "C");
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<String, PlaceError> {
        let output = self.output(arguments)?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    fn output(&self, arguments: &[&str]) -> Result<Vec<u8>, PlaceError> {
        let output = self.command(arguments).stdin(Stdio::null()).output();
        let output = output.map_err(|error| self.fault(&format!("the program git cannot be run: {error}")))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        // The first line is the cause; those behind it are what followed from that.
        let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.clone().find(|line| line.starts_with("fatal: ") || line.starts_with("error: "));
        let cause = first.or_else(|| lines.next()).unwrap_or("git failed");
        Err(self.fault(cause.trim_start_matches("fatal: ").trim_start_matches("error: ")))
    }

    fn fetch(&self, what: &str) -> Result<(), PlaceError> {
        let quiet = ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"];
        self.output(&[&quiet[..], &["--", &self.url, what]].concat()).map(drop)
    }

    fn has(&self, commit: &str) -> bool {
        self.output(&["cat-file", "-e", &format!("{commit}^{{tree}}")]).is_ok()
    }

    /// The files that are new in a commit or changed since another one.
    fn difference(&self, before: &str, after: &str) -> Result<Vec<File>, PlaceError> {
        let raw = self.output(&["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", before, after])?;
        let mut parts = raw.split(|&b| b == 0);
        let mut files = Vec::new();
        while let (Some(about), Some(path)) = (parts.next().filter(|about| !about.is_empty()), parts.next()) {
            let about = String::from_utf8_lossy(about).into_owned();
            let words: Vec<&str> = about.trim_start_matches(':').split(' ').collect();
            let [_, mode, _, id, ..] = words.as_slice() else {
                return Err(self.fault("git says something that cannot be read"));
            };
            let file = Blob::of(mode, id).map(|blob| File { path: String::from_utf8_lossy(path).into_owned(), blob });
            files.extend(file);
        }
        Ok(files)
    }

    fn all(&self, commit: &str) -> Result<Vec<File>, PlaceError> {
        let raw = self.output(&["ls-tree", "-r", "-z", commit])?;
        let one = |line: &[u8]| {
            let tab = line.iter().position(|&b| b == b'\t')?;
            let about = String::from_utf8_lossy(&line[..tab]).into_owned();
            let [mode, _, id] = about.split(' ').collect::<Vec<_>>()[..] else { return None };
            let path = String::from_utf8_lossy(&line[tab + 1..]).into_owned();
            Some(File { path, blob: Blob::of(mode, id)? })
        };
        Ok(raw.split(|&b| b == 0).filter_map(one).collect())
    }

    fn fault(&self, reason: &str) -> PlaceError {
        PlaceError::new(&self.url, reason, GIT_REMEDY)
    }
}

const GIT_REMEDY: &str = "check the address, the branch and your access; `git ls-remote` asks the same";

/// The contents of blobs, one after the other, out of one git.
struct Blobs<'r> {
    repository: &'r Cached,
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl<'r> Blobs<'r> {
    fn open(repository: &'r Cached) -> Result<Blobs<'r>, PlaceError> {
        let fault = || repository.fault("the program git cannot be run");
        let mut command = repository.command(&["cat-file", "--batch"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|_| fault())?;
        let (ask, answers) = (child.stdin.take().ok_or_else(fault)?, child.stdout.take().ok_or_else(fault)?);
        Ok(Blobs { repository, child, ask, answers: BufReader::new(answers) })
    }

    fn give(&mut self, name: String, blob: &Blob, visit: &mut dyn FnMut(Item<'_>)) -> Result<(), PlaceError> {
        if !blob.is_file {
            visit(Item { name, size: None, bytes: Err(Unread::NoFile) });
            return Ok(());
        }
        let fault = |error: std::io::Error| self.repository.fault(&format!("git does not answer: {error}"));
        writeln!(self.ask, "{}", blob.id).and_then(|()| self.ask.flush()).map_err(fault)?;
        let mut about = String::new();
        self.answers.read_line(&mut about).map_err(fault)?;
        let size: Option<u64> = about.trim_end().rsplit_once(' ').and_then(|(_, size)| size.parse().ok());
        let Some(size) = size else {
            return Err(self.repository.fault("a file of the commit was not fetched"));
        };
        let mut content = (&mut self.answers).take(size);
        visit(Item { name, size: Some(size), bytes: Ok(&mut content) });
        let skipped = std::io::copy(&mut content, &mut std::io::sink()).map_err(fault);
        skipped?;
        self.answers.read_exact(&mut [0]).map_err(fault)
    }
}

impl Drop for Blobs<'_> {
    fn drop(&mut self) {
        // It has nothing to write and is asked nothing more: whether it ends well decides nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
