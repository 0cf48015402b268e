//! Names that lead elsewhere, cannot be checked out, cannot be shown, or are none.

use testkit::{Repository, report};

use super::tree::Node;
use super::{GOOD, Says, check, good};

/// Makes a bare repository of the good report and of one at a path below `osv/malicious`, about an npm package.
#[track_caller]
fn at(path: &[u8], name: &str, says: Says<'_>) {
    let repository = Repository::empty_bare();
    let mut tree = Node::folder();
    tree.put(GOOD.as_bytes(), Node::File(good().get(GOOD).expect("the good report").into()));
    let base = repository.commit_tree(&tree.write(&repository).1);
    let text = report("MAL-2026-2", "npm", name, &["1.0.0"]);
    tree.put(&[b"osv/malicious/", path].concat(), Node::File(text.into()));
    repository.commit_tree(&tree.write(&repository).1);
    check(&String::from_utf8_lossy(path), repository.path(), Some(&base), says);
}

/// The same for a package in its own folder.
#[track_caller]
fn named(name: &str, says: impl FnOnce(&str) -> Says<'_>) {
    let path = format!("osv/malicious/npm/{name}/MAL-2026-2.json");
    at(&path.as_bytes()["osv/malicious/".len()..], name, says(&path));
}

#[test]
fn names_that_windows_cannot_check_out() {
    for name in ["con", "aux.txt", "com1", "lpt\u{b9}", "nul", "x.", "a:b", "a?", "a*b", "a<b", "a|b", "\"q\""] {
        named(name, |path| Says::Warning("unportable-path", path));
    }
    let long = "n".repeat(255);
    named(&long, |path| Says::Warning("unportable-path", path));
}

#[test]
fn names_that_are_like_other_things() {
    for name in ["x.json", "mal-2026-2.json", "-rf", "@scope/x.json", "..x", "x..y", "...", "osv", "HEAD", "~", "$HOME"]
    {
        named(&name.to_lowercase(), |_| Says::Nothing);
    }
    // What a workflow takes for a command, and a shell for several.
    for name in ["::error::x", "%0a::error::x", "##[error]x", "$(id)", "`id`", "x;id", "x&&id"] {
        named(name, |path| if name.contains(':') { Says::Warning("unportable-path", path) } else { Says::Nothing });
    }
}

#[test]
fn names_that_no_package_has() {
    let nowhere = |path: &str, name: &str| {
        let whole = format!("osv/malicious/{path}");
        at(path.as_bytes(), name, Says::Error("path-mismatch", &whole, "/affected/0/package/name"));
    };
    for name in
        ["x\u{7}y", "x\ny", "x\u{1b}[31my", "x\u{85}y", "x\u{2028}y", "x\u{202e}y", "x\u{200f}", "a\\b", " x", "x "]
    {
        nowhere(&format!("npm/{name}/MAL-2026-2.json"), name);
    }
    for name in ["git~1", ".gitmodules", ".g\u{200c}it", ".git.", ".git ", "gi7eba~1", ".git::$INDEX_ALLOCATION"] {
        nowhere(&format!("npm/{name}/MAL-2026-2.json"), name);
    }
    nowhere("npm/x/MAL-2026-2.json", "../x");
    nowhere("npm/x/MAL-2026-2.json", "/x");
    nowhere("npm/x/MAL-2026-2.json", "x//y");
    nowhere("MAL-2026-2.json", "x");
    nowhere("npm/MAL-2026-2.json", "x");
    nowhere("npm/x/MAL-2026-2.json/MAL-2026-2.json", "x");
    nowhere("npm/X/MAL-2026-2.json", "X");
    at(
        "npm/x\u{202e}y/MAL-2026-2.json".as_bytes(),
        "x\u{202e}y",
        Says::Error(
            "text-direction-codepoint",
            "osv/malicious/npm/x\u{202e}y/MAL-2026-2.json",
            "/affected/0/package/name",
        ),
    );
}

