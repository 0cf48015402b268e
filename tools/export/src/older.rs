//! An older release, used for speed: what it holds of a report that is the same is taken over, compressed as it is.
//!
//! Nobody is believed. The caller kept notes of the release when it wrote it, under the hash of its manifest and of all
//! that decided its bytes; the notes say which blob each record was made of; and a file is used only while its bytes are
//! those of the manifest. Whatever does not hold is made anew, so the result is the same bytes.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use database::{BlobId, Content};
use osv_schema::Timestamp;
use sha2::{Digest, Sha256};

use crate::body::Body;
use crate::bundle::Object;
use crate::collect::Facts;
use crate::delta::{self, IndexV1, IndexedV1};
use crate::folders::Folders;
use crate::manifest::{self, FileFacts, Manifest};
use crate::noted::{self, Line};
use crate::output::hex;
use crate::unzip::Archive;
use crate::verify::sha256_of;

const ARCHIVE: &str = "all.zip";

/// An older release.
pub struct Older {
    dir: PathBuf,
    manifest: Manifest,
    /// The records, by id.
    records: Vec<Known>,
    /// For each blob the place of the record that was made of it.
    of_blobs: HashMap<BlobId, u32>,
    in_folder: BTreeMap<&'static str, usize>,
    deltas: HashMap<(String, String), IndexedV1>,
}

/// What is known of one record. All of a large database are in memory at once.
struct Known {
    id: Box<str>,
    modified: Timestamp,
    is_withdrawn: bool,
    folders: Folders,
    object: Option<Object>,
    body: Body,
    /// What it says, as it was noted.
    said: Box<str>,
}

impl Older {
    /// The hash by which the caller finds its notes of the release in a folder.
    pub fn name_of(dir: &Path) -> Option<String> {
        sha256_of(&dir.join(manifest::FILE)).ok()
    }

    /// Opens a release by the notes that were kept of it; none where it is of no use.
    pub fn open(dir: &Path, notes: &[u8]) -> Option<Older> {
        let manifest = Manifest::read(dir).ok()?;
        let is_whole = |path: &str| {
            let facts = manifest.files.get(path)?;
            (sha256_of(&dir.join(path)).ok()? == facts.sha256).then_some(())
        };
        let read = || read_notes(notes, &Archive::open(&dir.join(ARCHIVE)).ok()?);
        let (whole, read) = rayon::join(|| is_whole(ARCHIVE), read);
        whole?;
        let (records, of_blobs) = read?;
        let mut in_folder = BTreeMap::new();
        for folder in records.iter().flat_map(|known| known.folders.iter()) {
            *in_folder.entry(folder).or_default() += 1;
        }
        let index = is_whole(delta::INDEX).and_then(|()| fs::read(dir.join(delta::INDEX)).ok());
        let index = index.and_then(|bytes| serde_json::from_slice::<IndexV1>(&bytes).ok());
        let deltas = index.into_iter().flat_map(|index| index.deltas);
        let deltas = deltas.map(|one| ((one.from.clone(), one.to.clone()), one)).collect();
        Some(Older { dir: dir.to_owned(), manifest, records, of_blobs, in_folder, deltas })
    }

    /// What is known of a report, if it is the same as it was, and what was noted of what it says.
    pub(crate) fn facts(&self, id: &str, content: &Content) -> Option<(Facts, &str)> {
        let Content::Blob(blob) = content else { return None };
        let known = self.records.get(*self.of_blobs.get(blob)? as usize).filter(|known| *known.id == *id)?;
        let facts = Facts {
            modified: known.modified,
            is_withdrawn: known.is_withdrawn,
            folders: known.folders.clone(),
            said: None,
            object: known.object,
            body: known.body.clone(),
            is_new: false,
        };
        Some((facts, &known.said))
    }

    /// How many records a folder has.
    pub(crate) fn count(&self, folder: &str) -> usize {
        self.in_folder.get(folder).copied().unwrap_or_default()
    }

    /// What it says of a commit and its parent, if it told what the commit changed and the files are in it.
    pub(crate) fn delta(&self, from: &str, to: &str) -> Option<IndexedV1> {
        let known = self.deltas.get(&(from.to_owned(), to.to_owned()))?;
        known.zip.as_ref().map(|_| known.clone())
    }

    /// What the manifest says of a file, if the file is so.
    pub(crate) fn prove(&self, path: &str) -> Option<&FileFacts> {
        let (facts, old) = (self.manifest.files.get(path)?, self.dir.join(path));
        let is_file = fs::symlink_metadata(&old).ok()?.is_file();
        (is_file && sha256_of(&old).ok()? == facts.sha256).then_some(facts)
    }

    /// The bytes of a small file, if they are what the manifest says.
    pub(crate) fn read(&self, path: &str) -> Option<Vec<u8>> {
        let bytes = fs::read(self.dir.join(path)).ok()?;
        (hex(&Sha256::digest(&bytes)) == self.manifest.files.get(path)?.sha256).then_some(bytes)
    }

    /// Takes a file over into a new release.
    pub(crate) fn take(&self, path: &str, into: &Path) -> Option<FileFacts> {
        let (facts, old, new) = (self.prove(path)?, self.dir.join(path), into.join(path));
        fs::create_dir_all(new.parent()?).ok()?;
        if fs::hard_link(&old, &new).is_ok() {
            return Some(facts.clone());
        }
        // Another file system, or one without such links.
        if fs::copy(&old, &new).is_ok() && sha256_of(&new).ok().as_ref() == Some(&facts.sha256) {
            return Some(facts.clone());
        }
        let _ = fs::remove_file(&new);
        None
    }
}

impl std::fmt::Debug for Older {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Older").field("dir", &self.dir).field("records", &self.records.len()).finish_non_exhaustive()
    }
}

/// The records of a release, and which blob each was made of. Both the notes and the archive have them by id.
fn read_notes(notes: &[u8], archive: &Archive) -> Option<(Vec<Known>, HashMap<BlobId, u32>)> {
    let mut records = Vec::with_capacity(archive.count());
    let mut of_blobs = HashMap::with_capacity(archive.count());
    let mut archived = archive.records();
    for line in noted::lines(notes)? {
        let Line { blob, id, modified, is_withdrawn, object, folders, said } = line?;
        let body = loop {
            let record = archived.next()?.ok()?;
            if record.id == id {
                break record.body;
            }
        };
        of_blobs.insert(blob, u32::try_from(records.len()).ok()?);
        records.push(Known { id: id.into(), modified, is_withdrawn, folders, object, body, said: said.into() });
    }
    Some((records, of_blobs))
}
