//! `malpkg query --from URL`: a release that is asked where it is published.

use std::fs;

use malpkg::Exit;
use serde_json::Value;

use crate::hosting::{Fault, Hosting};
use crate::program::{NOW, Ran, json, malpkg, spawned};
use crate::pull::Published;

/// When every status of the tests has run out.
const LATER: &str = "2026-07-01T00:00:00Z";

/// A release at an address, and somebody who asks it.
struct Asked {
    published: Published,
    hosting: Hosting,
}

impl Asked {
    fn new() -> Asked {
        let published = Published::new();
        let hosting = Hosting::of(&published.folder.place("one"));
        Asked { published, hosting }
    }

    fn query_at(&self, now: &str, from: &str, what: &str, more: &[&str]) -> Ran<Option<i32>> {
        let cache = self.published.place("cache");
        let arguments = [&["query", what, "--from", from, "--format", "json"], more].concat();
        spawned(now, &arguments, &[("XDG_CACHE_HOME", &cache), ("MALPKG_FROM", "")])
    }

    /// Asks what lies at a path of the address, and gives the answer and what was fetched for it.
    #[track_caller]
    fn query(&self, path: &str, what: &str, exit: Exit) -> (Value, Vec<String>) {
        let from = format!("{}{path}", self.hosting.url);
        let Ran { exit: ended, out, err } = self.query_at(NOW, &from, what, &[]);
        assert_eq!((ended, err.as_str()), (Some(exit as i32), ""), "{out}");
        let asked = self.hosting.asked().into_iter().filter(|file| !is_about_it(file)).collect();
        (serde_json::from_str(&out).unwrap(), asked)
    }

    #[track_caller]
    fn refused(&self, path: &str, more: &[&str], told: &str) {
        let from = format!("{}{path}", self.hosting.url);
        let Ran { exit, out, err } = self.query_at(NOW, &from, "npm/name-0", more);
        let out = out + &err;
        assert!(exit == Some(2) && out.contains(told), "{told:?} is not told: {out}");
    }
}

/// Whether a file is looked at each time.
fn is_about_it(file: &str) -> bool {
    ["manifest.json", "status.json"].iter().any(|name| file.contains(name))
}

#[test]
fn an_address_answers_as_the_folder_does_and_one_file_comes_once() {
    let asked = Asked::new();
    for what in ["npm/name-0", "npm/name-0@1.0.0", "MAL-2026-1"] {
        let from = asked.published.place("one");
        let expected = json(asked.published.folder.path(), &["query", what, "--from", &from], Exit::Found);
        assert_eq!(asked.query("", what, Exit::Found).0, expected);
    }
    let (answer, came) = asked.query("/", "npm/seven", Exit::Done);
    assert_eq!((&answer["answers"][0]["verdict"], came), (&"not-known".into(), vec!["malpkg.sqlite".to_owned()]));
    assert_eq!(asked.query("/", "npm/name-0", Exit::Found).1, [""; 0], "it is here");
    asked.hosting.now_serves(&asked.published.folder.place("two"));
    let (answer, came) = asked.query("/", "npm/seven", Exit::Found);
    assert_eq!(answer["data"]["commit"], asked.published.repository.id("HEAD"));
    assert_eq!(came, ["malpkg.sqlite"]);
}

#[test]
fn a_file_at_an_address_is_held_to_the_release_around_it() {
    let asked = Asked::new();
    for (path, what, file) in [
        ("/malpkg.sqlite", "PyPI/name-1", "malpkg.sqlite"),
        ("/all.zip?token=x", "PyPI/name-1", "all.zip"),
        ("/Red%20Hat/all.zip", "MAL-2026-2", "Red Hat/all.zip"),
    ] {
        assert_eq!(asked.query(path, what, Exit::Found).1, [file]);
    }
    asked.query("/npm/all.zip", "PyPI/name-1", Exit::Done);
    // What no manifest speaks of is not believed.
    asked.refused("/npm/none.zip", &[], "npm/none.zip is refused: the manifest does not have it");
    asked.hosting.spoil("manifest.json", Fault::Missing);
    asked.refused("/all.zip", &[], "there is no release");
    asked.refused("/npm/all.zip", &[], "there is no release");
}

#[test]
fn what_is_not_what_the_manifest_says_gives_no_answer() {
    let asked = Asked::new();
    let mut bytes = fs::read(asked.published.folder.place("one/malpkg.sqlite")).unwrap();
    bytes[5000] ^= 1;
    asked.hosting.spoil("malpkg.sqlite", Fault::Says(bytes));
    asked.refused("", &[], "its bytes are not those of the manifest");
    asked.hosting.mend();
    asked.query("", "npm/name-0", Exit::Found);
    // What was damaged here comes again.
    let kept = asked.published.folder.list().into_iter().find(|file| file.ends_with("/malpkg.sqlite")).unwrap();
    assert!(kept.starts_with("cache/malpkg/releases/"), "{kept}");
    fs::write(asked.published.folder.place(&kept), "mine").unwrap();
    assert_eq!(asked.query("", "npm/name-0", Exit::Found).1, ["malpkg.sqlite"]);
    // A release that is not there any more is no answer, whatever is kept.
    asked.hosting.spoil("manifest.json", Fault::Missing);
    asked.refused("", &[], "there is no release");
}

#[test]
fn an_older_release_gives_no_answer() {
    let asked = Asked::new();
    asked.hosting.now_serves(&asked.published.folder.place("two"));
    asked.query("", "npm/seven", Exit::Found);
    asked.hosting.now_serves(&asked.published.folder.place("one"));
    asked.refused("", &[], "is older; the one here is");
    asked.refused("", &[], "to take it all the same, remove");
}

#[test]
fn a_key_is_asked_for_at_an_address() {
    let asked = Asked::new();
    let keys = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let (secret, key) = (keys.sk.to_box(None).unwrap().into_string(), keys.pk.to_base64());
    asked.refused("", &["--key", &key], "there is no signature");
    let (repo, out) = (asked.published.repository.path().to_str().unwrap(), asked.published.place("signed"));
    let ran = spawned(NOW, &["--repo", repo, "export", "--out", &out], &[("MALPKG_SIGNING_KEY", &secret)]);
    assert_eq!(ran.exit, Some(0), "{}", ran.err);
    asked.hosting.now_serves(&asked.published.folder.place("signed"));
    let signed = asked.query_at(NOW, &asked.hosting.url, "npm/name-0", &["--key", &key]);
    assert_eq!(signed.exit, Some(1), "{}{}", signed.out, signed.err);
    let other = minisign::KeyPair::generate_unencrypted_keypair().unwrap().pk.to_base64();
    asked.refused("", &["--key", &other], "it is not signed with this key");
    let local = malpkg(asked.published.folder.path(), &["query", "npm/a", "--from", &out, "--key", &key]);
    assert!(local.exit == Exit::Failed && local.err.contains("malpkg verify"), "{}", local.err);
}

#[test]
fn old_data_are_no_all_clear() {
    let asked = Asked::new();
    let folder = asked.published.place("one");
    for from in [&asked.hosting.url, &folder] {
        for (what, exit) in [("npm/none", 4), ("npm/name-0", 1), ("nonsense", 4)] {
            let ran = asked.query_at(LATER, from, what, &[]);
            assert_eq!(ran.exit, Some(exit), "{what}: {}{}", ran.out, ran.err);
            assert!(ran.err.contains("these data are old"), "{}", ran.err);
        }
    }
}
