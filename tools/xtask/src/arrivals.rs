//! What upstream made of real arrivals, and what we make of them: the same packages and versions, or a difference with a
//! reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use walkdir::WalkDir;

use crate::corpus::repository;
use crate::process::{Done, ensure, git, malpkg, program, run, say};

/// What is said of one package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Said {
    versions: BTreeSet<String>,
    /// In one spelling.
    ranges: BTreeSet<String>,
    /// Whether a report stands, and whether one is taken back.
    stands: BTreeSet<bool>,
    /// Everything that the deliveries on record claimed.
    claimed: BTreeSet<String>,
}

/// Places arrivals in the tree of a corpus, merges them and gives ids, all at once and in two parts the other way round;
/// then compares with the same tree as upstream left it.
pub(crate) fn run_all(corpus: &Path, arrivals: &Path, after: &Path) -> Done {
    let mut folders: Vec<PathBuf> = fs::read_dir(arrivals)
        .map_err(|error| format!("{}: {error}", arrivals.display()))?
        .filter_map(|folder| Some(folder.ok()?.path()))
        .collect();
    folders.sort();
    let (early, late) = folders.split_at(folders.len() / 2);
    let at_once = arrive(corpus, &[&folders])?;
    let turned = arrive(corpus, &[late, early])?;
    let differs = at_once.iter().find(|(package, said)| turned.get(*package) != Some(said));
    ensure(differs.is_none() && at_once.len() == turned.len(), || format!("the order decides: {differs:?}"))?;
    compare(&at_once, &read(&after.join("osv"))?)
}

fn arrive(corpus: &Path, parts: &[&[PathBuf]]) -> Done<BTreeMap<String, Said>> {
    let tool = malpkg()?;
    let room = tempfile::tempdir().map_err(|error| error.to_string())?;
    let repo = room.path().join("repo");
    repository(corpus, &repo)?;
    for part in parts {
        for folder in *part {
            run(program("cp", &["-r"]).arg(folder.join("osv")).arg(&repo))?;
        }
        run(&mut git(&repo, &["add", "--all"]))?;
        run(&mut git(&repo, &["commit", "--quiet", "--message=arrivals"]))?;
        for command in ["merge", "assign"] {
            let mut command = program(&tool, &[command, "--commit", "--quiet"]);
            for (name, value) in git(&repo, &[]).get_envs() {
                command.env(name, value.unwrap_or_default());
            }
            run(command.arg("--repo").arg(&repo))?;
        }
    }
    read(&repo.join("osv"))
}

/// What a tree says of each package.
fn read(osv: &Path) -> Done<BTreeMap<String, Said>> {
    let mut packages: BTreeMap<String, Said> = BTreeMap::new();
    for base in ["malicious", "withdrawn"] {
        for file in WalkDir::new(osv.join(base)).into_iter().filter_map(Result::ok) {
            let is_report = file.file_type().is_file() && file.path().extension().is_some_and(|e| e == "json");
            if !is_report {
                continue;
            }
            let bytes = fs::read(file.path()).map_err(|error| format!("{}: {error}", file.path().display()))?;
            let report: Value =
                serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", file.path().display()))?;
            for affected in report["affected"].as_array().into_iter().flatten() {
                let said = packages.entry(affected["package"].to_string()).or_default();
                said.stands.insert(base == "malicious");
                claims(affected, &mut said.versions, &mut said.ranges);
                let origins = &report["database_specific"]["malicious-packages-origins"];
                for origin in origins.as_array().into_iter().flatten() {
                    let (mut versions, mut ranges) = Default::default();
                    claims(origin, &mut versions, &mut ranges);
                    said.claimed.extend(versions.into_iter().chain(ranges));
                }
            }
        }
    }
    Ok(packages)
}

fn claims(said: &Value, versions: &mut BTreeSet<String>, ranges: &mut BTreeSet<String>) {
    versions.extend(said["versions"].as_array().into_iter().flatten().filter_map(|v| Some(v.as_str()?.to_owned())));
    ranges.extend(said["ranges"].as_array().into_iter().flatten().map(Value::to_string));
}

fn compare(ours: &BTreeMap<String, Said>, theirs: &BTreeMap<String, Said>) -> Done {
    let missing: Vec<&String> = theirs.keys().filter(|package| !ours.contains_key(*package)).collect();
    let more: Vec<&String> = ours.keys().filter(|package| !theirs.contains_key(*package)).collect();
    ensure(missing.is_empty() && more.is_empty(), || format!("missing: {missing:?}; too many: {more:?}"))?;
    let (mut absorbed, mut corrected) = (0, Vec::new());
    for (package, said) in ours {
        let there = &theirs[package];
        if (&said.versions, &said.ranges, &said.stands) == (&there.versions, &there.ranges, &there.stands) {
            continue;
        }
        ensure(said.stands == there.stands, || format!("{package} stands here or there alone"))?;
        let is_all = |range: &String| range.contains(r#""introduced":"0""#) && !range.contains("fixed");
        let lost = there.versions.difference(&said.versions).chain(there.ranges.difference(&said.ranges));
        if said.ranges.iter().any(is_all) && there.ranges.iter().any(is_all) {
            // Every version absorbs the list of some.
            absorbed += 1;
        } else if lost.clone().all(|claim| said.claimed.contains(claim)) {
            corrected.push(package);
        } else {
            return Err(format!("{package}: {:?} is nowhere to be found", lost.collect::<Vec<_>>()));
        }
    }
    let count = ours.len();
    say(&format!("arrivals: {count} packages as upstream has them; {absorbed} list no versions beside all of them"));
    for package in corrected {
        say(&format!("  {package}: its source said less later, and that counts; what it said before is on record"));
    }
    Ok(())
}
