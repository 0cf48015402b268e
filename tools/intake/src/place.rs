//! Places: where the documents of a source lie.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use osv_schema::Timestamp;

use crate::archive::{self, Kind};
use crate::bounds::{Bound, Bounds};
use crate::bucket::Address;
use crate::git::{Reached, Remote};
use crate::source::Source;
use crate::{Cursor, Item, bucket, folder, git, https, remote};

/// Where documents lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    what: What,
    /// As somebody named it.
    named: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Stdin,
    /// A folder, a file or an archive: the disk says which.
    Path(PathBuf),
    Git(Remote),
    /// A file on a server, or an index of records there.
    Https(String),
    Bucket(Address),
}

/// What a reading goes by, beside the place.
#[derive(Clone, Copy)]
pub(crate) struct Going<'g> {
    pub(crate) source: &'g Source,
    /// The folder into which is fetched.
    pub(crate) cache: Option<&'g Path>,
    /// Up to where the source was read here.
    pub(crate) since: Option<&'g Cursor>,
    pub(crate) now: Timestamp,
    pub(crate) bounds: Bounds,
}

/// Why a place cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PlaceError {
    /// The place.
    pub place: String,
    /// What is wrong.
    pub reason: String,
    /// What would make it right.
    pub remedy: String,
}

impl PlaceError {
    pub(crate) fn new(place: &str, reason: &str, remedy: &str) -> PlaceError {
        PlaceError { place: place.to_owned(), reason: reason.to_owned(), remedy: remedy.to_owned() }
    }
}

/// What the reading of a place came to.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The commit that was read, of a git repository.
    pub(crate) commit: Option<String>,
    /// Up to where other places were read.
    pub(crate) marks: BTreeMap<String, String>,
    /// Whether every document was seen.
    pub(crate) is_whole: bool,
    /// Archives that could not be read to their end.
    pub(crate) broken: Vec<(String, Bound)>,
}

impl Place {
    /// The place that a configuration names; a path is seen from a folder. A path to a git repository is read as one.
    ///
    /// # Errors
    ///
    /// An address of a kind that cannot be read.
    pub fn of_source(from: &str, branch: Option<&str>, base: &Path) -> Result<Place, PlaceError> {
        let place = Place::of_input(from, base)?;
        let what = match place.what {
            What::Path(path) if is_repository(&path) => What::repository(file_url(&path), branch),
            What::Git(remote) => What::repository(remote.url, branch),
            what => what,
        };
        Ok(Place { what, ..place })
    }

    /// The place that somebody names on the command line. A folder is what lies in it now, also in a work tree.
    ///
    /// # Errors
    ///
    /// An address of a kind that cannot be read.
    pub fn of_input(input: &str, base: &Path) -> Result<Place, PlaceError> {
        Ok(Place { what: What::of_input(input, base)?, named: input.to_owned() })
    }

    /// The place as somebody named it.
    pub fn named(&self) -> &str {
        &self.named
    }

    /// Whether a cursor means something here.
    pub fn has_cursor(&self) -> bool {
        matches!(self.what, What::Git(_) | What::Https(_) | What::Bucket(_))
    }

    /// Visits the files whose names are wanted.
    pub(crate) fn visit(
        &self,
        wants: &dyn Fn(&str) -> bool,
        going: Going<'_>,
        here: &mut dyn FnMut(Item<'_>),
    ) -> Result<Seen, PlaceError> {
        let bounds = going.bounds;
        let mut seen = Seen { commit: None, marks: BTreeMap::new(), is_whole: true, broken: Vec::new() };
        match &self.what {
            What::Stdin => read_stream("-", &mut io::stdin().lock(), bounds, wants, here, &mut seen)?,
            What::Path(path) if path.is_file() => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                read_file(&name, path, bounds, wants, here, &mut seen)?;
            }
            What::Https(url) => https::visit(url, going, wants, here, &mut seen)?,
            What::Bucket(address) => bucket::visit(address, going, wants, here, &mut seen)?,
            What::Path(path) => {
                let fault =
                    |error: folder::FolderError| PlaceError::new(&error.path.to_string_lossy(), &error.reason, REMEDY);
                folder::visit(path, wants, here).map_err(fault)?;
            }
            What::Git(remote) => {
                let cache = going.cache(&remote.url)?;
                let since = going.since.and_then(|cursor| cursor.commit.as_deref());
                let Reached { commit, is_whole } = git::visit(remote, cache, since, going.source, wants, here)?;
                (seen.commit, seen.is_whole) = (Some(commit), is_whole);
            }
        }
        Ok(seen)
    }
}

