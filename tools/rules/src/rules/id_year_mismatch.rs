#![doc = include_str!("id_year_mismatch.md")]

use database::{Report, ReportId};
use osv_schema::Pointer;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "id-year-mismatch",
    level: Level::Warning,
    page: include_str!("id_year_mismatch.md"),
    check: Check::Place(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let (Some(id), Some(record)) = (report.own_id().and_then(ReportId::parse), &report.record) else { return };
    let Some(published) = record.published_at() else { return };
    if id.prefix == sink.settings.prefix && i32::from(id.year) != published.year() {
        let message = format!("the id is of {}, and the report was published in {}", id.year, published.year());
        let remedy = "set `published` right if it is wrong; an id never changes";
        sink.at(Pointer::root().member("published"), message, remedy);
    }
}
