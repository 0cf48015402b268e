//! A git pack of whole objects, written one behind the other, and the tree that its commits are of.
//!
//! `git fast-import` looks through a folder once for each file that it puts there: a hundred thousand files in one take
//! it minutes. Git's own packing finds the differences afterwards.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use database::{object_head, pack_head};
use libdeflater::{CompressionLvl, Compressor};
use sha1::{Digest, Sha1};

use super::History;

/// The name of an object.
type Oid = [u8; 20];

/// The object types by their names, and by their numbers in a pack.
const COMMIT: (&str, u8) = ("commit", 1);
const TREE: (&str, u8) = ("tree", 2);
const BLOB: (&str, u8) = ("blob", 3);

/// A history that is written into a pack.
pub(super) struct PackedHistory {
    file: BufWriter<File>,
    compressor: Compressor,
    count: u32,
    root: Folder,
    tip: Option<Oid>,
}

/// A folder; its members by the bytes that git sorts by, where the name of a folder ends in a slash.
#[derive(Default)]
struct Folder {
    members: BTreeMap<String, Member>,
    /// The name of the tree object, where it was written since the last change.
    written: Option<Oid>,
}

enum Member {
    File(Oid),
    Folder(Folder),
}

impl PackedHistory {
    /// Begins a pack at a path.
    pub(super) fn new(path: &Path) -> io::Result<PackedHistory> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        // How many objects there are is written in the end.
        file.write_all(&pack_head(0))?;
        let compressor = Compressor::new(CompressionLvl::fastest());
        Ok(PackedHistory { file, compressor, count: 0, root: Folder::default(), tip: None })
    }

    /// Ends the pack, and gives the name of the newest commit.
    pub(super) fn finish(self, path: &Path) -> io::Result<String> {
        drop(self.file.into_inner()?);
        let mut file = File::options().read(true).write(true).open(path)?;
        file.seek(SeekFrom::Start(8))?;
        file.write_all(&self.count.to_be_bytes())?;
        file.seek(SeekFrom::Start(0))?;
        let (mut hasher, mut buffer) = (Sha1::new(), vec![0; 1 << 20]);
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => hasher.update(&buffer[..read]),
            }
        }
        file.write_all(&hasher.finalize())?;
        Ok(self.tip.as_ref().map(hex).unwrap_or_default())
    }

    fn object(&mut self, (name, kind): (&str, u8), bytes: &[u8]) -> io::Result<Oid> {
        let mut hasher = Sha1::new();
        hasher.update(format!("{name} {}\0", bytes.len()));
        hasher.update(bytes);
        self.file.write_all(&object_head(kind, bytes.len()))?;
        let mut packed = vec![0; self.compressor.zlib_compress_bound(bytes.len())];
        let length = self.compressor.zlib_compress(bytes, &mut packed).map_err(io::Error::other)?;
        self.file.write_all(&packed[..length])?;
        self.count += 1;
        Ok(hasher.finalize().into())
    }

    fn tree(&mut self, folder: &mut Folder) -> io::Result<Oid> {
        if let Some(written) = folder.written {
            return Ok(written);
        }
        let mut bytes = Vec::with_capacity(folder.members.len() * 48);
        for (name, member) in &mut folder.members {
            let (mode, id) = match member {
                Member::File(id) => ("100644 ", *id),
                Member::Folder(folder) => ("40000 ", self.tree(folder)?),
            };
            bytes.extend_from_slice(mode.as_bytes());
            bytes.extend_from_slice(name.trim_end_matches('/').as_bytes());
            bytes.push(0);
            bytes.extend_from_slice(&id);
        }
        let id = self.object(TREE, &bytes)?;
        folder.written = Some(id);
        Ok(id)
    }
}

impl History for PackedHistory {
    fn put(&mut self, path: &str, text: &str) -> io::Result<()> {
        let id = self.object(BLOB, text.as_bytes())?;
        self.root.put(path, id);
        Ok(())
    }

    fn remove(&mut self, path: &str) -> io::Result<()> {
        self.root.remove(path);
        Ok(())
    }

    fn commit(&mut self, time: u64, message: &str) -> io::Result<()> {
        let mut root = std::mem::take(&mut self.root);
        let tree = self.tree(&mut root)?;
        self.root = root;
        let parent = self.tip.map_or_else(String::new, |tip| format!("parent {}\n", hex(&tip)));
        let who = format!("Generator <generator@example.org> {time} +0000");
        let text = format!("tree {}\n{parent}author {who}\ncommitter {who}\n\n{message}\n", hex(&tree));
        self.tip = Some(self.object(COMMIT, text.as_bytes())?);
        Ok(())
    }
}

impl Folder {
    fn put(&mut self, path: &str, id: Oid) {
        self.written = None;
        let Some((name, rest)) = path.split_once('/') else {
            self.members.insert(path.to_owned(), Member::File(id));
            return;
        };
        let member = self.members.entry(format!("{name}/")).or_insert_with(|| Member::Folder(Folder::default()));
        if let Member::Folder(folder) = member {
            folder.put(rest, id);
        }
    }

    fn remove(&mut self, path: &str) {
        self.written = None;
        let Some((name, rest)) = path.split_once('/') else {
            self.members.remove(path);
            return;
        };
        let name = format!("{name}/");
        if let Some(Member::Folder(folder)) = self.members.get_mut(&name) {
            folder.remove(rest);
            // Git keeps no folder without files.
            if folder.members.is_empty() {
                self.members.remove(&name);
            }
        }
    }
}

fn hex(id: &Oid) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the pack is written before git takes it in.
pub(super) fn unfinished(out: &Path) -> io::Result<std::path::PathBuf> {
    let folder = out.join(if out.join("objects").is_dir() { "objects" } else { ".git/objects" });
    fs::create_dir_all(folder.join("pack"))?;
    Ok(folder.join("pack/tmp_generated.pack"))
}
