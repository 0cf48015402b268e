//! What a plan says, for every command that changes the database: for people, and as `malpkg.plan`.

use std::collections::{BTreeMap, BTreeSet};

use curate::{Narrowing, Taken, Turn, TurnKind};
use database::{ChangeSet, Edit, Plan, Rejected, TreePath};
use serde::Serialize;

use super::{Landed, Landing};
use crate::context::Context;
use crate::display::{Shown, count};
use crate::failure::Failure;
use crate::turned::write_turns;

#[derive(Serialize)]
struct PlanV1<'p> {
    format: &'static str,
    version: u32,
    base: Option<&'p str>,
    commit: Option<&'p str>,
    status: &'static str,
    /// What has to be typed behind `--allow`, where the plan takes too much away.
    guarded: Vec<String>,
    rejected: Vec<RejectedV1<'p>>,
    skipped: Vec<SkippedV1<'p>>,
    narrowed: Vec<NarrowedV1<'p>>,
    changes: Vec<ChangeV1<'p>>,
    /// What else is written or removed, as where a report lay before, or a file that is no report.
    files: Vec<FileV1<'p>>,
}

#[derive(Serialize)]
struct FileV1<'p> {
    path: &'p str,
    removed: bool,
}

#[derive(Serialize)]
struct SkippedV1<'p> {
    path: &'p str,
    reason: &'p str,
}

#[derive(Serialize)]
struct NarrowedV1<'p> {
    path: &'p str,
    id: &'p str,
    kept: &'p [String],
    cleared: &'p [String],
    cleared_ranges: &'p [String],
}

#[derive(Serialize)]
struct RejectedV1<'p> {
    path: &'p str,
    rule: &'p str,
    pointer: &'p str,
    message: &'p str,
    remedy: &'p str,
}

/// One change, in every document that tells of changes.
#[derive(Serialize)]
pub(crate) struct ChangeV1<'p> {
    kind: &'static str,
    path: &'p str,
    id: &'p str,
    package: &'p str,
}

/// What a plan is told with, beside the plan itself.
#[derive(Clone, Copy)]
pub(crate) struct Told<'t> {
    pub(crate) landing: &'t Landing,
    pub(crate) base: Option<&'t str>,
    pub(crate) commit: Option<&'t str>,
    /// What it takes away beyond what may be taken without a word.
    pub(crate) guarded: &'t [Taken],
    /// What the first changes mean to their reports.
    pub(crate) meant: &'t BTreeMap<TreePath, Vec<Turn>>,
    /// One line of counts, for people.
    pub(crate) summary: &'t str,
}

impl<'t> Told<'t> {
    /// What is told of a plan that has landed.
    pub(crate) fn of<P>(landed: &'t Landed<P>, landing: &'t Landing, summary: &'t str) -> Told<'t> {
        let (base, commit) = (landed.base.as_deref(), landed.commit.as_deref());
        Told { landing, base, commit, guarded: &landed.guarded, meant: &landed.meant, summary }
    }
}

/// Tells a plan as it was asked for. What was rejected are reports of the tree.
pub(crate) fn write(plan: &Plan, told: Told<'_>, context: &mut Context<'_>) -> Result<(), Failure> {
    write_narrowed(plan, told, &[], context)
}

/// Tells a plan with the versions that its narrowings keep and clear.
pub(crate) fn write_narrowed(
    plan: &Plan,
    told: Told<'_>,
    narrowed: &[Narrowing],
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    if context.wants_json() {
        let rejected = plan.rejected.iter().map(|rejected| RejectedV1 {
            path: &rejected.delivery,
            rule: rejected.rule,
            pointer: &rejected.pointer,
            message: &rejected.message,
            remedy: &rejected.remedy,
        });
        return context.write_json(&PlanV1 {
            format: "malpkg.plan",
            version: 1,
            base: told.base,
            commit: told.commit,
            status: if told.guarded.is_empty() { "done" } else { "guarded" },
            guarded: told.guarded.iter().map(ToString::to_string).collect(),
            rejected: rejected.collect(),
            skipped: plan
                .skipped
                .iter()
                .map(|skipped| SkippedV1 { path: &skipped.delivery, reason: &skipped.reason })
                .collect(),
            narrowed: narrowed
                .iter()
                .map(|one| NarrowedV1 {
                    path: one.path.as_str(),
                    id: &one.id,
                    kept: &one.kept,
                    cleared: &one.cleared,
                    cleared_ranges: &one.cleared_ranges,
                })
                .collect(),
            changes: changes_v1(&plan.changes),
            files: files_v1(&plan.changes),
        });
    }
    write_rejected(&plan.rejected, context)?;
    for skipped in &plan.skipped {
        writeln!(context.out, "unchanged {}: {}", Shown(&skipped.delivery), Shown(&skipped.reason))?;
    }
    write_changes(&plan.changes, told, context)?;
    for one in narrowed {
        let list = |versions: &[String]| if versions.is_empty() { "none".to_owned() } else { versions.join(", ") };
        writeln!(context.out, "  {} malicious: {}", one.id, Shown(&list(&one.kept)))?;
        let cleared = [one.cleared.as_slice(), &one.cleared_ranges].concat();
        writeln!(context.out, "  {} cleared: {}", one.id, Shown(&list(&cleared)))?;
    }
    writeln!(context.out, "{}", told.summary)?;
    write_end(&plan.changes, told, context)
}

/// The changes as documents have them.
pub(crate) fn changes_v1(changes: &ChangeSet) -> Vec<ChangeV1<'_>> {
    changes
        .changes()
        .map(|change| ChangeV1 {
            kind: change.kind.word(),
            path: change.path.as_str(),
            id: &change.id,
            package: &change.package,
        })
        .collect()
}

