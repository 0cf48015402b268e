#![doc = include_str!("lost_scope.md")]

use database::Report;

use crate::text::affected;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "lost-scope",
    level: Level::Warning,
    page: include_str!("lost_scope.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    if let (Some(subject), Some(scoped)) = (report.about(), lost_scope(report)) {
        let message = format!("the report is on `{}`, and speaks of `{scoped}`", subject.package.name());
        sink.at(subject.pointer.clone(), message, "name the package with its scope, or take the report back");
    }
}

/// The scoped name that a report on one without a scope speaks of.
pub(super) fn lost_scope(report: &Report<'_>) -> Option<String> {
    let subject = report.about().filter(|subject| subject.package.ecosystem().base() == "npm")?;
    let name = subject.package.name();
    let record = report.record.as_ref()?;
    if name.starts_with('@') || name.len() < 2 {
        return None;
    }
    let texts = [record.details.as_str(), record.summary.as_str()];
    let urls = record.references.items().iter().map(|reference| reference.url.as_str());
    let purl = affected(report).next().and_then(|(_, affected)| affected.package.value()?.purl.as_str());
    texts.into_iter().chain(urls).chain([purl]).flatten().find_map(|text| scope_of(name, text))
}

/// The scoped name with this last part that a text speaks of, as in `@scope/name` or `%40scope/name`.
fn scope_of(name: &str, text: &str) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'@', b'%', rest.as_bytes()) {
        let sign = if rest[at..].starts_with("%40") { 3 } else { 1 };
        let begins = at == 0 || !rest[..at].ends_with(is_name);
        let behind = &rest[at + sign..];
        rest = behind;
        let scope_end = behind.find(|c: char| !is_name(c)).unwrap_or(behind.len());
        let (scope, tail) = behind.split_at(scope_end);
        let Some(tail) = tail.strip_prefix('/').filter(|_| !scope.is_empty()) else { continue };
        let ends = tail.strip_prefix(name).is_some_and(|tail| !tail.starts_with(is_name) || tail.starts_with(". "));
        if begins && ends {
            return Some(format!("@{scope}/{name}"));
        }
    }
    None
}
