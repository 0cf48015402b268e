#![doc = include_str!("self_alias.md")]

use database::Report;
use osv_schema::Pointer;

use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule =
    Rule { name: "self-alias", level: Level::Error, page: include_str!("self_alias.md"), check: Check::Record(check) };

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let (Some(record), Some(id)) = (&report.record, report.own_id()) else { return };
    if let Some(at) = record.aliases.items().iter().position(|alias| alias == id) {
        let message = format!("the report names its own id `{}` as an alias", shorten(id));
        sink.at(Pointer::root().member("aliases").item(at), message, "take it away");
    }
}
