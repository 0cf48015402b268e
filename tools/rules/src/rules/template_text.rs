#![doc = include_str!("template_text.md")]

use std::sync::LazyLock;

use database::Report;
use database::details::BLANK;
use memchr::memmem::Finder;
use osv_schema::Pointer;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "template-text",
    level: Level::Error,
    page: include_str!("template_text.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    for (name, text) in [("details", &record.details), ("summary", &record.summary)] {
        if text.as_str().is_some_and(is_template) {
            let message = "a blank of the template was not filled in";
            sink.at(Pointer::root().member(name), message, "write what is asked for there");
        }
    }
}

/// Whether a text holds a blank of ours, or is nothing else than one.
fn is_template(text: &str) -> bool {
    static BLANKS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(BLANK));
    const WORDS: [&str; 8] = ["todo", "tbd", "fixme", "xxx", "n/a", "details", "description", "summary"];
    let trimmed = text.trim().trim_end_matches(['.', ':']);
    let is_blank = trimmed.len() < 16 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(trimmed));
    let is_bracketed = trimmed.len() < 80 && trimmed.starts_with('<') && trimmed.ends_with('>');
    is_blank || is_bracketed || trimmed.starts_with("Lorem ipsum") || BLANKS.find(text.as_bytes()).is_some()
}
