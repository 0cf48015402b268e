//! Quarantine: documents that could not be taken, kept beside the reports until they can be, or somebody drops them.
//!
//! `osv/quarantine/<source>/<key>.raw` has the bytes, `<key>.reason.toml` says what is wrong. Nothing there is named
//! `.json`: whoever reads the tree as reports must not meet them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use curate::sha256_hex;
use database::{ChangeSet, ReadError, Snapshot, TreePath};
use osv_schema::Timestamp;

use crate::{Document, Refused, Source};

/// The folder of all quarantines.
const FOLDER: &str = "osv/quarantine";
/// A larger document is only told of.
const DOCUMENT_MAX: u64 = 1 << 20;

/// Why a quarantine cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct QuarantineError {
    /// The file.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl From<ReadError> for QuarantineError {
    fn from(error: ReadError) -> QuarantineError {
        QuarantineError { path: error.path.to_string(), reason: error.reason }
    }
}

/// One document in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The source that sent it.
    pub source: String,
    /// What its files are named after.
    pub key: String,
    /// Its name at the source.
    pub delivery: String,
    /// The rule that it breaks.
    pub rule: String,
    /// The place in it.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What would make it right.
    pub remedy: String,
    /// Its own id, where it came in a stream: it has no name that lasts.
    pub id: String,
    /// When it came first.
    pub first_seen: String,
    /// SHA-256 of its bytes as they came; empty where they were not read.
    pub sha256: String,
    /// What stands for the rules that refused it; empty where it is tried again each time.
    pub rules: String,
    /// How many bytes are kept of it; none where they are not.
    pub size: Option<u64>,
}

/// What one run refused and took, for [`Quarantine::settle`].
#[derive(Clone, Copy, Debug)]
pub struct Settling<'s> {
    /// The source.
    pub source: &'s Source,
    /// What could not be taken.
    pub refused: &'s [&'s Refused],
    /// The names of the documents that could be taken.
    pub accepted: &'s [String],
    /// The ids of what was taken.
    pub ids: &'s BTreeSet<String>,
    /// What stands for the rules.
    pub rules: &'s str,
    /// When.
    pub now: Timestamp,
}

/// What became of the documents that were refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// For each of them the path of what is kept; none where the quarantine is full.
    pub paths: Vec<Option<TreePath>>,
    /// How many documents left the quarantine.
    pub released: usize,
}

/// The documents of one source that are in quarantine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quarantine {
    held: BTreeMap<String, Held>,
}

impl Quarantine {
    /// What of a source is in quarantine.
    ///
    /// # Errors
    ///
    /// A file is there and cannot be read.
    pub fn read(snapshot: &Snapshot, source: &str) -> Result<Quarantine, QuarantineError> {
        let folder = format!("{FOLDER}/{source}");
        let sizes: BTreeMap<&str, &database::Entry> = snapshot
            .in_folder(&folder)
            .filter_map(|entry| Some((entry.path.file_name().strip_suffix(".raw")?, entry)))
            .collect();
        let mut held = BTreeMap::new();
        for entry in snapshot.in_folder(&folder) {
            let Some(key) = entry.path.file_name().strip_suffix(".reason.toml") else { continue };
            let text = String::from_utf8_lossy(&snapshot.read(entry)?).into_owned();
            let mut one = Held::parse(source, key, &text);
            one.size = one.size.filter(|_| sizes.contains_key(key));
            held.insert(key.to_owned(), one);
        }
        Ok(Quarantine { held })
    }

    /// The sources that have something in quarantine.
    pub fn sources(snapshot: &Snapshot) -> BTreeSet<String> {
        snapshot.below(FOLDER).filter_map(|(_, rest)| Some(rest.split_once('/')?.0.to_owned())).collect()
    }

    /// Whether something is there that only its id tells from the rest.
    pub fn has_of_stream(&self) -> bool {
        self.held.values().any(|held| is_of_stream(&held.delivery))
    }

    /// The documents, by key.
    pub fn held(&self) -> impl ExactSizeIterator<Item = &Held> {
        self.held.values()
    }

