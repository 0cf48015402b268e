//! `malpkg path`, `version compare` and `affected`: the small questions.

use malpkg::Exit;
use testkit::{Folder, report, withdrawn_report};

use crate::program::{json, malpkg};

#[track_caller]
fn check(arguments: &[&str], expected: &str) {
    let folder = Folder::empty();
    let ran = malpkg(folder.path(), arguments);
    assert_eq!((ran.exit, ran.out.as_str(), ran.err.as_str()), (Exit::Done, expected, ""), "{arguments:?}");
}

#[test]
fn a_package_has_a_folder_or_a_reason() {
    check(&["path", "npm/left-pad"], "osv/malicious/npm/left-pad\n");
    check(&["path", "npm/@S/Name@1.0.0"], "osv/malicious/npm/@s/name\n");
    check(&["path", "pkg:cargo/foo-bar"], "osv/malicious/crates.io/foo_bar\n");
    check(&["path", "pypi/Foo.Bar"], "osv/malicious/pypi/foo-bar\n");
    check(
        &["path", "--ecosystem", "Git", "https://GitHub.com/Org/Repo.git"],
        "osv/malicious/git/github.com/org/repo\n",
    );
    let vscode = ["path", "--ecosystem", "VSCode:https://open-vsx.org", "Pub.Name"];
    check(&vscode, "osv/malicious/vscode:open-vsx.org/pub.name\n");
    for refused in ["npm/../x", "nosuch/x", "npm", "npm/"] {
        let ran = malpkg(Folder::empty().path(), &["path", refused]);
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""), "{refused}");
        assert!(ran.err.contains("help: "), "{refused}: {}", ran.err);
    }
}

#[test]
fn versions_are_compared_as_their_ecosystem_does() {
    check(&["version", "compare", "--ecosystem", "npm", "1.0.0-rc.1", "1.0.0"], "<\n");
    check(&["version", "compare", "--ecosystem", "pypi", "1.0", "1.0.0"], "=\n");
    check(&["version", "compare", "--ecosystem", "Debian:12", "1:1.0", "2.0"], ">\n");
    for refused in [&["npm", "x", "1.0.0"], &["VSCode", "1", "2"], &["nosuch", "1", "2"]] {
        let ran =
            malpkg(Folder::empty().path(), &["version", "compare", "--ecosystem", refused[0], refused[1], refused[2]]);
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""), "{refused:?}");
    }
}

#[test]
fn a_record_affects_versions_or_not() {
    let folder = Folder::empty();
    folder.write("r.json", report("MAL-2026-1", "npm", "a", &["1.0.0", "1.0.1"]));
    folder.write("w.json", withdrawn_report("MAL-2026-1", "npm", "a", &["1.0.0"], "2026-02-01T00:00:00Z"));
    let file = |name: &str| folder.place(name).to_string_lossy().into_owned();
    let ran = malpkg(folder.path(), &["affected", &file("r.json"), "1.0.1", "2.0.0"]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Done, "affected\nnot-affected\n"));
    assert_eq!(malpkg(folder.path(), &["affected", &file("w.json"), "1.0.0"]).out, "not-affected\n");
    let document = json(folder.path(), &["affected", &file("r.json"), "1.0.0"], Exit::Done);
    assert_eq!(document["versions"][0], serde_json::json!({"version": "1.0.0", "affected": true}));
    folder.write("broken.json", "{");
    assert_eq!(malpkg(folder.path(), &["affected", &file("broken.json"), "1"]).exit, Exit::Failed);
}
