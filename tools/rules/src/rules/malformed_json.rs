#![doc = include_str!("malformed_json.md")]

use database::Report;
use osv_schema::Pointer;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "malformed-json",
    level: Level::Error,
    page: include_str!("malformed_json.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let document = match &report.document {
        Ok(document) => document,
        Err(error) => {
            return sink.at_byte(error.offset, Pointer::root(), error.message, "make the file one valid JSON object");
        }
    };
    for duplicate in document.duplicates() {
        if sink.is_full() {
            break;
        }
        let message = format!("the member `{}` stands twice in one object", duplicate.name());
        let remedy = "keep one of the two: readers differ on which one counts";
        sink.at_byte(duplicate.span().start, duplicate.pointer(), message, remedy);
    }
}
