//! `malpkg pull`: a release brought over from a folder and from a server, and what is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use malpkg::Exit;
use serde_json::Value;
use testkit::{Database, Folder, Repository, report};

use crate::hosting::{Fault, Hosting};
use crate::program::{Ran, json, malpkg, malpkg_at};

/// A repository of two commits, and a release of each.
pub(crate) struct Published {
    pub(crate) repository: Repository,
    pub(crate) folder: Folder,
}

impl Published {
    pub(crate) fn new() -> Published {
        let mut database = Database::default();
        for (at, (ecosystem, directory)) in
            [("npm", "npm"), ("PyPI", "pypi"), ("Red Hat", "red-hat")].iter().enumerate()
        {
            let (id, name) = (format!("MAL-2026-{at}"), format!("name-{at}"));
            let path = format!("osv/malicious/{directory}/{name}/{id}.json");
            database = database.with(&path, &report(&id, ecosystem, &name, &["1.0.0"]));
        }
        let (repository, folder) = (database.repository(), Folder::empty());
        let published = Published { repository, folder };
        published.export("one");
        let text = report("MAL-2026-7", "npm", "seven", &["1.0.0"]);
        published.repository.write("osv/malicious/npm/seven/MAL-2026-7.json", text);
        published.repository.commit("one more");
        published.export("two");
        published
    }

    pub(crate) fn export(&self, name: &str) {
        let dir = self.folder.place(name);
        json(self.repository.path(), &["export", "--out", dir.to_str().unwrap()], Exit::Done);
    }

    /// Pulls into a folder of this name.
    pub(crate) fn pull(&self, from: &str, out: &str, more: &[&str]) -> Ran {
        let out = self.folder.place(out);
        malpkg(self.repository.path(), &[&["pull", from, "--out", out.to_str().unwrap()], more].concat())
    }

    pub(crate) fn place(&self, name: &str) -> String {
        self.folder.place(name).to_str().unwrap().to_owned()
    }

    /// Every file with its bytes.
    pub(crate) fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let prefix = format!("{name}/");
        let names = self.folder.list().into_iter().filter_map(|file| file.strip_prefix(&prefix).map(str::to_owned));
        names.map(|file| (file.clone(), fs::read(self.folder.place(&format!("{name}/{file}"))).unwrap())).collect()
    }

    #[track_caller]
    fn refused(&self, from: &str, out: &str, more: &[&str], told: &str) {
        let before = self.files(out);
        let ran = self.pull(from, out, more);
        assert_eq!(ran.exit, Exit::Failed, "{}{}", ran.out, ran.err);
        assert!(ran.err.contains(told), "{told:?} is not told: {}", ran.err);
        assert!(self.files(out) == before, "the release that was here is another one");
        assert!(self.folder.list().iter().all(|file| !file.starts_with('.')), "something was left");
    }
}

