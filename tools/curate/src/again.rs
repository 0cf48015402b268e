//! Sources that send all they have: what such a source says again it has said before, and nothing of it is news; what it
//! says again after it was taken back, because it had said it no more, is.

use std::collections::{BTreeMap, BTreeSet};

use database::{Entry, Report, Snapshot};
use osv_schema::{Record, Timestamp};

use crate::streams::{StreamKey, content_of, modified_of, streams};
use crate::{Delivery, IngestError, Streams, content_sha256};

/// Gives the deliveries of a source the date of the statement that stands, where they say the same and have no newer one of
/// their own (without `is_dated` they have none); and where their stream was taken back later than they were made, they are
/// said now. Only the reports are read that have their streams.
///
/// # Errors
///
/// Which reports have which streams is not known.
pub fn date_again(
    (base, streams): (&Snapshot, &dyn Streams),
    source: &str,
    is_dated: bool,
    deliveries: &mut [Delivery],
    now: Timestamp,
) -> Result<(), IngestError> {
    let own = || deliveries.iter().filter(|delivery| delivery.source == source).filter_map(Delivery::own_id);
    let mut paths = BTreeSet::new();
    for id in own().collect::<BTreeSet<_>>() {
        paths.extend(streams.holders(source, id).map_err(IngestError::Streams)?);
    }
    let entries: Vec<&Entry> = paths.iter().filter_map(|path| base.entry(path.as_str())).collect();
    let standing = base.map(&entries, |entry, bytes| {
        let record = bytes.ok().and_then(|bytes| Report::read(&entry.path, bytes).record);
        record.map(|record| standing(&record, source)).unwrap_or_default()
    });
    let standing: BTreeMap<String, Last> = standing.into_iter().flatten().collect();
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
    Ok(())
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
