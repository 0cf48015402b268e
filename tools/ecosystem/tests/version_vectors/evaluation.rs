//! The evaluation of the OSV specification, its examples and its silences.

use ecosystem::version::Event::{Fixed, Introduced, LastAffected, Limit};
use ecosystem::version::{Doubt, Event, Ground, Order, RangeKind, RangeView, Verdict, affects, compare};
use proptest::prelude::*;
use proptest::sample::select;

const NONE: [&str; 0] = [];

fn semver(version: &str, events: &[Event<'_>]) -> Verdict {
    affects(Some(Order::SemVer), version, &NONE, &[RangeView { kind: RangeKind::SemVer, events }])
}

fn affected(version: &str, events: &[Event<'_>]) -> bool {
    semver(version, events).is_affected()
}

/// Which of these versions are affected.
fn which<'a>(versions: &[&'a str], events: &[Event<'_>]) -> Vec<&'a str> {
    versions.iter().copied().filter(|version| affected(version, events)).collect()
}

#[test]
fn a_version_is_affected_from_introduced_to_before_fixed() {
    let versions = ["0.0.0-a", "0.9.0", "1.0.0-rc", "1.0.0", "1.0.1", "1.0.2", "3.0.0", "3.2.4", "3.2.5", "9.0.0"];
    assert_eq!(which(&versions, &[Introduced("0")]), versions);
    assert_eq!(which(&versions, &[Introduced("0"), Fixed("1.0.2")]), versions[..5]);
    assert_eq!(which(&versions, &[Introduced("1.0.0")]), versions[3..]);
    let twice = [Introduced("1.0.0"), Fixed("1.0.2"), Introduced("3.0.0"), Fixed("3.2.5")];
    assert_eq!(which(&versions, &twice), ["1.0.0", "1.0.1", "3.0.0", "3.2.4"]);
    let shuffled = [twice[3], twice[0], twice[2], twice[1]];
    assert_eq!(which(&versions, &shuffled), which(&versions, &twice));
    assert_eq!(which(&versions, &[Fixed("1.0.0")]), NONE);
    assert_eq!(which(&versions, &[]), NONE);
}

#[test]
fn a_version_that_was_last_affected_is_affected() {
    let versions = ["1.0.0", "1.0.1", "1.0.1+build", "1.0.2", "2.0.0", "2.0.1"];
    assert_eq!(which(&versions, &[Introduced("0"), LastAffected("1.0.1")]), versions[..3]);
    assert_eq!(which(&versions, &[Introduced("1.0.1"), LastAffected("1.0.1")]), versions[1..3]);
    assert_eq!(which(&versions, &[LastAffected("1.0.1"), Introduced("1.0.1")]), versions[1..3]);
    let two = [Introduced("1.0.0"), LastAffected("1.0.0"), Introduced("2.0.0"), LastAffected("2.0.0")];
    assert_eq!(which(&versions, &two), ["1.0.0", "2.0.0"]);
    assert_eq!(which(&versions, &[Introduced("1.0.1"), Fixed("1.0.1")]), NONE);
}

#[test]
fn a_version_behind_all_limits_is_not_affected() {
    let versions = ["1.0.0", "2.0.0", "3.0.0"];
    assert_eq!(which(&versions, &[Introduced("0"), Limit("2.0.0")]), versions[..1]);
    assert_eq!(which(&versions, &[Introduced("0"), Limit("2.0.0"), Limit("3.0.0")]), versions[..2]);
    assert_eq!(which(&versions, &[Introduced("0"), Limit("*")]), versions);
    assert_eq!(which(&versions, &[Introduced("0"), Limit("2.0.0"), Limit("*")]), versions);
    assert_eq!(which(&versions, &[Limit("*")]), NONE);
}

#[test]
fn a_version_that_is_listed_is_affected_letter_by_letter() {
    let listed = ["1.0", "latest"];
    assert_eq!(affects(Some(Order::PyPi), "1.0", &listed, &[]), Verdict::Affected(Ground::Listed));
    assert_eq!(affects(None, "latest", &listed, &[]), Verdict::Affected(Ground::Listed));
    assert_eq!(affects(Some(Order::PyPi), "1.0.0", &listed, &[]), Verdict::NotAffected);
    assert_eq!(affects(Some(Order::PyPi), "1.0", &NONE, &[]), Verdict::NotAffected);
}

#[test]
fn a_version_is_compared_as_the_type_of_the_range_says() {
    let events = [Introduced("1.0rc1"), Fixed("1.0.post1")];
    let ranges = |kind| [RangeView { kind, events: &events }];
    let verdict = |order, kind| affects(order, "1.0", &NONE, &ranges(kind));
    assert_eq!(verdict(Some(Order::PyPi), RangeKind::Ecosystem), Verdict::Affected(Ground::InRange(0)));
    assert_eq!(verdict(Some(Order::PyPi), RangeKind::Git), Verdict::NotAffected);
    assert!(matches!(
        verdict(Some(Order::PyPi), RangeKind::SemVer),
        Verdict::Undecided { range: 0, doubt: Doubt::Invalid(error) } if error.text() == "1.0.post1"
    ));
    assert_eq!(verdict(None, RangeKind::Ecosystem), Verdict::Undecided { range: 0, doubt: Doubt::NoOrder });

    // SEMVER needs no order of the ecosystem.
    let events = [Introduced("1.0.0"), Fixed("2.0.0")];
    let range = [RangeView { kind: RangeKind::SemVer, events: &events }];
    assert!(affects(None, "1.5.0", &NONE, &range).is_affected());
}

#[test]
fn a_version_in_any_range_is_affected() {
    let (first, second) = ([Introduced("0"), Fixed("bad!")], [Introduced("2.0.0")]);
    let range = |events| RangeView { kind: RangeKind::SemVer, events };
    let ranges = [range(&first), range(&second)];
    let verdict = |version| affects(Some(Order::SemVer), version, &NONE, &ranges);
    assert_eq!(verdict("2.0.0"), Verdict::Affected(Ground::InRange(1)));
    assert!(matches!(verdict("1.0.0"), Verdict::Undecided { range: 0, .. }));
}

#[test]
fn a_text_that_is_no_version_is_compared_as_text() {
    assert_eq!(semver("latest", &[Introduced("0")]), Verdict::Affected(Ground::InRange(0)));
    assert_eq!(semver("latest", &[Introduced("0"), Limit("*")]), Verdict::Affected(Ground::InRange(0)));
    assert_eq!(semver("latest", &[Introduced("0"), Introduced("2.0.0")]), Verdict::Affected(Ground::InRange(0)));
    assert_eq!(semver("latest", &[Introduced("latest")]), Verdict::Affected(Ground::InRange(0)));
    assert_eq!(semver("latest", &[Introduced("0"), LastAffected("latest")]), Verdict::Affected(Ground::InRange(0)));
    assert_eq!(semver("latest", &[Introduced("0"), Fixed("latest")]), Verdict::NotAffected);
    assert_eq!(semver("latest", &[Introduced("0"), Limit("latest")]), Verdict::NotAffected);
    assert_eq!(semver("latest", &[Fixed("1.0.0")]), Verdict::NotAffected);
    for events in [
        [Introduced("0"), Fixed("1.0.0")].as_slice(),
        &[Introduced("1.0.0")],
        &[Introduced("0"), LastAffected("1.0.0")],
        &[Introduced("0"), Limit("1.0.0")],
        &[Introduced("latest"), Limit("1.0.0")],
    ] {
        let verdict = semver("latest", events);
        assert!(matches!(verdict, Verdict::Undecided { range: 0, doubt: Doubt::Invalid(_) }), "{events:?}");
        assert!(!verdict.is_affected());
    }
}

/// Where an event comes in the walk.
fn place<'a>(event: &Event<'a>) -> (u8, &'a str, u8) {
    match *event {
        Introduced("0") => (0, "0", 0),
        Introduced(at) => (1, at, 0),
        LastAffected(at) => (1, at, 1),
        Fixed(at) | Limit(at) => (1, at, 2),
    }
}

/// The walk over sorted events, step by step as the specification writes it, for versions that can be compared.
fn walk(version: &str, events: &[Event<'_>]) -> bool {
    let precedes = |a: &str, b: &str| compare(Order::SemVer, a, b).expect("they are versions").is_lt();
    let limits: Vec<_> =
        events.iter().filter_map(|event| if let Limit(at) = event { Some(*at) } else { None }).collect();
    if !limits.is_empty() && !limits.iter().any(|limit| *limit == "*" || precedes(version, limit)) {
        return false;
    }
    let mut sorted: Vec<_> = events.iter().filter(|event| !matches!(event, Limit(_))).collect();
    sorted.sort_by(|a, b| {
        let ((a, at, rank), (b, other, other_rank)) = (place(a), place(b));
        a.cmp(&b)
            .then_with(|| compare(Order::SemVer, at, other).expect("they are versions"))
            .then(rank.cmp(&other_rank))
    });
    let mut vulnerable = false;
    for event in sorted {
        match *event {
            Introduced("0") => vulnerable = true,
            Introduced(at) if !precedes(version, at) => vulnerable = true,
            Fixed(at) if !precedes(version, at) => vulnerable = false,
            LastAffected(at) if precedes(at, version) => vulnerable = false,
            _ => {}
        }
    }
    vulnerable
}

fn event() -> impl Strategy<Value = Event<'static>> {
    let version = || select(vec!["0", "0.0.1", "0.0.1-a", "1.0.0", "1.0.0+b", "1.0.1", "2.0.0-rc", "2.0.0"]);
    prop_oneof![
        4 => version().prop_map(Introduced),
        3 => version().prop_map(Fixed),
        3 => version().prop_map(LastAffected),
        1 => version().prop_map(Limit),
        1 => Just(Limit("*")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn a_version_is_affected_as_the_walk_of_the_specification_says(events in proptest::collection::vec(event(), 0..7)) {
        for version in ["0.0.0-a", "0", "0.0.1-a", "0.0.1", "1.0.0-z", "1.0.0", "1.0.1", "1.5.0", "2.0.0-rc.1", "2.0.0", "9.9.9"] {
            prop_assert_eq!(affected(version, &events), walk(version, &events), "{} {:?}", version, events);
        }
    }
}
