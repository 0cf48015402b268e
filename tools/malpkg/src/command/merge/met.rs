//! Branches that met: what both changed, as git has it.

use std::collections::BTreeMap;

use curate::Met;
use database::{BlobId, Content, Difference, Entry, Place, TreePath};
use store::{Commit, Meeting, Store};

use crate::context::Reading;
use crate::failure::Failure;

/// One side of a file: where it lies, and its blob.
type Side = (TreePath, BlobId);

/// What two branches changed that met in a commit, or are meeting in the working tree; nothing where none do.
pub(super) fn met(store: &Store, reading: &Reading) -> Result<Vec<Met>, Failure> {
    let Some((ours, Meeting { other: theirs, base })) = sides(store, reading)? else { return Ok(Vec::new()) };
    let base = base.map_or_else(|| store.merge_base(ours.id, theirs.id), |base| Ok(Some(base)))?;
    // Without a commit in common nobody knows what changed.
    let Some(base) = base else { return Ok(Vec::new()) };
    let by_name = |differences: Vec<Difference>| {
        let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
        for one in differences {
            let name = Place::of(&one.path).map_or_else(|| one.path.to_string(), |place| place.stem.to_owned());
            if let Some(Content::Blob(id)) = one.before {
                before.insert(name.clone(), (one.path.clone(), id));
            }
            if let Some(Content::Blob(id)) = one.after {
                after.insert(name, (one.path, id));
            }
        }
        (before, after)
    };
    let (before, ours) = by_name(store.difference(base.tree, ours.tree)?);
    let (_, mut theirs) = by_name(store.difference(base.tree, theirs.tree)?);
    let both: Vec<(Side, Side, Option<Side>)> = ours
        .into_iter()
        .filter_map(|(name, ours)| Some((ours, theirs.remove(&name)?, before.get(&name).cloned())))
        .collect();
    read(store, both)
}

/// The commit to which something is joined, and what that is.
fn sides(store: &Store, reading: &Reading) -> Result<Option<(Commit, Meeting)>, Failure> {
    if !store.is_git() {
        return Ok(None);
    }
    let Some(commit) = &reading.commit else { return Ok(store.head()?.zip(store.meeting()?)) };
    let [one, other] = commit.parents[..] else { return Ok(None) };
    let other = store.resolve(&other.to_string())?;
    Ok(Some((store.resolve(&one.to_string())?, Meeting { other, base: None })))
}

fn read(store: &Store, both: Vec<(Side, Side, Option<Side>)>) -> Result<Vec<Met>, Failure> {
    let entry = |(path, id): &Side| Entry { path: path.clone(), content: Content::Blob(*id) };
    let entries: Vec<Entry> = both
        .iter()
        .flat_map(|(ours, theirs, base)| [Some(ours), Some(theirs), base.as_ref()])
        .flatten()
        .map(entry)
        .collect();
    let wanted: Vec<&Entry> = entries.iter().collect();
    let mut read = store.blobs()?.map(&wanted, |_, bytes| bytes.map(<[u8]>::to_vec)).into_iter();
    let mut next = |path: TreePath| -> Result<(TreePath, Vec<u8>), Failure> {
        let bytes = read.next().ok_or_else(|| Failure::new("it was not read").place(&path))?;
        Ok((path, bytes?))
    };
    both.into_iter()
        .map(|(ours, theirs, base)| {
            let (ours, theirs) = (next(ours.0)?, next(theirs.0)?);
            Ok(Met { ours, theirs, base: base.map(|base| next(base.0)).transpose()? })
        })
        .collect()
}
