//! What the rules share about texts and about places in a report.

use database::Report;
use osv_schema::additions::ORIGINS;
use osv_schema::{Affected, Pointer, Record};

/// How many characters of a value are quoted.
const QUOTED_MAX: usize = 120;

/// A text as it is quoted in a message: cut where it is long.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(QUOTED_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// What a report says about packages, entry by entry.
pub(crate) fn affected<'r>(report: &'r Report<'_>) -> impl Iterator<Item = (usize, &'r Affected)> {
    report.record.iter().flat_map(|record| record.affected.items()).enumerate()
}

/// The place of an entry of `affected`.
pub(crate) fn affected_at(index: usize) -> Pointer {
    Pointer::root().member("affected").item(index)
}

/// The place of a range in it.
pub(crate) fn range_at(affected: usize, range: usize) -> Pointer {
    affected_at(affected).member("ranges").item(range)
}

/// The place of an event in that.
pub(crate) fn event_at(affected: usize, range: usize, event: usize) -> Pointer {
    range_at(affected, range).member("events").item(event)
}

/// The place of a listed version.
pub(crate) fn version_at(affected: usize, version: usize) -> Pointer {
    affected_at(affected).member("versions").item(version)
}

/// The numbers of the items that stand before in a list. Long lists are sorted, so that a hostile one costs no more.
pub(crate) fn repeated<T: Ord>(items: &[T]) -> Vec<usize> {
    const FEW: usize = 16;
    if items.len() <= FEW {
        return (1..items.len()).filter(|&at| items[..at].contains(&items[at])).collect();
    }
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|&a, &b| items[a].cmp(&items[b]).then(a.cmp(&b)));
    let mut found: Vec<usize> =
        order.windows(2).filter(|pair| items[pair[0]] == items[pair[1]]).map(|pair| pair[1]).collect();
    found.sort_unstable();
    found
}

/// Source and hash of every origin of a record, without reading the rest of it.
pub(crate) fn origins(record: &Record) -> impl Iterator<Item = (&str, &str)> {
    let listed = record.database_specific.value().and_then(|members| members.get(ORIGINS)?.as_array());
    listed.unwrap_or_default().iter().filter_map(|origin| {
        let word = |name: &str| origin.as_object()?.get(name)?.as_str();
        Some((word("source")?, word("sha256")?))
    })
}
