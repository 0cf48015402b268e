//! A release against its manifest.

use std::fs;

use export::{Error, verify};

use crate::database::{Release, input, report, reports};

fn release() -> Release {
    let text = report("MAL-2026-1", "2026-01-01T00:00:00Z", "npm", "a");
    Release::of(&input(&reports(&[("MAL-2026-1", text)]), &[]))
}

/// What `verify` finds, a line each.
#[track_caller]
fn check(release: &Release, expected: &[&str]) {
    let found: Vec<String> =
        verify(release.dir()).unwrap().iter().map(|found| format!("{} {}", found.path, found.kind)).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_is_as_it_was_written_has_no_differences() {
    let release = release();
    check(&release, &[]);
    for name in ["manifest.json.minisig", "status.json", "status.json.minisig"] {
        fs::write(release.path(name), "{}").unwrap();
    }
    fs::create_dir(release.path("empty")).unwrap();
    check(&release, &[]);
}

#[test]
fn every_difference_is_named_once_and_in_order() {
    let release = release();
    let mut bytes = release.bytes("npm/all.zip");
    bytes[10] ^= 1;
    fs::write(release.path("npm/all.zip"), bytes).unwrap();
    fs::write(release.path("all.zip"), "").unwrap();
    fs::remove_file(release.path("ecosystems.txt")).unwrap();
    fs::remove_dir_all(release.path("Maven")).unwrap();
    fs::write(release.path("Go/notes.txt"), "").unwrap();
    fs::write(release.path("Go/manifest.json"), "").unwrap();
    check(
        &release,
        &[
            "Go/manifest.json too much",
            "Go/notes.txt too much",
            "Maven/all.zip missing",
            "Maven/modified_id.csv missing",
            "all.zip differs",
            "ecosystems.txt missing",
            "npm/all.zip differs",
        ],
    );
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let (release, other) = (release(), release());
    fs::remove_file(release.path("all.zip")).unwrap();
    std::os::unix::fs::symlink(other.path("all.zip"), release.path("all.zip")).unwrap();
    fs::remove_dir_all(release.path("GIT")).unwrap();
    std::os::unix::fs::symlink(other.path("GIT"), release.path("GIT")).unwrap();
    check(
        &release,
        &["GIT too much", "GIT/all.zip missing", "GIT/modified_id.csv missing", "all.zip missing", "all.zip too much"],
    );
}

#[test]
fn a_manifest_names_no_file_outside_its_release() {
    let release = release();
    let text = release
        .text("manifest.json")
        .replace(r#""files":{"#, r#""files":{"/etc/passwd":{"size":1,"sha256":""},"../x":{"size":1,"sha256":""},"#);
    fs::write(release.path("manifest.json"), text).unwrap();
    check(&release, &["../x missing", "/etc/passwd missing"]);
}

#[test]
fn what_has_no_manifest_cannot_be_compared() {
    let release = release();
    let text = release.text("manifest.json");
    for (damaged, reason) in [
        (text.replace("malpkg.manifest", "other"), "its format is \"other\" version 1"),
        (text.replace(r#""version":1"#, r#""version":2"#), "its format is \"malpkg.manifest\" version 2"),
        (text.replace(r#""counts""#, r#""count""#), "missing field `counts`"),
        (String::new(), "EOF while parsing"),
    ] {
        fs::write(release.path("manifest.json"), damaged).unwrap();
        let error = verify(release.dir()).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    fs::write(release.path("manifest.json"), text.replacen('{', r#"{"later":[1],"#, 1)).unwrap();
    check(&release, &[]);
    fs::remove_file(release.path("manifest.json")).unwrap();
    assert!(matches!(verify(release.dir()), Err(Error::Io { .. })));
}
