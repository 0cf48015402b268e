//! What a plan says, for every command that changes the database: for people, and as `malpkg.plan`.

use curate::Narrowing;
use database::{ChangeSet, Plan, Rejected};
use serde::Serialize;

use super::Landing;
use crate::context::Context;
use crate::display::{Shown, count};
use crate::failure::Failure;

#[derive(Serialize)]
struct PlanV1<'p> {
    format: &'static str,
    version: u32,
    base: Option<&'p str>,
    commit: Option<&'p str>,
    status: &'static str,
    rejected: Vec<RejectedV1<'p>>,
    skipped: Vec<SkippedV1<'p>>,
    narrowed: Vec<NarrowedV1<'p>>,
    changes: Vec<ChangeV1<'p>>,
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
    /// One line of counts, for people.
    pub(crate) summary: &'t str,
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
            status: "done",
            rejected: rejected.collect(),
            skipped: plan
                .skipped
                .iter()
                .map(|skipped| SkippedV1 { path: &skipped.delivery, reason: &skipped.reason })
                .collect(),
            narrowed: narrowed
                .iter()
                .map(|one| NarrowedV1 { path: one.path.as_str(), id: &one.id, kept: &one.kept, cleared: &one.cleared })
                .collect(),
            changes: changes_v1(&plan.changes),
        });
    }
    write_rejected(&plan.rejected, context)?;
    for skipped in &plan.skipped {
        writeln!(context.out, "unchanged {}: {}", Shown(&skipped.delivery), Shown(&skipped.reason))?;
    }
    write_changes(&plan.changes, context)?;
    for one in narrowed {
        let list = |versions: &[String]| if versions.is_empty() { "none".to_owned() } else { versions.join(", ") };
        writeln!(context.out, "  {} malicious: {}", one.id, Shown(&list(&one.kept)))?;
        writeln!(context.out, "  {} cleared: {}", one.id, Shown(&list(&one.cleared)))?;
    }
    writeln!(context.out, "{}", told.summary)?;
    write_end(&plan.changes, told.landing, told.commit, context)
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
pub(crate) fn write_changes(changes: &ChangeSet, context: &mut Context<'_>) -> Result<(), Failure> {
    for change in changes.changes() {
        let kind = change.kind.word();
        writeln!(context.out, "{kind:9} {} {} ({})", change.id, Shown(&change.package), Shown(change.path.as_str()))?;
    }
    Ok(())
}

/// What became of the plan, for people.
pub(crate) fn write_end(
    changes: &ChangeSet,
    landing: &Landing,
    commit: Option<&str>,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
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
