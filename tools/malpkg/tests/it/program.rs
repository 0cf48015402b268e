//! Running the program as a function.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use malpkg::Exit;
use serde_json::Value;

/// When every test is.
pub(crate) const NOW: &str = "2026-06-01T12:00:00Z";

/// What one run came to.
pub(crate) struct Ran<E = Exit> {
    pub(crate) exit: E,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command on a database.
pub(crate) fn malpkg(repo: &Path, arguments: &[&str]) -> Ran {
    malpkg_at(NOW, repo, arguments)
}

/// The same at another time.
pub(crate) fn malpkg_at(now: &str, repo: &Path, arguments: &[&str]) -> Ran {
    let general = ["malpkg", "--now", now, "--repo"].map(OsString::from);
    let all = general.into_iter().chain([repo.as_os_str().to_owned()]).chain(arguments.iter().map(OsString::from));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = malpkg::run(all, &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Ran { exit, out: text(out), err: text(err) }
}

/// Runs the program as a process, which has no `--repo`, with variables in its environment.
pub(crate) fn spawned(now: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Ran<Option<i32>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_malpkg"));
    command.args(["--now", now]).args(arguments).envs(variables.iter().copied()).stdin(Stdio::null());
    let ran = command.output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Ran { exit: ran.status.code(), out: text(ran.stdout), err: text(ran.stderr) }
}

/// Runs a command for JSON, and holds it to an exit code.
#[track_caller]
pub(crate) fn json(repo: &Path, arguments: &[&str], exit: Exit) -> Value {
    let ran = malpkg(repo, &[arguments, &["--format", "json"]].concat());
    assert_eq!(ran.exit, exit, "{arguments:?}\n{}{}", ran.out, ran.err);
    assert_eq!(ran.err, "", "JSON is alone");
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
}

/// The commands that a text says to type, word by word.
pub(crate) fn typed(text: &str) -> Vec<Vec<&str>> {
    text.split('`').skip(1).step_by(2).map(|command| command.split_whitespace().collect()).collect()
}
