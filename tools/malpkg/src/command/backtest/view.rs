//! What a backtest says: for people, and as `malpkg.backtest`.

use std::collections::BTreeMap;
use std::path::Path;

use osv_schema::Timestamp;
use serde::Serialize;

use super::at_hand::{AtHandV1, DifferentV1};
use super::past::Past;
use super::replay::Outcome;
use crate::command::ingest::fates::FateV1;
use crate::context::Context;
use crate::display::{Shown, count};
use crate::failure::Failure;
use crate::scores::{median_days, share};

/// How many of each kind people are shown.
const SHOWN_MAX: usize = 10;

/// What there is to tell.
pub(super) struct Told<'t> {
    pub(super) commit: Option<String>,
    pub(super) since: Timestamp,
    pub(super) config: &'t Path,
    pub(super) past: &'t [Past],
    pub(super) before: Outcome,
    pub(super) after: Outcome,
    /// What waits in quarantine and would be taken.
    pub(super) gained: Vec<FateV1>,
    /// Documents at hand, where a source was named.
    pub(super) at_hand: Option<AtHandV1>,
}

#[derive(Serialize)]
struct BacktestV1<'t> {
    format: &'static str,
    version: u32,
    commit: Option<&'t str>,
    config: String,
    since: String,
    /// How many deliveries were taken in since then.
    deliveries: usize,
    packages: usize,
    before: SideV1,
    after: SideV1,
    /// Packages that would not be flagged.
    lost: Vec<LostV1<'t>>,
    /// What waits in quarantine and would be taken.
    gained: Vec<GainedV1<'t>>,
    /// Packages that would be flagged at another time.
    moved: Vec<MovedV1<'t>>,
    /// Of those, half are later by more days than this; less than nothing where earlier.
    moved_days: Option<f64>,
    /// Packages at which somebody would have to look, and did not have to.
    to_review: Vec<&'t str>,
    /// Packages at which nobody would have to look any more.
    to_nobody: Vec<&'t str>,
    /// Documents at hand, where a source was named.
    at_hand: Option<&'t AtHandV1>,
}

/// What one configuration makes of the deliveries.
#[derive(Serialize)]
struct SideV1 {
    taken: usize,
    refused: usize,
    refused_share: f64,
    /// By rule, or `paused`, `undeclared` and `left-out`.
    reasons: BTreeMap<String, usize>,
    flagged: usize,
    /// Of those, the ones that were taken back in the end.
    withdrawn_later: usize,
    withdrawn_share: f64,
    /// And those that people narrowed.
    narrowed_later: usize,
    narrowed_share: f64,
    /// Those at which somebody would have to look, for want of trust in the sources.
    review: usize,
    guarded: Vec<GuardedV1>,
}

/// A run that would take too much away without a word.
#[derive(Serialize)]
struct GuardedV1 {
    source: String,
    time: String,
    takes: String,
}

#[derive(Serialize)]
struct LostV1<'t> {
    package: &'t str,
    report: &'t str,
    reason: &'t str,
    withdrawn_later: bool,
}

#[derive(Serialize)]
struct GainedV1<'t> {
    package: Option<&'t str>,
    source: &'t str,
    delivery: &'t str,
}

#[derive(Serialize)]
struct MovedV1<'t> {
    package: &'t str,
    report: &'t str,
    before: String,
    after: String,
    days: f64,
}

pub(super) fn write(told: &Told<'_>, context: &mut Context<'_>) -> Result<(), Failure> {
    let document = document(told);
    if context.wants_json() {
        return context.write_json(&document);
    }
    write_text(&document, context)
}

fn document<'t>(told: &'t Told<'_>) -> BacktestV1<'t> {
    let (before, after) = (&told.before, &told.after);
    let mut seconds = Vec::new();
    let (mut lost, mut moved) = (Vec::new(), Vec::new());
    for (&number, &was) in &before.flagged {
        let one = &told.past[number];
        match after.flagged.get(&number) {
            None => lost.push(LostV1 {
                package: &one.package,
                report: &one.id,
                reason: after.why.get(&number).map_or("", String::as_str),
                withdrawn_later: one.is_withdrawn,
            }),
            Some(&is) if is != was => {
                let later = is.unix() - was.unix();
                seconds.push(later);
                moved.push(MovedV1 {
                    package: &one.package,
                    report: &one.id,
                    before: was.to_string(),
                    after: is.to_string(),
                    days: median_days(&[later]).unwrap_or_default(),
                });
            }
            Some(_) => {}
        }
    }
    let looked = |more: &'t Outcome, less: &'t Outcome| {
        let is_new = |number: &&usize| !less.review.contains(number) && less.flagged.contains_key(number);
        more.review.iter().filter(is_new).map(|&number| told.past[number].package.as_str()).collect()
    };
    BacktestV1 {
        format: "malpkg.backtest",
        version: 1,
        commit: told.commit.as_deref(),
        config: told.config.display().to_string(),
        since: told.since.to_string(),
        deliveries: told.past.iter().map(|one| one.delivered.len()).sum(),
        packages: told.past.len(),
        before: side(before, told.past),
        after: side(after, told.past),
        lost,
        gained: told
            .gained
            .iter()
            .map(|fate| GainedV1 { package: fate.package.as_deref(), source: &fate.source, delivery: &fate.delivery })
            .collect(),
        moved,
        moved_days: median_days(&seconds),
        to_review: looked(after, before),
        to_nobody: looked(before, after),
        at_hand: told.at_hand.as_ref(),
    }
}

