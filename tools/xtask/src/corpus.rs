//! A corpus as a git repository, and the whole line run on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use walkdir::WalkDir;

use crate::process::{Done, ensure, git, malpkg, program, run, run_for, say};

/// How many deliveries a replay sends.
const DELIVERIES: usize = 10;

/// Makes a packed git repository of a corpus in a folder.
pub(crate) fn repository(corpus: &Path, folder: &Path) -> Done {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let osv = corpus.join("osv");
    ensure(osv.is_dir(), || format!("{} holds no `osv`", corpus.display()))?;
    run(program("cp", &["-r"]).arg(osv).arg(folder))?;
    fs::write(folder.join("malpkg.toml"), "[source.replay]\nformat = \"osv\"\n").map_err(|error| error.to_string())?;
    run(&mut git(folder, &["init", "--quiet", "--initial-branch=main"]))?;
    run(&mut git(folder, &["add", "--all"]))?;
    run(&mut git(folder, &["commit", "--quiet", "--message=corpus"]))?;
    run(&mut git(folder, &["gc", "--quiet"])).map(|_| ())
}

/// Runs validate, ingest, export and query on a corpus and a few real deliveries, and proves what each promises.
pub(crate) fn replay(corpus: &Path, deliveries: &Path) -> Done {
    let tool = malpkg()?;
    let room = tempfile::tempdir().map_err(|error| error.to_string())?;
    let repo = room.path().join("repo");
    repository(corpus, &repo)?;
    let malpkg = |arguments: &[&str]| -> Command {
        let mut command = program(&tool, arguments);
        let repo = repo.to_string_lossy().into_owned();
        command.args(["--repo", &repo, "--format", "json"]);
        for (name, value) in git(room.path(), &[]).get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command
    };
    let json = |text: String| serde_json::from_str::<Value>(&text).map_err(|error| format!("{error}: {text}"));

    let validated = json(run(&mut malpkg(&["validate"]))?)?;
    say(&format!("validate: {} reports, {} findings", validated["reports"], found(&validated)));

    let inbox = room.path().join("inbox");
    let sent = fill(&inbox, deliveries)?;
    let ingest = ["ingest", "--source", "replay", "--commit"];
    let inbox_text = inbox.to_string_lossy().into_owned();
    let first = json(run(malpkg(&ingest).arg(&inbox_text))?)?;
    let source = &first["sources"][0];
    say(&format!("ingest: {} read, {} created, {} joined", source["deliveries"], source["created"], source["joined"]));
    ensure(source["deliveries"] == sent, || format!("{sent} deliveries were sent: {first}"))?;
    ensure(first["commit"].is_string() && source["rejected"] == 0, || format!("all should have come in: {first}"))?;
    let again = json(run(malpkg(&ingest).arg(&inbox_text))?)?;
    ensure(again["commit"].is_null() && again["sources"][0]["unchanged"] == sent, || format!("sent again: {again}"))?;
    run(&mut git(&repo, &["fsck", "--full", "--strict"]))?;
    let status = run(&mut git(&repo, &["status", "--porcelain"]))?;
    ensure(status.is_empty(), || format!("the working tree is not clean: {status}"))?;

    for path in documents(&inbox)? {
        let sent = read_json(&path)?;
        let package = &sent["affected"][0]["package"];
        for version in sent["affected"][0]["versions"].as_array().into_iter().flatten() {
            let what = format!("{}/{}@{}", text(&package["ecosystem"]), text(&package["name"]), text(version));
            let answer = json(run_for(&mut malpkg(&["query", &what]), 1)?)?;
            ensure(answer["answers"][0]["verdict"] == "malicious", || format!("{what} came in: {answer}"))?;
        }
    }
    let out = room.path().join("out");
    run(malpkg(&["export"]).arg("--out").arg(&out))?;
    compare(&repo, &out)
}

