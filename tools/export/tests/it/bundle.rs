//! Bundles, as git itself reads them.

use std::path::Path;
use std::process::Command;

use export::{Input, Target};
use tempfile::TempDir;

use crate::database::{Release, input, report, reports};

fn git(dir: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let ran = command.args(["-c", "init.defaultBranch=x"]).args(arguments).current_dir(dir).output().unwrap();
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn git_clones_a_bundle() {
    let ids = ["MAL-2026-1", "MAL-2026-999", "MAL-2026-1000", "MAL-2025-900001", "MAL-2026-12"];
    let mut texts = ids.map(|id| (id, report(id, "2026-01-01T00:00:00Z", "npm", &"long-".repeat(id.len())))).to_vec();
    texts.push(("MAL-2026-5", report("MAL-2026-5", "2026-01-01T00:00:00Z", "Red Hat", "a")));
    let snapshot = reports(&texts);
    let release = Release::of(&input(&snapshot, &[]));
    let bundles: Vec<&str> = release.manifest.files.keys().filter_map(|path| path.strip_prefix("bundle/")).collect();
    assert_eq!(bundles, ["Red Hat.bundle", "npm.bundle"]);

    let room = TempDir::new().unwrap();
    let bundle = release.path("bundle/npm.bundle");
    git(room.path(), &["clone", "--quiet", bundle.to_str().unwrap(), "clone"]);
    let clone = room.path().join("clone");
    git(&clone, &["bundle", "verify", "--quiet", bundle.to_str().unwrap()]);
    git(&clone, &["fsck", "--strict"]);
    assert_eq!(git(&clone, &["status", "--porcelain", "--branch"]), "## main...origin/main\n");
    assert_eq!(
        git(&clone, &["log", "--format=%ct %s"]),
        "1767225600 Records of npm
"
    );
    let files = git(&clone, &["ls-files"]);
    let expected = "2025/900/MAL-2025-900001.json\n2026/000/MAL-2026-1.json\n2026/000/MAL-2026-12.json\n\
        2026/000/MAL-2026-999.json\n2026/001/MAL-2026-1000.json\n";
    assert_eq!(files, expected);
    for (name, text) in release.archive("npm/all.zip") {
        let path = files.lines().find(|path| path.ends_with(&format!("/{name}"))).unwrap();
        assert_eq!(std::fs::read_to_string(clone.join(path)).unwrap(), text);
    }
    let only = Release::of(&Input { targets: [Target::Bundle].into(), ..input(&snapshot, &[]) });
    git(room.path(), &["clone", "--quiet", only.path("bundle/Red Hat.bundle").to_str().unwrap(), "other"]);
}
