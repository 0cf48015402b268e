#![doc = include_str!("control_character.md")]

use database::Report;

use crate::characters::{find, is_control};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "control-character",
    level: Level::Warning,
    page: include_str!("control_character.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Ok(document) = &report.document else { return };
    find(document, is_control, |pointer, c| {
        let message = format!("the text holds the control character U+{:04X}", u32::from(c));
        sink.at(pointer, message, "take the character away, or name it as U+XXXX");
    });
}
