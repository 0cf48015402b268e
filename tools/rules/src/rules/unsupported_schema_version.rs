#![doc = include_str!("unsupported_schema_version.md")]

use database::Report;
use osv_schema::Pointer;

use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "unsupported-schema-version",
    level: Level::Error,
    page: include_str!("unsupported_schema_version.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(version) = report.record.as_ref().and_then(|record| record.schema_version.as_str()) else { return };
    let mut parts = version.split('.');
    let is_number = |part: &str| !part.is_empty() && part.len() < 6 && part.bytes().all(|b| b.is_ascii_digit());
    let fits = parts.next() == Some("1") && parts.clone().count() <= 2 && parts.all(is_number);
    if !fits {
        let message = format!("`{}` is no version 1 of the OSV schema", shorten(version));
        sink.at(Pointer::root().member("schema_version"), message, "write 1.7.5, or the version that is meant");
    }
}
