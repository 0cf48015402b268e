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
        format: "ossf-tree",
        file: "osv/malicious/npm/a/MAL-2026-1.json",
        content: r#"{"id": "MAL-2026-1", "modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z", "details": "It steals keys.",
            "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1"]}], "credits": [{"name": "A", "type": "FINDER"}],
            "database_specific": {"malicious-packages-origins": [{"source": "x", "sha256": "ab", "versions": ["1"]}]}}"#,
        needed: &[
            ("/id", 1),
            ("/modified", 1),
            ("/published", 1),
            ("/details", 1),
            ("/affected/0/package/name", 1),
            ("/affected/0/versions/0", 1),
            ("/credits/0/name", 1),
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
    taken(case.format, case.file, content)
}

/// What becomes of one document of a format.
pub(crate) fn taken(format: &str, file: &str, content: &[u8]) -> Taken {
    let source = source(format, &[]);
    let document = intake::Document { name: file.to_owned(), bytes: Ok(content.to_vec()) };
    let now = "2026-06-01T12:00:00Z".parse().expect("a time");
    intake::retake(vec![document], Asked { source: &source, prefix: "MAL", cache: None, since: None, now })
}

/// The rows of a table.
const ROWS: [&str; 3] = [
    r#"{"ecosystem": "npm", "name": "a", "versions": ["1.0.0"], "published": "2026-01-01", "kind": "malware", "aliases": ["GHSA-1"], "references": ["https://x.example/a"]}"#,
    r#"{"ecosystem": "pypi", "name": "b", "versions": ["1.0.0"], "published": "2026-01-02", "kind": "hijack", "aliases": [], "references": []}"#,
    r#"{"ecosystem": "npm", "name": "@c/d", "versions": ["2.0.0"], "published": "2026-01-03", "kind": "spam", "aliases": [], "references": []}"#,
];
/// What a row cannot have another type in.
const FIELDS: [&str; 7] = ["ecosystem", "name", "versions", "published", "kind", "aliases", "references"];
const TABLE: Case = Case { format: "table", file: "rows.jsonl", content: "", needed: &[] };

/// A text that was cut off, or with one byte changed, or with some taken out.
pub(crate) fn damaged(text: &str, at: prop::sample::Index, length: usize, byte: u8) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let from = at.index(bytes.len());
    match length {
        0 => bytes.truncate(from),
        1..20 => bytes[from] = byte,
        _ => drop(bytes.drain(from..(from + length - 19).min(text.len()))),
    }
    bytes
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
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_member_of_another_type_is_refused_where_it_stands(place in any::<prop::sample::Index>(), type_of in 0_u8..3) {
        for case in CASES {
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
    }

    #[test]
    fn bytes_that_are_lost_or_changed_are_told(at in any::<prop::sample::Index>(), length in 0_usize..40, byte in any::<u8>()) {
        for case in CASES {
            let bytes = damaged(case.content, at, length, byte);
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

    #[test]
    fn a_row_that_is_damaged_is_refused_alone(row in 0_usize..ROWS.len(), place in any::<prop::sample::Index>(), type_of in 0_u8..2) {
        let field = *place.get(&FIELDS);
        let mut rows: Vec<Value> =
            ROWS.iter().map(|row| Value::from(Document::parse(row.as_bytes()).expect("JSON").root())).collect();
        put(&mut rows[row], &format!("/{field}"), Value::from(Document::parse(["{\"a\": [1]}", "[{\"b\": {}}]"][usize::from(type_of)].as_bytes()).expect("JSON").root()));
        let lines: Vec<String> = rows.iter().map(write::compact).collect();
        let reading = reading(&TABLE, lines.join("\n").as_bytes());
        let told: Vec<(String, &str)> =
            reading.refused.iter().map(|one| (one.rejected.delivery.clone(), one.rejected.pointer.as_str())).collect();
        prop_assert_eq!(told.len(), 1, "{}: {:?}", field, told);
        prop_assert_eq!(&told[0].0, &format!("rows.jsonl:{}", row + 1));
        prop_assert!(told[0].1.trim_start_matches('/').starts_with(field), "{}: {:?}", field, told);
        prop_assert_eq!(reading.deliveries.len(), ROWS.len() - 1);
    }

    #[test]
    fn each_row_is_taken_or_told_whatever_became_of_its_bytes(at in any::<prop::sample::Index>(), length in 0_usize..40, byte in any::<u8>()) {
        let bytes = damaged(&ROWS.join("\n"), at, length, byte);
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        let reading = reading(&TABLE, &bytes);
        let found = reading.deliveries.len() + reading.refused.len() + reading.left_out;
        prop_assert!(found >= lines.min(1) && (found == lines || !bytes.starts_with(b"{")), "{} of {}", found, lines);
        let is_told = |one: &intake::Refused| !one.rejected.message.is_empty() && !one.rejected.remedy.is_empty();
        prop_assert!(reading.refused.iter().all(is_told));
    }
}
