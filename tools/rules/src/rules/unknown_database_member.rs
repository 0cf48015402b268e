#![doc = include_str!("unknown_database_member.md")]

use database::Report;
use osv_schema::additions::{MALPKG, ORIGINS};
use osv_schema::{Object, Pointer};

use crate::sink::FINDINGS_MAX;
use crate::text::{affected, affected_at, shorten};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "unknown-database-member",
    level: Level::Warning,
    page: include_str!("unknown_database_member.md"),
    check: Check::Record(check),
};

/// What is known at the top, and in an entry of `affected`.
const TOP: [&str; 4] = [ORIGINS, MALPKG, "iocs", "cwes"];
const IN_AFFECTED: [&str; 4] = ["cwes", "indicators", "iocs", "ghsa"];

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    let remedy = "see schema/database-specific.json for what is read; whatever else stands here, nobody reads";
    let unknown = |members: &Object, known: &[&str]| -> Vec<String> {
        members.keys().filter(|name| !known.contains(&name.as_str())).take(FINDINGS_MAX).cloned().collect()
    };
    for name in record.database_specific.value().map_or(Vec::new(), |members| unknown(members, &TOP)) {
        let message = format!("`database_specific` has the member `{}`, which nobody knows", shorten(&name));
        sink.at(Pointer::root().member("database_specific").member(&name), message, remedy);
    }
    for (index, affected) in affected(report) {
        for name in affected.database_specific.value().map_or(Vec::new(), |members| unknown(members, &IN_AFFECTED)) {
            let message =
                format!("`database_specific` of a package has the member `{}`, which nobody knows", shorten(&name));
            sink.at(affected_at(index).member("database_specific").member(&name), message, remedy);
        }
    }
}
