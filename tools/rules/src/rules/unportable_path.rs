#![doc = include_str!("unportable_path.md")]

use database::TreePath;
use ecosystem::portability_of;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "unportable-path",
    level: Level::Warning,
    page: include_str!("unportable_path.md"),
    check: Check::File(check),
};

fn check(path: &TreePath, sink: &mut Sink<'_>) {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/' | b'@' | b'+' | b'.');
    // Most paths have nothing that could matter: no sign, no dot before a slash, no device.
    if path.as_str().bytes().all(is_plain) && !path.parts().any(|part| part.ends_with('.') || is_short(part)) {
        return check_length(path, sink);
    }
    for fault in portability_of(path.parts()) {
        sink.at_file(fault.to_string(), "nothing is to be done where the package really has this name");
    }
    check_length(path, sink);
}

/// Whether a part is short enough for the name of a device.
fn is_short(part: &str) -> bool {
    part.split('.').next().unwrap_or_default().len() <= 7
}

fn check_length(path: &TreePath, sink: &mut Sink<'_>) {
    // Windows takes 260 characters with the folder of the checkout, which gets what is left.
    const LENGTH_MAX: usize = 200;
    if path.as_str().len() > LENGTH_MAX {
        sink.at_file(
            "the path is longer than Windows takes",
            "nothing is to be done where the package really has this name",
        );
    }
}