fn files_v1(changes: &ChangeSet) -> Vec<FileV1<'_>> {
    let told: BTreeSet<&TreePath> = changes.changes().map(|change| &change.path).collect();
    let others = changes.edits().iter().filter(|(path, _)| !told.contains(path));
    others.map(|(path, edit)| FileV1 { path: path.as_str(), removed: matches!(edit, Edit::Remove) }).collect()
}

/// What could not be taken, for people.
pub(crate) fn write_rejected(rejected: &[Rejected], context: &mut Context<'_>) -> Result<(), Failure> {
    for rejected in rejected {
        let (message, remedy) = (context.tamed_words(&rejected.message), context.tamed_words(&rejected.remedy));
        let delivery = Shown(&rejected.delivery).to_string();
        let pointer =
            if rejected.pointer.is_empty() { String::new() } else { format!(" {}", Shown(&rejected.pointer)) };
        writeln!(context.out, "rejected[{}]: {delivery}{pointer}: {}", rejected.rule, Shown(&message))?;
        writeln!(context.out, "  = help: {}", Shown(&remedy))?;
    }
    Ok(())
}

/// What changes, for people.
pub(crate) fn write_changes(changes: &ChangeSet, told: Told<'_>, context: &mut Context<'_>) -> Result<(), Failure> {
    for change in changes.changes() {
        let kind = change.kind.word();
        writeln!(context.out, "{kind:9} {} {} ({})", change.id, Shown(&change.package), Shown(change.path.as_str()))?;
        let turns = told.meant.get(&change.path).into_iter().flatten();
        // The line above says that it is new, or where it lies now.
        let turns = turns.filter(|turn| !matches!(turn.kind, TurnKind::Created | TurnKind::Moved));
        write_turns(turns, "    ", context)?;
    }
    Ok(())
}

/// What became of the plan, for people.
pub(crate) fn write_end(changes: &ChangeSet, told: Told<'_>, context: &mut Context<'_>) -> Result<(), Failure> {
    let Told { landing, commit, .. } = told;
    if !told.guarded.is_empty() {
        let counts: Vec<String> = told.guarded.iter().map(|taken| format!("--allow {taken}")).collect();
        let counts = counts.join(" ");
        return Ok(writeln!(
            context.out,
            "nothing is written: this takes many reports away; if it is right, add {counts}"
        )?);
    }
    let files = count(changes.edits().len(), "file");
    let end = match commit {
        _ if changes.is_empty() => "nothing to write".to_owned(),
        Some(commit) => match &landing.push {
            Some(remote) => format!("committed {commit}, and pushed to {}", Shown(remote)),
            None => format!("committed {commit}"),
        },
        None if landing.write => format!("written: {files}"),
        None => format!("a plan for {files}; `--commit` commits it, `--write` writes it to the working tree"),
    };
    Ok(writeln!(context.out, "{end}")?)
}
