//! A release in a bucket: what is new goes there under its hash, then the names are pointed at it, then the manifest.
//!
//! No store exchanges a folder in one step. So beside each name there is `by-hash/<SHA-256>`, as package archives have it:
//! whoever holds the manifest of a release finds its files there while the names are on their way to the next one, and also
//! when they never arrive. Those of the last release stay until the next one but one.
//!
//! `upload.json` is written before a name is touched and when all are done. It says what is there, so that only what
//! changed is sent, and which names may point at either release, so that a run that was killed is completed by the next one.
//! It is only exchanged for the one that was read: of two runs at a time one fails, and nothing is mixed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, Digest};
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path as Key;
use object_store::{
    Attribute, Attributes, CopyOptions, Error, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions,
    PutPayload, UpdateVersion, WriteMultipart,
};
use serde::{Deserialize, Serialize};

use super::address::{Access, Address, cause};
use crate::{PlaceError, remote};

/// What says what is there.
const STATE: &str = "upload.json";
const FORMAT: &str = "malpkg.upload";
const VERSION: u32 = 1;
/// The largest state that is read.
const STATE_SIZE_MAX: u64 = 256 << 20;
const BY_HASH: &str = "by-hash";

/// How many files are on their way at once, and from which size on a file goes in parts.
const AT_ONCE: usize = 8;
const PART: usize = 8 << 20;
const PARTS_AT_ONCE: usize = 4;

/// How often a store is asked again, and for how many seconds.
const RETRIES: u64 = 8;
const SECONDS_MAX: u64 = 600;

/// A file that is to be in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its name, below the address.
    pub name: String,
    /// The SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Whether it says what the others are: such files come last, in their order, and not under their hash.
    pub is_pointer: bool,
}

/// What an upload came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uploaded {
    /// Files whose bytes were sent.
    pub sent: usize,
    /// Names that were pointed at bytes, pointers too.
    pub named: usize,
    /// Names that were what they should be.
    pub kept: usize,
    /// Names that were taken away.
    pub removed: usize,
    /// How many bytes were sent.
    pub bytes: u64,
}

/// Why an upload was not done. What is there is one whole release all the same, by its hashes.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The bucket, or what it says.
    #[error("{}", .0.reason)]
    Place(PlaceError),
    /// Somebody else uploads.
    #[error("another upload to {0} was faster")]
    Moved(String),
    /// A file of the release cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    format: String,
    version: u32,
    /// The hashes of the release, by name; none of a pointer.
    objects: BTreeMap<String, String>,
    /// Names that may be those of another release, or absent.
    dirty: BTreeSet<String>,
    /// Hashes that only the release before this one has, or a run that was killed.
    previous: BTreeSet<String>,
}

/// Brings the files of a folder to a bucket, by an address such as `s3://bucket/folder`; data first, pointers last, only
/// what changed.
///
/// # Errors
///
/// The address is none, the store refuses, somebody else uploads at the same time, or a file cannot be read.
pub fn upload(to: &str, dir: &Path, files: &[Upload]) -> Result<Uploaded, UploadError> {
    let remedy = "write it as `s3://bucket/folder`, `gs://…` or `az://…`";
    let none = || PlaceError::new(to, "this is no address of a bucket", remedy);
    let address = Address::parse(to).unwrap_or_else(|| Err(none())).map_err(UploadError::Place)?;
    let access = Access { retries: RETRIES, seconds_max: SECONDS_MAX, ..Access::default() };
    let store = address.open(&access).map_err(UploadError::Place)?;
    let runtime = remote::runtime(to).map_err(UploadError::Place)?;
    let going = Going { address: &address, store, dir };
    runtime.block_on(going.bring(files))
}

struct Going<'g> {
    address: &'g Address,
    store: Arc<dyn ObjectStore>,
    dir: &'g Path,
}

