//! Target `delta`: what each of the last commits changed, by ids, and the records as they were after it.
//!
//! A delta is of one commit and its first parent, so that it is the same file in every release that has it. Who holds the
//! release of an older commit takes those that lead from there; who is further behind, or meets a commit whose entry in the
//! index has no files, takes an archive.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use database::{Place, TreePath};
use osv_schema::{Record, Timestamp, write};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::body::{Body, Deflater};
use crate::collect::publishable;
use crate::material::Material;
use crate::older::Older;
use crate::output::{Out, Planned};
use crate::zip::ZipWriter;
use crate::{Error, Input};

/// How many commits are told.
pub const DELTAS_MAX: usize = 256;

/// How many reports one delta tells; a commit that changes more is told by the archive.
pub const DELTA_REPORTS_MAX: usize = 10_000;

/// The list of deltas in a release.
pub(crate) const INDEX: &str = "delta/index.json";

/// Where commits came from.
pub trait History: Sync {
    /// Tells the last commits up to that of the release, the oldest first, at most [`DELTAS_MAX`].
    ///
    /// # Errors
    ///
    /// What `take` says, or the history cannot be read.
    fn walk(&self, known: &IsKnown<'_>, take: &mut Take<'_>) -> Result<(), Error>;
}

/// Whether it is known already what a commit changed, by its parent and itself.
pub type IsKnown<'k> = dyn Fn(&str, &str) -> bool + Sync + 'k;

/// Who is told the commits.
pub type Take<'t> = dyn FnMut(CommitStep, Changes) -> Result<(), Error> + 't;

/// What a commit changed.
#[derive(Clone, Debug)]
pub enum Changes {
    /// It is known already.
    Known,
    /// Too many reports, or what a release is made by: the archive tells them.
    Many,
    /// These files.
    These(Vec<Changed>),
}

/// One commit and its first parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitStep {
    /// The parent, in hex.
    pub from: String,
    /// The commit, in hex.
    pub to: String,
    /// When it was made.
    pub time: Timestamp,
    /// How many commits lead to it, by first parents.
    pub sequence: u64,
}

/// One file that a commit changed.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Its path.
    pub path: TreePath,
    /// What was there before.
    pub before: Option<Side>,
    /// What is there now.
    pub after: Option<Side>,
}

/// What one tree holds at a path.
#[derive(Clone, Debug)]
pub struct Side {
    /// Its bytes; none where there is no file.
    pub bytes: Option<Arc<[u8]>>,
    /// The rule for which a release of that tree holds it.
    pub held: Option<String>,
}

/// What one commit changed, as far as it is published.
pub(crate) struct Delta {
    step: CommitStep,
    /// None where the archive tells it.
    told: Option<Told>,
    /// What an older release says of it.
    known: Option<IndexedV1>,
}

#[derive(Default)]
struct Told {
    added: Vec<String>,
    changed: Vec<String>,
    withdrawn: Vec<String>,
    reinstated: Vec<String>,
    held: Vec<String>,
    removed: Vec<String>,
    reasons: BTreeMap<String, Reason>,
    records: Vec<(String, Timestamp, Body)>,
}

/// Why a record is withdrawn or held.
#[derive(Clone, Debug, Default, Serialize)]
struct Reason {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    successor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
}

#[derive(Serialize)]
struct DeltaV1<'d> {
    format: &'static str,
    version: u32,
    from: &'d str,
    to: &'d str,
    sequence: u64,
    time: String,
    added: &'d [String],
    changed: &'d [String],
    withdrawn: &'d [String],
    reinstated: &'d [String],
    held: &'d [String],
    removed: &'d [String],
    reasons: &'d BTreeMap<String, Reason>,
    records: String,
}

/// The list of deltas, the newest first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct IndexV1 {
    format: String,
    version: u32,
    pub(crate) commit: Option<String>,
    pub(crate) deltas: Vec<IndexedV1>,
}