fn told(ran: &Ran) -> Value {
    assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn a_release_comes_over_as_it_is() {
    let published = Published::new();
    let hosting = Hosting::of(&published.folder.place("one"));
    for (from, out) in [(hosting.url.clone(), "a"), (published.place("one"), "b")] {
        let pulled = told(&published.pull(&from, out, &["--format", "json"]));
        assert_eq!(
            (&pulled["format"], &pulled["reports"], &pulled["kept"]),
            (&"malpkg.pull".into(), &3.into(), &0.into())
        );
        assert!(published.files(out) == published.files("one"));
    }
}

#[test]
fn only_what_changed_is_fetched() {
    let published = Published::new();
    let hosting = Hosting::of(&published.folder.place("one"));
    told(&published.pull(&hosting.url, "here", &["--format", "json"]));
    hosting.asked();
    hosting.now_serves(&published.folder.place("two"));
    let pulled = told(&published.pull(&hosting.url, "here", &["--format", "json"]));
    let asked = hosting.asked();
    let (from, to) = (published.repository.id("HEAD~1"), published.repository.id("HEAD"));
    let mut expected = ["json", "zip"].map(|extension| format!("delta/{from}..{to}.{extension}")).to_vec();
    expected.extend(["index.json"].map(|name| format!("delta/{name}")));
    expected
        .extend(["manifest.json", "manifest.json.minisig", "status.json", "status.json.minisig"].map(str::to_owned));
    // What only the whole database can make is fetched whole.
    let whole = ["filter/manifest.json", "filter/verdicts.bloom", "malpkg.sqlite", "verdicts.csv.zst"];
    let columns = ["parquet/affected.parquet", "parquet/exploded.parquet"];
    expected.extend(whole.into_iter().chain(columns).map(str::to_owned));
    // So is what those read who hunt, where its ecosystem changed; its names are those of campaigns and days.
    let (hunters, asked): (Vec<String>, Vec<String>) = asked
        .into_iter()
        .partition(|path| ["cyclonedx/", "feeds/", "misp/", "rpz/", "stix/"].iter().any(|part| path.starts_with(part)));
    assert!(hunters.iter().all(|path| !path.contains("PyPI")) && hunters.contains(&"stix/npm.json".to_owned()));
    let asked: std::collections::BTreeSet<String> = asked.into_iter().collect();
    assert_eq!(asked, expected.into_iter().collect(), "all else is made of what is here");
    assert!(pulled["kept"].as_u64().unwrap() > 90, "{pulled}");
    assert_eq!(pulled["before"], from);
    assert!(published.files("here") == published.files("two"));
    // What was damaged here is fetched again.
    fs::write(published.folder.place("here/PyPI/all.zip"), "mine").unwrap();
    fs::remove_file(published.folder.place("here/Go/all.zip")).unwrap();
    fs::write(published.folder.place("here/more"), "mine").unwrap();
    assert_eq!(told(&published.pull(&hosting.url, "here", &["--format", "json"]))["downloaded"], 2);
    assert!(published.files("here") == published.files("two"));
}

#[test]
fn what_is_on_its_way_to_another_release_is_found_by_its_hash() {
    let published = Published::new();
    let (one, two) = (published.folder.place("one"), published.folder.place("two"));
    let before = published.files("one");
    let whole = fs::read(one.join("npm/all.zip")).unwrap();
    let manifest: Value = serde_json::from_slice(&fs::read(one.join("manifest.json")).unwrap()).unwrap();
    let hash = manifest["files"]["npm/all.zip"]["sha256"].as_str().unwrap();
    // The name has the next release's content already, and the manifest is not there yet.
    fs::remove_file(one.join("npm/all.zip")).unwrap();
    fs::copy(two.join("npm/all.zip"), one.join("npm/all.zip")).unwrap();
    let hosting = Hosting::of(&one);
    let refused = published.pull(&hosting.url, "here", &[]);
    assert!(refused.exit == Exit::Failed && refused.err.contains("npm/all.zip"), "{}", refused.err);
    fs::create_dir(one.join("by-hash")).unwrap();
    fs::write(one.join("by-hash").join(hash), "not it either").unwrap();
    assert_eq!(published.pull(&hosting.url, "here", &[]).exit, Exit::Failed, "a hash is not believed");
    fs::write(one.join("by-hash").join(hash), whole).unwrap();
    told(&published.pull(&hosting.url, "here", &["--format", "json"]));
    assert!(published.files("here") == before);
}

#[test]
fn what_breaks_off_goes_on() {
    let published = Published::new();
    let hosting = Hosting::of(&published.folder.place("two"));
    hosting.spoil("all.zip", Fault::EndsAfter(300));
    hosting.spoil("npm/all.zip", Fault::BusyFor(2));
    hosting.spoil("manifest.json", Fault::BusyFor(1));
    told(&published.pull(&hosting.url, "here", &["--format", "json"]));
    assert!(published.files("here") == published.files("two"));
    assert!(hosting.asked().iter().filter(|path| *path == "all.zip").count() > 2);
}

#[test]
fn what_is_not_what_the_manifest_says_is_refused() {
    let published = Published::new();
    let hosting = Hosting::of(&published.folder.place("one"));
    told(&published.pull(&hosting.url, "here", &["--format", "json"]));
    hosting.now_serves(&published.folder.place("two"));
    let mut flipped = fs::read(published.folder.place("two/npm/all.zip")).unwrap();
    flipped[40] ^= 1;
    let cut = flipped[..flipped.len() - 1].to_vec();
    let index = "delta/index.json".to_owned();
    let other_manifest = fs::read(published.folder.place("one/manifest.json")).unwrap();
    let out_of_the_way = String::from_utf8(other_manifest.clone())
        .unwrap()
        .replace(r#""files":{"#, r#""files":{"../../x":{"size":1,"sha256":""},"#);
    for (path, fault, expected) in [
        (index.as_str(), Fault::Says(b"{}".to_vec()), "delta/index.json is refused"),
        ("npm/all.zip", Fault::Says(flipped), "npm/all.zip is refused: its bytes are not those of the manifest"),
        ("npm/all.zip", Fault::Says(cut), "bytes came: "),
        ("npm/all.zip", Fault::Missing, "it is not there"),
        ("npm/all.zip", Fault::Says(vec![0; 100_000]), "it is longer than"),
        ("all.zip", Fault::EndsAfter(0), "all.zip is refused: 0 of "),
        (
            "npm/modified_id.csv",
            Fault::Says(fs::read(published.folder.place("two/PyPI/modified_id.csv")).unwrap()),
            "npm/modified_id.csv",
        ),
        ("manifest.json", Fault::Says(out_of_the_way.into_bytes()), "\"../../x\""),
        ("manifest.json", Fault::Says(b"{}".to_vec()), "is no manifest of an export"),
        ("manifest.json", Fault::Missing, "there is no release"),
    ] {
        hosting.spoil(path, fault);
        if !path.contains("npm/") && path != "all.zip" {
            published.refused(&hosting.url, "here", &[], expected);
        }
        published.refused(&hosting.url, "new", &[], expected);
        hosting.mend();
    }
    // A manifest of another commit names other files, or no new ones.
    hosting.spoil("manifest.json", Fault::Says(other_manifest));
    told(&published.pull(&hosting.url, "here", &["--format", "json"]));
    published.refused(&hosting.url, "new", &[], "is refused");
    published.refused("ftp://x.test/", "new", &[], "a release is pulled from a folder, http:// or https://");
    published.refused(&published.place("nowhere"), "new", &[], "there is no release");
}

#[test]
fn an_older_release_is_refused() {
    let published = Published::new();
    told(&published.pull(&published.place("two"), "here", &["--format", "json"]));
    published.refused(&published.place("one"), "here", &[], "is older; the one here is");
    told(&published.pull(&published.place("one"), "here", &["--allow-rollback", "--format", "json"]));
    // The same number in another history.
    published.repository.run(&["commit", "--amend", "--quiet", "--message", "another"]);
    published.export("other");
    told(&published.pull(&published.place("two"), "here", &["--format", "json"]));
    published.refused(&published.place("other"), "here", &[], "of another history");
}

#[test]
fn a_folder_that_is_no_release_is_not_touched() {
    let published = Published::new();
    published.folder.write("mine/thesis.txt", "years of work");
    published.refused(&published.place("one"), "mine", &[], "no manifest.json");
}

#[test]
fn old_data_are_told() {
    let published = Published::new();
    let (from, out) = (published.place("one"), published.place("here"));
    let at = |now: &str| malpkg_at(now, published.repository.path(), &["pull", &from, "--out", &out]);
    assert_eq!(at("2026-06-08T12:00:00Z").exit, Exit::Done);
    let old = at("2026-06-08T12:00:01Z");
    assert_eq!(old.exit, Exit::TooOld);
    assert!(old.out.contains("last looked for news on 2026-06-01T12:00:00Z"), "{}", old.out);
    assert!(Path::new(&out).join("manifest.json").exists());
}

#[test]
fn what_deltas_cannot_bring_comes_over() {
    let published = Published::new();
    let hosting = Hosting::of(&published.folder.place("one"));
    let (from, to) = (published.repository.id("HEAD~1"), published.repository.id("HEAD"));
    for spoilt in ["all.zip", "manifest.json"] {
        told(&published.pull(&published.place("one"), "here", &["--allow-rollback", "--format", "json"]));
        let path = published.folder.place(&format!("here/{spoilt}"));
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.windows(12).position(|part| part == b"malpkg 0.1.0").unwrap_or(40);
        bytes[at + 7] ^= 1;
        fs::write(path, bytes).unwrap();
        hosting.now_serves(&published.folder.place("two"));
        let pulled = told(&published.pull(&hosting.url, "here", &["--format", "json"]));
        assert_eq!(pulled["made"], 0, "{spoilt}");
        assert!(published.files("here") == published.files("two"));
    }
    // A delta that the manifest does not know is refused like any other file.
    told(&published.pull(&published.place("one"), "here", &["--allow-rollback", "--format", "json"]));
    hosting.spoil(&format!("delta/{from}..{to}.zip"), Fault::Says(vec![0; 10]));
    published.refused(&hosting.url, "here", &[], ".zip is refused: ");
}
