//! The index: every report of one tree by the words that lead to it, in a file that is asked without being read whole.
//!
//! It makes a change cost its own size. It is derived from one tree, kept for speed, and never the truth: whoever finds
//! it missing, damaged or made by another tool makes it anew.
//!
//! The file, all numbers little-endian: a head of one or more blocks; the records, in the order of their paths; where
//! each record begins; the keys, each the hash of a word and the number of a record, sorted; for each rule the numbers
//! of the records in which it found something; and a checksum (CRC-32) for each block of 4,096 bytes. Whatever is read
//! is checked first.

mod blocks;
mod build;
mod codec;
mod head;

use std::collections::BTreeMap;

use crate::{BlobId, Bytes, Facts, Key, TreeId, TreePath};
use blocks::Blocks;
pub use build::Indexed;
use codec::Reader;
use head::Head;

/// Why an index cannot be used. It must be made anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// It cannot be read.
    #[error("the index cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// It is not what was written.
    #[error("the index is damaged")]
    Damaged,
    /// It was made by another tool, or under another configuration.
    #[error("the index is of another tool or configuration")]
    Other,
}

/// The index of one tree.
pub struct Index {
    blocks: Blocks,
    head: Head,
}

/// One file as the index has it: a report, or another file in which something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedFile {
    /// What it is known by.
    pub facts: Facts,
    /// Whether it is a report.
    pub is_report: bool,
    /// Its blob, if it is one.
    pub blob: Option<BlobId>,
}

impl Index {
    /// Opens an index that was made by this tool under the same configuration, which `fingerprint` stands for.
    ///
    /// # Errors
    ///
    /// It cannot be used.
    pub fn open(bytes: Box<dyn Bytes>, fingerprint: &[u8]) -> Result<Index, IndexError> {
        let (head, blocks) = head::open(bytes)?;
        if head.fingerprint != fingerprint {
            return Err(IndexError::Other);
        }
        Ok(Index { blocks, head })
    }

    /// The tree that it is of.
    pub fn tree(&self) -> TreeId {
        self.head.tree
    }

    /// How many reports the tree has.
    pub fn reports(&self) -> usize {
        self.head.reports as usize
    }

    /// How often each rule found something in the tree.
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        self.head.rules.iter().map(|rule| (rule.name.as_str(), rule.count as usize)).collect()
    }

    /// The reports that a word leads to.
    ///
    /// # Errors
    ///
    /// The index is damaged.
    pub fn holders(&self, key: &Key) -> Result<Vec<IndexedFile>, IndexError> {
        let hash = key.hash();
        let mut holders = Vec::new();
        for at in self.first_key(hash)?..self.head.keys {
            let (found, record) = self.key(at)?;
            if found != hash {
                break;
            }
            let file = self.record(record)?;
            if file.facts.has(key) {
                holders.push(file);
            }
        }
        Ok(holders)
    }

    /// The files in which a rule found something, by path.
    ///
    /// # Errors
    ///
    /// The index is damaged.
    pub fn found_by(&self, rule: &str) -> Result<Vec<IndexedFile>, IndexError> {
        let Some(rule) = self.head.rules.iter().find(|known| known.name == rule) else { return Ok(Vec::new()) };
        (0..rule.files).map(|at| self.record(self.blocks.u32(rule.files_at + 4 * at)?)).collect()
    }

    /// The file at a path, if the index has it.
    ///
    /// # Errors
    ///
    /// The index is damaged.
    pub fn at_path(&self, path: &TreePath) -> Result<Option<IndexedFile>, IndexError> {
        let (mut low, mut high) = (0, self.head.records);
        while low < high {
            let middle = low + (high - low) / 2;
            let file = self.record(middle as u32)?;
            match file.facts.path.cmp(path) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Ok(Some(file)),
            }
        }
        Ok(None)
    }

    /// The number of the first key with a hash that is not below this one. Hashes are spread evenly, so that a guess by
    /// their size is nearly right.
    fn first_key(&self, hash: u64) -> Result<u64, IndexError> {
        let (mut low, mut high) = (0, self.head.keys);
        let (mut below, mut above) = (0, u64::MAX);
        let mut guesses = 0;
        while low < high {
            let span = u128::from(above - below).max(1);
            let guess = (u128::from(hash.saturating_sub(below)) * u128::from(high - low) / span) as u64;
            // Chosen words could spread their hashes unevenly: after a few guesses, halve.
            guesses += 1;
            let middle = if guesses < 12 { low + guess.min(high - low - 1) } else { low + (high - low) / 2 };
            let (found, _) = self.key(middle)?;
            if found < hash {
                (low, below) = (middle + 1, found);
            } else {
                (high, above) = (middle, found);
            }
        }
        Ok(low)
    }

    fn key(&self, at: u64) -> Result<(u64, u32), IndexError> {
        let mut bytes = [0; 12];
        self.blocks.read(self.head.keys_at + 12 * at, &mut bytes)?;
        let (hash, record) = bytes.split_at(8);
        Ok((
            u64::from_le_bytes(hash.try_into().map_err(|_| IndexError::Damaged)?),
            u32::from_le_bytes(record.try_into().map_err(|_| IndexError::Damaged)?),
        ))
    }

    fn record(&self, number: u32) -> Result<IndexedFile, IndexError> {
        if u64::from(number) >= self.head.records {
            return Err(IndexError::Damaged);
        }
        let starts_at = self.head.starts_at + 8 * u64::from(number);
        let (from, to) = (self.blocks.u64(starts_at)?, self.blocks.u64(starts_at + 8)?);
        let size = to.checked_sub(from).filter(|size| *size <= codec::RECORD_MAX).ok_or(IndexError::Damaged)?;
        let mut bytes = vec![0; size as usize];
        self.blocks.read(from, &mut bytes)?;
        codec::read_file(&mut Reader::new(&bytes)).ok_or(IndexError::Damaged)
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("tree", &self.head.tree).field("reports", &self.head.reports).finish()
    }
}
