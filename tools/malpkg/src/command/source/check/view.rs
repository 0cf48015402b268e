//! What is told of a source that was looked at: for people, and as `malpkg.source`.

use std::collections::BTreeMap;

use database::{Rejected, subject};
use intake::Source;
use serde::Serialize;

use super::{Checked, One};
use crate::command::ingest::fates::FateV1;
use crate::command::ingest::looking::Looked;
use crate::command::source::view::write;
use crate::context::Context;
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::view::write_rejected;

/// How many of each kind people are shown.
const SHOWN_MAX: usize = 10;

#[derive(Serialize)]
struct CheckV1<'s> {
    id: &'s str,
    deliveries: Vec<DeliveryV1<'s>>,
    left_out: usize,
    whole: bool,
    ecosystems: BTreeMap<String, usize>,
    commit: Option<&'s str>,
    rejected: Vec<RejectedV1<'s>>,
    counts: CountsV1,
    new: Vec<&'s str>,
    overlap: Vec<OverlapV1<'s>>,
    conflicts: Vec<ConflictV1<'s>>,
    protected: Vec<ProtectedV1<'s>>,
    /// The first of those that a person should look at.
    suspect: Vec<SuspectV1<'s>>,
    /// What it would take away beyond what may be taken without a word.
    guarded: Vec<String>,
}

#[derive(Serialize)]
struct CountsV1 {
    new: usize,
    overlap: usize,
    conflicts: usize,
    protected: usize,
    suspect: usize,
    refused: usize,
}

#[derive(Serialize)]
struct DeliveryV1<'s> {
    delivery: &'s str,
    id: Option<&'s str>,
    package: Option<String>,
    versions: usize,
    ranges: usize,
    withdrawn: bool,
    modified: Option<&'s str>,
    /// What an ingest would make of it.
    fate: Option<&'s str>,
    report: Option<&'s str>,
}

#[derive(Serialize)]
struct RejectedV1<'s> {
    delivery: &'s str,
    rule: &'s str,
    pointer: &'s str,
    message: &'s str,
    remedy: &'s str,
}

#[derive(Serialize)]
struct OverlapV1<'s> {
    package: &'s str,
    reports: &'s [String],
    withdrawn: &'s [String],
    sources: Vec<&'s str>,
    same: bool,
}

#[derive(Serialize)]
struct ConflictV1<'s> {
    package: &'s str,
    reports: &'s [String],
    only_theirs: &'s [String],
    only_ours: &'s [String],
}

#[derive(Serialize)]
struct ProtectedV1<'s> {
    package: &'s str,
    delivery: &'s str,
    message: &'s str,
}

#[derive(Serialize)]
struct SuspectV1<'s> {
    package: &'s str,
    delivery: &'s str,
    reasons: &'s [&'static str],
}

/// Tells what a source would bring.
pub(in crate::command::source) fn check(
    source: &Source,
    looked: &Looked,
    checked: &Checked,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let exit = Exit::found(!looked.rejected.is_empty());
    let fates: BTreeMap<&str, &FateV1> = looked.fates.iter().map(|fate| (fate.delivery.as_str(), fate)).collect();
    let mut ecosystems: BTreeMap<String, usize> = BTreeMap::new();
    let mut deliveries = Vec::new();
    for delivery in &looked.deliveries {
        let package = subject(&delivery.record).ok().map(|about| about.package);
        let ecosystem = package.as_ref().map_or("unknown", |package| package.ecosystem().base());
        *ecosystems.entry(ecosystem.to_owned()).or_default() += 1;
        let affected = delivery.record.affected.items().first();
        let fate = fates.get(delivery.name.as_str());
        deliveries.push(DeliveryV1 {
            delivery: &delivery.name,
            id: delivery.own_id(),
            package: package.map(|package| package.to_string()),
            versions: affected.map_or(0, |affected| affected.versions.items().len()),
            ranges: affected.map_or(0, |affected| affected.ranges.items().len()),
            withdrawn: delivery.record.is_withdrawn(),
            modified: delivery.record.modified.as_str(),
            fate: fate.map(|fate| fate.fate),
            report: fate.and_then(|fate| fate.report.as_deref()),
        });
    }
    if context.wants_json() {
        write(check_v1(source, looked, checked, deliveries, ecosystems), context)?;
        return Ok(exit);
    }
    write_rejected(&looked.rejected, context)?;
    for delivery in deliveries.iter().take(SHOWN_MAX) {
        let package = delivery.package.as_deref().unwrap_or("no package");
        let versions = match (delivery.versions, delivery.ranges) {
            (0, ranges) => count(ranges, "range"),
            (versions, 0) => count(versions, "version"),
            (versions, ranges) => format!("{}, {}", count(versions, "version"), count(ranges, "range")),
        };
        let withdrawn = if delivery.withdrawn { ", withdrawn" } else { "" };
        let report = delivery.report.map_or_else(String::new, |report| format!(", {report}"));
        let fate = delivery.fate.map_or_else(String::new, |fate| format!(": {fate}{report}"));
        let (name, package) = (Shown(delivery.delivery), Shown(package));
        writeln!(context.out, "{name}: {package} ({versions}{withdrawn}){}", Shown(&fate))?;
    }
    if deliveries.len() > SHOWN_MAX {
        writeln!(context.out, "… and {} more", deliveries.len() - SHOWN_MAX)?;
    }
    write_checked(looked, checked, context)?;
    let by_ecosystem: Vec<String> = ecosystems.iter().map(|(name, number)| format!("{name} {number}")).collect();
    let by_ecosystem = if by_ecosystem.is_empty() { String::new() } else { format!(" ({})", by_ecosystem.join(", ")) };
    let (number, left_out, rejected) = (deliveries.len(), looked.left_out, looked.rejected.len());
    let id = &source.id;
    writeln!(context.out, "{id}: {number} deliveries{by_ecosystem}, {left_out} left out, {rejected} rejected")?;
    Ok(exit)
}

