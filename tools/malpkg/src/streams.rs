//! Which reports have deliveries of a stream: asked of what is known of the tree, or of all its reports.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use database::{Entry, Facts, Key, KeyKind, Report, Snapshot, TreePath, stream_word};
use rules::{Known, Standing};

use crate::context::Reading;

/// The streams of a tree: what the index knows, or what is read when the first one is asked for.
pub(crate) struct TreeStreams<'t> {
    snapshot: &'t Snapshot,
    known: Option<&'t Standing>,
    by_word: OnceLock<HashMap<Box<str>, BTreeSet<TreePath>>>,
}

impl<'t> TreeStreams<'t> {
    pub(crate) fn new(reading: &'t Reading) -> TreeStreams<'t> {
        TreeStreams::of(&reading.snapshot, reading.known.as_ref())
    }

    pub(crate) fn of(snapshot: &'t Snapshot, known: Option<&'t Standing>) -> TreeStreams<'t> {
        TreeStreams { snapshot, known, by_word: OnceLock::new() }
    }

    fn read(&self) -> HashMap<Box<str>, BTreeSet<TreePath>> {
        let entries: Vec<&Entry> = self.snapshot.reports().map(|(_, entry)| entry).collect();
        // What cannot be read has no streams; whoever adds to it is told.
        let facts = self.snapshot.map_each(&entries, |entry, bytes| {
            bytes.ok().and_then(|bytes| Facts::of_report(&Report::read(&entry.path, bytes), ""))
        });
        let mut by_word: HashMap<Box<str>, BTreeSet<TreePath>> = HashMap::new();
        for facts in facts.flatten() {
            for word in facts.words_of(KeyKind::Stream) {
                by_word.entry(word.into()).or_default().insert(facts.path.clone());
            }
        }
        by_word
    }
}

impl curate::Streams for TreeStreams<'_> {
    fn holders(&self, source: &str, id: &str) -> Result<BTreeSet<TreePath>, String> {
        let key = Key { kind: KeyKind::Stream, word: stream_word(source, id).into() };
        // An index that is damaged is as good as none: the reports tell.
        if let Some(Ok(holders)) = self.known.map(|known| known.holders(&key)) {
            return Ok(holders.into_iter().map(|facts| facts.path).collect());
        }
        let by_word = self.by_word.get_or_init(|| self.read());
        Ok(by_word.get(&key.word).cloned().unwrap_or_default())
    }
}