fn side(outcome: &Outcome, past: &[Past]) -> SideV1 {
    let refused: usize = outcome.refused.values().sum();
    let flagged = || outcome.flagged.keys().map(|&number| &past[number]);
    let (withdrawn, narrowed) =
        (flagged().filter(|one| one.is_withdrawn).count(), flagged().filter(|one| one.is_narrowed).count());
    let guarded = outcome.guarded.iter().map(|(source, time, taken)| GuardedV1 {
        source: source.clone(),
        time: time.to_string(),
        takes: taken.to_string(),
    });
    SideV1 {
        taken: outcome.taken,
        refused,
        refused_share: share(refused, refused + outcome.taken),
        reasons: outcome.refused.clone(),
        flagged: outcome.flagged.len(),
        withdrawn_later: withdrawn,
        withdrawn_share: share(withdrawn, outcome.flagged.len()),
        narrowed_later: narrowed,
        narrowed_share: share(narrowed, outcome.flagged.len()),
        review: outcome.review.len(),
        guarded: guarded.collect(),
    }
}

fn write_text(document: &BacktestV1<'_>, context: &mut Context<'_>) -> Result<(), Failure> {
    let (before, after) = (&document.before, &document.after);
    let deliveries = count(document.deliveries, "delivery");
    let packages = count(document.packages, "package");
    writeln!(context.out, "{deliveries} on {packages} since {}", document.since)?;
    writeln!(context.out, "{:>10} {:>10}", "today", "then")?;
    for (what, was, is) in [
        ("deliveries taken", before.taken, after.taken),
        ("deliveries refused", before.refused, after.refused),
        ("packages flagged", before.flagged, after.flagged),
        ("of those taken back later", before.withdrawn_later, after.withdrawn_later),
        ("of those narrowed later", before.narrowed_later, after.narrowed_later),
        ("of those for a person to look at", before.review, after.review),
        ("runs that the guard would hold", before.guarded.len(), after.guarded.len()),
    ] {
        writeln!(context.out, "{was:>10} {is:>10}  {what}")?;
    }
    for (reason, number) in &after.reasons {
        writeln!(context.out, "refused then: {number} {}", Shown(reason))?;
    }
    let lost = document.lost.iter().map(|one| {
        let later = if one.withdrawn_later { ", taken back later" } else { "" };
        format!("{} ({}): {}{later}", one.package, one.report, one.reason)
    });
    write_list("not flagged any more", lost, context)?;
    let gained = document.gained.iter().map(|one| {
        let package = one.package.unwrap_or("no package");
        format!("{package} ({} {})", one.source, one.delivery)
    });
    write_list("taken out of the quarantine", gained, context)?;
    let moved = document.moved.iter().map(|one| {
        let days = one.days.abs();
        let side = if one.days < 0.0 { "earlier" } else { "later" };
        format!("{} ({}): {days} days {side}", one.package, one.report)
    });
    write_list("flagged at another time", moved, context)?;
    write_list("for a person to look at", document.to_review.iter().map(|package| (*package).to_owned()), context)?;
    write_list("for nobody to look at", document.to_nobody.iter().map(|package| (*package).to_owned()), context)?;
    document.at_hand.map_or(Ok(()), |at_hand| write_at_hand(at_hand, context))
}

fn write_at_hand(at_hand: &AtHandV1, context: &mut Context<'_>) -> Result<(), Failure> {
    writeln!(context.out, "\ndocuments of {} at hand", at_hand.source)?;
    let (before, after) = (&at_hand.before, &at_hand.after);
    for (what, was, is) in [
        ("taken", before.taken, after.taken),
        ("rejected", before.rejected, after.rejected),
        ("left out", before.left_out, after.left_out),
    ] {
        writeln!(context.out, "{was:>10} {is:>10}  {what}")?;
    }
    let told = |one: &DifferentV1| {
        let package = one.package.as_deref().unwrap_or("no package");
        format!("{package} ({}): {}", one.delivery, one.reason)
    };
    write_list("taken only today", at_hand.lost.iter().map(told), context)?;
    write_list("taken only then", at_hand.gained.iter().map(told), context)
}

fn write_list(
    heading: &str,
    lines: impl ExactSizeIterator<Item = String>,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let number = lines.len();
    if number > 0 {
        writeln!(context.out, "\n{heading}: {number}")?;
    }
    for line in lines.take(SHOWN_MAX) {
        writeln!(context.out, "  {}", Shown(&line))?;
    }
    if number > SHOWN_MAX {
        writeln!(context.out, "  … and {} more", number - SHOWN_MAX)?;
    }
    Ok(())
}
