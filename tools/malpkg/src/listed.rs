//! Since when what is listed is: the history by first parents, gone through once and kept beside the index.

use database::{Base, Content, Entry, Listed, ListedKey, Place, Report};
use rayon::prelude::*;
use store::{Commit, Store};

use crate::context::with_sources;
use crate::failure::Failure;

/// What is kept, below `malpkg` in the git directory.
const KEPT: &str = "listed";
/// Far more than of any database.
const SIZE_MAX: u64 = 1 << 30;
/// How many commits are compared at once.
const AT_ONCE: usize = 64;

/// Since when each version is listed that a commit or one before it lists. It is a function of the commit; what is kept
/// of an earlier one spares going through the history up to that.
pub(crate) fn listed(store: &Store, commit: &Commit) -> Result<Listed, Failure> {
    let (mut listed, at) = kept(store).unwrap_or_default();
    let known = at.and_then(|at| at.parse().ok());
    let mut way = store.history_since(commit.id, known)?;
    if way.known.is_none() {
        listed = Listed::default();
    }
    if way.commits.is_empty() {
        return Ok(listed);
    }
    way.commits.reverse();
    let mut before = way.known.map(|known| known.tree);
    let blobs = store.blobs()?;
    for commits in way.commits.chunks(AT_ONCE) {
        let pairs: Vec<_> = std::iter::once(before)
            .chain(commits.iter().map(|commit| Some(commit.tree)))
            .zip(commits)
            .map(|(before, commit)| (before, commit.tree))
            .collect();
        let brought: Vec<Result<Vec<Entry>, store::Error>> =
            pairs.into_par_iter().map(|(before, after)| reports(store, before, after)).collect();
        for (commit, brought) in commits.iter().zip(brought) {
            let brought = brought?;
            let entries: Vec<&Entry> = brought.iter().collect();
            for keys in blobs.map(&entries, keys) {
                listed.add(keys?, commit.time);
            }
        }
        before = commits.last().map(|commit| commit.tree);
    }
    // What cannot be kept is found again.
    let mut bytes = header(&commit.id.to_string()).into_bytes();
    bytes.extend(listed.to_bytes());
    let _ = store.keep(KEPT, &bytes);
    Ok(listed)
}

/// The reports that stand and are new or other than before.
fn reports(
    store: &Store,
    before: Option<database::TreeId>,
    after: database::TreeId,
) -> Result<Vec<Entry>, store::Error> {
    let [malicious, _] = Base::ALL.map(Base::folder);
    let changed = store.brought(before, after)?.into_iter().filter_map(|changed| {
        let is_report = changed.path.is_in(malicious) && Place::of(&changed.path).is_some();
        let content = changed.after.filter(|content| is_report && matches!(content, Content::Blob(_)))?;
        Some(Entry { path: changed.path, content })
    });
    Ok(changed.collect())
}

/// What a report lists. What is none was listed nowhere.
fn keys(entry: &Entry, bytes: Result<&[u8], database::ReadError>) -> Result<Vec<ListedKey>, Failure> {
    match bytes {
        Ok(bytes) => {
            let record = Report::read(&entry.path, bytes).record;
            Ok(record.map(|record| Listed::keys(&entry.path, &record)).unwrap_or_default())
        }
        Err(error) if error.is_system => {
            let remedy = "the whole history is needed: run `git fetch --refetch --no-filter` in a partial clone";
            Err(Failure::new(with_sources(&error)).place(&entry.path).remedy(remedy))
        }
        Err(_) => Ok(Vec::new()),
    }
}

/// What is kept, and the commit that it is of.
fn kept(store: &Store) -> Option<(Listed, Option<String>)> {
    let kept = store.kept(KEPT)?;
    let length = header(&"0".repeat(40)).len();
    if kept.len() > SIZE_MAX || kept.len() < length as u64 {
        return None;
    }
    let mut bytes = vec![0; kept.len() as usize];
    kept.read_at(0, &mut bytes).ok()?;
    let (begin, rest) = bytes.split_at(length);
    let begin = std::str::from_utf8(begin).ok()?;
    let commit = begin.trim_end().rsplit(' ').next()?.to_owned();
    (begin == header(&commit)).then_some(())?;
    Some((Listed::of_bytes(rest)?, Some(commit)))
}

/// One line; a later version of the tool may count other words.
fn header(commit: &str) -> String {
    format!("malpkg.listed 1 {} {commit}\n", env!("CARGO_PKG_VERSION"))
}
