//! The format `osv`: one OSV record a document.

use curate::{Delivery, sha256_hex};
use database::Rejected;
use osv_schema::{Pointer, Record};

use crate::{Document, made};

/// Reads a document as a delivery. Its own id is its source's affair: it may be missing, and need not have a prefix
/// that OSV knows; all else is held to the OSV schema.
///
/// # Errors
///
/// The first thing that is wrong with the document, with its place and what would make it right.
pub fn read(source: &str, document: &Document) -> Result<Delivery, Box<Rejected>> {
    let reject = |rule: &'static str, pointer: Pointer, message: String, remedy: &str| {
        let (source, delivery) = (source.to_owned(), document.name.clone());
        let (pointer, remedy) = (pointer.to_string(), remedy.to_owned());
        Box::new(Rejected { source, delivery, rule, pointer, message, remedy })
    };
    let json = made::parse(document).map_err(|wrong| wrong.of(source, &document.name))?;
    let bytes = document.bytes.as_deref().unwrap_or_default();
    let is_about_id = |refusal: &rules::Refusal| {
        refusal.pointer.as_str() == "/id" && json.at("/id").is_some_and(|id| id.as_str().is_some())
            || refusal.missing.as_deref() == Some("id") && refusal.pointer.as_str().is_empty()
    };
    if let Some(refusal) = rules::refusals(&json).into_iter().find(|refusal| !is_about_id(refusal)) {
        let remedy = "send a record as the OSV schema 1.7.5 has it";
        return Err(reject("schema-violation", refusal.pointer, refusal.message, remedy));
    }
    let Some(record) = Record::read(&json) else {
        let message = "the document is no JSON object".to_owned();
        return Err(reject("schema-violation", Pointer::root(), message, "send one OSV record a document"));
    };
    Ok(Delivery {
        source: source.to_owned(),
        name: document.name.clone(),
        sha256: sha256_hex(bytes),
        record,
        keeps_id: false,
        taken_over: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Delivery, Box<Rejected>> {
        read("src", &Document { name: "d.json".into(), bytes: Ok(text.as_bytes().to_vec()) })
    }

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let found = read_text(text).err().map(|rejected| (rejected.rule, rejected.pointer));
        let found = found.as_ref().map(|(rule, pointer)| (*rule, pointer.as_str()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_foreign_id_is_no_fault_and_all_else_is() {
        check(r#"{"id": "LWA-2026-1", "modified": "2026-01-01T00:00:00Z"}"#, None);
        check(r#"{"id": "", "modified": "2026-01-01T00:00:00Z"}"#, None);
        check(r#"{"modified": "2026-01-01T00:00:00Z"}"#, None);
        check(r#"{"id": 5, "modified": "2026-01-01T00:00:00Z"}"#, Some(("schema-violation", "/id")));
        check(r#"{"id": "X-1"}"#, Some(("schema-violation", "")));
        check(r#"{"id": "X-1", "modified": "2026-01-01"}"#, Some(("schema-violation", "/modified")));
        check(r#"{"id": "X-1", "id": "X-2", "modified": "2026-01-01T00:00:00Z"}"#, Some(("malformed-json", "/id")));
        check("[]", Some(("schema-violation", "")));
        check("{", Some(("malformed-json", "")));
    }

    #[test]
    fn the_hash_is_that_of_the_bytes() {
        let delivery = read_text(r#"{"modified": "2026-01-01T00:00:00Z"}"#).unwrap();
        assert_eq!(delivery.sha256.len(), 64);
        assert_eq!((delivery.source.as_str(), delivery.name.as_str()), ("src", "d.json"));
    }
}
