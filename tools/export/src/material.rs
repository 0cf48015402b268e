//! What the files of a release are written from.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Mutex, PoisonError};

use osv_schema::{Document, Record};
use rayon::prelude::*;

use crate::body::Inflater;
use crate::collect::{Collected, Item};
use crate::delta::Delta;
use crate::lists::Ranges;
use crate::older::Older;
use crate::rows::Row;
use crate::{Held, Input, folders};

/// How many records are read again at once: what is made of them is held until all of these are.
const AT_ONCE: usize = 4096;

/// A record is read with many times its size in memory. Of those that are larger than this one at a time is, whatever number
/// of files is being written.
const LARGE_SIZE: usize = 1 << 20;
static LARGE: Mutex<()> = Mutex::new(());

/// What the files of a release are written from. It is the same for every target; none reads the snapshot again.
pub(crate) struct Material<'i> {
    /// What the release is made from.
    pub input: &'i Input<'i>,
    /// The records, by id.
    pub items: Vec<Item<'i>>,
    /// The reports that are not published, by id.
    pub held: Vec<Held>,
    /// What the records say of packages, by ecosystem, name and id.
    pub rows: Vec<Row>,
    /// What the last commits changed, the newest first.
    pub deltas: Vec<Delta>,
    /// The ranges of the rows that lists have to say them of; none where no list is wanted.
    pub ranges: Ranges,
    /// An older release.
    pub older: Option<&'i Older>,
    /// The folders that hold what they held in the older release.
    unchanged: BTreeSet<&'static str>,
}

impl<'i> Material<'i> {
    pub(crate) fn new(
        input: &'i Input<'i>,
        older: Option<&'i Older>,
        collected: Collected<'i>,
        deltas: Vec<Delta>,
    ) -> Material<'i> {
        let Collected { mut items, held } = collected;
        let mut rows = Vec::with_capacity(items.len());
        for (at, item) in items.iter_mut().enumerate() {
            let of_item = item.facts.said.as_mut().map(|said| std::mem::take(&mut said.rows));
            rows.extend(of_item.into_iter().flatten().map(|row| Row { item: at, ..row }));
        }
        // Items are sorted by id, so their places say the same and cost less to compare.
        rows.sort_by(|a, b| (&a.ecosystem, &a.name, a.item).cmp(&(&b.ecosystem, &b.name, b.item)));
        let unchanged = older.map(|older| unchanged(&items, older)).unwrap_or_default();
        Material { input, items, held, rows, deltas, older, ranges: Ranges::new(), unchanged }
    }

    /// Whether a folder holds what it held in the older release.
    pub(crate) fn is_unchanged(&self, folder: &str) -> bool {
        self.unchanged.contains(folder)
    }

    /// The rows that stand: those of records that nobody took back.
    pub(crate) fn standing(&self) -> impl Iterator<Item = (&Row, &Item<'i>)> {
        let each = self.rows.iter().map(|row| (row, &self.items[row.item]));
        each.filter(|(_, item)| !item.facts.is_withdrawn)
    }
}

fn unchanged(items: &[Item<'_>], older: &Older) -> BTreeSet<&'static str> {
    let mut kept: BTreeMap<&'static str, usize> = folders::always().map(|folder| (folder, 0)).collect();
    let mut changed = BTreeSet::new();
    for item in items {
        for folder in item.facts.folders.iter() {
            *kept.entry(folder).or_default() += 1;
            if item.facts.is_new {
                changed.insert(folder);
            }
        }
    }
    let is_same = |(folder, count): &(&'static str, usize)| !changed.contains(folder) && older.count(folder) == *count;
    kept.into_iter().filter(is_same).map(|(folder, _)| folder).collect()
}

impl Material<'_> {
    /// Reads the records again that are asked for, several at once, and gives what is made of each in their order.
    pub(crate) fn each_record<T: Send>(
        &self,
        is_asked: impl Fn(&Item<'_>) -> bool,
        make: impl Fn(&Item<'_>, &Record) -> T + Sync,
        mut give: impl FnMut(T),
    ) -> io::Result<()> {
        let asked: Vec<&Item<'_>> = self.items.iter().filter(|item| is_asked(item)).collect();
        let read = |inflater: &mut Inflater, item: &&Item<'_>| item.reread(inflater, |record| make(item, &record));
        self.each(&asked, read, |made| {
            give(made);
            true
        })
    }

    /// Gives what is made of each record, until it is no more wanted. Only those are read again of which more is to be said
    /// than is known.
    pub(crate) fn each_item<T: Send>(
        &self,
        make: impl Fn(&Item<'_>, Option<&Record>) -> T + Sync,
        give: impl FnMut(T) -> bool,
    ) -> io::Result<()> {
        let read = |inflater: &mut Inflater, item: &Item<'_>| match item.facts.told().plain {
            Some(_) => Ok(make(item, None)),
            None => item.reread(inflater, |record| make(item, Some(&record))),
        };
        self.each(&self.items, read, give)
    }

    fn each<A: Sync, T: Send>(
        &self,
        asked: &[A],
        read: impl Fn(&mut Inflater, &A) -> io::Result<T> + Sync,
        mut give: impl FnMut(T) -> bool,
    ) -> io::Result<()> {
        for some in asked.chunks(AT_ONCE) {
            let made: Vec<io::Result<T>> = some.par_iter().map_init(Inflater::new, &read).collect();
            for one in made {
                if !give(one?) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

impl Item<'_> {
    /// Reads the published record again, and makes something of it.
    pub(crate) fn reread<T>(&self, inflater: &mut Inflater, make: impl FnOnce(Record) -> T) -> io::Result<T> {
        // Whoever panicked with it left nothing behind.
        let alone = || LARGE.lock().unwrap_or_else(PoisonError::into_inner);
        let _alone = (self.facts.body.size as usize > LARGE_SIZE).then(alone);
        let mut text = Vec::new();
        inflater.inflate(&self.facts.body, &mut text)?;
        let document = Document::parse(&text).map_err(io::Error::other)?;
        let record = Record::read(&document).ok_or_else(|| io::Error::other("a published record is no object"))?;
        drop(document);
        Ok(make(record))
    }
}
