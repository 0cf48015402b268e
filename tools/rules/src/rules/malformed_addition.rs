#![doc = include_str!("malformed_addition.md")]

use database::Report;
use osv_schema::Pointer;
use osv_schema::additions::MALPKG;

use crate::schema::addition_refusals;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "malformed-addition",
    level: Level::Error,
    page: include_str!("malformed_addition.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Ok(document) = &report.document else { return };
    let Some(ours) = document.root().get("database_specific").and_then(|members| members.get(MALPKG)) else { return };
    let base = Pointer::root().member("database_specific").member(MALPKG);
    for refusal in addition_refusals(ours) {
        let pointer = Pointer::from(format!("{base}{}", refusal.pointer).as_str());
        sink.at(pointer, refusal.message, "see schema/database-specific.json for what may stand here");
    }
}
