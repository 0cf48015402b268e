//! A published list: the rows of a CSV file by the names of their columns, for whoever compares and takes nothing in.

use std::collections::BTreeMap;

/// How many rows a list may have.
const ROWS_MAX: usize = 2_000_000;

/// A list as it was published.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// The names of its columns, in small letters.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// What could not be read: the line, and why.
    pub unread: Vec<(u64, String)>,
}

/// One row of a list.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The line on which it begins.
    pub line: u64,
    fields: BTreeMap<String, String>,
}

impl Row {
    /// What stands in the first of these columns that has something.
    pub fn field(&self, names: &[&str]) -> &str {
        let found = names.iter().find_map(|name| self.fields.get(*name).filter(|text| !text.is_empty()));
        found.map_or("", String::as_str)
    }
}

impl List {
    /// Reads a list, which has a header.
    ///
    /// # Errors
    ///
    /// It has none that can be read.
    pub fn read(bytes: &[u8]) -> Result<List, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
        let header = reader.headers().map_err(|error| error.to_string())?;
        let columns: Vec<String> = header.iter().map(str::to_lowercase).collect();
        let mut list = List { columns, ..List::default() };
        for row in reader.records().take(ROWS_MAX) {
            match row {
                Ok(row) => {
                    let line = row.position().map_or(0, csv::Position::line);
                    let fields = list.columns.iter().cloned().zip(row.iter().map(str::to_owned)).collect();
                    list.rows.push(Row { line, fields });
                }
                Err(error) => {
                    list.unread.push((error.position().map_or(0, csv::Position::line), error.to_string()));
                }
            }
        }
        Ok(list)
    }
}
