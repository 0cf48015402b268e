//! What streams that have a report from us say beyond it: it does not count, and somebody may look at it.

use std::collections::{BTreeMap, BTreeSet};

use database::subject;
use osv_schema::{Origin, Range, Record};

use crate::computed::Statement;
use crate::decided::{fold, in_order};
use crate::ranges::union;
use crate::streams::{Stream, normal};

/// What one stream says that nobody else ever said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// The source.
    pub source: String,
    /// The record's id there.
    pub id: String,
    /// The versions.
    pub versions: Vec<String>,
    /// The ranges.
    pub ranges: Vec<Range>,
}

/// What the streams that came down from a report say now, and neither it nor any delivery of others. What people cleared is
/// known.
pub fn beyond(record: &Record) -> Vec<Beyond> {
    let origins = record.origins();
    if origins.iter().all(|origin| origin.derived_from.is_absent()) {
        return Vec::new();
    }
    let Ok(about) = subject(record) else { return Vec::new() };
    let ecosystem = about.package.ecosystem().base();
    let (origins, _) = normal(origins);
    let decisions = in_order(record.decisions());
    let decided = fold(&decisions);
    let affected = record.affected.items().first();
    let mut rest =
        affected.map_or_else(Statement::default, |one| Statement::of(one.versions.items(), one.ranges.items()));
    for decision in &decisions {
        rest.versions.extend(decision.cleared.items().iter().cloned());
    }
    origins.iter().filter(|origin| origin.derived_from.is_absent()).for_each(|origin| rest.add(origin));
    let known: Vec<Range> = rest.ranges.values().cloned().collect();
    let all = union(&known, ecosystem);
    let is_meant = rest.meant(ecosystem);
    let adds = |range: &&Range| union(&[known.as_slice(), std::slice::from_ref(*range)].concat(), ecosystem) != all;
    let mut found = BTreeMap::new();
    for origin in decided.streams(&origins).values().filter(|stream| stream.is_derived()).flat_map(Stream::speaking) {
        let versions: BTreeSet<&String> = origin.versions.items().iter().filter(|one| !is_meant(one)).collect();
        let ranges: Vec<Range> = origin.ranges.items().iter().filter(adds).cloned().collect();
        if !versions.is_empty() || !ranges.is_empty() {
            found.insert(named(origin), (versions.into_iter().cloned().collect(), ranges));
        }
    }
    let each = found.into_iter().map(|((source, id), (versions, ranges))| Beyond { source, id, versions, ranges });
    each.collect()
}

fn named(origin: &Origin) -> (String, String) {
    (origin.source.as_str().unwrap_or_default().to_owned(), origin.id.as_str().unwrap_or_default().to_owned())
}
