//! Damaged documents of every format: what is damaged is refused with its place, the rest comes in, and nothing panics.

use intake::{Asked, Taken};
use osv_schema::{Document, Value, write};
use proptest::prelude::*;

use crate::documents::{DATADOG, GRAPHQL, REST, SAFE_CHAIN};
use crate::program::source;

/// A format, a document of it, and what must be there, with how many deliveries are lost without it.
struct Case {
    format: &'static str,
    file: &'static str,
    content: &'static str,
    needed: &'static [(&'static str, usize)],
}

const CASES: &[Case] = &[
    Case {
        format: "osv",
        file: "x.json",
        content: r#"{"id": "X-1", "modified": "2026-01-01T00:00:00Z", "aliases": ["GHSA-1"], "affected": [
            {"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1"],
             "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}], "references": [{"type": "WEB", "url": "https://x.example"}]}"#,
        needed: &[
            ("/id", 1),
            ("/modified", 1),
            ("/aliases/0", 1),
            ("/affected/0/package/name", 1),
            ("/affected/0/package/ecosystem", 1),
            ("/affected/0/versions", 1),
            ("/affected/0/ranges/0/events/0/introduced", 1),
            ("/references/0/url", 1),
        ],
    },
    Case {
        format: "ghsa",
        file: "page.json",
        content: GRAPHQL,
        needed: &[
            ("/data/securityAdvisories", 3),
            ("/data/securityAdvisories/nodes", 3),
            ("/data/securityAdvisories/nodes/0/ghsaId", 2),
            ("/data/securityAdvisories/nodes/0/updatedAt", 2),
            ("/data/securityAdvisories/nodes/0/identifiers/1/value", 2),
            ("/data/securityAdvisories/nodes/0/references/1/url", 2),
            ("/data/securityAdvisories/nodes/2/vulnerabilities", 1),
            ("/data/securityAdvisories/nodes/2/vulnerabilities/nodes", 1),
            ("/data/securityAdvisories/nodes/2/vulnerabilities/nodes/0/package", 1),
            ("/data/securityAdvisories/nodes/2/vulnerabilities/nodes/0/package/name", 1),
            ("/data/securityAdvisories/nodes/2/vulnerabilities/nodes/0/vulnerableVersionRange", 1),
        ],
    },
    Case {
        format: "ghsa",
        file: "page.json",
        content: REST,
        needed: &[
            ("/0/ghsa_id", 2),
            ("/0/updated_at", 2),
            ("/0/vulnerabilities", 2),
            ("/0/vulnerabilities/1/package/ecosystem", 2),
            ("/0/vulnerabilities/1/vulnerable_version_range", 2),
            ("/0/cwes/0/cwe_id", 2),
            ("/0/credits/0/user", 2),
        ],
    },
    Case {
        format: "safe-chain",
        file: "npm.json",
        content: SAFE_CHAIN,
        needed: &[
            ("/0/package_name", 1),
            ("/0/version", 1),
            ("/0/reason", 1),
            ("/4/package_name", 1),
            ("/4/version", 1),
        ],
    },
    Case {
        format: "datadog-manifest",
        file: "npm/manifest.json",
        content: DATADOG,
        needed: &[("/@scope~1thing", 1), ("/@scope~1thing/0", 1), ("/left-padd", 1), ("/left-padd/0", 1)],
    },
];

fn reading(case: &Case, content: &[u8]) -> Taken {
    let source = source(case.format, &[]);
    let document = intake::Document { name: case.file.to_owned(), bytes: Ok(content.to_vec()) };
    let now = "2026-06-01T12:00:00Z".parse().expect("a time");
    intake::retake(vec![document], Asked { source: &source, prefix: "MAL", cache: None, since: None, now })
}

/// Puts another value in a place.
pub(crate) fn put(value: &mut Value, pointer: &str, other: Value) {
    let mut at = value;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        at = match at {
            Value::Object(members) => members.get_mut(&step).expect("a member"),
            Value::Array(items) => &mut items[step.parse::<usize>().expect("a number")],
            _ => panic!("nothing stands at {pointer}"),
        };
    }
    *at = other;
}

/// Values of types that are needed nowhere here.
pub(crate) fn wrong(number: u8) -> Value {
    match number % 3 {
        0 => Value::Bool(true),
        1 => Value::from(Document::parse(b"17.5").expect("a number").root()),
        _ => Value::from(Document::parse(b"{\"a\": [1]}").expect("an object").root()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_member_of_another_type_is_refused_where_it_stands(which in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), type_of in 0_u8..3) {
        let case = which.get(CASES);
        let (pointer, lost) = *place.get(case.needed);
        let mut value = Value::from(Document::parse(case.content.as_bytes()).expect("JSON").root());
        let whole = reading(case, write::compact(&value).as_bytes()).deliveries.len();
        put(&mut value, pointer, wrong(type_of));
        let reading = reading(case, write::compact(&value).as_bytes());
        let told: Vec<&str> = reading.refused.iter().map(|one| one.rejected.pointer.as_str()).collect();
        prop_assert_eq!(told.len(), 1, "{}{}: {:?}", case.format, pointer, told);
        prop_assert!(told[0].starts_with(pointer) || pointer.starts_with(told[0]), "{}: {}", pointer, told[0]);
        prop_assert_eq!(reading.deliveries.len(), whole - lost, "{}{}", case.format, pointer);
    }

    #[test]
    fn bytes_that_are_lost_or_changed_are_told(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), length in 0_usize..40, byte in any::<u8>()) {
        let case = which.get(CASES);
        let mut bytes = case.content.as_bytes().to_vec();
        let from = at.index(bytes.len());
        match length {
            0 => bytes.truncate(from),
            1..20 => bytes[from] = byte,
            _ => drop(bytes.drain(from..(from + length - 19).min(case.content.len()))),
        }
        let reading = reading(case, &bytes);
        if Document::parse(&bytes).is_err() {
            prop_assert!(reading.deliveries.is_empty());
            let told: Vec<&str> = reading.refused.iter().map(|one| one.rejected.message.as_str()).collect();
            prop_assert!(told.len() == 1 && told[0].starts_with("line "), "{:?}", told);
        }
        let is_told = |one: &intake::Refused| !one.rejected.message.is_empty() && !one.rejected.remedy.is_empty();
        prop_assert!(reading.refused.iter().all(is_told));
    }
}
