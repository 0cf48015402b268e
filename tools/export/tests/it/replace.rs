//! One release takes the place of another, or nothing happens.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use export::{Error, replace};
use tempfile::TempDir;

const MANIFEST: &str = r#"{"format":"malpkg.manifest","version":1}"#;

/// A folder to work in, with what is asked about it.
struct Room(TempDir);

impl Room {
    fn new() -> Room {
        Room(TempDir::new().unwrap())
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Puts a release at a path.
    fn release(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path)).unwrap();
        fill(&self.at(path), text).unwrap();
    }

    /// Everything below the room, folders with a slash.
    fn list(&self) -> Vec<String> {
        let mut found = Vec::new();
        list(self.0.path(), "", &mut found);
        found.sort();
        found
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }
}

fn list(dir: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            found.push(format!("{name}/"));
            list(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push(name);
        }
    }
}

/// A release as far as `replace` looks at it.
fn fill(dir: &Path, text: &str) -> Result<(), Error> {
    fs::write(dir.join("file"), text).unwrap();
    fs::write(dir.join("manifest.json"), MANIFEST).unwrap();
    Ok(())
}

const RELEASE: [&str; 3] = ["out/", "out/file", "out/manifest.json"];

#[test]
fn a_release_comes_where_there_was_nothing() {
    let room = Room::new();
    assert_eq!(replace(&room.at("out"), |dir| fill(dir, "1").map(|()| 7)).unwrap(), 7);
    assert_eq!(room.list(), RELEASE);
    fs::create_dir(room.at("empty")).unwrap();
    replace(&room.at("empty"), |dir| fill(dir, "1")).unwrap();
    replace(&room.at("deep/er/out"), |dir| fill(dir, "1")).unwrap();
    assert_eq!(room.text("empty/file") + &room.text("deep/er/out/file"), "11");
}

#[test]
fn an_older_release_goes_as_a_whole() {
    let room = Room::new();
    room.release("out", "1");
    fs::write(room.at("out/left"), "over").unwrap();
    replace(&room.at("out"), |dir| {
        assert_eq!(fs::read_dir(dir).unwrap().count(), 0, "the new one begins empty");
        assert_eq!(room.text("out/file"), "1", "the old one stands until the new one is whole");
        fill(dir, "2")
    })
    .unwrap();
    assert_eq!(room.list(), RELEASE);
    assert_eq!(room.text("out/file"), "2");
}

/// `out` is refused with this reason before anything is built, and all is as it was.
#[track_caller]
fn refused(room: &Room, out: &str, expected: &str) {
    let before = room.list();
    let error = replace(&room.at(out), |_| -> Result<(), Error> { panic!("it was built") }).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    assert_eq!(room.list(), before);
}

