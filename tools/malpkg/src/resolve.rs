//! What a word means: an id, an alias, a path, or a package. Every command that takes such a word asks here.

use std::io::BufRead;

use database::verdict::{self, Statement};
use database::{Entry, Place, ReadError, Report, Snapshot, TreePath};
use ecosystem::{Ecosystem, PackageQuery};
use store::Store;

use crate::aliases::Aliases;
use crate::failure::Failure;

/// What a word means, with the reports that it leads to.
pub(crate) struct Meant {
    /// The package asked for, where the word is one.
    pub(crate) query: Option<PackageQuery>,
    /// What the reports say.
    pub(crate) statements: Vec<Statement>,
    /// Reports that may be meant too, and cannot be read. Silence about them would be a wrong answer.
    pub(crate) unread: Vec<ReadError>,
}

/// Finds out what a word means. Nothing found is an answer; a word that is none of these is not.
pub(crate) fn resolve(
    word: &str,
    ecosystem: Option<&str>,
    store: Option<&Store>,
    aliases: &Aliases<'_>,
) -> Result<Meant, Failure> {
    let snapshot = aliases.snapshot;
    if ecosystem.is_none() && is_path(word) {
        let path = match store {
            Some(store) => tree_path(word, store, Some(snapshot)),
            None => Some(word.to_owned()),
        };
        let path = path.and_then(|path| snapshot.entry(&path));
        let entry = path.filter(|entry| Place::of(&entry.path).is_some()).ok_or_else(|| {
            Failure::new("there is no report at this path").place(word).remedy("name the file of a report below `osv`")
        })?;
        return Ok(read(None, &[entry], snapshot));
    }
    if ecosystem.is_some() || is_package(word) {
        let query = package_query(word, ecosystem)?;
        let entries = verdict::candidates(snapshot, &query.package);
        let mut meant = read(Some(query), &entries, snapshot);
        let query = meant.query.clone();
        meant.statements.retain(|said| query.as_ref().is_some_and(|query| said.package.answers_to(&query.package)));
        return Ok(meant);
    }
    let named: Vec<&Entry> =
        snapshot.reports().filter(|(place, _)| place.stem.eq_ignore_ascii_case(word)).map(|(_, entry)| entry).collect();
    if !named.is_empty() {
        return Ok(followed(read(None, &named, snapshot), snapshot));
    }
    if is_like_an_id(word) {
        return Ok(followed(read(None, &aliases.holders(word)?, snapshot), snapshot));
    }
    Err(nothing(word))
}

/// A word that means nothing that can be asked.
pub(crate) fn nothing(word: &str) -> Failure {
    let message = "this is no id, no path and no package";
    let remedy = format!("write a package with its ecosystem, for example npm/{word}");
    Failure::new(message).place(word).remedy(remedy)
}

/// Whether a word is written as the path of a report.
pub(crate) fn is_path(word: &str) -> bool {
    word.starts_with("./") || word.starts_with('/') || word.starts_with("osv/")
}

/// Whether a word is written as a package.
pub(crate) fn is_package(word: &str) -> bool {
    word.contains('/') || word.starts_with("pkg:")
}

/// How many reports a report can lead through.
const FOLLOWED_MAX: usize = 16;

/// In place of each report that is a duplicate of another one the one that it leads to.
fn followed(mut meant: Meant, snapshot: &Snapshot) -> Meant {
    let statements = std::mem::take(&mut meant.statements);
    for mut statement in statements {
        for _ in 0..FOLLOWED_MAX {
            let Some(id) = curate::leads_to(&statement.record) else { break };
            let next = snapshot.reports().find(|(place, _)| place.stem == id).map(|(_, entry)| entry);
            let next = next.and_then(|entry| read(None, &[entry], snapshot).statements.pop());
            match next {
                Some(next) => statement = next,
                None => break,
            }
        }
        if meant.statements.iter().all(|there| there.path != statement.path) {
            meant.statements.push(statement);
        }
    }
    meant
}

