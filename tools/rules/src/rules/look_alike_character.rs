#![doc = include_str!("look_alike_character.md")]

use database::Report;
use memchr::memmem;
use osv_schema::Pointer;
use osv_schema::write::is_invisible;

use crate::characters::mixes_scripts;
use crate::indicator::host;
use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "look-alike-character",
    level: Level::Warning,
    page: include_str!("look_alike_character.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let (Ok(document), Some(record)) = (&report.document, &report.record) else { return };
    if document.is_plain() {
        return;
    }
    if document.text().is_ascii() && memmem::find(document.text().as_bytes(), b"\\u").is_none() {
        return;
    }
    if let Some(subject) = report.about() {
        judge(subject.package.name(), subject.pointer.clone(), sink);
    }
    for (at, alias) in record.aliases.items().iter().enumerate() {
        judge(alias, Pointer::root().member("aliases").item(at), sink);
    }
    for (at, reference) in record.references.items().iter().enumerate() {
        let url = reference.url.as_str().unwrap_or_default();
        judge(host(url), Pointer::root().member("references").item(at).member("url"), sink);
    }
}

fn judge(word: &str, pointer: Pointer, sink: &mut Sink<'_>) {
    let remedy = "check against the registry or page that this is the very name, character by character";
    if let Some(c) = word.chars().find(|&c| is_invisible(c)) {
        let message = format!("`{}` holds U+{:04X}, which nobody sees", shorten(word), u32::from(c));
        sink.at(pointer, message, remedy);
    } else if mixes_scripts(word) {
        let message = format!("`{}` mixes Latin letters with letters that look like them", shorten(word));
        sink.at(pointer, message, remedy);
    }
}
