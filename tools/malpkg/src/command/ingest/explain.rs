//! `malpkg ingest --explain`: what became of the deliveries that a word means, now or before.

use std::collections::BTreeSet;

use curate::Streams;
use database::{Place, Report, Snapshot, TreePath, subject};
use intake::Held;
use osv_schema::Origin;

use super::fates::FateV1;
use super::reading::Read;
use crate::aliases::Aliases;
use crate::context::{Context, Reading};
use crate::display::Shown;
use crate::failure::Failure;
use crate::resolve::{self, Meant};
use crate::streams::TreeStreams;
use crate::waiting::held;

/// What the database knows of deliveries that are not among what was read: what waits in the quarantine, and what reports
/// have taken in. A name that means no delivery means nothing.
pub(super) fn known(word: &str, read: &Read<'_>, reading: &Reading) -> Result<Vec<FateV1>, Failure> {
    let asked: BTreeSet<&str> = read.runs.iter().map(|run| run.id.as_str()).collect();
    let mut told: Vec<FateV1> = held(&reading.snapshot)?
        .iter()
        .filter(|held| asked.contains(held.source.as_str()) && (held.delivery == word || is_key(held, word)))
        .map(of_held)
        .collect();
    let mut paths: BTreeSet<TreePath> = BTreeSet::new();
    let streams = TreeStreams::new(reading);
    for source in &asked {
        paths.extend(streams.holders(source, word).map_err(Failure::new)?);
    }
    let of_stream = !paths.is_empty();
    if !of_stream {
        // It may be a report, or the package of one; what is none of these has no delivery either.
        let meant = resolve::resolve(word, None, Some(read.store), &Aliases::new(&reading.snapshot));
        let found = meant.map_or_else(|_| Vec::new(), |Meant { statements, .. }| statements);
        paths.extend(found.into_iter().map(|statement| statement.path));
    }
    for path in paths {
        let is_asked = |origin: &Origin| {
            let source = origin.source.as_str().unwrap_or_default();
            asked.contains(source) && (!of_stream || origin.id.as_str() == Some(word))
        };
        told.extend(of_report(&path, &reading.snapshot, is_asked)?);
    }
    Ok(told)
}

fn is_key(held: &Held, word: &str) -> bool {
    /// Fewer digits of a key may be anything.
    const DIGITS_MIN: usize = 8;
    word.len() >= DIGITS_MIN && held.key.starts_with(word)
}

fn of_held(held: &Held) -> FateV1 {
    FateV1 {
        source: held.source.clone(),
        delivery: held.delivery.clone(),
        sha256: Some(held.sha256.clone()).filter(|sha256| !sha256.is_empty()),
        fate: "waiting",
        rule: Some(held.rule.clone()),
        pointer: Some(held.pointer.clone()),
        message: format!("{} (in quarantine since {})", held.message, held.first_seen),
        remedy: Some(held.remedy.clone()),
        quarantine: held.path("reason.toml").map(|path| path.to_string()),
        ..FateV1::default()
    }
}

/// The deliveries that a report has taken in.
fn of_report(path: &TreePath, snapshot: &Snapshot, is_asked: impl Fn(&Origin) -> bool) -> Result<Vec<FateV1>, Failure> {
    let Some(bytes) = snapshot.read_path(path.as_str())? else { return Ok(Vec::new()) };
    let Some(record) = Report::read(path, &bytes).record else { return Ok(Vec::new()) };
    let package = subject(&record).ok().map(|about| about.package.to_string());
    let text = |member: &osv_schema::Member<String>| member.as_str().map(str::to_owned);
    let one = |origin: Origin| {
        let since = text(&origin.import_time).unwrap_or_else(|| "an unknown time".to_owned());
        let after = match (text(&origin.withdrawn), text(&origin.moved_to)) {
            (_, Some(other)) => format!(", and its source speaks of {other} since"),
            (Some(time), None) => format!(", taken back by its source at {time}"),
            (None, None) => String::new(),
        };
        let id = text(&origin.id);
        FateV1 {
            source: text(&origin.source).unwrap_or_default(),
            delivery: id.clone().unwrap_or_default(),
            id,
            package: package.clone(),
            sha256: text(&origin.sha256),
            fate: "known",
            report: Place::of(path).map(|place| place.stem.to_owned()),
            path: Some(path.to_string()),
            message: format!("taken in at {since}{after}"),
            ..FateV1::default()
        }
    };
    Ok(record.origins().into_iter().filter(is_asked).map(one).collect())
}

/// The fates for people.
pub(super) fn write(word: &str, fates: &[FateV1], context: &mut Context<'_>) -> Result<(), Failure> {
    for one in fates {
        let name = [Some(one.delivery.as_str()), one.id.as_deref().filter(|id| *id != one.delivery)];
        let name: Vec<&str> = name.into_iter().flatten().filter(|name| !name.is_empty()).collect();
        let rule = one.rule.as_ref().map_or_else(String::new, |rule| format!("[{rule}]"));
        let head = format!("{} {}: {}{rule}", one.source, name.join(" "), one.fate);
        let place = [one.report.as_deref(), one.package.as_deref()];
        let place: Vec<&str> = place.into_iter().flatten().collect();
        let place = if place.is_empty() { String::new() } else { format!(", {}", place.join(" on ")) };
        writeln!(context.out, "{}", Shown(&format!("{head}{place}")))?;
        let pointer = one.pointer.as_deref().filter(|pointer| !pointer.is_empty());
        let pointer = pointer.map_or_else(String::new, |pointer| format!("{pointer}: "));
        let message = context.tamed_words(&one.message);
        writeln!(context.out, "  {}{}", Shown(&pointer), Shown(&message))?;
        if let Some(remedy) = &one.remedy {
            let remedy = context.tamed_words(remedy);
            writeln!(context.out, "  = help: {}", Shown(&remedy))?;
        }
        for path in [&one.path, &one.quarantine].into_iter().flatten() {
            writeln!(context.out, "  {}", Shown(path))?;
        }
    }
    if fates.is_empty() {
        writeln!(
            context.out,
            "nothing that was read is called {}, and no report and no quarantine knows it",
            Shown(word)
        )?;
    }
    Ok(())
}
