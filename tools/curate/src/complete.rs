//! Sources that send all they have: what they no longer name, they take back.

use std::collections::BTreeSet;

use database::{Entry, Report, Snapshot};
use osv_schema::{Affected, Member, Record, Timestamp};

use crate::streams::{Stream, StreamKey, streams};
use crate::{Delivery, content_sha256, leads_to};

/// What names the stream of a delivery at its source: its id, else what it says, by its content or its bytes.
pub fn stream_names(delivery: &Delivery) -> Vec<String> {
    let of_content = |hash: &str| StreamKey::with(String::new(), None, hash).own_name();
    match delivery.own_id() {
        Some(id) => vec![id.to_owned()],
        None => vec![of_content(&content_sha256(&delivery.record)), of_content(&delivery.sha256)],
    }
}

/// The deliveries by which a source takes back what it no longer names: one for each of its streams that stands in some
/// report and is not among those named.
pub fn no_longer_named(base: &Snapshot, source: &str, named: &BTreeSet<String>, now: Timestamp) -> Vec<Delivery> {
    let entries: Vec<&Entry> = base.reports().map(|(_, entry)| entry).collect();
    let ended = base.map_each(&entries, |entry, bytes| {
        // Of a report that cannot be read nothing is taken back; `validate` says what is wrong with it.
        let record = bytes.ok().and_then(|bytes| Report::read(&entry.path, bytes).record);
        record.map(|record| ended(&record, source, named, now)).unwrap_or_default()
    });
    ended.flatten().collect()
}

fn ended(record: &Record, source: &str, named: &BTreeSet<String>, now: Timestamp) -> Vec<Delivery> {
    if leads_to(record).is_some() {
        return Vec::new();
    }
    let origins = record.origins();
    let own = streams(&origins).into_iter().filter(|(key, _)| key.source() == source);
    let is_named = |key: &StreamKey, stream: &Stream<'_>| {
        let is_content = matches!(key, StreamKey::Content(..));
        let bytes = stream.current().iter().filter(|_| is_content).filter_map(|origin| origin.sha256.as_str());
        let by_bytes = bytes.map(|hash| StreamKey::with(String::new(), None, hash).own_name());
        by_bytes.chain([key.own_name()]).any(|name| named.contains(&name))
    };
    let ended = own.filter(|(key, stream)| stream.ended().is_none() && !is_named(key, stream));
    ended.map(|(key, _)| delivery(record, source, key.own_name(), now)).collect()
}

fn delivery(record: &Record, source: &str, id: String, now: Timestamp) -> Delivery {
    // A git repository has no package: its ranges name it.
    let affected = record.affected.items().first().map(|affected| Affected {
        package: affected.package.clone(),
        ranges: if affected.package.value().is_some() { Member::Absent } else { affected.ranges.clone() },
        ..Affected::default()
    });
    let time = now.whole_seconds().to_string();
    let said = Record {
        id: id.as_str().into(),
        modified: time.as_str().into(),
        withdrawn: time.as_str().into(),
        affected: affected.map(|affected| vec![affected]).into(),
        ..Record::default()
    };
    let sha256 = content_sha256(&said);
    Delivery { source: source.to_owned(), name: id, sha256, record: said, keeps_id: false, taken_over: false }
}
