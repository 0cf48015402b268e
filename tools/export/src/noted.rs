//! The notes that are kept of a release: a line for each record, with the blob that it was made of and what is known of it
//! without reading it again.
//!
//! Parts of a line are parted by tabs: the blob, the id, when it changed, whether it was taken back, the id and the checksum
//! of what a git bundle has of it, its folders, and as JSON what it says. The last three may be empty.

use std::collections::BTreeSet;

use database::{BlobId, Content};
use ecosystem::Ecosystem;
use osv_schema::Timestamp;
use sha2::{Digest, Sha256};

use crate::bundle::Object;
use crate::collect::{Item, Said};
use crate::folders::{self, Folders};
use crate::intel::{Plain, Told};
use crate::material::Material;
use crate::output::{hex, push_hex};
use crate::rows::{Extent, Row};

/// Between folders in their part of a line.
const BETWEEN: char = '|';

/// One line of notes.
pub(crate) struct Line<'n> {
    pub blob: BlobId,
    pub id: &'n str,
    pub modified: Timestamp,
    pub is_withdrawn: bool,
    pub object: Option<Object>,
    pub folders: Folders,
    /// What it says, for [`read_said`]; empty where no target asked for that.
    pub said: &'n str,
}

/// The notes of a release: a hash of the rest, and the lines.
pub(crate) fn notes(material: &Material<'_>) -> Vec<u8> {
    let mut rows: Vec<&Row> = material.rows.iter().collect();
    // As they are by ecosystem and name already, and stay so.
    rows.sort_by_key(|row| row.item);
    let mut rows = rows.into_iter().peekable();
    let mut lines = Vec::with_capacity(material.items.len() * 300);
    for (at, item) in material.items.iter().enumerate() {
        let mut of_item = Vec::new();
        while let Some(row) = rows.next_if(|row| row.item == at) {
            of_item.push(row);
        }
        put(item, &of_item, &mut lines);
    }
    let mut notes = hex(&Sha256::digest(&lines)).into_bytes();
    notes.push(b'\n');
    notes.append(&mut lines);
    notes
}

fn put(Item { id, facts, content, .. }: &Item<'_>, rows: &[&Row], lines: &mut Vec<u8>) {
    let Content::Blob(blob) = content else { return };
    let mut line = String::with_capacity(160);
    push_hex(&blob.0, &mut line);
    line.push('\t');
    line.push_str(id);
    line.push('\t');
    line.push_str(&facts.modified.unix().to_string());
    line.push_str(if facts.is_withdrawn { "\t1\t" } else { "\t0\t" });
    if let Some(object) = &facts.object {
        push_hex(&object.id, &mut line);
        push_hex(&object.adler32.to_be_bytes(), &mut line);
    }
    line.push('\t');
    for (at, folder) in facts.folders.iter().enumerate() {
        if at > 0 {
            line.push(BETWEEN);
        }
        line.push_str(folder);
    }
    line.push('\t');
    lines.extend_from_slice(line.as_bytes());
    if let Some(said) = &facts.said {
        // Text and numbers alone: nothing that JSON could refuse.
        let _ = serde_json::to_writer(&mut *lines, &(of_rows(rows), of_told(&said.told)));
    }
    lines.push(b'\n');
}

/// The lines of notes; none where they are not what was written.
pub(crate) fn lines(notes: &[u8]) -> Option<impl Iterator<Item = Option<Line<'_>>>> {
    let (hash, lines) = std::str::from_utf8(notes).ok()?.split_once('\n')?;
    if hex(&Sha256::digest(lines)) != hash {
        return None;
    }
    let every = folders::every();
    Some(lines.lines().map(move |line| read(line, &every)))
}

