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
            let scheme = contact.split_once(':').map_or("", |(scheme, _)| scheme);
            let is_url = scheme.len() > 1
                && contact.len() > scheme.len() + 1
                && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
            if (!is_url || contact.contains(char::is_whitespace)) && !sink.is_full() {
                let message = format!("`{}` is no address of a person", shorten(contact));
                let pointer = Pointer::root().member("credits").item(at).member("contact").item(number);
                sink.at(pointer, message, "write a URL: https://… or mailto:…");
            }
        }
    }
}
