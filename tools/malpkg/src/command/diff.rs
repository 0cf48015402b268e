//! `malpkg diff`: what a range of commits changed in the reports.

use std::collections::BTreeMap;

use database::TreePath;
use serde::Serialize;
use store::{Commit, Store};

use crate::context::Context;
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve::only;
use crate::turned::{GROUPS, TurnV1, Turned, turned, write_turns};

/// Tell what a range of commits changed in the reports: in meaning, not in lines
///
/// Versions added and cleared, decisions, reports withdrawn, moved or lost, grouped, those to look at first in front. What
/// is equal on both sides is not read.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The range: `A..B` from commit A to B, `A...B` from where the two parted to B; one commit means what it changed
    #[arg(value_name = "A..B")]
    range: String,

    /// Only what became of this report
    #[arg(value_name = "REPORT")]
    report: Option<String>,
}

#[derive(Serialize)]
struct DiffV1<'d> {
    format: &'static str,
    version: u32,
    from: String,
    to: String,
    counts: BTreeMap<&'static str, usize>,
    reports: Vec<ReportV1<'d>>,
    files: Vec<&'d str>,
}

#[derive(Serialize)]
struct ReportV1<'d> {
    id: &'d str,
    package: &'d str,
    path: Option<&'d str>,
    was: Option<&'d str>,
    group: &'static str,
    changes: Vec<TurnV1<'d>>,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let (from, to) = range(&arguments.range, &store)?;
    let prefix = context.config_of(&store, &to)?.settings.prefix;
    let (mut reports, mut files) = turned(&store, from.tree, to.tree, &prefix)?;
    if let Some(word) = &arguments.report {
        let after = context.at_revision(&store, &to.id.to_string())?;
        let there = only(word, &store, &after.snapshot);
        let there = match there {
            Ok(there) => there,
            Err(failure) => {
                only(word, &store, &context.at_revision(&store, &from.id.to_string())?.snapshot).map_err(|_| failure)?
            }
        };
        reports.retain(|report| [&report.path, &report.was].into_iter().flatten().any(|path| *path == there.path));
        files.clear();
    }
    let mut by_group: BTreeMap<&'static str, Vec<&Turned>> = BTreeMap::new();
    reports.iter().for_each(|report| by_group.entry(report.group()).or_default().push(report));
    if context.wants_json() {
        let one = |report: &&'_ Turned| report.group();
        let mut listed: Vec<&Turned> = reports.iter().collect();
        listed.sort_by_key(|report| GROUPS.iter().position(|group| *group == one(report)));
        context.write_json(&DiffV1 {
            format: "malpkg.diff",
            version: 1,
            from: from.id.to_string(),
            to: to.id.to_string(),
            counts: by_group.iter().map(|(group, reports)| (*group, reports.len())).collect(),
            reports: listed.into_iter().map(view).collect(),
            files: files.iter().map(TreePath::as_str).collect(),
        })?;
        return Ok(Exit::Done);
    }
    for group in GROUPS {
        let Some(reports) = by_group.get(group) else { continue };
        writeln!(context.out, "{group}: {}", count(reports.len(), "report"))?;
        for report in reports {
            writeln!(context.out, "  {} {}", Shown(&report.id), Shown(&report.package))?;
            write_turns(&report.turns, "    ", context)?;
        }
    }
    for path in &files {
        writeln!(context.out, "file {}", Shown(path.as_str()))?;
    }
    if reports.is_empty() && files.is_empty() {
        writeln!(context.out, "nothing changed")?;
    }
    Ok(Exit::Done)
}

fn view(report: &Turned) -> ReportV1<'_> {
    ReportV1 {
        id: &report.id,
        package: &report.package,
        path: report.path.as_ref().map(TreePath::as_str),
        was: report.was.as_ref().map(TreePath::as_str),
        group: report.group(),
        changes: report.turns_v1(),
    }
}

/// Both ends of a range.
fn range(text: &str, store: &Store) -> Result<(Commit, Commit), Failure> {
    let named = |rev: &str| store.resolve(if rev.is_empty() { "HEAD" } else { rev });
    if let Some((one, other)) = text.split_once("...") {
        let (one, other) = (named(one)?, named(other)?);
        let base = store.merge_base(one.id, other.id)?.ok_or_else(|| {
            Failure::new("the two have no commit in common").place(text).remedy("name both ends: A..B")
        })?;
        return Ok((base, other));
    }
    if let Some((one, other)) = text.split_once("..") {
        return Ok((named(one)?, named(other)?));
    }
    let commit = store.resolve(text)?;
    let parent = commit.parents.first().ok_or_else(|| {
        Failure::new("nothing is before this commit: it is the first one").place(text).remedy("name a range: A..B")
    })?;
    Ok((store.resolve(&parent.to_string())?, commit))
}
