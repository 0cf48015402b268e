//! Databases in memory, and releases of them in a room of their own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use database::{BlobId, Content, Contents, Entry, ReadError, Snapshot, TreePath, Visit};
use export::{Blocking, Held, Input, Manifest, Target};
use rayon::prelude::*;
use tempfile::TempDir;

/// Files by path, read by several threads in any order, as `store` reads them.
struct Files(BTreeMap<String, Vec<u8>>);

impl Contents for Files {
    fn read(&self, wanted: &[&Entry], visit: &Visit<'_>) {
        wanted.par_iter().enumerate().for_each(|(at, entry)| match self.0.get(entry.path.as_str()) {
            Some(bytes) => visit(at, Ok(bytes)),
            None => visit(at, Err(ReadError::of_system(&entry.path, "the disk is gone"))),
        });
    }
}

pub(crate) fn snapshot<P: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (P, T)>) -> Snapshot {
    let files: BTreeMap<String, Vec<u8>> =
        files.into_iter().map(|(path, text)| (path.into(), text.into().into_bytes())).collect();
    let entry =
        |path: &String| Entry { path: TreePath::new(path.as_str()).unwrap(), content: Content::Blob(BlobId([0; 20])) };
    Snapshot::new(None, files.keys().map(entry).collect(), Arc::new(Files(files)))
}

/// A snapshot with one file that is listed and cannot be read.
pub(crate) fn unreadable_snapshot(path: &str) -> Snapshot {
    let entry = Entry { path: TreePath::new(path).unwrap(), content: Content::File };
    Snapshot::new(None, vec![entry], Arc::new(Files(BTreeMap::new())))
}

/// A snapshot with one path at which there is no file.
pub(crate) fn link_snapshot(path: &str) -> Snapshot {
    let entry = Entry { path: TreePath::new(path).unwrap(), content: Content::NotAFile("a symbolic link") };
    Snapshot::new(None, vec![entry], Arc::new(Files(BTreeMap::new())))
}

/// A report on one package, one version of it: what can be published of any ecosystem.
pub(crate) fn report(id: &str, modified: &str, ecosystem: &str, name: &str) -> String {
    format!(
        r#"{{"schema_version":"1.7.5","id":"{id}","modified":"{modified}","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},"versions":["1.0.0"]}}]}}"#
    )
}

/// The same on every version of it.
pub(crate) fn report_on_all(id: &str, modified: &str, ecosystem: &str, name: &str) -> String {
    let range = r#""ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]"#;
    report(id, modified, ecosystem, name).replace(r#""versions":["1.0.0"]"#, range)
}

/// The path of a report; the folder does not matter to an export.
pub(crate) fn path(id: &str) -> String {
    format!("osv/malicious/x/{id}.json")
}

/// Each report with a path after its id.
pub(crate) fn reports(texts: &[(&str, String)]) -> Snapshot {
    snapshot(texts.iter().map(|(id, text)| (path(id), text.clone())))
}

pub(crate) fn input<'i>(snapshot: &'i Snapshot, held: &'i [Held]) -> Input<'i> {
    Input {
        snapshot,
        commit: None,
        history: None,
        held,
        listed: None,
        home: None,
        blocking: Blocking::default(),
        targets: Target::ALL.into_iter().filter(|target| target.is_default()).collect(),
        tool: "malpkg 0.0.0",
        licence: "CC0-1.0",
    }
}

/// A release in a room that goes away with it.
pub(crate) struct Release {
    room: TempDir,
    pub(crate) manifest: Manifest,
}

impl Release {
    pub(crate) fn of(input: &Input<'_>) -> Release {
        let room = TempDir::new().unwrap();
        let manifest = export::write(input, room.path(), &|_| {}).unwrap();
        Release { room, manifest }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.room.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir().join(path)
    }

    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.path(path)).unwrap()
    }

    pub(crate) fn text(&self, path: &str) -> String {
        String::from_utf8(self.bytes(path)).unwrap()
    }

    /// The files of an archive in their order, name and text.
    pub(crate) fn archive(&self, path: &str) -> Vec<(String, String)> {
        let mut archive = zip::ZipArchive::new(File::open(self.path(path)).unwrap()).unwrap();
        let mut files = Vec::with_capacity(archive.len());
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            files.push((file.name().unwrap().into_owned(), text));
        }
        files
    }

    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        self.archive(path).into_iter().map(|(name, _)| name).collect()
    }

    /// The lines of the compressed list of records.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = zstd::decode_all(File::open(self.path("all.ndjson.zst")).unwrap()).unwrap();
        String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
    }
}
