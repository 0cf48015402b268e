//! Reports whose bytes are no JSON, are too much of it, or mean to be read differently by different readers.

use testkit::report;

use super::bounded;
use super::{Says, good, is_judged, is_published, is_said, is_shown};

const REPORT: &str = "osv/malicious/npm/x/MAL-2026-2.json";

/// Holds the commands to what they must say of these bytes in place of a report, and a question to its answer.
#[track_caller]
fn holds(case: &str, bytes: impl AsRef<[u8]>, says: Says<'_>, answer: i32) {
    let folder = good().folder();
    folder.write(REPORT, bytes);
    is_judged(case, folder.path(), None, says);
    is_published(case, folder.path(), says);
    let (exit, answered) = bounded::json(folder.path(), &["query", "npm/x@1.0.7"]);
    assert_eq!(exit, answer, "{case}: {answered}");
}

/// Bytes that are no JSON: the place in them, and nobody can say anything about the package.
#[track_caller]
fn is_malformed(case: &str, bytes: impl AsRef<[u8]>, line: usize, column: usize) {
    let folder = good().folder();
    folder.write(REPORT, &bytes);
    let (_, found) = bounded::json(folder.path(), &["validate", "osv/malicious/npm/x"]);
    let at = &found["findings"][0];
    assert_eq!((&at["line"], &at["column"]), (&line.into(), &column.into()), "{case}: {at}");
    holds(case, bytes, Says::Error("malformed-json", REPORT, ""), 2);
}

fn x() -> String {
    report("MAL-2026-2", "npm", "x", &["1.0.7"])
}

/// The report with one text replaced.
#[track_caller]
fn with(old: &str, new: &str) -> String {
    let text = x();
    assert_eq!(text.matches(old).count(), 1, "{old}");
    text.replace(old, new)
}

/// The report with more at its end.
fn and(members: &str) -> String {
    let text = x();
    format!("{}, {members}\n}}\n", text.trim_end().trim_end_matches('}').trim_end())
}

