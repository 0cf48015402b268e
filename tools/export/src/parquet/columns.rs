//! Columns of a Parquet table as they are filled, and the table that they are written to.

use std::io;
use std::sync::Arc;

use osv_schema::Timestamp;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// Part of what makes two releases the same bytes.
const LEVEL: i32 = 9;

/// A column of texts, with the levels by which Parquet tells absent ones and lists.
#[derive(Default)]
pub(crate) struct Texts {
    values: Vec<ByteArray>,
    definition: Vec<i16>,
    repetition: Vec<i16>,
}

/// A column of times in microseconds.
#[derive(Default)]
pub(crate) struct Ints {
    values: Vec<i64>,
    definition: Vec<i16>,
}

/// Any column, full.
pub(crate) enum Column<'c> {
    Texts(&'c Texts),
    Ints(&'c Ints),
    Bools(&'c [bool]),
}

impl<'c> From<&'c Texts> for Column<'c> {
    fn from(texts: &'c Texts) -> Column<'c> {
        Column::Texts(texts)
    }
}

impl<'c> From<&'c Ints> for Column<'c> {
    fn from(ints: &'c Ints) -> Column<'c> {
        Column::Ints(ints)
    }
}

impl Texts {
    /// The next row's text, in a column in which every row has one.
    pub(crate) fn required(&mut self, text: &str) {
        self.values.push(text.into());
    }

    /// The next row's text, in a column in which not every row has one.
    pub(crate) fn optional(&mut self, text: Option<&str>) {
        self.definition.push(i16::from(text.is_some()));
        self.values.extend(text.map(ByteArray::from));
    }

    /// The next row's texts, in a column of lists.
    pub(crate) fn list<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) {
        self.list_at(texts.into_iter().map(Some), 1);
    }

    /// The next row's texts, in a member of a column of lists; an item of the list may lack the member.
    pub(crate) fn member<'t>(&mut self, texts: impl IntoIterator<Item = Option<&'t str>>) {
        self.list_at(texts, 2);
    }

    fn list_at<'t>(&mut self, texts: impl IntoIterator<Item = Option<&'t str>>, full: i16) {
        let mut count = 0;
        for text in texts {
            self.repetition.push(i16::from(count > 0));
            self.definition.push(if text.is_some() { full } else { full - 1 });
            self.values.extend(text.map(ByteArray::from));
            count += 1;
        }
        if count == 0 {
            self.repetition.push(0);
            self.definition.push(0);
        }
    }
}

impl Ints {
    /// The next row's time, in a column in which every row has one.
    pub(crate) fn required(&mut self, time: Timestamp) {
        self.values.push(time.unix() * 1_000_000);
    }

    /// The next row's time, in a column in which not every row has one.
    pub(crate) fn optional(&mut self, time: Option<Timestamp>) {
        self.definition.push(i16::from(time.is_some()));
        self.values.extend(time.map(|time| time.unix() * 1_000_000));
    }
}

/// A table that is being written, in memory: it is a fraction of the records that it is of.
pub(crate) struct Table(SerializedFileWriter<Vec<u8>>);

impl Table {
    pub(crate) fn new(schema: &str) -> io::Result<Table> {
        let schema = parse_message_type(schema).map_err(io::Error::other)?;
        let level = ZstdLevel::try_new(LEVEL).map_err(io::Error::other)?;
        // Without the version of a library: what is written is what counts.
        let settings =
            WriterProperties::builder().set_compression(Compression::ZSTD(level)).set_created_by("malpkg".into());
        let writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(settings.build()));
        Ok(Table(writer.map_err(io::Error::other)?))
    }

    /// Writes some rows: all columns, in the order of the schema.
    pub(crate) fn write_all<'c>(&mut self, columns: impl IntoIterator<Item = Column<'c>>) -> io::Result<()> {
        let write = || -> parquet::errors::Result<()> {
            let mut rows = self.0.next_row_group()?;
            for column in columns {
                let Some(mut writer) = rows.next_column()? else { break };
                let levels = |levels: &'c [i16]| Some(levels).filter(|levels| !levels.is_empty());
                match column {
                    Column::Texts(texts) => writer.typed::<ByteArrayType>().write_batch(
                        &texts.values,
                        levels(&texts.definition),
                        levels(&texts.repetition),
                    )?,
                    Column::Ints(ints) => {
                        writer.typed::<Int64Type>().write_batch(&ints.values, levels(&ints.definition), None)?
                    }
                    Column::Bools(bools) => writer.typed::<BoolType>().write_batch(bools, None, None)?,
                };
                writer.close()?;
            }
            rows.close()?;
            Ok(())
        };
        write().map_err(io::Error::other)
    }

    /// The bytes of the table.
    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        self.0.into_inner().map_err(io::Error::other)
    }
}
