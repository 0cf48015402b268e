//! Ranges united: where the ecosystem has an order, intervals that meet become one.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use ecosystem::version::{Order, Version};
use osv_schema::{Affected, Event, Member, Range};

use crate::unite::written;

/// Where an interval ends.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End<'r> {
    Fixed(Version<'r>, &'r str),
    Last(Version<'r>, &'r str),
    Open,
}

#[derive(Clone, Debug)]
struct Interval<'r> {
    /// None is before every version.
    start: Option<(Version<'r>, &'r str)>,
    end: End<'r>,
}

/// Whether a range says every version there is and will be.
pub(crate) fn is_everything(range: &Range) -> bool {
    matches!(range.kind.as_str(), Some("SEMVER" | "ECOSYSTEM"))
        && matches!(range.events.items(), [event] if event.introduced.as_str() == Some("0")
            && event.entries().count() == 1)
}

/// Whether something that was affected is not any more.
pub(crate) fn is_less(before: &Affected, after: &Affected, ecosystem: &str) -> bool {
    let ranges = after.ranges.items();
    if ranges.iter().any(is_everything) {
        return false;
    }
    if union(&[before.ranges.items(), ranges].concat(), ecosystem) != union(ranges, ecosystem) {
        return true;
    }
    let listed: BTreeSet<&String> = after.versions.items().iter().collect();
    before.versions.items().iter().any(|version| !listed.contains(version) && !is_in(version, ranges, ecosystem))
}

/// Whether a version lies in ranges, as far as the ecosystem has an order.
pub(crate) fn is_in(version: &str, ranges: &[Range], ecosystem: &str) -> bool {
    let alone = Range {
        kind: ranges.first().map_or(Member::Absent, |range| range.kind.clone()),
        events: Member::Value(vec![
            Event { introduced: version.into(), ..Event::default() },
            Event { last_affected: version.into(), ..Event::default() },
        ]),
        ..Range::default()
    };
    !ranges.is_empty() && union(&[ranges, &[alone]].concat(), ecosystem) == union(ranges, ecosystem)
}

/// The union of ranges, sorted. What has no order, or says more than an interval, stays as it is.
pub(crate) fn union(ranges: &[Range], ecosystem: &str) -> Vec<Range> {
    let distinct: BTreeMap<String, &Range> = ranges.iter().map(|range| (written(range), range)).collect();
    if let Some(all) = distinct.values().find(|range| is_everything(range)) {
        let git = distinct.values().filter(|range| range.kind.as_str() == Some("GIT")).map(|range| (*range).clone());
        return std::iter::once((*all).clone()).chain(git).collect();
    }
    let mut by_kind: BTreeMap<&str, Vec<(&Range, Vec<Interval<'_>>)>> = BTreeMap::new();
    let mut united: BTreeMap<String, Range> = BTreeMap::new();
    for (key, range) in &distinct {
        match intervals(range, ecosystem) {
            Some(intervals) => {
                by_kind.entry(range.kind.as_str().unwrap_or_default()).or_default().push((range, intervals))
            }
            None => drop(united.insert(key.clone(), (*range).clone())),
        }
    }
    for (kind, ranges) in by_kind {
        let ranges = match ranges.as_slice() {
            [(one, intervals)] if !is_mixed(intervals) => vec![(*one).clone()],
            _ => ranges_of(kind, joined(ranges.into_iter().flat_map(|(_, intervals)| intervals).collect())),
        };
        united.extend(ranges.into_iter().map(|range| (written(&range), range)));
    }
    let united: Vec<Range> = united.into_values().collect();
    // Joined intervals may come to everything.
    match united.iter().position(is_everything) {
        Some(at) if united.len() > 1 => union(&[vec![united[at].clone()], git_of(&united)].concat(), ecosystem),
        _ => united,
    }
}

fn git_of(ranges: &[Range]) -> Vec<Range> {
    ranges.iter().filter(|range| range.kind.as_str() == Some("GIT")).cloned().collect()
}

/// The intervals of a range; none where it cannot be told, or where the range says anything else.
fn intervals<'r>(range: &'r Range, ecosystem: &str) -> Option<Vec<Interval<'r>>> {
    let order = match range.kind.as_str()? {
        "SEMVER" => Order::SemVer,
        "ECOSYSTEM" => Order::of(ecosystem)?,
        _ => return None,
    };
    if !range.extra.is_empty() || !range.repo.is_absent() || !range.database_specific.is_absent() {
        return None;
    }
    let mut events = Vec::new();
    for event in range.events.items() {
        let mut entries = event.entries();
        let (name, text) = entries.next()?;
        if entries.next().is_some() || !event.extra.is_empty() || name == "limit" {
            return None;
        }
        let version = if text == "0" && name == "introduced" { None } else { Some(Version::parse(order, text).ok()?) };
        // At one version what ends comes before what begins, but for what ends behind it.
        let turn = match name {
            "fixed" => 0,
            "introduced" => 1,
            _ => 2,
        };
        events.push((version, turn, text));
    }
    events.sort();
    let mut found: Vec<Interval<'r>> = Vec::new();
    let mut open: Option<Option<(Version<'r>, &'r str)>> = None;
    for (version, turn, text) in events {
        match (turn, open.take()) {
            (1, None) => open = Some(version.map(|version| (version, text))),
            (1, was) => open = was,
            (_, None) => {}
            (0, Some(start)) => found.push(Interval { start, end: End::Fixed(version?, text) }),
            (_, Some(start)) => found.push(Interval { start, end: End::Last(version?, text) }),
        }
    }
    if let Some(start) = open {
        found.push(Interval { start, end: End::Open });
    }
    // What means nothing is kept as it stands.
    (!found.is_empty()).then_some(found)
}

