//! What a release costs: in full against Info-ZIP, after a change against copying it, and a question to its lookup file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use walkdir::WalkDir;

use super::Bench;
use crate::process::{Done, git, peak_memory, program, run, say, seconds};

/// The targets of the first measures: the archives alone.
const ARCHIVES: [&str; 2] = ["--only", "zip"];
/// Every target that is written unasked.
const DEFAULT: [&str; 0] = [];
/// The lookup file.
const LOOKUP: &str = "malpkg.sqlite";

pub(super) fn run_all(bench: &Bench) -> Done {
    full(bench)?;
    let has_parent = run(&mut git(&bench.repo, &["rev-parse", "--verify", "--quiet", "HEAD~1"])).is_ok();
    if has_parent {
        change(bench)?;
    } else {
        say("release after a change: did not run, the corpus has one commit only");
    }
    everything(bench, has_parent)?;
    lookup(bench)
}

/// An export of a revision into a folder of the bench.
fn export(bench: &Bench, rev: &str, targets: &[&str], out: &Path) -> Command {
    let mut command = bench.malpkg(&["export", "--rev", rev]);
    command.args(targets).arg("--out").arg(out);
    command
}

fn full(bench: &Bench) -> Done {
    let (out, zip) = (bench.room.join("zip"), bench.room.join("info.zip"));
    let ours = || {
        let _ = fs::remove_dir_all(&out);
        export(bench, "HEAD", &ARCHIVES, &out)
    };
    if bench.repo.join("osv").is_dir() {
        let theirs = || {
            let _ = fs::remove_file(&zip);
            seconds(program("zip", &["-q", "-6", "-r"]).arg(&zip).arg("osv").current_dir(&bench.repo))
        };
        bench.pair("export, against zip -6 -r of the same files", &|| seconds(&mut ours()), &theirs)?;
    } else {
        say("export, against zip -6 -r: did not run in a bare repository");
    }
    say(&format!("memory: {} MB at the peak of an export", peak_memory(&mut ours())? / 1024));
    Ok(())
}

/// The release of HEAD made over that of the commit before, which is made again before each run.
fn change(bench: &Bench) -> Done {
    let (out, copied) = (bench.room.join("zip"), bench.room.join("copied"));
    let before = || run(&mut export(bench, "HEAD~1", &ARCHIVES, &out)).map(|_| ());
    let ours = || export(bench, "HEAD", &ARCHIVES, &out);
    bench.pair(
        "export after the last commit, against cp of the archives",
        &|| {
            before()?;
            seconds(&mut ours())
        },
        &|| {
            let _ = fs::remove_dir_all(&copied);
            fs::create_dir(&copied).map_err(|error| error.to_string())?;
            seconds(program("cp", &["--parents"]).args(archives(&out)).arg(&copied).current_dir(&out))
        },
    )?;
    before()?;
    say(&format!("memory: {} MB at the peak of the same", peak_memory(&mut ours())? / 1024));
    Ok(())
}

/// The archives of a release, by their paths in it.
fn archives(dir: &Path) -> Vec<PathBuf> {
    let files = WalkDir::new(dir).into_iter().flatten().map(walkdir::DirEntry::into_path);
    let archives = files.filter(|path| path.extension().is_some_and(|extension| extension == "zip"));
    archives.filter_map(|path| path.strip_prefix(dir).ok().map(Path::to_owned)).collect()
}

/// All that is written unasked, in full and over the release of the commit before.
fn everything(bench: &Bench, has_parent: bool) -> Done {
    let out = bench.room.join("all");
    let mut all = export(bench, "HEAD", &DEFAULT, &out);
    all.arg("--full");
    seconds(&mut all)?;
    let mut times: Vec<f64> = (0..bench.runs).map(|_| seconds(&mut all)).collect::<Done<_>>()?;
    let peak = peak_memory(&mut all)? / 1024;
    say(&format!("every default target in full: {:.3} s, {peak} MB at the peak", super::median(&mut times)));
    if !has_parent {
        return Ok(());
    }
    let before = || run(&mut export(bench, "HEAD~1", &DEFAULT, &out)).map(|_| ());
    let after = || {
        before()?;
        seconds(&mut export(bench, "HEAD", &DEFAULT, &out))
    };
    after()?;
    let mut times: Vec<f64> = (0..bench.runs).map(|_| after()).collect::<Done<_>>()?;
    before()?;
    let peak = peak_memory(&mut export(bench, "HEAD", &DEFAULT, &out))? / 1024;
    say(&format!("the same after the last commit: {:.3} s, {peak} MB at the peak", super::median(&mut times)));
    Ok(())
}

/// One question to the lookup file, each in a process of its own.
fn lookup(bench: &Bench) -> Done {
    let file = bench.room.join("all").join(LOOKUP);
    let size = fs::metadata(&file).map_err(|error| format!("{}: {error}", file.display()))?.len();
    say(&format!("{LOOKUP}: {:.1} MB", size as f64 / 1e6));
    let ask = |from: &Path, question: &str| program("sqlite3", &[]).arg(from).arg(question).output();
    let Ok(asked) = ask(&file, "SELECT name FROM verdict WHERE ecosystem = 'npm' LIMIT 1 OFFSET 1000") else {
        say("one question to it: did not run, there is no sqlite3 here");
        return Ok(());
    };
    let name = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    let quoted = name.replace('\'', "''");
    let question = format!("SELECT * FROM verdict WHERE ecosystem = 'npm' AND name = '{quoted}'");
    let nothing = || seconds(program("sqlite3", &[":memory:", "SELECT 1"]).current_dir(&bench.room));
    bench.pair(
        "one question: sqlite3 and the lookup file, against sqlite3 :memory: 'SELECT 1'",
        &|| seconds(program("sqlite3", &[]).arg(&file).arg(&question)),
        &nothing,
    )?;
    bench.pair(
        "one question: malpkg query --from the lookup file, against the same",
        &|| seconds(program(&bench.tool, &["query", &format!("npm/{name}"), "--from"]).arg(&file)),
        &nothing,
    )
}
