//! Target `tar`: every record in one small archive, by id.

use std::io;

use crate::body::Inflater;
use crate::collect::Item;
use crate::material::Material;
use crate::ndjson::LEVEL;
use crate::output::{Out, Planned};

/// The largest moment that the head of a file can say.
const TIME_MAX: i64 = 0o777_7777_7777;

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    vec![Planned::new("all.tar.zst", |out| write(&material.items, out))]
}

fn write(items: &[Item<'_>], out: &mut Out<'_>) -> io::Result<()> {
    let mut encoder = zstd::stream::write::Encoder::new(out, LEVEL)?;
    encoder.include_checksum(true)?;
    let mut archive = tar::Builder::new(encoder);
    let mut inflater = Inflater::new();
    let mut text = Vec::new();
    for item in items {
        text.clear();
        inflater.inflate(&item.facts.body, &mut text)?;
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        // Neither users nor groups of the machine; the time is the record's.
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(item.facts.modified.unix().clamp(0, TIME_MAX).unsigned_abs());
        archive.append_data(&mut header, format!("{}.json", item.id), text.as_slice())?;
    }
    archive.into_inner()?.finish()?;
    Ok(())
}
