//! What a report is known by: the few words of it by which reports are found and stand to each other.

use std::borrow::Cow;

use osv_schema::Record;
use osv_schema::additions::ORIGINS;
use siphasher::sip::SipHasher13;

use crate::{Base, Place, Report, ReportId, TreePath};

/// How many words of one kind are known of a report: a hostile one could have a million, real ones have a few.
const WORDS_MAX: usize = 1_000;

/// What the relations between reports are judged by. Of a report that was not read only the path speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The report's path.
    pub path: TreePath,
    /// Its id; none while it is unassigned.
    pub id: Option<Box<str>>,
    /// Whether it is taken back.
    pub is_withdrawn: bool,
    /// The package as reports are compared: the ecosystem, a slash, and the name.
    pub package: Option<Box<str>>,
    /// Its aliases, sorted.
    pub aliases: Vec<Box<str>>,
    /// The streams that it has deliveries of, as [`stream_word`] writes them, sorted.
    pub streams: Vec<Box<str>>,
}

/// A stream in one word: the source, and the record's id there.
pub fn stream_word(source: &str, id: &str) -> String {
    [source, "\0", id].concat()
}

/// By what kind of word a report can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum KeyKind {
    /// Its id.
    Id,
    /// What it is called by: an alias, or its id.
    Name,
    /// The package that it is about.
    Package,
    /// Its folder without letter case, as some disks see it.
    Folder,
    /// A stream that it has a delivery of.
    Stream,
}

/// A word by which a report can be found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What kind of word.
    pub kind: KeyKind,
    /// The word.
    pub word: Box<str>,
}

impl Facts {
    /// What the path of a report says.
    pub fn of_place(path: &TreePath, place: Place<'_>, prefix: &str) -> Facts {
        let is_assigned = !ReportId::is_unassigned(place.stem, prefix);
        Facts {
            path: path.clone(),
            id: is_assigned.then(|| place.stem.into()),
            is_withdrawn: place.base == Base::Withdrawn,
            package: None,
            aliases: Vec::new(),
            streams: Vec::new(),
        }
    }

    /// What a report says; none of one that lies where no report does.
    pub fn of_report(report: &Report<'_>, prefix: &str) -> Option<Facts> {
        let place = report.place?;
        let Some(record) = &report.record else { return Some(Facts::of_place(report.path, place, prefix)) };
        let package = report.about().map(|subject| {
            let package = &subject.package;
            [package.ecosystem().as_str(), "/", &package.merge_name()].concat().into()
        });
        let is_assigned = !ReportId::is_unassigned(place.stem, prefix);
        let id = is_assigned.then(|| report.own_id().unwrap_or(place.stem).into());
        let is_withdrawn = place.base == Base::Withdrawn || record.is_withdrawn();
        let aliases = sorted(record.aliases.items().iter().map(|alias| alias.as_str().into()).collect());
        let streams = sorted(streams(record).map(|(source, id)| stream_word(source, id).into()).collect());
        Some(Facts { path: report.path.clone(), id, is_withdrawn, package, aliases, streams })
    }

    /// Every word by which the report can be found.
    pub fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        let of_kind = |kind| self.words_of(kind).map(move |word| Key { kind, word: word.into_owned().into() });
        KeyKind::ALL.into_iter().flat_map(of_kind)
    }

    /// The hash of every word by which the report can be found.
    pub fn hashes(&self) -> impl Iterator<Item = u64> + '_ {
        KeyKind::ALL.into_iter().flat_map(|kind| self.words_of(kind).map(move |word| kind.hash_of(&word)))
    }

    /// One of these words, by its place among them.
    pub fn key_at(&self, at: usize) -> Option<Key> {
        let words = KeyKind::ALL.into_iter().flat_map(|kind| self.words_of(kind).map(move |word| (kind, word)));
        let (kind, word) = words.into_iter().nth(at)?;
        Some(Key { kind, word: word.into_owned().into() })
    }

    /// The words of one kind by which the report can be found.
    pub fn words_of(&self, kind: KeyKind) -> impl Iterator<Item = Cow<'_, str>> {
        let one = match kind {
            KeyKind::Id | KeyKind::Name => self.id.as_deref().map(Cow::Borrowed),
            KeyKind::Stream => None,
            KeyKind::Package => self.package.as_deref().map(Cow::Borrowed),
            KeyKind::Folder => Some(lower_case(self.path.folder())),
        };
        let several = match kind {
            KeyKind::Name => &self.aliases[..],
            KeyKind::Stream => &self.streams[..],
            KeyKind::Id | KeyKind::Package | KeyKind::Folder => &[],
        };
        one.into_iter().chain(several.iter().map(|word| Cow::Borrowed(&**word)))
    }

    /// Whether this is one of the words.
    pub fn has(&self, key: &Key) -> bool {
        match key.kind {
            KeyKind::Name => self.id.as_ref() == Some(&key.word) || self.aliases.binary_search(&key.word).is_ok(),
            KeyKind::Stream => self.streams.binary_search(&key.word).is_ok(),
            KeyKind::Id | KeyKind::Package | KeyKind::Folder => self.words_of(key.kind).any(|word| *word == *key.word),
        }
    }
}

/// Words in order, each once, and no more than are known of a report.
fn sorted(mut words: Vec<Box<str>>) -> Vec<Box<str>> {
    words.sort_unstable();
    words.dedup();
    words.truncate(WORDS_MAX);
    words
}

/// Source and id of every delivery of a record that still speaks of its package, without reading the rest of it.
fn streams(record: &Record) -> impl Iterator<Item = (&str, &str)> {
    let listed = record.database_specific.value().and_then(|members| members.get(ORIGINS)?.as_array());
    listed.unwrap_or_default().iter().filter_map(|origin| {
        let origin = origin.as_object()?;
        let word = |name: &str| origin.get(name)?.as_str();
        Some((word("source")?, word("id")?))
    })
}

fn lower_case(text: &str) -> Cow<'_, str> {
    let is_lower = text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
    if is_lower { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [KeyKind; 5] = [KeyKind::Id, KeyKind::Name, KeyKind::Package, KeyKind::Folder, KeyKind::Stream];

    /// The hash of a word of this kind: the same on every machine and for every release.
    pub fn hash_of(self, word: &str) -> u64 {
        SipHasher13::new_with_keys(self as u64, 0).hash(word.as_bytes())
    }
}

impl Key {
    /// The hash of the word.
    pub fn hash(&self) -> u64 {
        self.kind.hash_of(&self.word)
    }
}
