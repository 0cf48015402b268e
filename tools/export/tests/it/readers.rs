//! Archives as other programs read them: Python's `zipfile`, Info-ZIP's `unzip`, and the crate `zip`.

use std::path::Path;
use std::process::Command;

use export::{Input, Target};

use crate::database::{Release, input, report, reports};

/// Runs a program over an archive and returns what it prints. A reader that is not there fails the test: a green run
/// has to mean that it was asked.
#[track_caller]
fn ask(program: &str, args: &[&str], archive: &Path) -> (i32, String) {
    let output = Command::new(program).args(args).arg(archive).output();
    let output = output.unwrap_or_else(|error| panic!("`{program}` has to be installed for this test: {error}"));
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code().unwrap_or(-1), text)
}

const PYTHON: &str = "
import datetime, json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
names = archive.namelist()
assert names == sorted(names) and len(names) == len(set(names))
for info in archive.infolist():
    record = json.loads(archive.read(info))
    assert info.filename == record['id'] + '.json', info
    assert info.compress_type == zipfile.ZIP_DEFLATED and not info.extra and not info.comment, info
    assert (info.external_attr >> 16) == 0o100644 and not info.flag_bits, info
    modified = datetime.datetime.fromisoformat(record['modified'].replace('Z', '+00:00'))
    written = datetime.datetime(*info.date_time, tzinfo=datetime.timezone.utc)
    assert 0 <= (modified - written).total_seconds() < 2, info
print(len(names))
";

/// All three readers find this many records, and nothing wrong.
#[track_caller]
fn check(release: &Release, archive: &str, records: usize) {
    assert_eq!(release.names(archive).len(), records, "{archive}");
    let path = release.path(archive);
    assert_eq!(ask("python3", &["-c", PYTHON], &path), (0, format!("{records}\n")), "{archive}");
    let (code, text) = ask("unzip", &["-tqq"], &path);
    // An archive without files is right, and `unzip` says so with a warning.
    let expected = if records == 0 { (1, text.contains("zipfile is empty")) } else { (0, text.is_empty()) };
    assert_eq!((code, true), (expected.0, expected.1), "{archive}: {text}");
}

#[test]
fn other_programs_read_the_archives() {
    let texts = ["MAL-2026-1", "MAL-2026-10", "MAL-2026-2"]
        .map(|id| (id, report(id, "2026-02-03T04:05:07Z", "npm", "\u{e9}\u{2028}\u{1f600} \\u202e")));
    let release = Release::of(&input(&reports(&texts), &[]));
    check(&release, "all.zip", 3);
    check(&release, "npm/all.zip", 3);
    check(&release, "GIT/all.zip", 0);
}

/// More files than the directory of an archive can count without Zip64.
#[test]
fn other_programs_read_archives_of_many_files() {
    let text = |id: &str| format!(r#"{{"id":"{id}","modified":"2026-01-01T00:00:00Z"}}"#);
    let ids: Vec<String> = (1..=70_000).map(|n| format!("MAL-2026-{n:06}")).collect();
    let texts: Vec<(&str, String)> = ids.iter().map(|id| (id.as_str(), text(id))).collect();
    let snapshot = reports(&texts);
    let release = Release::of(&Input { targets: [Target::Zip].into(), ..input(&snapshot, &[]) });
    check(&release, "all.zip", 70_000);
}
