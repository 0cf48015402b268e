//! Deltas: what each commit changed, and that they lead from any release to any later one.

use std::collections::BTreeMap;
use std::fs;

use malpkg::Exit;
use serde_json::Value;
use testkit::{Database, Folder, Repository, report, withdrawn_report};

use crate::program::json;

/// The path of a report on npm.
fn path(base: &str, number: usize) -> String {
    format!("osv/{base}/npm/name-{number}/MAL-2026-{number}.json")
}

fn good(number: usize, versions: &[&str]) -> String {
    report(&format!("MAL-2026-{number}"), "npm", &format!("name-{number}"), versions)
}

/// A report with an error, which is held.
fn bad(number: usize) -> String {
    report(&format!("MAL-2026-{number}"), "npm", "another", &["1.0.0"])
}

fn withdrawn(number: usize) -> String {
    let (id, name) = (format!("MAL-2026-{number}"), format!("name-{number}"));
    withdrawn_report(&id, "npm", &name, &["1.0.0"], "2026-03-01T00:00:00Z")
}

struct Line {
    repository: Repository,
    folder: Folder,
    commits: Vec<String>,
}

impl Line {
    fn new() -> Line {
        let mut database = Database::default();
        for number in 1..=5 {
            database = database.with(&path("malicious", number), &good(number, &["1.0.0"]));
        }
        let mut line = Line { repository: database.repository(), folder: Folder::empty(), commits: Vec::new() };
        line.export(&[]);
        line
    }

    fn put(&self, path: &str, text: &str) {
        self.repository.write(path, text);
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.repository.place(path)).unwrap();
    }

    /// Commits what was changed, and exports the commit into a folder of its number.
    fn commit(&mut self) {
        self.repository.commit("a step");
        self.export(&[]);
    }

    fn export(&mut self, more: &[&str]) {
        let dir = self.folder.place(&self.commits.len().to_string());
        self.commits.push(self.repository.id("HEAD"));
        let arguments = ["export", "--only", "zip,delta", "--format", "json", "--out", dir.to_str().unwrap()];
        let ran = crate::program::malpkg(self.repository.path(), &[&arguments, more].concat());
        assert!(matches!(ran.exit, Exit::Done | Exit::Found), "{}{}", ran.out, ran.err);
    }

    fn read(&self, release: usize, path: &str) -> Value {
        serde_json::from_str(&self.folder.read(&format!("{release}/{path}"))).unwrap()
    }

    /// What the newest release says of its own commit.
    fn newest(&self) -> Value {
        let last = self.commits.len() - 1;
        self.read(last, &format!("delta/{}..{}.json", self.commits[last - 1], self.commits[last]))
    }

    /// The records of an archive.
    fn records(&self, archive: &str) -> BTreeMap<String, Vec<u8>> {
        let room = Folder::empty();
        let archive = self.folder.place(archive);
        let ran = std::process::Command::new("unzip").arg("-qq").arg(archive).arg("-d").arg(room.path()).output();
        // It ends with 1 at an archive without files.
        assert!(ran.unwrap().status.code().is_some_and(|code| code <= 1));
        room.list().into_iter().map(|name| (name.clone(), fs::read(room.place(&name)).unwrap())).collect()
    }

    /// Goes from one release to a later one by what the later one publishes.
    fn follow(&self, from: usize, to: usize) -> BTreeMap<String, Vec<u8>> {
        let mut records = self.records(&format!("{from}/all.zip"));
        let index = self.read(to, "delta/index.json");
        let mut deltas: Vec<&Value> = index["deltas"].as_array().unwrap().iter().collect();
        deltas.reverse();
        let begin = deltas.iter().position(|delta| delta["from"] == self.commits[from].as_str()).unwrap();
        for delta in &deltas[begin..] {
            let told = self.read(to, delta["json"].as_str().unwrap());
            let gone = ["held", "removed"].iter().flat_map(|list| told[list].as_array().unwrap());
            gone.for_each(|id| drop(records.remove(&format!("{}.json", id.as_str().unwrap()))));
            records.extend(self.records(&format!("{to}/{}", delta["zip"].as_str().unwrap())));
        }
        records
    }
}

/// Holds the lists of a delta to what is expected of them; the others are empty.
#[track_caller]
fn check(delta: &Value, expected: &[(&str, &[usize])]) {
    for list in ["added", "changed", "withdrawn", "reinstated", "held", "removed"] {
        let numbers = expected.iter().find(|(name, _)| *name == list).map_or(&[][..], |(_, numbers)| numbers);
        let ids: Vec<String> = numbers.iter().map(|number| format!("MAL-2026-{number}")).collect();
        assert_eq!(delta[list], Value::from(ids), "{list} of {delta}");
    }
}

