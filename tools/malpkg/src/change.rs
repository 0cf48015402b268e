//! A change judged against its base: what is known of the base comes from the index, what differs from git's tree ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use database::{
    Content, Difference, Entry, Index, IndexError, Indexed, IndexedFile, ReadError, Snapshot, TreeId, TreePath,
};
use rules::{By, Comparison, Finding, Settings, Standing, Touched};
use store::{At, Commit, NOT_HERE, Store};

use crate::context::check_folders;
use crate::failure::Failure;

/// How many indexes are kept.
const KEPT_MAX: usize = 3;
/// An index of another tree is used up to this many differences, and up to a tenth of the reports.
const DIFFERENCES_MAX: usize = 2_000;
const NAME: &str = "index-";

/// What a change is judged against, and how.
pub(crate) struct Judging<'j> {
    pub store: &'j Store,
    /// What the base asks of the tool: a change does not judge itself.
    pub settings: &'j Settings,
    pub by: By,
}

/// What is judged.
pub(crate) enum Head<'h> {
    /// The tree of a commit.
    Tree(TreeId),
    /// Files that are listed already.
    Snapshot(&'h Snapshot),
}

/// A change as it was judged.
pub(crate) struct Compared {
    pub comparison: Comparison,
    /// How often each rule found something in the base.
    pub base_counts: BTreeMap<&'static str, usize>,
    /// How many reports the head has.
    pub reports: usize,
    /// How many files of a partial clone are not here, and were not judged.
    pub unread: usize,
    /// What the files with findings hold: of the base and of the head.
    pub before: Held,
    pub after: Held,
}

/// Files by path, with what they hold.
pub(crate) type Held = BTreeMap<TreePath, Arc<[u8]>>;

/// The program as it is, for the fingerprint of what it keeps: another build may have other rules.
pub(crate) fn tool() -> String {
    let built = std::env::current_exe().and_then(|program| program.metadata());
    let built = built.map(|found| (found.len(), found.modified().ok()));
    format!("{} {built:?}", env!("CARGO_PKG_VERSION"))
}

/// Judges a change. An index that turns out to be damaged is forgotten, and all is read anew.
pub(crate) fn compare(judging: &Judging<'_>, base: &Commit, head: &Head<'_>) -> Result<Compared, Failure> {
    let outcome = judging.known(base).and_then(|known| judging.judge(known, base, head));
    match outcome {
        Err(Trouble::Index(_)) => {
            let known = judging.read_whole(base)?;
            judging.judge(known, base, head).map_err(Failure::from)
        }
        outcome => outcome.map_err(Failure::from),
    }
}

/// What is known of a commit that a change is planned over.
pub(crate) fn standing(judging: &Judging<'_>, base: &Commit) -> Result<Standing, Failure> {
    match judging.known(base) {
        Ok(known) => Ok(known.standing),
        Err(Trouble::Index(_)) => Ok(judging.read_whole(base)?.standing),
        Err(trouble) => Err(trouble.into()),
    }
}

/// What is known of a commit by an index that is kept; none where that would take reading all of it.
pub(crate) fn kept(judging: &Judging<'_>, base: &Commit) -> Option<Standing> {
    judging.by_index(base).ok().flatten()
}

/// The index of a tree that was judged whole, for whoever judges a change to it; none where it is kept already, or not
/// worth it.
pub(crate) fn new_index(
    store: &Store,
    snapshot: &Snapshot,
    validation: &mut rules::Validation,
    settings: &Settings,
) -> Option<Indexed> {
    let (Some(tree), true) = (snapshot.tree(), validation.unread.is_empty()) else { return None };
    let name = format!("{NAME}{tree}");
    let fingerprint = rules::fingerprint(&tool(), settings);
    let is_kept = store.kept(&name).is_some_and(|bytes| Index::open(bytes, &fingerprint).is_ok());
    (!is_kept).then(|| rules::indexed(tree, snapshot, validation, fingerprint))
}

