//! Writers with clones of their own that push to one repository: every delivery gets in, and no number is given twice.
//!
//! `cargo xtask race --writers N --deliveries N` runs this with more of both than the tests do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use malpkg::Exit;
use serde_json::Value;
use testkit::{Database, Folder, Repository, report};

use crate::program::{NOW, json};
use crate::push::clone_of;

/// How many deliveries one run takes.
const BATCH: usize = 100;

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

/// What a delivery of a writer is about: every fourth is on a package of which the other writers know too.
fn package(writer: usize, at: usize) -> String {
    if at.is_multiple_of(4) { format!("shared-{at}") } else { format!("of-{writer}-{at}") }
}

/// Delivers everything of one writer, batch by batch, and gives the commits that it made.
fn deliver(writer: usize, clone: &Repository, deliveries: usize) -> Vec<String> {
    let mut commits = Vec::new();
    let all: Vec<usize> = (0..deliveries).collect();
    for batch in all.chunks(BATCH.min(deliveries.div_ceil(4))) {
        let inbox = Folder::empty();
        for &at in batch {
            let version = format!("1.{writer}.0");
            let delivery = report(&format!("W{writer}-{at}"), "npm", &package(writer, at), &[&version]);
            inbox.write(&format!("{at}.json"), delivery);
        }
        commits.extend(push(clone.path(), &inbox));
    }
    commits
}

/// Runs the program until the branch does not move under it any more, and gives the commit, if one was needed.
fn push(clone: &Path, inbox: &Folder) -> Option<String> {
    loop {
        let output = Command::new(env!("CARGO_BIN_EXE_malpkg"))
            .args(["--now", NOW, "--format", "json", "--repo"])
            .arg(clone)
            .args(["ingest", "--source", "feed"])
            .arg(inbox.path())
            .args(["--push", "origin"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        match output.status.code() {
            Some(0) => {
                let done: Value = serde_json::from_str(&told).unwrap();
                return done["commit"].as_str().map(str::to_owned);
            }
            Some(3) => {}
            code => panic!("the run ended with {code:?}: {told}{}", String::from_utf8_lossy(&output.stderr)),
        }
    }
}

#[test]
fn many_writers_lose_nothing() {
    let (writers, deliveries) = (number("MALPKG_RACE_WRITERS", 3), number("MALPKG_RACE_DELIVERIES", 12));
    let shared = Database::default().with("malpkg.toml", "[source.feed]\nformat = \"osv\"\n").bare();
    let clones: Vec<Repository> = (0..writers).map(|_| clone_of(&shared)).collect();
    let commits: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = clones
            .iter()
            .enumerate()
            .map(|(writer, clone)| scope.spawn(move || deliver(writer, clone, deliveries)))
            .collect();
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    shared.fsck();
    let history: BTreeSet<String> = shared.run(&["rev-list", "main"]).lines().map(str::to_owned).collect();
    assert!(commits.iter().all(|commit| history.contains(commit)), "a commit was lost");
    assert_eq!(history.len(), commits.len() + 1, "each is there once, after the first one");
    let found = json(shared.path(), &["validate"], Exit::Done);
    assert_eq!(found["verdict"], "clean");

    let reader = clone_of(&shared);
    let mut packages: BTreeMap<String, Value> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for path in reader.list().iter().filter(|path| path.starts_with("osv/malicious/")) {
        let read: Value = serde_json::from_str(&reader.read(path)).unwrap();
        assert!(ids.insert(read["id"].to_string()), "{} is given twice", read["id"]);
        packages.insert(read["affected"][0]["package"]["name"].as_str().unwrap().to_owned(), read);
    }
    assert_eq!(found["reports"].as_u64(), Some(packages.len() as u64));
    for (writer, at) in (0..writers).flat_map(|writer| (0..deliveries).map(move |at| (writer, at))) {
        let report = &packages[&package(writer, at)];
        let origins = report["database_specific"]["malicious-packages-origins"].as_array().unwrap();
        let id = format!("W{writer}-{at}");
        assert!(origins.iter().any(|origin| origin["id"] == *id), "{id} is not in {}", report["id"]);
    }
    assert!(shared.show("main", "osv/ids.json").contains(&format!("{}", 900_000 + ids.len())), "a number is left out");
}
