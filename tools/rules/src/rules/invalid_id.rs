#![doc = include_str!("invalid_id.md")]

use database::{Report, ReportId};
use osv_schema::Pointer;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule =
    Rule { name: "invalid-id", level: Level::Error, page: include_str!("invalid_id.md"), check: Check::Place(check) };

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let id = report.record.as_ref().and_then(|record| record.id.as_str()).unwrap_or_default();
    let prefix = sink.settings.prefix.clone();
    // A number has one spelling, or it could be given twice.
    let is_ours = |read: ReportId<'_>| read.prefix == prefix && read.year != 0;
    if id.is_empty() || ReportId::parse(id).is_some_and(|read| is_ours(read) && read.to_string() == id) {
        return;
    }
    let message = format!("`{id}` is no id of this database: those are `{prefix}-<year>-<number>`");
    let remedy = format!(
        "leave the id out and name the file {prefix}-0000-<any>.json; it gets an id when it is taken in; ids of other \
         databases belong to `aliases`"
    );
    sink.at(Pointer::root().member("id"), message, remedy);
}
