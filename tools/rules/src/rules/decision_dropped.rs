#![doc = include_str!("decision_dropped.md")]

use std::collections::HashSet;

use osv_schema::{Pointer, additions, write};

use crate::provenance::{decisions, word};
use crate::text::shorten;
use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "decision-dropped",
    level: Level::Error,
    page: include_str!("decision_dropped.md"),
    check: Check::History(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some((old, new)) = edited.published(&sink.settings.prefix) else { return };
    if decisions(old).is_empty() || decisions(new).starts_with(decisions(old)) {
        return;
    }
    let kept: HashSet<String> = decisions(new).iter().map(write::compact).collect();
    for decision in decisions(old).iter().filter(|decision| !kept.contains(&write::compact(*decision))) {
        let members = decision.as_object();
        let told = |name| members.and_then(|members| word(members, name)).map(shorten);
        let message = match (told("kind"), told("by")) {
            (Some(kind), Some(by)) => format!("the decision `{kind}` by `{by}` is gone, or was changed"),
            _ => format!("the decision {} is gone, or was changed", shorten(&write::compact(decision))),
        };
        let pointer = Pointer::root().member("database_specific").member(additions::MALPKG).member("decisions");
        sink.at(pointer, message, "bring it back as it was; who thinks otherwise now adds a decision");
    }
}