impl Going<'_> {
    async fn bring(&self, files: &[Upload]) -> Result<Uploaded, UploadError> {
        let (state, mut version) = self.state().await?;
        let (pointers, data): (Vec<&Upload>, Vec<&Upload>) = files.iter().partition(|file| file.is_pointer);
        let is_there =
            |file: &&&Upload| state.objects.get(&file.name) == Some(&file.sha256) && !state.dirty.contains(&file.name);
        let changed: Vec<&Upload> = data.iter().filter(|file| !is_there(file)).copied().collect();
        let names: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let known = state.objects.keys().chain(&state.dirty);
        let gone: BTreeSet<String> = known.filter(|name| !names.contains(name.as_str())).cloned().collect();
        let mut done = Uploaded { kept: data.len() - changed.len(), removed: gone.len(), ..Uploaded::default() };

        let mut hashes: BTreeMap<&str, &Upload> = BTreeMap::new();
        changed.iter().for_each(|file| {
            hashes.entry(&file.sha256).or_insert(file);
        });
        let kept = state.objects.iter().filter(|(name, _)| !state.dirty.contains(*name));
        let kept: BTreeSet<&str> = kept.map(|(_, hash)| hash.as_str()).collect();
        let wanted: Vec<&Upload> =
            hashes.iter().filter(|(hash, _)| !kept.contains(*hash)).map(|(_, file)| *file).collect();

        // From here on names may be those of either release, and hashes may be there that neither has.
        let mut between = state.clone();
        between.dirty.extend(changed.iter().map(|file| file.name.clone()).chain(gone.iter().cloned()));
        between.previous.extend(wanted.iter().map(|file| file.sha256.clone()));
        if between != state {
            version = self.put_state(&between, version).await?;
        }
        let sizes: Vec<Option<u64>> =
            stream::iter(wanted).map(|file| self.send(file)).buffered(AT_ONCE).try_collect().await?;
        done.sent = sizes.iter().flatten().count();
        done.bytes = sizes.iter().flatten().sum();
        stream::iter(&changed).map(|file| self.point(file)).buffered(AT_ONCE).try_collect::<Vec<()>>().await?;
        for file in &pointers {
            // One that is the same is sent all the same: it is small, and may be older than it looks.
            done.bytes += self.put(&file.name, &file.name).await?;
        }
        done.named = changed.len() + pointers.len();

        let new: BTreeSet<&str> = data.iter().map(|file| file.sha256.as_str()).collect();
        let is_old = |hash: &&String| !hash.is_empty() && !new.contains(hash.as_str());
        let old: BTreeSet<String> = state.objects.values().filter(is_old).cloned().collect();
        // Whoever holds the manifest that was there until now is to find its files; nobody needs those before it.
        let (previous, stale) = match old.is_empty() {
            true => (between.previous.iter().filter(is_old).cloned().collect(), BTreeSet::new()),
            false => {
                let is_stale = |hash: &&String| is_old(hash) && !old.contains(*hash);
                let stale: BTreeSet<String> = between.previous.iter().filter(is_stale).cloned().collect();
                (old, stale)
            }
        };
        let stale = stale.into_iter().map(|hash| format!("{BY_HASH}/{hash}"));
        stream::iter(gone.into_iter().chain(stale))
            .map(|name| async move { self.remove(&name).await })
            .buffered(AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        let said =
            |file: &Upload| (file.name.clone(), if file.is_pointer { String::new() } else { file.sha256.clone() });
        let after = State { objects: files.iter().map(said).collect(), previous, ..State::default() };
        if after.objects != between.objects || !between.dirty.is_empty() {
            self.put_state(&after, version).await?;
        }
        Ok(done)
    }

    fn key(&self, name: &str) -> Key {
        let text = format!("{}{name}", self.address.folder());
        Key::parse(&text).unwrap_or_else(|_| Key::from(text))
    }

    fn fault(&self, name: &str, error: &Error) -> UploadError {
        UploadError::Place(self.address.fault(&format!("{name}: {}", cause(error))))
    }

    /// What is there, and which writing of it that is.
    async fn state(&self) -> Result<(State, Option<UpdateVersion>), UploadError> {
        let answer = match self.store.get(&self.key(STATE)).await {
            Ok(answer) => answer,
            Err(Error::NotFound { .. }) => return Ok((State::default(), None)),
            Err(error) => return Err(self.fault(STATE, &error)),
        };
        let wrong = |reason: &str| {
            let text = self.address.text();
            UploadError::Place(PlaceError::new(text, &format!("{STATE} there {reason}"), "name another folder"))
        };
        if answer.meta.size > STATE_SIZE_MAX {
            return Err(wrong("is larger than that of any release"));
        }
        let version = UpdateVersion { e_tag: answer.meta.e_tag.clone(), version: answer.meta.version.clone() };
        let bytes = answer.bytes().await.map_err(|error| self.fault(STATE, &error))?;
        let state: State = serde_json::from_slice(&bytes).map_err(|_| wrong("was not written by an export"))?;
        if (state.format.as_str(), state.version) != (FORMAT, VERSION) {
            return Err(wrong("is of another kind"));
        }
        Ok((state, Some(version)))
    }

    /// Exchanges what is said to be there, if it is still what was read.
    async fn put_state(
        &self,
        state: &State,
        version: Option<UpdateVersion>,
    ) -> Result<Option<UpdateVersion>, UploadError> {
        let state = State { format: FORMAT.to_owned(), version: VERSION, ..state.clone() };
        let bytes = serde_json::to_vec(&state)
            .map_err(|error| UploadError::File { path: self.dir.join(STATE), source: error.into() })?;
        let (attributes, place) = (self.attributes(STATE, None), self.key(STATE));
        let mode = version.map_or(PutMode::Create, PutMode::Update);
        let put = |mode: PutMode| {
            let options = PutOptions { mode, attributes: attributes.clone(), ..PutOptions::default() };
            self.store.put_opts(&place, PutPayload::from(bytes.clone()), options)
        };
        let mut answer = put(mode).await;
        if matches!(answer, Err(Error::NotImplemented { .. } | Error::NotSupported { .. })) {
            // A store without conditions: there is one publisher, or whoever has two must see to it.
            answer = put(PutMode::Overwrite).await;
        }
        match answer {
            Ok(put) => Ok(Some(UpdateVersion { e_tag: put.e_tag, version: put.version })),
            Err(Error::Precondition { .. } | Error::AlreadyExists { .. }) => {
                Err(UploadError::Moved(self.address.text().to_owned()))
            }
            Err(error) => Err(self.fault(STATE, &error)),
        }
    }

    /// Sends a file under its hash, if it is not there; how many bytes that were.
    async fn send(&self, file: &Upload) -> Result<Option<u64>, UploadError> {
        let by_hash = format!("{BY_HASH}/{}", file.sha256);
        let path = self.dir.join(&file.name);
        let size = std::fs::metadata(&path).map_err(|source| UploadError::File { path, source })?.len();
        match self.store.head(&self.key(&by_hash)).await {
            // A run that was killed brought it: a store shows whole objects only.
            Ok(there) if there.size == size => return Ok(None),
            Ok(_) | Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(self.fault(&by_hash, &error)),
        }
        self.put(&by_hash, &file.name).await.map(Some)
    }

    /// Points a name at the bytes of its hash. The store copies them itself, with what is said of them.
    async fn point(&self, file: &Upload) -> Result<(), UploadError> {
        let by_hash = self.key(&format!("{BY_HASH}/{}", file.sha256));
        match self.store.copy_opts(&by_hash, &self.key(&file.name), CopyOptions::default()).await {
            Ok(()) => Ok(()),
            Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => {
                self.put(&file.name, &file.name).await.map(|_| ())
            }
            Err(error) => Err(self.fault(&file.name, &error)),
        }
    }

    async fn remove(&self, name: &str) -> Result<(), UploadError> {
        match self.store.delete(&self.key(name)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.fault(name, &error)),
        }
    }

    /// What is said of an object to those who ask for it.
    fn attributes(&self, name: &str, crc: Option<&Digest>) -> Attributes {
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::ContentType, content_type(name).into());
        attributes.insert(Attribute::CacheControl, cache_control(name).into());
        if let (Some(crc), Some(metadata)) = (crc, self.address.checksum_name()) {
            attributes.insert(Attribute::Metadata(metadata.into()), checksum(crc).into());
        }
        attributes
    }

    /// Sends the bytes of a file of the release; how many they are.
    async fn put(&self, name: &str, of: &str) -> Result<u64, UploadError> {
        let path = self.dir.join(of);
        let unread = |source: io::Error| UploadError::File { path: path.clone(), source };
        let mut file = File::open(&path).map_err(unread)?;
        let size = file.metadata().map_err(unread)?.len();
        let failed = |error: Error| self.fault(name, &error);
        if size <= PART as u64 {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(unread)?;
            let mut crc = Digest::new(CrcAlgorithm::Crc32Iscsi);
            crc.update(&bytes);
            let options = PutOptions { attributes: self.attributes(of, Some(&crc)), ..PutOptions::default() };
            self.store.put_opts(&self.key(name), PutPayload::from(bytes), options).await.map_err(failed)?;
            return Ok(size);
        }
        // What is said of an object is sent before its bytes.
        let mut crc = Digest::new(CrcAlgorithm::Crc32Iscsi);
        let mut buffer = vec![0; PART];
        loop {
            let length = file.read(&mut buffer).map_err(unread)?;
            if length == 0 {
                break;
            }
            crc.update(&buffer[..length]);
        }
        let mut file = File::open(&path).map_err(unread)?;
        let options =
            PutMultipartOptions { attributes: self.attributes(of, Some(&crc)), ..PutMultipartOptions::default() };
        let parts = self.store.put_multipart_opts(&self.key(name), options).await.map_err(failed)?;
        let mut parts = WriteMultipart::new_with_chunk_size(parts, PART);
        loop {
            parts.wait_for_capacity(PARTS_AT_ONCE).await.map_err(failed)?;
            let length = file.read(&mut buffer).map_err(unread)?;
            if length == 0 {
                break;
            }
            parts.write(&buffer[..length]);
        }
        parts.finish().await.map_err(failed)?;
        Ok(size)
    }
}

