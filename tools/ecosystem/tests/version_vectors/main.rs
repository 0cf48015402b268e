//! Version orders against our own vectors, their laws, hostile texts, and the evaluation of ranges.

mod evaluation;
mod hostile;
mod intervals;
mod laws;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use ecosystem::Ecosystem;
use ecosystem::version::{Identity, Order, Version, compare};

/// The vectors of an order: lines like `1 < 1.1 = 1.01 < 2`, of which every two versions are compared, `! text` for a
/// text that is no version, and comments behind `#`.
const VECTORS: [(Order, &str); 13] = [
    (Order::Apk, include_str!("orders/apk.txt")),
    (Order::Conan, include_str!("orders/conan.txt")),
    (Order::Cran, include_str!("orders/cran.txt")),
    (Order::Dpkg, include_str!("orders/dpkg.txt")),
    (Order::Hackage, include_str!("orders/hackage.txt")),
    (Order::Maven, include_str!("orders/maven.txt")),
    (Order::NuGet, include_str!("orders/nuget.txt")),
    (Order::Packagist, include_str!("orders/packagist.txt")),
    (Order::Pub, include_str!("orders/pub.txt")),
    (Order::PyPi, include_str!("orders/pypi.txt")),
    (Order::Rpm, include_str!("orders/rpm.txt")),
    (Order::RubyGems, include_str!("orders/rubygems.txt")),
    (Order::SemVer, include_str!("orders/semver.txt")),
];

/// Checks one line, and returns what is wrong with it.
fn check(order: Order, line: &str) -> Vec<String> {
    if let Some(none) = line.strip_prefix('!') {
        let none = none.trim();
        return match Version::parse(order, none) {
            Ok(version) => vec![format!("{order}: {none:?} reads as {version:?}")],
            Err(_) => Vec::new(),
        };
    }
    let mut words = line.split(' ');
    let mut chain = vec![(words.next().unwrap_or_default(), 0)];
    while let (Some(sign), Some(version)) = (words.next(), words.next()) {
        assert!(matches!(sign, "<" | "="), "{line:?} has {sign:?} where < or = should be");
        let step = usize::from(sign == "<");
        chain.push((version, chain[chain.len() - 1].1 + step));
    }
    assert!(chain.len() > 1, "{line:?} compares nothing");
    let pairs = chain.iter().flat_map(|a| chain.iter().map(move |b| (a, b)));
    pairs
        .filter_map(|((a, place), (b, other))| match compare(order, a, b) {
            Ok(ordering) if ordering == place.cmp(other) => None,
            found => Some(format!("{order}: {a} {b}: {found:?}")),
        })
        .collect()
}

#[test]
fn version_vectors_hold() {
    let lines = |vectors: &'static str| vectors.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let faults: Vec<_> =
        VECTORS.iter().flat_map(|(order, vectors)| lines(vectors).flat_map(|line| check(*order, line))).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let covered: BTreeSet<_> = VECTORS.iter().map(|(order, _)| *order).collect();
    assert_eq!(covered, Order::ALL.into_iter().collect());
}

#[test]
fn version_orders_are_known_for_all_ecosystems_but_these() {
    let without: Vec<_> =
        Ecosystem::all().map(|ecosystem| ecosystem.base()).filter(|base| Order::of(base).is_none()).collect();
    assert_eq!(
        without,
        [
            "Android",
            "CleanStart",
            "Docker Hardened Images",
            "FreeBSD",
            "GitHub Actions",
            "Kubernetes",
            "Linux",
            "opam",
            "OSS-Fuzz",
            "Root",
            "TuxCare",
            "VSCode",
            "GIT",
            "Git",
        ]
    );
    assert_eq!(Order::of("npm"), Some(Order::SemVer));
    assert_eq!(Order::of("NPM"), None);
}

#[test]
fn version_errors_name_the_text_and_the_fault() {
    let message = |order, a, b| compare(order, a, b).map_err(|error| error.to_string());
    assert_eq!(
        message(Order::SemVer, "1.0.0", "latest"),
        Err(r#""latest" is no SemVer version: a number is missing at byte 0"#.into())
    );
    assert_eq!(
        message(Order::SemVer, "  1.0.0!", "x"),
        Err(r#""  1.0.0!" is no SemVer version: '!' cannot stand at byte 7"#.into())
    );
    assert_eq!(message(Order::Apk, "1.0_foo", "1"), Err(r#""1.0_foo" is no apk version: the suffix at byte 4 is not one of alpha, beta, pre, rc, cvs, svn, git, hg, p"#.into()));
    assert_eq!(message(Order::Maven, "1", " "), Err(r#"" " is no Maven version: it is empty"#.into()));
    assert_eq!(
        message(Order::Rpm, "1\u{202e}\n2", "1"),
        Err(r#""1\u{202e}\n2" is no RPM version: '\n' cannot stand at byte 4"#.into())
    );
    let long = "x".repeat(1000);
    let short = format!("\"{}\"… (1000 bytes) is no SemVer version: a number is missing at byte 0", &long[..80]);
    assert_eq!(message(Order::SemVer, &long, "1"), Err(short));
}

#[test]
fn versions_can_be_the_same_without_equal_texts() {
    let same_version = |order, a, b| Identity::of(order, a) == Identity::of(order, b);
    assert!(same_version(Some(Order::PyPi), "1.0", "1.0.0"));
    assert!(same_version(Some(Order::SemVer), "latest", "latest"));
    assert!(!same_version(Some(Order::SemVer), "latest", "1.0.0"));
    assert!(!same_version(None, "1.0", "1.0.0"));
    assert!(same_version(None, "1.0", "1.0") && same_version(None, "v1.0", "1.0"));
}

#[test]
fn versions_are_equal_and_ordered_alike() {
    let [a, b, c] = ["1.0.0+a", "1.0.0+b", "1.0.1"].map(|text| Version::parse(Order::SemVer, text).unwrap());
    assert_eq!(a, b);
    assert_eq!(a.cmp(&c), Ordering::Less);
}
