#![doc = include_str!("unknown_member.md")]

use database::Report;
use osv_schema::{Affected, Credit, Object, Package, Pointer, Range, Reference, Severity};

use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "unknown-member",
    level: Level::Error,
    page: include_str!("unknown_member.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    let root = Pointer::root();
    for (index, affected) in record.affected.items().iter().enumerate() {
        let at = || root.member("affected").item(index);
        judge(&affected.extra, Affected::MEMBERS, at, sink);
        if let Some(package) = affected.package.value() {
            judge(&package.extra, Package::MEMBERS, || at().member("package"), sink);
        }
        for (number, range) in affected.ranges.items().iter().enumerate() {
            judge(&range.extra, Range::MEMBERS, || at().member("ranges").item(number), sink);
        }
        for (number, severity) in affected.severity.items().iter().enumerate() {
            judge(&severity.extra, Severity::MEMBERS, || at().member("severity").item(number), sink);
        }
    }
    for (number, reference) in record.references.items().iter().enumerate() {
        judge(&reference.extra, Reference::MEMBERS, || root.member("references").item(number), sink);
    }
    for (number, credit) in record.credits.items().iter().enumerate() {
        judge(&credit.extra, Credit::MEMBERS, || root.member("credits").item(number), sink);
    }
    for (number, severity) in record.severity.items().iter().enumerate() {
        judge(&severity.extra, Severity::MEMBERS, || root.member("severity").item(number), sink);
    }
}

/// What is left over in an object and has no name that the schema knows; a known one of a wrong type is the schema's.
fn judge(extra: &Object, known: &[&str], at: impl Fn() -> Pointer, sink: &mut Sink<'_>) {
    if extra.is_empty() {
        return;
    }
    for name in extra.keys().filter(|name| !known.contains(&name.as_str())) {
        if sink.is_full() {
            return;
        }
        let message = format!("the OSV schema names no member `{}` here", shorten(name));
        sink.at(at().member(name), message, "move it to the `database_specific` beside it, or take it away");
    }
}
