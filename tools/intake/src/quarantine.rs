//! Quarantine: documents that could not be taken, kept beside the reports until they can be, or somebody drops them.
//!
//! `osv/quarantine/<source>/<key>.raw` has the bytes, `<key>.reason.toml` says what is wrong. Nothing there is named
//! `.json`: whoever reads the tree as reports must not meet them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use curate::sha256_hex;
use database::{ChangeSet, ReadError, Snapshot, TreePath};
use osv_schema::Timestamp;

use crate::reading::{retake, retake_record};
use crate::{Accepted, Asked, Document, Refused, Source, Taken};

/// The folder of all quarantines.
const FOLDER: &str = "osv/quarantine";
/// A larger document is only told of.
pub(crate) const DOCUMENT_MAX: u64 = 1 << 20;
/// How a reason says that the bytes are a record that was made here.
const FORM_OSV: &str = "osv";

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
    /// Its own id, where one can be read.
    pub id: String,
    /// Where it lies at its source; empty where that is not known.
    pub place: String,
    /// When it came first.
    pub first_seen: String,
    /// SHA-256 of its bytes; empty where they were not read.
    pub sha256: String,
    /// What stands for the rules that refused it; empty where it is tried again each time.
    pub rules: String,
    /// How many bytes are kept of it; none where they are not.
    pub size: Option<u64>,
    /// Where the bytes are one OSV record that was made here, and not what came itself: SHA-256 of that.
    pub made_of: Option<String>,
    /// Whether what is written down of it cannot be read as a whole: it is written anew when it is refused again.
    pub is_broken: bool,
}

