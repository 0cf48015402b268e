//! Formats and what a configuration makes of them.

use intake::Setting;
use testkit::Folder;

use crate::program::{names, read, record, refused, source, text, texts};

/// Files in a folder, read with settings: names taken, and names refused with their rules.
#[track_caller]
fn check(
    format: &str,
    settings: &[(&str, Setting)],
    files: &[(&str, &str)],
    taken: &[&str],
    told: &[(&str, &str)],
) -> intake::Reading {
    let folder = Folder::empty();
    files.iter().for_each(|(name, content)| folder.write(name, content));
    let reading = read(&source(format, settings), folder.path()).expect("it works here");
    assert_eq!(names(&reading), taken);
    let found: Vec<(&str, &str)> = refused(&reading).into_iter().map(|(name, rule, _)| (name, rule)).collect();
    assert_eq!(found, told);
    reading
}

const SEVERAL: &str = r#"{"id": "X-1", "modified": "2026-01-01T00:00:00Z", "affected": [
    {"package": {"ecosystem": "npm", "name": "a"}, "versions": ["2"]},
    {"package": {"ecosystem": "PyPI", "name": "b_c"}, "versions": ["1"]},
    {"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1", "2"]}]}"#;

#[test]
fn a_record_on_several_packages_is_taken_apart() {
    let reading = check("osv", &[], &[("x.json", SEVERAL)], &["x.json#1", "x.json#2"], &[]);
    let deliveries = &reading.taken.deliveries;
    assert_eq!(deliveries[0].record.affected.items()[0].versions.items(), ["1", "2"]);
    assert_eq!(deliveries[0].sha256, deliveries[1].sha256);
    assert!(deliveries.iter().all(|delivery| delivery.own_id() == Some("X-1")));
    let reject = [("several-affected", text("reject"))];
    check("osv", &reject, &[("x.json", SEVERAL)], &[], &[("x.json", "affected-several")]);
}

#[test]
fn what_is_not_asked_for_is_left_out() {
    let (a, b) = (record("X-1", "a"), record("X-2", "b"));
    let files = [("a.json", a.as_str()), ("b.json", b.as_str()), ("x.json", SEVERAL)];
    let reading = check("osv", &[("ecosystems", texts(&["pypi"]))], &files, &["x.json#2"], &[]);
    assert_eq!((reading.taken.left_out, reading.taken.accepted.len()), (3, 3));
    check("osv", &[("names", texts(&["*", "!a"]))], &files, &["b.json", "x.json#2"], &[]);
}

#[test]
fn an_id_that_is_none_of_the_source_is_a_claim() {
    let (ours, theirs) = (record("X-1", "a"), record("MAL-2025-1", "b"));
    let files = [("a.json", ours.as_str()), ("b.json", theirs.as_str())];
    let prefixes = [("id-prefixes", texts(&["X-"]))];
    check("osv", &prefixes, &files, &["a.json"], &[("b.json", "invalid-id")]);
    let kept = |settings: &[(&str, Setting)]| -> Vec<bool> {
        let reading = check("osv", settings, &files, &["a.json", "b.json"], &[]);
        reading.taken.deliveries.iter().map(|delivery| delivery.keeps_id).collect()
    };
    assert_eq!(kept(&[]), [false, false]);
    assert_eq!(kept(&[("own-ids", text("keep"))]), [false, true]);
}

#[test]
fn placeholders_and_dropped_ids_do_not_get_through() {
    let record = r#"{"id": "MAL-0000-x", "modified": "2026-01-01T00:00:00Z", "aliases": ["MAL-0000-y", "RLMA-1", "GHSA-1"],
        "related": ["RLMA-2"], "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1"]}]}"#;
    let drop = [("drop-aliases", texts(&["RLMA-*"]))];
    let reading = check("osv", &drop, &[("x.json", record)], &["x.json"], &[]);
    let record = &reading.taken.deliveries[0].record;
    assert_eq!((record.id.as_str(), record.aliases.items()), (None, ["GHSA-1".to_owned()].as_slice()));
    assert_eq!(record.related.items(), ["RLMA-2"]);
}

#[test]
fn a_tree_is_taken_over_by_its_paths() {
    let (one, two, free) = (record("MAL-2024-1", "a"), record("MAL-2024-2", "b"), record("", "c"));
    let files = [
        ("osv/ids.json", "{}"),
        ("osv/malicious/npm/a/MAL-2024-1.json", one.as_str()),
        ("osv/malicious/npm/c/MAL-0000-feed-1.json", free.as_str()),
        ("osv/malicious/npm/d/MAL-2024-3.json", one.as_str()),
        ("osv/withdrawn/npm/b/MAL-2024-2.json", two.as_str()),
    ];
    let taken = ["osv/malicious/npm/a/MAL-2024-1.json", "osv/withdrawn/npm/b/MAL-2024-2.json"];
    let told = [("osv/malicious/npm/d/MAL-2024-3.json", "filename-mismatch")];
    let reading = check("ossf-tree", &[], &files, &taken, &told);
    let deliveries = &reading.taken.deliveries;
    assert!(deliveries.iter().all(|delivery| delivery.taken_over));
    let withdrawn = deliveries.iter().map(|delivery| delivery.record.withdrawn.as_str());
    assert_eq!(withdrawn.collect::<Vec<_>>(), [None, Some("2026-01-01T00:00:00Z")]);
}

#[test]
fn other_encodings_than_utf_8_are_told() {
    let folder = Folder::empty();
    let utf16: Vec<u8> = record("X-1", "a").encode_utf16().flat_map(u16::to_le_bytes).collect();
    folder.write("a.json", [&b"\xff\xfe"[..], &utf16].concat());
    folder.write(
        "b.json",
        record("X-1", "caf\u{e9}")
            .replace('\u{e9}', "?")
            .into_bytes()
            .iter()
            .map(|b| if *b == b'?' { 0xe9 } else { *b })
            .collect::<Vec<u8>>(),
    );
    folder.write("c.json", format!("\u{feff}{}", record("X-1", "a")));
    folder.write("d.json", record("X-1", "a"));
    let reading = read(&source("osv", &[]), folder.path()).expect("it works here");
    assert_eq!(names(&reading), ["d.json"]);
    assert!(refused(&reading).iter().all(|(_, rule, _)| *rule == "malformed-json"), "{:?}", refused(&reading));
    assert_eq!(refused(&reading).len(), 3);
}