    /// Whether these bytes were refused before by the same rules: nothing new can be said of them.
    pub fn knows(&self, sha256: &str, rules: &str) -> bool {
        !sha256.is_empty() && self.held.get(sha256).is_some_and(|held| held.rules == rules)
    }

    /// The documents that other rules refused: they may be taken now.
    ///
    /// # Errors
    ///
    /// The bytes of one cannot be read.
    pub fn due(&self, snapshot: &Snapshot, rules: &str) -> Result<Vec<Document>, QuarantineError> {
        let due = self.held.values().filter(|held| held.rules != rules && held.size.is_some());
        due.filter_map(|held| held.document(snapshot).transpose()).collect()
    }

    /// Puts what was refused into quarantine, and takes out what was taken, or came again in other bytes. A document
    /// that was there already changes nothing, but for what is said of it when something else changes too.
    pub fn settle(&self, settling: Settling<'_>, changes: &mut ChangeSet) -> Kept {
        let Settling { source, refused, accepted, ids, rules, now } = settling;
        let mut after = self.held.clone();
        let accepted: BTreeSet<&str> = accepted.iter().map(String::as_str).collect();
        let edited: BTreeMap<&str, &str> =
            refused.iter().filter_map(|one| Some((one.rejected.delivery.as_str(), one.sha256.as_deref()?))).collect();
        after.retain(|key, held| {
            let name = held.delivery.as_str();
            let document = name.rsplit_once('#').map_or(name, |(document, _)| document);
            match edited.get(name) {
                // Lines of a stream have no name that lasts.
                _ if is_of_stream(name) => !ids.contains(&held.id),
                Some(sha256) => sha256 == key,
                None => !accepted.contains(name) && !accepted.contains(document),
            }
        });
        let gone: Vec<Held> =
            self.held.iter().filter(|(key, _)| !after.contains_key(*key)).map(|(_, h)| h.clone()).collect();
        let mut is_news = !gone.is_empty();
        let mut room = Room::beside(source, &after);
        let mut new = Vec::new();
        let mut kept = Kept { paths: Vec::new(), released: gone.len() };
        for one in refused {
            let fresh = Held::of(source, one, rules, now);
            let mut path = fresh.path("reason.toml");
            match after.get_mut(&fresh.key) {
                Some(known) => {
                    let (first_seen, size) = (known.first_seen.clone(), known.size);
                    *known = Held { first_seen, size, ..fresh };
                }
                None if room.takes(fresh.size.unwrap_or(0)) => {
                    is_news = true;
                    new.push((fresh.key.clone(), one));
                    after.insert(fresh.key.clone(), fresh);
                }
                None => path = None,
            }
            kept.paths.push(path);
        }
        if !is_news {
            return kept;
        }
        for held in &gone {
            held.drop_from(changes);
        }
        for (key, held) in &after {
            if self.held.get(key) != Some(held)
                && let Some(path) = held.path("reason.toml")
            {
                changes.put_file(path, held.to_toml().into_bytes());
            }
        }
        for (key, one) in new {
            if let (Some(held), Some(bytes)) = (after.get(&key), &one.bytes)
                && held.size.is_some()
                && let Some(path) = held.path("raw")
            {
                changes.put_file(path, bytes.clone());
            }
        }
        kept
    }
}

/// Whether a delivery came in standard input.
fn is_of_stream(name: &str) -> bool {
    name.starts_with('-')
}

/// How much a quarantine still takes.
struct Room {
    documents: u64,
    bytes: u64,
}

impl Room {
    fn beside(source: &Source, held: &BTreeMap<String, Held>) -> Room {
        let bytes: u64 = held.values().filter_map(|held| held.size).sum();
        Room {
            documents: source.quarantine_documents.saturating_sub(held.len() as u64),
            bytes: source.quarantine_bytes.saturating_sub(bytes),
        }
    }

    fn takes(&mut self, size: u64) -> bool {
        let (Some(documents), Some(bytes)) = (self.documents.checked_sub(1), self.bytes.checked_sub(size)) else {
            return false;
        };
        (self.documents, self.bytes) = (documents, bytes);
        true
    }
}

