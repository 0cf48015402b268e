//! What a validation tells to people: each finding with the line it is about and what to do, and a count.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};

use anstyle::{AnsiColor, Style};
use osv_schema::Document;
use rules::{Finding, Level};

use super::told::{Count, Status, Told, Verdict};
use crate::command::snippet::{self, Located};
use crate::context::Context;
use crate::display::{Shown, count};
use crate::failure::Failure;

/// How many warnings of one rule are shown. Whoever has a thousand of one kind mends the kind.
const WARNINGS_MAX: usize = 50;

/// Gives the bytes of the file that a finding is about.
pub(super) type Source<'s> = dyn Fn(Status, &Finding) -> Option<Vec<u8>> + 's;

/// The colors of a text.
struct Styles {
    bold: Style,
    faint: Style,
    error: Style,
    warning: Style,
}

pub(super) fn write(told: &Told, source: &Source<'_>, context: &mut Context<'_>) -> Result<(), Failure> {
    let colored = |color: AnsiColor| context.style(Style::new().bold().fg_color(Some(color.into())));
    let styles = Styles {
        bold: context.style(Style::new().bold()),
        faint: context.style(Style::new().dimmed()),
        error: colored(AnsiColor::Red),
        warning: colored(AnsiColor::Yellow),
    };
    let tame = Tame { is_live: context.general.live };
    let out = &mut BufWriter::with_capacity(1 << 16, &mut *context.out);
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    for (status, finding) in told.findings.iter().filter(|(status, _)| *status != Status::Healed) {
        // What was there before is counted below; an error is shown all the same where there is no base.
        if told.base.is_some() && *status == Status::Present {
            continue;
        }
        let number = shown.entry(finding.rule.name).or_default();
        *number += 1;
        if finding.level == Level::Error || *number <= WARNINGS_MAX {
            write_finding((*status, told.path(finding)), finding, source, &styles, &tame, out)?;
        }
    }
    for (rule, number) in shown {
        let is_warning = told.counts.get(rule).is_some_and(|count| count.level == Level::Warning);
        if is_warning && number > WARNINGS_MAX {
            let more = count(number - WARNINGS_MAX, "more warning");
            writeln!(out, "{more} of {rule}: name a PATH to see those below it, or ask for `--format json`\n")?;
        }
    }
    write_healed(told, &styles, &tame, out)?;
    write_counts(told, &styles, out)?;
    Ok(out.flush()?)
}

/// What makes texts out of reports harmless.
struct Tame {
    is_live: bool,
}

impl Tame {
    fn words(&self, text: &str) -> String {
        let text = if self.is_live { text.to_owned() } else { crate::display::without_schemes(text) };
        Shown(&text).to_string()
    }

    fn line(&self, text: &str) -> String {
        if self.is_live { text.to_owned() } else { crate::display::defanged(text) }
    }
}

fn write_finding(
    (status, path): (Status, &str),
    finding: &Finding,
    source: &Source<'_>,
    styles: &Styles,
    tame: &Tame,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let (bold, faint) = (styles.bold, styles.faint);
    let color = if finding.level == Level::Error { styles.error } else { styles.warning };
    let (level, rule) = (finding.level.word(), finding.rule.name);
    let bytes = finding.position.and_then(|_| source(status, finding));
    let located = bytes.and_then(|bytes| {
        let document = Document::parse(&bytes).ok();
        snippet::locate(finding, &bytes, document.as_ref())
    });
    writeln!(out, "{color}{level}[{rule}]{color:#}{bold}: {}{bold:#}", tame.words(&finding.message))?;
    writeln!(out, "  {faint}-->{faint:#} {}", snippet::place(path, finding))?;
    if let Some(Located { line_number, line, mark: (from, length) }) = &located {
        let gutter = line_number.to_string();
        let empty = " ".repeat(gutter.len());
        let tamed = tame.line(line);
        writeln!(out, "{empty} {faint}|{faint:#}")?;
        writeln!(out, "{faint}{gutter} |{faint:#} {tamed}")?;
        // An address that was made harmless is longer than it was, so the mark would point beside it.
        if tamed.chars().count() == line.chars().count() {
            let mark = format!("{}{}", " ".repeat(*from), "^".repeat(*length));
            writeln!(out, "{empty} {faint}|{faint:#} {color}{mark}{color:#}")?;
        }
    }
    Ok(writeln!(out, "  {faint}={faint:#} help: {}\n", tame.words(&finding.remedy))?)
}

fn write_healed(told: &Told, styles: &Styles, tame: &Tame, out: &mut impl Write) -> Result<(), Failure> {
    let faint = styles.faint;
    let healed: Vec<_> = told.findings.iter().filter(|(status, _)| *status == Status::Healed).collect();
    for (_, finding) in healed.iter().take(WARNINGS_MAX) {
        let (rule, message) = (finding.rule.name, tame.words(&finding.message));
        writeln!(out, "healed[{rule}]: {message} {faint}({}){faint:#}", Shown(told.path(finding)))?;
    }
    if let Some(more) = healed.len().checked_sub(WARNINGS_MAX).filter(|more| *more > 0) {
        writeln!(out, "{} healed, `--format json` lists them", count(more, "more finding"))?;
    }
    Ok(())
}

fn write_counts(told: &Told, styles: &Styles, out: &mut impl Write) -> Result<(), Failure> {
    let sum = |level: Level, number: fn(&Count) -> usize| -> usize {
        told.counts.values().filter(|count| count.level == level).map(number).sum()
    };
    let both = |number: fn(&Count) -> usize| {
        let (errors, warnings) = (sum(Level::Error, number), sum(Level::Warning, number));
        (errors + warnings > 0).then(|| format!("{}, {}", count(errors, "error"), count(warnings, "warning")))
    };
    let reports = count(told.reports, "report");
    if told.base.is_none() {
        let shown = |level| told.findings.iter().filter(|(_, finding)| finding.level == level).count();
        let (errors, warnings) = (shown(Level::Error), shown(Level::Warning));
        match errors + warnings {
            0 => writeln!(out, "{reports}: clean")?,
            _ => writeln!(out, "{reports}: {}, {}", count(errors, "error"), count(warnings, "warning"))?,
        }
    } else {
        let (introduced, healed) = (both(|count| count.introduced), both(|count| count.healed));
        let present = both(|count| count.present);
        let verdict = match told.verdict {
            Verdict::Clean => "clean",
            Verdict::Introduced => "the change brings new faults",
            Verdict::Healed => "the change mends faults and brings none",
            Verdict::StillThere => "the change brings no new fault",
            Verdict::Findings => "there are faults",
        };
        let bold = styles.bold;
        writeln!(out, "{reports}: {bold}{verdict}{bold:#}")?;
        for (what, number) in [("introduced", introduced), ("healed", healed), ("there before", present)] {
            if let Some(number) = number {
                writeln!(out, "  {what}: {number}")?;
            }
        }
        for (rule, found) in told.counts.iter().filter(|(_, count)| count.present > 0) {
            writeln!(out, "    {} of {rule}, there before", found.present)?;
        }
    }
    if told.unread > 0 {
        writeln!(out, "{} not here, as in a partial clone: not judged", count(told.unread, "file"))?;
    }
    Ok(())
}
