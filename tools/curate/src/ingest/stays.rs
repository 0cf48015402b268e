//! Several reports on one package, until they are one: what a stream says goes to the one that has the stream already.

use std::collections::BTreeSet;

use osv_schema::Record;

use super::Batch;
use super::fault::Fault;
use super::found::Found;
use super::group::Group;
use crate::delivery::content_sha256;
use crate::streams::StreamKey;

/// Parts the deliveries on a package by the reports that their streams are in. What is new goes to the first one.
pub(super) fn part(batch: &Batch, groups: &mut Vec<Group>, found: &mut Vec<Result<Found, Fault>>) {
    for number in 0..groups.len() {
        let Ok(there) = &mut found[number] else { continue };
        let others = std::mem::take(&mut there.others);
        let first = there.report.as_ref().map(|(.., record)| streams_of(record)).unwrap_or_default();
        for other in others {
            let own: BTreeSet<StreamKey> = streams_of(&other.2).difference(&first).cloned().collect();
            let group = &mut groups[number];
            let stays = |at: &mut usize| {
                let delivery = &batch.deliveries[*at];
                let content = content_sha256(&delivery.record);
                // What is taken over is no stream.
                !delivery.taken_over
                    && own.contains(&StreamKey::with(delivery.source.clone(), delivery.own_id(), &content))
            };
            let theirs: Vec<usize> = group.deliveries.extract_if(.., stays).collect();
            if theirs.is_empty() {
                continue;
            }
            let without_id = group.without_id.clone();
            let parted = Group::new(group.package.clone(), group.folder.clone(), theirs);
            groups.push(Group { without_id, ..parted });
            found.push(Ok(Found { report: Some(other), ..Found::default() }));
        }
    }
    let mut is_left = groups.iter().map(|group| !group.deliveries.is_empty()).collect::<Vec<_>>().into_iter();
    found.retain(|_| is_left.next().unwrap_or(true));
    groups.retain(|group| !group.deliveries.is_empty());
}

/// The streams of which a report has deliveries itself.
pub(crate) fn streams_of(record: &Record) -> BTreeSet<StreamKey> {
    let origins = record.origins();
    origins.iter().filter(|origin| origin.moved_to.is_absent()).map(StreamKey::of).collect()
}
