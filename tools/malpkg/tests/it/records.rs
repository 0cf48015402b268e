//! `malpkg validate --record`: records on their own, wherever they lie.

use malpkg::Exit;
use testkit::{Folder, report};

use crate::program::{json, malpkg};

#[test]
fn records_are_judged_without_a_place() {
    let folder = Folder::empty();
    folder.write("osv/README.md", "a database\n");
    folder.write("in/good.json", report("GHSA-x", "npm", "a", &["1.0.0"]));
    folder.write("in/below/bad.json", report("MAL-2026-1", "npm", "a", &[" "]));
    folder.write("in/notes.txt", "passed over");
    let place = |path: &str| folder.place(path).to_string_lossy().into_owned();
    let good = json(folder.path(), &["validate", "--record", &place("in/good.json")], Exit::Done);
    assert_eq!(
        (&good["verdict"], &good["reports"], &good["rev"]),
        (&"clean".into(), &1.into(), &serde_json::Value::Null)
    );
    let both = json(folder.path(), &["validate", "--record", &place("in")], Exit::Found);
    assert_eq!((&both["reports"], &both["findings"][0]["rule"]), (&2.into(), &"blank-version".into()));
    assert_eq!(both["findings"][0]["path"], place("in/below/bad.json"));
    let text = malpkg(folder.path(), &["validate", "--record", &place("in"), &place("in/good.json")]).out;
    assert!(text.contains(&format!("--> {}:", place("in/below/bad.json"))) && text.contains("3 reports"), "{text}");
}

#[test]
fn a_record_must_have_an_id() {
    let folder = Folder::empty();
    folder.write("osv/malicious/npm/a/MAL-0000-a.json", report("", "npm", "a", &["1.0.0"]));
    let place = folder.place("osv/malicious/npm/a/MAL-0000-a.json").to_string_lossy().into_owned();
    let found = json(folder.path(), &["validate", "--record", &place], Exit::Found);
    assert_eq!(found["findings"][0]["rule"], "schema-violation");
    assert_eq!(json(folder.path(), &["validate"], Exit::Done)["verdict"], "clean");
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = Folder::empty();
    folder.write("osv/README.md", "a database\n");
    let failed = json(folder.path(), &["validate", "--record", "/nowhere/x.json"], Exit::Failed);
    assert_eq!(failed["place"], "/nowhere/x.json");
    folder.write("x.json", "{");
    let place = folder.place("x.json").to_string_lossy().into_owned();
    let found = json(folder.path(), &["validate", "--record", &place], Exit::Found);
    assert_eq!(found["findings"][0]["rule"], "malformed-json");
    let found = json(folder.path(), &["validate", "--record", "/nowhere/x.json", &place], Exit::Found);
    assert_eq!(found["reports"], 1, "what is missing does not hide the rest");
}
