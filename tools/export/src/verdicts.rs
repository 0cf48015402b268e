//! Target `verdicts`: what stands against which version, as a flat table that a spreadsheet can open.

use std::borrow::Cow;
use std::io;

use database::EVERY;
use osv_schema::Timestamp;

use crate::material::Material;
use crate::output::{Out, Planned};
use crate::rows::{Extent, Row};

/// One stream and this level: both are part of what makes two releases the same bytes.
const LEVEL: i32 = 9;

/// The kind of a report that names none.
pub(crate) const KIND: &str = "malware";

const HEADER: [&str; 7] = ["ecosystem", "name", "version", "range", "id", "kind", "since"];

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    vec![Planned::new("verdicts.csv.zst", |out| write(material, out))]
}

fn write(material: &Material<'_>, out: &mut Out<'_>) -> io::Result<()> {
    let mut encoder = zstd::stream::write::Encoder::new(out, LEVEL)?;
    encoder.include_checksum(true)?;
    let mut table = csv::Writer::from_writer(encoder);
    table.write_record(HEADER)?;
    for (row, item) in material.standing() {
        for word in row.words() {
            let since = material.since(row, word.text()).map(|time| time.to_string()).unwrap_or_default();
            let (version, range) = word.cells();
            let kind = row.kind.as_deref().unwrap_or(KIND);
            let cells = [&row.ecosystem, &row.name, version, range, item.id, kind, &since];
            table.write_record(cells.map(|cell| plain(cell).into_owned()))?;
        }
    }
    let encoder = table.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    encoder.finish()?;
    Ok(())
}

/// A cell that no spreadsheet takes for a formula: one that could be begins with an apostrophe, and so does one that
/// begins with an apostrophe itself. A reader takes one apostrophe off the beginning, and has what was there.
fn plain(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// What one line says of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word<'r> {
    /// A version, or every one.
    Version(&'r str),
    /// A range as `vers:`.
    Range(&'r str),
}

impl<'r> Word<'r> {
    /// The version or the range.
    pub(crate) fn text(self) -> &'r str {
        match self {
            Word::Version(text) | Word::Range(text) => text,
        }
    }

    /// The two columns: the version and the range.
    pub(crate) fn cells(self) -> (&'r str, &'r str) {
        match self {
            Word::Version(text) => (text, ""),
            Word::Range(text) => ("", text),
        }
    }
}

impl Row {
    /// What the row says of versions, each once, sorted.
    pub(crate) fn words(&self) -> Vec<Word<'_>> {
        match &self.extent {
            Extent::Every => vec![Word::Version(EVERY)],
            Extent::These { versions, ranges } => {
                let sorted = |texts: &'_ [Box<str>]| {
                    let mut at: Vec<usize> = (0..texts.len()).collect();
                    at.sort_unstable_by(|&a, &b| texts[a].cmp(&texts[b]));
                    at.dedup_by(|a, b| texts[*a] == texts[*b]);
                    at
                };
                let versions = sorted(versions).into_iter().map(|at| Word::Version(&versions[at]));
                versions.chain(sorted(ranges).into_iter().map(|at| Word::Range(&ranges[at]))).collect()
            }
        }
    }
}

impl Material<'_> {
    /// When we first listed it; none where nobody knows, as of a plain folder.
    pub(crate) fn since(&self, row: &Row, word: &str) -> Option<Timestamp> {
        let seconds = self.input.listed?.since(&row.package()?, word)?;
        Timestamp::from_unix(seconds)
    }
}
