//! Objects of git that are other than they should be: links, submodules, odd modes, huge, missing and damaged ones.

use std::fs::{self, File};

use testkit::{Folder, Repository, report};

use super::tree::Node;
use super::{GOOD, Says, check, good, is_judged};

const REPORT: &str = "osv/malicious/npm/x/MAL-2026-2.json";
const NOWHERE: &str = "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";

/// Makes a bare repository of the good report and of something beside it, and holds the commands to what they must say.
#[track_caller]
fn at(path: &str, node: impl FnOnce(&Repository) -> Node, says: Says<'_>) {
    let (repository, base) = with(path, node);
    check(path, repository.path(), Some(&base), says);
}

/// A bare repository of the good report and of something beside it, and the commit before that came.
#[track_caller]
fn with(path: &str, node: impl FnOnce(&Repository) -> Node) -> (Repository, String) {
    let repository = Repository::empty_bare();
    let mut tree = Node::folder();
    tree.put(GOOD.as_bytes(), Node::File(good().get(GOOD).expect("the good report").into()));
    let base = repository.commit_tree(&tree.write(&repository).1);
    tree.put(path.as_bytes(), node(&repository));
    repository.commit_tree(&tree.write(&repository).1);
    (repository, base)
}

fn x() -> String {
    report("MAL-2026-2", "npm", "x", &["1.0.0"])
}

#[test]
fn links() {
    for target in
        ["/etc/passwd", "MAL-2026-2.json", "../../../../../../../../etc/passwd", "", "../good/MAL-2026-1.json"]
    {
        at(REPORT, |_| Node::Link(target), Says::Error("unreadable-report", REPORT, ""));
    }
    for folder in ["osv/malicious/npm/x", "osv/malicious/pypi", "osv/malicious/npm/good/more"] {
        at(folder, |_| Node::Link("../../.."), Says::Error("stray-file", folder, ""));
    }
    for folder in ["osv", "osv/malicious", "osv/withdrawn"] {
        at(folder, |_| Node::Link("/"), Says::Refused(&format!("{folder}: this must be a folder")));
    }
    for file in ["malpkg.toml", "config/protected/npm.txt"] {
        at(file, |_| Node::Link("/dev/zero"), Says::Refused(&format!("{file}: it is a symbolic link")));
    }
    for folder in ["config", "config/protected"] {
        at(folder, |_| Node::Link("/"), Says::Refused(&format!("{folder}: this must be a folder")));
    }
}

#[test]
fn submodules() {
    let module = |_: &Repository| Node::Is("160000", NOWHERE.into());
    at(REPORT, module, Says::Error("unreadable-report", REPORT, ""));
    at("osv/malicious/npm/x", module, Says::Error("stray-file", "osv/malicious/npm/x", ""));
    at("osv", module, Says::Refused("osv: this must be a folder"));
    at("malpkg.toml", module, Says::Refused("malpkg.toml: it is a submodule"));
}

#[test]
fn modes() {
    for mode in ["100755", "100664", "100777", "0100644"] {
        at(REPORT, |repository| Node::Is(mode, repository.object("blob", x())), Says::Nothing);
    }
    for mode in ["060644", "010644", "020666", "0", "999999", "1", "10064a", "37777777644"] {
        let node = |repository: &Repository| Node::Is(mode, repository.object("blob", x()));
        at(REPORT, node, Says::Refused("`osv/malicious/npm/x` is a damaged tree object"));
    }
}

#[test]
fn objects_of_another_kind() {
    let tree = |repository: &Repository| repository.tree(&[]);
    at(REPORT, |repository| Node::Is("100644", tree(repository)), Says::Error("unreadable-report", REPORT, ""));
    let blob = |repository: &Repository| Node::Is("40000", repository.object("blob", x()));
    at("osv/malicious/npm/x", blob, Says::Refused("`osv/malicious/npm/x` has the tree object"));
    at("osv", blob, Says::Refused("`osv` has the tree object"));
}

