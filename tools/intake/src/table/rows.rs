//! The rows of a table: CSV, JSON lines, or a JSON array of objects.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use osv_schema::{Document as Json, Kind, Position, Value};

use super::{FIELDS, Fault, Map, Row};
use crate::bounds::is_told;
use crate::{DOCUMENT_SIZE_MAX, Unread, stream};

/// The name of a row, its bytes as far as they can be kept, and the row or what is wrong with it.
pub(super) type Visit<'v> = dyn FnMut(&str, Result<Vec<u8>, Unread>, Result<Row, Fault>) + 'v;

/// What is wrong with a table outside of its rows: where, and what.
pub(super) struct Damage {
    pub(super) place: String,
    pub(super) fault: Fault,
}

/// Visits the rows of a table. What is wrong with it outside of them is said once, behind those that could be read.
pub(super) fn visit(name: &str, reader: &mut dyn Read, map: &Map, visit: &mut Visit<'_>) -> Option<Damage> {
    let whole = |fault: Fault| Some(Damage { place: name.to_owned(), fault });
    let mut reader = BufReader::new(reader);
    let ended = match reader.fill_buf() {
        Ok(start) => {
            let is_utf16 = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
            let first = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start().first().copied();
            match first {
                _ if is_utf16 => return whole(fault("the table is in UTF-16", "save it as UTF-8")),
                Some(b'{' | b'[') => json(name, &mut reader, visit).map(|()| None),
                _ => comma_separated(name, reader, map, visit),
            }
        }
        Err(error) => Err(error),
    };
    match ended {
        Ok(damage) => damage,
        Err(error) if is_told(&error) => None,
        Err(error) => whole(fault(format!("the table cannot be read on: {error}"), "send all of it as UTF-8 text")),
    }
}

fn fault(message: impl Into<String>, remedy: &str) -> Fault {
    Fault::new("unreadable-report", "", message, remedy)
}

/// JSON lines; or one JSON array, where all of it is no larger than a document.
fn json(name: &str, reader: &mut dyn BufRead, visit: &mut Visit<'_>) -> io::Result<()> {
    let mut start = Vec::new();
    reader.take(DOCUMENT_SIZE_MAX + 1).read_to_end(&mut start)?;
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
    if text.len() as u64 <= DOCUMENT_SIZE_MAX
        && let Ok(whole) = Json::parse(text)
        && whole.root().kind() == Kind::Array
    {
        for (number, item) in whole.root().items().enumerate() {
            let bytes = whole.text()[item.span()].as_bytes().to_vec();
            one(&format!("{name}:{}", number + 1), Ok(bytes), visit);
        }
        return Ok(());
    }
    stream::lines(name, &mut text.chain(reader), &mut |document| {
        let bytes = document.bytes.map(|bytes| bytes.trim_ascii().to_vec());
        one(&document.name, bytes, visit);
    })
}

/// One JSON object as a row.
fn one(name: &str, bytes: Result<Vec<u8>, Unread>, visit: &mut Visit<'_>) {
    let row = match &bytes {
        Err(unread) => Err(fault(unread.to_string(), unread.remedy())),
        Ok(bytes) => match Json::parse(bytes) {
            Err(error) => {
                let Position { column, .. } = Position::of(bytes, error.offset);
                let message = format!("column {column}: {error}");
                Err(Fault::new("malformed-json", "", message, "send one JSON object a line"))
            }
            Ok(json) => match (json.duplicates().next(), Value::from(json.root())) {
                (Some(twice), _) => {
                    let message = format!("the member `{}` stands twice in one row", twice.name());
                    Err(Fault::new("malformed-json", twice.name(), message, "send each member once"))
                }
                (None, Value::Object(row)) => Ok(row),
                (None, _) => {
                    Err(Fault::new("malformed-json", "", "the row is no JSON object", "send one object a line"))
                }
            },
        },
    };
    visit(name, bytes, row);
}

/// What stands behind a table as it is read: the first line break ends its last row where nothing else does, and whoever
/// reads the second one as part of a row is inside of a quoted cell.
pub(crate) const BEHIND: &[u8] = b"\n\n";

/// Whether what was read up to there of a table of this size, and of what stands behind it, ended inside of a quoted cell.
pub(crate) fn ends_in_quote(read: &csv::Position, size: u64) -> bool {
    read.byte() > size + 1
}

