//! The program in a process of its own, with little memory and, should it hang, an end.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::Folder;

use crate::program::NOW;

/// How much memory there is for one run, in megabytes of addresses. The tree of no case takes as much by right.
const MEMORY: u64 = 1024;

/// When a run has hung. Nothing is expected of how fast one is.
const HUNG: Duration = Duration::from_secs(900);

/// What one run came to.
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command on a database.
#[track_caller]
pub(crate) fn run(repo: &Path, arguments: &[&str]) -> Ran {
    run_with(repo, arguments, &[])
}

/// The same, with variables in its environment.
#[track_caller]
pub(crate) fn run_with(repo: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let room = Folder::empty();
    let stream = |name: &str| File::create(room.place(name)).map(Stdio::from).expect("a file");
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -v \"$1\" && shift && exec \"$@\"", "sh", &(MEMORY << 10).to_string()])
        .args([env!("CARGO_BIN_EXE_malpkg"), "--now", NOW, "--repo"])
        .arg(repo)
        .args(arguments)
        // Each thread and each arena takes addresses, and a large machine has many.
        .envs([("RAYON_NUM_THREADS", "2"), ("MALLOC_ARENA_MAX", "2"), ("RUST_BACKTRACE", "0")])
        .env("HOME", room.path())
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(stream("out"))
        .stderr(stream("err"));
    let mut child = command.spawn().expect("the program runs");
    let started = Instant::now();
    let status = loop {
        match child.try_wait().expect("a child") {
            Some(status) => break status,
            None if started.elapsed() > HUNG => {
                child.kill().expect("an end");
                panic!("{arguments:?} hangs");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let (out, err) = (room.read("out"), room.read("err"));
    let exit = status.code().unwrap_or_else(|| panic!("{arguments:?} died of signal {:?}: {err}", status.signal()));
    Ran { exit, out, err }
}

/// Runs a command for JSON.
#[track_caller]
pub(crate) fn json(repo: &Path, arguments: &[&str]) -> (i32, Value) {
    json_with(repo, arguments, &[])
}

#[track_caller]
pub(crate) fn json_with(repo: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, Value) {
    let Ran { exit, out, err } = run_with(repo, &[arguments, &["--format", "json"]].concat(), variables);
    assert_eq!(err, "", "{arguments:?}: JSON is alone");
    (exit, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}")))
}
