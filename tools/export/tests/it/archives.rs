//! What is in a release, file by file.

use std::fs::File;

use export::{CommitFacts, Input, Target};

use crate::database::{Release, input, report, reports};

const DAY_1: &str = "2026-01-01T00:00:00Z";
const DAY_2: &str = "2026-01-02T00:00:00Z";
const DAY_3: &str = "2026-01-03T00:00:00Z";

/// One record of each kind that matters to the layout.
fn mixed() -> Vec<(&'static str, String)> {
    let two = r#"{"id":"MAL-2026-20","modified":"2026-01-02T00:00:00Z","affected":[
        {"package":{"ecosystem":"npm","name":"a"}},{"package":{"ecosystem":"npm","name":"b"}},
        {"package":{"ecosystem":"Debian:12","name":"a"},"ranges":[{"type":"GIT","repo":"https://x.test/y","events":[{"introduced":"0"}]}]}]}"#;
    let commits = r#"{"id":"MAL-2026-3","modified":"2026-01-03T00:00:00Z","affected":[
        {"ranges":[{"type":"GIT","repo":"https://x.test/y","events":[{"introduced":"0"}]}]}]}"#;
    let nothing = r#"{"id":"MAL-2026-4","modified":"2026-01-02T00:00:00Z","withdrawn":"2026-01-02T00:00:00Z"}"#;
    vec![
        ("MAL-2026-10", report("MAL-2026-10", DAY_2, "npm", "@scope/name")),
        ("MAL-2026-1", report("MAL-2026-1", DAY_1, "PyPI", "Foo.Bar")),
        ("MAL-2026-2", report("MAL-2026-2", DAY_3, "VSCode:https://open-vsx.org", "a.b")),
        ("MAL-2026-20", two.to_owned()),
        ("MAL-2026-3", commits.to_owned()),
        ("MAL-2026-4", nothing.to_owned()),
        ("MAL-2026-5", report("MAL-2026-5", "2026-01-02T00:00:00.999Z", "GitHub Actions", "a/b")),
    ]
}

#[test]
fn a_record_is_in_the_archive_of_each_ecosystem_that_it_names() {
    let release = Release::of(&input(&reports(&mixed()), &[]));
    let all = ["MAL-2026-1", "MAL-2026-10", "MAL-2026-2", "MAL-2026-20", "MAL-2026-3", "MAL-2026-4", "MAL-2026-5"];
    assert_eq!(release.names("all.zip"), all.map(|id| format!("{id}.json")));
    let check = |folder: &str, ids: &[&str]| {
        let names: Vec<String> = ids.iter().map(|id| format!("{id}.json")).collect();
        assert_eq!(release.names(&format!("{folder}/all.zip")), names, "{folder}");
    };
    check("npm", &["MAL-2026-10", "MAL-2026-20"]);
    check("PyPI", &["MAL-2026-1"]);
    check("VSCode", &["MAL-2026-2"]);
    check("Debian", &["MAL-2026-20"]);
    check("GIT", &["MAL-2026-20", "MAL-2026-3"]);
    check("[EMPTY]", &["MAL-2026-4"]);
    check("GitHub Actions", &["MAL-2026-5"]);
    check("Maven", &[]);
    check("Red Hat", &[]);
    assert_eq!(
        release.text("ecosystems.txt"),
        "Debian\nGIT\nGitHub Actions\nPyPI\nVSCode\n[EMPTY]\nnpm\n",
        "in the order of the bytes, and only those with records"
    );
    assert_eq!(release.archive("npm/all.zip")[0], release.archive("all.zip")[1]);
}

#[test]
fn the_lists_have_the_newest_first() {
    let release = Release::of(&input(&reports(&mixed()), &[]));
    let expected = "\
2026-01-03T00:00:00Z,GIT/MAL-2026-3
2026-01-03T00:00:00Z,VSCode/MAL-2026-2
2026-01-02T00:00:00Z,Debian/MAL-2026-20
2026-01-02T00:00:00Z,GIT/MAL-2026-20
2026-01-02T00:00:00Z,GitHub Actions/MAL-2026-5
2026-01-02T00:00:00Z,[EMPTY]/MAL-2026-4
2026-01-02T00:00:00Z,npm/MAL-2026-10
2026-01-02T00:00:00Z,npm/MAL-2026-20
2026-01-01T00:00:00Z,PyPI/MAL-2026-1
";
    assert_eq!(release.text("modified_id.csv"), expected);
    let git = "2026-01-03T00:00:00Z,MAL-2026-3\n2026-01-02T00:00:00Z,MAL-2026-20\n";
    assert_eq!(release.text("GIT/modified_id.csv"), git);
    assert_eq!(release.text("Maven/modified_id.csv"), "");
}

