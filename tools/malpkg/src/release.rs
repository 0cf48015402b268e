//! What a release of a commit is made from: its reports, those that are held, and what the manifest says of the commit.

use std::collections::{BTreeMap, BTreeSet};

use export::{CommitFacts, Held, Input, Target};
use intake::Cursor;
use rules::Level;
use store::Store;

use crate::context::{Context, Reading, with_sources};
use crate::failure::Failure;

/// The license of the data, as SPDX names it.
const LICENCE: &str = "Apache-2.0";

/// What writes a release, by the name that stands in its manifest.
pub(crate) const TOOL: &str = concat!("malpkg ", env!("CARGO_PKG_VERSION"));

/// A release that can be written.
pub(crate) struct Release {
    pub reading: Reading,
    pub held: Vec<Held>,
    commit: Option<CommitFacts>,
}

impl Release {
    /// Judges what was read.
    pub(crate) fn of(reading: Reading, store: &Store, context: &Context<'_>) -> Result<Release, Failure> {
        let commit = commit_facts(store, &reading)?;
        let held = held(&context.validate(&reading)?, &reading)?;
        Ok(Release { reading, held, commit })
    }

    /// What `export` writes it from.
    pub(crate) fn input(&self, targets: BTreeSet<Target>) -> Input<'_> {
        Input {
            snapshot: &self.reading.snapshot,
            commit: self.commit.clone(),
            held: &self.held,
            targets,
            tool: TOOL,
            licence: LICENCE,
        }
    }

    /// When each declared source was last read to its end, as the commit says it.
    pub(crate) fn sources(&self) -> Result<BTreeMap<String, String>, Failure> {
        let mut times = BTreeMap::new();
        for id in self.reading.config.sources.keys() {
            if let Some(cursor) = Cursor::read(&self.reading.snapshot, id)? {
                times.insert(id.clone(), cursor.time.whole_seconds().to_string());
            }
        }
        Ok(times)
    }
}

/// The reports that have errors. One id for two reports refuses the release: nobody could say which one it names.
fn held(validation: &rules::Validation, reading: &Reading) -> Result<Vec<Held>, Failure> {
    let errors: Vec<_> = validation.findings.iter().filter(|finding| finding.level == Level::Error).collect();
    if let Some(twice) = errors.iter().find(|finding| finding.rule.name == "duplicate-id") {
        return Err(Failure::new(&twice.message).place(&twice.path).remedy(&twice.remedy));
    }
    let of_path = |path: &str, id: &str, rule: &str| Held { id: id.into(), path: path.into(), rule: rule.into() };
    let mut held: Vec<Held> = errors
        .iter()
        .filter(|finding| database::Place::of(&finding.path).is_some())
        .map(|finding| of_path(finding.path.as_str(), &finding.id, finding.rule.name))
        .collect();
    let prefix = &reading.config.settings.prefix;
    for (place, entry) in reading.snapshot.reports() {
        if database::ReportId::is_unassigned(place.stem, prefix) {
            held.push(of_path(entry.path.as_str(), place.stem, "unassigned"));
        }
    }
    held.sort_by(|a, b| a.path.cmp(&b.path));
    held.dedup_by(|a, b| a.path == b.path);
    Ok(held)
}

fn commit_facts(store: &Store, reading: &Reading) -> Result<Option<CommitFacts>, Failure> {
    let (Some(commit), Some(time)) = (&reading.commit, reading.commit_time()) else { return Ok(None) };
    Ok(Some(CommitFacts {
        id: commit.id.to_string(),
        tree: commit.tree.to_string(),
        time,
        sequence: store.sequence(commit.id)?,
        parent: commit.parents.first().map(ToString::to_string),
    }))
}

impl From<export::Error> for Failure {
    fn from(error: export::Error) -> Failure {
        use export::Error;
        let failure = Failure::new(with_sources(&error));
        match &error {
            Error::Older { .. } => failure.remedy("`--allow-rollback` takes it all the same"),
            Error::Unlike { .. } => {
                failure.remedy("nothing was changed here; ask whoever publishes it, or try again later")
            }
            _ => failure,
        }
    }
}

/// Reads the key that signatures are held to.
pub(crate) fn verifying_key(key: Option<&str>) -> Result<Option<export::VerifyingKey>, Failure> {
    let read = |key| export::VerifyingKey::read(key).map_err(|error| Failure::new(&error).place("--key"));
    let remedy = "name the file that `minisign -G` wrote as the public key, or the line of it that begins with RW";
    key.map(read).transpose().map_err(|failure| failure.remedy(remedy))
}
