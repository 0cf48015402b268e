//! Dedupe on a corpus: reports get a second one under another spelling or alias, and are made one again, at what cost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};
use walkdir::WalkDir;

use crate::process::{Done, ensure, git, malpkg, program, run as run_program, run_for, say};
use crate::{corpus, generate};

/// How many reports are made up where no corpus is named.
const REPORTS: u64 = 20_000;

/// A report and its double.
struct Pair {
    ids: BTreeSet<String>,
    versions: BTreeSet<String>,
    origins: usize,
}

struct Room {
    tool: PathBuf,
    repo: PathBuf,
}

/// Gives so many reports of a corpus a double each, and makes them one.
pub(crate) fn run(groups: usize, from: Option<&Path>) -> Done {
    let tool = malpkg()?;
    let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
    let room = Room { tool, repo: temporary.path().join("repo") };
    match from {
        Some(from) => corpus::repository(from, &room.repo)?,
        None => {
            generate::run_plan(&generate::Plan { reports: REPORTS, commits: 40, seed: 1, is_bare: false }, &room.repo)?;
            run_program(&mut git(&room.repo, &["reset", "--quiet", "--hard"]))?;
        }
    }
    let pairs = room.double(groups)?;
    ensure(pairs.len() == groups, || format!("only {} reports can have a double", pairs.len()))?;
    run_program(&mut git(&room.repo, &["add", "--all"]))?;
    run_program(&mut git(&room.repo, &["commit", "--quiet", "--message=doubles"]))?;
    let base = run_program(&mut git(&room.repo, &["rev-parse", "HEAD"]))?.trim().to_owned();
    let forget = || fs::remove_dir_all(room.repo.join(".git/malpkg"));

    let _ = forget();
    let started = Instant::now();
    room.command(&["dedupe"]).output().map_err(|error| error.to_string())?;
    let unseen = started.elapsed().as_secs_f64();
    let _ = forget();
    let started = Instant::now();
    // The corpus may have faults of its own.
    let _ = room.command(&["validate", "--rev", "HEAD"]).output().map_err(|error| error.to_string())?;
    let whole = started.elapsed().as_secs_f64();
    // A plan that takes many reports away is shown, and ends with 1.
    let started = Instant::now();
    let planned = room.command(&["dedupe"]).output().map_err(|error| error.to_string())?;
    let plan = started.elapsed().as_secs_f64();
    let planned: Value = serde_json::from_slice(&planned.stdout).map_err(|error| error.to_string())?;
    let kinds = planned["changes"].as_array().into_iter().flatten().filter(|change| change["kind"] == "withdraw");
    let allow = format!("withdraw={}", kinds.count());
    let started = Instant::now();
    let done = room.json(&["dedupe", "--commit", "--allow", &allow], 0)?;
    let cost = started.elapsed().as_secs_f64();
    say(&format!("{groups} doubles; one full check takes {whole:.2} s"));
    for (what, seconds) in [("made one", cost), ("the plan of it", plan), ("the plan, with nothing kept", unseen)] {
        say(&format!("{what}: {seconds:.2} s, ratio {:.2}", seconds / whole));
    }
    ensure(cost < whole, || format!("dedupe takes {cost:.2} s, a full check {whole:.2} s"))?;
    ensure(done["commit"].is_string() && done["rejected"] == json!([]), || format!("all become one: {done}"))?;
    let again = room.json(&["dedupe"], 0)?;
    ensure(again["changes"] == json!([]), || format!("made one twice: {again}"))?;
    let verdict = room.json(&["validate", "--rev", "HEAD", "--base-exact", &base], 0)?;
    ensure(verdict["verdict"] != "introduced", || format!("it brings faults: {verdict}"))?;
    room.compare(&pairs)
}

