//! What others say of a package, held against what our reports say of it.

use std::collections::BTreeSet;

use database::verdict::Statement;
use database::{Entry, Report, Snapshot};
use osv_schema::{Record, additions};

use crate::failure::Failure;

/// What others say of one package.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claim {
    /// The versions that they name.
    pub(crate) versions: BTreeSet<String>,
    /// Whether they mean every version.
    pub(crate) is_all: bool,
}

/// Where two sides differ: the versions that only one of them means, `*` for every version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Differing {
    pub(crate) only_theirs: Vec<String>,
    pub(crate) only_ours: Vec<String>,
}

impl Claim {
    /// Where it differs from reports that stand.
    pub(crate) fn against(&self, live: &[&Statement]) -> Differing {
        let covers_all = live.iter().any(|said| said.covers_all());
        let is_known = |version: &&String| live.iter().any(|said| said.affects(version));
        let mut only_theirs: Vec<String> = self.versions.iter().filter(|version| !is_known(version)).cloned().collect();
        if self.is_all && !covers_all {
            only_theirs.push("*".to_owned());
        }
        let ours: BTreeSet<&String> = live.iter().flat_map(|said| said.versions()).collect();
        let is_new = |version: &&String| !self.is_all && !self.versions.contains(*version);
        let mut only_ours: Vec<String> = ours.into_iter().filter(is_new).cloned().collect();
        if covers_all && !self.is_all {
            only_ours.push("*".to_owned());
        }
        Differing { only_theirs, only_ours }
    }
}

impl Differing {
    /// Whether both sides say the same.
    pub(crate) fn is_none(&self) -> bool {
        self.only_theirs.is_empty() && self.only_ours.is_empty()
    }

    /// The same for people.
    pub(crate) fn told(&self) -> String {
        let sides = [("only they say", &self.only_theirs), ("only we say", &self.only_ours)];
        let told = sides.into_iter().filter(|(_, versions)| !versions.is_empty());
        told.map(|(side, versions)| format!("{side} {}", versions.join(", "))).collect::<Vec<_>>().join("; ")
    }
}

/// What reports say. One that cannot be read says nothing here; `validate` says what is wrong with it.
pub(crate) fn statements(entries: &[&Entry], snapshot: &Snapshot) -> Result<Vec<Statement>, Failure> {
    let mut all = Vec::new();
    for read in snapshot.map(entries, |entry, bytes| bytes.map(|bytes| Report::read(&entry.path, bytes).record)) {
        all.push(read?);
    }
    let said = entries.iter().zip(all).filter_map(|(entry, record)| Statement::of(&entry.path, record?).ok());
    Ok(said.collect())
}

/// The ids of reports.
pub(crate) fn ids(said: &[&Statement]) -> Vec<String> {
    said.iter().map(|said| said.record.id.as_str().unwrap_or_default().to_owned()).collect()
}

/// Whether a record shows anything that somebody else could check.
pub(crate) fn shows_evidence(record: &Record) -> bool {
    let ours = additions::malpkg(record);
    let has = |name: &str| ours.and_then(|ours| ours.get(name)?.as_array()).is_some_and(|list| !list.is_empty());
    !record.references.items().is_empty() || ["evidence", "indicators", "artifacts"].into_iter().any(has)
}