/// What one run refused and took, for [`Quarantine::settle`].
#[derive(Clone, Copy, Debug)]
pub struct Settling<'s> {
    /// The source.
    pub source: &'s Source,
    /// What could not be taken.
    pub refused: &'s [&'s Refused],
    /// The documents that could be taken.
    pub accepted: &'s [Accepted],
    /// The own ids of what was taken.
    pub ids: &'s BTreeSet<String>,
    /// The keys of those of the quarantine that could be taken when they were tried again.
    pub again: &'s BTreeSet<String>,
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
            if let (true, true, Some(raw)) = (one.id.is_empty(), one.place.is_empty(), sizes.get(key)) {
                // It was set aside when neither was written down; a record says its own id.
                one.id = own_id(&snapshot.read(raw)?).unwrap_or_default();
            }
            held.insert(key.to_owned(), one);
        }
        Ok(Quarantine { held })
    }

    /// The sources that have something in quarantine.
    pub fn sources(snapshot: &Snapshot) -> BTreeSet<String> {
        snapshot.below(FOLDER).filter_map(|(_, rest)| Some(rest.split_once('/')?.0.to_owned())).collect()
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
    pub fn due(&self, snapshot: &Snapshot, rules: &str) -> Result<Vec<(&Held, Document)>, QuarantineError> {
        let due = self.held.values().filter(|held| held.rules != rules && held.size.is_some());
        due.filter_map(|held| Some(held.document(snapshot).transpose()?.map(|document| (held, document)))).collect()
    }

    /// Puts what was refused into quarantine, and takes out what was taken, or came again in other bytes. A document
    /// that was there already changes nothing, but for what is said of it when something else changes too.
    pub fn settle(&self, settling: Settling<'_>, changes: &mut ChangeSet) -> Kept {
        let Settling { source, refused, accepted, ids, again, rules, now } = settling;
        let fresh: Vec<Held> = refused.iter().map(|one| Held::of(source, one, rules, now)).collect();
        let told: BTreeSet<&str> = fresh.iter().map(|one| one.key.as_str()).collect();
        // Who came again: by the own id, else by the name at its place.
        let new = || fresh.iter().filter(|one| !self.held.contains_key(&one.key));
        let ids: BTreeSet<&str> = ids.iter().map(String::as_str).chain(new().filter_map(Held::told_by_id)).collect();
        let accepted = accepted.iter().filter(|_| !self.held.is_empty()).map(|one| (&*one.place, one.name.as_str()));
        let refused_at = new().map(|one| (one.place.as_str(), one.delivery.as_str()));
        let names: BTreeSet<(&str, &str)> = accepted.chain(refused_at).collect();
        let came = |held: &Held| {
            let at = |name: &str| names.contains(&(held.place.as_str(), name));
            match held.told_by_id() {
                Some(id) => ids.contains(id),
                // Lines of a stream have no name that lasts.
                None if held.place.is_empty() || is_of_stream(&held.delivery) => false,
                None => at(&held.delivery) || at(whole(&held.delivery)),
            }
        };
        let mut after = self.held.clone();
        after.retain(|key, held| told.contains(key.as_str()) || !again.contains(key) && !came(held));
        let gone: Vec<Held> =
            self.held.iter().filter(|(key, _)| !after.contains_key(*key)).map(|(_, h)| h.clone()).collect();
        let mut is_news = !gone.is_empty();
        let mut room = Room::beside(source, &after);
        let mut new = Vec::new();
        let mut kept = Kept { paths: Vec::new(), released: gone.len() };
        for (one, fresh) in refused.iter().zip(fresh.iter().cloned()) {
            let mut path = fresh.path("reason.toml");
            match after.get_mut(&fresh.key) {
                Some(known) => {
                    let first_seen = Some(known.first_seen.clone()).filter(|seen| !seen.is_empty());
                    let first_seen = first_seen.unwrap_or_else(|| fresh.first_seen.clone());
                    let size = if known.is_broken { known.size.and(fresh.size) } else { known.size };
                    // How its bytes are to be read was not always written down.
                    is_news |= known.is_broken || known.made_of.is_some() != fresh.made_of.is_some();
                    *known = Held { first_seen, size, ..fresh };
                }
                None if !one.is_let_go && room.takes(fresh.size.unwrap_or(0)) => {
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

/// The document that a delivery is a part of, if it is one.
pub fn whole(delivery: &str) -> &str {
    delivery.rsplit_once('#').map_or(delivery, |(document, _)| document)
}

/// The id that a record gives itself, where bytes are one.
fn own_id(bytes: &[u8]) -> Option<String> {
    let json = osv_schema::Document::parse(bytes).ok()?;
    // Else it is a row of something else, whose members mean what they like.
    json.root().get("affected")?;
    json.root().get("id")?.as_str().filter(|id| !id.is_empty()).map(str::to_owned)
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
        let id = refused.bytes.as_deref().and_then(own_id);
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
            place: refused.place.to_string(),
            first_seen: now.whole_seconds().to_string(),
            sha256,
            rules: if refused.is_final { rules.to_owned() } else { String::new() },
            size,
            made_of: refused.made_of.clone(),
            is_broken: false,
        }
    }

    /// The id by which it is known when it comes again; none where it has none, or where the id is what is wrong.
    fn told_by_id(&self) -> Option<&str> {
        Some(self.id.as_str()).filter(|id| !id.is_empty() && self.pointer != "/id")
    }

    /// The file of this ending; none where the source's id is none.
    pub fn path(&self, ending: &str) -> Option<TreePath> {
        TreePath::new(format!("{FOLDER}/{}/{}.{ending}", self.source, self.key)).ok()
    }

    /// Reads its document again, as if its source had sent it now: in the source's format, or as the record that was made
    /// of it.
    pub fn retake(&self, document: Document, asked: Asked<'_>) -> Taken {
        match &self.made_of {
            Some(made_of) => retake_record(document, made_of, asked),
            None => retake(vec![document], asked),
        }
    }

    /// The document that is kept of it: as it came, or as the record that was made of it.
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
        let (form, made_of) = self.made_of.as_deref().map_or(("", ""), |made_of| (FORM_OSV, made_of));
        for (name, value) in [("form", form), ("id", &self.id), ("made-of", made_of), ("place", &self.place)] {
            if !value.is_empty() {
                let _ = writeln!(text, "{name} = {}", quoted(value));
            }
        }
        if let Some(size) = self.size {
            let _ = writeln!(text, "size = {size}");
        }
        text
    }

    /// What a reason says. Of one that cannot be read those lines count that can, as where git wrote two into one, and its
    /// document is tried again: the quarantine must not keep its source from being read.
    fn parse(source: &str, key: &str, text: &str) -> Held {
        let whole: Option<toml::Table> = text.parse().ok();
        let is_broken = whole.is_none();
        let table = whole.unwrap_or_else(|| {
            let lines = text.lines().rev().filter_map(|line| line.parse::<toml::Table>().ok());
            lines.flatten().collect()
        });
        let get = |name: &str| table.get(name).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        let size = table.get("size").and_then(toml::Value::as_integer).and_then(|size| u64::try_from(size).ok());
        let delivery = Some(get("delivery")).filter(|name| !is_broken || !name.is_empty());
        Held {
            source: source.to_owned(),
            key: key.to_owned(),
            delivery: delivery.unwrap_or_else(|| key.to_owned()),
            rule: get("rule"),
            pointer: get("pointer"),
            message: if is_broken { "the reason cannot be read".into() } else { get("message") },
            remedy: if is_broken { "drop it, or have its source send it again".into() } else { get("remedy") },
            id: get("id"),
            place: get("place"),
            first_seen: get("first-seen"),
            sha256: get("sha256"),
            rules: if is_broken { String::new() } else { get("rules") },
            size: size.or(is_broken.then_some(0)),
            made_of: (get("form") == FORM_OSV).then(|| get("made-of")),
            is_broken,
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
