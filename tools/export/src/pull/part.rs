//! One file of a release, brought over with the manifest that it is held to, for whoever only asks.

use std::path::Path;

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::Error;
use crate::manifest::Manifest;
use crate::pull::place::Place;
use crate::pull::{Published, PullOptions, Pulled, Wanted, look, pull_from};

/// How the names of files end that can be asked: an address that ends so is that of a file.
const ENDINGS: [&str; 3] = [".sqlite", ".zip", ".zst"];
/// How many folders of a release such a file may lie in.
const FOLDERS_MAX: usize = 2;

/// What came of a release, or was here.
#[derive(Clone, Debug)]
pub struct Part {
    /// As of every pull; it counts the one file alone.
    pub pulled: Pulled,
    /// The file, by its path in the release; none where the release has none of those wanted.
    pub file: Option<String>,
}

/// Brings over one file of the release at an address: the file that the address is of, or else the first of `files` that
/// the release has. `out` is a folder of ours, and holds that file, the manifest and what is outside it before and after.
/// Where they are the same already, nothing is written.
///
/// # Errors
///
/// As those of [`crate::pull`]; and there is no release around a file, whose manifest would tell what its bytes are.
pub fn pull_part(from: &str, files: &[&str], out: &Path, options: PullOptions<'_>) -> Result<Part, Error> {
    let is_file = Url::parse(from).is_ok_and(|url| ENDINGS.iter().any(|ending| url.path().ends_with(ending)));
    let (place, published, file) = if is_file {
        around(from, options)?
    } else {
        let place = Place::of(from)?;
        let published = look(&place, options.key)?;
        (place, published, None)
    };
    let choose = |manifest: &Manifest| match &file {
        Some(file) => manifest.files.contains_key(file).then(|| file.clone()),
        None => files.iter().find(|file| manifest.files.contains_key(**file)).map(|file| (*file).to_owned()),
    };
    let pulled = pull_from(&place, published, &Wanted::One(&choose), out, options)?;
    let file = choose(&pulled.manifest);
    Ok(Part { pulled, file })
}

/// The release around a file, and the path of the file in it.
fn around(from: &str, options: PullOptions<'_>) -> Result<(Place, Published, Option<String>), Error> {
    let refused = |reason: String| Error::Place { place: from.to_owned(), reason };
    let mut base = Url::parse(from).map_err(|error| refused(error.to_string()))?;
    let (mut file, mut first) = (String::new(), None);
    for _ in 0..=FOLDERS_MAX {
        let path = base.path().to_owned();
        let Some((around, name)) = path.trim_end_matches('/').rsplit_once('/') else { break };
        let name = percent_decode_str(name).decode_utf8_lossy();
        file = if file.is_empty() { name.into_owned() } else { format!("{name}/{file}") };
        base.set_path(&format!("{around}/"));
        let place = Place::of(base.as_str())?;
        match look(&place, options.key) {
            Ok(published) if published.manifest.files.contains_key(&file) => {
                return Ok((place, published, Some(file)));
            }
            Ok(_) => {
                let reason = "the manifest does not have it".to_owned();
                return Err(Error::Unlike { path: place.shown(&file), reason });
            }
            // A folder of a release may have a manifest of another kind.
            Err(error) => drop(first.get_or_insert(error)),
        }
    }
    Err(first.unwrap_or_else(|| refused("it is not the address of a file".to_owned())))
}
