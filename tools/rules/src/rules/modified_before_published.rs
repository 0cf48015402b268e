#![doc = include_str!("modified_before_published.md")]

use database::Report;
use osv_schema::{Member, Pointer, Timestamp};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "modified-before-published",
    level: Level::Warning,
    page: include_str!("modified_before_published.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    let time = |member: &Member<String>| member.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    if let (Some(earlier), Some(later)) = (time(&record.published), time(&record.modified))
        && later < earlier
    {
        sink.at(
            Pointer::root().member("modified"),
            "the report changed before it was published",
            "set the later of the two times right",
        );
    }
}