/// One delta in the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct IndexedV1 {
    pub(crate) from: String,
    pub(crate) to: String,
    sequence: u64,
    time: String,
    /// How many reports it tells; none where the archive tells them.
    reports: Option<usize>,
    /// The ids.
    pub(crate) json: Option<String>,
    /// The records.
    pub(crate) zip: Option<String>,
}

/// Reads the changes of the last commits.
pub(crate) fn read(input: &Input<'_>, older: Option<&Older>, dir: &Path) -> Result<Vec<Delta>, Error> {
    let Some(history) = input.history else { return Ok(Vec::new()) };
    let deflater = Deflater::for_archives(dir).map_err(Error::io("write in", dir))?;
    let mut deltas = Vec::new();
    // What an older release has is proven now, while it can still be made anew.
    let known = |from: &str, to: &str| older.and_then(|older| older.delta(from, to));
    let is_known = |from: &str, to: &str| {
        let files = known(from, to).map(|known| [known.json, known.zip]);
        let take = |path: Option<String>| older.zip(path).and_then(|(older, path)| older.prove(&path));
        files.is_some_and(|files| files.into_iter().all(|path| take(path).is_some()))
    };
    history.walk(&is_known, &mut |step, changes| {
        let (told, known) = match changes {
            Changes::Known => (None, known(&step.from, &step.to)),
            Changes::Many => (None, None),
            Changes::These(changed) => (Some(tell(&changed, &deflater).map_err(Error::io("write in", dir))?), None),
        };
        deltas.push(Delta { step, told, known });
        Ok(())
    })?;
    deltas.reverse();
    Ok(deltas)
}

/// One side of a change as it is published: the record, or the rule for which it is not.
type Published = Result<Record, String>;

fn tell(changed: &[Changed], deflater: &Deflater) -> io::Result<Told> {
    let publish = |path: &TreePath, side: &Side| -> Published {
        match (&side.held, &side.bytes) {
            (Some(rule), _) => Err(rule.clone()),
            (None, None) => Err("unreadable-report".to_owned()),
            (None, Some(bytes)) => publishable(path, bytes).map_err(str::to_owned),
        }
    };
    let read: Vec<_> = changed
        .par_iter()
        .filter_map(|file| {
            let id = Place::of(&file.path)?.stem.to_owned();
            let side = |side: &Option<Side>| side.as_ref().map(|side| publish(&file.path, side));
            Some((id, side(&file.before), side(&file.after)))
        })
        .collect();
    // A report that moves is gone at one path and there at another. Of two sides the one that is published counts.
    let mut sides: BTreeMap<String, (Option<Published>, Option<Published>)> = BTreeMap::new();
    for (id, before, after) in read {
        let both = sides.entry(id).or_default();
        for (known, found) in [(&mut both.0, before), (&mut both.1, after)] {
            if known.as_ref().is_none_or(Result::is_err) && found.is_some() {
                *known = found;
            }
        }
    }
    let mut told = Told::default();
    for (id, (before, after)) in sides {
        told.add(id, before.and_then(Result::ok), after, deflater)?;
    }
    Ok(told)
}

impl Told {
    fn add(
        &mut self,
        id: String,
        before: Option<Record>,
        after: Option<Published>,
        deflater: &Deflater,
    ) -> io::Result<()> {
        let record = match (&before, after) {
            (_, Some(Ok(record))) => record,
            (Some(_), Some(Err(rule))) => {
                self.reasons.insert(id.clone(), Reason { rule: Some(rule), ..Reason::default() });
                self.held.push(id);
                return Ok(());
            }
            (Some(_), None) => {
                self.removed.push(id);
                return Ok(());
            }
            (None, _) => return Ok(()),
        };
        let Some(modified) = record.modified_at() else { return Ok(()) };
        let list = match before.as_ref().map(Record::is_withdrawn) {
            _ if before.as_ref() == Some(&record) => return Ok(()),
            None => &mut self.added,
            Some(false) if record.is_withdrawn() => &mut self.withdrawn,
            Some(true) if !record.is_withdrawn() => &mut self.reinstated,
            Some(_) => &mut self.changed,
        };
        list.push(id.clone());
        if record.is_withdrawn() {
            self.reasons.extend(Reason::of(&record).map(|reason| (id.clone(), reason)));
        }
        self.records.push((id, modified, deflater.deflate(write::compact(&record).as_bytes())?));
        Ok(())
    }

