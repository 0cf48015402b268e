//! What stands against one package, in the form that lists are written from.

use std::collections::BTreeMap;
use std::io;

use database::verdict::{events, kind};
use ecosystem::version::{Event, Interval, Order, RangeKind, intervals, union};
use osv_schema::{Affected, Range};

use crate::body::Inflater;
use crate::collect::Item;
use crate::material::Material;
use crate::rows::{Extent, Row};

/// The ranges of the rows that have any beside "every version", by the row's place.
pub(crate) type Ranges = BTreeMap<usize, Vec<Range>>;

/// What the chosen reports say of one package: all of them together, or one.
pub(super) struct Blocked<'m> {
    /// The package's name as it is published.
    pub name: &'m str,
    /// Whether every version is blocked; then there is nothing else to say.
    pub every: bool,
    /// The versions, sorted as texts.
    pub versions: Vec<&'m str>,
    /// Intervals of more than one version, ascending and apart from each other.
    pub intervals: Vec<Interval<'m>>,
    /// Whether something more was said that nothing here can say.
    pub has_more: bool,
    /// The reports, by id.
    pub items: Vec<&'m Item<'m>>,
}

/// What comes together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// All that is said of a package.
    Package,
    /// What one report says of a package.
    Report,
}

impl<'m> Blocked<'m> {
    /// Whether a list that knows versions alone says all of it.
    pub(super) fn is_versions_alone(&self) -> bool {
        self.every || (self.intervals.is_empty() && !self.has_more)
    }

    /// Whether a registry lets anybody take the name.
    pub(super) fn is_sayable(&self) -> bool {
        is_plain(self.name)
    }

    /// Whether there is anything that a list of versions can say.
    pub(super) fn has_versions(&self) -> bool {
        self.every || !self.versions.is_empty()
    }

    /// Everything as intervals, single versions too; and whether that is all that was said.
    pub(super) fn stretches(&self, order: Order) -> (Vec<Interval<'m>>, bool) {
        let single: Vec<Interval<'m>> =
            self.versions.iter().filter_map(|version| Interval::of_version(order, version)).collect();
        let is_all = single.len() == self.versions.len() && !self.has_more;
        (union([self.intervals.clone(), single].concat()), is_all)
    }

    fn of(material: &'m Material<'m>, rows: &[(usize, &'m Row)]) -> Option<Blocked<'m>> {
        let (_, first) = rows.first()?;
        let mut blocked = Blocked {
            name: &first.name,
            every: false,
            versions: Vec::new(),
            intervals: Vec::new(),
            has_more: false,
            items: rows.iter().map(|(_, row)| &material.items[row.item]).collect(),
        };
        blocked.items.dedup_by(|a, b| a.id == b.id);
        for (at, row) in rows {
            match &row.extent {
                Extent::Every => blocked.every = true,
                Extent::These { versions, .. } => {
                    blocked.versions.extend(versions.iter().map(|version| &**version));
                    blocked.add_ranges(material.ranges.get(at).map_or(&[][..], Vec::as_slice), row.folder);
                }
            }
        }
        blocked.settle();
        Some(blocked)
    }

    fn add_ranges(&mut self, ranges: &'m [Range], base: &str) {
        let own = Order::of(base);
        for range in ranges {
            let order = match kind(range) {
                Some(RangeKind::SemVer) => Some(Order::SemVer),
                Some(RangeKind::Ecosystem) => own,
                // Commits are in no registry.
                Some(RangeKind::Git) => continue,
                None => None,
            };
            // Orders cannot be mixed: a range in another than the ecosystem's is said by nobody.
            match order.filter(|order| Some(*order) == own).and_then(|order| intervals(order, &events(range))) {
                Some(found) if events(range).iter().all(has_plain_value) => self.intervals.extend(found),
                _ => self.has_more = true,
            }
        }
    }

    /// Says everything in the shortest way, and nothing that cannot be installed.
    fn settle(&mut self) {
        self.intervals = union(std::mem::take(&mut self.intervals));
        self.every |= self.intervals.iter().any(Interval::is_everything);
        if self.every {
            self.versions.clear();
            self.intervals.clear();
            return;
        }
        let single = self.intervals.iter().filter_map(Interval::only_version);
        self.versions.extend(single);
        self.intervals.retain(|interval| interval.only_version().is_none());
        let count = self.versions.len();
        // A star is "every version" to some clients.
        self.versions.retain(|version| is_plain(version) && *version != database::EVERY);
        self.has_more |= self.versions.len() < count;
        self.versions.sort_unstable();
        self.versions.dedup();
    }
}

impl Material<'_> {
    /// What is blocked of one registry, by name. An ecosystem with a suffix is another registry. What has a name that no
    /// registry lets anybody take is left out.
    pub(super) fn blocked<'m>(&'m self, ecosystem: &str, by: By) -> impl Iterator<Item = Blocked<'m>> {
        self.blocked_and_unsayable(ecosystem, by).filter(Blocked::is_sayable)
    }

