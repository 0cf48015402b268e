//! Ids: never twice, in each year from where the numbers stand.

use std::collections::BTreeMap;

use curate::{Ids, IdsError, Numbering};
use database::Edit;

use crate::fixture::{database, delivery, numbering, record, run};

/// The next id of 2026 over a database of these files.
fn next(files: &[(&str, &str)]) -> Result<String, IdsError> {
    Ids::read(&database(files), &numbering())?.give(2026, "npm/a")
}

#[test]
fn numbers_go_on_from_where_they_stand() {
    let at = |number: &str| format!("osv/malicious/npm/a/MAL-2026-{number}.json");
    assert_eq!(next(&[]).unwrap(), "MAL-2026-900001");
    assert_eq!(next(&[(&at("17"), "")]).unwrap(), "MAL-2026-900001");
    assert_eq!(next(&[(&at("900007"), "")]).unwrap(), "MAL-2026-900008");
    assert_eq!(next(&[("osv/withdrawn/npm/a/MAL-2026-900007.json", "")]).unwrap(), "MAL-2026-900008");
    let mark = r#"{"2026": {"highest": 900100, "batch": "x"}}"#;
    assert_eq!(next(&[("osv/ids.json", mark)]).unwrap(), "MAL-2026-900101");
    // What stands beyond the mark was not given by us: it is in the way, and moves nothing.
    assert_eq!(next(&[("osv/ids.json", mark), (&at("900200"), "")]).unwrap(), "MAL-2026-900101");
    let in_the_way = [("osv/ids.json", mark), (&at("900101"), ""), (&at("900102"), "")];
    assert_eq!(next(&in_the_way).unwrap(), "MAL-2026-900103");
    assert_eq!(next(&[(&at("18446744073709551615"), "")]), Err(IdsError::UsedUp(2026)));
    assert_eq!(next(&[("osv/ids.json", r#"{"2025": {"highest": 900100}}"#)]).unwrap(), "MAL-2026-900001");
}

#[test]
fn the_history_counts_until_there_is_a_mark() {
    let numbering = Numbering { ever: BTreeMap::from([(2026, 900_050)]), ..numbering() };
    let next = |files| Ids::read(&database(files), &numbering).unwrap().give(2026, "npm/a").unwrap();
    assert_eq!(next(&[]), "MAL-2026-900051");
    assert_eq!(next(&[("osv/ids.json", r#"{"2026": {"highest": 900007}}"#)]), "MAL-2026-900008");
}

#[test]
fn without_knowing_what_was_given_nothing_is_given() {
    for broken in [
        "",
        "[]",
        "{\"2026\": 5}",
        r#"{"2026": {"highest": -1}}"#,
        r#"{"x": {"highest": 1}}"#,
        r#"{"2026": {"highest": 1}, "2026": {"highest": 2}}"#,
    ] {
        assert_eq!(next(&[("osv/ids.json", broken)]), Err(IdsError::Malformed), "{broken}");
    }
}

#[test]
fn the_mark_moves_with_the_reports_and_keeps_what_it_does_not_know() {
    let base = database(&[("osv/ids.json", r#"{"2025": {"highest": 900100, "batch": "x", "note": 1}}"#)]);
    let deliveries = vec![delivery(&record("X-1", "a", &["1.0.0"], "")), delivery(&record("X-2", "b", &["1.0.0"], ""))];
    let (plan, _) = run(&base, deliveries);
    let Some(Edit::Put(bytes)) = plan.changes.get("osv/ids.json") else { panic!("no ids") };
    let batch = curate::sha256_hex(b"MAL-2026-900001 npm/a\nMAL-2026-900002 npm/b\n");
    let expected = format!(
        "{{\n  \"2025\": {{\n    \"batch\": \"x\",\n    \"highest\": 900100,\n    \"note\": 1\n  }},\n  \"2026\": {{\n    \"batch\": \"{batch}\",\n    \"highest\": 900002\n  }}\n}}\n"
    );
    assert_eq!(String::from_utf8_lossy(bytes), expected);
}