fn check_v1<'s>(
    source: &'s Source,
    looked: &'s Looked,
    checked: &'s Checked,
    deliveries: Vec<DeliveryV1<'s>>,
    ecosystems: BTreeMap<String, usize>,
) -> CheckV1<'s> {
    let conflict = |one: &'s One| ConflictV1 {
        package: &one.package,
        reports: &one.live,
        only_theirs: &one.differing.only_theirs,
        only_ours: &one.differing.only_ours,
    };
    let overlap = |one: &'s One| OverlapV1 {
        package: &one.package,
        reports: &one.live,
        withdrawn: &one.gone,
        sources: one.sources.iter().map(String::as_str).collect(),
        same: one.differing.is_none() && !one.live.is_empty(),
    };
    let told = |rejected: &'s Rejected| RejectedV1 {
        delivery: &rejected.delivery,
        rule: rejected.rule,
        pointer: &rejected.pointer,
        message: &rejected.message,
        remedy: &rejected.remedy,
    };
    let protected = checked.protected.iter();
    let suspects = checked.suspects.iter();
    CheckV1 {
        id: &source.id,
        deliveries,
        left_out: looked.left_out,
        whole: looked.is_whole,
        ecosystems,
        commit: looked.commit.as_deref(),
        counts: CountsV1 {
            new: checked.new.len(),
            overlap: checked.overlap.len(),
            conflicts: checked.conflicts().count(),
            protected: checked.protected.len(),
            suspect: checked.suspect,
            refused: looked.rejected.len(),
        },
        rejected: looked.rejected.iter().map(told).collect(),
        new: checked.new.iter().map(|one| one.package.as_str()).collect(),
        overlap: checked.overlap.iter().map(overlap).collect(),
        conflicts: checked.conflicts().map(conflict).collect(),
        protected: protected
            .map(|one| ProtectedV1 { package: &one.package, delivery: &one.delivery, message: &one.message })
            .collect(),
        suspect: suspects
            .map(|one| SuspectV1 { package: &one.package, delivery: &one.delivery, reasons: &one.reasons })
            .collect(),
        guarded: looked.guarded.iter().map(ToString::to_string).collect(),
    }
}

/// How it stands to what is known, for people.
fn write_checked(looked: &Looked, checked: &Checked, context: &mut Context<'_>) -> Result<(), Failure> {
    let packages = |number: usize| count(number, "package");
    let (same, conflicts) = (
        checked.overlap.iter().filter(|one| one.differing.is_none() && !one.live.is_empty()).count(),
        checked.conflicts().count(),
    );
    writeln!(context.out, "new: {} that no report speaks of", packages(checked.new.len()))?;
    writeln!(
        context.out,
        "overlap: {} that reports speak of: {same} alike, {conflicts} with other versions",
        packages(checked.overlap.len())
    )?;
    for one in checked.conflicts().take(SHOWN_MAX) {
        let line = format!("{} ({}): {}", one.package, one.live.join(", "), one.differing.told());
        writeln!(context.out, "  {}", Shown(&line))?;
    }
    write_more(conflicts, context)?;
    writeln!(context.out, "protected names: {}", checked.protected.len())?;
    for one in checked.protected.iter().take(SHOWN_MAX) {
        let message = context.tamed_words(&one.message);
        writeln!(context.out, "  {} ({}): {}", Shown(&one.package), Shown(&one.delivery), Shown(&message))?;
    }
    write_more(checked.protected.len(), context)?;
    writeln!(context.out, "to look at: {}", packages(checked.suspect))?;
    for one in checked.suspects.iter().take(SHOWN_MAX) {
        let reasons = one.reasons.join(", ");
        writeln!(context.out, "  {} ({}): {reasons}", Shown(&one.package), Shown(&one.delivery))?;
    }
    write_more(checked.suspect, context)?;
    for taken in &looked.guarded {
        writeln!(context.out, "it would take many reports away: {taken}")?;
    }
    Ok(())
}

fn write_more(number: usize, context: &mut Context<'_>) -> Result<(), Failure> {
    match number.checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        Some(more) => Ok(writeln!(context.out, "  … and {more} more")?),
        None => Ok(()),
    }
}
