//! A release is the same bytes however it is made: in full, over an older one, over one that was tampered with, with
//! other threads, another clock, another umask.
//!
//! `cargo xtask identical --commits N` runs this along more commits than the tests do.

use std::collections::BTreeMap;
use std::fs;
use std::hash::BuildHasher;
use std::process::Command;

use testkit::{Database, Folder, Repository, report, withdrawn_report};

/// Along how many commits.
fn commits() -> usize {
    std::env::var("MALPKG_IDENTICAL_COMMITS").ok().and_then(|commits| commits.parse().ok()).unwrap_or(8)
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % sides) as usize
    }
}

const ECOSYSTEMS: [(&str, &str); 4] =
    [("npm", "npm"), ("PyPI", "pypi"), ("crates.io", "crates-io"), ("VSCode", "vscode")];

/// The path of a report in one of the two folders.
fn path(base: &str, number: usize) -> String {
    let (_, directory) = ECOSYSTEMS[number % ECOSYSTEMS.len()];
    let package = if directory == "vscode" { format!("mal.name-{number}") } else { format!("name-{number}") };
    format!("osv/{base}/{directory}/{package}/MAL-2026-{number}.json")
}

fn text(number: usize, version: usize, at: Option<&str>) -> String {
    let (ecosystem, directory) = ECOSYSTEMS[number % ECOSYSTEMS.len()];
    let package = if directory == "vscode" { format!("mal.name-{number}") } else { format!("name-{number}") };
    let (id, versions) = (format!("MAL-2026-{number}"), [format!("1.0.{version}")]);
    let versions = versions.each_ref().map(String::as_str);
    match at {
        Some(at) => withdrawn_report(&id, ecosystem, &package, &versions, at),
        None => report(&id, ecosystem, &package, &versions),
    }
}

struct Room {
    repository: Repository,
    folder: Folder,
    dice: Dice,
}

impl Room {
    fn new(seed: u64) -> Room {
        let database = (0..40).fold(Database::default(), |database, number| {
            database.with(&path("malicious", number), &text(number, 0, None))
        });
        Room { repository: database.repository(), folder: Folder::empty(), dice: Dice(seed) }
    }

    /// Changes a few reports of one ecosystem or of all, and commits that.
    fn step(&mut self) {
        for _ in 0..=self.dice.roll(4) {
            let number = self.dice.roll(60);
            for base in ["malicious", "withdrawn"] {
                let _ = fs::remove_file(self.repository.place(&path(base, number)));
            }
            let version = self.dice.roll(100);
            match self.dice.roll(8) {
                0 => {}
                1 => self
                    .repository
                    .write(&path("withdrawn", number), text(number, version, Some("2026-03-01T00:00:00Z"))),
                // Held: it speaks of another package than its folder.
                2 => self
                    .repository
                    .write(&path("malicious", number), text(number, version, None).replace("name-", "other-")),
                _ => self.repository.write(&path("malicious", number), text(number, version, None)),
            }
        }
        let rules = if self.dice.roll(6) == 0 { "[rules]\npath-mismatch = \"warning\"\n" } else { "" };
        self.repository.write("malpkg.toml", rules);
        self.repository.write("osv/notes.txt", format!("{}", self.dice.roll(1 << 30)));
        self.repository.commit("a step");
    }

    /// Exports as a process of its own, with surroundings that must not matter.
    fn export(&self, name: &str, surroundings: &[(&str, &str)], more: &[&str]) {
        let mut command = Command::new("sh");
        let umask = if surroundings.is_empty() { "022" } else { "077" };
        command.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh", env!("CARGO_BIN_EXE_malpkg"), "--repo"]);
        command.arg(self.repository.path()).args(["export", "--only", "zip,tar,ndjson,records,delta,bundle", "--out"]);
        command.arg(self.folder.place(name)).args(more).envs(surroundings.iter().copied());
        let ran = command.output().unwrap();
        let is_done = ran.status.code().is_some_and(|code| code <= 1);
        assert!(is_done, "{}", String::from_utf8_lossy(&ran.stderr));
    }

    /// Every file but the status.
    fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let prefix = format!("{name}/");
        let names = self.folder.list().into_iter().filter_map(|file| file.strip_prefix(&prefix).map(str::to_owned));
        let names = names.filter(|file| file != "status.json");
        names.map(|file| (file.clone(), fs::read(self.folder.place(&format!("{name}/{file}"))).unwrap())).collect()
    }

    #[track_caller]
    fn same(&self, one: &str, other: &str, told: &str) {
        let (one, other) = (self.files(one), self.files(other));
        assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{told}");
        for (path, bytes) in &one {
            assert!(other[path] == *bytes, "{path} is not the same: {told}");
        }
    }
}

const ELSEWHERE: [(&str, &str); 4] =
    [("RAYON_NUM_THREADS", "3"), ("TZ", "Asia/Kathmandu"), ("LC_ALL", "tr_TR.UTF-8"), ("LANG", "de_DE.UTF-8")];

#[test]
fn a_release_over_an_older_one_is_the_one_made_in_full() {
    let seed = std::hash::RandomState::new().hash_one(0);
    let mut room = Room::new(seed);
    room.export("over", &[], &[]);
    let commits = commits();
    for step in 0..commits {
        let told = format!("step {step}, seed {seed}");
        room.step();
        // Sometimes somebody was at the older release.
        let spoilt =
            ["all.zip", "npm/all.zip", "modified_id.csv", "manifest.json", "delta/index.json", "bundle/PyPI.bundle"];
        if room.dice.roll(3) == 0 {
            let path = room.folder.place(&format!("over/{}", spoilt[room.dice.roll(6)]));
            let mut bytes = fs::read(&path).unwrap();
            let at = bytes.len() - 1 - room.dice.roll(bytes.len() as u64 / 2);
            bytes[at] ^= 1;
            fs::write(path, bytes).unwrap();
        }
        room.export("over", &[], &["--now", "2031-01-01T00:00:00Z"]);
        if step % 4 == 3 || step + 1 == commits {
            room.export("full", &ELSEWHERE, &["--full", "--now", "2026-06-01T00:00:00Z"]);
            room.same("over", "full", &told);
        }
    }
    // Another choice of targets, and back.
    room.export("over", &ELSEWHERE, &["--only", "ndjson"]);
    room.export("over", &[], &[]);
    room.same("over", "full", &format!("other targets, seed {seed}"));
}

#[cfg(unix)]
#[test]
fn what_did_not_change_is_taken_over() {
    use std::os::unix::fs::MetadataExt;

    let room = Room::new(1);
    room.export("over", &[], &[]);
    let inode = |path: &str| fs::metadata(room.folder.place(&format!("over/{path}"))).unwrap().ino();
    let paths = ["PyPI/all.zip", "PyPI/modified_id.csv", "bundle/PyPI.bundle", "PyPI/MAL-2026-1.json", "npm/all.zip"];
    let before = paths.map(inode);
    room.repository.write(&path("malicious", 0), text(0, 1, None));
    room.repository.commit("a change on npm");
    room.export("over", &[], &[]);
    let after = paths.map(inode);
    assert_eq!(before[..4], after[..4]);
    assert_ne!(before[4], after[4]);
    room.export("full", &[], &["--full"]);
    room.same("over", "full", "one change");
}
