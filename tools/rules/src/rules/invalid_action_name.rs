#![doc = include_str!("invalid_action_name.md")]

use database::Report;
use ecosystem::check_action_name;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "invalid-action-name",
    level: Level::Error,
    page: include_str!("invalid_action_name.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(subject) = report.about().filter(|subject| subject.package.ecosystem().base() == "GitHub Actions") else {
        return;
    };
    if let Err(error) = check_action_name(subject.package.name()) {
        sink.at(
            subject.pointer.clone(),
            error.to_string(),
            "write the action as a workflow does: owner/repo or owner/repo/path",
        );
    }
}
