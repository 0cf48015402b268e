//! `malpkg validate`: is this database right?

use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};
use database::{Entry, Snapshot};
use osv_schema::Document;
use rules::{Finding, Level, Validation};
use serde::Serialize;

use crate::command::snippet::{self, Located};
use crate::context::{Context, Reading};
use crate::display::Shown;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve::tree_path;

/// Check the reports of the database, and say what is wrong and how to mend it
///
/// Checks the working tree where there is one, else the newest commit. All findings come at once, sorted, each with
/// its place. The exit code is 1 if one of them is an error; `malpkg explain RULE` tells more about a rule.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Show only what is found at these files and folders; everything is checked all the same
    paths: Vec<String>,

    /// Check this revision
    #[arg(long, value_name = "REV", conflicts_with = "working_tree")]
    rev: Option<String>,

    /// Check the files as they lie in the working tree
    #[arg(long)]
    working_tree: bool,

    /// Take warnings for errors
    #[arg(long)]
    strict: bool,
}

#[derive(Serialize)]
struct ValidateV1<'v> {
    format: &'static str,
    version: u32,
    rev: Option<String>,
    base: Option<String>,
    reports: usize,
    verdict: &'static str,
    findings: Vec<FindingV1<'v>>,
    rules: BTreeMap<&'static str, RuleCountV1>,
}

#[derive(Serialize)]
struct FindingV1<'v> {
    rule: &'static str,
    level: &'static str,
    status: &'static str,
    path: &'v str,
    id: &'v str,
    pointer: &'v str,
    line: Option<usize>,
    column: Option<usize>,
    message: &'v str,
    remedy: &'v str,
}

#[derive(Serialize)]
struct RuleCountV1 {
    level: &'static str,
    introduced: usize,
    present: usize,
    healed: usize,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let progress = context.progress("reading the tree");
    let reading = match &arguments.rev {
        Some(rev) => context.at_revision(&store, rev)?,
        None if arguments.working_tree || !store.is_bare() => context.at_working_tree(&store)?,
        None => context.at_head(&store)?,
    };
    let shown_paths = shown_paths(&arguments.paths, &store, &reading.snapshot)?;
    progress.say("checking the reports");
    let mut validation = context.validate(&reading)?;
    drop(progress);
    validation
        .findings
        .retain(|finding| shown_paths.is_empty() || shown_paths.iter().any(|path| finding.path.is_in(path)));
    let counts = |finding: &&Finding| finding.level == Level::Error || arguments.strict;
    let is_clean = validation.findings.iter().filter(counts).count() == 0;
    let located = locate_all(&validation.findings, &reading.snapshot);
    if context.wants_json() {
        write_json(&validation, &located, is_clean, &reading, context)?;
    } else {
        write_text(&validation, &located, context)?;
    }
    Ok(Exit::found(!is_clean))
}

/// The paths in the tree that the arguments mean.
fn shown_paths(paths: &[String], store: &store::Store, snapshot: &Snapshot) -> Result<Vec<String>, Failure> {
    let in_tree = |given: &String| {
        tree_path(given, store, snapshot).ok_or_else(|| {
            let failure = Failure::new("no file of the database has this path").place(given);
            failure.remedy("name a file or folder below `osv`, from the root of the database")
        })
    };
    paths.iter().map(in_tree).collect()
}

/// Reads the files that have findings once more, and finds the places.
fn locate_all(findings: &[Finding], snapshot: &Snapshot) -> Vec<Option<Located>> {
    let mut by_entry: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate() {
        by_entry.entry(finding.path.as_str()).or_default().push(index);
    }
    let entries: Vec<&Entry> = by_entry.keys().filter_map(|path| snapshot.entry(path)).collect();
    let found = snapshot.map(&entries, |entry, bytes| {
        let Ok(bytes) = bytes else { return Vec::new() };
        let document = Document::parse(bytes).ok();
        let indexes = by_entry.get(entry.path.as_str()).into_iter().flatten();
        indexes.map(|&index| (index, snippet::locate(&findings[index], bytes, document.as_ref()))).collect()
    });
    let mut located: Vec<Option<Located>> = findings.iter().map(|_| None).collect();
    for (index, place) in found.into_iter().flatten() {
        located[index] = place;
    }
    located
}

fn write_json(
    validation: &Validation,
    located: &[Option<Located>],
    is_clean: bool,
    reading: &Reading,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let mut rules: BTreeMap<&'static str, RuleCountV1> = BTreeMap::new();
    for finding in &validation.findings {
        let level = finding.level.word();
        rules
            .entry(finding.rule.name)
            .or_insert(RuleCountV1 { level, introduced: 0, present: 0, healed: 0 })
            .present += 1;
    }
    let findings = validation.findings.iter().zip(located).map(|(finding, located)| FindingV1 {
        rule: finding.rule.name,
        level: finding.level.word(),
        status: "present",
        path: finding.path.as_str(),
        id: &finding.id,
        pointer: finding.pointer.as_str(),
        line: located.as_ref().map(|located| located.position.line),
        column: located.as_ref().map(|located| located.position.column),
        message: &finding.message,
        remedy: &finding.remedy,
    });
    context.write_json(&ValidateV1 {
        format: "malpkg.validate",
        version: 1,
        rev: reading.commit_id(),
        base: None,
        reports: validation.reports,
        verdict: if is_clean { "clean" } else { "findings" },
        findings: findings.collect(),
        rules,
    })
}

fn write_text(validation: &Validation, located: &[Option<Located>], context: &mut Context<'_>) -> Result<(), Failure> {
    let bold = context.style(Style::new().bold());
    let faint = context.style(Style::new().dimmed());
    for (finding, located) in validation.findings.iter().zip(located) {
        let color = match finding.level {
            Level::Error => AnsiColor::Red,
            Level::Warning => AnsiColor::Yellow,
        };
        let color = context.style(Style::new().bold().fg_color(Some(color.into())));
        let (level, rule) = (finding.level.word(), finding.rule.name);
        let message = context.tamed_words(&finding.message);
        writeln!(context.out, "{color}{level}[{rule}]{color:#}{bold}: {}{bold:#}", Shown(&message))?;
        writeln!(context.out, "  {faint}-->{faint:#} {}", snippet::place(&finding.path, located.as_ref()))?;
        if let Some(Located { position, line, mark: (from, length) }) = located {
            let gutter = position.line.to_string();
            let empty = " ".repeat(gutter.len());
            let line = context.tamed(line);
            // An address that was made harmless is longer than it was, so the mark would point beside it.
            let is_marked = line.chars().count() == located.as_ref().map_or(0, |located| located.line.chars().count());
            writeln!(context.out, "{empty} {faint}|{faint:#}")?;
            writeln!(context.out, "{faint}{gutter} |{faint:#} {line}")?;
            if is_marked {
                let mark = format!("{}{}", " ".repeat(*from), "^".repeat(*length));
                writeln!(context.out, "{empty} {faint}|{faint:#} {color}{mark}{color:#}")?;
            }
        }
        writeln!(context.out, "  {faint}={faint:#} help: {}\n", Shown(&context.tamed_words(&finding.remedy)))?;
    }
    let of_level = |level| validation.findings.iter().filter(|finding| finding.level == level).count();
    let (errors, warnings) = (of_level(Level::Error), of_level(Level::Warning));
    let reports = count(validation.reports, "report");
    if validation.findings.is_empty() {
        writeln!(context.out, "{reports}: clean")?;
    } else {
        writeln!(context.out, "{reports}: {}, {}", count(errors, "error"), count(warnings, "warning"))?;
    }
    Ok(())
}

/// "1 report", "2 reports".
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