/// CSV with a header.
fn comma_separated(name: &str, reader: impl BufRead, map: &Map, visit: &mut Visit<'_>) -> io::Result<Option<Damage>> {
    let by_name = if name.ends_with(".tsv") { b'\t' } else { b',' };
    let delimiter = map.delimiter.unwrap_or(by_name);
    let budget = Budget { reader, left: Rc::new(Cell::new(DOCUMENT_SIZE_MAX)), size: Rc::default() };
    let (left, size) = (budget.left.clone(), budget.size.clone());
    let read = budget.chain(BEHIND);
    let mut rows = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(read);
    let mut record = csv::ByteRecord::new();
    let mut header: Option<Vec<String>> = None;
    while read_row(&mut rows, &mut record)? {
        left.set(DOCUMENT_SIZE_MAX);
        let line = record.position().map_or(0, csv::Position::line);
        if ends_in_quote(rows.position(), size.get()) {
            return Ok(Some(Damage { place: format!("{name}:{line}"), fault: open_quote(header.as_deref(), &record) }));
        }
        let Some(columns) = &header else {
            let mut columns: Vec<String> =
                record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
            if let Some(first) = columns.first_mut() {
                *first = first.trim_start_matches('\u{feff}').to_owned();
            }
            if let Some(fault) = fault_in_header(map, &columns) {
                return Ok(Some(Damage { place: name.to_owned(), fault }));
            }
            header = Some(columns);
            continue;
        };
        if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        let row = row(columns, &record);
        visit(&format!("{name}:{line}"), Ok(as_table(columns, &record, delimiter)), row);
    }
    Ok(None)
}

/// The table ends in a quoted cell: nobody knows what of it is that cell and what are rows.
fn open_quote(header: Option<&[String]>, record: &csv::ByteRecord) -> Fault {
    let column = header.and_then(|columns| columns.get(record.len().checked_sub(1)?)).map_or("", String::as_str);
    let message =
        "the table ends inside a quoted cell that begins in this row: what stands behind the quote is no rows";
    Fault::new("unreadable-report", column, message, "close the quote, or send the rest of the table")
}

fn read_row(rows: &mut csv::Reader<impl Read>, record: &mut csv::ByteRecord) -> io::Result<bool> {
    rows.read_byte_record(record).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    })
}

/// A column that is asked for, and that the table does not have, or has twice: nobody knows which is meant.
fn fault_in_header(map: &Map, columns: &[String]) -> Option<Fault> {
    let by_name = |field: &'static str| (!map.columns.contains_key(field)).then_some(field);
    let named = || map.columns.values().flatten().map(String::as_str);
    let asked = named().chain(FIELDS.iter().filter_map(|field| by_name(field.name)));
    let is_twice = |name: &&str| columns.iter().filter(|column| column == name).count() > 1;
    let missing = named().find(|name| !columns.iter().any(|column| column == name));
    let has_any = asked.clone().any(|name| columns.iter().any(|column| column == name));
    let (message, remedy) = match (missing, asked.into_iter().find(is_twice)) {
        (None, None) if !has_any => (
            "the table has none of the columns that are read".to_owned(),
            format!("name its columns in [source.ID.columns]; it has: {}", columns.join(", ")),
        ),
        (Some(missing), _) => (
            format!("the table has no column `{missing}`"),
            format!("name the columns in [source.ID.columns]; the table has: {}", columns.join(", ")),
        ),
        (None, Some(twice)) => (
            format!("the table has the column `{twice}` twice"),
            "give each column a name of its own; [source.ID.columns] says which one is meant".to_owned(),
        ),
        (None, None) => return None,
    };
    Some(Fault::new("unreadable-report", "", message, remedy))
}

fn row(columns: &[String], record: &csv::ByteRecord) -> Result<Row, Fault> {
    if record.len() != columns.len() {
        let message = format!("the row has {} columns, the header {}", record.len(), columns.len());
        return Err(Fault::new("unreadable-report", "", message, "put cells that hold the delimiter into quotes"));
    }
    let mut row = Row::new();
    for (column, cell) in columns.iter().zip(record) {
        let text = std::str::from_utf8(cell)
            .map_err(|_| Fault::new("unreadable-report", column, "the cell is not UTF-8", "save the table as UTF-8"))?;
        row.insert(column.clone(), Value::from(text.trim()));
    }
    Ok(row)
}

/// The row as a table of its own, by which it can be read again.
fn as_table(columns: &[String], record: &csv::ByteRecord, delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(columns);
    let _ = writer.write_byte_record(record);
    writer.into_inner().unwrap_or_default()
}

/// A reader that gives one row no more bytes than a document may have: a quote that is never closed makes the rest of
/// a table one cell.
struct Budget<R> {
    reader: R,
    left: Rc<Cell<u64>>,
    /// How much was read of the table so far.
    size: Rc<Cell<u64>>,
}

impl<R: Read> Read for Budget<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.size.set(self.size.get() + count as u64);
        match self.left.get().checked_sub(count as u64) {
            Some(left) => self.left.set(left),
            None => return Err(io::Error::other(format!("a row has more than {DOCUMENT_SIZE_MAX} bytes"))),
        }
        Ok(count)
    }
}
