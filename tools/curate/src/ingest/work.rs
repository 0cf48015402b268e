//! The deliveries on one package, joined.

use std::collections::BTreeSet;

use database::{Base, Change, ChangeKind, ChangeSet, InvalidPath, Place, Rejected, Skipped, TreePath};
use osv_schema::{Pointer, Record, Timestamp, write};

use super::fault::{Fault, fault_in_details, fault_in_ids, fault_in_path};
use super::found::Found;
use super::group::Group;
use super::{Batch, Ingested};
use crate::delivery::content_sha256;
use crate::ids::{Ids, IdsError};
use crate::join::{self, Joining};
use crate::{Delivery, aside, place, remembered};

/// The deliveries on one package, and what they are joined to.
pub(super) struct Work<'g> {
    pub(super) group: &'g Group,
    pub(super) joining: Joining,
    /// Where the report lies now; none of one that is new.
    pub(super) path: Option<TreePath>,
    /// The new report's id; none where it exists, or where nothing on the package was ever live.
    pub(super) id: Option<String>,
    /// What is not kept aside any more.
    pub(super) remembered: Option<TreePath>,
    /// What it knows of the deliveries already, by source and hash.
    pub(super) known: BTreeSet<(String, String)>,
}

impl Group {
    pub(super) fn start(
        &self,
        found: Found,
        batch: &Batch,
        named: &BTreeSet<&str>,
        ids: &mut Ids,
        now: Timestamp,
    ) -> Result<Work<'_>, Fault> {
        let wrong = |error: database::InvalidDetails| fault_in_details(&error.to_string());
        let remembered = found.remembered;
        if let Some((path, package, record)) = found.report {
            let mut joining = Joining::found(package, record).map_err(wrong)?;
            // A report and what is kept aside meet where two branches met.
            let gone = aside::unite(&mut joining, remembered)?;
            let known = known_to(&joining.record);
            return Ok(Work { group: self, joining, path: Some(path), id: None, remembered: gone, known });
        }
        let deliveries = || self.deliveries.iter().map(|&at| &batch.deliveries[at]);
        // What is taken over is a report, also where it is taken back.
        let is_live = deliveries().any(|delivery| delivery.taken_over || !delivery.record.is_withdrawn());
        let kept = self.deliveries.iter().filter(|at| !self.without_id.contains(at)).map(|&at| &batch.deliveries[at]);
        let kept = kept.filter(|delivery| delivery.keeps_id).filter_map(Delivery::own_id).min();
        let first = deliveries().next().map(|delivery| &delivery.record);
        if let (false, Some((path, record))) = (is_live, &remembered) {
            let known = known_to(record);
            let joining = Joining::found(self.package.clone(), record.clone()).map_err(wrong)?;
            return Ok(Work { group: self, joining, path: None, id: None, remembered: Some(path.clone()), known });
        }
        let mut record = join::empty(&self.package, first);
        let mut id = None;
        if let Some(own) = kept.filter(|_| is_live) {
            Place { base: Base::Malicious, folder: &self.folder, stem: own }.path().map_err(fault_in_path)?;
            record.id = own.into();
            id = Some(own.to_owned());
        } else if is_live {
            let claimed = deliveries().map(|delivery| delivery.record.published_at().unwrap_or(now).min(now));
            let before = remembered.as_ref().and_then(|(_, record)| record.published_at());
            let year = claimed.chain(before).min().unwrap_or(now).year();
            let no_number = |error: IdsError| fault_in_ids(&error);
            let mut next = ids.next(year).map_err(no_number)?;
            while named.contains(next.as_str()) {
                ids.pass_over(year).map_err(no_number)?;
                next = ids.next(year).map_err(no_number)?;
            }
            // The number is kept only when the report can be: a refused delivery uses none up.
            Place { base: Base::Malicious, folder: &self.folder, stem: &next }.path().map_err(fault_in_path)?;
            ids.give(year, &self.folder).map_err(no_number)?;
            record.id = next.as_str().into();
            id = Some(next);
        }
        let mut joining = Joining::new(self.package.clone(), record);
        let gone = aside::unite(&mut joining, remembered)?;
        let known = known_to(&joining.record);
        Ok(Work { group: self, joining, path: None, id, remembered: gone, known })
    }
}

/// The deliveries that a report knows, by source and hash of the bytes or of the content.
fn known_to(record: &Record) -> BTreeSet<(String, String)> {
    let hashes = |origin: osv_schema::Origin| {
        let source = origin.source.as_str().unwrap_or_default().to_owned();
        let hashes = [origin.sha256, origin.content_sha256].map(|hash| hash.value().cloned());
        hashes.into_iter().flatten().map(move |hash| (source.clone(), hash)).collect::<Vec<_>>()
    };
    record.origins().into_iter().filter(|origin| origin.moved_to.is_absent()).flat_map(hashes).collect()
}

/// What one group came to.
pub(super) struct Done {
    pub(super) fates: Vec<(usize, Ingested)>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) edits: Vec<Edited>,
}

/// A file as it is to be.
pub(super) enum Edited {
    Report(Change, Vec<u8>),
    File(TreePath, Vec<u8>),
    Gone(TreePath),
}

impl Edited {
    pub(super) fn put(self, changes: &mut ChangeSet) {
        match self {
            Edited::Report(change, bytes) => changes.put_report(change, bytes),
            Edited::File(path, bytes) => changes.put_file(path, bytes),
            Edited::Gone(path) => changes.remove_file(path),
        }
    }
}

