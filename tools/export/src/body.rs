//! The published form of one record, kept compressed: once for every archive that it goes into.

use std::io;
use std::sync::Mutex;

use libdeflater::{CompressionLvl, Compressor, Decompressor, crc32};

/// One text, compressed.
#[derive(Debug)]
pub(crate) struct Body {
    /// The text as a raw DEFLATE stream.
    pub deflated: Box<[u8]>,
    /// The length of the text in bytes.
    pub size: usize,
    /// The CRC-32 of the text.
    pub crc32: u32,
}

/// Compressors for as many threads as ask at once. One costs more to make than a record to compress.
pub(crate) struct Deflater {
    level: CompressionLvl,
    idle: Mutex<Vec<(Compressor, Vec<u8>)>>,
}

impl Deflater {
    /// For archives. The level is part of what makes two releases the same bytes.
    pub(crate) fn for_archives() -> Deflater {
        Deflater::at(CompressionLvl::new(6).unwrap_or_default())
    }

    /// For bodies that are only kept until they are written in another form.
    pub(crate) fn for_keeping() -> Deflater {
        Deflater::at(CompressionLvl::fastest())
    }

    fn at(level: CompressionLvl) -> Deflater {
        Deflater { level, idle: Mutex::default() }
    }

    /// Compresses a text. The bytes depend on the text and the level alone.
    pub(crate) fn deflate(&self, text: &[u8]) -> Body {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        let (mut compressor, mut buffer) = idle.unwrap_or_else(|| (Compressor::new(self.level), Vec::new()));
        let bound = compressor.deflate_compress_bound(text.len());
        if buffer.len() < bound {
            buffer.resize(bound, 0);
        }
        let length = compressor.deflate_compress(text, &mut buffer);
        let length = length.unwrap_or_else(|_| unreachable!("the buffer is as large as the compressor asked for"));
        let body = Body { deflated: buffer[..length].into(), size: text.len(), crc32: crc32(text) };
        if let Ok(mut idle) = self.idle.lock() {
            idle.push((compressor, buffer));
        }
        body
    }
}

/// Gives bodies back as the texts that they were made of.
pub(crate) struct Inflater(Decompressor);

impl Inflater {
    pub(crate) fn new() -> Inflater {
        Inflater(Decompressor::new())
    }

    /// Writes the text of a body behind what is there.
    pub(crate) fn inflate(&mut self, body: &Body, out: &mut Vec<u8>) -> io::Result<()> {
        let from = out.len();
        out.resize(from + body.size, 0);
        self.0.deflate_decompress(&body.deflated, &mut out[from..]).map_err(io::Error::other)?;
        Ok(())
    }
}
