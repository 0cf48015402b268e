//! The status: when somebody last looked whether there is something new, so that a quiet day and a stuck mirror differ.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use osv_schema::Timestamp;
use serde::{Deserialize, Serialize};

use crate::manifest::{self, Manifest};
use crate::{Error, SigningKey};

/// The status's name in a release.
pub(crate) const FILE: &str = "status.json";

const FORMAT: &str = "malpkg.status";
const VERSION: u32 = 1;

/// How long a status speaks for a release: a week, so that a broken run can be mended before consumers are told.
pub const STATUS_SECONDS: i64 = 7 * 24 * 60 * 60;

/// The largest status that is read.
pub(crate) const SIZE_MAX: u64 = 16 << 20;

/// What each run says about a release that may itself be the same for days. It is outside the identity of bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    format: String,
    version: u32,
    /// When somebody looked.
    pub checked: String,
    /// The commit of the release.
    pub commit: Option<String>,
    /// How many commits lead to it, by first parents.
    pub sequence: Option<u64>,
    /// From when on the release is to be taken for old, if no other status has come.
    pub expires: String,
    /// When each source was last read without a fault, as the commit says it.
    pub sources: BTreeMap<String, String>,
}

impl Status {
    /// The status of a release that was looked at now.
    pub fn new(now: Timestamp, manifest: &Manifest, sources: BTreeMap<String, String>) -> Status {
        let expires = Timestamp::from_unix(now.unix() + STATUS_SECONDS).unwrap_or(now);
        Status {
            format: FORMAT.to_owned(),
            version: VERSION,
            checked: now.whole_seconds().to_string(),
            commit: manifest.commit.clone(),
            sequence: manifest.sequence,
            expires: expires.to_string(),
            sources,
        }
    }

    /// Reads the status of a release in a folder; none where it has none.
    pub fn read(dir: &Path) -> Option<Status> {
        let mut bytes = Vec::new();
        fs::File::open(dir.join(FILE)).ok()?.take(SIZE_MAX).read_to_end(&mut bytes).ok()?;
        Status::parse(&bytes)
    }

    /// Reads the bytes of a status; none where they are of another kind.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Status> {
        let status: Status = serde_json::from_slice(bytes).ok()?;
        ((status.format.as_str(), status.version) == (FORMAT, VERSION)).then_some(status)
    }

    /// The bytes of the file: one line.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Whether it speaks for its release no more.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        // What is no time says nothing about today.
        self.expires.parse::<Timestamp>().map_or(true, |expires| expires.unix() < now.unix())
    }
}

/// Writes the status into a whole release, and the signatures where there is a key.
///
/// # Errors
///
/// The disk refuses.
pub fn seal(dir: &Path, manifest: &Manifest, status: &Status, key: Option<&SigningKey>) -> Result<(), Error> {
    let path = dir.join(FILE);
    let bytes = status.to_bytes().map_err(|error| Error::io("write", &path)(error.into()))?;
    fs::write(&path, &bytes).map_err(Error::io("write", &path))?;
    let Some(key) = key else { return Ok(()) };
    let commit = manifest.commit.as_deref().unwrap_or("none");
    let number = manifest.sequence.unwrap_or_default();
    key.sign_file(dir, FILE, &bytes, &format!("status of commit {commit}, checked {}", status.checked))?;
    let path = dir.join(manifest::FILE);
    let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
    key.sign_file(dir, manifest::FILE, &bytes, &format!("release of commit {commit}, number {number}"))
}
