//! The head of an index: what it is of, and where its parts are.

use super::IndexError;
use super::blocks::{BLOCK, Blocks};
use super::codec::{Reader, number, text};
use crate::{Bytes, TreeId};

/// What every index begins with; the last byte is the version of the form.
const MAGIC: &[u8; 8] = b"malpkg\0\x02";
/// No head is larger.
const HEAD_MAX: u64 = 1 << 20;

/// What the index is of, and where its parts are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) fingerprint: Vec<u8>,
    pub(super) tree: TreeId,
    pub(super) reports: u64,
    pub(super) records: u64,
    pub(super) starts_at: u64,
    pub(super) keys: u64,
    pub(super) keys_at: u64,
    /// Where the blocks end and their checksums begin.
    pub(super) end: u64,
    pub(super) checksums_crc: u32,
    pub(super) rules: Vec<RuleFiles>,
}

/// What one rule found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RuleFiles {
    pub(super) name: String,
    /// How often it found something.
    pub(super) count: u64,
    /// In how many files.
    pub(super) files: u64,
    pub(super) files_at: u64,
}

impl Head {
    /// The bytes, in whole blocks: magic, length and checksum, then the fields.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut fields = Vec::new();
        number(self.fingerprint.len() as u64, &mut fields);
        fields.extend_from_slice(&self.fingerprint);
        fields.extend_from_slice(&self.tree.0);
        for value in [self.reports, self.records, self.starts_at, self.keys, self.keys_at, self.end] {
            fields.extend_from_slice(&value.to_le_bytes());
        }
        fields.extend_from_slice(&self.checksums_crc.to_le_bytes());
        number(self.rules.len() as u64, &mut fields);
        for rule in &self.rules {
            text(&rule.name, &mut fields);
            for value in [rule.count, rule.files, rule.files_at] {
                fields.extend_from_slice(&value.to_le_bytes());
            }
        }
        let mut head = MAGIC.to_vec();
        head.extend_from_slice(&(fields.len() as u32).to_le_bytes());
        head.extend_from_slice(&crc32fast::hash(&fields).to_le_bytes());
        head.extend_from_slice(&fields);
        head.resize(head.len().next_multiple_of(BLOCK), 0);
        head
    }

    fn read(fields: &[u8]) -> Option<Head> {
        let mut reader = Reader::new(fields);
        let length = usize::try_from(reader.number()?).ok()?;
        let fingerprint = reader.take(length)?.to_vec();
        let tree = TreeId(reader.take(20)?.try_into().ok()?);
        let mut value = || reader.take(8)?.try_into().ok().map(u64::from_le_bytes);
        let [reports, records, starts_at, keys, keys_at, end] =
            [value()?, value()?, value()?, value()?, value()?, value()?];
        let checksums_crc = u32::from_le_bytes(reader.take(4)?.try_into().ok()?);
        let mut rules = Vec::new();
        for _ in 0..reader.number()? {
            let name = reader.text()?.to_owned();
            let mut value = || reader.take(8)?.try_into().ok().map(u64::from_le_bytes);
            rules.push(RuleFiles { name, count: value()?, files: value()?, files_at: value()? });
        }
        Some(Head { fingerprint, tree, reports, records, starts_at, keys, keys_at, end, checksums_crc, rules })
    }
}

/// Reads and checks the head, and the checksums of the blocks.
pub(super) fn open(bytes: Box<dyn Bytes>) -> Result<(Head, Blocks), IndexError> {
    let damaged = || IndexError::Damaged;
    let mut begin = [0; 16];
    bytes.read_at(0, &mut begin).map_err(|_| damaged())?;
    if begin[..8] != *MAGIC {
        return Err(IndexError::Other);
    }
    let number = |at: usize| begin[at..at + 4].try_into().map(u32::from_le_bytes).map_err(|_| IndexError::Damaged);
    let (length, crc) = (number(8)?, number(12)?);
    if u64::from(length) > HEAD_MAX {
        return Err(damaged());
    }
    let mut fields = vec![0; length as usize];
    bytes.read_at(16, &mut fields).map_err(|_| damaged())?;
    let head = Head::read(&fields).filter(|_| crc32fast::hash(&fields) == crc).ok_or_else(damaged)?;
    let count = head.end.div_ceil(BLOCK as u64);
    if head.end.checked_add(4 * count) != Some(bytes.len()) {
        return Err(damaged());
    }
    let mut table = vec![0; 4 * count as usize];
    bytes.read_at(head.end, &mut table)?;
    if crc32fast::hash(&table) != head.checksums_crc {
        return Err(damaged());
    }
    let checksums =
        table.chunks_exact(4).map(|sum| sum.iter().rev().fold(0, |all, &byte| all << 8 | u32::from(byte))).collect();
    let end = head.end;
    Ok((head, Blocks::new(bytes, checksums, end)))
}
