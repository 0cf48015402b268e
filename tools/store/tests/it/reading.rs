//! Reading contents, few and many, packed in every way.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use database::{Entry, TreePath};
use store::{At, Store};
use testkit::{Database, Folder, Repository};

use crate::fixture::{SMALL, contents, head, open, small};

/// More reports than are looked up one by one, alike enough to be kept as differences in long chains.
fn many(count: usize) -> Database {
    let mut database = Database::default();
    let filler: Vec<String> = (0..40).map(|line| format!("line {line} of a text that all reports have\n")).collect();
    for at in 0..count {
        let mut text = filler.clone();
        text[at % 40] = format!("the one line that is only in report {at}\n");
        database = database.with(&format!("osv/malicious/npm/p{at}/MAL-2026-{at}.json"), &text.concat());
    }
    database
}

#[track_caller]
fn reads_all(repository: &Repository, database: &Database) {
    let store = open(repository.path());
    let mut expected: Vec<(String, String)> =
        database.files().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    expected.sort();
    assert!(contents(&store, head(&store)) == expected, "not everything was read as it is");
}

#[test]
fn however_it_is_packed() {
    let database = many(600);
    let repository = database.repository();
    reads_all(&repository, &database);
    repository.run(&["gc", "--quiet"]);
    reads_all(&repository, &database);
    repository.run(&["repack", "-adfq", "--depth=400", "--window=50"]);
    reads_all(&repository, &database);
    repository.run(&["-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq", "--depth=200", "--window=20"]);
    reads_all(&repository, &database);
    repository.run(&["-c", "pack.indexVersion=1", "repack", "-adfq"]);
    reads_all(&repository, &database);
    repository.run(&["repack", "-adfq", "--max-pack-size=1m", "--write-midx"]);
    reads_all(&repository, &database);
}

#[test]
fn some_packed_and_some_loose_and_some_borrowed() {
    let database = many(300);
    let lender = database.repository();
    lender.run(&["gc", "--quiet"]);
    let folder = Folder::empty();
    let url = lender.path().to_str().unwrap().to_owned();
    testkit::git(folder.path(), &["clone", "--quiet", "--shared", &url, "clone"]);
    let place = folder.place("clone");
    std::fs::create_dir_all(place.join("osv/malicious/pypi/x")).unwrap();
    std::fs::write(place.join("osv/malicious/pypi/x/MAL-2026-9.json"), "loose\n").unwrap();
    testkit::git(&place, &["add", "."]);
    testkit::git(&place, &["commit", "-qm", "one more"]);
    let store = open(&place);
    let read = contents(&store, head(&store));
    assert_eq!(read.len(), 301);
    assert_eq!(read.last().unwrap().1, "loose\n");
    assert!(read[..300].iter().all(|(path, text)| database.get(path) == Some(text)));
}

#[test]
fn the_same_blob_many_times() {
    let database = (0..400).fold(Database::default(), |all, at| all.with(&format!("osv/n{at}"), "all the same\n"));
    let repository = database.repository();
    reads_all(&repository, &database);
    repository.run(&["gc", "--quiet"]);
    reads_all(&repository, &database);
}

#[test]
fn a_damaged_pack_is_an_error_for_what_is_damaged() {
    let database = many(600);
    let repository = database.repository();
    repository.run(&["repack", "-adfq", "--depth=400", "--window=50"]);
    let folder = repository.place(".git/objects/pack");
    let find = |ending: &str| {
        let mut files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
        files.find(|path| path.extension().is_some_and(|ext| ext == ending)).unwrap()
    };
    let pack = find("pack");
    let bytes = std::fs::read(&pack).unwrap();
    let store = open(repository.path());
    let at = head(&store);
    let snapshot = store.snapshot(at).unwrap();
    let entries: Vec<&Entry> = snapshot.entries().iter().collect();
    // Whatever is overwritten, each file is shown once, and as it is or as an error.
    for step in 0..40 {
        let mut broken = bytes.clone();
        let from = 12 + step * (bytes.len() - 40) / 40;
        broken[from..from + 8].iter_mut().for_each(|byte| *byte ^= 0x5a);
        replace(&pack, &broken);
        let calls = AtomicUsize::new(0);
        let Ok(snapshot) = store.snapshot(at) else { continue };
        let wrong = snapshot.map(&entries, |entry, bytes| {
            calls.fetch_add(1, Ordering::Relaxed);
            bytes.is_ok_and(|bytes| database.get(entry.path.as_str()).map(str::as_bytes) != Some(bytes))
        });
        assert_eq!(calls.into_inner(), 600);
        // Without a look at the hash eight wrong bytes can pass only where the checksum of the data agrees.
        assert_eq!(wrong.into_iter().filter(|&wrong| wrong).count(), 0, "step {step}");
    }
    // An index that lies about places.
    replace(&pack, &bytes);
    let index = find("idx");
    let mut lies = std::fs::read(&index).unwrap();
    let offsets = lies.len() - 40 - 4 * 600;
    lies[offsets..offsets + 400].fill(0x11);
    replace(&index, &lies);
    let _ = store.snapshot(at).map(|snapshot| snapshot.map(&entries, |_, bytes| bytes.is_ok()));
}

