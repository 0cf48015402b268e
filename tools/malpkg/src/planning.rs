//! Planning for the commands that change reports: what the rules refuse is left out, and the rest is planned again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use curate::Numbering;
use database::{ChangeSet, IDS_FILE, Plan, Rejected, Snapshot, TreePath, numbers};
use rules::{Admitted, Finding, Settings};
use store::{Read, Store};

use crate::config::Config;
use crate::context::Reading;
use crate::failure::Failure;
use crate::landing;

/// What one planning came to.
pub(crate) struct Curated<M> {
    pub(crate) plan: Plan,
    pub(crate) more: M,
    message: String,
    admitted: Admitted,
    read: Read,
}

/// What was tried, before the rules saw it.
pub(crate) struct Tried<M> {
    pub(crate) plan: Plan,
    /// By the path of each report afterwards, the files that it was made of.
    pub(crate) was: BTreeMap<TreePath, Vec<TreePath>>,
    /// What else there is to tell of it.
    pub(crate) more: M,
}

impl<M> landing::Planned for Curated<M> {
    fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    fn message(&self) -> String {
        self.message.clone()
    }

    fn read(&self) -> &Read {
        &self.read
    }
}

/// Plans a change of files that are no reports: what the rules find refuses all of it.
pub(crate) fn amend<M>(
    reading: &Reading,
    settings: &Settings,
    changes: ChangeSet,
    message: String,
    more: M,
) -> Result<Curated<M>, Failure> {
    let admitted = reading.admit(changes, settings).map_err(|findings| match findings.first() {
        Some(first) => Failure::new(&first.message).place(&first.path).remedy(&first.remedy),
        None => Failure::new("the rules do not admit it"),
    })?;
    let plan = Plan { changes: admitted.changes().clone(), ..Plan::default() };
    Ok(Curated { plan, more, message, admitted, read: Read::new() })
}

/// Plans until the rules admit the plan: the files behind a report that they refuse are left out of the next try.
pub(crate) fn curate<M>(
    reading: &Reading,
    settings: &Settings,
    plan: impl Fn(&Snapshot, &BTreeSet<TreePath>) -> Tried<M>,
    message: impl Fn(&Plan, &M) -> String,
) -> Result<Curated<M>, Failure> {
    let (base, read) = held(&reading.snapshot, |base| plan(base, &BTreeSet::new()).plan.changes);
    let mut refused: BTreeMap<TreePath, Rejected> = BTreeMap::new();
    loop {
        let left_out: BTreeSet<TreePath> = refused.keys().cloned().collect();
        let Tried { mut plan, was, more } = plan(&base, &left_out);
        // What is known is of a commit; files held fast are those of a working tree.
        let admitted = match &reading.known {
            Some(_) => reading.admit(plan.changes.clone(), settings),
            None => rules::admit(&base, plan.changes.clone(), settings),
        };
        match admitted {
            Ok(admitted) => {
                plan.rejected.extend(refused.into_values());
                plan.rejected.sort_by(|a, b| a.delivery.cmp(&b.delivery));
                let message = message(&plan, &more);
                return Ok(Curated { plan, more, message, admitted, read });
            }
            Err(findings) => {
                let files = |finding: &Finding| was.get(&finding.path).cloned().unwrap_or_default();
                let new: Vec<(TreePath, Rejected)> = findings
                    .iter()
                    .flat_map(|finding| files(finding).into_iter().map(move |path| (path, finding)))
                    .filter(|(path, _)| !left_out.contains(path))
                    .map(|(path, finding)| (path.clone(), rejected("", path.as_str(), finding)))
                    .collect();
                if new.is_empty() {
                    let first = &findings[0];
                    return Err(Failure::new(&first.message).place(&first.path).remedy(&first.remedy));
                }
                for (path, rejected) in new {
                    refused.entry(path).or_insert(rejected);
                }
            }
        }
    }
}

/// How ids are given. Of a database that has none on record the history tells which are used up; but where no number from
/// the first on stands, none was given, and nobody needs to go through all of it.
pub(crate) fn numbering(store: &Store, reading: &Reading, config: &Config) -> Result<Numbering, Failure> {
    let (prefix, first_number) = (config.settings.prefix.clone(), config.first_number);
    let is_unmarked = || {
        let (snapshot, mut numbers) = (&reading.snapshot, numbers(&reading.snapshot, &prefix));
        snapshot.entry(IDS_FILE).is_none() && numbers.any(|(_, number)| number >= first_number)
    };
    let ever = match &reading.commit {
        Some(commit) if is_unmarked() => store.numbers_ever(commit.id, &prefix)?,
        _ => BTreeMap::new(),
    };
    Ok(Numbering { prefix, first_number, ever })
}

/// The snapshot with the files held fast that a change takes away or writes anew, and what they hold. What a commit holds
/// stays as it is without that.
fn held(snapshot: &Snapshot, changes: impl Fn(&Snapshot) -> ChangeSet) -> (Snapshot, Read) {
    if snapshot.tree().is_some() {
        return (snapshot.clone(), Read::new());
    }
    held_fast(snapshot, changes(snapshot).edits().keys())
}

/// The snapshot with some files held fast, and what they hold, or that they are not there.
pub(crate) fn held_fast<'p>(snapshot: &Snapshot, paths: impl Iterator<Item = &'p TreePath>) -> (Snapshot, Read) {
    let mut read = Read::new();
    let mut wanted = Vec::new();
    for path in paths {
        match snapshot.entry(path.as_str()) {
            Some(entry) => wanted.push(entry),
            None => drop(read.insert(path.clone(), None)),
        }
    }
    let bytes = snapshot.map(&wanted, |_, bytes| bytes.map(Arc::<[u8]>::from).ok());
    let mut held = ChangeSet::default();
    for (entry, bytes) in wanted.iter().zip(bytes).filter_map(|(entry, bytes)| Some((entry, bytes?))) {
        held.put_file(entry.path.clone(), Arc::clone(&bytes));
        read.insert(entry.path.clone(), Some(bytes));
    }
    (snapshot.with(&held), read)
}

/// What a rule refuses, as rejected: of the tree there is no source.
pub(crate) fn rejected(source: &str, delivery: &str, finding: &Finding) -> Rejected {
    Rejected {
        source: source.to_owned(),
        delivery: delivery.to_owned(),
        rule: finding.rule.name,
        pointer: finding.pointer.to_string(),
        message: finding.message.clone().into_owned(),
        remedy: finding.remedy.clone().into_owned(),
    }
}
