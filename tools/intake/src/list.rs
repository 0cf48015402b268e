//! A published list: the rows of a CSV file by the names of their columns, for whoever compares and takes nothing in.

use std::collections::BTreeMap;
use std::io::Read as _;

use crate::table::{BEHIND, ends_in_quote};

/// What is said of a row in which a quote opens that nothing closes.
const OPEN: &str = "a quote is never closed from here on: this row and all behind it were not read";
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
        let size = bytes.len() as u64;
        let read = bytes.chain(BEHIND);
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(read);
        let header = reader.headers().map_err(|error| error.to_string())?;
        let columns: Vec<String> = header.iter().map(str::to_lowercase).collect();
        let mut list = List { columns, ..List::default() };
        if ends_in_quote(reader.position(), size) {
            list.unread.push((1, OPEN.to_owned()));
        }
        let mut row = csv::StringRecord::new();
        while list.rows.len() + list.unread.len() < ROWS_MAX {
            match reader.read_record(&mut row) {
                Ok(false) => break,
                Ok(true) => {
                    let line = row.position().map_or(0, csv::Position::line);
                    if ends_in_quote(reader.position(), size) {
                        list.unread.push((line, OPEN.to_owned()));
                        break;
                    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_that_is_never_closed_is_told() {
        let read = |text: &str| {
            let list = List::read(text.as_bytes()).map_err(|_| ());
            list.map(|list| (list.rows.len(), list.unread.iter().map(|(line, _)| *line).collect::<Vec<u64>>()))
        };
        for end in ["", "\n", "\r\n", "\n\n"] {
            assert_eq!(read(&format!("package,versions\nnpm/a,1\nnpm/b,\"1\nnpm/c,1{end}")), Ok((1, vec![3])));
            assert_eq!(read(&format!("package,versions\nnpm/a,1\nnpm/b,\"1\nx\"{end}")), Ok((2, vec![])));
        }
        assert_eq!(read("package,\"versions\nnpm/a,1\n"), Ok((0, vec![1])));
        assert_eq!(read("package,versions"), Ok((0, vec![])));
    }
}