#[test]
fn names_that_are_no_text() {
    let whole = "osv/malicious/npm/\u{fffd}/MAL-2026-2.json";
    at(b"npm/\xff/MAL-2026-2.json", "x", Says::Error("unreadable-report", whole, ""));
    let whole = "osv/malicious/npm/x/\u{fffd}\u{fffd}.json";
    at(
        b"npm/x/\xc3\x28\xff.json",
        "x",
        Says::Error("unreadable-report", &whole.replacen('\u{fffd}', "\u{fffd}(", 1), ""),
    );
    at(
        b"npm/\xed\xa0\x80/x.txt",
        "x",
        Says::Error("stray-file", "osv/malicious/npm/\u{fffd}\u{fffd}\u{fffd}/x.txt", ""),
    );
}

#[test]
fn letter_case_that_collides() {
    let collides = "osv/malicious/npm/Good/MAL-2026-2.json";
    at(b"npm/Good/MAL-2026-2.json", "good", Says::Error("path-mismatch", collides, "/affected/0/package/name"));
    let collides = "osv/malicious/npm/good/mal-2026-1.json";
    at(b"npm/good/mal-2026-1.json", "good", Says::Error("filename-mismatch", collides, "/id"));
}

#[test]
fn names_that_no_path_holds() {
    for name in ["..", ".", ".git", ".GIT", ".gIt"] {
        let words = format!("`osv/malicious/npm` has a member `{name}` that no path can name");
        at(format!("npm/{name}/MAL-2026-2.json").as_bytes(), "x", Says::Refused(&words));
        at(format!("npm/{name}").as_bytes(), "x", Says::Refused(&words));
    }
    at(format!("npm/{}/x.json", "n".repeat(256)).as_bytes(), "x", Says::Refused("longer than 255 bytes"));
    at(format!("npm/{}x.json", "nnnnnnnnn/".repeat(410)).as_bytes(), "x", Says::Refused("deeper than 256 folders"));
    let long = format!("npm/{}x.json", format!("{}/", "n".repeat(250)).repeat(20));
    at(long.as_bytes(), "x", Says::Refused("longer than 4096 bytes"));
}

/// Trees as nobody's git writes them: members, and what is wrong.
#[test]
fn trees_that_are_none() {
    type Members = &'static [(&'static str, &'static [u8])];
    let cases: [(Members, &str); 7] = [
        (&[("100644", b"")], "is a damaged tree object"),
        (&[("100644", b"a/b")], "is a damaged tree object"),
        (&[("100644", b"../../x")], "is a damaged tree object"),
        (&[("100644", b"b"), ("100644", b"a")], "is a tree object out of order"),
        (&[("100644", b"a"), ("100644", b"a")], "is a tree object out of order"),
        (&[("100644", b"a"), ("40000", b"a")], "is a tree object with two members of one name"),
        (&[("100644", b"a"), ("100644", b"a.b"), ("40000", b"a")], "is a tree object with two members of one name"),
    ];
    for (members, fault) in cases {
        let repository = Repository::empty_bare();
        let (blob, empty) = (repository.object("blob", "{}"), repository.tree(&[]));
        let id = |mode: &str| if mode == "40000" { empty.as_str() } else { blob.as_str() };
        let members: Vec<_> = members.iter().map(|&(mode, name)| (mode, name, id(mode))).collect();
        let mut tree = Node::folder();
        tree.put(GOOD.as_bytes(), Node::File(good().get(GOOD).expect("the good report").into()));
        let base = repository.commit_tree(&tree.write(&repository).1);
        tree.put(b"osv/malicious/npm/x", Node::Is("40000", repository.tree(&members)));
        repository.commit_tree(&tree.write(&repository).1);
        check(fault, repository.path(), Some(&base), Says::Refused(&format!("`osv/malicious/npm/x` {fault}")));
    }
}
