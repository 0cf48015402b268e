//! The house rules that are not lints: each invariant of `docs/architecture.md` that a compiler cannot hold is a test here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The crates without hands, in the order of dependency.
const CORE: [&str; 5] = ["osv-schema", "ecosystem", "database", "rules", "curate"];

/// What each crate may use of ours. Anything else is a wall broken.
const MAY_USE: &[(&str, &[&str])] = &[
    ("osv-schema", &[]),
    ("ecosystem", &[]),
    ("database", &["osv-schema", "ecosystem"]),
    ("rules", &["osv-schema", "ecosystem", "database"]),
    ("curate", &["osv-schema", "ecosystem", "database"]),
    ("index", &["osv-schema", "ecosystem", "database"]),
    ("export", &["osv-schema", "ecosystem", "database", "index"]),
    ("store", &["osv-schema", "database", "rules"]),
    ("intake", &["osv-schema", "ecosystem", "database", "rules", "curate"]),
    ("malpkg", &["osv-schema", "ecosystem", "database", "rules", "curate", "index", "export", "store", "intake"]),
    ("testkit", &["osv-schema", "database"]),
    ("properties", &["osv-schema", "ecosystem", "database", "rules"]),
    ("xtask", &["curate", "database", "osv-schema", "ecosystem", "rules", "intake"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust file of the house.
fn sources() -> Vec<PathBuf> {
    let files = ["tools", "fuzz"].into_iter().flat_map(|folder| walkdir::WalkDir::new(root().join(folder)));
    let is_source = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let found: Vec<PathBuf> =
        files.filter_map(Result::ok).map(walkdir::DirEntry::into_path).filter(is_source).collect();
    assert!(found.len() > 50, "the house has more files than {}", found.len());
    found
}

#[test]
fn no_file_is_longer_than_600_lines() {
    for path in sources() {
        let lines = read(&path).lines().count();
        assert!(lines <= 600, "{} has {lines} lines: split it", path.display());
    }
}

#[test]
fn every_file_opens_with_what_it_is() {
    for path in sources() {
        let text = read(&path);
        let opens = text.starts_with("//! ") || text.starts_with("#![doc = include_str!(");
        assert!(opens, "{} does not open with a line `//! …`", path.display());
    }
}

#[test]
fn nothing_is_unfinished_or_switched_off() {
    // Put together here, so that this file does not find itself.
    let marks = ["TO", "FIX", "XX"].map(|half| {
        format!(
            "// {half}{}",
            if half == "TO" {
                "DO"
            } else if half == "FIX" {
                "ME"
            } else {
                "X"
            }
        )
    });
    // A test that is run in a process of its own, by another test, is not switched off.
    let ignored = format!("#[{}", "ignore");
    let in_a_process = format!("{ignored} = \"runs in the processes ");
    for path in sources() {
        let text = read(&path);
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "{} has `{mark}`", path.display());
        }
        let switched_off = text.matches(&ignored).count() - text.matches(&in_a_process).count();
        assert_eq!(switched_off, 0, "{} has a test that is switched off", path.display());
    }
}

#[test]
fn every_property_is_fuzzed() {
    let names = |folder: &str| -> BTreeSet<String> {
        let files = fs::read_dir(root().join(folder)).expect(folder);
        files.map(|file| file.expect("a file").path().file_stem().expect("a name").to_string_lossy().into()).collect()
    };
    let (targets, library) = (names("fuzz/fuzz_targets"), read(&root().join("tools/properties/src/lib.rs")));
    assert_eq!(names("tools/properties/pieces"), targets, "each target has a dictionary, and each dictionary a target");
    let properties: BTreeSet<String> = library
        .lines()
        .filter_map(|line| Some(line.strip_prefix("pub use ")?.split_once("::")?.1.trim_end_matches(';').to_owned()))
        .collect();
    assert_eq!(properties, targets);
    let manifest: toml::Table = read(&root().join("fuzz/Cargo.toml")).parse().expect("a manifest");
    let built = manifest["bin"].as_array().expect("targets").iter().filter_map(|target| target["name"].as_str());
    assert_eq!(built.map(str::to_owned).collect::<BTreeSet<_>>(), targets);
}

#[test]
fn core_crates_share_one_clippy_list() {
    let list = |name: &str| read(&root().join(format!("tools/{name}/clippy.toml")));
    let first = list(CORE[0]);
    for forbidden in
        ["std::fs::File", "std::env::var", "std::process::Command", "std::net::TcpStream", "SystemTime::now"]
    {
        assert!(first.contains(forbidden), "the list of the core does not forbid {forbidden}");
    }
    for name in CORE {
        assert_eq!(list(name), first, "the list of {name} is not that of {}", CORE[0]);
    }
}

#[test]
fn dependencies_go_one_way() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        MAY_USE.iter().map(|(name, may)| (*name, may.iter().copied().collect())).collect();
    for entry in fs::read_dir(root().join("tools")).expect("tools") {
        let folder = entry.expect("an entry").path();
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let may = allowed.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not in the table of crates"));
        let manifest: toml::Table = read(&folder.join("Cargo.toml")).parse().expect("a manifest");
        assert_eq!(manifest["package"]["name"].as_str(), Some(name.as_str()), "the folder is named after its crate");
        let uses = manifest.get("dependencies").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
        for used in uses.filter(|used| allowed.contains_key(used.as_str())) {
            assert!(may.contains(used.as_str()), "{name} uses {used}, which it may not know");
        }
    }
}

