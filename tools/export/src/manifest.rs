//! The manifest: what a release says about itself, and every file in it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::blocking::{Blocking, LeftOut};
use crate::{Error, Held};

/// The manifest's name in a release.
pub(crate) const FILE: &str = "manifest.json";

/// How every manifest begins, so that a folder can be told to be a release without reading all of it.
pub(crate) const BEGINNING: &[u8] = br#"{"format":"malpkg.manifest""#;

const FORMAT: &str = "malpkg.manifest";
const VERSION: u32 = 1;

/// Far more than the manifest of any release; a larger file is none.
pub(crate) const SIZE_MAX: u64 = 256 << 20;

/// What a release says about itself. The members come in the order in which they are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: String,
    version: u32,
    /// The commit that the release is a function of; none for a plain folder or a working tree.
    pub commit: Option<String>,
    /// The commit's tree.
    pub tree: Option<String>,
    /// When the commit was made.
    pub time: Option<String>,
    /// How many commits lead to it, by first parents.
    pub sequence: Option<u64>,
    /// Its first parent.
    pub parent: Option<String>,
    /// The tool and version that wrote the release.
    pub tool: String,
    /// The license of the data.
    pub licence: String,
    /// What was asked for, by the names of targets.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Which reports the lists that block hold; none where there is no such list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocking: Option<Blocking>,
    /// What stands and is not in all of these lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// How much there is.
    pub counts: Counts,
    /// The reports that are not in the release, by id.
    pub held: Vec<Held>,
    /// Every other file, by path.
    pub files: BTreeMap<String, FileFacts>,
}

/// How much a release holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Records, withdrawn ones too.
    pub reports: usize,
    /// Withdrawn records.
    pub withdrawn: usize,
    /// Reports that are held.
    pub held: usize,
    /// Records of each ecosystem that has any. A record can be in several.
    pub ecosystems: BTreeMap<String, usize>,
}

/// What is known about one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes, in hex.
    pub sha256: String,
}

impl Manifest {
    /// The manifest of a release of this input.
    pub(crate) fn new(
        input: &crate::Input<'_>,
        counts: Counts,
        held: Vec<Held>,
        left_out: Option<LeftOut>,
        files: BTreeMap<String, FileFacts>,
    ) -> Manifest {
        let commit = input.commit.as_ref();
        Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            commit: commit.map(|commit| commit.id.clone()),
            tree: commit.map(|commit| commit.tree.clone()),
            time: commit.map(|commit| commit.time.to_string()),
            sequence: commit.map(|commit| commit.sequence),
            parent: commit.and_then(|commit| commit.parent.clone()),
            tool: input.tool.to_owned(),
            licence: input.licence.to_owned(),
            targets: input.targets.iter().map(|target| target.name().to_owned()).collect(),
            blocking: left_out.is_some().then(|| input.blocking.clone()),
            left_out,
            counts,
            held,
            files,
        }
    }

    /// Reads the manifest of the release in a folder.
    ///
    /// # Errors
    ///
    /// There is none, or it is of a kind that this version does not know.
    pub fn read(dir: &Path) -> Result<Manifest, Error> {
        let path = dir.join(FILE);
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(Error::io("open", &path))?;
        file.take(SIZE_MAX + 1).read_to_end(&mut bytes).map_err(Error::io("read", &path))?;
        Manifest::parse(&bytes, &path)
    }

    /// Reads a manifest from its bytes; `path` is where they are from.
    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Manifest, Error> {
        let invalid = |reason: String| Error::Manifest { path: path.to_owned(), reason };
        if bytes.len() as u64 > SIZE_MAX {
            return Err(invalid("it is larger than 256 MiB".to_owned()));
        }
        let manifest: Manifest = serde_json::from_slice(bytes).map_err(|error| invalid(error.to_string()))?;
        if (manifest.format.as_str(), manifest.version) != (FORMAT, VERSION) {
            return Err(invalid(format!("its format is {:?} version {}", manifest.format, manifest.version)));
        }
        Ok(manifest)
    }

    /// The bytes of the file: one line.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}
