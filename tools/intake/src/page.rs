//! `docs/sources.md` and the part of `schema/malpkg-config.json` on sources, made from the lists of keys and fields.

use std::fmt::Write as _;

use crate::keys::{Holds, KEYS, Key};
use crate::table::FIELDS;

/// The page of all keys and fields.
pub fn page() -> String {
    let mut text = include_str!("page.md").to_owned();
    let cell = |text: &str| text.replace('|', "\\|");
    text.push_str("\n## Keys\n\n| key | holds | without it | what it means |\n|---|---|---|---|\n");
    for key in KEYS {
        // Writing to memory does not fail.
        let holds = cell(&key.holds.shown());
        let _ = writeln!(text, "| `{}` | {holds} | {} | {} |", key.name, cell(key.default), cell(key.meaning));
    }
    text.push_str("\n## Fields of a table\n\n| field | what it means |\n|---|---|\n");
    for field in FIELDS {
        let _ = writeln!(text, "| `{}` | {} |", field.name, cell(field.meaning));
    }
    text
}

/// The schema of one source's keys for editors: the members of `properties`, as JSON, a line each.
pub fn schema() -> String {
    let members: Vec<String> = KEYS.iter().map(|key| format!("{}: {}", json(key.name), property(key))).collect();
    format!("{{\n            {}\n          }}", members.join(",\n            "))
}

fn property(key: &Key) -> String {
    let fields = |value: &str| {
        let members: Vec<String> = FIELDS
            .iter()
            .map(|field| {
                let (name, meaning) = (json(field.name), json(field.meaning));
                format!("{name}: {{\"description\": {meaning}, {value}}}")
            })
            .collect();
        format!("\"type\": \"object\", \"additionalProperties\": false, \"properties\": {{{}}}", members.join(", "))
    };
    let texts = "\"type\": \"array\", \"items\": {\"type\": \"string\"}";
    let holds = match key.holds {
        Holds::Text if key.name == "delimiter" => "\"type\": \"string\", \"maxLength\": 1, \"minLength\": 1".to_owned(),
        Holds::Text => "\"type\": \"string\"".to_owned(),
        Holds::Flag => "\"type\": \"boolean\"".to_owned(),
        Holds::Number => format!("\"type\": \"integer\", \"minimum\": 0, \"default\": {}", key.default),
        Holds::Texts => texts.to_owned(),
        Holds::Word(words) => {
            let words: Vec<String> = words.iter().map(|word| json(word)).collect();
            format!("\"enum\": [{}]", words.join(", "))
        }
        Holds::Columns => fields("\"type\": [\"string\", \"array\"], \"items\": {\"type\": \"string\"}"),
        Holds::Values => fields("\"type\": \"string\""),
        Holds::Words => fields("\"type\": \"object\", \"additionalProperties\": {\"type\": \"string\"}"),
    };
    format!("{{\"description\": {}, {holds}}}", json(key.meaning))
}

fn json(text: &str) -> String {
    osv_schema::write::compact(&osv_schema::Value::from(text))
}
