//! What a report is known by: the few words of it by which reports are found and stand to each other.

use std::borrow::Cow;
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::{Base, Place, Report, ReportId, TreePath};

/// How many aliases of a report are known: a hostile one could have a million, real ones have a few.
const ALIASES_MAX: usize = 1_000;

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
}

/// By what kind of word a report can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum KeyKind {
    /// Its id.
    Id,
    /// An alias.
    Alias,
    /// The package that it is about.
    Package,
    /// Its folder without letter case, as some disks see it.
    Folder,
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
        }
    }

    /// What a report says; none of one that lies where no report does.
    pub fn of_report(report: &Report<'_>, prefix: &str) -> Option<Facts> {
        let by_place = Facts::of_place(report.path, report.place?, prefix);
        let Some(record) = &report.record else { return Some(by_place) };
        let package = report.about().map(|subject| {
            let package = &subject.package;
            format!("{}/{}", package.ecosystem().as_str(), package.merge_name()).into()
        });
        let id = by_place.id.map(|by_name| report.own_id().map_or(by_name, Into::into));
        let is_withdrawn = by_place.is_withdrawn || record.is_withdrawn();
        let mut aliases: Vec<Box<str>> = record.aliases.items().iter().map(|alias| alias.as_str().into()).collect();
        aliases.sort_unstable();
        aliases.dedup();
        aliases.truncate(ALIASES_MAX);
        Some(Facts { path: by_place.path, id, is_withdrawn, package, aliases })
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

    /// The words of one kind by which the report can be found.
    pub fn words_of(&self, kind: KeyKind) -> impl Iterator<Item = Cow<'_, str>> {
        let one = match kind {
            KeyKind::Id => self.id.as_deref().map(Cow::Borrowed),
            KeyKind::Alias => None,
            KeyKind::Package => self.package.as_deref().map(Cow::Borrowed),
            KeyKind::Folder => Some(lower_case(self.path.folder())),
        };
        let aliases = if kind == KeyKind::Alias { &self.aliases[..] } else { &[] };
        one.into_iter().chain(aliases.iter().map(|alias| Cow::Borrowed(&**alias)))
    }

    /// Whether this is one of the words.
    pub fn has(&self, key: &Key) -> bool {
        if key.kind == KeyKind::Alias {
            return self.aliases.binary_search(&key.word).is_ok();
        }
        self.words_of(key.kind).any(|word| *word == *key.word)
    }
}

fn lower_case(text: &str) -> Cow<'_, str> {
    let is_lower = text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
    if is_lower { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [KeyKind; 4] = [KeyKind::Id, KeyKind::Alias, KeyKind::Package, KeyKind::Folder];

    /// The hash of a word of this kind: the same on every machine and for every release.
    pub fn hash_of(self, word: &str) -> u64 {
        let mut hasher = SipHasher13::new();
        hasher.write_u8(self as u8);
        hasher.write(word.as_bytes());
        hasher.finish()
    }
}

impl Key {
    /// The hash of the word.
    pub fn hash(&self) -> u64 {
        self.kind.hash_of(&self.word)
    }
}
