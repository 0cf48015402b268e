//! Deliveries that come with an id of ours: it is that of one report, and whoever else claims it is rejected alone.

use std::collections::{BTreeSet, HashMap};

use database::{Entry, Place, Plan, Report, ReportId, Snapshot, TreePath};
use osv_schema::{Origin, Pointer};

use super::Batch;
use super::fault::Fault;
use super::found::old_folders;
use super::group::{Group, age};
use crate::Delivery;
use crate::ids::Ids;
use crate::moved::Streams;

/// Rejects the deliveries that claim the id of a report on another package, or one that an older statement claims for another
/// package, and notes the ids that stay. By one that is an alias of a report on another package people find that one: who
/// brings it leaves it there.
pub(super) fn settle_claims(
    (base, streams): (&Snapshot, &dyn Streams),
    batch: &Batch,
    groups: &mut Vec<Group>,
    ids: &mut Ids,
    plan: &mut Plan,
) -> Result<(), String> {
    let is_ours = |id: &str| ReportId::parse(id).is_some_and(|id| id.prefix == batch.numbering.prefix && id.year > 0);
    let claim = |at: usize| {
        let delivery = &batch.deliveries[at];
        // An id that is dropped claims nothing.
        let is_dropped = batch.drops_ids_of.contains(&delivery.source);
        delivery.own_id().filter(|id| delivery.keeps_id || !is_dropped && is_ours(id))
    };
    let mut claimed: BTreeSet<&str> = BTreeSet::new();
    // By id that is to stay the oldest statement that claims it, with the number of its group.
    let mut oldest = HashMap::new();
    for (number, group) in groups.iter().enumerate() {
        for (at, id) in group.deliveries.iter().filter_map(|&at| Some((at, claim(at)?))) {
            claimed.insert(id);
            if batch.deliveries[at].keeps_id {
                let claimant = (age(&batch.deliveries[at]), number, at);
                let first = oldest.entry(id).or_insert_with(|| claimant.clone());
                *first = claimant.min(first.clone());
            }
        }
    }
    if claimed.is_empty() {
        return Ok(());
    }
    let mut holders: HashMap<&str, Vec<(&str, &Entry)>> = HashMap::new();
    for (place, entry) in base.reports().filter(|(place, _)| claimed.contains(place.stem)) {
        let Place { stem, folder, .. } = place;
        holders.entry(stem).or_default().push((folder, entry));
    }
    // What is taken over has the ids that the world knows.
    let mut aliases: HashMap<&str, BTreeSet<TreePath>> = HashMap::new();
    for (id, (.., first)) in &oldest {
        if !holders.contains_key(id) && !batch.deliveries[*first].taken_over {
            aliases.insert(id, streams.named(id)?);
        }
    }
    // A stream that goes on to another package leaves its id behind.
    let comes_from = |delivery: &Delivery, entry: &Entry| {
        let read = base.read(entry).ok().and_then(|bytes| Report::read(&entry.path, &bytes).record);
        let is_stream = |origin: &Origin| {
            origin.source.as_str() == Some(&delivery.source) && origin.id.as_str() == delivery.own_id()
        };
        !delivery.taken_over && read.is_some_and(|record| record.origins().iter().any(is_stream))
    };
    let packages: Vec<String> = groups.iter().map(|group| group.package.to_string()).collect();
    for (number, group) in groups.iter_mut().enumerate() {
        let folders: Vec<String> =
            std::iter::once(group.folder.clone()).chain(old_folders(&group.package, &group.folder)).collect();
        let folder = group.folder.clone();
        let without_id = &mut group.without_id;
        group.deliveries.retain(|&at| {
            let Some(id) = claim(at) else { return true };
            let delivery = &batch.deliveries[at];
            let keeps = delivery.keeps_id;
            let elsewhere = oldest.get(id).filter(|(_, first, _)| keeps && *first != number);
            let holders = holders.get(id).map(Vec::as_slice).unwrap_or_default();
            let moves = match elsewhere {
                Some((.., first)) => batch.deliveries[*first].source == delivery.source && !delivery.taken_over,
                None => holders.iter().any(|(_, entry)| comes_from(delivery, entry)),
            };
            let is_here = holders.iter().any(|(holder, _)| folders.iter().any(|folder| folder == holder));
            let named = aliases.get(id).into_iter().flatten().filter_map(Place::of);
            let is_alias = keeps && named.into_iter().any(|place| folders.iter().all(|folder| folder != place.folder));
            let message = match elsewhere {
                None if is_here => return true,
                _ if moves || is_alias => {
                    without_id.insert(at);
                    return true;
                }
                Some((_, first, _)) => format!("an older statement claims the id for {}", packages[*first]),
                None if !holders.is_empty() => {
                    let folders: Vec<&str> = holders.iter().map(|(folder, _)| *folder).collect();
                    format!("the id is that of the report in {}", folders.join(" and "))
                }
                None if !keeps || ids.keep(id, &folder) => return true,
                None => "the id has a number far above all that were given".to_owned(),
            };
            plan.rejected.push(fault(message).of(delivery));
            false
        });
    }
    groups.retain(|group| !group.deliveries.is_empty());
    Ok(())
}

fn fault(message: String) -> Fault {
    let remedy = "send it under an id of its own, or say own-ids = \"drop\" for its source".into();
    Fault { rule: "duplicate-id", pointer: Pointer::from("/id"), message, remedy }
}
