#![doc = include_str!("path_mismatch.md")]

use database::Report;
use ecosystem::current_directory;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "path-mismatch",
    level: Level::Error,
    page: include_str!("path_mismatch.md"),
    check: Check::Place(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let (Some(place), Some(subject)) = (report.place, &report.subject) else { return };
    // Other rules say what is wrong with a report that is about no package.
    let Ok(subject) = subject else { return };
    let folder = match subject.package.folder() {
        Ok(folder) => folder,
        Err(error) => return sink.at(subject.pointer.clone(), error.to_string(), error.remedy()),
    };
    let folder = folder.as_str();
    if place.folder != folder && current_folder(place.folder) != folder {
        let message = format!("a report on this package lies in `{folder}`, not in `{}`", place.folder);
        let remedy =
            format!("move the file to {}/{folder}/{}.json, or mend the package", place.base.folder(), place.stem);
        sink.at(subject.pointer.clone(), message, remedy);
    }
}

/// The folder with its ecosystem spelled as it is today.
fn current_folder(folder: &str) -> String {
    match folder.split_once('/') {
        Some((ecosystem, package)) => match current_directory(ecosystem) {
            Some(current) => format!("{current}/{package}"),
            None => folder.to_owned(),
        },
        None => folder.to_owned(),
    }
}
