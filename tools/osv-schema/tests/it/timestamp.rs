//! Times: what is read, and how it is written again.

use osv_schema::Timestamp;

#[track_caller]
fn check(text: &str, expected: Option<&str>) {
    let found = text.parse::<Timestamp>().ok().map(|time| time.to_string());
    assert_eq!(found.as_deref(), expected, "{text}");
}

#[test]
fn times_are_rfc_3339() {
    check("2026-01-31T12:00:00Z", Some("2026-01-31T12:00:00Z"));
    check("2026-01-31T12:00:00.500Z", Some("2026-01-31T12:00:00.5Z"));
    check("2026-01-31T12:00:00.123456789Z", Some("2026-01-31T12:00:00.123456789Z"));
    check("2026-01-31T12:00:00+02:00", Some("2026-01-31T10:00:00Z"));
    check("2024-02-29T23:59:59Z", Some("2024-02-29T23:59:59Z"));
    check("2023-02-29T00:00:00Z", None);
    check("2026-13-01T00:00:00Z", None);
    check("2026-01-01t00:00:00Z", None);
    check("2026-01-01T00:00:00z", None);
    check("2026-01-01 00:00:00Z", None);
    check("2026-01-01T00:00:00", None);
    check("2026-01-01", None);
    check("0000-01-01T00:00:00+23:59", None);
    check("x2026-01-01T00:00:00Z", None);
    check("", None);
}

#[test]
fn fractions_can_be_cut() {
    let time: Timestamp = "2026-01-31T12:00:00.999999999Z".parse().unwrap();
    assert_eq!(time.whole_seconds().to_string(), "2026-01-31T12:00:00Z");
    assert_eq!(Timestamp::from_unix(time.unix()), Some(time.whole_seconds()));
}
