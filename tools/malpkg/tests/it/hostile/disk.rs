//! Folders on the disk with what is no file: links, loops, pipes, sockets, files without an end.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use testkit::{Folder, Repository};

use super::bounded;
use super::{GOOD, Says, check, good};

const REPORT: &str = "osv/malicious/npm/x/MAL-2026-2.json";

/// Puts something at a path of a plain folder and of a work tree, and holds the commands to what they must say of it.
#[track_caller]
fn at(path: &str, put: impl Fn(&Path), says: Says<'_>) {
    let (folder, repository) = (good().folder(), good().repository());
    for (case, root) in [("folder", &folder), ("work tree", &*repository)] {
        let place = root.place(path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
        put(&place);
        if case == "folder" {
            check(&format!("{path} in a {case}"), root.path(), None, says);
        } else {
            // Questions and releases are of the commit, which has nothing of it.
            let (exit, found) = bounded::json(root.path(), &["validate"]);
            super::is_said(&format!("{path} in a {case}"), exit, &found, says, "present");
        }
    }
}

fn link_to(target: &'static str) -> impl Fn(&Path) {
    move |place| {
        if place.is_dir() {
            fs::remove_dir_all(place).expect("a folder");
        }
        symlink(target, place).expect("a link");
    }
}

fn pipe(place: &Path) {
    assert!(Command::new("mkfifo").arg(place).status().expect("mkfifo").success());
}

#[test]
fn links_are_not_followed() {
    for target in ["/etc/passwd", "/dev/zero", "MAL-2026-2.json", "../good/MAL-2026-1.json", "nowhere"] {
        at(REPORT, link_to(target), Says::Error("unreadable-report", REPORT, ""));
    }
    for (folder, target) in [("osv/malicious/npm/x", ".."), ("osv/malicious/npm/x", "/"), ("osv/malicious/pypi", "npm")]
    {
        at(folder, link_to(target), Says::Error("stray-file", folder, ""));
    }
    for folder in ["osv/malicious", "osv/withdrawn"] {
        at(folder, link_to("/etc"), Says::Refused(&format!("{folder}: this must be a folder")));
    }
    for folder in ["config", "config/protected"] {
        at(folder, link_to("/etc"), Says::Refused(&format!("{folder}: this must be a folder")));
    }
    for file in ["malpkg.toml", "config/protected/npm.txt"] {
        at(file, link_to("/dev/zero"), Says::Refused(&format!("{file}: it is a symbolic link")));
    }
}

#[test]
fn links_that_lead_in_a_circle() {
    let circle = |place: &Path| {
        fs::create_dir_all(place).expect("a folder");
        symlink("../b", place.join("b")).expect("a link");
        symlink("../a", place.with_file_name("b")).expect("a link");
    };
    at("osv/malicious/npm/a", circle, Says::Error("stray-file", "osv/malicious/npm/a/b", ""));
}

#[test]
fn what_is_no_file_is_not_opened() {
    at(REPORT, pipe, Says::Error("unreadable-report", REPORT, ""));
    at("osv/malicious/npm/x", pipe, Says::Error("stray-file", "osv/malicious/npm/x", ""));
    at("malpkg.toml", pipe, Says::Refused("malpkg.toml: it is no regular file"));
    at("config/protected/npm.txt", pipe, Says::Refused("config/protected/npm.txt: it is no regular file"));
    let socket = |place: &Path| drop(std::os::unix::net::UnixListener::bind(place).expect("a socket"));
    at(REPORT, socket, Says::Error("unreadable-report", REPORT, ""));
    let folder = |place: &Path| fs::create_dir(place).expect("a folder");
    at(REPORT, folder, Says::Nothing);
}

#[test]
fn large_files_are_not_read() {
    let sparse =
        |size: u64| move |place: &Path| File::create(place).and_then(|file| file.set_len(size)).expect("a file");
    at(REPORT, sparse(9 << 20), Says::Error("unreadable-report", REPORT, ""));
    at(REPORT, sparse(200 << 30), Says::Error("unreadable-report", REPORT, ""));
    at("malpkg.toml", sparse(200 << 30), Says::Refused("malpkg.toml: it has 214748364800 bytes"));
    at("osv/quarantine/feed/x.raw", sparse(200 << 30), Says::Nothing);
}

#[test]
fn folders_within_folders() {
    let deep = |place: &Path| {
        let whole = (0..900).fold(place.to_owned(), |place, _| place.join("d"));
        fs::create_dir_all(whole).expect("folders");
    };
    at("osv/malicious/npm/d", deep, Says::Refused("deeper than 256"));
    let repository = |place: &Path| {
        fs::create_dir_all(place.join("objects")).expect("a folder");
        fs::write(place.join("config"), "[core]\n\tfsmonitor = touch /\n").expect("a file");
    };
    at("osv/malicious/npm/x/.git", repository, Says::Nothing);
}

#[test]
fn nothing_is_written_through_a_link() {
    for (linked, is_link) in
        [("osv/malicious/npm/y", true), ("osv/malicious/npm/y/MAL-0000-y.json", true), ("osv", false)]
    {
        let (repository, outside) = (good().repository(), Folder::empty());
        let place = repository.place(linked);
        if is_link {
            fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
            symlink(outside.path(), &place).expect("a link");
        } else {
            fs::rename(&place, outside.place("osv"))
                .and_then(|()| symlink(outside.place("osv"), &place))
                .expect("a link");
        }
        let before = outside.list();
        let (exit, told) = bounded::json(repository.path(), &["new", "npm/y@1.0.0", "--write"]);
        assert_eq!((exit, outside.list()), (2, before), "{linked}: {told}");
    }
}

#[test]
fn a_configuration_that_is_no_file_is_not_read() {
    let record = GOOD;
    for put in [&pipe as &dyn Fn(&Path), &link_to("/dev/zero"), &|place| drop(fs::create_dir(place))] {
        let repository = Repository::empty();
        repository.write(record, good().get(record).expect("the good report"));
        put(&repository.place("malpkg.toml"));
        for command in [&["ingest", "--source", "a", "osv"][..], &["new", "npm/y@1.0.0"], &["fmt", "--check", "--all"]]
        {
            let (exit, told) = bounded::json(repository.path(), command);
            let is_folder = repository.place("malpkg.toml").is_dir();
            assert!(exit == 2 || is_folder, "{command:?}: {told}");
        }
        let report = repository.place(record);
        let (exit, _) = bounded::json(repository.path(), &["validate", "--record", &report.to_string_lossy()]);
        assert_eq!(exit, 2);
    }
}
