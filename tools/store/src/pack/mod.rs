//! Reading many objects out of packs at once.
//!
//! Looked up one by one, objects that are kept as differences make libgit2 inflate the same bases again and again.
//! Here each base is inflated once: from the objects kept whole, along the deltas, to everything that is wanted.
//! This is only the fast way. Whatever it cannot read, for whatever reason, is left to libgit2, which also knows
//! what to say about it.

mod delta;
mod family;
mod index;

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use family::Family;
use index::PackIndex;
use rayon::prelude::*;

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
            if !here.is_empty() {
                let shown = Family::gather(pack, &here).map(|family| family.read(kind, limit, show));
                shown.unwrap_or_default().into_iter().for_each(|at| is_shown[at] = true);
            }
        }
        is_shown
    }
}

impl Pack {
    fn open(index: PathBuf) -> Option<Pack> {
        Some(Pack { index: PackIndex::read(&index)?, path: index.with_extension("pack"), offsets: OnceLock::new() })
    }

    /// Where every object begins, ascending.
    fn offsets(&self) -> Option<&[u64]> {
        self.offsets.get_or_init(|| self.index.offsets()).as_deref()
    }

    fn bytes(&self) -> Option<PackBytes> {
        PackBytes::open(&self.path, self.index.count())
    }
}

/// The bytes of a pack.
struct PackBytes {
    file: File,
    /// Where the objects end.
    end: u64,
}

impl PackBytes {
    fn open(path: &Path, count: usize) -> Option<PackBytes> {
        let mut file = File::open(path).ok()?;
        let len = file.metadata().ok()?.len();
        let mut head = [0; 12];
        file.read_exact(&mut head).ok()?;
        let is_pack = head.starts_with(b"PACK\0\0\0\x02") && head[8..] == u32::try_from(count).ok()?.to_be_bytes();
        is_pack.then_some(PackBytes { file, end: len.checked_sub(20)? })
    }

    fn read(&mut self, from: u64, to: u64, out: &mut Vec<u8>) -> Option<()> {
        let length = to.checked_sub(from)?;
        out.clear();
        out.reserve(usize::try_from(length).ok()?);
        self.file.seek(SeekFrom::Start(from)).ok()?;
        let read = (&self.file).take(length).read_to_end(out).ok()?;
        (read as u64 == length).then_some(())
    }
}
