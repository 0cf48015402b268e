//! Which versions an entry of `affected` means, said so that every client reads the same.

use std::collections::BTreeSet;

use database::verdict::{events, kind};
use ecosystem::Ecosystem;
use ecosystem::version::{Order, RangeKind, RangeView, affects};
use osv_schema::{Affected, Member, Range};

/// Ecosystems that have an order which osv-scalibr does not know: it ends at a range in them.
const UNKNOWN_TO_SCANNERS: [&str; 3] = ["Azure Linux", "Echo", "Photon OS"];

/// Puts each entry in such a form that it means one thing: these versions, or these ranges.
pub(crate) fn settle(affected: &mut Vec<Affected>) {
    // Few need it, and a list that stays costs nothing.
    if affected.iter().any(is_unsettled) {
        *affected = std::mem::take(affected).into_iter().flat_map(settled).collect();
    }
}

fn is_unsettled(affected: &Affected) -> bool {
    !affected.versions.items().is_empty()
        && (ranges_of_versions(affected).any(is_open)
            || (lacks_order(affected) && ranges_of_versions(affected).next().is_some()))
}

fn settled(mut affected: Affected) -> Vec<Affected> {
    if !is_unsettled(&affected) {
        return vec![affected];
    }
    if lacks_order(&affected) {
        retain_ranges(&mut affected, |range| !is_of_versions(range));
        return vec![affected];
    }
    let all = std::mem::take(affected.versions.or_default());
    affected.versions = Member::Absent;
    let beyond: Vec<String> = all.into_iter().filter(|version| !is_in_ranges(&affected, version)).collect();
    if beyond.is_empty() {
        return vec![affected];
    }
    let listed = Affected { versions: Member::Value(beyond), ranges: Member::Absent, ..affected.clone() };
    vec![listed, affected]
}

/// Whether there is a range of versions that clients cannot order, and no list in its place: some of them end with a panic at
/// it, for whatever else they were to look at.
pub(crate) fn has_range_without_order(affected: &[Affected]) -> bool {
    affected.iter().any(|affected| lacks_order(affected) && ranges_of_versions(affected).next().is_some())
}

/// Puts the versions that were seen in the place of ranges of versions that clients cannot order.
pub(crate) fn enumerate<'a>(affected: impl Iterator<Item = &'a mut Affected>, seen: &BTreeSet<String>) {
    for affected in affected.filter(|affected| lacks_order(affected) && affected.versions.items().is_empty()) {
        if !seen.is_empty() && ranges_of_versions(affected).next().is_some() {
            affected.versions = Member::Value(seen.iter().cloned().collect());
            retain_ranges(affected, |range| !is_of_versions(range));
        }
    }
}

/// A range that nothing ends: clients that look at listed versions alone, and those that look at both, read it in two ways.
fn is_open(range: &Range) -> bool {
    let ends = |(name, value): (&str, &str)| name != "introduced" && value != "*";
    !range.events.items().iter().flat_map(osv_schema::Event::entries).any(ends)
}

fn is_in_ranges(affected: &Affected, version: &str) -> bool {
    let order = ecosystem(affected).and_then(|ecosystem| Order::of(ecosystem.base()));
    let events: Vec<_> = affected.ranges.items().iter().map(events).collect();
    let views = affected.ranges.items().iter().zip(&events);
    let views: Vec<RangeView<'_>> =
        views.filter_map(|(range, events)| Some(RangeView { kind: kind(range)?, events })).collect();
    affects::<&str>(order, version, &[], &views).is_affected()
}

fn lacks_order(affected: &Affected) -> bool {
    ecosystem(affected).is_some_and(|ecosystem| {
        let has_order = Order::of(ecosystem.base()).is_some() && !UNKNOWN_TO_SCANNERS.contains(&ecosystem.base());
        !has_order && !ecosystem.is_git()
    })
}

fn ecosystem(affected: &Affected) -> Option<Ecosystem> {
    Ecosystem::parse(affected.package.value()?.ecosystem.as_str()?).ok()
}

fn ranges_of_versions(affected: &Affected) -> impl Iterator<Item = &Range> {
    affected.ranges.items().iter().filter(|range| is_of_versions(range))
}

fn is_of_versions(range: &Range) -> bool {
    matches!(kind(range), Some(RangeKind::SemVer | RangeKind::Ecosystem))
}

fn retain_ranges(affected: &mut Affected, is_wanted: impl FnMut(&Range) -> bool) {
    if let Some(ranges) = affected.ranges.value_mut() {
        ranges.retain(is_wanted);
        if ranges.is_empty() {
            affected.ranges = Member::Absent;
        }
    }
}