/// Keeps an index. Where it cannot be kept, the next one reads all again.
pub(crate) fn keep_index(store: &Store, indexed: &Indexed) {
    keep(store, &format!("{NAME}{}", indexed.tree), &indexed.bytes());
}

fn keep(store: &Store, name: &str, bytes: &[u8]) {
    if store.keep(name, bytes).is_ok() {
        let names = store.kept_names();
        names.iter().filter(|name| name.starts_with(NAME)).skip(KEPT_MAX).for_each(|name| store.forget(name));
    }
}

/// What is known of the base, and how many of its files are not here.
struct Known {
    standing: Standing,
    unread: usize,
}

pub(crate) enum Trouble {
    Index(IndexError),
    Failure(Failure),
}

impl From<IndexError> for Trouble {
    fn from(error: IndexError) -> Trouble {
        Trouble::Index(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble::Failure(failure)
    }
}

impl From<store::Error> for Trouble {
    fn from(error: store::Error) -> Trouble {
        Trouble::Failure(error.into())
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Failure {
        match trouble {
            Trouble::Failure(failure) => failure,
            Trouble::Index(error) => Failure::new(error).remedy("delete the folder `malpkg` in the git directory"),
        }
    }
}

impl Judging<'_> {
    /// What is known of the base: by its own index, by one near it, or by reading all of it.
    fn known(&self, base: &Commit) -> Result<Known, Trouble> {
        match self.by_index(base)? {
            Some(standing) => Ok(Known { standing, unread: 0 }),
            None => Ok(self.read_whole(base)?),
        }
    }

    /// What is known of the base by its own index, or by one near it.
    fn by_index(&self, base: &Commit) -> Result<Option<Standing>, Trouble> {
        let own = format!("{NAME}{}", base.tree);
        let fingerprint = rules::fingerprint(&tool(), self.settings);
        let names = std::iter::once(own.clone())
            .chain(self.store.kept_names().into_iter().filter(|name| name.starts_with(NAME) && *name != own));
        for name in names {
            let Some(bytes) = self.store.kept(&name) else { continue };
            let Ok(index) = Index::open(bytes, &fingerprint) else {
                self.store.forget(&name);
                continue;
            };
            if let Some(standing) = self.moved_to(index, base.tree)? {
                return Ok(Some(standing));
            }
        }
        Ok(None)
    }

    /// What is known of a tree near this one, and in what they differ; where there is none, of this one itself, which is
    /// listed only if it is not yet.
    pub(crate) fn nearest(
        &self,
        base: &Commit,
        listed: Option<&Snapshot>,
    ) -> Result<(Standing, Vec<Difference>), Failure> {
        let fingerprint = rules::fingerprint(&tool(), self.settings);
        for name in self.store.kept_names().into_iter().filter(|name| name.starts_with(NAME)) {
            let Some(Ok(index)) = self.store.kept(&name).map(|bytes| Index::open(bytes, &fingerprint)) else {
                continue;
            };
            let limit = DIFFERENCES_MAX.min(index.reports() / 10);
            if let Ok(differences) = self.store.difference(index.tree(), base.tree)
                && differences.len() <= limit
            {
                return Ok((Standing::of(index), differences));
            }
        }
        let Known { standing, unread } = match listed {
            Some(snapshot) => self.read_listed(base, snapshot.clone())?,
            None => self.read_whole(base)?,
        };
        if unread > 0 {
            let message = format!("{unread} files are not here, as in a partial clone");
            return Err(Failure::new(message).remedy("fetch them: `git fetch --refetch --no-filter`"));
        }
        Ok((standing, Vec::new()))
    }

