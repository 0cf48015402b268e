#![doc = include_str!("old_ecosystem_folder.md")]

use database::{Place, TreePath};
use ecosystem::current_directory;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "old-ecosystem-folder",
    level: Level::Warning,
    page: include_str!("old_ecosystem_folder.md"),
    check: Check::File(check),
};

fn check(path: &TreePath, sink: &mut Sink<'_>) {
    let Some(place) = Place::of(path) else { return };
    let Some((ecosystem, package)) = place.folder.split_once('/') else { return };
    if let Some(current) = current_directory(ecosystem) {
        let message = format!("`{ecosystem}` is the old name of the folder `{current}`");
        sink.at_file(
            message,
            format!("move the file to {}/{current}/{package}/{}.json", place.base.folder(), place.stem),
        );
    }
}