/// Dependencies that are fenced in, each with the crates that may know them.
const FENCED: &[(&str, &[&str])] = &[
    ("git2", &["store"]),
    ("jsonschema", &["rules"]),
    ("clap", &["malpkg", "xtask"]),
    ("csv", &["intake", "export"]),
    ("flate2", &["intake"]),
    ("futures-util", &["intake"]),
    ("libdeflater", &["store", "export", "xtask"]),
    ("minisign", &["export"]),
    ("miniz_oxide", &["export"]),
    ("object_store", &["intake"]),
    ("parquet", &["export"]),
    ("reqwest", &["export", "intake"]),
    ("rusqlite", &["index"]),
    ("rustix", &["export", "store"]),
    ("rustls", &["export", "intake"]),
    ("semver", &["export"]),
    ("tar", &["export", "intake"]),
    ("tempfile", &["export", "store", "testkit", "xtask"]),
    ("tokio", &["intake"]),
    ("toml", &["export", "intake", "malpkg"]),
    ("toml_edit", &["malpkg"]),
    ("walkdir", &["store", "intake", "export", "xtask"]),
    ("zip", &["intake"]),
    ("zstd", &["export", "intake"]),
];

#[test]
fn heavy_dependencies_stay_behind_their_wall() {
    for (name, _) in MAY_USE {
        let manifest: toml::Table = read(&root().join(format!("tools/{name}/Cargo.toml"))).parse().expect("a manifest");
        let uses = manifest.get("dependencies").and_then(toml::Value::as_table).cloned().unwrap_or_default();
        for (fenced, may) in FENCED {
            assert!(!uses.contains_key(*fenced) || may.contains(name), "{name} uses {fenced}, which it may not know");
        }
    }
}

#[test]
fn what_lies_in_the_tree_is_what_the_writer_writes() {
    let files = walkdir::WalkDir::new(root().join("osv")).into_iter().filter_map(Result::ok);
    let json = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "json"));
    for path in json.map(walkdir::DirEntry::into_path) {
        let text = read(&path);
        let document = osv_schema::Document::parse(text.as_bytes()).expect("JSON");
        let record = osv_schema::Record::read(&document).expect("an object");
        assert!(osv_schema::write::canonical(&record) == text, "{} is not canonical", path.display());
    }
}

#[test]
fn every_crate_keeps_the_lints_of_the_house() {
    for (name, _) in MAY_USE {
        let manifest = read(&root().join(format!("tools/{name}/Cargo.toml")));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} has lints of its own");
    }
}

/// Opening a partial clone takes one unsafe call of libgit2's, and mapping a pack one of the system's; the comments there
/// say why they are sound.
const MAY_BE_UNSAFE: [&str; 2] = ["tools/store/src/git.rs", "tools/store/src/pack/mapped.rs"];

#[test]
fn unsafe_stands_in_two_places() {
    let word = format!("un{} {{", "safe");
    let allowed = MAY_BE_UNSAFE.map(|path| root().join(path));
    let mut found: Vec<PathBuf> = sources().into_iter().filter(|path| read(path).contains(&word)).collect();
    found.sort();
    assert_eq!(found, allowed, "unsafe code stands elsewhere, or no longer where it was");
}

#[test]
fn every_dependency_has_a_reason() {
    let manifest: toml::Table = read(&root().join("Cargo.toml")).parse().expect("a manifest");
    let reasons = read(&root().join("docs/dependencies.md"));
    let dependencies = manifest["workspace"]["dependencies"].as_table().expect("a table");
    let ours: BTreeSet<&str> = MAY_USE.iter().map(|(name, _)| *name).collect();
    for name in dependencies.keys().filter(|name| !ours.contains(name.as_str())) {
        assert!(reasons.contains(&format!("| `{name}` |")), "docs/dependencies.md has no line for {name}");
    }
}
