//! Sources that send all they have: what such a source says again it has said before, and nothing of it is news; what it
//! says again after it was taken back, because it had said it no more, is.

use std::collections::BTreeMap;

use database::{Entry, Report, Snapshot};
use osv_schema::{Record, Timestamp};

use crate::streams::{StreamKey, content_of, modified_of, streams};
use crate::{Delivery, content_sha256};

/// Gives deliveries the date of the statement that stands, where they say the same and have no newer one of their own; and where their stream
/// was taken back later than they were made, they are said now.
pub fn date_again(base: &Snapshot, source: &str, is_dated: bool, deliveries: &mut [Delivery], now: Timestamp) {
    let entries: Vec<&Entry> = base.reports().map(|(_, entry)| entry).collect();
    let standing = base.map_each(&entries, |entry, bytes| {
        let record = bytes.ok().and_then(|bytes| Report::read(&entry.path, bytes).record);
        record.map(|record| standing(&record, source)).unwrap_or_default()
    });
    let standing: BTreeMap<String, Last> = standing.flatten().collect();
    for delivery in deliveries.iter_mut().filter(|delivery| delivery.source == source) {
        let Some(last) = delivery.own_id().and_then(|id| standing.get(id)) else { continue };
        let is_newer = delivery.record.modified_at() > Some(last.modified);
        let is_same = last.content == content_sha256(&delivery.record);
        if is_same && !(is_dated && is_newer) {
            delivery.record.modified = last.modified.to_string().into();
        } else if !is_same && !is_newer && last.is_withdrawn && !delivery.record.is_withdrawn() {
            delivery.record.modified = now.whole_seconds().to_string().into();
        }
    }
}

/// What a stream said last.
struct Last {
    content: String,
    modified: Timestamp,
    is_withdrawn: bool,
}

/// What the streams of a source say last in a report, by id.
fn standing(record: &Record, source: &str) -> Vec<(String, Last)> {
    let origins = record.origins();
    let mut found = Vec::new();
    for (key, stream) in streams(&origins) {
        let StreamKey::Id(of, id) = key else { continue };
        let [only] = stream.current() else { continue };
        if let Some(modified) = modified_of(only).filter(|_| of == source) {
            // As it is written where a source names something no more; what a source takes back itself stays taken back.
            let is_withdrawn = only.withdrawn.value().is_some() && only.withdrawn == only.modified_time;
            found.push((id, Last { content: content_of(only).to_owned(), modified, is_withdrawn }));
        }
    }
    found
}
