//! Documents that the schemas surely take, told in one walk: nearly all reports. About all others jsonschema decides.
//!
//! Whatever is rare is not looked at here, and "not surely" costs only time. What is surely taken must be taken:
//! the tests below hold both against each other.

use osv_schema::words::{CONFIDENCES, CREDIT_TYPES, PACKAGE_KINDS, RANGE_TYPES, REFERENCE_TYPES};
use osv_schema::{Kind, Node};

/// The beginnings of ids that reports have.
const PREFIXES: [&str; 3] = ["MAL-", "GHSA-", "CVE-"];

/// Ecosystems as reports name them, without a suffix.
const ECOSYSTEMS: [&str; 12] = [
    "npm",
    "PyPI",
    "RubyGems",
    "NuGet",
    "Go",
    "crates.io",
    "Maven",
    "Packagist",
    "Hex",
    "Pub",
    "VSCode",
    "GitHub Actions",
];

/// Whether the OSV schema surely takes the document.
pub(crate) fn is_surely_osv(root: Node<'_>) -> bool {
    let (mut has_id, mut has_modified) = (false, false);
    root.kind() == Kind::Object
        && root.members().all(|(name, value)| match name {
            "id" => !std::mem::replace(&mut has_id, true) && is_text(value, is_id),
            "modified" => !std::mem::replace(&mut has_modified, true) && is_text(value, is_instant),
            "published" | "withdrawn" => is_text(value, is_instant),
            "schema_version" | "summary" | "details" => value.kind() == Kind::String,
            "aliases" | "related" | "upstream" => is_list(value, is_string),
            "affected" => is_list(value, is_affected),
            "references" => is_list(value, is_reference),
            "credits" => is_list(value, is_credit),
            "database_specific" => value.kind() == Kind::Object,
            // A score stands at the record or at its packages: that is for the schema to say.
            _ => false,
        })
        && has_id
        && has_modified
}

/// Whether our own schema surely takes `database_specific.malpkg`.
pub(crate) fn is_surely_ours(ours: Node<'_>) -> bool {
    ours.kind() == Kind::Object
        && ours.members().all(|(name, value)| match name {
            "kind" => is_one_of(value, &PACKAGE_KINDS),
            "confidence" => is_one_of(value, &CONFIDENCES),
            "technique" | "campaign" => value.kind() == Kind::String,
            _ => false,
        })
}

fn is_list(node: Node<'_>, is_item: impl FnMut(Node<'_>) -> bool) -> bool {
    node.kind() == Kind::Array && node.items().all(is_item)
}

fn is_string(node: Node<'_>) -> bool {
    node.kind() == Kind::String
}

fn is_text(node: Node<'_>, fits: impl FnOnce(&str) -> bool) -> bool {
    node.as_str().is_some_and(fits)
}

fn is_one_of(node: Node<'_>, words: &[&str]) -> bool {
    is_text(node, |text| words.contains(&text))
}

fn is_id(text: &str) -> bool {
    PREFIXES.iter().any(|prefix| text.starts_with(prefix))
}