#[test]
fn huge_blobs() {
    let spaces = |count: usize| move |_: &Repository| Node::File(vec![b' '; count]);
    at(REPORT, spaces(0), Says::Error("malformed-json", REPORT, ""));
    at(REPORT, spaces((8 << 20) + 1), Says::Error("malformed-json", REPORT, ""));
    at(REPORT, spaces(9 << 20), Says::Error("unreadable-report", REPORT, ""));
    at("malpkg.toml", spaces(9 << 20), Says::Refused("malpkg.toml: it has 9437184 bytes, more than the"));
    let sparse = |repository: &Repository| {
        let room = Folder::empty();
        File::create(room.place("zeros")).and_then(|file| file.set_len(200 << 20)).expect("a sparse file");
        let id = repository.run(&["hash-object", "-w", &room.place("zeros").to_string_lossy()]);
        Node::Is("100644", id.trim_end().into())
    };
    at(REPORT, sparse, Says::Error("unreadable-report", REPORT, ""));
    at("osv/quarantine/feed/x.raw", sparse, Says::Nothing);
}

#[test]
fn missing_objects() {
    let is_missing = format!("{REPORT}: git does not have it, and this is no partial clone");
    at(REPORT, |_| Node::Is("100644", NOWHERE.into()), Says::Unread(&is_missing));
    at("malpkg.toml", |_| Node::Is("100644", NOWHERE.into()), Says::Refused("malpkg.toml: "));
    at(
        "osv/malicious/npm/x",
        |_| Node::Is("40000", NOWHERE.into()),
        Says::Refused("`osv/malicious/npm/x` has the tree"),
    );
    at("osv", |_| Node::Is("40000", NOWHERE.into()), Says::Refused("`osv` has the tree object"));
    // What is no part of the database may be missing.
    at("tools", |_| Node::Is("40000", NOWHERE.into()), Says::Nothing);
}

#[test]
fn damaged_objects() {
    for bytes in [&b""[..], b"x", b"\x78\x9c\xff\xff\xff", &[0; 4096]] {
        let damaged = |mode, kind: &'static str, content: Vec<u8>| {
            move |repository: &Repository| {
                let id = repository.object(kind, content);
                let place = repository.place(&format!("objects/{}/{}", &id[..2], &id[2..]));
                fs::remove_file(&place).and_then(|()| fs::write(place, bytes)).expect("an object");
                Node::Is(mode, id)
            }
        };
        at(REPORT, damaged("100644", "blob", x().into()), Says::Unread(&format!("{REPORT}: git cannot read it")));
        let tree = damaged("40000", "tree", b"100644 a\0aaaaaaaaaaaaaaaaaaaa".to_vec());
        at("osv/malicious/npm/x", tree, Says::Refused("`osv/malicious/npm/x` has the tree object"));
    }
}

#[test]
fn deep_trees() {
    let deep = |levels: usize| {
        move |repository: &Repository| {
            let path = vec!["d"; levels].join("/");
            let stream = format!(
                "blob\nmark :1\ndata 2\n{{}}\ncommit refs/heads/deep\ncommitter a <a@b> 0 +0000\ndata 1\nx\nM 100644 :1 {path}/x.json\n\n"
            );
            repository.run_with(&["fast-import", "--quiet"], &stream);
            Node::Is("40000", repository.id("refs/heads/deep:d"))
        }
    };
    for levels in [257, 5000] {
        at("osv/malicious/npm/d", deep(levels), Says::Refused("deeper than 256 folders"));
    }
}

/// Thirty trees, each of which holds the next one twice, claim 2^30 files.
#[test]
fn trees_that_multiply() {
    let bomb = |repository: &Repository| {
        let mut inner = ("100644", repository.object("blob", "{}"));
        for _ in 0..30 {
            let (mode, id) = (inner.0, inner.1.as_str());
            inner = ("40000", repository.tree(&[(mode, b"a", id), (mode, b"b", id)]));
        }
        Node::Is(inner.0, inner.1)
    };
    let (repository, base) = with("osv/malicious/npm/bomb", bomb);
    is_judged("bomb", repository.path(), Some(&base), Says::Refused("more than 4000000 files and folders"));
    at("tools", bomb, Says::Nothing);
}
