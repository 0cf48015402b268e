//! Many new objects as one pack. libgit2's own way keeps all of them in memory a second time and looks for differences
//! between them, which git does better when it packs; here they go to the disk one behind the other.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use database::{object_head, pack_head};
use git2::{Indexer, ObjectType, Odb, Repository};
use libdeflater::{CompressionLvl, Compressor};
use rayon::prelude::*;
use sha1::{Digest, Sha1};

use super::CommitError;
use crate::Error;

/// How many objects are compressed at once.
const AT_ONCE: usize = 4_096;

/// An object that is new.
pub(super) struct Object<'o> {
    pub(super) kind: ObjectType,
    pub(super) bytes: &'o [u8],
}

/// Writes the objects as a pack, and brings it to the disk: a branch must not name what a power cut can take back.
pub(super) fn write(repository: &Repository, odb: &Odb<'_>, objects: &[Object<'_>]) -> Result<(), CommitError> {
    let folder = repository.commondir().join("objects").join("pack");
    fs::create_dir_all(&folder).map_err(Error::disk("create", &folder))?;
    let indexer = Indexer::new(Some(odb), &folder, 0, false).map_err(Error::git("begin a pack"))?;
    let name = fill(indexer, objects, &folder)?;
    for ending in ["pack", "idx"] {
        let file = folder.join(format!("pack-{name}.{ending}"));
        File::open(&file).and_then(|open| open.sync_all()).map_err(Error::disk("bring to the disk", &file))?;
    }
    odb.refresh().map_err(Error::git("look at a new pack"))?;
    Ok(())
}

/// The pack's name.
fn fill(mut indexer: Indexer<'_>, objects: &[Object<'_>], folder: &Path) -> Result<String, Error> {
    let count =
        u32::try_from(objects.len()).map_err(io::Error::other).map_err(Error::disk("write a pack in", folder))?;
    let mut hasher = Sha1::new();
    let mut put = |piece: &[u8]| {
        hasher.update(piece);
        indexer.write_all(piece).map_err(Error::disk("write a pack in", folder))
    };
    put(&pack_head(count))?;
    for objects in objects.chunks(AT_ONCE) {
        let pieces = objects.par_iter().map_init(|| Compressor::new(CompressionLvl::fastest()), piece);
        for piece in pieces.collect::<Vec<_>>() {
            put(&piece.map_err(Error::disk("write a pack in", folder))?)?;
        }
    }
    let end = hasher.finalize();
    indexer.write_all(&end).map_err(Error::disk("write a pack in", folder))?;
    indexer.commit().map_err(Error::git("write a pack"))
}

/// One object as a pack has it: its kind and size, and its bytes compressed.
fn piece(compressor: &mut Compressor, object: &Object<'_>) -> io::Result<Vec<u8>> {
    let kind: u8 = match object.kind {
        ObjectType::Commit => 1,
        ObjectType::Tree => 2,
        _ => 3,
    };
    let mut piece = object_head(kind, object.bytes.len());
    let head = piece.len();
    piece.resize(head + compressor.zlib_compress_bound(object.bytes.len()), 0);
    let length = compressor.zlib_compress(object.bytes, &mut piece[head..]).map_err(io::Error::other)?;
    piece.truncate(head + length);
    piece.shrink_to_fit();
    Ok(piece)
}
