//! Target `parquet`: what records say of packages, as columns for inventories.

mod affected;
mod columns;

use std::io;

use crate::collect::Item;
use crate::indicators::{self, Indicator};
use crate::material::Material;
use crate::output::{Out, Planned};
use crate::verdicts::KIND;
use columns::{Ints, Table, Texts};

/// How many rows are read and written at once.
const ROWS: usize = 50_000;

const EXPLODED: &str = "message exploded {
  required binary ecosystem (STRING); required binary name (STRING); optional binary version (STRING);
  optional binary range (STRING); required binary id (STRING); required binary kind (STRING);
  optional int64 since (TIMESTAMP(MICROS,true));
}";

const IOCS: &str = "message iocs {
  required binary id (STRING); required binary type (STRING); required binary value (STRING);
  optional binary role (STRING); optional binary first_seen (STRING);
}";

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    vec![
        Planned::new("parquet/affected.parquet", |out| affected::write(material, out)),
        Planned::new("parquet/exploded.parquet", |out| write_exploded(material, out)),
        Planned::new("parquet/iocs.parquet", |out| write_iocs(material, out)),
    ]
}

/// What the table of verdicts says, one version a row.
fn write_exploded(material: &Material<'_>, out: &mut Out<'_>) -> io::Result<()> {
    let mut table = Table::new(EXPLODED)?;
    let fresh = || (std::array::from_fn::<Texts, 6, _>(|_| Texts::default()), Ints::default(), 0);
    let (mut texts, mut since, mut count) = fresh();
    for (row, item) in material.standing() {
        for word in row.words() {
            let (version, range) = word.cells();
            let there = |cell: &'_ str| !cell.is_empty();
            texts[0].required(&row.ecosystem);
            texts[1].required(&row.name);
            texts[2].optional(Some(version).filter(|cell| there(cell)));
            texts[3].optional(Some(range).filter(|cell| there(cell)));
            texts[4].required(item.id);
            texts[5].required(row.kind.as_deref().unwrap_or(KIND));
            since.optional(material.since(row, word.text()));
            count += 1;
            if count == ROWS {
                table.write_all(texts.iter().map(Into::into).chain([(&since).into()]))?;
                (texts, since, count) = fresh();
            }
        }
    }
    if count > 0 {
        table.write_all(texts.iter().map(Into::into).chain([(&since).into()]))?;
    }
    out.write_all(&table.finish()?)
}

/// Every indicator of a record that stands.
fn write_iocs(material: &Material<'_>, out: &mut Out<'_>) -> io::Result<()> {
    let mut table = Table::new(IOCS)?;
    let mut texts: [Texts; 5] = Default::default();
    let mut count = 0;
    let is_asked = |item: &Item<'_>| item.facts.told().has_indicators && !item.facts.is_withdrawn;
    let found = |item: &Item<'_>, record: &osv_schema::Record| (item.id.to_owned(), indicators::of(record));
    material.each_record(is_asked, found, |(id, found)| {
        for Indicator { kind, value, role, first_seen } in found {
            texts[0].required(&id);
            texts[1].required(&kind);
            texts[2].required(&value);
            texts[3].optional(role.as_deref());
            texts[4].optional(first_seen.as_deref());
            count += 1;
        }
    })?;
    if count > 0 {
        table.write_all(texts.iter().map(Into::into))?;
    }
    out.write_all(&table.finish()?)
}
