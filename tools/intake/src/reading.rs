//! Reading a source: its place, its format and its cursor together.

use std::path::Path;

use curate::Delivery;
use database::Rejected;
use osv_schema::Timestamp;

use crate::bounds::{Bound, Bounds};
use crate::place::Going;
use crate::taking::{Refused, Taken, Taking};
use crate::{Baseline, Cursor, Document, Item, Place, PlaceError, Source};

/// How a source is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The source.
    pub source: &'a Source,
    /// The prefix of our ids.
    pub prefix: &'a str,
    /// The folder into which repositories are fetched.
    pub cache: Option<&'a Path>,
    /// Up to where it was read; none for reading all of it.
    pub since: Option<&'a Cursor>,
    /// When.
    pub now: Timestamp,
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What was taken of it.
    pub taken: Taken,
    /// Whether all of the place was read to its end, and not only what changed: what a complete source does not name
    /// then, it no longer names.
    pub is_whole: bool,
    /// Where the next reading goes on. It is written with the change that this one makes, never alone.
    pub cursor: Option<Cursor>,
}

/// Reads one place of a source.
///
/// # Errors
///
/// The place is not there, or is of a kind that cannot be read. What is wrong with one document is in the reading.
pub fn read(place: &Place, asked: Asked<'_>) -> Result<Reading, PlaceError> {
    let source = asked.source;
    let settings = source.fingerprint();
    let from = source.from.clone().unwrap_or_default();
    let since = asked.since.filter(|cursor| cursor.settings == settings && cursor.from == from);
    let mut taking = Taking::new(source, asked.prefix, asked.now);
    taking.place = place.named().into();
    let wants = |name: &str| Taking::wants(source, name);
    let seen = place.visit(&wants, going(asked, since), &mut |item| taking.take(item))?;
    let mut taken = taking.taken;
    let is_whole = seen.is_whole && seen.broken.is_empty();
    for (name, bound) in &seen.broken {
        taken.refused.push(Refused {
            rejected: broken(source, name, bound),
            sha256: None,
            bytes: None,
            is_final: false,
            place: place.named().into(),
            is_let_go: false,
            made_of: None,
        });
    }
    let cursor = Cursor { commit: seen.commit, marks: seen.marks, from, settings, time: asked.now };
    let cursor = (seen.broken.is_empty() && place.has_cursor()).then_some(cursor);
    Ok(Reading { taken, is_whole, cursor })
}

fn going<'a>(asked: Asked<'a>, since: Option<&'a Cursor>) -> Going<'a> {
    let Asked { source, cache, now, .. } = asked;
    let bounds = Bounds { documents_max: source.documents_max, unpacked_max: source.unpacked_max };
    Going { source, cache, since, now, bounds }
}

/// Counts what the results in a place do, without making verdicts of them.
///
/// # Errors
///
/// The place is not there, or is of a kind that cannot be read.
pub fn baseline(place: &Place, asked: Asked<'_>, counted: &mut Baseline) -> Result<(), PlaceError> {
    let source = asked.source;
    let mut taking = Taking::new(source, asked.prefix, asked.now);
    let wants = |name: &str| Taking::wants(source, name);
    place.visit(&wants, going(asked, None), &mut |item| {
        taking.each(item, |_, document| counted.count(&document));
    })?;
    Ok(())
}

/// Reads documents again that were kept, as if their source had sent them now.
pub fn retake(documents: Vec<Document>, asked: Asked<'_>) -> Taken {
    let mut taking = Taking::new(asked.source, asked.prefix, asked.now);
    for Document { name, bytes } in documents {
        match bytes {
            Ok(bytes) => {
                let size = Some(bytes.len() as u64);
                taking.take(Item { name, size, bytes: Ok(&mut bytes.as_slice()) });
            }
            Err(unread) => taking.take(Item { name, size: None, bytes: Err(unread) }),
        }
    }
    taking.taken
}

/// Reads a record again that was made here of what a source sent, whose SHA-256 is given, under what its settings say now.
/// What is refused is that record still.
pub(crate) fn retake_record(document: Document, made_of: &str, asked: Asked<'_>) -> Taken {
    let mut taking = Taking::new(asked.source, asked.prefix, asked.now);
    taking.take_record(document);
    let mut taken = taking.taken;
    taken.refused.iter_mut().for_each(|one| one.made_of = Some(made_of.to_owned()));
    if !made_of.is_empty() {
        taken.deliveries.iter_mut().for_each(|one| made_of.clone_into(&mut one.sha256));
    }
    taken
}

/// What a source's settings make of one delivery, as if it came now. Of a name that is not kept nothing is asked.
pub fn regard(delivery: Delivery, asked: Asked<'_>) -> Taken {
    let mut taking = Taking::new(asked.source, asked.prefix, asked.now);
    let name = delivery.name.clone();
    match taking.parts(delivery) {
        Ok(parts) => taking.accept(name, parts),
        Err(rejected) => taking.refuse(*rejected, Ok(Vec::new())),
    }
    taking.taken
}

/// An archive that could not be read to its end. What was read of it before counts.
fn broken(source: &Source, name: &str, bound: &Bound) -> Rejected {
    let id = &source.id;
    let remedy = match bound {
        Bound::Damaged(_) => "send the whole archive again".to_owned(),
        Bound::Documents(_) => format!("send fewer at once, or raise documents-max in [source.{id}]"),
        Bound::Unpacked(_) => format!("send less at once, or raise unpacked-max in [source.{id}]"),
        Bound::Ratio => "look at the archive by hand: no reports are packed as densely".to_owned(),
    };
    Rejected {
        source: id.clone(),
        delivery: name.to_owned(),
        rule: "unreadable-report",
        pointer: String::new(),
        message: bound.to_string(),
        remedy,
    }
}
