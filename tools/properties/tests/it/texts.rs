//! Paths, package URLs, remotes and details.

use proptest::prelude::*;

use crate::pieces::{self, bytes};

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn paths(text in bytes(pieces::PATH)) {
        properties::path(&text);
    }

    #[test]
    fn names(ecosystem in any_ecosystem(), name in bytes(pieces::PATH)) {
        properties::path(&[ecosystem.as_bytes(), b"\n", &name].concat());
    }

    #[test]
    fn purls(text in bytes(pieces::PURL)) {
        properties::purl(&text);
    }

    #[test]
    fn packages(ecosystem in any_ecosystem(), version in "[0-9a-z@./%]{0,8}", name in bytes(pieces::PURL)) {
        properties::purl(&[ecosystem.as_bytes(), b"\n", version.as_bytes(), b"\n", &name].concat());
    }

    #[test]
    fn repositories(text in bytes(pieces::REPOSITORY)) {
        properties::repository(&text);
    }

    #[test]
    fn details(text in bytes(pieces::DETAILS)) {
        properties::details(&text);
    }
}

/// The name of an ecosystem, at times with a suffix.
fn any_ecosystem() -> impl Strategy<Value = String> {
    let names: Vec<String> = ecosystem::Ecosystem::all().map(|one| one.to_string()).collect();
    (prop::sample::select(names), prop::option::of(bytes(pieces::PATH))).prop_map(|(name, suffix)| {
        let suffix = suffix.map(|suffix| format!(":{}", String::from_utf8_lossy(&suffix).replace('\n', "")));
        format!("{name}{}", suffix.unwrap_or_default())
    })
}