/// The checksum that Google's store tells of its objects, for others to tell it too.
fn checksum(crc: &Digest) -> String {
    let crc = u32::try_from(crc.finalize()).unwrap_or_default();
    format!("crc32c={}", STANDARD.encode(crc.to_be_bytes()))
}

/// The type of a file, by how its name ends.
fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "json" => "application/json",
        "csv" => "text/csv; charset=utf-8",
        "txt" | "conf" | "rpz" | "minisig" => "text/plain; charset=utf-8",
        "atom" => "application/atom+xml",
        "yaml" | "yml" => "application/yaml",
        "ts" => "text/typescript; charset=utf-8",
        "zip" => "application/zip",
        "zst" => "application/zstd",
        "sqlite" => "application/vnd.sqlite3",
        "parquet" => "application/vnd.apache.parquet",
        _ => "application/octet-stream",
    }
}

/// How long others may keep a file: what is a function of two commits for ever, everything else no longer than it takes to
/// be asked whether it is still the same.
fn cache_control(name: &str) -> &'static str {
    let is_final = name.strip_prefix("delta/").is_some_and(|file| file.contains(".."));
    if is_final { "public, max-age=31536000, immutable" } else { "public, max-age=0, must-revalidate" }
}

#[cfg(test)]
mod tests;