/// The one report that a word means.
pub(crate) fn only(word: &str, store: &Store, snapshot: &Snapshot) -> Result<Statement, Failure> {
    let mut meant = resolve(word, None, Some(store), &Aliases::new(snapshot))?;
    if meant.query.is_some() {
        meant = followed(meant, snapshot);
    }
    if meant.query.as_ref().is_some_and(|query| query.version.is_some()) {
        let failure = Failure::new("a report is about a package, not about one version of it").place(word);
        return Err(failure.remedy("name the package without a version"));
    }
    if let Some(unread) = meant.unread.pop() {
        return Err(Failure::from(unread).remedy("`malpkg validate` says how to mend it"));
    }
    let found: Vec<String> = meant.statements.iter().map(|statement| statement.path.to_string()).collect();
    match (meant.statements.pop(), found.len()) {
        (Some(one), 1) => Ok(one),
        (None, _) => {
            let failure = Failure::new("there is no such report").place(word);
            Err(failure.remedy("`malpkg query` says what is known of a package"))
        }
        _ => {
            let failure = Failure::new(format!("this names several reports: {}", found.join(", "))).place(word);
            Err(failure.remedy("name one of them by its path"))
        }
    }
}

/// A package as people write it, with its ecosystem in the word or beside it.
pub(crate) fn package_query(word: &str, ecosystem: Option<&str>) -> Result<PackageQuery, Failure> {
    let query = match ecosystem {
        Some(ecosystem) => {
            let ecosystem = Ecosystem::from_user(ecosystem).map_err(|error| Failure::new(error).place(ecosystem))?;
            PackageQuery::in_ecosystem(ecosystem, word)
        }
        None => PackageQuery::parse(word),
    };
    let remedy = "write a package as npm/left-pad, npm/@scope/name@1.2.3 or a purl";
    let query = query.map_err(|error| Failure::new(error).place(word).remedy(remedy))?;
    match query.package.ecosystem().check_suffix() {
        Ok(()) => Ok(query),
        // As in `npm:left-pad`: nothing has such an ecosystem, and to find nothing would sound like an all-clear.
        Err(error) => Err(Failure::new(error).place(word).remedy(remedy)),
    }
}

/// The path in the tree that is meant by one from the root of the database, or by one of the disk.
pub(crate) fn tree_path(given: &str, store: &Store, snapshot: Option<&Snapshot>) -> Option<String> {
    let is_there = |path: &str| match snapshot {
        _ if path == "osv" => true,
        Some(snapshot) => snapshot.entries().iter().any(|entry| entry.path.is_in(path)),
        None => path.starts_with("osv/"),
    };
    let trimmed = given.trim_end_matches('/');
    if is_there(trimmed) {
        return Some(trimmed.to_owned());
    }
    let on_disk = std::path::absolute(given).ok()?;
    let below = on_disk.strip_prefix(store.work_tree()?).ok()?.to_string_lossy().into_owned();
    let below = if below.is_empty() { "osv".to_owned() } else { below };
    is_there(&below).then_some(below)
}

/// Ids begin with the prefix of a database in capitals, and a dash. Ours may be written small.
pub(crate) fn is_like_an_id(word: &str) -> bool {
    let prefix = word.split('-').next().unwrap_or_default();
    let is_prefix = prefix.len() < word.len() && prefix.bytes().any(|b| b.is_ascii_uppercase());
    let is_small_one_of_ours = word.to_ascii_uppercase().starts_with("MAL-");
    let has_no_version = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_:.".contains(&b));
    has_no_version && (is_small_one_of_ours || is_prefix && !prefix.bytes().any(|b| b.is_ascii_lowercase()))
}

/// The words asked for, with `-` replaced by the lines of standard input.
pub(crate) fn words(what: &[String]) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    for word in what {
        if word == "-" {
            for line in std::io::stdin().lock().lines() {
                let line = line.map_err(|error| Failure::new(format!("cannot read standard input: {error}")))?;
                words.extend(Some(line.trim().to_owned()).filter(|line| !line.is_empty()));
            }
        } else {
            words.push(word.clone());
        }
    }
    Ok(words)
}

fn read(query: Option<PackageQuery>, entries: &[&Entry], snapshot: &Snapshot) -> Meant {
    let mut meant = Meant { query, statements: Vec::new(), unread: Vec::new() };
    for read in snapshot.map(entries, |entry, bytes| statement(&entry.path, bytes?)) {
        match read {
            Ok(statement) => meant.statements.push(statement),
            Err(error) => meant.unread.push(error),
        }
    }
    meant
}

fn statement(path: &TreePath, bytes: &[u8]) -> Result<Statement, ReadError> {
    let report = Report::read(path, bytes);
    let fault = report.document.as_ref().err().map(|error| format!("the report is no JSON: {error}"));
    let record = report
        .record
        .ok_or_else(|| ReadError::of_content(path, fault.unwrap_or_else(|| "the report is no JSON object".into())))?;
    Statement::of(path, record).map_err(|error| ReadError::of_content(path, error.to_string()))
}
