//! Ranges as intervals: they hold what evaluation says is affected.

use ecosystem::version::{End, Event, Interval, Order, RangeKind, RangeView, Version, affects, intervals, union};
use proptest::prelude::*;

/// Intervals as people write them.
fn written(intervals: &[Interval<'_>]) -> String {
    let one = |interval: &Interval<'_>| {
        let from = interval.from.as_ref().map_or("(".to_owned(), |from| format!("[{}", from.text));
        match &interval.to {
            End::Before(to) => format!("{from},{})", to.text),
            End::At(to) => format!("{from},{}]", to.text),
            End::Open => format!("{from},)"),
        }
    };
    intervals.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(events: &[Event<'_>], expected: &str) {
    let found = intervals(Order::SemVer, events).map(|found| written(&found));
    assert_eq!(found.as_deref(), Some(expected), "{events:?}");
}

#[test]
fn events_come_to_intervals() {
    use Event::{Fixed, Introduced, LastAffected, Limit};
    check(&[], "");
    check(&[Introduced("0")], "(,)");
    check(&[Introduced("0"), Limit("*")], "(,)");
    check(&[Introduced("1"), Fixed("2")], "[1,2)");
    check(&[Fixed("2"), Introduced("0")], "(,2)");
    check(&[Introduced("1"), LastAffected("1")], "[1,1]");
    check(&[Introduced("1"), LastAffected("2"), Introduced("3")], "[1,2] [3,)");
    check(&[Introduced("0"), Introduced("3"), Fixed("4")], "(,4)");
    check(&[Introduced("1"), Fixed("1")], "");
    check(&[Fixed("1")], "");
    assert!(intervals(Order::SemVer, &[Introduced("0"), Limit("2")]).is_none(), "a limit is no end");
    assert!(intervals(Order::SemVer, &[Introduced("no version")]).is_none());
}

#[test]
fn an_interval_of_one_version_is_known_as_such() {
    let one = Interval::of_version(Order::PyPi, "1.0").expect("a version");
    assert_eq!(one.only_version(), Some("1.0"));
    let spelled = intervals(Order::PyPi, &[Event::Introduced("1.0"), Event::LastAffected("1.0.0")]).expect("intervals");
    assert_eq!(spelled[0].only_version(), Some("1.0"));
    assert!(Interval::of_version(Order::SemVer, "one").is_none());
}

#[test]
fn intervals_that_meet_are_one() {
    let of = |events: &[Event<'static>]| intervals(Order::SemVer, events).expect("intervals");
    let (first, second) = (
        of(&[Event::Introduced("1"), Event::Fixed("2")]),
        of(&[Event::Introduced("2"), Event::LastAffected("3"), Event::Introduced("5"), Event::LastAffected("5")]),
    );
    let all = [second, first, of(&[Event::Introduced("2.5"), Event::Fixed("3")])].concat();
    assert_eq!(written(&union(all)), "[1,3] [5,5]");
    let everything = [of(&[Event::Introduced("3")]), of(&[Event::Introduced("0"), Event::LastAffected("3")])].concat();
    assert!(union(everything)[0].is_everything());
}

const VERSIONS: [&str; 7] = ["0", "1-a", "1", "2", "2.1", "3", "4"];

fn event() -> impl Strategy<Value = Event<'static>> {
    (0..3, 0..VERSIONS.len()).prop_map(|(kind, at)| match kind {
        0 => Event::Introduced(VERSIONS[at]),
        1 => Event::Fixed(VERSIONS[at]),
        _ => Event::LastAffected(VERSIONS[at]),
    })
}

proptest! {
    #[test]
    fn intervals_hold_what_evaluation_says_is_affected(
        ranges in proptest::collection::vec(proptest::collection::vec(event(), 0..7), 0..4)
    ) {
        let each: Vec<Vec<Interval<'_>>> =
            ranges.iter().map(|events| intervals(Order::SemVer, events).expect("versions")).collect();
        let united = union(each.concat());
        for text in VERSIONS.into_iter().chain(["0.5", "1-b", "1.5", "3.5", "5"]) {
            let version = Version::parse(Order::SemVer, text).expect("a version");
            for (events, found) in ranges.iter().zip(&each) {
                let view = RangeView { kind: RangeKind::SemVer, events };
                let expected = affects::<&str>(Some(Order::SemVer), text, &[], &[view]).is_affected();
                prop_assert_eq!(found.iter().any(|one| one.holds(&version)), expected, "{} in {:?}", text, events);
            }
            let expected = each.iter().flatten().any(|one| one.holds(&version));
            prop_assert_eq!(united.iter().filter(|one| one.holds(&version)).count(), usize::from(expected));
        }
    }
}
