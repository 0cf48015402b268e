//! Runs that are killed: at whatever moment, nothing is lost, and the next run completes what was begun.
//!
//! `cargo xtask crash --times N` runs this more often than the tests do.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use malpkg::Exit;
use testkit::{Database, Folder, Repository, report};

use crate::program::{NOW, json};

const REPORTS: usize = 300;

/// How often a run is killed.
fn times() -> usize {
    std::env::var("MALPKG_CRASH_TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(9)
}

/// Where a run lands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Landing {
    Bare,
    CheckedOut,
    Write,
}

impl Landing {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Landing::Bare => &["--commit", "--ref", "main"],
            Landing::CheckedOut => &["--commit"],
            Landing::Write => &["--write"],
        }
    }
}

/// Numbers that are others in each run of the tests, and are told when one fails.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn database() -> Repository {
    let mut database = Database::default().with("malpkg.toml", "[source.feed]\nformat = \"osv\"\n");
    for at in 1..=REPORTS {
        let (id, name) = (format!("MAL-2026-{at}"), format!("known-{at}"));
        database =
            database.with(&format!("osv/malicious/npm/{name}/{id}.json"), &report(&id, "npm", &name, &["1.0.0"]));
    }
    let mark = "{\n  \"2026\": {\n    \"batch\": \"\",\n    \"highest\": 900000\n  }\n}\n";
    database.with("osv/ids.json", mark).repository()
}

fn inbox() -> Folder {
    let inbox = Folder::empty();
    for at in 1..=40 {
        let known = report(&format!("X-{at}"), "npm", &format!("known-{}", at * 7), &["2.0.0"]);
        inbox.write(&format!("known-{at}.json"), known);
        inbox.write(&format!("new-{at}.json"), report(&format!("Y-{at}"), "npm", &format!("new-{at}"), &["1.0.0"]));
    }
    inbox
}

/// A process of the program.
fn start(repo: &Path, inbox: &Folder, landing: Landing) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_malpkg"))
        .args(["--now", NOW, "--repo"])
        .arg(repo)
        .args(["ingest", "--source", "feed"])
        .arg(inbox.path())
        .args(landing.arguments())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A repository and what a run makes of it that nobody kills.
struct Case {
    landing: Landing,
    repository: Repository,
    base: String,
    expected: Vec<String>,
    whole: Duration,
}

impl Case {
    fn new(landing: Landing, database: &Repository, inbox: &Folder) -> Case {
        let repository = match landing {
            Landing::Bare => database.bare_clone(),
            Landing::CheckedOut | Landing::Write => self::database(),
        };
        let base = repository.id("main");
        let begin = Instant::now();
        assert!(start(repository.path(), inbox, landing).wait().unwrap().success());
        let whole = begin.elapsed();
        let mut case = Case { landing, repository, base, expected: Vec::new(), whole };
        case.expected = case.content();
        assert_eq!(case.expected.len(), REPORTS + 40 + 2);
        case
    }

    /// Every file with its blob, of the branch or of the working tree.
    fn content(&self) -> Vec<String> {
        let tree = match self.landing {
            Landing::Bare | Landing::CheckedOut => "main".to_owned(),
            Landing::Write => {
                self.repository.run(&["add", "--all"]);
                let tree = self.repository.run(&["write-tree"]);
                self.repository.run(&["reset", "--quiet"]);
                tree.trim_end().to_owned()
            }
        };
        self.repository.run(&["ls-tree", "-r", &tree]).lines().map(str::to_owned).collect()
    }

    /// Takes back whatever the last round made.
    fn reset(&self) {
        if self.landing == Landing::Bare {
            self.repository.run(&["update-ref", "refs/heads/main", &self.base]);
        } else {
            self.repository.run(&["reset", "--quiet", "--hard", &self.base]);
            self.repository.run(&["clean", "--quiet", "-d", "--force"]);
        }
    }

    fn kill_and_complete(&self, inbox: &Folder, at: f64, told: &str) {
        self.reset();
        let mut child = start(self.repository.path(), inbox, self.landing);
        std::thread::sleep(self.whole.mul_f64(at));
        child.kill().unwrap();
        child.wait().unwrap();
        self.repository.fsck();
        let judged: &[&str] =
            if self.landing == Landing::Write { &["validate"] } else { &["validate", "--rev", "main"] };
        let found = json(self.repository.path(), judged, Exit::Done);
        let reports = found["reports"].as_u64().unwrap();
        assert!(reports >= REPORTS as u64, "{told}: {reports} reports are left");
        let is_done =
            |exit: std::process::ExitStatus| assert!(exit.success(), "{told}: the next run ended with {exit}");
        is_done(start(self.repository.path(), inbox, self.landing).wait().unwrap());
        assert_eq!(self.content(), self.expected, "{told}");
        if self.landing != Landing::Write {
            assert_eq!(self.repository.id("main~1"), self.base, "{told}: one run is one commit");
        }
        if self.landing == Landing::CheckedOut {
            self.repository.is_clean();
        }
        self.repository.fsck();
    }
}

#[test]
fn whenever_a_run_is_killed_the_next_one_completes_it() {
    let seed = RandomState::new().build_hasher().finish();
    let mut dice = Dice(seed);
    let (database, inbox) = (database(), inbox());
    let cases =
        [Landing::Bare, Landing::CheckedOut, Landing::Write].map(|landing| Case::new(landing, &database, &inbox));
    for time in 0..times() {
        let case = &cases[time % cases.len()];
        let at = dice.next() * 1.05;
        case.kill_and_complete(&inbox, at, &format!("{:?}, seed {seed}, time {time}, at {at}", case.landing));
    }
}
