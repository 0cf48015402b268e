//! Deliveries that come with an id of ours: it is that of one report, and whoever else claims it is rejected alone.

use std::collections::{BTreeSet, HashMap};

use database::{Place, Plan, ReportId, Snapshot};
use osv_schema::Pointer;

use super::Batch;
use super::fault::Fault;
use super::found::old_folders;
use super::group::Group;
use crate::Delivery;
use crate::ids::Ids;

/// Rejects the deliveries that claim the id of a report on another package, and notes the ids that stay.
pub(super) fn settle_claims(base: &Snapshot, batch: &Batch, groups: &mut Vec<Group>, ids: &mut Ids, plan: &mut Plan) {
    let is_ours = |id: &&str| ReportId::parse(id).is_some_and(|id| id.prefix == batch.numbering.prefix && id.year > 0);
    // An id that is dropped claims nothing.
    let claim = |at: usize| {
        let claims = |one: &&Delivery| one.keeps_id || !batch.drops_ids_of.contains(&one.source);
        Some(&batch.deliveries[at]).filter(claims).and_then(Delivery::own_id).filter(is_ours)
    };
    let claimed: BTreeSet<&str> =
        groups.iter().flat_map(|group| &group.deliveries).filter_map(|&at| claim(at)).collect();
    if claimed.is_empty() {
        return;
    }
    let mut holders: HashMap<&str, Vec<&str>> = HashMap::new();
    for (place, _) in base.reports().filter(|(place, _)| claimed.contains(place.stem)) {
        let Place { stem, folder, .. } = place;
        holders.entry(stem).or_default().push(folder);
    }
    for group in groups.iter_mut() {
        let folders: Vec<String> =
            std::iter::once(group.folder.clone()).chain(old_folders(&group.package, &group.folder)).collect();
        let folder = group.folder.clone();
        group.deliveries.retain(|&at| {
            let Some(id) = claim(at) else { return true };
            let fault = match holders.get(id).map(Vec::as_slice).unwrap_or_default() {
                [] if !batch.deliveries[at].keeps_id || ids.keep(id, &folder) => return true,
                [] => fault("the id has a number far above all that were given".to_owned()),
                holders if holders.iter().any(|holder| folders.iter().any(|folder| folder == holder)) => return true,
                holders => fault(format!("the id is that of the report in {}", holders.join(" and "))),
            };
            plan.rejected.push(fault.of(&batch.deliveries[at]));
            false
        });
    }
    groups.retain(|group| !group.deliveries.is_empty());
}

fn fault(message: String) -> Fault {
    let remedy = "send it under an id of its own, or say own-ids = \"drop\" for its source".into();
    Fault { rule: "duplicate-id", pointer: Pointer::from("/id"), message, remedy }
}
