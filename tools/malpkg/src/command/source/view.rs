//! What is told of sources: for people, and as `malpkg.source`.

use std::collections::BTreeMap;

use database::subject;
use intake::keys::KEYS;
use intake::table::FIELDS;
use intake::{Cursor, OwnIds, Reading, Source};
use serde::Serialize;

use crate::context::Context;
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::view::write_rejected;

/// How many deliveries people are shown.
const SHOWN_MAX: usize = 10;

#[derive(Serialize)]
struct SourceV1<T: Serialize> {
    format: &'static str,
    version: u32,
    #[serde(flatten)]
    told: T,
}

#[derive(Serialize)]
struct KeysV1 {
    keys: Vec<KeyV1>,
    fields: Vec<FieldV1>,
}

#[derive(Serialize)]
struct KeyV1 {
    name: &'static str,
    holds: String,
    default: &'static str,
    meaning: &'static str,
}

#[derive(Serialize)]
struct FieldV1 {
    name: &'static str,
    meaning: &'static str,
}

#[derive(Serialize)]
struct StatusV1<'s> {
    sources: Vec<OneV1<'s>>,
}

#[derive(Serialize)]
struct OneV1<'s> {
    id: &'s str,
    format: &'static str,
    from: Option<&'s str>,
    branch: Option<&'s str>,
    own_ids: &'static str,
    complete: bool,
    trust: &'s str,
    licence: Option<&'s str>,
    paused: Option<&'s str>,
    commit: Option<&'s str>,
    cursor: Option<String>,
    last_success: Option<String>,
    quarantined: usize,
}

#[derive(Serialize)]
struct CheckV1<'s> {
    id: &'s str,
    deliveries: Vec<DeliveryV1<'s>>,
    left_out: usize,
    whole: bool,
    ecosystems: BTreeMap<String, usize>,
    commit: Option<&'s str>,
    rejected: Vec<RejectedV1<'s>>,
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
}

#[derive(Serialize)]
struct RejectedV1<'s> {
    delivery: &'s str,
    rule: &'s str,
    pointer: &'s str,
    message: &'s str,
    remedy: &'s str,
}

/// One source and where it stands.
pub(super) struct Status<'s> {
    pub(super) source: &'s Source,
    pub(super) cursor: Option<Cursor>,
    pub(super) held: usize,
}

fn write(told: impl Serialize, context: &mut Context<'_>) -> Result<(), Failure> {
    context.write_json(&SourceV1 { format: "malpkg.source", version: 1, told })
}

/// Every key and every field.
pub(super) fn keys(context: &mut Context<'_>) -> Result<Exit, Failure> {
    if context.wants_json() {
        let key = |key: &intake::keys::Key| KeyV1 {
            name: key.name,
            holds: key.holds.shown(),
            default: key.default,
            meaning: key.meaning,
        };
        let field = |field: &intake::table::Field| FieldV1 { name: field.name, meaning: field.meaning };
        let told = KeysV1 { keys: KEYS.iter().map(key).collect(), fields: FIELDS.iter().map(field).collect() };
        write(told, context)?;
        return Ok(Exit::Done);
    }
    writeln!(context.out, "keys of [source.ID] in malpkg.toml:")?;
    for key in KEYS {
        writeln!(context.out, "  {} ({}; without it: {})", key.name, key.holds.shown(), key.default)?;
        writeln!(context.out, "      {}", key.meaning)?;
    }
    writeln!(context.out, "fields of a table, for `columns`, `values` and `words`:")?;
    let width = FIELDS.iter().map(|field| field.name.len()).max().unwrap_or_default();
    for field in FIELDS {
        writeln!(context.out, "  {:width$} {}", field.name, field.meaning)?;
    }
    Ok(Exit::Done)
}

