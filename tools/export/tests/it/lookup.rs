//! The lookup file, the table of verdicts, the filter and the columns: what they say, and that their bytes are one.

use std::fs::File;

use database::Listed;
use ecosystem::Package;
use export::{Input, Target};
use index::Lookup;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use sha2::{Digest, Sha256};

use crate::database::{Release, input, path, report_on_all, reports, snapshot};

/// One report of each kind that the targets tell apart: every version, some, a range, withdrawn, hostile.
fn some() -> database::Snapshot {
    let versions = |id: &str, name: &str, versions: &str, more: &str| {
        format!(
            r#"{{"id":"{id}","modified":"2026-01-02T00:00:00Z","published":"2026-01-01T00:00:00Z",{more}
            "affected":[{{"package":{{"ecosystem":"npm","name":"{name}"}},{versions}}}]}}"#
        )
    };
    let range = r#""ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"2.0.0"}]}]"#;
    let more = r#""aliases":["GHSA-aaaa-bbbb-cccc"],"summary":"Malicious code in a (npm)","database_specific":{"malpkg":{
        "kind":"hijack","confidence":"confirmed","indicators":[{"type":"domain","value":"evil.example","role":"c2"}]},
        "iocs":{"ips":["192.0.2.1"]}},"#;
    reports(&[
        ("MAL-2026-1", versions("MAL-2026-1", "a", r#""versions":["1.0.0","1.0.1"]"#, more)),
        ("MAL-2026-2", report_on_all("MAL-2026-2", "2026-01-02T00:00:00Z", "PyPI", "Foo_Bar")),
        ("MAL-2026-3", versions("MAL-2026-3", "b", range, r#""summary":"=1+1","#)),
        (
            "MAL-2026-4",
            versions("MAL-2026-4", "c", r#""versions":["1.0.0"]"#, r#""withdrawn":"2026-02-01T00:00:00Z","#),
        ),
        ("MAL-2026-5", versions("MAL-2026-5", "@s/d", r#""versions":["-1","'1","=cmd|' /C calc'!A0"]"#, "")),
    ])
}

fn only<'i>(targets: &[Target], snapshot: &'i database::Snapshot) -> Input<'i> {
    Input { targets: targets.iter().copied().collect(), home: Some("https://example.org/db"), ..input(snapshot, &[]) }
}

fn lookup(release: &Release) -> Lookup {
    Lookup::open(&release.path("malpkg.sqlite")).unwrap()
}

fn rows(release: &Release) -> Vec<Vec<String>> {
    let text = zstd::decode_all(File::open(release.path("verdicts.csv.zst")).unwrap()).unwrap();
    let mut table = csv::Reader::from_reader(text.as_slice());
    assert_eq!(table.headers().unwrap(), vec!["ecosystem", "name", "version", "range", "id", "kind", "since"]);
    table.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn the_table_says_what_stands_and_nothing_that_runs() {
    let snapshot = some();
    let release = Release::of(&only(&[Target::Verdicts], &snapshot));
    let rows = rows(&release);
    let plain = |cell: &str| cell.strip_prefix('\'').unwrap_or(cell).to_owned();
    let said: Vec<String> =
        rows.iter().map(|row| row[..6].iter().map(|cell| plain(cell)).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        said,
        [
            "PyPI foo-bar *  MAL-2026-2 malware",
            "npm @s/d '1  MAL-2026-5 malware",
            "npm @s/d -1  MAL-2026-5 malware",
            "npm @s/d =cmd|' /C calc'!A0  MAL-2026-5 malware",
            "npm a 1.0.0  MAL-2026-1 hijack",
            "npm a 1.0.1  MAL-2026-1 hijack",
            "npm b  vers:npm/>=1.0.0|<2.0.0 MAL-2026-3 malware",
        ]
    );
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "a spreadsheet would run {cell:?}");
    }
}

#[test]
fn since_comes_from_the_history() {
    let snapshot = some();
    let mut listed = Listed::default();
    let first = snapshot.read(snapshot.entry(&path("MAL-2026-1")).unwrap()).unwrap();
    let place = path("MAL-2026-1").parse().unwrap();
    let record = database::Report::read(&place, &first).record.unwrap();
    listed.add(Listed::keys(&place, &record), 1_700_000_000);
    let given = Input { listed: Some(&listed), ..only(&[Target::Verdicts, Target::Sqlite], &snapshot) };
    let release = Release::of(&given);
    let since: Vec<String> = rows(&release).into_iter().filter(|row| row[1] == "a").map(|row| row[6].clone()).collect();
    assert_eq!(since, ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20Z"]);
    let answers = lookup(&release).id("mal-2026-1").unwrap();
    assert_eq!(answers[0].since["1.0.1"], "2023-11-14T22:13:20Z");
}

#[test]
fn the_lookup_file_answers_each_question() {
    let snapshot = some();
    let release = Release::of(&only(&[Target::Sqlite], &snapshot));
    let lookup = lookup(&release);
    let ids = |answers: Vec<index::Answered>| -> Vec<String> {
        answers.iter().map(|answer| answer.statement.record.id.as_str().unwrap().to_owned()).collect()
    };
    let npm = |name: &str| Package::new("npm".parse().unwrap(), name);
    assert_eq!(ids(lookup.package(&npm("a")).unwrap()), ["MAL-2026-1"]);
    assert_eq!(ids(lookup.package(&Package::new("PyPI".parse().unwrap(), "foo.BAR")).unwrap()), ["MAL-2026-2"]);
    assert!(lookup.package(&npm("none")).unwrap().is_empty());
    assert_eq!(ids(lookup.alias("ghsa-AAAA-bbbb-cccc").unwrap()), ["MAL-2026-1"]);
    assert_eq!(ids(lookup.purl("pkg:npm/%40s/d").unwrap()), ["MAL-2026-5"]);
    assert_eq!(ids(lookup.indicator("evil.example").unwrap()), ["MAL-2026-1"]);
    assert_eq!(ids(lookup.indicator("192.0.2.1").unwrap()), ["MAL-2026-1"]);
    assert_eq!(lookup.about("home").unwrap().as_deref(), Some("https://example.org/db"));
    let said = &lookup.package(&npm("b")).unwrap()[0].statement;
    assert!(said.affects("1.5.0") && !said.affects("2.0.0"));
    assert_eq!(said.record.summary.as_str(), Some("=1+1"));
    let a = &lookup.package(&npm("a")).unwrap()[0].statement;
    assert_eq!(a.record.summary.as_str(), Some("Malicious code in a (npm)"));
    assert_eq!(a.path.as_str(), "osv/malicious/npm/a/MAL-2026-1.json");
    assert!(lookup.package(&npm("c")).unwrap()[0].statement.record.is_withdrawn());
}

#[test]
fn a_report_has_a_row_for_each_package_and_one_if_there_is_none() {
    let package = |ecosystem: &str, name: &str| {
        format!(r#"{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},"versions":["1.0.0","2.0.0"]}}"#)
    };
    let of = |id: &str, affected: &[String]| {
        format!(
            r#"{{"id":"{id}","modified":"2026-01-02T00:00:00Z","aliases":["{id}-ALIAS"],"affected":[{}],
            "database_specific":{{"malpkg":{{"indicators":[{{"type":"domain","value":"shared.example"}}]}}}}}}"#,
            affected.join(",")
        )
    };
    let both = [package("npm", "@s/a"), package("Maven", "g:b")];
    let snapshot = reports(&[
        ("MAL-2026-1", of("MAL-2026-1", &both)),
        ("MAL-2026-2", of("MAL-2026-2", &[])),
        ("MAL-2026-3", of("MAL-2026-3", &[package("npm", "c")])),
    ]);
    // Since when each version is listed differs.
    let mut listed = Listed::default();
    let place = path("MAL-2026-3").parse().unwrap();
    for (version, time) in [("1.0.0", 1_700_000_000), ("2.0.0", 1_700_000_001)] {
        let said = of("MAL-2026-3", &[package("npm", "c").replace(r#""1.0.0","2.0.0""#, &format!("\"{version}\""))]);
        let record = database::Report::read(&place, said.as_bytes()).record.unwrap();
        listed.add(Listed::keys(&place, &record), time);
    }
    let release = Release::of(&Input { listed: Some(&listed), ..only(&[Target::Sqlite], &snapshot) });
    let lookup = lookup(&release);
    let names = |answers: Vec<index::Answered>| -> Vec<String> {
        answers.iter().map(|answer| answer.statement.package.name().to_owned()).collect()
    };
    assert_eq!(names(lookup.id("MAL-2026-1").unwrap()), ["g:b", "@s/a"]);
    assert_eq!(names(lookup.alias("MAL-2026-1-alias").unwrap()), ["g:b", "@s/a"]);
    assert_eq!(names(lookup.indicator("shared.example").unwrap()), ["g:b", "@s/a", "c"]);
    for (purl, name) in [("pkg:npm/%40s/a", "@s/a"), ("pkg:maven/g/b", "g:b"), ("pkg:npm/c", "c")] {
        assert_eq!(names(lookup.purl(purl).unwrap()), [name]);
    }
    assert!(lookup.id("MAL-2026-2").unwrap().is_empty());
    let c = &lookup.id("MAL-2026-3").unwrap()[0].since;
    assert_eq!((c["1.0.0"].as_str(), c["2.0.0"].as_str()), ("2023-11-14T22:13:20Z", "2023-11-14T22:13:21Z"));
}

#[test]
fn every_question_is_answered_from_an_index() {
    let snapshot = some();
    let release = Release::of(&only(&[Target::Sqlite], &snapshot));
    let lookup = lookup(&release);
    let mut plans: Vec<(String, Vec<String>)> = ["package", "id", "alias", "purl", "indicator", "one"]
        .map(|question| (question.to_owned(), lookup.plan(question).unwrap()))
        .into();
    for text in [
        "SELECT * FROM verdict WHERE ecosystem = 'npm' AND name = 'a' AND version IN ('1.0.0', '*')",
        "SELECT * FROM verdict WHERE id = 'MAL-2026-1'",
        "SELECT * FROM report WHERE id = 'MAL-2026-1'",
    ] {
        plans.push((text.to_owned(), lookup.steps(text).unwrap()));
    }
    for (question, steps) in plans {
        assert!(!steps.is_empty());
        // Ecosystems are few, and of what an index found the lists are gone through.
        let few = ["ecosystem", "word", "verdict", "VIRTUAL TABLE"];
        let is_long = |step: &&String| step.starts_with("SCAN") && !few.iter().any(|name| step.contains(name));
        let scans: Vec<&String> = steps.iter().filter(is_long).collect();
        assert!(scans.is_empty(), "{question} goes through a table: {steps:?}");
    }
}

#[test]
fn the_bytes_do_not_depend_on_threads() {
    let snapshot = snapshot((1..200).map(|n| {
        let id = format!("MAL-2026-{n}");
        (path(&id), report_on_all(&id, "2026-01-02T00:00:00Z", "npm", &format!("p{}", n * 7919 % 200)))
    }));
    let targets = [Target::Sqlite, Target::Verdicts, Target::Filter, Target::Parquet];
    let hashes = [1, 4].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Release::of(&only(&targets, &snapshot)).manifest.files)
    });
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(hashes[0].len(), 7);
}

/// A reader of the filter, written from its page alone.
fn is_in(filter: &[u8], key: &str) -> bool {
    assert_eq!(&filter[..8], b"malpkgB1");
    let word = |from: usize| u64::from_le_bytes(filter[from..from + 8].try_into().unwrap());
    let (bits, probes) = (word(8), word(16));
    let digest = Sha256::digest(key);
    let part = |from: usize| u64::from_le_bytes(digest[from..from + 8].try_into().unwrap());
    let (first, step) = (part(0), part(8) | 1);
    (0..probes).all(|probe| {
        let bit = first.wrapping_add(probe.wrapping_mul(step)) % bits;
        filter[24 + (bit / 8) as usize] >> (bit % 8) & 1 == 1
    })
}

#[test]
fn the_filter_misses_nothing_and_seldom_errs() {
    let snapshot = snapshot((1..2_001).map(|n| {
        let id = format!("MAL-2026-{n}");
        (path(&id), report_on_all(&id, "2026-01-02T00:00:00Z", "npm", &format!("p{n}")))
    }));
    let release = Release::of(&only(&[Target::Filter], &snapshot));
    let filter = release.bytes("filter/verdicts.bloom");
    for n in 1..2_001 {
        assert!(is_in(&filter, &format!("npm\0p{n}")) && is_in(&filter, &format!("npm\0p{n}\0*")), "p{n}");
    }
    let false_alarms = (0..100_000).filter(|n| is_in(&filter, &format!("npm\0q{n}"))).count();
    assert!(false_alarms <= 200, "{false_alarms} of 100000 are false alarms, and 100 are promised");
    let manifest: serde_json::Value = serde_json::from_str(&release.text("filter/manifest.json")).unwrap();
    assert_eq!((&manifest["keys"], &manifest["size"]), (&4_000.into(), &filter.len().into()));
}

#[test]
fn the_filter_of_some_says_what_may_be_listed() {
    let snapshot = some();
    let release = Release::of(&only(&[Target::Filter], &snapshot));
    let filter = release.bytes("filter/verdicts.bloom");
    for key in ["npm\0a\x001.0.0", "npm\0b\0*", "PyPI\0foo-bar\0*", "npm\0a"] {
        assert!(is_in(&filter, key), "{key:?}");
    }
    for key in ["npm\0a\0*", "npm\0c", "npm\0c\x001.0.0"] {
        assert!(!is_in(&filter, key), "{key:?}");
    }
}

#[test]
fn columns_say_what_records_say() {
    let snapshot = some();
    let release = Release::of(&only(&[Target::Parquet], &snapshot));
    let read = |name: &str| -> Vec<String> {
        let reader =
            SerializedFileReader::new(File::open(release.path(&format!("parquet/{name}.parquet"))).unwrap()).unwrap();
        let rows = reader.get_row_iter(None).unwrap();
        rows.map(|row| {
            let row = row.unwrap();
            let cells = row.get_column_iter().map(|(name, field)| match field {
                Field::Str(text) => format!("{name}={text}"),
                other => format!("{name}={other}"),
            });
            cells.collect::<Vec<_>>().join(" ")
        })
        .collect()
    };
    let affected = read("affected");
    assert_eq!(affected.len(), 5);
    assert!(
        affected[0].starts_with(
            "ecosystem=PyPI name=foo-bar purl=pkg:pypi/foo-bar id=MAL-2026-2 versions=[] all_versions=true"
        ),
        "{}",
        affected[0]
    );
    assert!(affected[2].contains(r#"versions=["1.0.0", "1.0.1"] all_versions=false ranges=[]"#), "{}", affected[2]);
    assert!(
        affected[2].contains(r#"aliases=["GHSA-aaaa-bbbb-cccc"] source=https://example.org/db"#),
        "{}",
        affected[2]
    );
    assert!(affected[3].contains(r#"introduced: "1.0.0", fixed: "2.0.0", last_affected: null"#), "{}", affected[3]);
    assert!(affected[4].contains("withdrawn=2026-02-01"), "{}", affected[4]);
    assert_eq!(read("exploded").len(), 7);
    let iocs = read("iocs");
    assert_eq!(iocs[0], "id=MAL-2026-1 type=domain value=evil.example role=c2 first_seen=null");
    assert_eq!(iocs.len(), 2);
}
