//! A release against the commit that it says it is of: it is made again, and must be the same bytes.

use std::path::Path;

use tempfile::TempDir;

use crate::verify::{Difference, DifferenceKind};
use crate::{Error, Input, Manifest, manifest, write};

/// Makes the release of `input` in a room of its own, and compares its manifest with that of the release in `dir`. What
/// [`crate::verify`] found nothing in and this neither, is the release of that commit.
///
/// # Errors
///
/// There is no manifest to compare with, or the release cannot be made.
pub fn prove(input: &Input<'_>, dir: &Path) -> Result<Vec<Difference>, Error> {
    let said = Manifest::read(dir)?;
    let room = TempDir::new().map_err(Error::io("create a folder in", std::env::temp_dir()))?;
    let made = write(input, room.path(), &|_| {})?;
    let tell = |path: &str, kind| Difference { path: path.to_owned(), kind };
    let compared = made.files.iter().filter_map(|(path, facts)| match said.files.get(path) {
        None => Some(tell(path, DifferenceKind::Missing)),
        Some(other) => (other != facts).then(|| tell(path, DifferenceKind::Differs)),
    });
    let mut differences: Vec<Difference> = compared.collect();
    let beyond = said.files.keys().filter(|path| !made.files.contains_key(*path));
    differences.extend(beyond.map(|path| tell(path, DifferenceKind::TooMuch)));
    if differences.is_empty() && said != made {
        differences.push(tell(manifest::FILE, DifferenceKind::Differs));
    }
    differences.sort_unstable();
    Ok(differences)
}
