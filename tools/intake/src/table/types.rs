//! What a cell of a JSON row may hold: what is of another type would be lost without a word.

use osv_schema::Value;

use super::record::Cells;
use super::{FIELDS, Fault, words};

/// What a field's cells hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// One text, number or flag.
    Text,
    /// One of these, or a list of them.
    Texts,
    /// One of these, or a list of them and of objects, or an object.
    Objects,
    /// A list of objects, or an object of lists.
    Lists,
}

fn holds(field: &str) -> Holds {
    match field {
        "versions" | "aliases" | "related" | "references" | "credits" | "confirmed-by" | "domains" | "urls" | "ips"
        | "hashes" => Holds::Texts,
        "commits" | "moved-tags" | "artifacts" => Holds::Objects,
        "indicators" => Holds::Lists,
        _ => Holds::Text,
    }
}

/// Looks for a cell that holds what its field cannot.
pub(super) fn check(cells: &Cells<'_>) -> Result<(), Fault> {
    for field in FIELDS {
        let holds = holds(field.name);
        if let Some(wrong) = cells.cells(field.name).into_iter().find(|value| !is_fit(holds, value)) {
            let (is, wanted) = (kind(wrong), wanted(holds));
            let message = format!("`{}` holds {is}, where {wanted} belongs", field.name);
            return Err(Fault::new("schema-violation", &cells.column(field.name), message, format!("write {wanted}")));
        }
    }
    Ok(())
}

fn is_fit(holds: Holds, value: &Value) -> bool {
    let is_text = |value: &Value| !matches!(value, Value::Array(_) | Value::Object(_));
    match (holds, &words::free(value)) {
        // Any text is one; one that looks like a list is a list where lists may stand.
        (Holds::Text, _) => is_text(value),
        (Holds::Texts, Value::Object(_)) => is_text(value),
        (Holds::Lists, Value::Object(lists)) => {
            lists.values().all(|list| is_text(list) || list.as_array().is_some_and(|list| list.iter().all(is_text)))
        }
        (Holds::Lists, Value::Array(items)) => items.iter().all(|item| matches!(item, Value::Object(_) | Value::Null)),
        // A table may say in a word that there are none.
        (Holds::Lists, Value::String(_) | Value::Null) => true,
        (Holds::Lists, _) => false,
        (Holds::Objects, Value::Array(items)) => items.iter().all(|item| item.as_array().is_none()),
        (Holds::Texts, Value::Array(items)) => items.iter().all(is_text),
        (Holds::Texts | Holds::Objects, _) => true,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "a list of something else",
        Value::Object(_) => "an object",
        Value::String(_) => "a text",
        Value::Null | Value::Bool(_) | Value::Number(_) => "a single value",
    }
}

fn wanted(holds: Holds) -> &'static str {
    match holds {
        Holds::Text => "one text",
        Holds::Texts => "a text, or a list of texts",
        Holds::Objects => "a text, or a list of texts and objects",
        Holds::Lists => "a list of objects, or an object of lists",
    }
}
