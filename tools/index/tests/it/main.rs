//! What any language finds in a lookup file: the promised views, and the lines of docs/lookup.md.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::Path;

use index::{Indicator, Named, Report, Subject, Word, build};
use rusqlite::Connection;
use testkit::Folder;

fn word<'r>(version: &'r str, range: &'r str, since: Option<i64>) -> Word<'r> {
    Word { version, range, since }
}

fn subject<'r>(ecosystem: &'r str, name: &'r str, purl: &str, words: Vec<Word<'r>>) -> Subject<'r> {
    let (lookup, purl) = (name.to_lowercase(), Some(purl.to_owned()));
    Subject { ecosystem, name, lookup, purl, words, ranges: None }
}

fn report<'r>(id: &str, withdrawn: Option<i64>, subjects: Vec<Subject<'r>>) -> Report<'r> {
    let indicator = |kind: &str, role| Indicator { value: "evil.example".into(), kind: kind.into(), role };
    Report {
        id: id.to_owned(),
        published: Some(0),
        modified: 86_400,
        withdrawn,
        kind: (subjects.len() > 1).then(|| "hijack".to_owned()),
        aliases: vec!["GHSA-mh6f-8j2x-4483".into()],
        indicators: vec![indicator("domain", None), indicator("domain", Some("c2".into()))],
        subjects,
        ..Report::default()
    }
}

/// A file with a report of each kind.
fn file() -> (Folder, Connection) {
    let room = Folder::empty();
    let path = room.place("lookup.sqlite");
    let ecosystems = [("Maven", None), ("npm", Some("pkg:npm/".to_owned()))];
    let ecosystems = ecosystems.map(|(name, purl)| Named { name, purl });
    let reports = vec![
        report(
            "MAL-2018-900002",
            None,
            vec![
                subject("Maven", "g:b", "pkg:maven/g/b", vec![word("*", "", None)]),
                subject(
                    "npm",
                    "event-stream",
                    "pkg:npm/event-stream",
                    vec![word("1.0.0", "", Some(1)), word("3.3.6", "", Some(2)), word("", "vers:npm/<1.0.0", None)],
                ),
            ],
        ),
        report(
            "MAL-2026-2",
            Some(5),
            vec![subject("npm", "@scope/name", "pkg:npm/%40scope/name", vec![word("*", "", Some(1))])],
        ),
        report("MAL-2026-3", None, Vec::new()),
        report("MAL-2026-4", None, vec![subject("npm", "Mixed", "pkg:npm/Mixed", vec![word("1.0.0", "", Some(3))])]),
    ];
    build(&path, &[("commit", "abc")].into(), &ecosystems, |add| reports.into_iter().try_for_each(add)).unwrap();
    (room, Connection::open(path).unwrap())
}

/// The rows of a question, each cell as text.
fn rows(connection: &Connection, question: &str) -> Vec<String> {
    let mut asked = connection.prepare(question).unwrap_or_else(|error| panic!("{question}: {error}"));
    let columns = asked.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let cell = |at| match row.get_ref(at)? {
            rusqlite::types::ValueRef::Text(text) => Ok(String::from_utf8_lossy(text).into_owned()),
            other => Ok(format!("{:?}", other.data_type())),
        };
        Ok((0..columns).map(cell).collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
    };
    asked.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn verdicts_are_what_stands() {
    let (_room, connection) = file();
    let expected = [
        "Maven g:b * Null MAL-2018-900002 hijack Null",
        "npm Mixed 1.0.0 Null MAL-2026-4 malware 1970-01-01T00:00:03Z",
        "npm event-stream 1.0.0 Null MAL-2018-900002 hijack 1970-01-01T00:00:01Z",
        "npm event-stream 3.3.6 Null MAL-2018-900002 hijack 1970-01-01T00:00:02Z",
        "npm event-stream Null vers:npm/<1.0.0 MAL-2018-900002 hijack Null",
    ];
    let order = "ORDER BY ecosystem, name, version IS NULL, version";
    assert_eq!(rows(&connection, &format!("SELECT * FROM verdict {order}")), expected);
    let asked = "WHERE ecosystem = 'npm' AND name = 'event-stream' AND version IN ('3.3.6', '*')";
    assert_eq!(rows(&connection, &format!("SELECT * FROM verdict {asked}")), expected[3..4]);
}

#[test]
fn every_report_is_there_once() {
    let (_room, connection) = file();
    let (published, modified) = ("1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z");
    let expected = [
        format!(
            "MAL-2018-900002 [\"GHSA-mh6f-8j2x-4483\"] hijack Malicious code in g:b (Maven) {published} {modified} Null"
        ),
        format!(
            "MAL-2026-2 [\"GHSA-mh6f-8j2x-4483\"] malware Malicious code in @scope/name (npm) {published} {modified} \
            1970-01-01T00:00:05Z"
        ),
        format!("MAL-2026-3 [\"GHSA-mh6f-8j2x-4483\"] malware Null {published} {modified} Null"),
        format!(
            "MAL-2026-4 [\"GHSA-mh6f-8j2x-4483\"] malware Malicious code in Mixed (npm) {published} {modified} Null"
        ),
    ];
    let columns = "id, aliases, kind, summary, published, modified, withdrawn";
    assert_eq!(rows(&connection, &format!("SELECT {columns} FROM report ORDER BY id")), expected);
}

#[test]
fn what_the_document_asks_is_answered_from_an_index() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/lookup.md")).unwrap();
    let (_room, connection) = file();
    let blocks = text.split("```sql\n").skip(1).map(|block| block.split("```").next().unwrap());
    let questions: Vec<&str> = blocks.flat_map(|block| block.split_inclusive(';')).collect();
    let questions: Vec<&&str> = questions.iter().filter(|question| question.contains("SELECT")).collect();
    assert_eq!(questions.len(), 7);
    for question in questions {
        assert!(!rows(&connection, question).is_empty(), "{question} finds nothing");
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {question}")).unwrap();
        let steps: Vec<String> = plan.query_map([], |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
        let is_long =
            |step: &&String| ["SCAN said", "SCAN alias", "SCAN purl", "SCAN indicator"].contains(&step.as_str());
        assert!(!steps.iter().any(|step| is_long(&step)), "{question}: {steps:?}");
    }
}