    /// What an index of another tree knows of this one; none where they are too far from each other.
    fn moved_to(&self, index: Index, tree: TreeId) -> Result<Option<Standing>, Trouble> {
        let limit = DIFFERENCES_MAX.min(index.reports() / 10);
        if index.tree() == tree {
            return Ok(Some(Standing::of(index)));
        }
        // The tree of the index may be long gone.
        let Ok(differences) = self.store.difference(index.tree(), tree) else { return Ok(None) };
        if differences.len() > limit {
            return Ok(None);
        }
        let (touched, unread) = self.read(differences, None)?;
        let mut standing = Standing::of(index);
        standing.advance(&touched, By::Maintainer, self.settings)?;
        Ok((unread == 0).then_some(standing))
    }

    fn read_whole(&self, base: &Commit) -> Result<Known, Failure> {
        self.read_listed(base, self.store.snapshot(At::Commit(base.id))?)
    }

    fn read_listed(&self, base: &Commit, snapshot: Snapshot) -> Result<Known, Failure> {
        let mut validation = rules::validate(&snapshot, self.settings);
        let unread = not_here(&validation.unread)?;
        let fingerprint = rules::fingerprint(&tool(), self.settings);
        let indexed = rules::indexed(base.tree, &snapshot, &mut validation, fingerprint);
        drop((snapshot, validation));
        let Indexed { fingerprint, .. } = &indexed;
        let bytes = indexed.bytes();
        if unread == 0 {
            keep(self.store, &format!("{NAME}{}", base.tree), &bytes);
        }
        let index = Index::open(Box::new(bytes), fingerprint).map_err(|error| Failure::from(Trouble::Index(error)))?;
        Ok(Known { standing: Standing::of(index), unread })
    }

    fn judge(&self, known: Known, base: &Commit, head: &Head<'_>) -> Result<Compared, Trouble> {
        let Known { mut standing, unread } = known;
        let (differences, snapshot) = match head {
            Head::Tree(tree) => (self.store.difference(base.tree, *tree)?, None),
            Head::Snapshot(snapshot) => (self.listed(base, snapshot)?, Some(*snapshot)),
        };
        check_folders(|path| differences.iter().any(|one| one.after.is_some() && one.path.as_str() == path))?;
        let (touched, unread_here) = self.read(differences, snapshot)?;
        let base_counts = standing.counts().clone();
        let mut comparison = standing.advance(&touched, self.by, self.settings)?;
        let (elsewhere, unread_elsewhere, mut after) = self.elsewhere(&standing)?;
        let fault = |finding: &Finding| (finding.rule.name, finding.path.clone(), finding.value.clone());
        let told: BTreeSet<_> = comparison.present.iter().chain(&comparison.introduced).map(fault).collect();
        comparison.present.extend(elsewhere.into_iter().filter(|finding| !told.contains(&fault(finding))));
        comparison.present.sort();
        let mut before = BTreeMap::new();
        for file in touched {
            if let Some(Ok(bytes)) = file.before {
                before.insert(file.path.clone(), bytes);
            }
            if let Some(Ok(bytes)) = file.after {
                after.insert(file.path, bytes);
            }
        }
        let (reports, unread) = (standing.reports(), unread + unread_here + unread_elsewhere);
        Ok(Compared { comparison, base_counts, reports, unread, before, after })
    }

    /// The errors in files that the change did not touch, with what those hold.
    pub(crate) fn elsewhere(&self, standing: &Standing) -> Result<(Vec<Finding>, usize, Held), Trouble> {
        let files = standing.faulty(self.settings)?;
        let entry = |file: &IndexedFile| Entry {
            path: file.facts.path.clone(),
            content: file.blob.map_or(Content::NotAFile("no file"), Content::Blob),
        };
        let entries: Vec<Entry> = files.iter().map(entry).collect();
        let blobs = self.store.blobs()?;
        let read = blobs.map(&entries.iter().collect::<Vec<_>>(), |_, bytes| bytes.map(<[u8]>::to_vec));
        let (mut findings, mut unread, mut held) = (Vec::new(), 0, BTreeMap::new());
        for (file, bytes) in files.iter().zip(read) {
            if let Err(error) = &bytes
                && error.is_system
            {
                unread += not_here(std::slice::from_ref(error))?;
                continue;
            }
            findings.extend(standing.judge_again(file, bytes.as_deref().map_err(Clone::clone), self.settings)?);
            if let Ok(bytes) = bytes {
                held.insert(file.facts.path.clone(), bytes.into());
            }
        }
        Ok((findings, unread, held))
    }

