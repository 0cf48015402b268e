#![doc = include_str!("contact_not_url.md")]

use database::Report;
use osv_schema::Pointer;

use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "contact-not-url",
    level: Level::Warning,
    page: include_str!("contact_not_url.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    for (at, credit) in record.credits.items().iter().enumerate() {
        for (number, contact) in credit.contact.items().iter().enumerate() {
            if !is_url(contact) && !sink.is_full() {
                let message = format!("`{}` is no address of a person", shorten(contact));
                let pointer = Pointer::root().member("credits").item(at).member("contact").item(number);
                sink.at(pointer, message, "write a URL: https://… or mailto:…");
            }
        }
    }
}

fn is_url(contact: &str) -> bool {
    let Some(colon) = memchr::memchr(b':', contact.as_bytes()) else { return false };
    let is_scheme = contact[..colon].bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let has_space = || match contact.is_ascii() {
        true => contact.bytes().any(|b| matches!(b, b' ' | b'\t'..=b'\r')),
        false => contact.contains(char::is_whitespace),
    };
    is_scheme && colon > 1 && contact.len() > colon + 1 && !has_space()
}
