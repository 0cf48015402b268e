//! Reading many objects out of packs at once.
//!
//! Looked up one by one, objects that are kept as differences make libgit2 inflate the same bases again and again.
//! Here each base is inflated once: from the objects kept whole, along the deltas, to everything that is wanted.
//! This is only the fast way. Whatever it cannot read, for whatever reason, is left to libgit2, which also knows
//! what to say about it.

mod delta;
mod family;
mod index;
mod mapped;

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use family::Family;
use index::PackIndex;
use mapped::{Mapped, map};
use rayon::prelude::*;

/// The hash of all before it, at the end of a pack.
const TRAILER: usize = 20;

/// The object types by their numbers in a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Tree = 2,
    Blob = 3,
}

/// What is called for each object that was read: its number in the list of what is wanted, and its bytes.
pub(crate) type Show<'s> = dyn Fn(usize, &[u8]) + Sync + 's;

/// One object that is wanted: where it begins in the pack, and its number in the list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    offset: u64,
    at: u32,
}

/// The packs of a repository as they were when they were first needed.
pub(crate) struct Packs {
    packs: Vec<Pack>,
}

struct Pack {
    path: PathBuf,
    index: PackIndex,
    offsets: OnceLock<Option<Vec<u64>>>,
}

impl Packs {
    pub(crate) fn find(object_folders: &[PathBuf]) -> Packs {
        let folders = object_folders.iter().filter_map(|folder| fs::read_dir(folder.join("pack")).ok());
        let indexes = folders.flatten().filter_map(|file| Some(file.ok()?.path()));
        let packs = indexes.filter(|path| path.extension().is_some_and(|ext| ext == "idx")).filter_map(Pack::open);
        Packs { packs: packs.collect() }
    }

    /// Reads what can be read of the wanted objects, those of another kind or above the limit left out, and tells
    /// which were shown.
    pub(crate) fn read(&self, wanted: &[[u8; 20]], kind: Kind, limit: usize, show: &Show<'_>) -> Vec<bool> {
        let mut is_shown = vec![false; wanted.len()];
        for pack in &self.packs {
            let place = |at: usize| Some(Wanted { offset: pack.index.offset_of(&wanted[at])?, at: at as u32 });
            let mut here: Vec<Wanted> =
                (0..wanted.len()).into_par_iter().filter(|&at| !is_shown[at]).filter_map(place).collect();
            here.par_sort_unstable();
            // A pack is mapped as long as it is read: what was looked at of it counts as memory of the program.
            if let Some(bytes) = pack.map().filter(|_| !here.is_empty()) {
                let shown = Family::gather(pack, &bytes, &here).map(|family| family.read(kind, limit, show));
                shown.unwrap_or_default().into_iter().for_each(|at| is_shown[at] = true);
            }
        }
        is_shown
    }
}

impl Pack {
    fn open(index: PathBuf) -> Option<Pack> {
        Some(Pack { path: index.with_extension("pack"), index: PackIndex::read(&index)?, offsets: OnceLock::new() })
    }

    /// Where every object begins, ascending.
    fn offsets(&self) -> Option<&[u64]> {
        self.offsets.get_or_init(|| self.index.offsets()).as_deref()
    }

    /// Its bytes.
    fn map(&self) -> Option<Mapped> {
        let bytes = map(&self.path).ok()?;
        let count = u32::try_from(self.index.count()).ok()?.to_be_bytes();
        let is_pack = bytes.starts_with(b"PACK\0\0\0\x02") && bytes.get(8..12)? == count;
        is_pack.then_some(bytes)
    }
}