fn replace(path: &Path, bytes: &[u8]) {
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_file_that_is_too_large() {
    let large = "x".repeat(database::REPORT_SIZE_MAX + (1 << 20));
    let repository = Database::from_text(SMALL).with("osv/large.json", &large).repository();
    let store = open(repository.path());
    for at in [head(&store), At::WorkingTree] {
        let read = contents(&store, at);
        let (_, text) = read.iter().find(|(path, _)| path == "osv/large.json").unwrap();
        assert_eq!(*text, "! it has 9437184 bytes, more than the 8454144 that are read");
        assert_eq!(read.iter().filter(|(_, text)| text.starts_with('!')).count(), 1);
    }
    repository.run(&["gc", "--quiet"]);
    assert!(contents(&store, head(&store)).iter().any(|(_, text)| text.starts_with("! it has 9437184 bytes")));
}

#[test]
fn a_large_file_among_many() {
    let large = "x".repeat(database::REPORT_SIZE_MAX + (1 << 20));
    // Small ones beside it may be kept as differences to it.
    let database = many(300).with("osv/large.json", &large).with("osv/small.json", &large[..1000]);
    let repository = database.repository();
    repository.run(&["gc", "--quiet"]);
    let store = open(repository.path());
    let read = contents(&store, head(&store));
    assert_eq!(read.iter().filter(|(_, text)| text.starts_with("! it has 9437184 bytes")).count(), 1);
    assert_eq!(read.iter().filter(|(path, text)| database.get(path) == Some(text)).count(), 301);
}

#[test]
fn a_file_that_vanished() {
    let repository = small();
    let store = open(repository.path());
    // What git's index knows is read from git; this it does not know.
    repository.write("osv/ids.json", "{ }\n");
    let snapshot = store.snapshot(At::WorkingTree).unwrap();
    repository.remove("osv/ids.json");
    let error = snapshot.read_path("osv/ids.json").unwrap_err();
    assert!(error.to_string().starts_with("cannot read osv/ids.json: "), "{error}");
    assert!(snapshot.read_path("malpkg.toml").unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn a_file_that_became_a_link() {
    let repository = small();
    let store = open(repository.path());
    // What git's index knows is read from git; this it does not know.
    repository.write("osv/ids.json", "{ }\n");
    let snapshot = store.snapshot(At::WorkingTree).unwrap();
    repository.remove("osv/ids.json");
    std::os::unix::fs::symlink("/etc/passwd", repository.place("osv/ids.json")).unwrap();
    let error = snapshot.read_path("osv/ids.json").unwrap_err();
    assert_eq!(error.reason, "it is a symbolic link");
}

#[test]
fn a_blob_that_is_missing() {
    const LOST: &str = "git does not have it, and this is no partial clone: run `git fsck`";
    let configure = |key: &'static str, value: &'static str| {
        move |repository: &Repository| drop(repository.run(&["config", key, value]))
    };
    let cases: [(crate::fixture::Prepare<'_>, &str); 6] = [
        (&|_| {}, LOST),
        (&configure("remote.far.promisor", "false"), LOST),
        (&configure("remote.far.promisor", "true"), store::NOT_HERE),
        (
            &|repository| {
                let config = repository.read(".git/config");
                repository.write(".git/config", format!("{config}[remote \"a.b\"]\n\tpromisor\n"));
            },
            store::NOT_HERE,
        ),
        (&|repository| repository.write(".git/objects/pack/pack-1.promisor", ""), store::NOT_HERE),
        (
            &|repository| {
                repository.run(&["config", "core.repositoryFormatVersion", "1"]);
                repository.run(&["config", "extensions.partialClone", "far"]);
            },
            store::NOT_HERE,
        ),
    ];
    for (prepare, expected) in cases {
        let repository = small();
        let blob = repository.id("HEAD:osv/ids.json");
        prepare(&repository);
        repository.remove(&format!(".git/objects/{}/{}", &blob[..2], &blob[2..]));
        let store = open(repository.path());
        let snapshot = store.snapshot(head(&store)).unwrap();
        let error = snapshot.read_path("osv/ids.json").unwrap_err();
        assert_eq!((error.is_system, error.reason.as_str()), (true, expected));
        assert_eq!(error.path, TreePath::new("osv/ids.json").unwrap());
    }
}

#[test]
fn a_snapshot_outlives_a_repack() {
    let database = many(300);
    let repository = database.repository();
    repository.run(&["gc", "--quiet"]);
    let store = open(repository.path());
    let snapshot = store.snapshot(head(&store)).unwrap();
    repository.run(&["repack", "-adfq", "--depth=5"]);
    let entries: Vec<&Entry> = snapshot.entries().iter().collect();
    assert!(snapshot.map(&entries, |_, bytes| bytes.is_ok()).into_iter().all(|is_read| is_read));
    let one = Store::find(repository.path()).unwrap().snapshot(head(&store)).unwrap();
    assert!(one.read(entries[0]).is_ok());
}
