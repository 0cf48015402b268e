//! The reports that a run changes though no delivery is on their packages: streams went on from there, or came from there.

use std::collections::{BTreeMap, BTreeSet};

use database::{Entry, Place, Snapshot, TreePath};
use osv_schema::{Origin, Record, Timestamp};

use super::Batch;
use super::fault::Fault;
use super::found::{Found, open};
use super::group::Group;
use crate::delivery::content_sha256;
use crate::moved::{self, Streams, WentOn};
use crate::{leads_to, remembered};

/// What streams said of other packages than those that they speak of now.
#[derive(Default)]
pub(super) struct Elsewhere {
    /// The reports that get no delivery, and learn of one all the same.
    pub(super) groups: Vec<Group>,
    pub(super) found: Vec<Result<Found, Fault>>,
    /// By the number of the group, those above behind the others.
    pub(super) marks: BTreeMap<usize, Vec<Origin>>,
}

/// Looks for the reports that have streams of this run and are on other packages.
pub(super) fn elsewhere(
    base: &Snapshot,
    batch: &Batch,
    streams: &dyn Streams,
    groups: &[Group],
    found: &[Result<Found, Fault>],
    now: Timestamp,
) -> Result<Elsewhere, String> {
    let mut by_stream: BTreeMap<moved::Name, BTreeSet<usize>> = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        // What is taken over is no stream.
        for delivery in group.deliveries.iter().map(|&at| &batch.deliveries[at]).filter(|one| !one.taken_over) {
            if let Some(id) = delivery.own_id() {
                by_stream.entry((delivery.source.clone(), id.to_owned())).or_default().insert(number);
            }
        }
    }
    let mut went_on: BTreeMap<moved::Name, Vec<&WentOn>> = BTreeMap::new();
    for one in batch.went_on.iter() {
        by_stream.entry(one.name()).or_default();
        went_on.entry(one.name()).or_default().push(one);
    }
    // What the package of a group has: its report, and what is kept aside.
    let own_paths = |number: usize| {
        let found = found[number].as_ref().ok();
        let report = found.and_then(|found| Some(&found.report.as_ref()?.0));
        report.into_iter().chain(found.and_then(|found| Some(&found.remembered.as_ref()?.0)))
    };
    let mut aside = remembered::holders(base, |name| by_stream.contains_key(name));
    let mut paths: BTreeMap<moved::Name, BTreeSet<TreePath>> = BTreeMap::new();
    for (name, numbers) in &by_stream {
        let mut holders = streams.holders(&name.0, &name.1)?;
        holders.append(&mut aside.remove(name).unwrap_or_default());
        let own: BTreeSet<&TreePath> = numbers.iter().flat_map(|&number| own_paths(number)).collect();
        holders.retain(|path| !own.contains(path));
        let of_others = numbers.len() + went_on.get(name).map_or(0, Vec::len);
        if !holders.is_empty() || of_others > 1 {
            paths.insert(name.clone(), holders);
        }
    }
    if paths.is_empty() {
        return Ok(Elsewhere::default());
    }
    let wanted: BTreeSet<&TreePath> = paths.values().flatten().collect();
    let entries: Vec<&Entry> = wanted.iter().filter_map(|path| base.entry(path.as_str())).collect();
    let read = base.map(&entries, |entry, bytes| open(entry, bytes.map_err(|error| error.reason)));
    let mut elsewhere = Elsewhere::default();
    let mut number_of: BTreeMap<&TreePath, usize> =
        (0..groups.len()).flat_map(|number| own_paths(number).map(move |path| (path, number))).collect();
    for (entry, read) in entries.iter().zip(read) {
        // One that cannot be read cannot be told either; `validate` says what is wrong with it.
        let Ok((package, record)) = read else { continue };
        let place = Place::of(&entry.path);
        let folder = place.as_ref().map(|place| place.folder).or_else(|| remembered::folder(&entry.path));
        let Some(folder) = folder.map(str::to_owned) else { continue };
        // What leads to another report speaks for itself no more.
        if number_of.contains_key(&entry.path) || leads_to(&record).is_some() {
            continue;
        }
        number_of.insert(&entry.path, groups.len() + elsewhere.groups.len());
        elsewhere.groups.push(Group::new(package.clone(), folder, Vec::new()));
        elsewhere.found.push(Ok(match place {
            Some(_) => Found { report: Some((entry.path.clone(), package, record)), ..Found::default() },
            None => Found { remembered: Some((entry.path.clone(), record)), ..Found::default() },
        }));
    }
    let mut holders: BTreeMap<moved::Name, Vec<moved::Holder>> = BTreeMap::new();
    for (name, paths) in &paths {
        let at_paths = paths.iter().filter_map(|path| number_of.get(path).copied());
        let numbers: BTreeSet<usize> = by_stream[name].iter().copied().chain(at_paths).collect();
        for number in numbers {
            let (group, there) = match number.checked_sub(groups.len()) {
                Some(number) => (&elsewhere.groups[number], &elsewhere.found[number]),
                None => (&groups[number], &found[number]),
            };
            let Ok(there) = there else { continue };
            let record = there.report.as_ref().map(|(_, _, record)| record);
            let record = record.or(there.remembered.as_ref().map(|(_, record)| record));
            let mut origins = record.map(|record| moved::own(&record.origins(), name)).unwrap_or_default();
            let sent = group.deliveries.iter().map(|&at| &batch.deliveries[at]);
            let of_stream = sent.filter(|delivery| delivery.source == name.0 && delivery.own_id() == Some(&name.1));
            origins.extend(of_stream.map(|delivery| {
                delivery.origin(&Record::default(), &group.package, &content_sha256(&delivery.record), now)
            }));
            holders.entry(name.clone()).or_default().push(moved::Holder {
                work: Some(number),
                package: moved::package(&group.package),
                origins,
            });
        }
    }
    for (name, holders) in &mut holders {
        let left_out = went_on.get(name).into_iter().flatten();
        let left_out: Vec<moved::Holder> = left_out.filter_map(|one| one.holder(holders, now)).collect();
        holders.extend(left_out);
    }
    elsewhere.marks = moved::marks(holders);
    Ok(elsewhere)
}