impl Work<'_> {
    pub(super) fn finish(mut self, batch: &Batch, now: Timestamp) -> Result<Done, Vec<Rejected>> {
        let rejected =
            |fault: &Fault| self.group.deliveries.iter().map(|&at| fault.of(&batch.deliveries[at])).collect::<Vec<_>>();
        let wrong = |error: database::InvalidDetails| rejected(&fault_in_details(&error.to_string()));
        let mut news: Vec<(usize, bool)> = Vec::new();
        let deliveries = || self.group.deliveries.iter().map(|&at| &batch.deliveries[at]);
        let is_one_of_several = deliveries().filter(|delivery| delivery.taken_over).count() > 1;
        for &at in &self.group.deliveries {
            let delivery = &batch.deliveries[at];
            let content = content_sha256(&delivery.record);
            let name = |hash: &str| (delivery.source.clone(), hash.to_owned());
            let is_known = self.known.contains(&name(&delivery.sha256)) || self.known.contains(&name(&content));
            if delivery.taken_over {
                self.joining.take_over(delivery, &content, is_one_of_several).map_err(wrong)?;
            } else {
                let is_alias = !batch.drops_ids_of.contains(&delivery.source) && !self.group.without_id.contains(&at);
                self.joining.take(delivery, &content, is_alias, now);
            }
            self.known.extend([name(&delivery.sha256), name(&content)]);
            news.push((at, !is_known));
        }
        let package = self.joining.package.to_string();
        let (before, ecosystem) = (self.joining.affected_before(), self.joining.package.ecosystem().base().to_owned());
        let finished = self.joining.finish(now).map_err(wrong)?;
        let mut edits = Vec::new();
        let Some(record) = finished else {
            let path = self.path.clone();
            let fate = |at: usize| (at, path.clone().map_or(Ingested::Skipped, Ingested::Unchanged));
            return Ok(Done { fates: news.into_iter().map(|(at, _)| fate(at)).collect(), skipped: Vec::new(), edits });
        };
        let bytes = write::canonical(&record).into_bytes();
        // Nothing on the package was ever live: what is known is kept aside.
        if self.path.is_none() && self.id.is_none() {
            if remembered::is_in_the_way(&self.group.folder) {
                return Err(rejected(&Fault {
                    rule: "path-mismatch",
                    pointer: Pointer::from("/affected/0/package/name"),
                    message: "what was taken back from the start cannot be kept for a package of this name".to_owned(),
                    remedy: "nothing needs to be done: no report says that it is malicious".to_owned(),
                }));
            }
            let path: TreePath = remembered::path(&self.group.package, &self.group.folder)
                .parse()
                .map_err(|e: InvalidPath| rejected(&fault_in_path(e)))?;
            edits.extend(self.remembered.filter(|old| *old != path).map(Edited::Gone));
            edits.push(Edited::File(path, bytes));
            let skipped = self.group.deliveries.iter().map(|&at| Skipped {
                source: batch.deliveries[at].source.clone(),
                delivery: batch.deliveries[at].name.clone(),
                reason: "its source took it back before there was a report on the package; it is remembered".to_owned(),
            });
            let fates = news.iter().map(|&(at, _)| (at, Ingested::Skipped)).collect();
            return Ok(Done { fates, skipped: skipped.collect(), edits });
        }
        let part = if record.is_withdrawn() { Base::Withdrawn } else { Base::Malicious };
        let old = self.path.as_ref().and_then(Place::of);
        let folder = old.map_or(self.group.folder.as_str(), |place| place.folder);
        let stem = self.id.as_deref().or(old.map(|place| place.stem)).unwrap_or_default();
        let path = Place { base: part, folder, stem }.path().map_err(|error| rejected(&fault_in_path(error)))?;
        let kind = self
            .path
            .as_ref()
            .map_or(ChangeKind::Create, |was| place::kind_of_statements(was, &record, before.as_ref(), &ecosystem));
        let id = record.id.as_str().unwrap_or(stem).to_owned();
        edits.extend(self.remembered.map(Edited::Gone));
        edits.extend(self.path.clone().filter(|old| *old != path).map(Edited::Gone));
        edits.push(Edited::Report(Change { path: path.clone(), kind, id, package }, bytes));
        let mut is_made = kind != ChangeKind::Create;
        // Nobody said anything new, and it means something else than before: what was known counts again.
        let is_other = kind == ChangeKind::Withdraw || record.affected.items().first() != before.as_ref();
        let counts_again = is_other && news.iter().all(|(_, is_new)| !is_new);
        let fates = news.into_iter().map(|(at, is_new)| {
            let is_withdrawn = batch.deliveries[at].record.is_withdrawn();
            let fate = match (is_new, is_withdrawn) {
                (false, false) if counts_again || kind == ChangeKind::Reinstate => Ingested::Joined(path.clone()),
                (false, true) if counts_again => Ingested::Withdrawn(path.clone()),
                (false, _) => Ingested::Unchanged(path.clone()),
                (true, true) => Ingested::Withdrawn(path.clone()),
                (true, false) if is_made => Ingested::Joined(path.clone()),
                (true, false) => {
                    is_made = true;
                    Ingested::Created(path.clone())
                }
            };
            (at, fate)
        });
        Ok(Done { fates: fates.collect(), skipped: Vec::new(), edits })
    }
}
