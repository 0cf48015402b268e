//! `malpkg verify`: a release against its manifest, a key, and the commit.

use std::fs;

use malpkg::Exit;
use testkit::report;

use crate::program::{NOW, Ran, json, malpkg, spawned};
use crate::pull::Published;

/// The kinds of difference, with their paths.
fn differences(published: &Published, name: &str, more: &[&str]) -> Vec<String> {
    let dir = published.place(name);
    let (code, out) = process(&[&["verify", &dir, "--format", "json"], more].concat(), None);
    let told: serde_json::Value = serde_json::from_str(&out).expect(&out);
    let found = told["differences"].as_array().unwrap_or_else(|| panic!("{told}"));
    assert_eq!(code, Some(i32::from(!found.is_empty())), "{told}");
    found.iter().map(|one| format!("{} {}", one["path"].as_str().unwrap(), one["kind"].as_str().unwrap())).collect()
}

/// Runs the program as a process that may have a key to sign with.
fn process(arguments: &[&str], key: Option<&str>) -> (Option<i32>, String) {
    let Ran { exit, out, err } = spawned(NOW, arguments, &[("MALPKG_SIGNING_KEY", key.unwrap_or_default())]);
    (exit, out + &err)
}

#[test]
fn a_whole_release_is_what_its_commit_makes() {
    let published = Published::new();
    for name in ["one", "two"] {
        let told = json(published.repository.path(), &["verify", &published.place(name)], Exit::Done);
        assert_eq!((&told["verdict"], &told["content"]), (&"clean".into(), &"proven".into()), "{told}");
        let (code, out) = process(&["verify", &published.place(name)], None);
        assert!(code == Some(0) && out.contains("as the manifest says\n"), "{out}");
    }
}

#[test]
fn every_file_that_is_not_as_it_should_be_is_named() {
    let published = Published::new();
    let dir = published.place("two");
    let mut bytes = fs::read(format!("{dir}/npm/all.zip")).unwrap();
    bytes[50] ^= 1;
    fs::write(format!("{dir}/npm/all.zip"), bytes).unwrap();
    fs::write(format!("{dir}/npm/more.json"), "{}").unwrap();
    fs::remove_file(format!("{dir}/ecosystems.txt")).unwrap();
    fs::rename(format!("{dir}/Go/all.zip"), format!("{dir}/x")).unwrap();
    fs::rename(format!("{dir}/PyPI/all.zip"), format!("{dir}/Go/all.zip")).unwrap();
    fs::rename(format!("{dir}/x"), format!("{dir}/PyPI/all.zip")).unwrap();
    let (code, out) = process(&["verify", &dir], None);
    let expected = "Go/all.zip: differs\nPyPI/all.zip: differs\necosystems.txt: missing\nnpm/all.zip: differs\n\
        npm/more.json: too much\n5 files not as they should be\n";
    assert_eq!((code, out.as_str()), (Some(1), expected));
}

#[test]
fn a_release_of_another_content_is_found_out() {
    let published = Published::new();
    // A manifest that is right about its files, and lies about the commit.
    let commits = ["HEAD~1", "HEAD"].map(|rev| published.repository.id(rev));
    let text = fs::read_to_string(published.folder.place("two/manifest.json")).unwrap();
    fs::write(published.folder.place("two/manifest.json"), text.replacen(&commits[1], &commits[0], 1)).unwrap();
    let (code, _) = process(&["verify", &published.place("two")], None);
    assert_eq!(code, Some(0));
    let told = json(published.repository.path(), &["verify", &published.place("two")], Exit::Found);
    let paths: Vec<&str> =
        told["differences"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert!(paths.contains(&"all.zip") && paths.contains(&"npm/all.zip") && !paths.contains(&"PyPI/all.zip"), "{told}");
    assert_eq!(told["content"], "differs");
}

#[test]
fn a_signature_is_over_the_manifest_and_the_status() {
    let published = Published::new();
    let keys = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let secret = keys.sk.to_box(None).unwrap().into_string();
    let key = keys.pk.to_base64();
    let dir = published.place("signed");
    let repo = published.repository.path().to_str().unwrap();
    let (code, out) = process(&["--repo", repo, "export", "--out", &dir], Some(&secret));
    assert_eq!(code, Some(0), "{out}");
    let (code, out) = process(&["--repo", repo, "export", "--out", &dir], Some(secret.lines().nth(1).unwrap()));
    assert_eq!(code, Some(0), "{out}");

    assert_eq!(differences(&published, "signed", &["--key", &key]), [""; 0]);
    let file = published.place("key.pub");
    fs::write(&file, keys.pk.to_box().unwrap().into_string()).unwrap();
    assert_eq!(differences(&published, "signed", &["--key", &file]), [""; 0]);
    let pulled = published.pull(&dir, "here", &["--key", &key]);
    assert_eq!(pulled.exit, Exit::Done, "{}", pulled.err);
    assert!(published.files("here") == published.files("signed"));

    let other = minisign::KeyPair::generate_unencrypted_keypair().unwrap().pk.to_base64();
    assert_eq!(
        differences(&published, "signed", &["--key", &other]),
        ["manifest.json not-signed", "status.json not-signed"]
    );
    assert_eq!(
        differences(&published, "two", &["--key", &key]),
        ["manifest.json.minisig missing", "status.json.minisig missing"]
    );
    for (from, key, expected) in [
        (&dir, &other, "it is not signed with this key"),
        (&published.place("two"), &key, "there is no signature"),
        (&dir, &"nonsense".to_owned(), "no minisign key"),
    ] {
        let refused = published.pull(from, "here", &["--key", key]);
        assert!(refused.exit == Exit::Failed && refused.err.contains(expected), "{expected}: {}", refused.err);
    }
    // A status of another day, and a manifest of another commit.
    let status = fs::read_to_string(format!("{dir}/status.json")).unwrap();
    fs::write(format!("{dir}/status.json"), status.replace("2026-06-08", "2027-06-08")).unwrap();
    assert_eq!(differences(&published, "signed", &["--key", &key]), ["status.json not-signed"]);
    let (code, out) = process(&["--repo", repo, "export", "--out", &dir], Some("nonsense"));
    assert!(code == Some(2) && out.contains("MALPKG_SIGNING_KEY"), "{out}");
}

#[test]
fn what_cannot_be_proven_is_said() {
    let published = Published::new();
    let manifest = published.folder.place("two/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    for (from, to, expected) in [
        (concat!("malpkg ", env!("CARGO_PKG_VERSION")), "malpkg 0.0.1", "the bytes may differ"),
        ("\"targets\":[\"zip\"", "\"targets\":[\"hologram\"", "unknown target"),
        (&published.repository.id("HEAD"), "0123456789012345678901234567890123456789", "0123456789"),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        fs::write(&manifest, text.replacen(from, to, 1)).unwrap();
        let ran = malpkg(published.repository.path(), &["verify", &published.place("two")]);
        assert!(ran.exit == Exit::Failed && ran.err.contains(expected), "{expected}: {}{}", ran.out, ran.err);
    }
    published
        .repository
        .write("osv/malicious/npm/more/MAL-2026-8.json", report("MAL-2026-8", "npm", "more", &["1.0.0"]));
    let ran = malpkg(published.repository.path(), &["verify", &published.place("nowhere")]);
    assert_eq!(ran.exit, Exit::Failed, "{}", ran.out);
}
