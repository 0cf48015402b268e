//! The blocks of an index: each is checked when it is first read, and kept while there is room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::IndexError;
use crate::Bytes;

/// How large a block is.
pub(super) const BLOCK: usize = 4096;
/// How many blocks are kept: 16 MiB.
const KEPT_MAX: usize = 4096;

/// A file in checked blocks.
pub(super) struct Blocks {
    bytes: Box<dyn Bytes>,
    checksums: Vec<u32>,
    /// Where the checksums begin, and the blocks end.
    end: u64,
    kept: Mutex<HashMap<u64, Arc<[u8]>>>,
}

/// The checksums of all blocks of some bytes; the last block may be shorter.
pub(super) fn checksums(bytes: &[u8]) -> Vec<u32> {
    bytes.par_chunks(BLOCK).map(crc32fast::hash).collect()
}

impl Blocks {
    pub(super) fn new(bytes: Box<dyn Bytes>, checksums: Vec<u32>, end: u64) -> Blocks {
        Blocks { bytes, checksums, end, kept: Mutex::default() }
    }

    /// Fills `into` from `offset` on.
    pub(super) fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), IndexError> {
        let end = offset.checked_add(into.len() as u64).filter(|end| *end <= self.end).ok_or(IndexError::Damaged)?;
        let mut at = offset;
        let mut rest = into;
        while at < end {
            let block = self.block(at / BLOCK as u64)?;
            let from = (at % BLOCK as u64) as usize;
            let length = rest.len().min(block.len().saturating_sub(from));
            if length == 0 {
                return Err(IndexError::Damaged);
            }
            let (now, later) = rest.split_at_mut(length);
            now.copy_from_slice(&block[from..from + length]);
            rest = later;
            at += length as u64;
        }
        Ok(())
    }

    pub(super) fn u32(&self, offset: u64) -> Result<u32, IndexError> {
        let mut bytes = [0; 4];
        self.read(offset, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    pub(super) fn u64(&self, offset: u64) -> Result<u64, IndexError> {
        let mut bytes = [0; 8];
        self.read(offset, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn block(&self, number: u64) -> Result<Arc<[u8]>, IndexError> {
        if let Some(block) = self.kept.lock().ok().and_then(|kept| kept.get(&number).cloned()) {
            return Ok(block);
        }
        let offset = number * BLOCK as u64;
        let size = self.end.checked_sub(offset).ok_or(IndexError::Damaged)?.min(BLOCK as u64);
        let mut block = vec![0; size as usize];
        self.bytes.read_at(offset, &mut block)?;
        let expected = usize::try_from(number).ok().and_then(|number| self.checksums.get(number));
        if expected != Some(&crc32fast::hash(&block)) {
            return Err(IndexError::Damaged);
        }
        let block: Arc<[u8]> = block.into();
        if let Ok(mut kept) = self.kept.lock() {
            if kept.len() >= KEPT_MAX {
                kept.clear();
            }
            kept.insert(number, Arc::clone(&block));
        }
        Ok(block)
    }
}
