//! Target `renovate`: the archive that Renovate's osv-offline downloads, a file of records for each ecosystem that it knows.
//!
//! Each record is a line. A file is far larger than a record, and its archive needs it as one stream: it is compressed in
//! pieces, several at once, that are joined where a byte ends. No library but `miniz_oxide` ends a piece so and is the same
//! bytes on every processor.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use libdeflater::Crc;
use miniz_oxide::DataFormat;
use miniz_oxide::deflate::CompressionLevel;
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output};
use osv_schema::Timestamp;
use rayon::prelude::*;

use crate::body::{Body, Inflater};
use crate::collect::Item;
use crate::material::Material;
use crate::output::{Out, Planned};
use crate::zip::ZipWriter;

/// The ecosystems that osv-offline has a file of.
const ECOSYSTEMS: [&str; 11] =
    ["crates.io", "Go", "Hackage", "Hex", "Maven", "npm", "NuGet", "Packagist", "Pub", "PyPI", "RubyGems"];

/// How many bytes make a piece, which is part of what makes two releases the same bytes, and how many pieces are made at once.
const PIECE: usize = 1 << 19;
const PIECES_AT_ONCE: usize = 16;

/// The fastest: the whole is compressed anew for each release, however little changed.
const LEVEL: CompressionLevel = CompressionLevel::BestSpeed;

/// An empty last block.
const END: [u8; 2] = [3, 0];

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    vec![Planned::new("renovate/osv-offline.zip", |out| write(material, out))]
}

fn write(material: &Material<'_>, out: &mut Out<'_>) -> io::Result<()> {
    let mut chosen: Vec<usize> = material.chosen(0..material.rows.len()).map(|(_, row)| row.item).collect();
    chosen.sort_unstable();
    chosen.dedup();
    let mut archive = ZipWriter::new(&mut *out);
    for ecosystem in ECOSYSTEMS {
        let is_in = |item: &&Item<'_>| item.facts.folders.contains(ecosystem);
        let items: Vec<&Item<'_>> = chosen.iter().map(|at| &material.items[*at]).filter(is_in).collect();
        let modified = items.iter().map(|item| item.facts.modified).max().unwrap_or(Timestamp::EPOCH);
        archive.add(&format!("{}.nedb", ecosystem.to_lowercase()), modified, &deflated(&items)?)?;
    }
    archive.finish()?;
    Ok(())
}

/// A line for each record, compressed.
fn deflated(items: &[&Item<'_>]) -> io::Result<Body> {
    let mut file = tempfile::tempfile()?;
    let (mut crc, mut size, mut length) = (Crc::new(), 0, 0);
    for some in pieces(items).chunks(PIECES_AT_ONCE) {
        let made: Vec<io::Result<(Vec<u8>, Vec<u8>)>> = some
            .par_iter()
            .with_max_len(1)
            .map_init(Inflater::new, |inflater, items| compress(inflater, items))
            .collect();
        for piece in made {
            let (text, bytes) = piece?;
            crc.update(&text);
            size += text.len();
            length += bytes.len();
            file.write_all(&bytes)?;
        }
    }
    file.write_all(&END)?;
    let fits = |length: usize| u32::try_from(length).map_err(io::Error::other);
    Ok(Body::in_file(Arc::<File>::new(file), 0, fits(length + END.len())?, fits(size)?, crc.sum()))
}

/// Records that make a piece each: so many as are large enough together.
fn pieces<'r, 'm>(mut items: &'r [&'m Item<'m>]) -> Vec<&'r [&'m Item<'m>]> {
    let mut pieces = Vec::new();
    while !items.is_empty() {
        let mut size = 0;
        let is_enough = |item: &&Item<'_>| {
            size += item.facts.body.size as usize;
            size >= PIECE
        };
        let count = items.iter().position(is_enough).map_or(items.len(), |at| at + 1);
        let (piece, rest) = items.split_at(count);
        pieces.push(piece);
        items = rest;
    }
    pieces
}

/// The lines of some records, and the same compressed, up to a byte that ends between two blocks.
fn compress(inflater: &mut Inflater, items: &[&Item<'_>]) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (mut text, mut bytes) = (Vec::new(), Vec::new());
    for item in items {
        inflater.inflate(&item.facts.body, &mut text)?;
        text.push(b'\n');
    }
    let mut compressor = CompressorOxide::with_format_and_level(DataFormat::Raw, LEVEL);
    let (status, read) = compress_to_output(&mut compressor, &text, TDEFLFlush::Sync, |some| {
        bytes.extend_from_slice(some);
        true
    });
    if status != TDEFLStatus::Okay || read != text.len() {
        return Err(io::Error::other("a piece of an archive cannot be compressed"));
    }
    Ok((text, bytes))
}