/// Intervals that meet become one.
fn joined(mut intervals: Vec<Interval<'_>>) -> Vec<Interval<'_>> {
    intervals.sort_by(|a, b| a.start.cmp(&b.start).then_with(|| compare(&a.end, &b.end)));
    let mut joined: Vec<Interval<'_>> = Vec::new();
    for interval in intervals {
        let meets = joined.last().is_some_and(|last| match (&last.end, &interval.start) {
            (End::Open, _) | (_, None) => true,
            (End::Fixed(end, _) | End::Last(end, _), Some((start, _))) => start <= end,
        });
        match joined.last_mut().filter(|_| meets) {
            Some(last) if compare(&interval.end, &last.end) == Ordering::Greater => last.end = interval.end,
            Some(_) => {}
            None => joined.push(interval),
        }
    }
    joined
}

/// Which of two intervals of one start reaches further. Of two texts for one version the smaller one is taken.
fn compare(a: &End<'_>, b: &End<'_>) -> Ordering {
    let key = |end: &End<'_>| match end {
        End::Fixed(_, text) => (0, (*text).to_owned()),
        End::Last(_, text) => (1, (*text).to_owned()),
        End::Open => (2, String::new()),
    };
    match (a, b) {
        (End::Open, End::Open) => Ordering::Equal,
        (End::Open, _) => Ordering::Greater,
        (_, End::Open) => Ordering::Less,
        (End::Fixed(x, _) | End::Last(x, _), End::Fixed(y, _) | End::Last(y, _)) => x.cmp(y).then_with(|| {
            let (x, y) = (key(a), key(b));
            x.0.cmp(&y.0).then_with(|| y.1.cmp(&x.1))
        }),
    }
}

/// Whether some of these end before a version and others behind one, which the schema lets no range say.
fn is_mixed(intervals: &[Interval<'_>]) -> bool {
    let has = |is_such: fn(&End<'_>) -> bool| intervals.iter().any(|interval| is_such(&interval.end));
    has(|end| matches!(end, End::Fixed(..))) && has(|end| matches!(end, End::Last(..)))
}

/// Intervals as ranges: in one where the schema lets them stand so, else what ends behind a version in one of its own.
fn ranges_of(kind: &str, intervals: Vec<Interval<'_>>) -> Vec<Range> {
    if !is_mixed(&intervals) {
        return vec![range_of(kind, intervals)];
    }
    let (last, rest): (Vec<_>, Vec<_>) = intervals.into_iter().partition(|one| matches!(one.end, End::Last(..)));
    vec![range_of(kind, rest), range_of(kind, last)]
}

fn range_of(kind: &str, intervals: Vec<Interval<'_>>) -> Range {
    let mut events = Vec::with_capacity(intervals.len() * 2);
    for Interval { start, end } in intervals {
        let introduced = start.map_or("0", |(_, text)| text);
        events.push(Event { introduced: introduced.into(), ..Event::default() });
        match end {
            End::Fixed(_, text) => events.push(Event { fixed: text.into(), ..Event::default() }),
            End::Last(_, text) => events.push(Event { last_affected: text.into(), ..Event::default() }),
            End::Open => {}
        }
    }
    Range { kind: kind.into(), events: Member::Value(events), ..Range::default() }
}
