//! Small databases at hand, and the change from one to another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use database::{Content, Contents, Entry, ReadError, Snapshot, TreePath, Visit};
use rules::{By, Bytes, Comparison, Settings, Touched, compare, validate};
use serde_json::{Value, json};

/// Every file of a database.
pub(crate) type Files = BTreeMap<TreePath, Content>;

/// A file with this text.
pub(crate) fn file(text: &str) -> Content {
    Content::Planned(text.as_bytes().into())
}

/// What is no file.
pub(crate) const LINK: Content = Content::NotAFile("a symbolic link");

/// A database of reports and other files by their paths.
pub(crate) fn files<P: AsRef<str>>(listed: impl IntoIterator<Item = (P, Content)>) -> Files {
    listed.into_iter().map(|(path, content)| (path.as_ref().parse().expect("a path"), content)).collect()
}

/// A report without fault on npm's left-padd, with other members put over it; null takes a member away.
pub(crate) fn report(over: Value) -> Content {
    let mut report = json!({
        "schema_version": "1.7.5",
        "id": "MAL-2026-1",
        "published": "2026-01-02T03:04:05Z",
        "modified": "2026-01-02T03:04:05Z",
        "summary": "Malicious code in left-padd (npm)",
        "affected": [{ "package": { "ecosystem": "npm", "name": "left-padd" }, "versions": ["1.0.0"] }],
    });
    for (name, value) in over.as_object().expect("members") {
        match value {
            Value::Null => report.as_object_mut().expect("members").remove(name),
            value => report.as_object_mut().expect("members").insert(name.clone(), value.clone()),
        };
    }
    file(&report.to_string())
}

/// Every rule but those that would tell of each small report here what it does not say.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::default();
    for name in ["details-missing", "kind-missing", "summary-mismatch"] {
        settings.set(name, None).unwrap();
    }
    settings
}

pub(crate) fn snapshot(files: &Files) -> Snapshot {
    let entry = |(path, content): (&TreePath, &Content)| Entry { path: path.clone(), content: content.clone() };
    Snapshot::new(None, files.iter().map(entry).collect(), Arc::new(Nowhere))
}

/// All files are at hand.
struct Nowhere;

impl Contents for Nowhere {
    fn read(&self, wanted: &[&Entry], _: &Visit<'_>) {
        assert!(wanted.is_empty(), "{wanted:?} is in no store");
    }
}

fn bytes(path: &TreePath, content: &Content) -> Bytes {
    match content {
        Content::Planned(bytes) => Ok(Arc::clone(bytes)),
        Content::NotAFile(what) => Err(ReadError::of_content(path, format!("it is {what}"))),
        other => panic!("{other:?} is in no store"),
    }
}

/// What differs between two databases.
pub(crate) fn touched(base: &Files, head: &Files) -> Vec<Touched> {
    let paths: BTreeSet<&TreePath> = base.keys().chain(head.keys()).collect();
    let at = |files: &Files, path: &TreePath| files.get(path).map(|content| bytes(path, content));
    let touched = |path: &TreePath| Touched { path: path.clone(), before: at(base, path), after: at(head, path) };
    paths.into_iter().filter(|path| base.get(*path) != head.get(*path)).map(touched).collect()
}

/// The judgement on the change.
pub(crate) fn judge(base: &Files, head: &Files, by: By, settings: &Settings) -> Comparison {
    let known = validate(&snapshot(base), settings).facts;
    compare(&touched(base, head), &known, by, settings).expect("facts at hand are whole")
}