/// The sources, one a line.
pub(super) fn status(sources: &[Status<'_>], context: &mut Context<'_>) -> Result<Exit, Failure> {
    if context.wants_json() {
        let told = StatusV1 {
            sources: sources
                .iter()
                .map(|Status { source, cursor, held }| OneV1 {
                    id: &source.id,
                    format: source.format.word(),
                    from: source.from.as_deref(),
                    branch: source.branch.as_deref(),
                    own_ids: own_ids(source.own_ids),
                    complete: source.is_complete,
                    trust: &source.trust,
                    licence: source.licence.as_deref(),
                    paused: source.paused.as_deref(),
                    commit: cursor.as_ref().and_then(|cursor| cursor.commit.as_deref()),
                    cursor: cursor.as_ref().map(Cursor::shown),
                    last_success: cursor.as_ref().map(|cursor| cursor.time.to_string()),
                    quarantined: *held,
                })
                .collect(),
        };
        write(told, context)?;
        return Ok(Exit::Done);
    }
    if sources.is_empty() {
        writeln!(context.out, "no source is declared; `malpkg source status --keys` says how")?;
    }
    for Status { source, cursor, held } in sources {
        let from = source.from.as_deref().unwrap_or("what is named on the command line");
        writeln!(context.out, "{} ({}) from {}", source.id, source.format.word(), Shown(from))?;
        if let Some(reason) = &source.paused {
            writeln!(context.out, "  paused: {}", Shown(reason))?;
        }
        match cursor {
            Some(cursor) => {
                writeln!(context.out, "  last brought something at {}, up to {}", cursor.time, Shown(&cursor.shown()))?;
            }
            None => writeln!(context.out, "  has no cursor: all of it is read")?,
        }
        if let Some(licence) = &source.licence {
            writeln!(context.out, "  licence: {}", Shown(licence))?;
        }
        if *held > 0 {
            let held = count(*held, "document");
            writeln!(context.out, "  {held} in quarantine; `malpkg quarantine list {}` shows them", source.id)?;
        }
    }
    Ok(Exit::Done)
}

fn own_ids(own_ids: OwnIds) -> &'static str {
    match own_ids {
        OwnIds::Alias => "alias",
        OwnIds::Keep => "keep",
        OwnIds::Drop => "drop",
    }
}

/// What a source would deliver.
pub(super) fn check(source: &Source, reading: &Reading, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let taken = &reading.taken;
    let mut ecosystems: BTreeMap<String, usize> = BTreeMap::new();
    let mut deliveries = Vec::new();
    for delivery in &taken.deliveries {
        let package = subject(&delivery.record).ok().map(|about| about.package);
        let ecosystem = package.as_ref().map_or("unknown", |package| package.ecosystem().base());
        *ecosystems.entry(ecosystem.to_owned()).or_default() += 1;
        let affected = delivery.record.affected.items().first();
        deliveries.push(DeliveryV1 {
            delivery: &delivery.name,
            id: delivery.own_id(),
            package: package.map(|package| package.to_string()),
            versions: affected.map_or(0, |affected| affected.versions.items().len()),
            ranges: affected.map_or(0, |affected| affected.ranges.items().len()),
            withdrawn: delivery.record.is_withdrawn(),
            modified: delivery.record.modified.as_str(),
        });
    }
    let exit = Exit::found(!taken.refused.is_empty());
    let commit = reading.cursor.as_ref().and_then(|cursor| cursor.commit.as_deref());
    if context.wants_json() {
        let rejected = taken.refused.iter().map(|refused| RejectedV1 {
            delivery: &refused.rejected.delivery,
            rule: refused.rejected.rule,
            pointer: &refused.rejected.pointer,
            message: &refused.rejected.message,
            remedy: &refused.rejected.remedy,
        });
        let (left_out, whole, rejected) = (taken.left_out, reading.is_whole, rejected.collect());
        write(CheckV1 { id: &source.id, deliveries, left_out, whole, ecosystems, commit, rejected }, context)?;
        return Ok(exit);
    }
    let rejected: Vec<database::Rejected> = taken.refused.iter().map(|refused| refused.rejected.clone()).collect();
    write_rejected(&rejected, context)?;
    for delivery in deliveries.iter().take(SHOWN_MAX) {
        let package = delivery.package.as_deref().unwrap_or("no package");
        let versions = match (delivery.versions, delivery.ranges) {
            (0, ranges) => count(ranges, "range"),
            (versions, 0) => count(versions, "version"),
            (versions, ranges) => format!("{}, {}", count(versions, "version"), count(ranges, "range")),
        };
        let withdrawn = if delivery.withdrawn { ", withdrawn" } else { "" };
        writeln!(context.out, "{}: {} ({versions}{withdrawn})", Shown(delivery.delivery), Shown(package))?;
    }
    if deliveries.len() > SHOWN_MAX {
        writeln!(context.out, "… and {} more", deliveries.len() - SHOWN_MAX)?;
    }
    let by_ecosystem: Vec<String> = ecosystems.iter().map(|(name, number)| format!("{name} {number}")).collect();
    let by_ecosystem = if by_ecosystem.is_empty() { String::new() } else { format!(" ({})", by_ecosystem.join(", ")) };
    writeln!(
        context.out,
        "{}: {} deliveries{by_ecosystem}, {} left out, {} rejected",
        source.id,
        deliveries.len(),
        taken.left_out,
        rejected.len()
    )?;
    Ok(exit)
}