fn found(validated: &Value) -> usize {
    validated["findings"].as_array().map_or(0, Vec::len)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn documents(folder: &Path) -> Done<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|error| error.to_string())?;
        if entry.file_type().is_file() && entry.path().extension().is_some_and(|extension| extension == "json") {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

fn read_json(path: &Path) -> Done<Value> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// Puts some deliveries into a folder, spread over all that there are, and says how many.
fn fill(inbox: &Path, deliveries: &Path) -> Done<usize> {
    fs::create_dir_all(inbox).map_err(|error| error.to_string())?;
    let all = documents(deliveries)?;
    ensure(all.len() >= DELIVERIES, || format!("{} holds too few deliveries", deliveries.display()))?;
    for number in 0..DELIVERIES {
        let to = inbox.join(format!("{number}.json"));
        fs::copy(&all[number * all.len() / DELIVERIES], to).map_err(|error| error.to_string())?;
    }
    Ok(DELIVERIES)
}

/// Proves that the archive holds each report of the commit once, and says the same but for what the published
/// profile documents: no origins, a purl, whole seconds, normal names, one meaning an entry, an order of references, a verdict.
fn compare(repo: &Path, out: &Path) -> Done {
    let unpacked = out.with_extension("unpacked");
    run(program("unzip", &["-q", "-d"]).arg(&unpacked).arg(out.join("all.zip")))?;
    let published: BTreeMap<String, PathBuf> = documents(&unpacked)?
        .into_iter()
        .map(|path| (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path))
        .collect();
    let mut seen = BTreeSet::new();
    for path in documents(&repo.join("osv"))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "ids.json" {
            continue;
        }
        let there = published.get(&name).ok_or_else(|| format!("{name} is not in all.zip"))?;
        let (stored, published) = (read_json(&path)?, read_json(there)?);
        let malpkg = &published["database_specific"]["malpkg"];
        let state = if stored["withdrawn"].is_string() { "withdrawn" } else { "live" };
        ensure(malpkg["state"] == state && malpkg["kind"].is_string(), || format!("{name} has no verdict: {malpkg}"))?;
        let verdict = |kind: &Value| if kind.is_string() { kind.clone() } else { "malware".into() };
        ensure(malpkg["kind"] == verdict(&stored["database_specific"]["malpkg"]["kind"]), || {
            format!("{name} is published as {malpkg}")
        })?;
        let (stored, published) = (expected(stored), expected(published));
        ensure(stored == published, || format!("{name} was published with another meaning:\n{stored}\n{published}"))?;
        ensure(seen.insert(name.clone()), || format!("{name} stands twice in the tree"))?;
    }
    ensure(seen.len() == published.len(), || "all.zip holds more than the tree".into())?;
    say(&format!("export: {} reports, each in all.zip once and with the same meaning", seen.len()));
    Ok(())
}

/// A record without what publishing changes.
fn expected(mut record: Value) -> Value {
    if let Some(specific) = record["database_specific"].as_object_mut() {
        specific.remove("malicious-packages-origins");
        // What the verdict adds was looked at before.
        if let Some(malpkg) = specific.get_mut("malpkg").and_then(Value::as_object_mut) {
            malpkg.remove("state");
            malpkg.remove("kind");
            if malpkg.is_empty() {
                specific.remove("malpkg");
            }
        }
        if specific.is_empty() {
            record["database_specific"] = Value::Null;
        }
    }
    for member in ["published", "modified", "withdrawn"] {
        let whole = record[member].as_str().map(|time| format!("{}Z", &time[..19.min(time.len())]));
        record[member] = whole.map_or(Value::Null, Value::String);
    }
    for affected in record["affected"].as_array_mut().into_iter().flatten() {
        if let Some(package) = affected["package"].as_object_mut() {
            package.remove("purl");
            if package["ecosystem"] == "PyPI" {
                let name = text(&package["name"]).to_lowercase().replace(['_', '.'], "-");
                package.insert("name".into(), name.into());
            }
        }
        // Every version is one meaning; beside it none is listed.
        let is_all = affected["ranges"].as_array().into_iter().flatten().any(is_everything);
        if let Some(members) = affected.as_object_mut().filter(|_| is_all) {
            members.remove("versions");
        }
    }
    if let Some(references) = record["references"].as_array_mut() {
        let rank = |one: &Value| ["ADVISORY", "WEB"].iter().position(|kind| one["type"] == *kind).unwrap_or(2);
        references.sort_by_key(rank);
    }
    if let Some(members) = record.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    record
}

/// Whether a range begins before everything and nothing ends it.
fn is_everything(range: &Value) -> bool {
    let events: Vec<&Value> = range["events"].as_array().into_iter().flatten().collect();
    range["type"] != "GIT"
        && events.iter().any(|event| event["introduced"] == "0")
        && events.iter().all(|event| event["introduced"].is_string() || event["limit"] == "*")
}