#[test]
fn a_delta_tells_what_a_commit_changed() {
    let mut line = Line::new();
    line.put(&path("malicious", 6), &good(6, &["1.0.0"]));
    line.put(&path("malicious", 1), &good(1, &["1.0.0", "2.0.0"]));
    line.commit();
    check(&line.newest(), &[("added", &[6]), ("changed", &[1])]);
    // Withdrawn, with the move that goes with it.
    line.remove(&path("malicious", 2));
    line.put(&path("withdrawn", 2), &withdrawn(2));
    line.put(&path("malicious", 3), &bad(3));
    line.commit();
    let delta = line.newest();
    check(&delta, &[("withdrawn", &[2]), ("held", &[3])]);
    assert_eq!(delta["reasons"]["MAL-2026-3"]["rule"], "path-mismatch", "{delta}");
    line.remove(&path("withdrawn", 2));
    line.put(&path("malicious", 2), &good(2, &["1.0.0"]));
    line.put(&path("malicious", 3), &good(3, &["3.0.0"]));
    line.remove(&path("malicious", 4));
    line.commit();
    check(&line.newest(), &[("added", &[3]), ("reinstated", &[2]), ("removed", &[4])]);
    // Nothing that is published: another form of the same, and a file that is no report.
    line.put("osv/notes.txt", "a note");
    line.put(&path("malicious", 5), &good(5, &["1.0.0"]).replace("  ", " "));
    line.commit();
    check(&line.newest(), &[]);
    for (from, to) in [(0, 1), (0, 2), (0, 3), (0, 4), (1, 4), (2, 3), (3, 4)] {
        assert!(line.follow(from, to) == line.records(&format!("{to}/all.zip")), "{from} to {to}");
    }
    // A delta is a function of its commit: every release has the same one.
    let name = format!("delta/{}..{}.zip", line.commits[0], line.commits[1]);
    let bytes = |release: usize| fs::read(line.folder.place(&format!("{release}/{name}"))).unwrap();
    assert!((2..=4).all(|release| bytes(release) == bytes(1)));
}

#[test]
fn deltas_end_where_reports_are_judged_by_other_rules() {
    let mut line = Line::new();
    line.put(&path("malicious", 3), &bad(3));
    line.commit();
    line.put("malpkg.toml", "[source.x]\nformat = \"osv\"\n");
    line.commit();
    line.put("malpkg.toml", "[rules]\npath-mismatch = \"warning\"\n");
    line.commit();
    line.put(&path("malicious", 6), &good(6, &["1.0.0"]));
    line.commit();
    let told = |release: usize| -> Vec<bool> {
        line.read(release, "delta/index.json")["deltas"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["zip"].is_string())
            .collect()
    };
    assert_eq!(told(2), [true, true]);
    assert_eq!(told(3), [false, false, false]);
    assert_eq!(told(4), [true, false, false, false]);
    assert!(line.follow(3, 4) == line.records("4/all.zip"));
    assert!(line.records("4/all.zip").contains_key("MAL-2026-3.json"));
}

#[test]
fn deltas_lead_from_any_release_to_any_later_one() {
    let seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0);
    let mut state = seed;
    let mut dice = |sides: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    };
    let mut line = Line::new();
    for _ in 0..6 {
        for _ in 0..=dice(4) {
            let number = 1 + dice(8) as usize;
            for base in ["malicious", "withdrawn"] {
                let _ = fs::remove_file(line.repository.place(&path(base, number)));
            }
            match dice(6) {
                0 => {}
                1 => line.put(&path("malicious", number), &bad(number)),
                2 => line.put(&path("withdrawn", number), &withdrawn(number)),
                // A report of the same package as another: both are at fault.
                3 => line.put(
                    &path("malicious", number),
                    &report(&format!("MAL-2026-{number}"), "npm", "name-1", &["1.0.0"]),
                ),
                _ => line.put(&path("malicious", number), &good(number, &["1.0.0", &format!("2.0.{}", dice(9))])),
            }
        }
        line.put("osv/notes.txt", &format!("{}", dice(1 << 30)));
        line.commit();
    }
    let last = line.commits.len() - 1;
    for (from, to) in (0..last).map(|from| (from, last)).chain((0..last).map(|from| (from, from + 1))) {
        assert!(line.follow(from, to) == line.records(&format!("{to}/all.zip")), "{from} to {to}, seed {seed}");
    }
}

#[test]
fn a_shallow_history_is_refused() {
    let mut line = Line::new();
    line.put(&path("malicious", 6), &good(6, &["1.0.0"]));
    line.commit();
    let shallow = Folder::empty();
    let url = format!("file://{}", line.repository.path().display());
    line.repository.run(&["clone", "--quiet", "--depth=1", &url, shallow.place("clone").to_str().unwrap()]);
    let out = shallow.place("out");
    let error = json(&shallow.place("clone"), &["export", "--out", out.to_str().unwrap()], Exit::Failed);
    assert!(error["message"].as_str().unwrap().contains("shallow"), "{error}");
    assert!(!out.exists());
}