    /// As [`Self::blocked`], with what has such a name.
    pub(super) fn blocked_and_unsayable<'m>(&'m self, ecosystem: &str, by: By) -> impl Iterator<Item = Blocked<'m>> {
        let from = self.rows.partition_point(|row| *row.ecosystem < *ecosystem);
        let to = self.rows.partition_point(|row| *row.ecosystem <= *ecosystem);
        let mut rows = self.chosen(from..to).peekable();
        std::iter::from_fn(move || {
            let first = rows.next()?;
            let mut of_one = vec![first];
            let is_same = |row: &Row| row.name == first.1.name && (by == By::Package || row.item == first.1.item);
            while let Some(next) = rows.next_if(|(_, row)| is_same(row)) {
                of_one.push(next);
            }
            Some(of_one)
        })
        .filter_map(|rows| Blocked::of(self, &rows))
    }

    /// Where people read a report, if the database is somewhere.
    pub(super) fn page(&self, item: &Item<'_>) -> Option<String> {
        self.input.home.map(|home| format!("{}/{}", home.trim_end_matches('/'), item.path))
    }

    /// The rows that stand and are chosen, of a part of all.
    pub(super) fn chosen(&self, part: std::ops::Range<usize>) -> impl Iterator<Item = (usize, &Row)> {
        part.map(|at| (at, &self.rows[at]))
            .filter(|(_, row)| !self.items[row.item].facts.is_withdrawn && self.input.blocking.holds(row))
    }

    /// Reads the ranges of the rows that have any; they are few.
    pub(crate) fn read_ranges(&mut self) -> io::Result<()> {
        let mut inflater = Inflater::new();
        let mut found = Ranges::new();
        for (at, row) in self.chosen(0..self.rows.len()) {
            if matches!(&row.extent, Extent::These { ranges, .. } if !ranges.is_empty()) {
                let item = &self.items[row.item];
                found.insert(at, item.reread(&mut inflater, |record| ranges_on(record.affected.items(), row))?);
            }
        }
        self.ranges = found;
        Ok(())
    }
}

/// The ranges of what is on the row's package. A record with several parts on one package has a row for each, and every one
/// has the ranges of all: they are united anyway.
fn ranges_on(affected: &[Affected], row: &Row) -> Vec<Range> {
    affected
        .iter()
        .filter(|affected| row.is_on(affected))
        .flat_map(|affected| affected.ranges.items())
        .cloned()
        .collect()
}

/// Whether a text is one that registries take for a name or a version: visible ASCII. Nothing else can be installed, and a
/// format is broken by one odd character as a whole.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn has_plain_value(event: &Event<'_>) -> bool {
    match event {
        Event::Introduced(text) | Event::Fixed(text) | Event::LastAffected(text) | Event::Limit(text) => is_plain(text),
    }
}
