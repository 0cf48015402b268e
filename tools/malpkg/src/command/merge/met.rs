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
    /// What one of them did alone, and what is otherwise in the tree: where it lies, and what it holds there.
    pub(super) lone: Vec<(TreePath, Vec<u8>)>,
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
        let [before, ours_after, theirs_after] = changed(store, base, ours, theirs)?;
        let is_lone = |name: &String| ours_after.contains_key(name) != theirs_after.contains_key(name);
        let alone = ours_after.iter().chain(&theirs_after).filter(|(name, _)| is_lone(name)).map(|(_, side)| side);
        let is_other = |(path, id): &&Side| {
            let there = reading.snapshot.entry(path.as_str());
            there.is_some_and(|there| there.content != Content::Blob(*id))
        };
        branches.lone = blobs(store, alone.filter(is_other).cloned().collect())?;
        let both = ours_after
            .into_iter()
            .filter_map(|(name, ours)| Some((ours, theirs_after.get(&name)?.clone(), before.get(&name).cloned())));
        branches.both = read(store, both.collect())?;
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
    for Differing { path, before, after } in differing(store, before, after)?.0 {
        news.add(&path, before.as_ref(), &after);
    }
    Ok(news)
}

/// The files that two sides changed, by name: before, and on each.
fn changed(store: &Store, base: TreeId, ours: TreeId, theirs: TreeId) -> Result<[BTreeMap<String, Side>; 3], Failure> {
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
    let (_, theirs) = by_name(store.difference(base, theirs)?);
    Ok([before, ours, theirs])
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
    let sides = both.iter().flat_map(|(ours, theirs, base)| [Some(ours), Some(theirs), base.as_ref()]);
    let mut read = blobs(store, sides.flatten().cloned().collect())?.into_iter();
    let mut next = |side: Side| read.next().ok_or_else(|| Failure::new("it was not read").place(side.0));
    both.into_iter()
        .map(|(ours, theirs, base)| {
            Ok(Met { ours: next(ours)?, theirs: next(theirs)?, base: base.map(&mut next).transpose()? })
        })
        .collect()
}

/// What files hold.
fn blobs(store: &Store, sides: Vec<Side>) -> Result<Vec<(TreePath, Vec<u8>)>, Failure> {
    let entries: Vec<Entry> = sides.into_iter().map(|(path, id)| Entry { path, content: Content::Blob(id) }).collect();
    let wanted: Vec<&Entry> = entries.iter().collect();
    let read = store.blobs()?.map(&wanted, |entry, bytes| Ok((entry.path.clone(), bytes?.to_vec())));
    read.into_iter().collect()
}
