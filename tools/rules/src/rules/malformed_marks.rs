#![doc = include_str!("malformed_marks.md")]

use database::read_marks;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "malformed-marks",
    level: Level::Error,
    page: include_str!("malformed_marks.md"),
    check: Check::Marks(check),
};

fn check(file: &[u8], sink: &mut Sink<'_>) {
    if read_marks(file).is_none() {
        sink.at_file(
            "which ids were given cannot be read",
            "restore it from git history; after a merge `malpkg assign --renumber --base REV` makes it anew",
        );
    }
}