#[test]
fn bytes_that_are_no_json() {
    is_malformed("nothing", "", 1, 1);
    is_malformed("a hundred thousand arrays", "[".repeat(100_000), 1, 129);
    is_malformed("a hundred thousand arrays, closed", "[".repeat(100_000) + &"]".repeat(100_000), 1, 129);
    is_malformed("a hundred thousand objects", "{\"a\":".repeat(100_000), 1, 641);
    is_malformed("a byte-order mark", format!("\u{feff}{}", x()), 1, 1);
    let utf16: Vec<u8> = format!("\u{feff}{}", x()).encode_utf16().flat_map(u16::to_le_bytes).collect();
    is_malformed("UTF-16", utf16, 1, 1);
    is_malformed("a NUL", format!("{}\0", x().trim_end()), x().lines().count(), 2);
    is_malformed("more behind the end", format!("{}{}", x(), x()), x().lines().count() + 1, 1);
    is_malformed("Latin-1", b"{\"id\": \"caf\xe9\"}", 1, 12);
    is_malformed("a control character", "{\"id\": \"a\tb\"}", 1, 10);
    is_malformed("half of a surrogate pair", r#"{"id": "\ud800"}"#, 1, 9);
    is_malformed("surrogates the wrong way round", r#"{"id": "\udc00\ud800"}"#, 1, 9);
    is_malformed("a comment", "{} // and more", 1, 4);
    is_malformed("a number that is none", r#"{"id": NaN}"#, 1, 8);
}

#[test]
fn bytes_that_end_too_early() {
    let text = x();
    for cut in [1, 20, text.len() / 2, text.len() - 3] {
        holds("cut off", &text[..cut], Says::Error("malformed-json", REPORT, ""), 2);
    }
}

#[test]
fn members_that_stand_twice() {
    let many = format!("{{{}\"a\":0}}", "\"a\":0,".repeat(1_000_000));
    holds("a million", many, Says::Error("malformed-json", REPORT, "/a"), 2);
    let twice = and("\"id\": \"MAL-2026-3\"");
    holds("two ids", &twice, Says::Error("malformed-json", REPORT, "/id"), 1);
    let twice = with("\"name\": \"x\"", "\"name\": \"y\", \"n\\u0061me\": \"x\"");
    holds("one in disguise", twice, Says::Error("malformed-json", REPORT, "/affected/0/package/name"), 1);
}

#[test]
fn lists_that_do_not_end() {
    let versions = |count: usize| (0..count).map(|n| format!("\"1.0.{n}\"")).collect::<Vec<_>>().join(",");
    holds("300,000 versions", with("\"1.0.7\"", &versions(300_000)), Says::Nothing, 1);
    let same = vec!["\"1.0.7\""; 300_000].join(",");
    holds("one version 300,000 times", with("\"1.0.7\"", &same), Says::Warning("duplicate-version", REPORT), 1);
    let events = |count: usize| {
        let pair = |n: usize| format!("{{\"introduced\":\"{n}.0.0\"}},{{\"fixed\":\"{n}.0.1\"}}");
        (0..count).map(pair).collect::<Vec<_>>().join(",")
    };
    let ranges = |events: &str| {
        let versions =
            x().lines().skip_while(|line| !line.contains("\"versions\"")).take(3).collect::<Vec<_>>().join("\n");
        with(&versions, &format!("\"ranges\": [{{\"type\": \"SEMVER\", \"events\": [{events}]}}]"))
    };
    holds("100,000 events", ranges(&events(50_000)), Says::Nothing, 0);
    let same = vec!["{\"introduced\":\"0\"}"; 200_000].join(",");
    holds("one event 200,000 times", ranges(&same), Says::Nothing, 1);
    let affected = vec!["{\"package\":{\"ecosystem\":\"npm\",\"name\":\"x\"},\"versions\":[\"1\"]}"; 100_000].join(",");
    let several = format!("{{\"id\":\"MAL-2026-2\",\"modified\":\"2026-01-01T00:00:00Z\",\"affected\":[{affected}]}}");
    holds("100,000 packages", several, Says::Error("affected-several", REPORT, "/affected/1"), 2);
    let aliases = (0..300_000).map(|n| format!("\"GHSA-{n}\"")).collect::<Vec<_>>().join(",");
    holds("300,000 aliases", and(&format!("\"aliases\": [{aliases}]")), Says::Nothing, 1);
}

#[test]
fn numbers_and_names_that_readers_take_for_something_else() {
    let free = |value: &str| with("\"malpkg\": {", &format!("\"free\": {value}, \"malpkg\": {{"));
    let digits = "9".repeat(100_000);
    for number in
        ["1e400", "-1e-999999999", "0.0000000000000000000000000001", "123456789012345678901234567890", &digits]
    {
        holds("a number", free(number), Says::Nothing, 1);
        let as_id = with("\"MAL-2026-2\"", number);
        holds("a number for an id", as_id, Says::Error("schema-violation", REPORT, "/id"), 1);
    }
    for name in ["$serde_json::private::Number", "$serde_json::private::RawValue", "__proto__", "toString", ""] {
        holds(name, free(&format!("{{\"{name}\": \"1\"}}")), Says::Nothing, 1);
    }
    holds("levels", free(&("[".repeat(120) + &"]".repeat(120))), Says::Nothing, 1);
    holds("items", free(&format!("[{}0]", "0,".repeat(3_000_000))), Says::Nothing, 1);
}

/// Texts of megabytes where there should be a word: no pattern and no rule takes time that grows faster than they do.
#[test]
fn texts_that_do_not_end() {
    for piece in ["a", "1.", "-", "/", "a@", "%25", "\u{e9}", "http://a.b ", "\\\\", "\\n## Source: x (y)\\n", " \\n"] {
        let text = piece.repeat((1 << 20) / piece.len());
        let mut whole = x();
        for (old, new) in [
            ("The package runs code of an attacker when it is installed.", text.clone()),
            ("Malicious code in x (npm)", text.clone()),
            ("\"1.0.7\"", format!("\"1.0.7\", \"{text}\"")),
            ("\"name\": \"x\"", format!("\"name\": \"x\", \"purl\": \"pkg:npm/{text}\"")),
            ("\"published\": \"2026-01-01T00:00:00Z\"", format!("\"published\": \"{text}\"")),
            (
                "\"database_specific\"",
                format!(
                    "\"severity\": [{{\"type\": \"CVSS_V3\", \"score\": \"CVSS:3.1/{text}\"}}], \"references\": [{{\"type\": \
                     \"WEB\", \"url\": \"https://example.org/{text}\"}}], \"database_specific\""
                ),
            ),
        ] {
            whole = whole.replacen(old, &new, 1);
        }
        let folder = good().folder();
        folder.write(REPORT, whole);
        let (exit, found) = bounded::json(folder.path(), &["validate"]);
        for (rule, pointer) in [
            ("purl-mismatch", "/affected/0/package/purl"),
            ("schema-violation", "/published"),
            ("schema-violation", "/severity/0/score"),
        ] {
            is_said(piece, exit, &found, Says::Error(rule, REPORT, pointer), "present");
        }
        is_shown(piece, folder.path(), Says::Error("schema-violation", REPORT, "/published"));
        is_published(piece, folder.path(), Says::Error("schema-violation", REPORT, "/published"));
        assert_eq!(bounded::json(folder.path(), &["query", "npm/x@1.0.7"]).0, 1, "{piece}");
    }
}
