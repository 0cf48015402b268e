//! A release brought over from where it is published: the manifest first, then what is not here yet, each file held to
//! the manifest, and all of it put in place in one step.

mod fetch;
mod forward;
mod part;
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rayon::prelude::*;

use crate::manifest::{self, FileFacts, Manifest};
use crate::sign::{EXTENSION, VerifyingKey};
use crate::status::{self, Status};
use crate::verify::{OUTSIDE, sha256_of};
use crate::{Error, replace};
use fetch::{fetch, fetch_small};
use forward::bring_forward;
pub use part::{Part, pull_part};
use place::Place;

/// The largest signature that is read.
const SIGNATURE_MAX: u64 = 64 << 10;
/// How often a release may be exchanged at its place while it is pulled.
const MOVES_MAX: usize = 3;
/// The longest path in a release.
const PATH_MAX: usize = 1000;

/// What is asked of a pull.
#[derive(Clone, Copy, Debug)]
pub struct PullOptions<'p> {
    /// The key that the release must be signed with.
    pub key: Option<&'p VerifyingKey>,
    /// Take a release that is older than the one that is here.
    pub may_go_back: bool,
}

/// What a pull came to.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// What is here now.
    pub manifest: Manifest,
    /// The commit that was here before.
    pub before: Option<String>,
    /// How many files were here already.
    pub kept: usize,
    /// How many were made here, of what was here and the deltas.
    pub made: usize,
    /// How many came.
    pub downloaded: usize,
    /// How many bytes came.
    pub bytes: u64,
    /// What the publisher last said about the release.
    pub status: Option<Status>,
}

/// What is published, as far as it is known before any of its files come.
struct Published {
    /// The files outside the manifest, as they came.
    outside: BTreeMap<&'static str, Vec<u8>>,
    manifest: Manifest,
    status: Option<Status>,
}

/// Brings the release at a place, a folder or an address, into `out`, which is one whole release before and after.
///
/// # Errors
///
/// What is at the place is no release, is not signed with the key, is older than the one in `out`, or is not what its
/// manifest says; or `out` cannot hold it. Then `out` is as it was.
pub fn pull(from: &str, out: &Path, options: PullOptions<'_>) -> Result<Pulled, Error> {
    let place = Place::of(from)?;
    let published = look(&place, options.key)?;
    pull_from(&place, published, &Wanted::Every, out, options)
}

/// Which files of a release are wanted.
enum Wanted<'w> {
    Every,
    /// The one that is chosen by the manifest.
    One(&'w dyn Fn(&Manifest) -> Option<String>),
}

impl Wanted<'_> {
    fn of<'m>(&self, manifest: &'m Manifest) -> Vec<(&'m String, &'m FileFacts)> {
        match self {
            Wanted::Every => manifest.files.iter().collect(),
            Wanted::One(choose) => {
                choose(manifest).and_then(|path| manifest.files.get_key_value(&path)).into_iter().collect()
            }
        }
    }
}

fn pull_from(
    place: &Place,
    mut published: Published,
    wanted: &Wanted<'_>,
    out: &Path,
    options: PullOptions<'_>,
) -> Result<Pulled, Error> {
    for _ in 1..MOVES_MAX {
        match bring(place, &published, wanted, out, options) {
            Err(error @ Error::Unlike { .. }) => {
                // Static hosting is exchanged file by file: what came may be of the next release.
                let again = look(place, options.key)?;
                if again.manifest == published.manifest {
                    return Err(error);
                }
                published = again;
            }
            done => return done,
        }
    }
    bring(place, &published, wanted, out, options)
}

/// Reads what is outside the manifest, and the manifest.
fn look(place: &Place, key: Option<&VerifyingKey>) -> Result<Published, Error> {
    let mut outside = BTreeMap::new();
    for (name, size_max) in
        OUTSIDE.into_iter().zip([manifest::SIZE_MAX, SIGNATURE_MAX, status::SIZE_MAX, SIGNATURE_MAX])
    {
        if let Some(bytes) = fetch_small(place, name, size_max)? {
            outside.insert(name, bytes);
        }
    }
    let unlike = |name: &str, reason: &str| Error::Unlike { path: place.shown(name), reason: reason.to_owned() };
    let Some(bytes) = outside.get(manifest::FILE) else {
        return Err(unlike(manifest::FILE, "there is no release: this file is not there"));
    };
    if let Some(key) = key {
        for name in [manifest::FILE, status::FILE] {
            let signature = format!("{name}{EXTENSION}");
            let found = (outside.get(name), outside.get(signature.as_str()));
            match found {
                (Some(bytes), Some(signature)) if key.accepts(bytes, signature) => {}
                (Some(_), Some(_)) => return Err(unlike(name, "it is not signed with this key")),
                (None, _) => return Err(unlike(name, "a signed release has one, and it is not there")),
                (_, None) => return Err(unlike(&signature, "there is no signature")),
            }
        }
    }
    let manifest = Manifest::parse(bytes, Path::new(&place.shown(manifest::FILE)))?;
    if let Some(path) = manifest.files.keys().find(|path| !is_plain(path)) {
        let reason = format!("it names the file {path:?}, which no release has");
        return Err(Error::Manifest { path: place.shown(manifest::FILE).into(), reason });
    }
    let status = outside.get(status::FILE).and_then(|bytes| Status::parse(bytes));
    if status.as_ref().is_some_and(|status| status.commit != manifest.commit) {
        if key.is_some() {
            return Err(unlike(status::FILE, "it speaks of another commit than the manifest"));
        }
        outside.retain(|name, _| !name.starts_with(status::FILE));
        return Ok(Published { outside, manifest, status: None });
    }
    Ok(Published { outside, manifest, status })
}

