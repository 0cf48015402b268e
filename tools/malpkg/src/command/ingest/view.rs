//! What an ingest says: for people, and as `malpkg.ingest`.

use std::collections::BTreeMap;

use database::{Plan, Rejected};
use serde::Serialize;

use super::fates::FateV1;
use super::plan::{OfSource, Planned};
use super::{Arguments, explain, status};
use crate::context::Context;
use crate::display::{Shown, count};
use crate::failure::Failure;
use crate::landing::Landed;
use crate::landing::view::{ChangeV1, Told, changes_v1, write_changes, write_end, write_rejected};
use crate::sources::Settled;

#[derive(Serialize)]
struct IngestV1<'i> {
    format: &'static str,
    version: u32,
    base: Option<&'i str>,
    commit: Option<&'i str>,
    status: &'static str,
    /// What has to be typed behind `--allow`, where the plan takes too much away.
    guarded: Vec<String>,
    sources: Vec<SourceV1<'i>>,
    rejected: Vec<RejectedV1<'i>>,
    skipped: Vec<SkippedV1<'i>>,
    changes: Vec<ChangeV1<'i>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explained: Option<&'i [FateV1]>,
}

#[derive(Serialize)]
struct SourceV1<'i> {
    id: &'i str,
    deliveries: usize,
    created: usize,
    joined: usize,
    unchanged: usize,
    withdrawn: usize,
    rejected: usize,
    skipped: usize,
    left_out: usize,
    cursor: Option<&'i str>,
    seconds: f64,
    error: Option<String>,
    guarded: Vec<String>,
    /// Where its quarantine is full.
    full: Option<FullV1>,
}

#[derive(Serialize)]
struct FullV1 {
    /// How many documents are not kept.
    unkept: usize,
    remedy: String,
}

#[derive(Serialize)]
struct RejectedV1<'i> {
    source: &'i str,
    delivery: &'i str,
    rule: &'i str,
    pointer: &'i str,
    message: &'i str,
    remedy: &'i str,
    quarantine: Option<&'i str>,
}

#[derive(Serialize)]
struct SkippedV1<'i> {
    source: &'i str,
    delivery: &'i str,
    reason: &'i str,
}

pub(super) fn write_json(landed: &Landed<Planned>, seconds: f64, context: &mut Context<'_>) -> Result<(), Failure> {
    let planned = &landed.planned;
    // Of several sources the planning is nobody's own.
    let whole = (planned.sources.len() == 1).then_some(seconds);
    let settled: BTreeMap<&str, &Settled> =
        planned.sources.iter().map(|source| (source.id.as_str(), &source.settled)).collect();
    let quarantine = |rejected: &Rejected| settled.get(rejected.source.as_str())?.quarantine.get(&rejected.delivery);
    let rejected = planned.plan.rejected.iter().map(|rejected| RejectedV1 {
        source: &rejected.source,
        delivery: &rejected.delivery,
        rule: rejected.rule,
        pointer: &rejected.pointer,
        message: &rejected.message,
        remedy: &rejected.remedy,
        quarantine: quarantine(rejected).map(String::as_str),
    });
    let skipped = planned.plan.skipped.iter().map(|skipped| SkippedV1 {
        source: &skipped.source,
        delivery: &skipped.delivery,
        reason: &skipped.reason,
    });
    context.write_json(&IngestV1 {
        format: "malpkg.ingest",
        version: 1,
        base: landed.base.as_deref(),
        commit: landed.commit.as_deref(),
        status: status(landed),
        guarded: landed.guarded.iter().map(ToString::to_string).collect(),
        sources: planned.sources.iter().map(|source| source_v1(source, whole)).collect(),
        rejected: rejected.collect(),
        skipped: skipped.collect(),
        changes: changes_v1(&planned.plan.changes),
        explained: planned.fates.as_deref(),
    })
}

fn source_v1(source: &OfSource, whole: Option<f64>) -> SourceV1<'_> {
    let tally = &source.tally;
    SourceV1 {
        id: &source.id,
        deliveries: tally.deliveries,
        created: tally.created,
        joined: tally.joined,
        unchanged: tally.unchanged,
        withdrawn: tally.withdrawn,
        rejected: tally.rejected,
        skipped: tally.skipped,
        left_out: source.left_out,
        cursor: source.settled.cursor.as_deref(),
        seconds: (whole.unwrap_or(source.seconds) * 1000.0).round() / 1000.0,
        error: source.failure.as_ref().map(Failure::told),
        guarded: source.guarded.iter().map(ToString::to_string).collect(),
        full: match source.settled.unkept {
            0 => None,
            unkept => Some(FullV1 { unkept, remedy: Settled::remedy(&source.id) }),
        },
    }
}

pub(super) fn write_text(
    arguments: &Arguments,
    landed: &Landed<Planned>,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let planned = &landed.planned;
    let summary = String::new();
    let told = Told::of(landed, &arguments.landing, &summary);
    match (&arguments.explain, &planned.fates) {
        (Some(word), Some(fates)) => explain::write(word, fates, context)?,
        _ => write_all(&planned.plan, told, context)?,
    }
    for source in &planned.sources {
        if let Some(failure) = &source.failure {
            writeln!(context.err, "{}: {failure}", source.id)?;
        } else if source.guarded.is_empty() {
            let left_out = match source.left_out {
                0 => String::new(),
                left_out => format!(", {left_out} left out"),
            };
            writeln!(context.out, "{}: {}{left_out}", source.id, source.tally)?;
        } else {
            let allow: Vec<String> = source.guarded.iter().map(|taken| format!("--allow {taken}")).collect();
            let command = format!("malpkg ingest --source {} {}", source.id, allow.join(" "));
            writeln!(context.out, "{}: left out: it takes many reports away; if that is right: {command}", source.id)?;
        }
        if source.settled.unkept > 0 {
            let documents = count(source.settled.unkept, "document");
            let (id, remedy) = (&source.id, Settled::remedy(&source.id));
            writeln!(context.out, "{id}: its quarantine is full: {documents} not kept, to be read again: {remedy}")?;
        }
    }
    write_end(&planned.plan.changes, told, context)
}

fn write_all(plan: &Plan, told: Told<'_>, context: &mut Context<'_>) -> Result<(), Failure> {
    write_rejected(&plan.rejected, context)?;
    for skipped in &plan.skipped {
        writeln!(context.out, "skipped: {}: {}", Shown(&skipped.delivery), Shown(&skipped.reason))?;
    }
    write_changes(&plan.changes, told, context)
}
