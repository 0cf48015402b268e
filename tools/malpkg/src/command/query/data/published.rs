//! What was published: a release, a lookup file or an archive, here or at an address.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use database::{Base, Report, Snapshot, TreePath, subject};
use export::{Manifest, Part, PullOptions, Status, VerifyingKey};
use index::Lookup;
use intake::{Bounds, Document, Place};

use super::Data;
use crate::context::{Context, with_sources};
use crate::failure::Failure;
use crate::kept::cache_of_user;

/// The files of a release that can be asked, the best first.
const FILES: [&str; 2] = ["malpkg.sqlite", "all.zip"];
/// How an SQLite file begins.
const SQLITE: &[u8] = b"SQLite format 3\0";
/// How much is read of one archive.
const BOUNDS: Bounds = Bounds { documents_max: 4_000_000, unpacked_max: 16 << 30 };

const REMEDY: &str =
    "name the folder or address of a release, its `malpkg.sqlite`, or an archive such as its `all.zip`";

/// How long another process that fetches the same is waited for.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSES_MAX: u32 = 6000;

/// Opens what is named, and what its publisher last said of it.
pub(super) fn open(
    from: &Path,
    key: Option<&VerifyingKey>,
    context: &mut Context<'_>,
) -> Result<(Data, Option<Status>), Failure> {
    let shown = from.to_string_lossy().into_owned();
    let fault = |message: String| Failure::new(message).place(&shown).remedy(REMEDY);
    if shown.contains("://") {
        return fetched(&shown, key, context);
    }
    if key.is_some() {
        let failure = Failure::new("`--key` is for what comes from an address").place(&shown);
        return Err(failure.remedy("`malpkg verify DIR --key KEY` holds a folder to it"));
    }
    if !from.is_dir() {
        return Ok((of_file(from, None, &shown)?, None));
    }
    let manifest = Manifest::read(from).map_err(|error| fault(with_sources(&error)))?;
    let file = FILES.into_iter().find(|file| manifest.files.contains_key(*file));
    let file = file.ok_or_else(|| fault(none_of(&FILES)))?;
    Ok((of_file(&from.join(file), Some(manifest), &shown)?, Status::read(from)))
}

fn none_of(files: &[&str]) -> String {
    format!("this release has none of {}", files.join(" and "))
}

/// Opens what an address names. It is kept, and fetched again when there is another.
fn fetched(
    address: &str,
    key: Option<&VerifyingKey>,
    context: &mut Context<'_>,
) -> Result<(Data, Option<Status>), Failure> {
    let cache = cache_of_user().ok_or_else(|| {
        let failure = Failure::new("there is no place to keep what is fetched").place(address);
        failure.remedy("name a folder in the environment variable XDG_CACHE_HOME")
    })?;
    // An address may hold what lets somebody in, so the folder does not show it.
    let dir = cache.join("releases").join(store::blob_id(address.as_bytes())?.to_string());
    let progress = context.progress("fetching the release");
    let options = PullOptions { key, may_go_back: false };
    let mut pauses = 0;
    let pulled = loop {
        match export::pull_part(address, &FILES, &dir, options) {
            Err(export::Error::Busy(_)) if pauses < PAUSES_MAX => pauses += 1,
            done => break done,
        }
        std::thread::sleep(PAUSE);
    };
    drop(progress);
    let Part { pulled, file } = pulled.map_err(|error| match error {
        export::Error::Older { .. } => {
            Failure::from(error).remedy(format!("to take it all the same, remove {}", dir.display()))
        }
        error => Failure::from(error),
    })?;
    let file = file.ok_or_else(|| Failure::new(none_of(&FILES)).place(address).remedy(REMEDY))?;
    Ok((of_file(&dir.join(file), Some(pulled.manifest), address)?, pulled.status))
}

fn of_file(file: &Path, manifest: Option<Manifest>, shown: &str) -> Result<Data, Failure> {
    let fault = |message: String| Failure::new(message).place(shown).remedy(REMEDY);
    let mut start = Vec::new();
    let read = File::open(file).and_then(|opened| opened.take(SQLITE.len() as u64).read_to_end(&mut start));
    read.map_err(|error| fault(format!("cannot read this: {error}")))?;
    let (commit, time) = manifest.map_or((None, None), |manifest| (manifest.commit, manifest.time));
    if start == SQLITE {
        let broken = |error: index::Error| fault(with_sources(&error));
        let lookup = Lookup::open(file).map_err(broken)?;
        let about = |key: &str| lookup.about(key).map_err(broken);
        let (commit, time, home) = (about("commit")?, about("time")?, about("home")?);
        return Ok(Data::Lookup { lookup, commit, time, home });
    }
    Ok(Data::Archive { snapshot: snapshot(file)?, commit, time })
}

/// The records of an archive, each where its report lies in a database.
fn snapshot(file: &Path) -> Result<Snapshot, Failure> {
    let shown = file.to_string_lossy().into_owned();
    let fault = |error: intake::PlaceError| Failure::new(error.reason).place(error.place).remedy(REMEDY);
    let place = Place::of_input(&shown, Path::new("")).map_err(fault)?;
    let (mut files, mut unread) = (Vec::new(), None);
    let mut give = |document: Document| match document.bytes {
        Ok(bytes) => files.extend(at_its_place(&document.name, &bytes).map(|path| (path, Arc::from(bytes)))),
        Err(error) => unread = Some(Failure::new(error).place(document.name)),
    };
    intake::documents(&place, BOUNDS, &mut give).map_err(fault)?;
    match unread {
        Some(failure) => Err(failure),
        None if files.is_empty() && !shown.ends_with(".zip") => {
            Err(Failure::new("there are no records in this").place(shown).remedy(REMEDY))
        }
        None => Ok(Snapshot::of_files(files)),
    }
}

/// Where the report of a record would lie; none for what is about no package.
fn at_its_place(name: &str, bytes: &[u8]) -> Option<TreePath> {
    let file = name.rsplit('/').next()?;
    let record = Report::read(&TreePath::new(file).ok()?, bytes).record?;
    let folder = subject(&record).ok()?.package.folder().ok()?;
    let [malicious, withdrawn] = Base::ALL.map(Base::folder);
    let base = if record.is_withdrawn() { withdrawn } else { malicious };
    TreePath::new(format!("{base}/{folder}/{file}")).ok()
}