/// A moment in UTC on one of the days that every month has.
fn is_instant(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((moment, rest)) = bytes.split_first_chunk::<19>() else { return false };
    let number = |at: usize| {
        let (tens, ones) = (moment[at].wrapping_sub(b'0'), moment[at + 1].wrapping_sub(b'0'));
        if tens < 10 && ones < 10 { tens * 10 + ones } else { u8::MAX }
    };
    let is_formed = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')].iter().all(|&(at, b)| moment[at] == b);
    let is_day = number(0) < 100
        && number(2) < 100
        && matches!(number(5), 1..=12)
        && match number(8) {
            1..=28 => true,
            29 | 30 => number(5) != 2,
            31 => matches!(number(5), 1 | 3 | 5 | 7 | 8 | 10 | 12),
            _ => false,
        };
    let is_time = number(11) < 24 && number(14) < 60 && number(17) < 60;
    let is_end = match rest {
        [b'Z'] => true,
        [b'.', digits @ .., b'Z'] => matches!(digits.len(), 1..=9) && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    is_formed && is_day && is_time && is_end
}

fn is_affected(node: Node<'_>) -> bool {
    node.kind() == Kind::Object
        && node.members().all(|(name, value)| match name {
            "package" => is_package(value),
            "versions" => is_list(value, is_string),
            "ranges" => is_list(value, is_range),
            "ecosystem_specific" | "database_specific" => value.kind() == Kind::Object,
            _ => false,
        })
}

fn is_package(node: Node<'_>) -> bool {
    let (mut has_ecosystem, mut has_name) = (false, false);
    node.kind() == Kind::Object
        && node.members().all(|(name, value)| match name {
            "ecosystem" => !std::mem::replace(&mut has_ecosystem, true) && is_one_of(value, &ECOSYSTEMS),
            "name" => !std::mem::replace(&mut has_name, true) && value.kind() == Kind::String,
            "purl" => value.kind() == Kind::String,
            _ => false,
        })
        && has_ecosystem
        && has_name
}

fn is_range(node: Node<'_>) -> bool {
    let (mut kind, mut events, mut has_repo) = (None, None, false);
    node.kind() == Kind::Object
        && node.members().all(|(name, value)| match name {
            "type" => is_one_of(value, RANGE_TYPES) && std::mem::replace(&mut kind, value.as_str()).is_none(),
            "events" => value.kind() == Kind::Array && events.replace(value).is_none(),
            "repo" => !std::mem::replace(&mut has_repo, true) && value.kind() == Kind::String,
            "database_specific" => value.kind() == Kind::Object,
            _ => false,
        })
        && kind.zip(events).is_some_and(|(kind, events)| {
            let is_git = kind == "GIT";
            (has_repo || !is_git) && are_events(events, is_git)
        })
}

/// Each event says one thing, one says what was introduced, and they end in one way.
fn are_events(events: Node<'_>, are_commits: bool) -> bool {
    let (mut introduces, mut fixes, mut ends) = (false, false, false);
    let is_event = |event: Node<'_>| {
        let mut members = event.members();
        let (Some((name, value)), None) = (members.next(), members.next()) else { return false };
        match name {
            "introduced" => introduces = true,
            "fixed" => fixes = true,
            "last_affected" => ends = true,
            "limit" => {}
            _ => return false,
        }
        is_text(value, |text| !are_commits || is_commit(text))
    };
    events.items().all(is_event) && introduces && !(fixes && ends)
}