fn read<'n>(line: &'n str, every: &BTreeSet<&'static str>) -> Option<Line<'n>> {
    let mut parts = line.splitn(7, '\t');
    let blob = BlobId(bytes(parts.next()?)?);
    let id = parts.next()?;
    let modified = Timestamp::from_unix(parts.next()?.parse().ok()?)?;
    let is_withdrawn = parts.next()? == "1";
    let object = parts.next()?;
    let object = match object.split_at_checked(40) {
        Some((id, sum)) => Some(Object { id: bytes(id)?, adler32: u32::from_be_bytes(bytes(sum)?) }),
        None => None,
    };
    let listed = parts.next()?.split(BETWEEN).map(|folder| every.get(folder).copied());
    let folders = listed.collect::<Option<Vec<_>>>()?.into();
    Some(Line { blob, id, modified, is_withdrawn, object, folders, said: parts.next()? })
}

/// Bytes as they are written in hexadecimal digits.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; N];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// A row: the ecosystem, the name, the versions and ranges where it does not mean every one, the kind and the confidence.
type OfRow<S, L> = (S, S, Option<(L, L)>, Option<S>, Option<S>);

/// What is told of a record, member by member. Of what is plain the type of its range is named by its place, from 2 on.
type OfTold<S, L> = (Option<i64>, Option<i64>, Option<S>, [bool; 3], Option<S>, u32, L, usize);

fn of_rows<'r>(rows: &[&'r Row]) -> Vec<OfRow<&'r str, &'r [Box<str>]>> {
    let of_row = |row: &&'r Row| {
        let these = match &row.extent {
            Extent::Every => None,
            Extent::These { versions, ranges } => Some((&**versions, &**ranges)),
        };
        (&*row.ecosystem, &*row.name, these, row.kind.as_deref(), row.confidence.as_deref())
    };
    rows.iter().map(of_row).collect()
}

fn of_told(told: &Told) -> OfTold<&str, &[Box<str>]> {
    let seconds = |time: Option<Timestamp>| time.map(Timestamp::unix);
    let place = |kind| Plain::RANGES.iter().position(|known| *known == kind).unwrap_or_default();
    let plain = told.plain.map_or(0, |plain| plain.range.map_or(1, |kind| 2 + place(kind)));
    (
        seconds(told.published),
        seconds(told.withdrawn),
        told.campaign.as_deref(),
        [told.is_test, told.has_indicators, told.has_roles],
        told.summary.as_deref(),
        told.reinstated,
        &told.aliases,
        plain,
    )
}

/// What a line says of a record; none where it does not.
pub(crate) fn read_said(text: &str) -> Option<Said> {
    type Texts = Box<[Box<str>]>;
    type Rows = Vec<OfRow<Box<str>, Texts>>;
    type ReadTold = OfTold<Box<str>, Vec<Box<str>>>;
    let (rows, told): (Rows, ReadTold) = serde_json::from_str(text).ok()?;
    let row = |(ecosystem, name, these, kind, confidence): OfRow<Box<str>, Texts>| {
        let folder = Ecosystem::parse(&ecosystem).ok()?.base();
        let extent = these.map_or(Extent::Every, |(versions, ranges)| Extent::These { versions, ranges });
        Some(Row { item: 0, ecosystem, folder, name, extent, kind, confidence })
    };
    let time = |seconds: Option<i64>| match seconds {
        Some(seconds) => Timestamp::from_unix(seconds).map(Some),
        None => Some(None),
    };
    let (published, withdrawn, campaign, [is_test, has_indicators, has_roles], summary, reinstated, aliases, plain) =
        told;
    let plain = match plain {
        0 => None,
        1 => Some(Plain { range: None }),
        kind => Some(Plain { range: Some(Plain::RANGES.get(kind - 2)?) }),
    };
    let told = Told {
        published: time(published)?,
        withdrawn: time(withdrawn)?,
        campaign,
        is_test,
        has_indicators,
        has_roles,
        summary,
        reinstated,
        aliases,
        plain,
    };
    Some(Said { rows: rows.into_iter().map(row).collect::<Option<_>>()?, told })
}
