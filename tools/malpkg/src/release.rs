//! What a release of a commit is made from: its reports, those that are held, and what the manifest says of the commit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use database::{Listed, Place, ReportId, TreePath};
use export::{CommitFacts, Held, History, Input, Older, Target};
use intake::Cursor;
use rules::Level;
use store::{Commit, Store};

use crate::change::tool;
use crate::context::{Context, Reading, with_sources};
use crate::display::Shown;
use crate::failure::Failure;
use crate::past::{Past, Walker};

/// The license of the data, as SPDX names it.
const LICENCE: &str = "Apache-2.0";

/// What writes a release, by the name that stands in its manifest.
pub(crate) const TOOL: &str = concat!("malpkg ", env!("CARGO_PKG_VERSION"));

/// How the names of what is kept of releases begin, and of how many it is.
const NOTES: &str = "release-";
const NOTES_MAX: usize = 3;

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
        let held = match reading.commit.as_ref().filter(|_| reading.snapshot.tree().is_some()) {
            Some(commit) => held_of_commit(commit, &reading, store, context)?,
            None => held(&context.validate(&reading)?, &reading)?,
        };
        Ok(Release { reading, held, commit })
    }

    /// The commits that led to it, where there are any.
    pub(crate) fn past<'p>(&'p self, store: &'p Store) -> Option<Past<'p>> {
        let (commit, facts) = (self.reading.commit.as_ref()?, self.commit.as_ref()?);
        Some(Past { store, settings: &self.reading.config.settings, commit, sequence: facts.sequence })
    }

    /// Since when what it lists is listed, where a target asks for it and there is a history that knows.
    pub(crate) fn listed(&self, targets: &BTreeSet<Target>, store: &Store) -> Result<Option<Listed>, Failure> {
        let commit = self.reading.commit.as_ref().filter(|_| targets.iter().any(|target| target.tells_since()));
        commit.map(|commit| crate::listed::listed(store, commit)).transpose()
    }

    /// What `export` writes it from.
    pub(crate) fn input<'r>(
        &'r self,
        targets: BTreeSet<Target>,
        past: Option<&'r Past<'r>>,
        listed: Option<&'r Listed>,
    ) -> Input<'r> {
        Input {
            snapshot: &self.reading.snapshot,
            commit: self.commit.clone(),
            history: past.map(|past| past as &dyn History),
            held: &self.held,
            listed,
            home: self.reading.config.home.as_deref(),
            blocking: self.reading.config.blocking.clone(),
            targets,
            tool: TOOL,
            licence: LICENCE,
        }
    }

    /// The release in a folder, if it was written here from this database, by this program and these settings.
    pub(crate) fn older(&self, dir: &Path, store: &Store) -> Option<Older> {
        let mut notes = Vec::new();
        let kept = store.kept(&self.notes_name(&Older::name_of(dir)?))?;
        notes.resize(usize::try_from(kept.len()).ok()?, 0);
        kept.read_at(0, &mut notes).ok()?;
        Older::open(dir, &notes)
    }

    /// Keeps notes of a release that was written, for the next one. Where they cannot be kept, it is made in full.
    pub(crate) fn keep_notes(&self, dir: &Path, notes: &[u8], store: &Store) {
        let Some(manifest) = Older::name_of(dir) else { return };
        if store.keep(&self.notes_name(&manifest), notes).is_ok() {
            let names = store.kept_names().into_iter().filter(|name| name.starts_with(NOTES));
            names.skip(NOTES_MAX).for_each(|name| store.forget(&name));
        }
    }

    fn notes_name(&self, manifest: &str) -> String {
        let settings = &self.reading.config.settings;
        let levels: Vec<_> = settings.rules().iter().map(|(rule, level)| (rule.name, level)).collect();
        let mut all = rules::fingerprint(&tool(), settings);
        let home = &self.reading.config.home;
        let shared = self.reading.snapshot.entry(export::SHARED_FILE).map(|entry| &entry.content);
        all.extend(format!("{levels:?}\0{home:?}\0{shared:?}\0{manifest}").into_bytes());
        // The name of a blob is as good a hash as any, and at hand.
        let hash = store::blob_id(&all).map(|id| id.to_string()).unwrap_or_default();
        format!("{NOTES}{hash}")
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

/// The reports of a commit that have errors, by what is known of a tree near it.
fn held_of_commit(
    commit: &Commit,
    reading: &Reading,
    store: &Store,
    context: &Context<'_>,
) -> Result<Vec<Held>, Failure> {
    let walker = Walker::at(store, &reading.config.settings, commit, Some(&reading.snapshot))?;
    let broken: Vec<(&TreePath, &str)> = walker.held().collect();
    if broken.iter().any(|(_, rule)| *rule == DUPLICATE_ID) {
        // The whole validation has the words for it.
        return held(&context.validate(reading)?, reading);
    }
    Ok(with_unassigned(broken.into_iter().map(|(path, rule)| held_for(path, rule)).collect(), reading))
}

/// One id for two reports refuses the release: nobody could say which one it names.
const DUPLICATE_ID: &str = "duplicate-id";

/// The reports that have errors, by a validation of all of them.
fn held(validation: &rules::Validation, reading: &Reading) -> Result<Vec<Held>, Failure> {
    let errors: Vec<_> = validation.findings.iter().filter(|finding| finding.level == Level::Error).collect();
    if let Some(twice) = errors.iter().find(|finding| finding.rule.name == DUPLICATE_ID) {
        return Err(Failure::new(&twice.message).place(&twice.path).remedy(&twice.remedy));
    }
    Ok(with_unassigned(errors.iter().map(|finding| held_for(&finding.path, finding.rule.name)).collect(), reading))
}

fn held_for(path: &TreePath, rule: &str) -> Held {
    let id = Place::of(path).map_or("", |place| place.stem);
    Held { id: id.to_owned(), path: path.to_string(), rule: rule.to_owned() }
}

/// Of each report the first rule by name, and those that have no id yet.
fn with_unassigned(mut held: Vec<Held>, reading: &Reading) -> Vec<Held> {
    held.retain(|held| !held.id.is_empty());
    let prefix = &reading.config.settings.prefix;
    for (place, entry) in reading.snapshot.reports() {
        if ReportId::is_unassigned(place.stem, prefix) {
            held.push(held_for(&entry.path, "unassigned"));
        }
    }
    held.sort_by(|a, b| (&a.path, &a.rule).cmp(&(&b.path, &b.rule)));
    held.dedup_by(|a, b| a.path == b.path);
    held
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

/// What is said of a release whose status has run out.
pub(crate) fn told_old(status: &export::Status) -> String {
    format!("these data are old: their publisher last looked for news on {}", Shown(&status.checked))
}

/// Reads the key that signatures are held to.
pub(crate) fn verifying_key(key: Option<&str>) -> Result<Option<export::VerifyingKey>, Failure> {
    let read = |key| export::VerifyingKey::read(key).map_err(|error| Failure::new(&error).place("--key"));
    let remedy = "name the file that `minisign -G` wrote as the public key, or the line of it that begins with RW";
    key.map(read).transpose().map_err(|failure| failure.remedy(remedy))
}
