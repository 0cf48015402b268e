//! Running programs, and saying what comes of it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// What a task ends with.
pub(crate) type Done<T = ()> = Result<T, String>;

/// What names the tool that is tried, where it is not the release build.
pub(crate) const TOOL: &str = "MALPKG_TOOL";

/// Says a line to whoever runs the task.
pub(crate) fn say(line: &str) {
    // Nobody is left to be told when standard output is gone.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The root of the house.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The tool: what `MALPKG_TOOL` names, or the release build, built now if it is not.
pub(crate) fn malpkg() -> Done<PathBuf> {
    if let Some(tool) = std::env::var_os(TOOL) {
        return std::fs::canonicalize(&tool).map_err(|error| format!("{}: {error}", tool.display()));
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo).args(["build", "--release", "--package", "malpkg"]).current_dir(root()))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("release/malpkg"))
}

/// A program with its arguments.
pub(crate) fn program(name: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments);
    command
}

/// Git in a folder, with nobody's own configuration.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> Command {
    // What git does by itself in the background would be measured, or be in the way.
    let mut command = program("git", &["-c", "gc.auto=0", "-c", "maintenance.auto=false"]);
    command
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Task")
        .env("GIT_AUTHOR_EMAIL", "task@example.org")
        .env("GIT_COMMITTER_NAME", "Task")
        .env("GIT_COMMITTER_EMAIL", "task@example.org");
    command
}

/// Runs a program that must succeed, and gives what it printed.
pub(crate) fn run(command: &mut Command) -> Done<String> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?} ended with {}: {}{told}", output.status, String::from_utf8_lossy(&output.stdout)))
}

/// Runs a program that must end with a code, and gives what it printed.
pub(crate) fn run_for(command: &mut Command, code: i32) -> Done<String> {
    let output = output(command)?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.code() == Some(code) {
        return Ok(printed);
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?} ended with {} and not with {code}: {printed}{told}", output.status))
}

fn output(command: &mut Command) -> Done<Output> {
    command.stdin(Stdio::null()).output().map_err(|error| format!("cannot run {command:?}: {error}"))
}

/// Runs a program with its output thrown away, whatever its exit code, and gives the seconds it took.
pub(crate) fn seconds(command: &mut Command) -> Done<f64> {
    let started = Instant::now();
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("cannot run {command:?}: {error}"))?;
    Ok(started.elapsed().as_secs_f64())
}

/// Runs a program with its output thrown away, and gives the most memory that it had, in kilobytes. It is looked at while
/// it runs, as Linux tells it.
pub(crate) fn peak_memory(command: &mut Command) -> Done<u64> {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let mut peak = 0;
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0);
        peak = peak.max(now);
        std::thread::sleep(Duration::from_millis(5));
    }
    if peak == 0 { Err("this system does not tell how much memory a program has".to_owned()) } else { Ok(peak) }
}

/// Holds something to be true.
pub(crate) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Done {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// A server that is stopped with the task.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
