#![doc = include_str!("text_direction_codepoint.md")]

use database::Report;

use crate::characters::{find, is_direction};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "text-direction-codepoint",
    level: Level::Error,
    page: include_str!("text_direction_codepoint.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Ok(document) = &report.document else { return };
    find(document, is_direction, |pointer, c| {
        let message = format!("U+{:04X} changes the direction in which the text is shown", u32::from(c));
        sink.at(pointer, message, "take the character away; to show that the package has it, write it as U+XXXX");
    });
}
