//! What a validation tells, as commands of a GitHub workflow and as the summary of its step.
//!
//! GitHub shows ten errors and ten warnings a step. So what the change brings comes first, and the rest is counted.

use std::io::{BufWriter, Write};

use rules::{Finding, Level};

use super::told::{Status, Told};
use crate::context::Context;
use crate::display::{Shown, count, defanged};
use crate::failure::Failure;

/// How many annotations of one kind GitHub shows of one step.
const SHOWN_MAX: usize = 10;
/// Where GitHub takes the summary of a step, in the environment.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// How many findings the summary lists.
const LISTED_MAX: usize = 100;

pub(super) fn write(told: &Told, context: &mut Context<'_>) -> Result<(), Failure> {
    let out = &mut BufWriter::with_capacity(1 << 16, &mut *context.out);
    let is_new = |status: &Status| *status == Status::Introduced || told.base.is_none();
    for level in [Level::Error, Level::Warning] {
        let found = told.findings.iter().filter(|(status, finding)| is_new(status) && finding.level == level);
        let found: Vec<&Finding> = found.map(|(_, finding)| finding).collect();
        for finding in found.iter().take(SHOWN_MAX) {
            writeln!(out, "{}", annotation(told.path(finding), finding))?;
        }
        if let Some(more) = found.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
            writeln!(out, "::notice title=malpkg::{} not shown here", count(more, &format!("more {}", level.word())))?;
        }
    }
    let present: usize = told.counts.values().map(|count| count.present).sum();
    if told.base.is_some() && present > 0 {
        writeln!(out, "::notice title=malpkg::{} there before the change", count(present, "finding"))?;
    }
    if told.unread > 0 {
        writeln!(
            out,
            "::notice title=malpkg::{} not here, as in a partial clone: not judged",
            count(told.unread, "file")
        )?;
    }
    writeln!(out, "{}: {}", count(told.reports, "report"), told.verdict.word())?;
    out.flush()?;
    match std::env::var_os(SUMMARY) {
        Some(path) => summarize(told, std::path::Path::new(&path)),
        None => Ok(()),
    }
}

/// One finding as a command.
fn annotation(path: &str, finding: &Finding) -> String {
    let place = finding.position.map_or(String::new(), |at| format!(",line={},col={}", at.line, at.column));
    let shown = |text: &str| Shown(&defanged(text)).to_string();
    let text = format!("{}\nhelp: {}", shown(&finding.message), shown(&finding.remedy));
    format!(
        "::{} file={}{place},title={}::{}",
        finding.level.word(),
        property(&Shown(path).to_string()),
        property(finding.rule.name),
        escaped(&text),
    )
}

/// A text as the data of a command: what would end it is escaped.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A text as a property of a command.
fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

fn summarize(told: &Told, path: &std::path::Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(error).place(path.display());
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).map_err(failed)?;
    file.write_all(summary(told).as_bytes()).map_err(failed)
}

/// The summary in Markdown, in which nothing leads anywhere or calls anybody.
fn summary(told: &Told) -> String {
    let mut text = format!("### {}: {}\n\n", count(told.reports, "report"), told.verdict.word());
    if !told.counts.is_empty() {
        text.push_str("| rule | level | introduced | there before | healed |\n|---|---|---|---|---|\n");
    }
    for (rule, found) in &told.counts {
        let (level, introduced, present, healed) = (found.level.word(), found.introduced, found.present, found.healed);
        text.push_str(&format!("| {rule} | {level} | {introduced} | {present} | {healed} |\n"));
    }
    let is_new = |status: &Status| *status == Status::Introduced || told.base.is_none();
    for (_, finding) in told.findings.iter().filter(|(status, _)| is_new(status)).take(LISTED_MAX) {
        let (level, rule) = (finding.level.word(), finding.rule.name);
        let words = format!("{}: {} — {}", told.path(finding), finding.message, finding.remedy);
        text.push_str(&format!("\n- {level} `{rule}` {}", code(&defanged(&words))));
    }
    text.push('\n');
    text
}

/// A text as a span of code: the one form of Markdown in which nothing else is one.
fn code(text: &str) -> String {
    let text = Shown(text).to_string().replace('`', "'");
    format!("`` {text} ``")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(escaped("100%\r\n::error::x"), "100%25%0D%0A::error::x");
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
    }

    #[test]
    fn nothing_leaves_a_span_of_code() {
        assert_eq!(code("a`` <b>@x #1\n``` y"), "`` a'' <b>@x #1\\n''' y ``");
    }
}
