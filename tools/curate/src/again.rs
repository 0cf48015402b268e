//! Sources that send all they have: what such a source says again it has said before, and nothing of it is news; what it
//! says again after it was taken back, because it had said it no more, is.

use std::collections::{BTreeMap, BTreeSet};

use database::{Base, Entry, Place, Report, Snapshot, subject};
use osv_schema::{Origin, Record, Timestamp};

use crate::ingest::old_folders;
use crate::streams::{StreamKey, content_of, modified_of, streams};
use crate::{Delivery, IngestError, Streams, content_sha256};

/// Gives the deliveries of a source the date of the statement that stands, where they say the same and have no newer one of
/// their own (without `is_dated` they have none, and all that a run says of a stream it says at once: it is the same where
/// nothing of it is new or missing); and where their stream was taken back later than they were made, they are said now.
/// Where not all that the source sent of a stream could be read (`is_partial`, by its id), what is said stands beside what
/// was said last: what is missing may stand where nobody could read. Only the reports are read that have their streams.
///
/// # Errors
///
/// Which reports have which streams is not known.
pub fn date_again(
    (base, streams): (&Snapshot, &dyn Streams),
    source: &str,
    is_dated: bool,
    is_partial: &dyn Fn(Option<&str>) -> bool,
    deliveries: &mut [Delivery],
    now: Timestamp,
) -> Result<(), IngestError> {
    let own = || deliveries.iter().filter(|delivery| delivery.source == source).filter_map(Delivery::own_id);
    let mut paths = BTreeSet::new();
    for id in own().collect::<BTreeSet<_>>() {
        paths.extend(streams.holders(source, id).map_err(IngestError::Streams)?);
    }
    // Without an id it is told by what it says, and only its package tells where that may be known.
    let nameless = deliveries.iter().filter(|delivery| delivery.source == source && delivery.own_id().is_none());
    for package in nameless.filter_map(|delivery| subject(&delivery.record).ok()).map(|about| about.package) {
        let Ok(folder) = package.folder() else { continue };
        let folders = std::iter::once(folder.as_str().to_owned()).chain(old_folders(&package, folder.as_str()));
        for (folder, part) in folders.flat_map(|folder| Base::ALL.map(|part| (folder.clone(), part))) {
            let folder = format!("{}/{folder}", part.folder());
            let there = base.in_folder(&folder);
            paths.extend(there.map(|entry| entry.path.clone()).filter(|path| Place::of(path).is_some()));
        }
    }
    let entries: Vec<&Entry> = paths.iter().filter_map(|path| base.entry(path.as_str())).collect();
    let standing = base.map(&entries, |entry, bytes| {
        let record = bytes.ok().and_then(|bytes| Report::read(&entry.path, bytes).record);
        record.map(|record| standing(&record, source)).unwrap_or_default()
    });
    let standing: BTreeMap<StreamKey, Last> = standing.into_iter().flatten().collect();
    let key_of = |delivery: &Delivery, content: &str| StreamKey::with(source.to_owned(), delivery.own_id(), content);
    let mut own: Vec<(&mut Delivery, String)> = Vec::new();
    let mut said: BTreeMap<StreamKey, BTreeSet<String>> = BTreeMap::new();
    for delivery in deliveries.iter_mut().filter(|delivery| delivery.source == source) {
        let content = content_sha256(&delivery.record);
        said.entry(key_of(delivery, &content)).or_default().insert(content.clone());
        own.push((delivery, content));
    }
    for (delivery, content) in own {
        let key = key_of(delivery, &content);
        let Some(last) = standing.get(&key) else { continue };
        let is_newer = delivery.record.modified_at() > Some(last.modified);
        let is_same = if is_dated { last.contents.contains(&content) } else { said.get(&key) == Some(&last.contents) };
        let is_beside = !last.is_withdrawn && !delivery.record.is_withdrawn() && is_partial(delivery.own_id());
        if is_same && !(is_dated && is_newer) || is_beside {
            delivery.record.modified = last.modified.to_string().into();
        } else if !is_same && !is_newer && last.is_withdrawn && !delivery.record.is_withdrawn() {
            delivery.record.modified = now.whole_seconds().to_string().into();
        }
    }
    Ok(())
}

/// What a stream said last, all of it at one time.
struct Last {
    contents: BTreeSet<String>,
    modified: Timestamp,
    is_withdrawn: bool,
}

/// What the streams of a source say last in a report.
fn standing(record: &Record, source: &str) -> Vec<(StreamKey, Last)> {
    let origins = record.origins();
    let mut found = Vec::new();
    for (key, stream) in streams(&origins).into_iter().filter(|(key, _)| key.source() == source) {
        let current = stream.current();
        if let Some(modified) = current.first().and_then(|first| modified_of(first)) {
            // As it is written where a source names something no more; what a source takes back itself stays taken back.
            let is_withdrawn = |one: &&Origin| one.withdrawn.value().is_some() && one.withdrawn == one.modified_time;
            let is_withdrawn = current.iter().all(is_withdrawn);
            let contents = current.iter().map(|one| content_of(one).to_owned()).collect();
            found.push((key, Last { contents, modified, is_withdrawn }));
        }
    }
    found
}