impl What {
    fn of_input(input: &str, base: &Path) -> Result<What, PlaceError> {
        if input == "-" {
            return Ok(What::Stdin);
        }
        if let Some(url) = input.strip_prefix("git+") {
            let is_known = ["https://", "file://", "ssh://"].iter().any(|scheme| url.starts_with(scheme));
            return match is_known {
                true => Ok(What::repository(url.to_owned(), None)),
                false => Err(PlaceError::new(input, "this kind of address cannot be read", REMEDY)),
            };
        }
        if let Some(bucket) = Address::parse(input) {
            return bucket.map(What::Bucket);
        }
        if input.contains("://") {
            remote::check(input)?;
            return Ok(What::Https(input.to_owned()));
        }
        let path = base.join(input);
        if is_bare(&path) {
            return Ok(What::repository(file_url(&absolute(&path)), None));
        }
        Ok(What::Path(absolute(&path)))
    }

    fn repository(url: String, branch: Option<&str>) -> What {
        What::Git(Remote { url, branch: branch.map(str::to_owned) })
    }
}

impl Going<'_> {
    /// The folder into which is fetched.
    pub(crate) fn cache(&self, place: &str) -> Result<&Path, PlaceError> {
        let remedy = "run it in a git repository, or fetch it yourself and name the folder or the file as the input";
        self.cache.ok_or_else(|| PlaceError::new(place, "there is no folder to fetch into", remedy))
    }

    /// A mark of the cursor. Of a source that must send all it has, all is read.
    pub(crate) fn mark(&self, name: &str) -> Option<&str> {
        self.since.filter(|_| !self.source.is_complete)?.marks.get(name).map(String::as_str)
    }
}

/// A file that was named: an archive, or one document.
pub(crate) fn read_file(
    name: &str,
    path: &Path,
    bounds: Bounds,
    wants: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(Item<'_>),
    seen: &mut Seen,
) -> Result<(), PlaceError> {
    let fault = |error: io::Error| PlaceError::new(&path.to_string_lossy(), &error.to_string(), REMEDY);
    let mut file = BufReader::new(File::open(path).map_err(fault)?);
    let start = file.fill_buf().map_err(fault)?;
    match Kind::of(name, start) {
        Some(Kind::Zip) => {
            if let Err(bound) = archive::zip(file, bounds, wants, visit) {
                seen.broken.push((name.to_owned(), bound));
            }
            Ok(())
        }
        Some(_) => read_stream(name, &mut file, bounds, wants, visit, seen),
        None => {
            let size = path.metadata().map_err(fault)?.len();
            visit(Item { name: name.to_owned(), size: Some(size), bytes: Ok(&mut file) });
            Ok(())
        }
    }
}

fn read_stream(
    name: &str,
    stream: &mut dyn BufRead,
    bounds: Bounds,
    wants: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(Item<'_>),
    seen: &mut Seen,
) -> Result<(), PlaceError> {
    let fault = |error: io::Error| PlaceError::new(name, &error.to_string(), REMEDY);
    let start = stream.fill_buf().map_err(fault)?;
    match Kind::of(name, start) {
        Some(Kind::Zip) => {
            let remedy = "save the zip archive as a file and name that: its list of files stands at its end";
            Err(PlaceError::new(name, "a zip archive cannot be read from a stream", remedy))
        }
        None => {
            let mut stream: &mut dyn Read = &mut { stream };
            visit(Item { name: name.to_owned(), size: None, bytes: Ok(&mut stream) });
            Ok(())
        }
        Some(_) => {
            if let Err(bound) = archive::stream(name, &mut { stream }, bounds, wants, visit) {
                seen.broken.push((name.to_owned(), bound));
            }
            Ok(())
        }
    }
}

const REMEDY: &str = "name a folder with the documents, a file, an archive, `https://…`, `git+https://…`, `s3://…`, `gs://…`, `az://…`, or `-` for standard input";

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The address of a repository on the disk. git takes a percent sign for an escape.
fn file_url(path: &Path) -> String {
    format!("file://{}", path.display().to_string().replace('%', "%25"))
}

fn is_bare(path: &Path) -> bool {
    path.join("HEAD").is_file() && path.join("objects").is_dir() && path.join("refs").is_dir()
}

fn is_repository(path: &Path) -> bool {
    is_bare(path) || path.join(".git").exists()
}
