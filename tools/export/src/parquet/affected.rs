//! The table of what each record says of each package.

use std::io;

use osv_schema::{Affected, Member, Range, Record};
use rayon::prelude::*;

use super::ROWS;
use super::columns::{Column, Ints, Table, Texts};
use crate::body::Inflater;
use crate::intel::{Plain, standard};
use crate::material::Material;
use crate::output::Out;
use crate::rows::{Extent, Row};

const SCHEMA: &str = "message affected {
  required binary ecosystem (STRING); required binary name (STRING); optional binary purl (STRING);
  required binary id (STRING);
  required group versions (LIST) { repeated group list { required binary element (STRING); } }
  required boolean all_versions;
  required group ranges (LIST) { repeated group list { required group element {
    optional binary type (STRING); optional binary introduced (STRING); optional binary fixed (STRING);
    optional binary last_affected (STRING); } } }
  required int64 modified (TIMESTAMP(MICROS,true)); optional int64 published (TIMESTAMP(MICROS,true));
  optional int64 withdrawn (TIMESTAMP(MICROS,true)); optional binary summary (STRING);
  required group aliases (LIST) { repeated group list { required binary element (STRING); } }
  required binary source (STRING);
}";

/// The source of a release whose database has no address.
const SOURCE: &str = "malpkg";

/// The columns of some rows.
#[derive(Default)]
struct Columns {
    ecosystem: Texts,
    name: Texts,
    purl: Texts,
    id: Texts,
    versions: Texts,
    all_versions: Vec<bool>,
    ranges: [Texts; 4],
    modified: Ints,
    published: Ints,
    withdrawn: Ints,
    summary: Texts,
    aliases: Texts,
    source: Texts,
}

/// Type, introduced, fixed and last affected of one stretch of a range.
type Stretch<'r> = [Option<&'r str>; 4];

pub(super) fn write(material: &Material<'_>, out: &mut Out<'_>) -> io::Result<()> {
    let mut table = Table::new(SCHEMA)?;
    for rows in material.rows.chunks(ROWS) {
        let records: Vec<io::Result<Option<Record>>> = rows
            .par_iter()
            .map_init(Inflater::new, |inflater, row| {
                // The story is most of a record, and in no column.
                let without =
                    |record| Some(Record { details: Member::Absent, database_specific: Member::Absent, ..record });
                let item = &material.items[row.item];
                if item.facts.told().plain.is_some() { Ok(None) } else { item.reread(inflater, without) }
            })
            .collect();
        let mut columns = Columns::default();
        for (row, record) in rows.iter().zip(records) {
            columns.add(material, row, record?.as_ref());
        }
        table.write_all(columns.all())?;
    }
    out.write_all(&table.finish()?)
}

impl Columns {
    fn add(&mut self, material: &Material<'_>, row: &Row, record: Option<&Record>) {
        let item = &material.items[row.item];
        let told = item.facts.told();
        self.ecosystem.required(&row.ecosystem);
        self.name.required(&row.name);
        self.id.required(item.id);
        self.all_versions.push(row.extent == Extent::Every);
        match record {
            Some(record) => self.add_affected(row, record),
            None => self.add_plain(row, told.plain),
        }
        self.modified.required(item.facts.modified);
        self.published.optional(told.published);
        self.withdrawn.optional(item.facts.is_withdrawn.then(|| told.withdrawn.unwrap_or(item.facts.modified)));
        self.aliases.list(told.aliases.iter().map(|alias| &**alias));
        self.source.required(material.input.home.unwrap_or(SOURCE));
    }

    /// What a record says that was read again.
    fn add_affected(&mut self, row: &Row, record: &Record) {
        let on: Vec<&Affected> = record.affected.items().iter().filter(|affected| row.is_on(affected)).collect();
        let stretches = on.iter().flat_map(|affected| affected.ranges.items()).flat_map(stretches).collect();
        self.purl.optional(on.iter().find_map(|affected| affected.package.value()?.purl.as_str()));
        self.versions.list(on.iter().flat_map(|affected| affected.versions.items()).map(String::as_str));
        self.add_ranges(stretches);
        self.summary.optional(record.summary.as_str());
    }

    /// The same of a record as most are.
    fn add_plain(&mut self, row: &Row, plain: Option<Plain>) {
        self.purl.optional(row.package().and_then(|package| package.purl_as_written()).as_deref());
        let versions: &[Box<str>] = match &row.extent {
            Extent::Every => &[],
            Extent::These { versions, .. } => versions,
        };
        self.versions.list(versions.iter().map(|version| &**version));
        let range = plain.and_then(|plain| plain.range);
        self.add_ranges(range.into_iter().map(|kind| [Some(kind), Some("0"), None, None]).collect());
        self.summary.optional(Some(&standard(&row.name, &row.ecosystem)));
    }

    fn add_ranges(&mut self, stretches: Vec<Stretch<'_>>) {
        for (at, column) in self.ranges.iter_mut().enumerate() {
            column.member(stretches.iter().map(|stretch| stretch[at]));
        }
    }

    /// In the order of the schema.
    fn all(&self) -> Vec<Column<'_>> {
        let first = [&self.ecosystem, &self.name, &self.purl, &self.id, &self.versions];
        let mut all: Vec<Column<'_>> = first.into_iter().map(Into::into).collect();
        all.push(Column::Bools(&self.all_versions));
        all.extend(self.ranges.iter().map(Column::from));
        all.extend([&self.modified, &self.published, &self.withdrawn].map(Column::from));
        all.extend([&self.summary, &self.aliases, &self.source].map(Column::from));
        all
    }
}

/// A range as stretches from where it begins to where it ends, in the order of its events.
fn stretches(range: &Range) -> Vec<Stretch<'_>> {
    let kind = range.kind.as_str();
    let mut stretches: Vec<Stretch<'_>> = Vec::new();
    for (name, value) in range.events.items().iter().flat_map(osv_schema::Event::entries) {
        let at = match name {
            "introduced" => 1,
            "fixed" => 2,
            "last_affected" => 3,
            _ => continue,
        };
        match stretches.last_mut() {
            // It ends what was begun and has no end yet.
            Some(last) if at > 1 && last[2].is_none() && last[3].is_none() => last[at] = Some(value),
            _ => {
                let mut stretch = [kind, None, None, None];
                stretch[at] = Some(value);
                stretches.push(stretch);
            }
        }
    }
    stretches
}
