//! Which reports have deliveries of a stream, or are called by an id: asked of what is known of the tree, or of all its reports.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use database::{Entry, Facts, Key, KeyKind, Report, Snapshot, TreePath, stream_word};
use rules::{Known, Standing};

use crate::context::Reading;

/// The streams and names of a tree: what the index knows, or what is read when the first one is asked for.
pub(crate) struct TreeStreams<'t> {
    snapshot: &'t Snapshot,
    known: Option<&'t Standing>,
    by_key: OnceLock<HashMap<Key, BTreeSet<TreePath>>>,
}

impl<'t> TreeStreams<'t> {
    pub(crate) fn new(reading: &'t Reading) -> TreeStreams<'t> {
        TreeStreams::of(&reading.snapshot, reading.known.as_ref())
    }

    pub(crate) fn of(snapshot: &'t Snapshot, known: Option<&'t Standing>) -> TreeStreams<'t> {
        TreeStreams { snapshot, known, by_key: OnceLock::new() }
    }

    fn read(&self) -> HashMap<Key, BTreeSet<TreePath>> {
        let entries: Vec<&Entry> = self.snapshot.reports().map(|(_, entry)| entry).collect();
        // What cannot be read has no streams; whoever adds to it is told.
        let facts = self.snapshot.map_each(&entries, |entry, bytes| {
            bytes.ok().and_then(|bytes| Facts::of_report(&Report::read(&entry.path, bytes), ""))
        });
        let mut by_key: HashMap<Key, BTreeSet<TreePath>> = HashMap::new();
        for facts in facts.flatten() {
            for key in facts.keys().filter(|key| matches!(key.kind, KeyKind::Stream | KeyKind::Name)) {
                by_key.entry(key).or_default().insert(facts.path.clone());
            }
        }
        by_key
    }

    fn asked(&self, key: &Key) -> BTreeSet<TreePath> {
        // An index that is damaged is as good as none: the reports tell.
        if let Some(Ok(holders)) = self.known.map(|known| known.holders(key)) {
            return holders.into_iter().map(|facts| facts.path).collect();
        }
        self.by_key.get_or_init(|| self.read()).get(key).cloned().unwrap_or_default()
    }
}

impl curate::Streams for TreeStreams<'_> {
    fn holders(&self, source: &str, id: &str) -> Result<BTreeSet<TreePath>, String> {
        Ok(self.asked(&Key { kind: KeyKind::Stream, word: stream_word(source, id).into() }))
    }

    fn named(&self, id: &str) -> Result<BTreeSet<TreePath>, String> {
        Ok(self.asked(&Key { kind: KeyKind::Name, word: id.into() }))
    }
}
