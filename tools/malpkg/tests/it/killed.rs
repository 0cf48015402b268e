//! Exports and pulls that are killed: at whatever moment, the older release stays whole, and the next run completes.
//!
//! `cargo xtask crash --times N` runs this more often than the tests do.

use std::collections::BTreeMap;
use std::fs;
use std::hash::BuildHasher;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use malpkg::Exit;
use testkit::{Database, Folder, Repository, report};

use crate::hosting::Hosting;
use crate::program::{NOW, json};

/// How often a run is killed.
fn times() -> usize {
    std::env::var("MALPKG_CRASH_TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(8)
}

struct Room {
    repository: Repository,
    folder: Folder,
}

impl Room {
    fn new() -> Room {
        let path = |at: usize| format!("osv/malicious/npm/name-{at}/MAL-2026-{at}.json");
        let text =
            |at: usize, version: &str| report(&format!("MAL-2026-{at}"), "npm", &format!("name-{at}"), &[version]);
        let database = (0..200).fold(Database::default(), |database, at| database.with(&path(at), &text(at, "1.0.0")));
        let room = Room { repository: database.repository(), folder: Folder::empty() };
        assert!(room.export("one").wait().unwrap().success());
        for at in 0..20 {
            room.repository.write(&path(at * 3), text(at * 3, "2.0.0"));
        }
        room.repository.commit("a step");
        assert!(room.export("two").wait().unwrap().success());
        room
    }

    fn start(&self, arguments: &[&str], out: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_malpkg"));
        command.args(["--now", NOW, "--repo"]).arg(self.repository.path()).args(arguments).arg("--out");
        command.arg(self.folder.place(out)).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn export(&self, out: &str) -> Child {
        self.start(&["export"], out)
    }

    fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let prefix = format!("{name}/");
        let names = self.folder.list().into_iter().filter_map(|file| file.strip_prefix(&prefix).map(str::to_owned));
        names.map(|file| (file.clone(), fs::read(self.folder.place(&format!("{name}/{file}"))).unwrap())).collect()
    }

    /// Puts the older release in place.
    fn reset(&self) {
        let out = self.folder.place("out");
        let _ = fs::remove_dir_all(&out);
        copy(&self.folder.place("one"), &out);
    }

    fn kill_and_complete(&self, start: &dyn Fn() -> Child, after: Duration, told: &str) {
        self.reset();
        let mut child = start();
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
        let found = self.files("out");
        assert!(found == self.files("one") || found == self.files("two"), "{told}: it is neither release");
        let verified =
            json(self.repository.path(), &["verify", self.folder.place("out").to_str().unwrap()], Exit::Done);
        assert_eq!(verified["verdict"], "clean", "{told}");
        assert!(start().wait().unwrap().success(), "{told}: the next run failed");
        assert!(self.files("out") == self.files("two"), "{told}: the next run made another release");
        let left: Vec<String> = self.folder.list().into_iter().filter(|file| file.starts_with('.')).collect();
        assert!(left.is_empty(), "{told}: {left:?} is left");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for found in fs::read_dir(from).unwrap() {
        let found = found.unwrap();
        let into = to.join(found.file_name());
        if found.file_type().unwrap().is_dir() {
            copy(&found.path(), &into);
        } else {
            fs::copy(found.path(), into).unwrap();
        }
    }
}

#[test]
fn whenever_it_is_killed_a_release_is_whole() {
    let seed = std::hash::RandomState::new().hash_one(0);
    let room = Room::new();
    let hosting = Hosting::of(&room.folder.place("two"));
    let (url, folder) = (hosting.url.clone(), room.folder.place("two"));
    let export = || room.export("out");
    let full = || room.start(&["export", "--full"], "out");
    let pull = || room.start(&["pull", &url], "out");
    let copy = || room.start(&["pull", folder.to_str().unwrap()], "out");
    let ways: [(&str, &dyn Fn() -> Child); 4] =
        [("export", &export), ("full", &full), ("pull", &pull), ("copy", &copy)];
    let whole = ways.map(|(_, start)| {
        room.reset();
        let begin = Instant::now();
        assert!(start().wait().unwrap().success());
        begin.elapsed()
    });
    let mut state = seed;
    for time in 0..times() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let part = (state >> 11) as f64 / (1_u64 << 53) as f64 * 1.05;
        let (way, start) = ways[time % ways.len()];
        let told = format!("{way}, seed {seed}, time {time}, at {part}");
        room.kill_and_complete(start, whole[time % ways.len()].mul_f64(part), &told);
    }
}