impl Held {
    fn of(source: &Source, refused: &Refused, rules: &str, now: Timestamp) -> Held {
        let rejected = &refused.rejected;
        let sha256 = refused.sha256.clone().unwrap_or_default();
        let id = refused.own_id().filter(|_| is_of_stream(&rejected.delivery));
        let size = refused.bytes.as_ref().map(|bytes| bytes.len() as u64).filter(|size| *size <= DOCUMENT_MAX);
        Held {
            source: source.id.clone(),
            key: if sha256.is_empty() { sha256_hex(rejected.delivery.as_bytes()) } else { sha256.clone() },
            delivery: rejected.delivery.clone(),
            rule: rejected.rule.to_owned(),
            pointer: rejected.pointer.clone(),
            message: rejected.message.clone(),
            remedy: rejected.remedy.clone(),
            id: id.unwrap_or_default(),
            first_seen: now.whole_seconds().to_string(),
            sha256,
            rules: if refused.is_final { rules.to_owned() } else { String::new() },
            size,
        }
    }

    /// The file of this ending; none where the source's id is none.
    pub fn path(&self, ending: &str) -> Option<TreePath> {
        TreePath::new(format!("{FOLDER}/{}/{}.{ending}", self.source, self.key)).ok()
    }

    /// The document as it came, where it is kept.
    ///
    /// # Errors
    ///
    /// Its bytes are there and cannot be read.
    pub fn document(&self, snapshot: &Snapshot) -> Result<Option<Document>, QuarantineError> {
        let Some(path) = self.path("raw") else { return Ok(None) };
        let bytes = snapshot.read_path(path.as_str())?;
        Ok(bytes.map(|bytes| Document { name: self.delivery.clone(), bytes: Ok(bytes) }))
    }

    /// Takes it out of the quarantine.
    pub fn drop_from(&self, changes: &mut ChangeSet) {
        for path in [self.path("reason.toml"), self.size.and_then(|_| self.path("raw"))].into_iter().flatten() {
            changes.remove_file(path);
        }
    }

    /// Has it tried again by the next reading of its source, whatever the rules are.
    pub fn mark_due(&self, changes: &mut ChangeSet) {
        if let Some(path) = self.path("reason.toml") {
            let due = Held { rules: String::new(), ..self.clone() };
            changes.put_file(path, due.to_toml().into_bytes());
        }
    }

    fn members(&self) -> [(&'static str, &str); 8] {
        [
            ("delivery", &self.delivery),
            ("first-seen", &self.first_seen),
            ("message", &self.message),
            ("pointer", &self.pointer),
            ("remedy", &self.remedy),
            ("rule", &self.rule),
            ("rules", &self.rules),
            ("sha256", &self.sha256),
        ]
    }

    fn to_toml(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.members() {
            // Writing to memory does not fail.
            let _ = writeln!(text, "{name} = {}", quoted(value));
        }
        if !self.id.is_empty() {
            let _ = writeln!(text, "id = {}", quoted(&self.id));
        }
        if let Some(size) = self.size {
            let _ = writeln!(text, "size = {size}");
        }
        text
    }

    /// What a reason says. One that cannot be read says nothing, and its document is tried again: the quarantine must not
    /// keep its source from being read.
    fn parse(source: &str, key: &str, text: &str) -> Held {
        let table: Option<toml::Table> = text.parse().ok();
        let value = |name: &str| table.as_ref()?.get(name);
        let get = |name: &str| value(name).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        let size = value("size").and_then(toml::Value::as_integer).and_then(|size| u64::try_from(size).ok());
        Held {
            source: source.to_owned(),
            key: key.to_owned(),
            delivery: get("delivery"),
            rule: get("rule"),
            pointer: get("pointer"),
            message: if table.is_some() { get("message") } else { "the reason cannot be read".into() },
            remedy: get("remedy"),
            id: get("id"),
            first_seen: get("first-seen"),
            sha256: get("sha256"),
            rules: get("rules"),
            size: size.or(table.is_none().then_some(0)),
        }
    }
}

/// A text as TOML writes it, whatever is in it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() || osv_schema::write::is_unseen(c) => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests;
