//! A release against its manifest.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::Error;
use crate::manifest::{self, FileFacts, Manifest};
use crate::output::hex;
use crate::sign::{EXTENSION, VerifyingKey};
use crate::status;

/// What is not in the manifest by its nature.
pub(crate) const OUTSIDE: [&str; 4] = [manifest::FILE, "manifest.json.minisig", status::FILE, "status.json.minisig"];

/// A file that is not as the manifest says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Its path in the release, with slashes.
    pub path: String,
    /// What is different.
    pub kind: DifferenceKind,
}

/// What is different about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// The manifest has it, the release does not.
    Missing,
    /// Its bytes are others.
    Differs,
    /// The release has it, the manifest does not.
    TooMuch,
    /// It is not signed with the key that was named.
    NotSigned,
}

impl DifferenceKind {
    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            DifferenceKind::Missing => "missing",
            DifferenceKind::Differs => "differs",
            DifferenceKind::TooMuch => "too-much",
            DifferenceKind::NotSigned => "not-signed",
        }
    }
}

impl fmt::Display for DifferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DifferenceKind::TooMuch => "too much",
            DifferenceKind::NotSigned => "not signed with this key",
            kind => kind.word(),
        })
    }
}

/// Compares every file of a release with its manifest. The result is sorted by path, and empty when all is right.
///
/// Links are not followed: a listed file that is one is missing, and the link is too much.
///
/// # Errors
///
/// There is no manifest that could be read, or a file cannot be.
pub fn verify(dir: &Path) -> Result<Vec<Difference>, Error> {
    let manifest = Manifest::read(dir)?;
    let mut differences = Vec::new();
    let mut present: BTreeMap<String, u64> = BTreeMap::new();
    for found in WalkDir::new(dir).min_depth(1) {
        let found = found.map_err(|error| Error::io("read", dir)(error.into()))?;
        let path = path_of(found.path().strip_prefix(dir).unwrap_or(found.path()));
        let kind = found.file_type();
        if kind.is_dir() || OUTSIDE.contains(&path.as_str()) {
            continue;
        }
        if kind.is_file() && manifest.files.contains_key(&path) {
            let metadata = found.metadata().map_err(|error| Error::io("look at", found.path())(error.into()))?;
            present.insert(path, metadata.len());
        } else {
            differences.push(Difference { path, kind: DifferenceKind::TooMuch });
        }
    }
    let compared = manifest.files.par_iter().map(|(path, facts)| {
        Ok(compare(dir, path, facts, present.get(path))?.map(|kind| Difference { path: path.clone(), kind }))
    });
    differences.extend(compared.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten());
    differences.sort_unstable();
    Ok(differences)
}

/// Holds the files outside the manifest to a key: each of them that is there must be signed with it, and the manifest and
/// its signature must be there.
///
/// # Errors
///
/// A file cannot be read.
pub fn verify_signatures(dir: &Path, key: &VerifyingKey) -> Result<Vec<Difference>, Error> {
    let mut differences = Vec::new();
    for name in [manifest::FILE, status::FILE] {
        let signature = format!("{name}{EXTENSION}");
        let (bytes, signed) = (read(dir, name)?, read(dir, &signature)?);
        let (path, kind) = match (&bytes, &signed) {
            (Some(bytes), Some(signed)) if key.accepts(bytes, signed) => continue,
            (Some(_), Some(_)) => (name, DifferenceKind::NotSigned),
            (None, _) => (name, DifferenceKind::Missing),
            (Some(_), None) => (signature.as_str(), DifferenceKind::Missing),
        };
        differences.push(Difference { path: path.to_owned(), kind });
    }
    Ok(differences)
}

fn read(dir: &Path, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let path = dir.join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", &path)(error)),
    }
}

/// Only a file that was found by walking is opened, so a manifest can name no file outside its release.
fn compare(dir: &Path, path: &str, facts: &FileFacts, size: Option<&u64>) -> Result<Option<DifferenceKind>, Error> {
    let Some(&size) = size else { return Ok(Some(DifferenceKind::Missing)) };
    if size != facts.size {
        return Ok(Some(DifferenceKind::Differs));
    }
    let path = dir.join(path);
    let sha256 = sha256_of(&path).map_err(Error::io("read", &path))?;
    Ok((sha256 != facts.sha256).then_some(DifferenceKind::Differs))
}

/// The SHA-256 of a file's bytes, in hex.
pub(crate) fn sha256_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            length => hasher.update(&buffer[..length]),
        }
    }
}

/// A path as the manifest writes it.
fn path_of(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}
