//! What was taken in, as the reports remember it, and how it ended.

use curate::{Delivery, leads_to};
use database::{Entry, Report, subject};
use osv_schema::{Affected, Member, Origin, Package, Record, Timestamp};
use rules::{Level, Settings};

use crate::config::Config;
use crate::context::Reading;
use crate::failure::Failure;

/// One report of which something was taken in.
pub(super) struct Past {
    pub(super) id: String,
    pub(super) package: String,
    pub(super) delivered: Vec<Delivered>,
    /// Whether it was taken back in the end.
    pub(super) is_withdrawn: bool,
    /// Whether people narrowed it in the end.
    pub(super) is_narrowed: bool,
    /// The first rule that refuses it, of those that do not under the configuration of today: none under that itself.
    pub(super) refused: [Option<&'static str>; 2],
}

/// One delivery.
pub(super) struct Delivered {
    pub(super) at: Timestamp,
    pub(super) delivery: Delivery,
}

/// The reports of which something was taken in since then, judged under both configurations.
pub(super) fn read(reading: &Reading, configs: [&Config; 2], since: Timestamp) -> Result<Vec<Past>, Failure> {
    let snapshot = &reading.snapshot;
    let entries: Vec<&Entry> = snapshot.reports().map(|(_, entry)| entry).collect();
    let settings = configs.map(|config| &config.settings);
    let mut all = Vec::new();
    for read in snapshot.map_each(&entries, |entry, bytes| match bytes {
        Ok(bytes) => Ok(one(entry, bytes, settings, since)),
        Err(error) if error.is_system => Err(error),
        Err(_) => Ok(None),
    }) {
        all.extend(read?);
    }
    Ok(all)
}

fn one(entry: &Entry, bytes: &[u8], settings: [&Settings; 2], since: Timestamp) -> Option<Past> {
    // The deliveries of one that became one with another are that one's, too.
    let record = Report::read(&entry.path, bytes).record.filter(|record| leads_to(record).is_none())?;
    let package = subject(&record).ok()?.package;
    let delivered: Vec<Delivered> = record
        .origins()
        .into_iter()
        .filter(|origin| origin.moved_to.is_absent() && origin.derived_from.is_absent())
        .filter_map(|origin| delivered(origin, &package))
        .filter(|delivered| delivered.at >= since)
        .collect();
    if delivered.is_empty() {
        return None;
    }
    let errors = settings.map(|settings| {
        let judged = rules::judge_file(&entry.path, Ok(bytes), settings);
        let errors = judged.findings.into_iter().filter(|finding| finding.level == Level::Error);
        errors.map(|finding| finding.rule.name).collect::<Vec<_>>()
    });
    let only = |here: usize, there: usize| errors[here].iter().find(|rule| !errors[there].contains(rule)).copied();
    let decisions = record.decisions();
    let last = decisions.iter().rev().find(|one| matches!(one.kind.as_str(), Some("narrow" | "lift")));
    Some(Past {
        id: record.id.as_str().unwrap_or_default().to_owned(),
        package: package.to_string(),
        delivered,
        is_withdrawn: record.is_withdrawn(),
        is_narrowed: last.is_some_and(|one| one.kind.as_str() == Some("narrow")),
        // What stands today was let in, whatever is wrong with it.
        refused: [None, only(1, 0)],
    })
}

/// A delivery as far as its origin remembers it.
fn delivered(origin: Origin, package: &ecosystem::Package) -> Option<Delivered> {
    let at = origin.import_time.as_str()?.parse().ok()?;
    let name = origin.name.value().cloned().unwrap_or_else(|| package.canonical_name().into_owned());
    let ecosystem = package.ecosystem();
    let named = Package { ecosystem: ecosystem.as_str().into(), name: name.into(), ..Package::default() };
    let affected = Affected {
        package: if ecosystem.is_git() { Member::Absent } else { Member::Value(named) },
        versions: origin.versions,
        ranges: origin.ranges,
        ..Affected::default()
    };
    let record = Record {
        id: origin.id.clone(),
        modified: origin.modified_time,
        withdrawn: origin.withdrawn,
        affected: Member::Value(vec![affected]),
        ..Record::default()
    };
    let delivery = Delivery {
        source: origin.source.value()?.clone(),
        name: origin.id.value().cloned().unwrap_or_default(),
        sha256: origin.sha256.value().cloned().unwrap_or_default(),
        record,
        keeps_id: false,
        taken_over: false,
    };
    Some(Delivered { at, delivery })
}
