//! The index of a pack (`.idx`, version 2): where each object begins.

use std::cmp::Ordering;
use std::path::Path;

use rayon::prelude::*;

use super::mapped::{Mapped, map};

const MAGIC: [u8; 8] = [0xff, b't', b'O', b'c', 0, 0, 0, 2];
const FANOUT: usize = 256 * 4;
/// The hashes of the pack and of the index, at its end.
const TRAILER: usize = 40;

/// The index of one pack.
pub(crate) struct PackIndex {
    bytes: Mapped,
    count: usize,
}

impl PackIndex {
    /// Reads an index; none where it is missing or of another form, which leaves the pack to libgit2.
    pub(crate) fn read(path: &Path) -> Option<PackIndex> {
        let bytes = map(path).ok()?;
        let count = u32_at(&bytes, MAGIC.len() + FANOUT - 4)? as usize;
        let least = MAGIC.len() + FANOUT + count.checked_mul(28)? + TRAILER;
        (bytes.starts_with(&MAGIC) && bytes.len() >= least).then_some(PackIndex { bytes, count })
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Where an object begins in the pack.
    pub(crate) fn offset_of(&self, id: &[u8; 20]) -> Option<u64> {
        let first = usize::from(id[0]);
        let fanout = |byte: usize| u32_at(&self.bytes, MAGIC.len() + byte * 4).map(|n| n as usize);
        let (mut low, mut high) = (first.checked_sub(1).map_or(Some(0), fanout)?, fanout(first)?.min(self.count));
        // Ids are spread evenly, so that the next bytes tell nearly where to look.
        let many = high.saturating_sub(low);
        let guess = low + ((many as u64 * u64::from(u32_at(id, 1)?)) >> 32) as usize;
        let (from, to) = (guess.saturating_sub(2 * many.isqrt()).max(low), (guess + 2 * many.isqrt()).min(high));
        let wanted = key(id);
        if from < to {
            (low, high) = match (self.key_at(from)? <= wanted, self.key_at(to - 1)? >= wanted) {
                (true, true) => (from, to),
                (true, false) => (to, high),
                (false, _) => (low, from),
            };
        }
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.key_at(middle)?.cmp(&wanted) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return self.offset_at(middle),
            }
        }
        None
    }

    /// Where every object begins, ascending.
    pub(crate) fn offsets(&self) -> Option<Vec<u64>> {
        let mut offsets: Vec<u64> = (0..self.count).map(|at| self.offset_at(at)).collect::<Option<_>>()?;
        offsets.par_sort_unstable();
        Some(offsets)
    }

    fn key_at(&self, at: usize) -> Option<Key> {
        let from = MAGIC.len() + FANOUT + at * 20;
        self.bytes.get(from..)?.first_chunk().map(key)
    }

    fn offset_at(&self, at: usize) -> Option<u64> {
        let offsets = MAGIC.len() + FANOUT + self.count * 24;
        let short = u32_at(&self.bytes, offsets + at * 4)?;
        if short >> 31 == 0 {
            return Some(u64::from(short));
        }
        // Beyond 2 GiB it is the place in a second table.
        let from = offsets + self.count * 4 + (short & 0x7fff_ffff) as usize * 8;
        let long = self.bytes.get(from..from + 8)?;
        Some(u64::from_be_bytes(long.try_into().ok()?))
    }
}

/// An id as numbers of the same order: quicker to compare than bytes.
type Key = (u128, u32);

fn key(id: &[u8; 20]) -> Key {
    let [head @ .., a, b, c, d] = *id;
    (u128::from_be_bytes(head), u32::from_be_bytes([a, b, c, d]))
}

fn u32_at(bytes: &[u8], from: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(from..from + 4)?.try_into().ok()?))
}
