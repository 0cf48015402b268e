//! Ranges as intervals: what a format that knows no events can say of them.

use std::cmp::Ordering;

use super::{Event, Order, Version};

/// A version where an interval begins or ends.
#[derive(Debug, Clone)]
pub struct Point<'a> {
    version: Version<'a>,
    /// The version as it is spelled.
    pub text: &'a str,
}

/// Where an interval ends.
#[derive(Debug, Clone)]
pub enum End<'a> {
    /// Before this version.
    Before(Point<'a>),
    /// With this version.
    At(Point<'a>),
    /// Nowhere.
    Open,
}

/// Versions that lie beside each other.
#[derive(Debug, Clone)]
pub struct Interval<'a> {
    /// The first one; none is before every version.
    pub from: Option<Point<'a>>,
    /// Where it ends.
    pub to: End<'a>,
}

impl<'a> Interval<'a> {
    /// The interval that holds one version alone; none where the text is no version.
    pub fn of_version(order: Order, text: &'a str) -> Option<Interval<'a>> {
        let point = Point { version: Version::parse(order, text).ok()?, text };
        Some(Interval { from: Some(point.clone()), to: End::At(point) })
    }

    /// The version that it holds alone.
    pub fn only_version(&self) -> Option<&'a str> {
        match (&self.from, &self.to) {
            (Some(from), End::At(to)) if from.version == to.version => Some(from.text),
            _ => None,
        }
    }

    /// Whether every version is in it.
    pub fn is_everything(&self) -> bool {
        self.from.is_none() && matches!(self.to, End::Open)
    }

    /// Whether a version is in it.
    pub fn holds(&self, version: &Version<'_>) -> bool {
        self.from.as_ref().is_none_or(|from| from.version <= *version)
            && match &self.to {
                End::Before(to) => *version < to.version,
                End::At(to) => *version <= to.version,
                End::Open => true,
            }
    }

    /// Whether there is no version between its end and a point.
    fn reaches(&self, point: Option<&Point<'_>>) -> bool {
        match (point, &self.to) {
            (None, _) | (_, End::Open) => true,
            (Some(point), End::Before(to) | End::At(to)) => point.version <= to.version,
        }
    }
}

/// The intervals that a range holds by its events, ascending and apart from each other; what holds a version is what
/// [`super::affects`] says of it. None where a value is no version, or where the range says nothing beyond a limit.
pub fn intervals<'a>(order: Order, events: &[Event<'a>]) -> Option<Vec<Interval<'a>>> {
    let mut turns = Vec::with_capacity(events.len());
    for event in events {
        // Of events at one version, as evaluation has them: what begins, what ends behind it, what ends with it.
        let (turn, text) = match *event {
            Event::Introduced("0") => {
                turns.push((None, 0, "0"));
                continue;
            }
            Event::Introduced(text) => (0, text),
            Event::LastAffected(text) => (1, text),
            Event::Fixed(text) => (2, text),
            Event::Limit("*") => continue,
            Event::Limit(_) => return None,
        };
        turns.push((Some(Version::parse(order, text).ok()?), turn, text));
    }
    turns.sort();
    let mut found = Vec::new();
    let mut open: Option<Option<Point<'a>>> = None;
    for at_one in turns.chunk_by(|a, b| a.0 == b.0) {
        let has = |wanted: i32| at_one.iter().any(|(_, turn, _)| *turn == wanted);
        let (begins, ends_behind, ends) = (has(0), has(1), has(2));
        let Some((at, _, text)) = at_one.first() else { continue };
        let point = at.clone().map(|version| Point { version, text });
        let (is_in, stays) = match (ends, begins) {
            (true, _) => (false, false),
            (false, true) => (true, !ends_behind),
            (false, false) => (open.is_some(), open.is_some() && !ends_behind),
        };
        let start = match open.take() {
            None if !is_in => continue,
            None => point.clone(),
            Some(start) => start,
        };
        match (is_in, stays, point) {
            (true, true, _) => open = Some(start),
            (true, false, Some(point)) => found.push(Interval { from: start, to: End::At(point) }),
            (false, _, Some(point)) => found.push(Interval { from: start, to: End::Before(point) }),
            // Before every version nothing ends.
            (_, _, None) => open = Some(start),
        }
    }
    if let Some(from) = open {
        found.push(Interval { from, to: End::Open });
    }
    Some(found)
}

/// Intervals of one order as those that they come to, ascending and apart from each other.
pub fn union(mut intervals: Vec<Interval<'_>>) -> Vec<Interval<'_>> {
    intervals.sort_by(|a, b| compare_starts(a, b).then_with(|| compare_ends(&a.to, &b.to)));
    let mut united: Vec<Interval<'_>> = Vec::with_capacity(intervals.len());
    for next in intervals {
        match united.last_mut() {
            Some(last) if last.reaches(next.from.as_ref()) => {
                if compare_ends(&last.to, &next.to) == Ordering::Less {
                    last.to = next.to;
                }
            }
            _ => united.push(next),
        }
    }
    united
}

fn compare_starts(a: &Interval<'_>, b: &Interval<'_>) -> Ordering {
    // None is before every version, as the order of options has it.
    a.from.as_ref().map(|from| &from.version).cmp(&b.from.as_ref().map(|from| &from.version))
}

fn compare_ends(a: &End<'_>, b: &End<'_>) -> Ordering {
    match (a, b) {
        (End::Open, End::Open) => Ordering::Equal,
        (End::Open, _) => Ordering::Greater,
        (_, End::Open) => Ordering::Less,
        (End::Before(a), End::Before(b)) | (End::At(a), End::At(b)) => a.version.cmp(&b.version),
        // The version itself is one more.
        (End::Before(a), End::At(b)) => a.version.cmp(&b.version).then(Ordering::Less),
        (End::At(a), End::Before(b)) => a.version.cmp(&b.version).then(Ordering::Greater),
    }
}
