//! Fuzzing: what a fuzzer makes up, through each door of `properties` in turn.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use osv_schema::{Document, Record};
use walkdir::WalkDir;

use crate::process::{Done, ensure, program, root, say};

/// What builds and runs the targets.
const CARGO_FUZZ: &str = "cargo-fuzz@0.13.2";
/// How many lines are shown of what a fuzzer said in the end.
const LINES_SHOWN: usize = 40;

/// Runs targets, all where none is named, each for some seconds. The first input that breaks something ends it.
pub(crate) fn run(named: &[String], seconds: u64) -> Done {
    let all = targets()?;
    if let Some(unknown) = named.iter().find(|name| !all.contains(name.as_str())) {
        return Err(format!("there is no target `{unknown}`; there are {all:?}"));
    }
    let tool = cargo_fuzz()?;
    // What is fuzzed is built of the same versions as what is run.
    fs::copy(root().join("Cargo.lock"), root().join("fuzz/Cargo.lock")).map_err(|error| error.to_string())?;
    for target in all.iter().filter(|target| named.is_empty() || named.contains(target)) {
        let seeds = room("seeds", target)?;
        for (number, seed) in seeds_of(target)?.into_iter().enumerate() {
            fs::write(seeds.join(number.to_string()), seed).map_err(|error| error.to_string())?;
        }
        fuzz(&tool, target, &seeds, seconds)?;
    }
    Ok(())
}

/// The targets by the names of their files.
fn targets() -> Done<BTreeSet<String>> {
    let files = fs::read_dir(root().join("fuzz/fuzz_targets")).map_err(|error| format!("fuzz_targets: {error}"))?;
    let stem = |file: fs::DirEntry| Some(file.path().file_stem()?.to_string_lossy().into_owned());
    Ok(files.filter_map(Result::ok).filter_map(stem).collect())
}

/// The program, installed where it is not yet.
fn cargo_fuzz() -> Done<PathBuf> {
    let folder = root().join("target/tools");
    let tool = folder.join("bin/cargo-fuzz");
    if !tool.exists() {
        let install = &mut program("cargo", &["install", "--quiet", "--locked", CARGO_FUZZ, "--root"]);
        crate::process::run(install.arg(&folder))?;
    }
    Ok(tool)
}

/// A folder of one target below `target/fuzz`.
fn room(what: &str, target: &str) -> Done<PathBuf> {
    let folder = root().join("target/fuzz").join(what).join(target);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

fn fuzz(tool: &Path, target: &str, seeds: &Path, seconds: u64) -> Done {
    let (corpus, found) = (room("corpus", target)?, room("found", target)?);
    let mut command = Command::new(tool);
    // Nothing that is fuzzed is unsafe, so there is nothing for a sanitizer to see but the time that it takes.
    command
        .args(["run", "--sanitizer=none", "--codegen-units=16", "--fuzz-dir=fuzz", "--target-dir=target/fuzz", target])
        .args([&corpus, seeds])
        .args(["--", "-print_final_stats=1", "-timeout=30", "-rss_limit_mb=2048", "-max_len=32768"])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-dict={}", root().join(format!("tools/properties/pieces/{target}.dict")).display()))
        .arg(format!("-artifact_prefix={}/", found.display()))
        // The compiler that everything is built with also knows how to count what an input reaches.
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(root())
        .stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().rev().take(LINES_SHOWN).collect();
    ensure(output.status.success(), || {
        let last: Vec<&str> = last.iter().rev().copied().collect();
        format!("{target} ended with {}; what it found lies in {}\n{}", output.status, found.display(), last.join("\n"))
    })?;
    let count = last.iter().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let count = count.ok_or_else(|| format!("{target} does not say how much it tried: {last:?}"))?;
    say(&format!("{target}: {} inputs, and nothing broke", count.trim()));
    Ok(())
}

/// Inputs out of our own reports, in the form in which the target reads them.
fn seeds_of(target: &str) -> Done<BTreeSet<Vec<u8>>> {
    let mut seeds = BTreeSet::new();
    for file in WalkDir::new(root().join("osv/malicious")).into_iter().filter_map(Result::ok) {
        if file.path().extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let bytes = fs::read(file.path()).map_err(|error| format!("{}: {error}", file.path().display()))?;
        let document = Document::parse(&bytes).map_err(|error| format!("{}: {error}", file.path().display()))?;
        let record = Record::read(&document).ok_or_else(|| format!("{} is no record", file.path().display()))?;
        let path = file.path().strip_prefix(root()).unwrap_or(file.path());
        let texts = match target {
            "record" => vec![document.text().to_owned()],
            "details" => vec![record.details.as_str().unwrap_or_default().to_owned()],
            "path" => [names(&record, ""), vec![path.to_string_lossy().into_owned()]].concat(),
            "purl" => [names(&record, "1.0.0\n"), purls(&record)].concat(),
            "repository" => remotes(&record),
            other => return Err(format!("`seeds_of` has no seeds for the target `{other}`")),
        };
        seeds.extend(texts.into_iter().map(String::into_bytes));
    }
    Ok(seeds)
}

/// Ecosystem, what is to stand between, and name.
fn names(record: &Record, between: &str) -> Vec<String> {
    let packages = record.affected.items().iter().filter_map(|affected| affected.package.value());
    let name = |package: &osv_schema::Package| {
        Some(format!("{}\n{between}{}", package.ecosystem.as_str()?, package.name.as_str()?))
    };
    packages.filter_map(name).collect()
}

fn purls(record: &Record) -> Vec<String> {
    let packages = record.affected.items().iter().filter_map(|affected| affected.package.value());
    packages.filter_map(|package| package.purl.as_str().map(str::to_owned)).collect()
}

fn remotes(record: &Record) -> Vec<String> {
    let ranges = record.affected.items().iter().flat_map(|affected| affected.ranges.items());
    let repos = ranges.filter_map(|range| range.repo.as_str());
    let urls = record.references.items().iter().filter_map(|reference| reference.url.as_str());
    repos.chain(urls).map(str::to_owned).collect()
}