#[test]
fn every_form_of_a_record_is_the_published_one() {
    let release = Release::of(&input(&reports(&mixed()), &[]));
    let (name, text) = &release.archive("PyPI/all.zip")[0];
    assert_eq!(name, "MAL-2026-1.json");
    assert!(text.contains(r#""name":"foo-bar","purl":"pkg:pypi/foo-bar""#), "{text}");
    let texts: Vec<String> = release.archive("all.zip").into_iter().map(|(_, text)| text).collect();
    assert_eq!(release.lines(), texts);
}

#[test]
fn every_record_is_a_file_of_the_tarball() {
    let release = Release::of(&input(&reports(&mixed()), &[]));
    let bytes = zstd::decode_all(File::open(release.path("all.tar.zst")).unwrap()).unwrap();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let mut found = Vec::new();
    for file in archive.entries().unwrap() {
        let mut file = file.unwrap();
        let header = file.header();
        assert_eq!((header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0o644, 0, 0));
        assert!(header.mtime().unwrap() >= 1_767_225_600, "the record's time");
        let name = file.path().unwrap().to_string_lossy().into_owned();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut file, &mut text).unwrap();
        found.push((name, text));
    }
    assert_eq!(found, release.archive("all.zip"));
}

#[test]
fn every_record_is_a_file_of_its_ecosystems() {
    let snapshot = reports(&mixed());
    let targets = [Target::Records].into();
    let release = Release::of(&Input { targets, ..input(&snapshot, &[]) });
    let files: Vec<&str> = release.manifest.files.keys().map(String::as_str).collect();
    let expected = "Debian/MAL-2026-20.json GIT/MAL-2026-20.json GIT/MAL-2026-3.json GitHub~Actions/MAL-2026-5.json \
        PyPI/MAL-2026-1.json VSCode/MAL-2026-2.json [EMPTY]/MAL-2026-4.json npm/MAL-2026-10.json npm/MAL-2026-20.json";
    let expected: Vec<String> = expected.split(' ').map(|path| path.replace('~', " ")).collect();
    assert_eq!(files, expected);
    let whole = Release::of(&input(&snapshot, &[]));
    let (_, text) = &whole.archive("PyPI/all.zip")[0];
    assert_eq!(release.text("PyPI/MAL-2026-1.json"), *text);
}

#[test]
fn a_database_without_reports_has_every_archive() {
    let release = Release::of(&input(&reports(&[]), &[]));
    let archives: Vec<_> = release.manifest.files.keys().filter(|path| path.ends_with("/all.zip")).collect();
    assert_eq!(archives.len(), 49);
    for archive in archives.into_iter().map(String::as_str).chain(["all.zip"]) {
        assert_eq!(release.names(archive), [""; 0], "{archive}");
    }
    assert!(release.manifest.files.contains_key("GIT/all.zip"));
    assert!(!release.dir().join("[EMPTY]").exists() && !release.dir().join("Git").exists());
    assert_eq!(release.text("ecosystems.txt"), "");
    assert_eq!(release.lines(), [""; 0]);
}

#[test]
fn a_file_of_an_archive_has_the_time_of_its_record() {
    let times = [
        ("MAL-2026-1", "1971-05-06T07:08:09Z", (1980, 1, 1, 0, 0, 0)),
        ("MAL-2026-2", "1980-01-01T00:00:01Z", (1980, 1, 1, 0, 0, 0)),
        ("MAL-2026-3", "2026-02-28T23:59:59+23:00", (2026, 2, 28, 0, 59, 58)),
        ("MAL-2026-4", "2024-02-29T12:30:31.5Z", (2024, 2, 29, 12, 30, 30)),
        ("MAL-2026-5", "2107-12-31T23:59:59Z", (2107, 12, 31, 23, 59, 58)),
        ("MAL-2026-6", "9999-12-31T23:59:59Z", (2107, 12, 31, 23, 59, 58)),
    ];
    let texts: Vec<_> = times.iter().map(|(id, modified, _)| (*id, report(id, modified, "npm", "a"))).collect();
    let release = Release::of(&input(&reports(&texts), &[]));
    let mut archive = zip::ZipArchive::new(File::open(release.path("all.zip")).unwrap()).unwrap();
    for (index, (_, modified, expected)) in times.iter().enumerate() {
        let file = archive.by_index(index).unwrap();
        let at = file.last_modified().unwrap();
        let found = (at.year(), at.month(), at.day(), at.hour(), at.minute(), at.second());
        assert_eq!(found, *expected, "{modified}");
        assert_eq!(file.compression(), zip::CompressionMethod::Deflated);
        assert_eq!((file.unix_mode(), file.extra_data().unwrap_or_default()), (Some(0o100_644), Vec::new()));
    }
}

#[test]
fn only_the_targets_that_were_asked_for_are_written() {
    let snapshot = reports(&mixed());
    let only =
        |target: Target| Release::of(&Input { targets: [target].into(), ..input(&snapshot, &[]) }).manifest.files;
    let targets = Target::ALL.into_iter().collect();
    let all = Release::of(&Input { targets, ..input(&snapshot, &[]) }).manifest.files;
    let (zip, ndjson) = (only(Target::Zip), only(Target::Ndjson));
    assert_eq!(ndjson.keys().collect::<Vec<_>>(), ["all.ndjson.zst"]);
    assert!(!zip.contains_key("all.ndjson.zst"));
    let each: std::collections::BTreeMap<_, _> = Target::ALL.into_iter().flat_map(only).collect();
    assert!(each == all, "a target writes other files, or other bytes, alone than with the others");
    assert_eq!("zip".parse::<Target>(), Ok(Target::Zip));
    let unknown = "zap".parse::<Target>().unwrap_err();
    assert_eq!(
        unknown.to_string(),
        r#"unknown target "zap"; the targets are zip, tar, ndjson, records, delta, sqlite, verdicts, filter, parquet, safe-chain, scfw, datadog, constraints, verdaccio, bun, renovate, rustsec, govuln, stix, misp, cyclonedx, rpz, feeds, bundle"#
    );
}

#[test]
fn the_manifest_is_one_line_in_the_order_of_the_interface() {
    let snapshot = reports(&[("MAL-2026-1", report("MAL-2026-1", DAY_1, "npm", "a"))]);
    let commit = CommitFacts {
        id: "c".repeat(40),
        tree: "d".repeat(40),
        time: DAY_2.parse().unwrap(),
        sequence: 7,
        parent: None,
    };
    let targets = [Target::Ndjson].into();
    let release = Release::of(&Input { commit: Some(commit), targets, ..input(&snapshot, &[]) });
    let facts = &release.manifest.files["all.ndjson.zst"];
    let expected = format!(
        r#"{{"format":"malpkg.manifest","version":1,"commit":"{}","tree":"{}","time":"{DAY_2}","sequence":7,"parent":null,"tool":"malpkg 0.0.0","licence":"CC0-1.0","targets":["ndjson"],"counts":{{"reports":1,"withdrawn":0,"held":0,"ecosystems":{{"npm":1}}}},"held":[],"files":{{"all.ndjson.zst":{{"size":{},"sha256":"{}"}}}}}}"#,
        "c".repeat(40),
        "d".repeat(40),
        facts.size,
        facts.sha256
    );
    assert_eq!(release.text("manifest.json"), expected + "\n");
    assert_eq!(facts.size, release.bytes("all.ndjson.zst").len() as u64);
    let plain = Release::of(&Input { targets: [Target::Ndjson].into(), ..input(&snapshot, &[]) });
    assert!(
        plain
            .text("manifest.json")
            .contains(r#""commit":null,"tree":null,"time":null,"sequence":null,"parent":null,"tool""#)
    );
}

#[test]
fn counts_are_of_records_and_of_each_ecosystem() {
    let counts = Release::of(&input(&reports(&mixed()), &[])).manifest.counts;
    assert_eq!((counts.reports, counts.withdrawn, counts.held), (7, 1, 0));
    let ecosystems: Vec<_> = counts.ecosystems.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(
        ecosystems,
        [("Debian", 1), ("GIT", 2), ("GitHub Actions", 1), ("PyPI", 1), ("VSCode", 1), ("[EMPTY]", 1), ("npm", 2)]
    );
}