    /// Reads both sides of what differs. What is not here is counted, and left out.
    pub(crate) fn read(
        &self,
        differences: Vec<Difference>,
        head: Option<&Snapshot>,
    ) -> Result<(Vec<Touched>, usize), Failure> {
        let blobs = self.store.blobs()?;
        let mut unread = 0;
        let side = |snapshot: &Snapshot, content: fn(&Difference) -> Option<&Content>| {
            let found = differences.iter().enumerate().filter_map(|(at, one)| Some((at, one, content(one)?)));
            let (numbers, entries): (Vec<usize>, Vec<Entry>) = found
                .map(|(at, one, content)| (at, Entry { path: one.path.clone(), content: content.clone() }))
                .unzip();
            let read = snapshot.map(&entries.iter().collect::<Vec<_>>(), |_, bytes| bytes.map(Arc::<[u8]>::from));
            numbers.into_iter().zip(read).collect::<BTreeMap<_, _>>()
        };
        let mut before = side(&blobs, |one| one.before.as_ref());
        let mut after = side(head.unwrap_or(&blobs), |one| one.after.as_ref());
        let mut touched = Vec::with_capacity(differences.len());
        for (at, one) in differences.into_iter().enumerate() {
            let (before, after) = (before.remove(&at), after.remove(&at));
            let errors = [&before, &after].into_iter().flatten().filter_map(|read| read.as_ref().err());
            let system: Vec<ReadError> = errors.filter(|error| error.is_system).cloned().collect();
            if system.is_empty() {
                touched.push(Touched { path: one.path, before, after });
            } else {
                not_here(&system)?;
                unread += 1;
            }
        }
        Ok((touched, unread))
    }

    /// What differs between the base and files that are listed: the same blob is the same file.
    fn listed(&self, base: &Commit, head: &Snapshot) -> Result<Vec<Difference>, Failure> {
        let base = self.store.snapshot(At::Commit(base.id))?;
        let files: Vec<&Entry> = head.entries().iter().filter(|entry| entry.content == Content::File).collect();
        let hashed = head.map(&files, |_, bytes| bytes.ok().and_then(|bytes| store::blob_id(bytes).ok()));
        let on_disk: BTreeMap<&TreePath, Content> =
            files.into_iter().zip(hashed).filter_map(|(entry, id)| Some((&entry.path, Content::Blob(id?)))).collect();
        let mut differences: BTreeMap<&TreePath, (Option<&Content>, Option<&Content>)> = BTreeMap::new();
        base.entries().iter().for_each(|entry| differences.entry(&entry.path).or_default().0 = Some(&entry.content));
        for entry in head.entries() {
            let sides = differences.entry(&entry.path).or_default();
            if sides.0.is_some() && sides.0 == Some(on_disk.get(&entry.path).unwrap_or(&entry.content)) {
                differences.remove(&entry.path);
            } else {
                sides.1 = Some(&entry.content);
            }
        }
        let one = |(path, (before, after)): (&TreePath, (Option<&Content>, Option<&Content>))| Difference {
            path: path.clone(),
            before: before.cloned(),
            after: after.cloned(),
        };
        Ok(differences.into_iter().map(one).collect())
    }
}

/// How many files a partial clone does not have. Any other reason for not reading one is a failure: an answer without it
/// would be a wrong one.
pub(crate) fn not_here(unread: &[ReadError]) -> Result<usize, Failure> {
    match unread.iter().find(|error| error.reason != NOT_HERE) {
        Some(error) => Err(Failure::from(error.clone())),
        None => Ok(unread.len()),
    }
}