impl Room {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(&self.tool, arguments);
        command.arg("--repo").arg(&self.repo).args(["--format", "json"]);
        for (name, value) in git(&self.repo, &[]).get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command
    }

    fn json(&self, arguments: &[&str], code: i32) -> Done<Value> {
        let told = run_for(&mut self.command(arguments), code)?;
        serde_json::from_str(&told).map_err(|error| format!("{error}: {told}"))
    }

    /// Writes a double beside reports: of a Python package under another spelling, of others under another alias.
    fn double(&self, groups: usize) -> Done<Vec<Pair>> {
        let mut pairs = Vec::new();
        let mut packages: BTreeMap<String, usize> = BTreeMap::new();
        let mut reports: Vec<PathBuf> = WalkDir::new(self.repo.join("osv/malicious"))
            .into_iter()
            .filter_map(Result::ok)
            .map(walkdir::DirEntry::into_path)
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        reports.sort();
        for path in &reports {
            *packages.entry(folder(path)).or_default() += 1;
        }
        // From all of it, and not from where it begins.
        let step = (reports.len() / groups.max(1) / 2).max(1);
        let chosen = (0..step).flat_map(|from| reports.iter().skip(from).step_by(step));
        let mut taken = BTreeSet::new();
        for path in chosen {
            if pairs.len() == groups {
                break;
            }
            if packages.get(&folder(path)) != Some(&1) || !taken.insert(folder(path)) {
                continue;
            }
            pairs.extend(double(path, pairs.len())?);
        }
        Ok(pairs)
    }

    /// Nothing is lost, and every id leads to the one that stays.
    fn compare(&self, pairs: &[Pair]) -> Done {
        let words: Vec<&str> = pairs.iter().flat_map(|pair| &pair.ids).map(String::as_str).collect();
        let asked = self.json(&[&["query"], &words[..]].concat(), 1)?;
        let answers = asked["answers"].as_array().map_or(&[][..], Vec::as_slice);
        ensure(answers.len() == words.len(), || format!("{} answers to {} ids", answers.len(), words.len()))?;
        let mut answers = answers.iter();
        for pair in pairs {
            let mut survivor: Option<&Value> = None;
            for id in &pair.ids {
                let found =
                    answers.next().and_then(|answer| answer["reports"].as_array()).map_or(&[][..], Vec::as_slice);
                let [one] = found else { return Err(format!("{id} leads to {} reports", found.len())) };
                ensure(one["withdrawn"].is_null(), || format!("{id} leads to a report that is withdrawn"))?;
                ensure(survivor.is_none_or(|known| known["id"] == one["id"]), || format!("{id} leads elsewhere"))?;
                survivor = Some(one);
            }
            let Some(survivor) = survivor else { continue };
            let id = &survivor["id"];
            let listed = texts(&survivor["affected_versions"]);
            ensure(pair.versions.is_subset(&listed), || format!("{id} lost versions: {listed:?}"))?;
            let path = self.repo.join(survivor["path"].as_str().unwrap_or_default());
            let record = read(&path)?;
            let kept = record["database_specific"]["malicious-packages-origins"].as_array().map_or(0, Vec::len);
            ensure(kept >= pair.origins, || format!("{id} has {kept} of {} origins", pair.origins))?;
        }
        say(&format!("{} ids lead to {} reports, with all versions and origins", words.len(), pairs.len()));
        Ok(())
    }
}

/// The package of a report, as far as the path tells it: spellings of one Python package are one.
fn folder(path: &Path) -> String {
    let folder = path.parent().unwrap_or(path).to_string_lossy().to_lowercase();
    folder.replace(['_', '.'], "-")
}

/// Writes a double of a report, unless it is of no use for it.
fn double(path: &Path, number: usize) -> Done<Option<Pair>> {
    let mut record = read(path)?;
    let (Some(id), Some(affected)) = (record["id"].as_str().map(str::to_owned), record["affected"].get(0).cloned())
    else {
        return Ok(None);
    };
    let Some(name) = affected["package"]["name"].as_str() else { return Ok(None) };
    let ecosystem = affected["package"]["ecosystem"].as_str().unwrap_or_default();
    // One whose ranges cover everything has no use for one more version.
    if !matches!(ecosystem, "npm" | "PyPI" | "RubyGems") || !affected["ranges"].is_null() || name.contains('/') {
        return Ok(None);
    }
    let (other, alias, version) =
        (format!("MAL-2026-{}", 700_001 + number), format!("GHSA-dbl-{number:05}-aaaa"), format!("99.0.{number}"));
    let origins = record["database_specific"]["malicious-packages-origins"].as_array().map_or(0, Vec::len);
    let mut versions = texts(&affected["versions"]);
    versions.insert(version.clone());
    let mut ids = texts(&record["aliases"]);
    ids.extend([id, other.clone(), alias.clone()]);
    let mut place = path.parent().unwrap_or(path).to_owned();
    if ecosystem == "PyPI" {
        let spelled = spelled(name);
        place = place.with_file_name(&spelled);
        record["affected"][0]["package"]["name"] = json!(spelled);
    }
    record["id"] = json!(other);
    record["aliases"] = json!([alias]);
    record["published"] = json!("2026-01-01T00:00:00Z");
    record["modified"] = json!("2026-01-02T00:00:00Z");
    record["affected"][0]["versions"] = json!([version]);
    record["database_specific"] = json!({ "malicious-packages-origins": [{
        "source": "doubles", "sha256": format!("{number:064x}"), "id": format!("D-{number}"), "versions": [version],
        "import_time": "2026-01-02T00:00:00Z", "modified_time": "2026-01-01T00:00:00Z",
    }] });
    if let Some(package) = record["affected"][0]["package"].as_object_mut() {
        package.remove("purl");
    }
    fs::create_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    let file = place.join(format!("{other}.json"));
    fs::write(&file, format!("{record:#}\n")).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(Some(Pair { ids, versions, origins: origins + 1 }))
}

/// Another spelling of a Python package's name.
fn spelled(name: &str) -> String {
    let mut spelled = name.replace('-', "_");
    if let Some(first) = spelled.get(..1).map(str::to_uppercase) {
        spelled.replace_range(..1, &first);
    }
    if spelled == name { name.to_uppercase() } else { spelled }
}

fn texts(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(|one| Some(one.as_str()?.to_owned())).collect()
}

fn read(path: &Path) -> Done<Value> {
    let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))
}
