//! A whole release, written into an empty folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::collect::{Item, collect};
use crate::material::Material;
use crate::older::Older;
use crate::output::Planned;
use crate::{
    Counts, Error, Input, Manifest, Target, archives, bundle, delta, filter, intel, lists, lookup, manifest, ndjson,
    noted, parquet, records, tarball, verdicts,
};

/// What an export is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reading reports.
    Read,
    /// Writing files.
    Write,
}

/// How far an export has come. Calls may overtake each other: the highest `done` of a step counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The step.
    pub step: Step,
    /// How many are done.
    pub done: usize,
    /// Of how many.
    pub total: usize,
}

/// Writes a release into an empty folder, and returns its manifest.
///
/// Every report is in the release or among the held ones of the manifest: those of [`Input::held`], and those that
/// no release can hold (no JSON object, an id that is none of ours or not given yet, an ecosystem that nobody knows).
/// So `manifest.held` is what to tell people, not `input.held`.
///
/// The manifest is written last. Nothing is promised about the folder after an error, nor that its files outlive the
/// machine; see [`fn@crate::replace`].
///
/// # Errors
///
/// Two reports have one id, a report cannot be read, the folder is not empty, or the disk refuses.
pub fn write(input: &Input<'_>, dir: &Path, progress: &(dyn Fn(Progress) + Sync)) -> Result<Manifest, Error> {
    write_over(input, None, dir, progress).map(|written| written.manifest)
}

/// A release that was written.
#[derive(Debug)]
pub struct Written {
    /// What it says about itself.
    pub manifest: Manifest,
    /// What to keep of it, so that the next release costs what it changes; see [`Older::open`].
    pub notes: Vec<u8>,
}

/// As [`write`](fn@write), with an older release to take over from what is the same. The bytes are the same without it.
///
/// # Errors
///
/// As for [`write`](fn@write).
pub fn write_over(
    input: &Input<'_>,
    older: Option<&Older>,
    dir: &Path,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Written, Error> {
    if fs::read_dir(dir).map_err(Error::io("read", dir))?.next().is_some() {
        return Err(Error::Refused { dir: dir.to_owned(), reason: "it is not empty" });
    }
    let collected = collect(input, older, dir, |total| Ticker::new(Step::Read, total, progress))?;
    let wants_deltas = input.targets.contains(&Target::Delta);
    let deltas = if wants_deltas { delta::read(input, older, dir)? } else { Vec::new() };
    let mut material = Material::new(input, older, collected, deltas);
    if input.targets.iter().any(|target| target.blocks()) {
        material.read_ranges().map_err(Error::io("read again what is in", dir))?;
    }
    let material = material;
    // What takes longest comes first, so that no thread is left alone with it: one stream cannot be shared out.
    let planned: Vec<Planned<'_>> = input.targets.iter().rev().flat_map(|&target| plan(target, &material)).collect();
    let ticker = Ticker::new(Step::Write, planned.len(), progress);
    let files: BTreeMap<_, _> = planned
        .par_iter()
        .with_max_len(1)
        .map(|file| {
            let taken = older.filter(|_| file.is_unchanged).and_then(|older| older.take(&file.path, dir));
            let facts = taken.map_or_else(|| file.write_in(dir), Ok)?;
            ticker.tick();
            Ok((file.path.clone(), facts))
        })
        .collect::<Result<_, Error>>()?;
    drop(planned);
    let left_out = lists::left_out(&material);
    let counts = count(&material.items, material.held.len());
    let notes = noted::notes(&material);
    let manifest = Manifest::new(input, counts, material.held, left_out, files);
    let path = dir.join(manifest::FILE);
    let bytes = manifest.to_bytes().map_err(|error| Error::io("write", &path)(error.into()))?;
    fs::write(&path, bytes).map_err(Error::io("write", &path))?;
    Ok(Written { manifest, notes })
}

/// The files of one target.
fn plan<'m>(target: Target, material: &'m Material<'_>) -> Vec<Planned<'m>> {
    match target {
        Target::Zip => archives::plan(material),
        Target::Tar => tarball::plan(material),
        Target::Ndjson => ndjson::plan(material),
        Target::Records => records::plan(material),
        Target::Delta => delta::plan(material),
        Target::Bundle => bundle::plan(material),
        Target::Sqlite => lookup::plan(material),
        Target::Verdicts => verdicts::plan(material),
        Target::Filter => filter::plan(material),
        Target::Parquet => parquet::plan(material),
        Target::SafeChain => lists::safe_chain::plan(material),
        Target::Scfw => lists::scfw::plan(material),
        Target::Datadog => lists::datadog::plan(material),
        Target::Constraints => lists::constraints::plan(material),
        Target::Verdaccio => lists::verdaccio::plan(material),
        Target::Bun => lists::bun::plan(),
        Target::Renovate => lists::renovate::plan(material),
        Target::RustSec => lists::rustsec::plan(material),
        Target::GoVuln => lists::govuln::plan(material),
        Target::Stix => intel::stix::plan(material),
        Target::Misp => intel::misp::plan(material),
        Target::Cyclonedx => intel::cyclonedx::plan(material),
        Target::Rpz => intel::rpz::plan(material),
        Target::Feeds => intel::feeds::plan(material),
    }
}

fn count(items: &[Item<'_>], held: usize) -> Counts {
    let mut ecosystems = BTreeMap::new();
    for folder in items.iter().flat_map(|item| item.facts.folders.iter()) {
        *ecosystems.entry(folder.to_owned()).or_default() += 1;
    }
    let withdrawn = items.iter().filter(|item| item.facts.is_withdrawn).count();
    Counts { reports: items.len(), withdrawn, held, ecosystems }
}

/// Counts what is done of one step, from any thread.
pub(crate) struct Ticker<'p> {
    step: Step,
    total: usize,
    done: AtomicUsize,
    progress: &'p (dyn Fn(Progress) + Sync),
}

impl<'p> Ticker<'p> {
    fn new(step: Step, total: usize, progress: &'p (dyn Fn(Progress) + Sync)) -> Ticker<'p> {
        Ticker { step, total, done: AtomicUsize::new(0), progress }
    }

    pub(crate) fn tick(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        (self.progress)(Progress { step: self.step, done, total: self.total });
    }
}
