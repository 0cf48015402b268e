//! Records: typed where the schema types them, and nothing lost where it does not.

use osv_schema::{Document, Member, Record, Value, write};

fn read(text: &str) -> Record {
    Record::read(&Document::parse(text.as_bytes()).unwrap()).unwrap()
}

/// What a text says as free content, so that two texts can be compared.
fn meaning(text: &str) -> Value {
    Value::from(Document::parse(text.as_bytes()).unwrap().root())
}

/// Reads and writes: the meaning stays, and a second writing changes nothing.
#[track_caller]
fn check(text: &str) {
    let written = write::canonical(&read(text));
    assert_eq!(meaning(&written), meaning(text));
    assert_eq!(write::canonical(&read(&written)), written);
    assert_eq!(meaning(&write::compact(&read(text))), meaning(text));
}

#[test]
fn nothing_is_lost() {
    check("{}");
    check(r#"{"id": "MAL-2026-1", "aliases": null, "related": [], "x": {"y": [1.50, 1e400, -0]}}"#);
    check(r#"{"aliases": 5, "affected": [1, {"package": {}}], "references": [{"type": 3}], "credits": "me"}"#);
    check(
        r#"{"affected": [{"package": {"name": "a", "odd": true}, "ranges": [{"events": [{"fixed": "1", "introduced": "0", "n": 1}]}], "z": null}]}"#,
    );
    check(
        r#"{"database_specific": {"malicious-packages-origins": null, "b": 1, "a": {"$serde_json::private::Number": "1"}}}"#,
    );
}

#[test]
fn null_is_not_absent() {
    let record = read(r#"{"aliases": null}"#);
    assert_eq!(record.aliases, Member::Null);
    assert_eq!(record.related, Member::Absent);
    assert_eq!(write::compact(&record), r#"{"aliases":null}"#);
}

#[test]
fn a_member_of_another_type_is_kept_and_told() {
    assert_eq!(read(r#"{"aliases": 5}"#).misfit().unwrap().as_str(), "/aliases");
    let nested = r#"{"affected": [{}, {"ranges": [{"events": [{"fixed": 1}]}]}]}"#;
    assert_eq!(read(nested).misfit().unwrap().as_str(), "/affected/1/ranges/0/events/0/fixed");
    assert_eq!(read(r#"{"affected": [{"x": 1}], "y": 2}"#).misfit(), None);
}

#[test]
fn the_canonical_form_has_one_order() {
    let text = r#"{"zeta":1,"details":"a\u202eb\u0007\u00e9","alpha":2,"id":"MAL-2026-1","schema_version":"1.7.5",
        "affected":[{"versions":[],"package":{"purl":"pkg:npm/a","name":"a","ecosystem":"npm"}}],
        "database_specific":{"b":{},"a":[]}}"#;
    let expected = r#"{
  "schema_version": "1.7.5",
  "id": "MAL-2026-1",
  "details": "a\u202eb\u0007é",
  "affected": [
    {
      "package": {
        "ecosystem": "npm",
        "name": "a",
        "purl": "pkg:npm/a"
      },
      "versions": []
    }
  ],
  "database_specific": {
    "a": [],
    "b": {}
  },
  "alpha": 2,
  "zeta": 1
}
"#;
    assert_eq!(write::canonical(&read(text)), expected);
}

#[test]
fn origins_are_read_and_added_beside_what_is_there() {
    let mut record = read(r#"{"database_specific": {"malicious-packages-origins": [{"source": "a", "odd": 1}, 7]}}"#);
    assert_eq!(record.origins().len(), 1);
    assert_eq!(record.origins()[0].source.as_str(), Some("a"));
    let origin = osv_schema::Origin { source: "b".into(), ..Default::default() };
    record.add_origin(&origin);
    assert_eq!(
        write::compact(&record),
        r#"{"database_specific":{"malicious-packages-origins":[{"odd":1,"source":"a"},7,{"source":"b"}]}}"#
    );
    let mut without = read(r#"{"database_specific": {"malicious-packages-origins": null}}"#);
    without.add_origin(&origin);
    assert_eq!(without.origins(), [origin]);
}
