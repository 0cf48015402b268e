//! Branches that met: what both changed, as git has it.

use std::collections::{BTreeMap, BTreeSet};

use curate::{Met, News};
use database::{BlobId, Content, Difference, Entry, Place, TreeId, TreePath};
use rules::By;
use store::{Commit, Meeting, Store};

use crate::change::{self, Judging};
use crate::config::Config;
use crate::context::Reading;
use crate::differing::{Differing, differing};
use crate::failure::Failure;
use crate::streams::TreeStreams;

/// What two branches changed.
#[derive(Default)]
pub(super) struct Branches {
    /// What both did.
    pub(super) both: Vec<Met>,
    /// What came in on each. Of a commit that joins nothing it is what came in with it, or since `--base`: such commits are
    /// left by a rebase, a cherry-pick or a squash too.
    pub(super) sides: Vec<News>,
}

/// One side of a file: where it lies, and its blob.
type Side = (TreePath, BlobId);

/// What two branches changed that met in a commit, or are meeting in the working tree; without such, what came in with the
/// newest commit, or since another one.
pub(super) fn met(store: &Store, reading: &Reading, since: Option<&Commit>) -> Result<Branches, Failure> {
    if !store.is_git() {
        return Ok(Branches::default());
    }
    let head = reading.commit.clone().map_or_else(|| store.head(), |commit| Ok(Some(commit)))?;
    let Some(head) = head else { return Ok(Branches::default()) };
    let meeting = match sides(store, reading, &head)? {
        Some((ours, Meeting { other: theirs, base })) => {
            // Without a commit in common nobody knows what changed.
            let base = base.map_or_else(|| store.merge_base(ours.id, theirs.id), |base| Ok(Some(base)))?;
            base.map(|base| [base.tree, ours.tree, theirs.tree])
        }
        None => None,
    };
    let mut branches = Branches::default();
    let mut trees = Vec::new();
    if let Some([base, ours, theirs]) = meeting {
        branches.both = both(store, base, ours, theirs)?;
        trees.extend([(base, ours), (base, theirs)]);
    }
    let parent = if let (true, [parent]) = (meeting.is_none(), &head.parents[..]) {
        Some(store.resolve(&parent.to_string())?)
    } else {
        None
    };
    trees.extend(since.or(parent.as_ref()).map(|since| (since.tree, head.tree)));
    branches.sides = trees.into_iter().map(|(before, after)| news(store, before, after)).collect::<Result<_, _>>()?;
    Ok(branches)
}

/// The files that may have deliveries of streams that came in.
pub(super) fn holders(
    store: &Store,
    reading: &Reading,
    config: &Config,
    sides: &[News],
) -> Result<BTreeSet<TreePath>, Failure> {
    let head = if reading.commit.is_none() && store.is_git() { store.head()? } else { None };
    let head = head.filter(|_| News::has_streams(sides));
    // Of a working tree the newest commit is known, and git tells what is other than there.
    let judging = Judging { store, settings: &config.settings, by: By::Maintainer };
    let standing = head.map(|head| change::standing(&judging, &head)).transpose()?;
    let streams = match &standing {
        Some(standing) => TreeStreams::of(&reading.snapshot, Some(standing)),
        None => TreeStreams::new(reading),
    };
    let mut holders = News::holders(sides, &streams).map_err(Failure::new)?;
    if standing.is_some() {
        holders.extend(store.edited_on_disk()?);
    }
    Ok(holders)
}

/// What came in between two trees.
fn news(store: &Store, before: TreeId, after: TreeId) -> Result<News, Failure> {
    let mut news = News::default();
    for Differing { path, before, after } in differing(store, before, after)? {
        news.add(&path, before.as_ref(), &after);
    }
    Ok(news)
}

/// The files that both sides changed.
fn both(store: &Store, base: TreeId, ours: TreeId, theirs: TreeId) -> Result<Vec<Met>, Failure> {
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
    let (before, ours) = by_name(store.difference(base, ours)?);
    let (_, mut theirs) = by_name(store.difference(base, theirs)?);
    let both: Vec<(Side, Side, Option<Side>)> = ours
        .into_iter()
        .filter_map(|(name, ours)| Some((ours, theirs.remove(&name)?, before.get(&name).cloned())))
        .collect();
    read(store, both)
}

/// The commit to which something is joined, and what that is.
fn sides(store: &Store, reading: &Reading, head: &Commit) -> Result<Option<(Commit, Meeting)>, Failure> {
    if reading.commit.is_none() {
        return Ok(store.meeting()?.map(|meeting| (head.clone(), meeting)));
    }
    let [one, other] = head.parents[..] else { return Ok(None) };
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
