//! What two whole trees say differently, as the files that a change would be made of.

use super::rewrite::FileChange;
use crate::Error;
use crate::difference::different_files;
use crate::objects::Objects;

/// The files in which two trees differ, without their bytes.
pub(crate) fn difference(
    objects: &Objects,
    before: Option<[u8; 20]>,
    after: [u8; 20],
) -> Result<Vec<FileChange>, Error> {
    let files = different_files(objects, before, after, None)?;
    let one = |file: crate::difference::DifferentFile| FileChange {
        path: file.path,
        before: file.before,
        after: file.after,
        bytes: None,
    };
    Ok(files.into_iter().map(one).collect())
}
