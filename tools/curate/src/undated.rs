//! Sources that send lists without dates: what such a list says again it has said before, and nothing of it is news.

use std::collections::BTreeMap;

use database::{Entry, Report, Snapshot};
use osv_schema::Record;

use crate::streams::{StreamKey, content_of, modified_of, streams};
use crate::{Delivery, content_sha256};

/// Gives deliveries that have no date of their own the date of the statement that stands, where they say the same.
pub fn date_again(base: &Snapshot, source: &str, deliveries: &mut [Delivery]) {
    let entries: Vec<&Entry> = base.reports().map(|(_, entry)| entry).collect();
    let standing = base.map_each(&entries, |entry, bytes| {
        let record = bytes.ok().and_then(|bytes| Report::read(&entry.path, bytes).record);
        record.map(|record| standing(&record, source)).unwrap_or_default()
    });
    let standing: BTreeMap<(String, String), String> = standing.flatten().collect();
    for delivery in deliveries.iter_mut().filter(|delivery| delivery.source == source) {
        let content = content_sha256(&delivery.record);
        let id = delivery.own_id().unwrap_or_default().to_owned();
        if let Some(modified) = standing.get(&(id, content)) {
            delivery.record.modified = modified.as_str().into();
        }
    }
}

/// What the streams of a source say last in a report: by id and content, since when.
fn standing(record: &Record, source: &str) -> Vec<((String, String), String)> {
    let origins = record.origins();
    let mut found = Vec::new();
    for (key, stream) in streams(&origins) {
        let StreamKey::Id(of, id) = key else { continue };
        let [only] = stream.current() else { continue };
        if of == source && modified_of(only).is_some() {
            let modified = only.modified_time.as_str().unwrap_or_default().to_owned();
            found.push(((id, content_of(only).to_owned()), modified));
        }
    }
    found
}
