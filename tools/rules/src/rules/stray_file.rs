#![doc = include_str!("stray_file.md")]

use database::{Place, TreePath};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule =
    Rule { name: "stray-file", level: Level::Error, page: include_str!("stray_file.md"), check: Check::File(check) };

fn check(path: &TreePath, sink: &mut Sink<'_>) {
    if Place::is_stray(path) {
        let message = format!("`{}` is no report: the name of a report ends in `.json`", path.file_name());
        sink.at_file(message, "name it MAL-….json if it is a report, else take it away");
    }
}
