//! Every command line in a document is run: a reader who copies one must not be the first to try it.

use std::fs;
use std::path::{Path, PathBuf};

use malpkg::Exit;
use testkit::{Database, Folder, Repository, report};

use crate::hosting::Hosting;
use crate::program::{NOW, Ran, malpkg, spawned};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The documents that people read.
fn documents() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root().join(name)).to_vec();
    let docs = fs::read_dir(root().join("docs")).expect("docs").map(|entry| entry.expect("an entry").path());
    found.extend(docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    found.sort();
    found
}

/// The fenced blocks of a document: the words behind the fence, and the text.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    text.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n')).collect()
}

/// Our own reports as a repository, with what the documents take for granted: a declared source and its inbox.
fn repository() -> Repository {
    let mut database = Database::default();
    for entry in walk(&root().join("osv")) {
        let path = entry.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
        database = database.with(&path, &fs::read_to_string(&entry).expect("a report"));
    }
    let config = fs::read_to_string(root().join("malpkg.toml")).expect("the configuration");
    database = database.with("malpkg.toml", &(config + "\n[source.example]\nformat = \"osv\"\n"));
    let repository = database.repository();
    repository.write("inbox/1.json", report("X-1", "npm", "left-padd", &["1.0.0"]));
    repository
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}

/// The arguments of a line that calls the program; none for any other line.
fn arguments(line: &str) -> Option<Vec<&str>> {
    let line = line.trim();
    let call = line.strip_prefix("malpkg ").or_else(|| line.strip_prefix("cargo run --release -- "))?;
    let call = call.split(" || ").next().unwrap_or(call).split(" | ").next().unwrap_or(call);
    Some(call.split_whitespace().take_while(|word| !word.starts_with('#')).collect())
}

/// Puts the report of CONTRIBUTING.md in the place it names.
fn fill_in(repository: &Repository) {
    let contributing = fs::read_to_string(root().join("CONTRIBUTING.md")).expect("a document");
    let (path, report) = blocks(&contributing)
        .into_iter()
        .find_map(|(words, block)| Some((words.strip_prefix("json ")?, block)))
        .expect("CONTRIBUTING.md shows a report");
    assert!(repository.has(path), "`malpkg new` writes {path}");
    repository.write(path, report);
}

/// Programs that a document may call beside ours, each run elsewhere: by the tests themselves, or by `.ci/run`.
const OTHERS: [&str; 18] = [
    "mkdir ",
    "$EDITOR ",
    "osv-scanner ",
    "unzip ",
    "cargo test ",
    "cargo xtask ",
    "cargo install ",
    "git ",
    // What `cargo xtask accept` runs of docs/consuming.md; each line there that it does not know is an error to it.
    "SAFE_CHAIN_MALWARE_LIST_BASE_URL=",
    "scfw ",
    "pip ",
    "uv ",
    "cat ",
    "cp ",
    "bun ",
    "OSV_OFFLINE_DATABASE_URL=",
    "govulncheck ",
    "cargo audit ",
];

/// What stands in documents for the address of a release.
const URL: &str = "$MALPKG_URL";

/// Runs a line that names the address of the release in `dist`. What it keeps is kept in the test's folder.
fn of_address(arguments: &[&str], outside: &Folder) -> Ran<Option<i32>> {
    let hosting = Hosting::of(&outside.place("dist"));
    let arguments: Vec<String> = arguments.iter().map(|word| word.replace(URL, &hosting.url)).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    spawned(NOW, &arguments, &[("XDG_CACHE_HOME", outside.place("cache").to_str().expect("UTF-8"))])
}

#[test]
fn every_command_in_a_document_runs() {
    let mut ran = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a document");
        let repository = repository();
        let outside = Folder::empty();
        for line in blocks(&text).into_iter().filter(|(words, _)| *words == "sh").flat_map(|(_, block)| block.lines()) {
            let Some(arguments) = arguments(line) else {
                assert!(
                    OTHERS.iter().any(|other| line.starts_with(other)),
                    "{}: nobody runs {line:?}",
                    document.display()
                );
                continue;
            };
            // What a document writes beside itself is written into a folder of the test.
            let out = outside.place("dist").to_string_lossy().into_owned();
            let mirror = outside.place("mirror").to_string_lossy().into_owned();
            let inbox = repository.place("inbox").to_string_lossy().into_owned();
            let replaced: Vec<&str> = arguments
                .iter()
                .map(|&word| match word {
                    "dist" => out.as_str(),
                    "mirror" => mirror.as_str(),
                    "inbox" => inbox.as_str(),
                    word => word,
                })
                .collect();
            let is_right = |exit: i32| exit == 0 || (replaced[0] == "query" && exit == Exit::Found as i32);
            let Ran { exit, out, err } = match line.contains(URL) {
                true => of_address(&replaced, &outside),
                false => {
                    let Ran { exit, out, err } = malpkg(repository.path(), &replaced);
                    Ran { exit: Some(exit as i32), out, err }
                }
            };
            assert!(exit.is_some_and(is_right), "{}: {line}\n{exit:?}\n{out}{err}", document.display());
            if replaced[0] == "new" {
                // The reader fills it in: what CONTRIBUTING.md shows is what it should look like.
                fill_in(&repository);
            }
            ran += 1;
        }
    }
    assert!(ran >= 8, "only {ran} commands were run");
}