fn is_commit(text: &str) -> bool {
    text == "0" || (text.len() == 40 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

fn is_reference(node: Node<'_>) -> bool {
    let (mut has_kind, mut has_url) = (false, false);
    node.kind() == Kind::Object
        && node.members().all(|(name, value)| match name {
            "type" => !std::mem::replace(&mut has_kind, true) && is_one_of(value, REFERENCE_TYPES),
            "url" => !std::mem::replace(&mut has_url, true) && is_text(value, is_url),
            _ => false,
        })
        && has_kind
        && has_url
}

/// A plain web address: a host of letters and digits, then nothing that RFC 3986 does not let stand there.
fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let is_of_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    let host = rest.bytes().take_while(|&b| is_of_host(b)).count();
    let behind = &rest.as_bytes()[host..];
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=:@".contains(&b);
    host > 0 && (behind.is_empty() || behind[0] == b'/') && behind.iter().all(|&b| is_plain(b))
}

fn is_credit(node: Node<'_>) -> bool {
    let mut has_name = false;
    node.kind() == Kind::Object
        && node.members().all(|(name, value)| match name {
            "name" => !std::mem::replace(&mut has_name, true) && value.kind() == Kind::String,
            "type" => is_one_of(value, CREDIT_TYPES),
            "contact" => is_list(value, is_string),
            _ => false,
        })
        && has_name
}

#[cfg(test)]
mod tests {
    use osv_schema::Document;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::schema::{told_addition_refusals, told_refusals};

    const REPORTS: [&str; 2] = [
        r#"{"schema_version": "1.7.5", "id": "MAL-2026-1", "published": "2026-01-31T12:00:00Z",
            "modified": "2026-02-28T23:59:59.999999999Z", "withdrawn": "2024-12-31T00:00:00Z", "aliases": ["GHSA-a"],
            "related": ["CVE-2026-1"], "upstream": [], "summary": "s", "details": "d", "affected": [{
            "package": {"ecosystem": "npm", "name": "a", "purl": "pkg:npm/a"}, "versions": ["1"], "ranges": [{
            "type": "SEMVER", "repo": "r", "events": [{"introduced": "0"}, {"fixed": "2"}, {"limit": "3"}],
            "database_specific": {}}], "ecosystem_specific": {}, "database_specific": {}}],
            "references": [{"type": "WEB", "url": "https://example.org/a-(b)/c.d;e=f&g;h+1"}],
            "credits": [{"name": "n", "type": "FINDER", "contact": ["c"]}],
            "database_specific": {"malpkg": {"kind": "hijack", "confidence": "likely", "technique": "t"}}}"#,
        r#"{"id": "CVE-2026-1", "modified": "2026-04-30T00:00:00.1Z", "affected": [{
            "package": {"name": "a", "ecosystem": "GitHub Actions"}, "ranges": [{"events": [{"introduced": "0"},
            {"last_affected": "0123456789abcdef0123456789abcdef01234567"}], "type": "GIT", "repo": "r"}]}],
            "database_specific": {"malpkg": {"campaign": "c", "kind": "spam", "confidence": "claimed"}}}"#,
    ];

    /// What is put where a text or a name stands, beside all that stands in the reports.
    const OTHERS: [&str; 44] = [
        "null",
        "1",
        "true",
        "[]",
        "{}",
        r#"["a", 1]"#,
        r#"{"type": "SEMVER"}"#,
        r#""""#,
        r#""MAL""#,
        r#""mal-1""#,
        r#""x MAL-2026-1""#,
        r#""2026-02-29T00:00:00Z""#,
        r#""2026-02-30T00:00:00Z""#,
        r#""2026-04-31T00:00:00Z""#,
        r#""2026-13-01T00:00:00Z""#,
        r#""2026-00-01T00:00:00Z""#,
        r#""2026-01-00T00:00:00Z""#,
        r#""2026-01-01T24:00:00Z""#,
        r#""2026-01-01T00:60:00Z""#,
        r#""2026-12-31T23:59:60Z""#,
        r#""2026-01-01T00:00:00.Z""#,
        r#""2026-01-01T00:00:00.0000000000Z""#,
        r#""2026-01-01T00:00:00z""#,
        r#""2026-01-01 00:00:00Z""#,
        r#""0000-01-01T00:00:00Z""#,
        r#""2026-01-01T00:00:00+00:00""#,
        r#""npm:x""#,
        r#""npm:""#,
        r#""Npm""#,
        r#""crates.io""#,
        r#""crates_io""#,
        r#""0123456789ABCDEF0123456789abcdef01234567""#,
        r#""1.0""#,
        r#""https://""#,
        r#""https:///a""#,
        r#""http://example.org:80/""#,
        r#""http://a..b/%zz""#,
        r#""http://-.a/x^y""#,
        r#""https://example.org/a b""#,
        r#""https://example.org?x""#,
        r#""ftp://example.org""#,
        r#""severity""#,
        r#""evidence""#,
        r#""cvss""#,
    ];

    /// Where the texts and names of a report stand.
    fn literals(text: &str) -> Vec<std::ops::Range<usize>> {
        let quotes: Vec<usize> = text.match_indices('"').map(|(at, _)| at).collect();
        quotes.chunks(2).map(|pair| pair[0]..pair[1] + 1).collect()
    }

    /// Holds what is said of a document against what jsonschema says, and tells what was said.
    fn check(text: &str) -> (bool, bool) {
        let Ok(document) = Document::parse(text.as_bytes()) else { return (false, false) };
        let is_osv = is_surely_osv(document.root());
        if is_osv {
            assert_eq!(told_refusals(&document), [], "{text}");
        }
        let ours = document.at("/database_specific/malpkg");
        let is_ours = ours.is_some_and(is_surely_ours);
        if let Some(ours) = ours.filter(|_| is_ours) {
            assert_eq!(told_addition_refusals(ours), [], "{text}");
        }
        (is_osv, is_ours)
    }

    #[test]
    fn a_usual_report_is_surely_taken() {
        for report in REPORTS {
            assert_eq!(check(report), (true, true), "{report}");
        }
    }

    #[test]
    fn whatever_is_put_in_one_place_what_is_surely_taken_is_taken() {
        for report in REPORTS {
            for place in literals(report) {
                for other in OTHERS {
                    check(&format!("{}{other}{}", &report[..place.start], &report[place.end..]));
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_surely_taken_is_taken(of in 0..REPORTS.len(), edits in vec(any::<(Index, Index)>(), 0..5)) {
            let words: Vec<&str> = REPORTS.iter().flat_map(|report| literals(report).into_iter().map(|at| &report[at]))
                .chain(OTHERS).collect();
            let mut text = REPORTS[of].to_owned();
            for (place, word) in edits {
                let places = literals(&text);
                text.replace_range(places[place.index(places.len())].clone(), words[word.index(words.len())]);
            }
            check(&text);
        }
    }
}
