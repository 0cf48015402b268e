#![doc = include_str!("stray_file.md")]

use database::Place;

use crate::{Check, Level, Rule, TreeSink, World};

pub(super) static RULE: Rule =
    Rule { name: "stray-file", level: Level::Error, page: include_str!("stray_file.md"), check: Check::Tree(check) };

fn check(world: &World<'_>, put: &mut TreeSink<'_>) {
    for entry in world.snapshot.entries().iter().filter(|entry| Place::is_stray(&entry.path)) {
        let message = format!("`{}` is no report: the name of a report ends in `.json`", entry.path.file_name());
        put(&entry.path, "", message, "name it MAL-….json if it is a report, else take it away".into());
    }
}
