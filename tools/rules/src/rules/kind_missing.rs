#![doc = include_str!("kind_missing.md")]

use database::Report;
use osv_schema::{Pointer, additions};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "kind-missing",
    level: Level::Warning,
    page: include_str!("kind_missing.md"),
    check: Check::Place(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    if record.is_withdrawn() || additions::malpkg(record).is_some_and(|ours| ours.contains_key("kind")) {
        return;
    }
    let remedy = "say in `database_specific.malpkg.kind`: malware, hijack, typosquat, dependency-confusion, protestware, spam, research or test";
    sink.at(Pointer::root(), "the report does not say what kind of malicious package it is", remedy);
}
