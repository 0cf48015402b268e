//! Which reports have an alias: asked of what is known of the tree, or of all its reports.

use std::cell::{Cell, OnceCell};
use std::collections::HashMap;

use database::{Entry, Key, KeyKind, ReadError, Report, Snapshot};
use rules::{By, Known, Settings, Standing};
use store::{Commit, Store};

use crate::change::{self, Judging};
use crate::failure::Failure;

/// The aliases of a tree. The first one is looked for in all reports, unless an index is kept; more of them are learned at
/// once.
pub(crate) struct Aliases<'a> {
    pub(crate) snapshot: &'a Snapshot,
    /// The commit of the tree, and how it is judged, where an index of it may be kept.
    of: Option<(&'a Store, &'a Settings, &'a Commit)>,
    known: OnceCell<Option<Standing>>,
    has_asked: Cell<bool>,
    /// By the alias in small letters: the alias as it is written, and the report's place among the files.
    learned: OnceCell<HashMap<String, Vec<(String, usize)>>>,
}

impl<'a> Aliases<'a> {
    /// Those of any tree.
    pub(crate) fn new(snapshot: &'a Snapshot) -> Aliases<'a> {
        let (known, learned) = (OnceCell::new(), OnceCell::new());
        Aliases { snapshot, of: None, known, has_asked: Cell::new(false), learned }
    }

    /// Those of the tree of a commit.
    pub(crate) fn of_commit(
        snapshot: &'a Snapshot,
        store: &'a Store,
        settings: &'a Settings,
        commit: &'a Commit,
    ) -> Aliases<'a> {
        Aliases { of: Some((store, settings, commit)), ..Aliases::new(snapshot) }
    }

    /// The reports that have a word among their aliases: as it is written, or else in other letter case.
    pub(crate) fn holders(&self, word: &str) -> Result<Vec<&'a Entry>, Failure> {
        if let Some(found) = self.known_holders(word) {
            return Ok(found);
        }
        if !self.has_asked.replace(true) {
            return self.search(word);
        }
        let learned = match self.learned.get() {
            Some(learned) => learned,
            None => {
                let learned = self.learn()?;
                self.learned.get_or_init(|| learned)
            }
        };
        let entries = self.snapshot.entries();
        let found = learned.get(&word.to_ascii_lowercase()).into_iter().flatten();
        Ok(spelled(word, found.filter_map(|(alias, at)| Some((vec![alias.clone()], entries.get(*at)?))).collect()))
    }

    /// What an index says that is kept. One without the word says nothing: the letter case may be another.
    fn known_holders(&self, word: &str) -> Option<Vec<&'a Entry>> {
        let (store, settings, commit) = self.of?;
        let judging = Judging { store, settings, by: By::Maintainer };
        let known = self.known.get_or_init(|| change::kept(&judging, commit)).as_ref()?;
        let mut holders = known.holders(&Key { kind: KeyKind::Name, word: word.into() }).ok()?;
        holders.retain(|facts| facts.aliases.iter().any(|alias| **alias == *word));
        let found: Vec<&Entry> = holders.iter().filter_map(|facts| self.snapshot.entry(facts.path.as_str())).collect();
        Some(found).filter(|found| !found.is_empty())
    }

    /// Looks for one word in all reports. Only those that hold it at all are parsed.
    fn search(&self, word: &str) -> Result<Vec<&'a Entry>, Failure> {
        let entries: Vec<&Entry> = self.snapshot.reports().map(|(_, entry)| entry).collect();
        let found = self.snapshot.map(&entries, |entry, bytes| -> Result<Vec<String>, ReadError> {
            let bytes = bytes?;
            let holds = bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()));
            Ok(if holds { aliases(entry, bytes) } else { Vec::new() })
        });
        let mut holders = Vec::new();
        for (entry, found) in entries.into_iter().zip(found) {
            match found {
                Ok(mut found) => {
                    found.retain(|alias| alias.eq_ignore_ascii_case(word));
                    holders.extend(Some((found, entry)).filter(|(found, _)| !found.is_empty()));
                }
                Err(error) if error.is_system => return Err(Failure::from(error)),
                Err(_) => {}
            }
        }
        Ok(spelled(word, holders))
    }

    /// All aliases of the tree.
    fn learn(&self) -> Result<HashMap<String, Vec<(String, usize)>>, Failure> {
        let reports = self.snapshot.entries().iter().enumerate();
        let (numbers, entries): (Vec<usize>, Vec<&Entry>) =
            reports.filter(|(_, entry)| database::Place::of(&entry.path).is_some()).unzip();
        let mut learned: HashMap<String, Vec<(String, usize)>> = HashMap::new();
        for (at, found) in numbers
            .into_iter()
            .zip(self.snapshot.map(&entries, |entry, bytes| bytes.map(|bytes| aliases(entry, bytes))))
        {
            match found {
                Ok(found) => found.into_iter().for_each(|alias| {
                    learned.entry(alias.to_ascii_lowercase()).or_default().push((alias, at));
                }),
                Err(error) if error.is_system => return Err(Failure::from(error)),
                Err(_) => {}
            }
        }
        Ok(learned)
    }
}

fn aliases(entry: &Entry, bytes: &[u8]) -> Vec<String> {
    let record = Report::read(&entry.path, bytes).record;
    let mut aliases = record.map(|record| record.aliases.items().to_vec()).unwrap_or_default();
    aliases.sort();
    aliases.dedup();
    aliases
}

/// Of the reports that have a word in some letter case those that have it as it is written; where none has, all.
fn spelled<'e>(word: &str, found: Vec<(Vec<String>, &'e Entry)>) -> Vec<&'e Entry> {
    let is_exact = found.iter().any(|(aliases, _)| aliases.iter().any(|alias| alias == word));
    let kept = found.into_iter().filter(|(aliases, _)| !is_exact || aliases.iter().any(|alias| alias == word));
    let mut entries: Vec<&Entry> = kept.map(|(_, entry)| entry).collect();
    entries.dedup_by(|a, b| a.path == b.path);
    entries
}
