#![doc = include_str!("withdrawn_before_published.md")]

use database::Report;
use osv_schema::{Member, Pointer, Timestamp};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "withdrawn-before-published",
    level: Level::Warning,
    page: include_str!("withdrawn_before_published.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    let time = |member: &Member<String>| member.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    if let (Some(earlier), Some(later)) = (time(&record.published), time(&record.withdrawn))
        && later < earlier
    {
        sink.at(
            Pointer::root().member("withdrawn"),
            "the report was taken back before it was published",
            "set the later of the two times right",
        );
    }
}
