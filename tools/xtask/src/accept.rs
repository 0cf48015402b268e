//! Our own release, read by the clients that people really use.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Done, ensure, malpkg, program, root, run_for, say};

/// The client that reads `<Ecosystem>/all.zip`.
const OSV_SCANNER: &str = "github.com/google/osv-scanner/v2/cmd/osv-scanner@v2.5.0";

/// Publishes our own reports, and lets Info-ZIP, Python and osv-scanner read them: the malicious package is found, the
/// clean one is not.
pub(crate) fn run(clients: &Path, tool: Option<PathBuf>) -> Done {
    let tool = tool.map_or_else(malpkg, |tool| std::path::absolute(tool).map_err(|error| error.to_string()))?;
    let room = tempfile::tempdir().map_err(|error| error.to_string())?;
    let out = room.path().join("release");
    crate::process::run(program(&tool, &["export", "--out"]).arg(&out).current_dir(root()))?;
    for archive in ["all.zip", "npm/all.zip", "Hex/all.zip"] {
        let path = out.join(archive);
        let check = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(len(z.namelist()))";
        let entries = crate::process::run(program("python3", &["-c", check]).arg(&path))?;
        say(&format!("python zipfile reads {archive}: {} entries", entries.trim()));
    }
    crate::process::run(program("unzip", &["-q", "-t"]).arg(out.join("all.zip")))?;
    say("Info-ZIP reads all.zip");

    crate::accept_lists::lists(clients, &tool)?;
    crate::accept_columns::columns(clients, &out)?;
    crate::accept_intel::intelligence(clients, &tool, &out)?;
    let scanner = osv_scanner(clients)?;
    let database = room.path().join("db");
    fs::create_dir_all(&database).map_err(|error| error.to_string())?;
    std::os::unix::fs::symlink(&out, database.join("osv-scalibr")).map_err(|error| error.to_string())?;
    for (version, code) in [("3.3.6", 1), ("3.3.5", 0)] {
        let lock = room.path().join(format!("{version}/package-lock.json"));
        fs::create_dir_all(lock.parent().unwrap_or(&lock)).map_err(|error| error.to_string())?;
        fs::write(&lock, lockfile("event-stream", version)).map_err(|error| error.to_string())?;
        let mut scan = program(&scanner, &["scan", "source", "--offline", "--format", "json", "--local-db-path"]);
        let found = run_for(scan.arg(&database).arg("-L").arg(&lock), code)?;
        ensure(found.contains("MAL-2018-900002") == (code == 1), || format!("osv-scanner on {version}: {found}"))?;
        say(&format!("osv-scanner on event-stream {version}: exit {code}, as it should"));
    }
    Ok(())
}

pub(crate) fn osv_scanner(clients: &Path) -> Done<PathBuf> {
    let folder = std::path::absolute(clients).map_err(|error| error.to_string())?;
    let program_path = folder.join("osv-scanner");
    if !program_path.exists() {
        crate::process::run(
            program("go", &["install", OSV_SCANNER]).env("GOBIN", &folder).env("GOFLAGS", "-modcacherw"),
        )?;
    }
    Ok(program_path)
}

pub(crate) fn lockfile(name: &str, version: &str) -> String {
    serde_json::json!({
        "name": "fixture", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
        "packages": {
            "": { "name": "fixture", "version": "1.0.0", "dependencies": { name: version } },
            format!("node_modules/{name}"): {
                "version": version,
                "resolved": format!("https://registry.npmjs.org/{name}/-/{name}-{version}.tgz"),
                "integrity": "sha512-aaaa"
            }
        }
    })
    .to_string()
}
