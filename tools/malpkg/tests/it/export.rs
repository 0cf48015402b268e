//! `malpkg export`: a release of a commit, and the reports that are held.

use malpkg::Exit;
use testkit::{Database, Folder, Repository, report};

use crate::program::{json, malpkg};

fn repository() -> Repository {
    let mut database = Database::default();
    database = database.with("osv/malicious/npm/a/MAL-2026-1.json", &report("MAL-2026-1", "npm", "a", &["1.0.0"]));
    database = database.with("osv/malicious/pypi/b/MAL-2026-2.json", &report("MAL-2026-2", "PyPI", "b", &["1.0"]));
    database.repository()
}

fn manifest(out: &Folder) -> serde_json::Value {
    serde_json::from_str(&out.read("release/manifest.json")).expect("a manifest")
}

#[test]
fn a_release_is_that_of_a_commit() {
    let (repository, out) = (repository(), Folder::empty());
    let dir = out.place("release");
    let told = json(repository.path(), &["export", "--out", dir.to_str().unwrap()], Exit::Done);
    assert_eq!(told["reports"], 2);
    let manifest = manifest(&out);
    assert_eq!((&manifest["commit"], &manifest["sequence"]), (&repository.id("HEAD").into(), &1.into()));
    assert_eq!(manifest["tree"], repository.run(&["rev-parse", "HEAD^{tree}"]).trim());
    for file in ["all.zip", "npm/all.zip", "PyPI/all.zip", "Red Hat/all.zip", "modified_id.csv", "all.ndjson.zst"] {
        assert!(out.has(&format!("release/{file}")), "{file}");
        assert!(manifest["files"][file]["sha256"].is_string(), "{file}");
    }
}

#[test]
fn the_same_commit_gives_the_same_bytes() {
    let (repository, out) = (repository(), Folder::empty());
    for name in ["one", "two"] {
        let dir = out.place(name);
        assert_eq!(malpkg(repository.path(), &["export", "--out", dir.to_str().unwrap()]).exit, Exit::Done);
    }
    let files = out.list();
    for file in files.iter().filter_map(|file| file.strip_prefix("one/")) {
        let bytes = |name: &str| std::fs::read(out.place(&format!("{name}/{file}"))).unwrap();
        assert!(bytes("one") == bytes("two"), "{file}");
    }
    assert!(files.len() > 100);
}

#[test]
fn a_report_with_errors_is_held() {
    let (repository, out) = (repository(), Folder::empty());
    repository.write("osv/malicious/npm/c/MAL-2026-3.json", report("MAL-2026-3", "npm", "not-c", &["1.0.0"]));
    repository.write("osv/malicious/npm/d/MAL-0000-d.json", report("", "npm", "d", &["1.0.0"]));
    repository.commit("bad ones");
    let dir = out.place("release");
    let told = json(repository.path(), &["export", "--out", dir.to_str().unwrap()], Exit::Found);
    assert_eq!(told["reports"], 2);
    let held: Vec<(&str, &str)> = told["held"]
        .as_array()
        .unwrap()
        .iter()
        .map(|held| (held["path"].as_str().unwrap(), held["rule"].as_str().unwrap()))
        .collect();
    assert_eq!(
        held,
        [
            ("osv/malicious/npm/d/MAL-0000-d.json", "unassigned"),
            ("osv/malicious/npm/c/MAL-2026-3.json", "path-mismatch")
        ]
    );
    assert_eq!(manifest(&out)["held"], told["held"]);
    let refused = malpkg(repository.path(), &["export", "--strict", "--out", out.place("other").to_str().unwrap()]);
    assert_eq!(refused.exit, Exit::Failed);
    assert!(!out.has("other"));
}

#[test]
fn one_id_for_two_packages_refuses_the_release() {
    let (repository, out) = (repository(), Folder::empty());
    repository.write("osv/malicious/npm/c/MAL-2026-1.json", report("MAL-2026-1", "npm", "c", &["1.0.0"]));
    repository.commit("twice");
    let refused = malpkg(repository.path(), &["export", "--out", out.place("release").to_str().unwrap()]);
    assert_eq!(refused.exit, Exit::Failed, "{}", refused.out);
    assert!(refused.err.contains("MAL-2026-1") && !out.has("release"), "{}", refused.err);
}

