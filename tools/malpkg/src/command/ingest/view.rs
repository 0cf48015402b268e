//! What an ingest says: for people, and as `malpkg.ingest`.

use serde::Serialize;

use super::Arguments;
use super::plan::{Planned, Tally};
use crate::context::Context;
use crate::display::Shown;
use crate::failure::Failure;
use crate::landing::Landed;
use crate::landing::view::{ChangeV1, Told, changes_v1, write_changes, write_end, write_rejected};

#[derive(Serialize)]
struct IngestV1<'i> {
    format: &'static str,
    version: u32,
    base: Option<&'i str>,
    commit: Option<&'i str>,
    status: &'static str,
    sources: Vec<SourceV1<'i>>,
    rejected: Vec<RejectedV1<'i>>,
    skipped: Vec<SkippedV1<'i>>,
    changes: Vec<ChangeV1<'i>>,
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
    cursor: Option<&'i str>,
    seconds: f64,
    error: Option<&'i str>,
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

pub(super) fn write_json(
    arguments: &Arguments,
    landed: &Landed<Planned>,
    seconds: f64,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let planned = &landed.planned;
    let tally = planned.tally;
    let source = SourceV1 {
        id: &arguments.source,
        deliveries: tally.deliveries,
        created: tally.created,
        joined: tally.joined,
        unchanged: tally.unchanged,
        withdrawn: tally.withdrawn,
        rejected: tally.rejected,
        skipped: tally.skipped,
        cursor: planned.settled.cursor.as_deref(),
        seconds: (seconds * 1000.0).round() / 1000.0,
        error: None,
    };
    let rejected = planned.plan.rejected.iter().map(|rejected| RejectedV1 {
        source: &rejected.source,
        delivery: &rejected.delivery,
        rule: rejected.rule,
        pointer: &rejected.pointer,
        message: &rejected.message,
        remedy: &rejected.remedy,
        quarantine: planned.settled.quarantine.get(&rejected.delivery).map(String::as_str),
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
        status: landed.status(),
        sources: vec![source],
        rejected: rejected.collect(),
        skipped: skipped.collect(),
        changes: changes_v1(&planned.plan.changes),
    })
}

pub(super) fn write_text(
    arguments: &Arguments,
    landed: &Landed<Planned>,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let planned = &landed.planned;
    write_rejected(&planned.plan.rejected, context)?;
    for skipped in &planned.plan.skipped {
        writeln!(context.out, "skipped: {}: {}", Shown(&skipped.delivery), Shown(&skipped.reason))?;
    }
    write_changes(&planned.plan.changes, context)?;
    let Tally { deliveries, created, joined, unchanged, withdrawn, rejected, skipped } = planned.tally;
    let summary = format!(
        "{}: {deliveries} read, {created} created, {joined} joined, {withdrawn} taken back, {unchanged} known already, {skipped} skipped, {rejected} rejected",
        arguments.source
    );
    writeln!(context.out, "{summary}")?;
    write_end(&planned.plan.changes, Told::of(landed, &arguments.landing, &summary), context)
}
