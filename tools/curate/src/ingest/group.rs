//! The deliveries of one run, by the package that they are on.

use std::collections::{BTreeMap, BTreeSet};

use database::{Plan, subject};
use ecosystem::Package;
use osv_schema::{Pointer, Record, Timestamp, additions};
use rayon::prelude::*;

use super::Batch;
use super::fault::Fault;
use crate::Delivery;
use crate::ahead::is_ahead;

/// The deliveries on one package.
pub(crate) struct Group {
    pub(crate) package: Package,
    pub(crate) folder: String,
    /// Their numbers, the oldest statement first.
    pub(crate) deliveries: Vec<usize>,
    /// Those of them that went on to this package under an id which is that of the report they came from: it stays there.
    pub(crate) without_id: BTreeSet<usize>,
}

impl Group {
    /// The deliveries on a package, the oldest statement first.
    pub(crate) fn new(package: Package, folder: String, deliveries: Vec<usize>) -> Group {
        Group { package, folder, deliveries, without_id: BTreeSet::new() }
    }
}

/// The deliveries by the package that they are on. Those that are no statement about one are rejected.
pub(crate) fn grouped(batch: &Batch, now: Timestamp, plan: &mut Plan) -> Vec<Group> {
    let placed: Vec<Result<(Package, String), Fault>> =
        batch.deliveries.par_iter().map(|delivery| placed(delivery, now)).collect();
    let mut groups: Vec<Group> = Vec::new();
    let mut by_key: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut placed: Vec<Option<Result<(Package, String), Fault>>> = placed.into_iter().map(Some).collect();
    for at in in_order(&batch.deliveries) {
        match placed[at].take() {
            Some(Ok((package, folder))) => {
                let key = (package.ecosystem().as_str().to_owned(), package.merge_name().into_owned());
                let number = *by_key.entry(key).or_insert(groups.len());
                match groups.get_mut(number) {
                    Some(group) => group.deliveries.push(at),
                    None => groups.push(Group::new(package, folder, vec![at])),
                }
            }
            Some(Err(fault)) => plan.rejected.push(fault.of(&batch.deliveries[at])),
            None => {}
        }
    }
    groups
}

/// Oldest statements first, and a total order behind that: the order in which files came decides nothing.
fn in_order(deliveries: &[Delivery]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..deliveries.len()).collect();
    order.sort_by_cached_key(|&index| age(&deliveries[index]));
    order
}

/// What tells the older of two deliveries.
pub(super) fn age(delivery: &Delivery) -> (Option<Timestamp>, String, String) {
    (delivery.record.modified_at(), delivery.sha256.clone(), delivery.name.clone())
}

/// The package that a delivery is on, and the folder of its reports.
fn placed(delivery: &Delivery, now: Timestamp) -> Result<(Package, String), Fault> {
    let about = subject(&delivery.record).map_err(|error| Fault {
        rule: if error.is_about_ecosystem() { "unknown-ecosystem" } else { "affected-not-single" },
        pointer: error.pointer(),
        message: error.to_string(),
        remedy: error.remedy(),
    })?;
    let folder = about.package.folder().map_err(|error| Fault {
        rule: if error.is_about_direction() { "text-direction-codepoint" } else { "path-mismatch" },
        pointer: about.pointer.clone(),
        message: error.to_string(),
        remedy: error.remedy().to_owned(),
    })?;
    check_time(delivery, now)?;
    check_year(&delivery.record)?;
    check_statement(&delivery.record)?;
    Ok((about.package, folder.as_str().to_owned()))
}

fn check_time(delivery: &Delivery, now: Timestamp) -> Result<(), Fault> {
    match delivery.record.modified_at() {
        Some(modified) if !is_ahead(modified, now) => check_withdrawn(delivery, now),
        Some(modified) => Err(Fault {
            rule: "modified-in-future",
            pointer: Pointer::from("/modified"),
            message: format!("{modified} is more than a day ahead of {now}"),
            remedy: "mend the clock at the source and send the record again".into(),
        }),
        None => Err(Fault {
            rule: "schema-violation",
            pointer: Pointer::from("/modified"),
            message: "the record does not say when it was modified".into(),
            remedy: "say it as OSV does, for example 2026-01-31T12:00:00Z".into(),
        }),
    }
}

/// Ids are given by the year in which a record was published, and there is none before the first.
fn check_year(record: &Record) -> Result<(), Fault> {
    match record.published_at().filter(|published| published.year() < 1) {
        Some(published) => Err(Fault {
            rule: "schema-violation",
            pointer: Pointer::from("/published"),
            message: format!("{published} is in no year of the calendar"),
            remedy: "say when the record was published, or leave it out".into(),
        }),
        None => Ok(()),
    }
}

/// What is taken back is taken back now, not some day.
fn check_withdrawn(delivery: &Delivery, now: Timestamp) -> Result<(), Fault> {
    let withdrawn = delivery.record.withdrawn.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    match withdrawn {
        Some(withdrawn) if is_ahead(withdrawn, now) => Err(Fault {
            rule: "withdrawn-in-future",
            pointer: Pointer::from("/withdrawn"),
            message: format!("{withdrawn} is more than a day ahead of {now}"),
            remedy: "mend the clock at the source and send the record again".into(),
        }),
        _ => Ok(()),
    }
}

/// A statement must name something: without a version and a range, readers take it for nothing or for everything.
fn check_statement(record: &Record) -> Result<(), Fault> {
    let says_something = record
        .affected
        .items()
        .first()
        .is_some_and(|affected| !affected.versions.items().is_empty() || !affected.ranges.items().is_empty());
    // Tags that were moved name what was bad, and no version.
    let moved = additions::malpkg(record).and_then(|ours| ours.get("moved_tags")?.as_array());
    if says_something || record.is_withdrawn() || moved.is_some_and(|tags| !tags.is_empty()) {
        return Ok(());
    }
    Err(Fault {
        rule: "nothing-affected",
        pointer: Pointer::from("/affected/0"),
        message: "the record lists no version and no range".into(),
        remedy: "list the versions, or say with a range from `introduced: \"0\"` that all are malicious".into(),
    })
}