#[test]
fn a_folder_that_is_no_release_is_not_touched() {
    let (repository, out) = (repository(), Folder::empty());
    out.write("mine/thesis.txt", "years of work");
    let refused = malpkg(repository.path(), &["export", "--out", out.place("mine").to_str().unwrap()]);
    assert_eq!(refused.exit, Exit::Failed);
    assert_eq!(out.list(), ["mine/thesis.txt"]);
}

#[test]
fn targets_can_be_chosen() {
    let (repository, out) = (repository(), Folder::empty());
    let dir = out.place("release");
    json(repository.path(), &["export", "--only", "ndjson", "--out", dir.to_str().unwrap()], Exit::Done);
    assert!(out.has("release/all.ndjson.zst") && !out.has("release/all.zip"));
    let refused = malpkg(repository.path(), &["export", "--only", "zipp", "--out", dir.to_str().unwrap()]);
    assert!(refused.err.contains("zip"), "{}", refused.err);
}

#[test]
fn what_is_no_bucket_gets_no_release() {
    let (repository, out) = (repository(), Folder::empty());
    let dir = out.place("release");
    let to = |address: &str| {
        malpkg(repository.path(), &["export", "--only", "rpz", "--out", dir.to_str().unwrap(), "--to", address])
    };
    for address in ["dist", "https://example.org/x", "s3://", "s3://a/../b", "s3:// /x"] {
        let refused = to(address);
        assert_eq!(refused.exit, Exit::Failed, "{address}: {}", refused.out);
        assert!(refused.err.contains("no address of a bucket"), "{address}: {}", refused.err);
    }
    // What cannot be brought there is not put in place here either: the next run does both.
    assert!(out.list().iter().all(|path| path.contains("lock")), "{:?}", out.list());
    let neither = malpkg(repository.path(), &["export"]);
    assert!(neither.exit == Exit::Failed && neither.err.contains("--out"), "{}", neither.err);
}

#[test]
fn the_configuration_chooses_what_is_written_and_what_blocks() {
    let (repository, out) = (repository(), Folder::empty());
    let dir = out.place("release");
    let export = |more: &[&str]| {
        let arguments = [&["export", "--out", dir.to_str().unwrap()], more].concat();
        json(repository.path(), &arguments, Exit::Done);
        manifest(&out)
    };
    let unasked = export(&[]);
    assert_eq!(unasked["left_out"], serde_json::json!({ "kinds": {}, "confidence": {}, "packages": {} }));
    assert!(out.read("release/safe-chain/malware_predictions.json").contains(r#""package_name":"a""#));
    let config = "[export]\ntargets = [\"ndjson\", \"safe-chain\"]\nblock = [\"hijack\"]\n";
    repository.write("malpkg.toml", config);
    repository.commit("only what was taken over blocks");
    let chosen = export(&[]);
    assert_eq!(chosen["targets"], serde_json::json!(["ndjson", "safe-chain"]));
    let blocking = serde_json::json!({ "kinds": ["hijack"], "min_confidence": "claimed" });
    assert_eq!((&chosen["blocking"], &chosen["left_out"]["kinds"]["malware"]), (&blocking, &2.into()));
    assert_eq!(out.read("release/safe-chain/malware_predictions.json"), "[]\n");
    let proven = malpkg(repository.path(), &["verify", dir.to_str().unwrap()]);
    assert_eq!(proven.exit, Exit::Done, "{}{}", proven.out, proven.err);
    let asked = export(&["--only", "zip"]);
    assert_eq!((&asked["targets"], &asked["blocking"]), (&serde_json::json!(["zip"]), &serde_json::Value::Null));
    repository.write("malpkg.toml", "[export]\nblock = [\"hijak\"]\n");
    repository.commit("a word that is none");
    let refused = malpkg(repository.path(), &["export", "--out", dir.to_str().unwrap()]);
    assert!(refused.exit == Exit::Failed && refused.err.contains("did you mean `hijack`?"), "{}", refused.err);
}