#[test]
fn what_is_no_release_is_not_touched() {
    let room = Room::new();
    fs::create_dir(room.at("mine")).unwrap();
    fs::write(room.at("mine/work"), "work").unwrap();
    refused(&room, "mine", "it holds files and no manifest.json of an export");
    fs::write(room.at("mine/manifest.json"), r#"{"name":"web app"}"#).unwrap();
    refused(&room, "mine", "it holds files and no manifest.json of an export");
    fs::remove_file(room.at("mine/manifest.json")).unwrap();
    fs::create_dir(room.at("mine/manifest.json")).unwrap();
    refused(&room, "mine", "it holds files and no manifest.json of an export");
    fs::write(room.at("file"), "").unwrap();
    refused(&room, "file", "it is not a folder");
    refused(&room, "file/out", "cannot find");
    let root = replace(Path::new("/"), |_| -> Result<(), Error> { panic!("it was built") }).unwrap_err();
    assert!(root.to_string().contains("it is the root of a file system"), "{root}");
}

#[test]
fn what_comes_into_the_way_meanwhile_is_not_touched() {
    let room = Room::new();
    let error = replace(&room.at("out"), |dir| {
        fs::create_dir(room.at("out")).unwrap();
        fs::write(room.at("out/work"), "work").unwrap();
        fill(dir, "1")
    });
    assert!(matches!(error, Err(Error::Refused { .. })));
    assert_eq!(room.list(), ["out/", "out/work"]);
}

#[test]
fn a_build_that_fails_leaves_the_older_release() {
    let room = Room::new();
    room.release("out", "1");
    let failed = replace(&room.at("out"), |dir| {
        fill(dir, "2")?;
        Err::<(), _>(Error::Busy(PathBuf::from("stop")))
    });
    assert!(matches!(failed, Err(Error::Busy(_))));
    assert_eq!(room.list(), RELEASE);
    assert_eq!(room.text("out/file"), "1");
}

#[test]
fn one_export_at_a_time() {
    let room = Room::new();
    replace(&room.at("out"), |dir| {
        let second = replace(&room.at("out"), |_| -> Result<(), Error> { panic!("it was built") });
        assert!(matches!(second, Err(Error::Busy(_))), "{second:?}");
        replace(&room.at("other"), |dir| fill(dir, "1")).unwrap();
        fill(dir, "1")
    })
    .unwrap();
    replace(&room.at("out"), |dir| fill(dir, "2")).unwrap();
    assert_eq!(room.list(), [&["other/", "other/file", "other/manifest.json"], &RELEASE[..]].concat());
}

#[test]
fn what_a_killed_export_left_is_removed() {
    let room = Room::new();
    room.release("out", "1");
    room.release(".out.malpkg-new", "half");
    room.release(".out.malpkg-old", "0");
    File::create(room.at(".out.malpkg-lock")).unwrap();
    replace(&room.at("out"), |dir| fill(dir, "2")).unwrap();
    assert_eq!(room.list(), RELEASE);
    assert_eq!(room.text("out/file"), "2");
}

#[test]
fn a_release_that_was_left_aside_is_brought_back() {
    let room = Room::new();
    room.release(".out.malpkg-old", "1");
    room.release(".out.malpkg-new", "half");
    let failed = replace(&room.at("out"), |_| Err::<(), _>(Error::Busy(PathBuf::from("stop"))));
    assert!(failed.is_err());
    assert_eq!(room.list(), RELEASE);
    assert_eq!(room.text("out/file"), "1");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_release_stays_a_link() {
    use std::os::unix::fs::symlink;

    let room = Room::new();
    room.release("real", "1");
    symlink("real", room.at("out")).unwrap();
    replace(&room.at("out"), |dir| fill(dir, "2")).unwrap();
    assert_eq!(room.text("real/file"), "2");
    assert!(fs::symlink_metadata(room.at("out")).unwrap().is_symlink());
    symlink("nothing", room.at("dangling")).unwrap();
    refused(&room, "dangling", "it is a symbolic link to nothing");
}

#[cfg(unix)]
#[test]
fn permissions_are_kept() {
    use std::os::unix::fs::PermissionsExt;

    let room = Room::new();
    room.release("out", "1");
    fs::set_permissions(room.at("out"), fs::Permissions::from_mode(0o2751)).unwrap();
    replace(&room.at("out"), |dir| fill(dir, "2")).unwrap();
    assert_eq!(fs::metadata(room.at("out")).unwrap().permissions().mode() & 0o7777, 0o2751);
}

/// Somebody who looks all the time sees a release every time.
#[cfg(target_os = "linux")]
#[test]
fn a_release_is_never_absent() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let room = Room::new();
    room.release("out", "0");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looks = 0;
            while !is_over.load(Ordering::Relaxed) {
                assert!(fs::metadata(room.at("out")).is_ok_and(|metadata| metadata.is_dir()));
                looks += 1;
            }
            looks
        });
        for round in 1..50 {
            replace(&room.at("out"), |dir| fill(dir, &round.to_string())).unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
    assert_eq!(room.text("out/file"), "49");
}

#[test]
fn what_was_written_is_known_as_a_release() {
    use crate::database::{input, report, reports};

    let room = Room::new();
    let snapshot = reports(&[("MAL-2026-1", report("MAL-2026-1", "2026-01-01T00:00:00Z", "npm", "a"))]);
    let first = replace(&room.at("out"), |dir| export::write(&input(&snapshot, &[]), dir, &|_| {})).unwrap();
    let second = replace(&room.at("out"), |dir| export::write(&input(&snapshot, &[]), dir, &|_| {})).unwrap();
    assert_eq!(first, second);
    assert_eq!(export::verify(&room.at("out")).unwrap(), []);
}
