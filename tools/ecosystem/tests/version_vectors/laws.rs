//! What every order must obey, whatever the texts.

use std::cmp::Ordering;

use ecosystem::version::{Order, Version};
use proptest::prelude::*;
use proptest::sample::select;

/// What versions of all ecosystems are made of, so that pieces of one come into the others.
const PIECES: [&str; 58] = [
    "0",
    "00",
    "1",
    "01",
    "2",
    "9",
    "10",
    "100000000000000000000",
    ".",
    ".",
    ".",
    ".",
    "-",
    "-",
    "_",
    "+",
    "~",
    "^",
    ":",
    "!",
    "a",
    "b",
    "c",
    "m",
    "p",
    "r",
    "v",
    "x",
    "A",
    "Z",
    "alpha",
    "beta",
    "milestone",
    "pre",
    "preview",
    "rc",
    "RC",
    "cr",
    "snapshot",
    "final",
    "ga",
    "sp",
    "dev",
    "post",
    "rev",
    "pl",
    "patch",
    "cvs",
    "git",
    "_rc",
    "_p",
    "-r",
    "~ab",
    "ä",
    "٣",
    "#",
    "*",
    "..",
];

/// Short texts that have much in common: beginnings that an order accepts, and few pieces.
fn version() -> impl Strategy<Value = String> {
    let start = select(vec!["", "1", "1.", "1.0", "1-", "0", "1.0.0", "1.0.0-", "1_", "v1.0.0-a", "1:1", "1.0-1"]);
    let rest = proptest::collection::vec(select(PIECES.to_vec()), 0..6);
    (start, rest).prop_map(|(start, rest)| format!("{start}{}", rest.concat()))
}

fn order() -> impl Strategy<Value = Order> {
    select(Order::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn version_orders_are_total(order in order(), texts in proptest::collection::vec(version(), 3..8)) {
        let versions: Vec<_> = texts.iter().filter_map(|text| Version::parse(order, text).ok()).collect();
        for a in &versions {
            prop_assert_eq!(a.cmp(a), Ordering::Equal);
            for b in &versions {
                prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
                prop_assert_eq!(a == b, a.cmp(b) == Ordering::Equal);
                for c in &versions {
                    if a <= b && b <= c {
                        prop_assert!(a <= c, "{:?} {:?} {:?}", a, b, c);
                        prop_assert!(a < c || (a == b && b == c), "{:?} {:?} {:?}", a, b, c);
                    }
                }
            }
        }
    }

    #[test]
    fn any_text_is_a_version_or_none(order in order(), a in any::<String>(), b in ".*") {
        let (a, b) = (Version::parse(order, &a), Version::parse(order, &b));
        if let (Ok(a), Ok(b)) = (&a, &b) {
            prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
        }
        for error in [a.err(), b.err()].into_iter().flatten() {
            prop_assert!(error.to_string().len() < 2000);
        }
    }
}