    fn count(&self) -> usize {
        self.records.len() + self.held.len() + self.removed.len()
    }
}

impl Reason {
    /// Why a record was taken back, as the last decision says it.
    fn of(record: &Record) -> Option<Reason> {
        let decisions = record.decisions();
        let last = decisions.iter().rfind(|decision| decision.kind.as_str() == Some("withdraw"))?;
        let reason = last.reason.as_str().map(str::to_owned);
        let named = last.extra.get("successor").and_then(osv_schema::Value::as_str);
        let related = || record.related.items().first().map(String::as_str);
        let successor = named.or_else(|| related().filter(|_| reason.as_deref() == Some("duplicate")));
        Some(Reason { successor: successor.map(str::to_owned), reason, rule: None })
    }
}

impl Delta {
    fn path(&self, extension: &str) -> String {
        format!("delta/{}..{}.{extension}", self.step.from, self.step.to)
    }

    fn indexed(&self) -> IndexedV1 {
        if let Some(known) = &self.known {
            return known.clone();
        }
        let CommitStep { from, to, time, sequence } = &self.step;
        let file = |extension: &str| self.told.is_some().then(|| self.path(extension));
        IndexedV1 {
            from: from.clone(),
            to: to.clone(),
            sequence: *sequence,
            time: time.to_string(),
            reports: self.told.as_ref().map(Told::count),
            json: file("json"),
            zip: file("zip"),
        }
    }

    fn json(&self, told: &Told) -> serde_json::Result<Vec<u8>> {
        let document = DeltaV1 {
            format: "malpkg.delta",
            version: 1,
            from: &self.step.from,
            to: &self.step.to,
            sequence: self.step.sequence,
            time: self.step.time.to_string(),
            added: &told.added,
            changed: &told.changed,
            withdrawn: &told.withdrawn,
            reinstated: &told.reinstated,
            held: &told.held,
            removed: &told.removed,
            reasons: &told.reasons,
            records: self.path("zip"),
        };
        let mut bytes = serde_json::to_vec(&document)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    let Some(commit) = &material.input.commit else { return Vec::new() };
    let mut planned = vec![Planned::new(INDEX, move |out| {
        let deltas = material.deltas.iter().map(Delta::indexed).collect();
        let format = "malpkg.delta-index".to_owned();
        let index = IndexV1 { format, version: 1, commit: Some(commit.id.clone()), deltas };
        serde_json::to_writer(&mut *out, &index)?;
        out.write_all(b"\n")
    })];
    for delta in &material.deltas {
        if delta.known.is_some() {
            let gone = |_: &mut Out<'_>| Err(io::Error::other("the older release was changed while it was read"));
            planned.extend(["json", "zip"].map(|end| Planned::new(delta.path(end), gone).unchanged(true)));
        }
        let Some(told) = &delta.told else { continue };
        planned.push(Planned::new(delta.path("json"), move |out| out.write_all(&delta.json(told)?)));
        planned.push(Planned::new(delta.path("zip"), move |out| {
            let mut archive = ZipWriter::new(out);
            for (id, modified, body) in &told.records {
                archive.add(&format!("{id}.json"), *modified, body)?;
            }
            archive.finish()?;
            Ok(())
        }));
    }
    planned
}

/// What is read of a delta to bring an older release forward.
#[derive(Deserialize)]
pub(crate) struct Gone {
    held: BTreeSet<String>,
    removed: BTreeSet<String>,
}

impl Gone {
    /// The records that are published no more.
    pub(crate) fn ids(self) -> impl Iterator<Item = String> {
        self.held.into_iter().chain(self.removed)
    }
}
