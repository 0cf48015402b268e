//! Target `ndjson`: every record in one compressed file, one a line, by id.

use std::io::{self, Write};

use crate::body::Inflater;
use crate::collect::Item;
use crate::material::Material;
use crate::output::{Out, Planned};

/// One stream and this level: both are part of what makes two releases the same bytes.
pub(crate) const LEVEL: i32 = 3;

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    vec![Planned::new("all.ndjson.zst", |out| write(&material.items, out))]
}

fn write(items: &[Item<'_>], out: &mut Out<'_>) -> io::Result<()> {
    let mut encoder = zstd::stream::write::Encoder::new(out, LEVEL)?;
    // The size lets a reader make room before it begins, the checksum lets it know that it has all.
    encoder.set_pledged_src_size(Some(items.iter().map(|item| u64::from(item.facts.body.size) + 1).sum()))?;
    encoder.include_checksum(true)?;
    let mut inflater = Inflater::new();
    let mut line = Vec::new();
    for item in items {
        inflater.inflate(&item.facts.body, &mut line)?;
        line.push(b'\n');
        encoder.write_all(&line)?;
        line.clear();
    }
    encoder.finish()?;
    Ok(())
}