/// Whether a path of a manifest names a file below its release on every system.
fn is_plain(path: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && !part.chars().any(|c| c.is_control() || "\\:*?\"<>|".contains(c))
    };
    path.len() <= PATH_MAX && path.split('/').all(is_plain) && !OUTSIDE.contains(&path)
}

fn bring(
    place: &Place,
    published: &Published,
    asked: &Wanted<'_>,
    out: &Path,
    options: PullOptions<'_>,
) -> Result<Pulled, Error> {
    let manifest = &published.manifest;
    let files = asked.of(manifest);
    if matches!(asked, Wanted::One(_)) && is_here(published, &files, out) {
        return Ok(published.pulled(manifest.commit.clone(), files.len()));
    }
    replace(out, |new| {
        let here = Manifest::read(out).ok();
        if let Some(here) = here.as_ref().filter(|_| !options.may_go_back) {
            refuse_going_back(here, manifest)?;
        }
        let is_kept = |(path, facts): (&String, &FileFacts)| {
            here.as_ref().is_some_and(|here| here.files.get(path) == Some(facts)) && keep(out, new, path, facts)
        };
        let kept: Vec<bool> = files.par_iter().with_max_len(1).map(|file| is_kept(*file)).collect();
        let wanted: BTreeSet<&str> =
            files.iter().zip(&kept).filter(|(_, kept)| !**kept).map(|((path, _), _)| path.as_str()).collect();
        let made = match (&here, asked) {
            (Some(here), Wanted::Every) => bring_forward(place, manifest, here, (out, new), &wanted)?,
            _ => BTreeSet::new(),
        };
        let came: Vec<&FileFacts> = files
            .par_iter()
            .with_max_len(1)
            .filter(|(path, _)| wanted.contains(path.as_str()) && !made.contains(*path))
            .map(|(path, facts)| {
                // The deltas are here already where they were of use.
                if !new.join(path).exists() {
                    fetch(place, path, facts, new)?;
                }
                Ok(*facts)
            })
            .collect::<Result<_, Error>>()?;
        for (name, bytes) in &published.outside {
            let path = new.join(name);
            fs::write(&path, bytes).map_err(Error::io("write", &path))?;
        }
        Ok(Pulled {
            made: made.len(),
            downloaded: came.len(),
            bytes: came.iter().map(|facts| facts.size).sum(),
            ..published.pulled(here.and_then(|here| here.commit), kept.iter().filter(|kept| **kept).count())
        })
    })
}

impl Published {
    /// What a pull comes to for which nothing had to come.
    fn pulled(&self, before: Option<String>, kept: usize) -> Pulled {
        let (manifest, status) = (self.manifest.clone(), self.status.clone());
        Pulled { manifest, before, kept, made: 0, downloaded: 0, bytes: 0, status }
    }
}

/// Whether a folder holds files of a release already, and what is outside its manifest.
fn is_here(published: &Published, files: &[(&String, &FileFacts)], out: &Path) -> bool {
    let mut outside = OUTSIDE.into_iter().map(|name| (fs::read(out.join(name)).ok(), published.outside.get(name)));
    outside.all(|(here, there)| here.as_ref() == there) && files.iter().all(|(path, facts)| is_so(out, path, facts))
}

/// Whether a file of the release that is here is what its manifest says.
fn is_so(out: &Path, path: &str, facts: &FileFacts) -> bool {
    let old = out.join(path);
    let is_file = fs::symlink_metadata(&old).is_ok_and(|found| found.is_file() && found.len() == facts.size);
    is_file && sha256_of(&old).ok().as_ref() == Some(&facts.sha256)
}

/// A release that is older than the one here would bring back what was corrected since.
fn refuse_going_back(here: &Manifest, there: &Manifest) -> Result<(), Error> {
    let refused = |what: &str| {
        let told = |manifest: &Manifest| {
            let commit = manifest.commit.as_deref().unwrap_or("no commit");
            format!("{} (number {})", &commit[..commit.len().min(12)], manifest.sequence.unwrap_or(0))
        };
        Err(Error::Older { here: told(here), there: told(there), what: what.to_owned() })
    };
    match (here.sequence, there.sequence) {
        (Some(_), None) => refused("of no commit"),
        (Some(here), Some(there)) if there < here => refused("older"),
        (Some(a), Some(b)) if a == b && here.commit != there.commit => refused("of another history"),
        _ => Ok(()),
    }
}

/// Takes a file over from the release that is here, if it is what its manifest says. What cannot be taken over comes anew.
fn keep(out: &Path, new: &Path, path: &str, facts: &FileFacts) -> bool {
    if !is_so(out, path, facts) {
        return false;
    }
    let (old, into) = (out.join(path), new.join(path));
    let Some(folder) = into.parent() else { return false };
    let is_kept =
        fs::create_dir_all(folder).is_ok() && (fs::hard_link(&old, &into).is_ok() || fs::copy(&old, &into).is_ok());
    if !is_kept {
        let _ = fs::remove_file(&into);
    }
    is_kept
}
