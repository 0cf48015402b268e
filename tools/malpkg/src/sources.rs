//! Reading declared sources: their places, seen from the database, and what stands for the rules of today.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use database::{ChangeSet, Rejected, Snapshot};
use intake::{
    Asked, Baseline, Cursor, Document, Held, Place, PlaceError, Quarantine, Reading, Refused, Settling, Source, whole,
};
use osv_schema::Timestamp;
use rules::Settings;
use store::Store;

use crate::failure::Failure;
use crate::kept::cache_of_user;

/// Where sources are read from, and when.
pub(crate) struct Sources<'s> {
    pub store: &'s Store,
    /// The prefix of our ids.
    pub prefix: &'s str,
    pub now: Timestamp,
}

impl Sources<'_> {
    /// Reads inputs as if a source had sent them; without any, the source's own place from its cursor on.
    pub(crate) fn read(&self, source: &Source, inputs: &[String], since: Option<&Cursor>) -> Result<Reading, Failure> {
        not_paused(source)?;
        self.look(source, inputs, since)
    }

    /// The same, also of a source that is paused.
    pub(crate) fn look(&self, source: &Source, inputs: &[String], since: Option<&Cursor>) -> Result<Reading, Failure> {
        let cache = self.cache();
        let asked = Asked { source, prefix: self.prefix, cache: cache.as_deref(), since: None, now: self.now };
        let Some((first, more)) = inputs.split_first() else {
            return Ok(intake::read(&self.place(source)?, Asked { since, ..asked })?);
        };
        let one = |input: &String| intake::read(&Place::of_input(input, Path::new("."))?, asked);
        let mut reading = one(first)?;
        for input in more {
            let next = one(input)?;
            reading.is_whole &= next.is_whole;
            reading.taken.deliveries.extend(next.taken.deliveries);
            reading.taken.refused.extend(next.taken.refused);
            reading.taken.accepted.extend(next.taken.accepted);
            reading.taken.went_on.extend(next.taken.went_on);
            reading.taken.left_out += next.taken.left_out;
            reading.taken.left.extend(next.taken.left);
        }
        // What is named by hand moves no cursor: nobody knows how it stands to the source's own place.
        reading.cursor = None;
        Ok(reading)
    }

    /// Counts what the results in the inputs do; without any, those in the source's own place.
    pub(crate) fn count(&self, source: &Source, inputs: &[String]) -> Result<Baseline, Failure> {
        let cache = self.cache();
        let asked = Asked { source, prefix: self.prefix, cache: cache.as_deref(), since: None, now: self.now };
        let mut counted = Baseline::default();
        if inputs.is_empty() {
            intake::baseline(&self.place(source)?, asked, &mut counted)?;
        }
        for input in inputs {
            intake::baseline(&Place::of_input(input, Path::new("."))?, asked, &mut counted)?;
        }
        Ok(counted)
    }

    /// The source's own place.
    fn place(&self, source: &Source) -> Result<Place, Failure> {
        let Some(from) = &source.from else {
            let failure = Failure::new(format!("the source `{}` has no place to read from", source.id));
            return Err(failure.remedy("name a folder or file, or say `from` in malpkg.toml"));
        };
        let base = self.store.work_tree().unwrap_or(Path::new("."));
        Ok(Place::of_source(from, source.branch.as_deref(), base)?)
    }

    /// The folder into which repositories are fetched.
    fn cache(&self) -> Option<PathBuf> {
        self.store.cache_dir().or_else(cache_of_user).map(|dir| dir.join("sources"))
    }
}

impl Sources<'_> {
    /// Reads what a source sends, beside what of it is to be tried again. What was refused before by the same rules is
    /// only counted.
    pub(crate) fn receive(
        &self,
        source: &Source,
        inputs: &[String],
        snapshot: &Snapshot,
        settings: &Settings,
    ) -> Result<Received, Failure> {
        let cursor = Cursor::read(snapshot, &source.id)?;
        let quarantine = Quarantine::read(snapshot, &source.id)?;
        let rules = rules_mark(settings, source);
        let mut due = quarantine.due(snapshot, &rules)?;
        let mut reading = match inputs.is_empty() && source.from.is_none() && !due.is_empty() {
            // There is something to try again, and nowhere to read more.
            true => not_paused(source).map(|()| Reading::default())?,
            false => self.read(source, inputs, cursor.as_ref())?,
        };
        let taken = &mut reading.taken;
        let refused = taken.refused.iter().map(|one| one.rejected.delivery.as_str());
        let accepted = taken.accepted.iter().map(|one| one.name.as_str());
        let mut names: BTreeSet<String> = accepted.chain(refused).map(str::to_owned).collect();
        // What is read now is not tried again beside it; nor are two of one name, which nobody could tell apart.
        due.retain(|(_, document)| !names.contains(whole(&document.name)) && names.insert(document.name.clone()));
        let asked = Asked { source, prefix: self.prefix, cache: None, since: None, now: self.now };
        let mut again = Again::default();
        for (held, document) in due {
            again.places.insert(document.name.clone(), held.place.as_str().into());
            let mut retaken = held.retake(document, asked);
            retaken.refused.iter_mut().for_each(|one| one.place = held.place.as_str().into());
            if retaken.refused.is_empty() && !retaken.accepted.is_empty() {
                again.taken.insert(held.key.clone());
            }
            taken.deliveries.extend(retaken.deliveries);
            taken.went_on.extend(retaken.went_on);
            taken.refused.extend(retaken.refused);
        }
        let is_known = |one: &Refused| one.sha256.as_deref().is_some_and(|sha256| quarantine.knows(sha256, &rules));
        let (known, refused) = std::mem::take(&mut taken.refused).into_iter().partition(is_known);
        taken.refused = refused;
        let is_empty = taken.deliveries.is_empty() && taken.refused.is_empty() && taken.left_out == 0;
        let has_reports = || !curate::no_longer_named(snapshot, &source.id, &BTreeSet::new(), self.now).is_empty();
        if source.is_complete && reading.is_whole && is_empty && Vec::is_empty(&known) && has_reports() {
            reading.taken.refused.push(names_nothing(source, inputs));
        }
        Ok(Received { source: source.clone(), reading, known, again, rules, now: self.now })
    }
}

impl Sources<'_> {
    /// Reads all that a source has, whatever was read before; also of one that is paused.
    pub(crate) fn receive_all(
        &self,
        source: &Source,
        inputs: &[String],
        settings: &Settings,
    ) -> Result<Received, Failure> {
        Ok(self.received(source, self.look(source, inputs, None)?, settings))
    }

    /// Reads documents again that were kept, as if the source had sent them now.
    pub(crate) fn receive_again(&self, source: &Source, kept: Vec<(Held, Document)>, settings: &Settings) -> Received {
        let asked = Asked { source, prefix: self.prefix, cache: None, since: None, now: self.now };
        let mut reading = Reading::default();
        for (held, document) in kept {
            let taken = held.retake(document, asked);
            reading.taken.deliveries.extend(taken.deliveries);
            reading.taken.refused.extend(taken.refused);
        }
        self.received(source, reading, settings)
    }

    fn received(&self, source: &Source, reading: Reading, settings: &Settings) -> Received {
        let rules = rules_mark(settings, source);
        let (known, again) = (Vec::new(), Again::default());
        Received { source: source.clone(), reading, known, again, rules, now: self.now }
    }
}

fn not_paused(source: &Source) -> Result<(), Failure> {
    match &source.paused {
        None => Ok(()),
        Some(reason) => {
            let failure = Failure::new(format!("the source `{}` is paused: {reason}", source.id));
            Err(failure.remedy(format!("`malpkg source resume {}` ends the pause", source.id)))
        }
    }
}

/// A source that sends all it has and names nothing, though it did: a file that came empty, or another one than was meant,
/// is likelier than an empty list.
fn names_nothing(source: &Source, inputs: &[String]) -> Refused {
    let place = inputs.first().or(source.from.as_ref()).cloned().unwrap_or_default();
    let rejected = Rejected {
        source: source.id.clone(),
        delivery: place,
        rule: "nothing-affected",
        pointer: String::new(),
        message: "a source that sends all it has names nothing at all: nothing is taken back".to_owned(),
        remedy: format!(
            "send the list again; if it is right: `malpkg withdraw --select source={} --reason source-retracted`",
            source.id
        ),
    };
    let (is_final, is_let_go) = (false, false);
    Refused { rejected, sha256: None, bytes: None, is_final, place: "".into(), is_let_go, made_of: None }
}

/// What a source sent.
#[derive(Clone)]
pub(crate) struct Received {
    source: Source,
    reading: Reading,
    /// What was refused before by the same rules.
    known: Vec<Refused>,
    again: Again,
    rules: String,
    now: Timestamp,
}

/// The streams of which something could not be taken, by their ids.
pub(crate) enum Unread {
    /// Nobody knows which.
    Any,
    /// These.
    These(BTreeSet<String>),
}

impl Unread {
    /// Whether it may be one of this id.
    pub(crate) fn has(&self, id: Option<&str>) -> bool {
        match self {
            Unread::Any => true,
            Unread::These(ids) => id.is_some_and(|id| ids.contains(id)),
        }
    }
}

/// What was in quarantine and was tried again.
#[derive(Clone, Debug, Default)]
struct Again {
    /// Where each of them lies, by name.
    places: BTreeMap<String, Arc<str>>,
    /// The keys of those that could be taken.
    taken: BTreeSet<String>,
}

impl Again {
    /// Where a delivery lies that was tried again, or its document.
    fn place(&self, name: &str) -> Option<&Arc<str>> {
        self.places.get(name).or_else(|| self.places.get(whole(name)))
    }
}

/// What was put beside the reports.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled {
    /// The paths in quarantine, by delivery.
    pub quarantine: BTreeMap<String, String>,
    /// Up to where the source was read, where that is remembered.
    pub cursor: Option<String>,
    /// How many documents could not be kept, because the quarantine is full.
    pub unkept: usize,
}

impl Settled {
    /// What to do where the quarantine is full.
    pub(crate) fn remedy(source: &str) -> String {
        format!(
            "drop what is of no use (`malpkg quarantine drop`), or raise quarantine-documents or quarantine-bytes in \
             [source.{source}]"
        )
    }
}

impl Received {
    /// Who sent it.
    pub(crate) fn source(&self) -> &str {
        &self.source.id
    }

    /// The deliveries, which are taken out.
    pub(crate) fn deliveries(&mut self) -> Vec<curate::Delivery> {
        std::mem::take(&mut self.reading.taken.deliveries)
    }

    /// What was refused as it was read.
    pub(crate) fn refused(&self) -> &[Refused] {
        &self.reading.taken.refused
    }

    /// The streams that went on to packages which the configuration leaves out.
    pub(crate) fn went_on(&self) -> &[curate::WentOn] {
        &self.reading.taken.went_on
    }

    /// How many documents or packages are none of what the configuration asks for.
    pub(crate) fn left_out(&self) -> usize {
        self.reading.taken.left_out
    }

    /// The first of these.
    pub(crate) fn left(&self) -> &[intake::LeftOut] {
        &self.reading.taken.left
    }

    /// Whether all of the place was read.
    pub(crate) fn is_whole(&self) -> bool {
        self.reading.is_whole
    }

    /// The commit that was read, of a git repository.
    pub(crate) fn commit(&self) -> Option<&str> {
        self.reading.cursor.as_ref()?.commit.as_deref()
    }

    /// Of which streams something was sent that could not be taken.
    pub(crate) fn unread(&self) -> Unread {
        let ids: Option<BTreeSet<String>> = self.refused().iter().chain(&self.known).map(Refused::own_id).collect();
        ids.map_or(Unread::Any, Unread::These)
    }

    /// What was refused before by the same rules.
    pub(crate) fn refused_before(&self) -> &[Refused] {
        &self.known
    }

    /// How many documents are in quarantine already.
    pub(crate) fn known(&self) -> usize {
        self.known.len()
    }

    /// What a source that sends all it has takes back: what it no longer names. Where a document could not even be asked for
    /// its id, nobody knows what the source names, and nothing is taken back.
    pub(crate) fn taken_back(&self, sent: &[curate::Delivery], base: &Snapshot) -> Vec<curate::Delivery> {
        if !self.source.is_complete || !self.reading.is_whole {
            return Vec::new();
        }
        let sent = sent.iter().filter(|one| one.source == self.source.id);
        let mut named: BTreeSet<String> = sent.flat_map(curate::stream_names).collect();
        match self.unread() {
            Unread::Any => return Vec::new(),
            Unread::These(mut ids) => named.append(&mut ids),
        }
        curate::no_longer_named(base, &self.source.id, &named, self.now)
    }

    /// What the planning refused, with the places where it lies.
    fn placed(&self, mut late: Vec<Refused>) -> Vec<Refused> {
        if !late.is_empty() {
            let accepted = self.reading.taken.accepted.iter().map(|one| (one.name.as_str(), &one.place));
            let accepted: BTreeMap<&str, &Arc<str>> = accepted.collect();
            for one in &mut late {
                let name = one.rejected.delivery.as_str();
                let read = || accepted.get(name).or_else(|| accepted.get(whole(name))).copied();
                if let Some(place) = self.again.place(name).or_else(read) {
                    one.place = Arc::clone(place);
                }
            }
        }
        late
    }

    /// Puts what was refused of the source, here or by the planning, into quarantine, takes out what was taken, and moves
    /// the cursor with whatever changes.
    pub(crate) fn settle(
        &self,
        snapshot: &Snapshot,
        sent: &[curate::Delivery],
        late: &[Refused],
        changes: &mut ChangeSet,
    ) -> Result<Settled, Failure> {
        let quarantine = Quarantine::read(snapshot, &self.source.id)?;
        let late = late.iter().filter(|one| one.rejected.source == self.source.id);
        let late = self.placed(late.cloned().collect());
        let refused: Vec<&Refused> = self.refused().iter().chain(&self.known).chain(&late).collect();
        let (source, rules, now) = (&self.source, self.rules.as_str(), self.now);
        let ids: BTreeSet<String> = match quarantine.held().len() {
            0 => BTreeSet::new(),
            _ => {
                let names: BTreeSet<&str> = refused.iter().map(|one| one.rejected.delivery.as_str()).collect();
                let is_new = |name: &str| !names.contains(name) && self.again.place(name).is_none();
                // What was tried again is told by its key: of a record on several packages it may be one of them.
                let taken = sent.iter().filter(|one| one.source == source.id && is_new(&one.name));
                taken.filter_map(|one| one.own_id().map(str::to_owned)).collect()
            }
        };
        let accepted = self.reading.taken.accepted.as_slice();
        let settling =
            Settling { source, refused: &refused, accepted, ids: &ids, again: &self.again.taken, rules, now };
        let kept = quarantine.settle(settling, changes);
        let unkept = kept.paths.iter().filter(|path| path.is_none()).count();
        let paths = refused.into_iter().zip(kept.paths);
        let paths = paths.filter_map(|(refused, path)| Some((refused.rejected.delivery.clone(), path?.to_string())));
        let mut settled = Settled { quarantine: paths.collect(), cursor: None, unkept };
        let before = Cursor::read(snapshot, &source.id)?;
        if unkept > 0 {
            // What is not kept has to be read again: the cursor stays where it is.
            settled.cursor = before.map(|before| before.shown());
        } else if let Some(cursor) = &self.reading.cursor {
            let is_news = before.is_none_or(|before| !before.is_at(cursor));
            if is_news && !changes.is_empty() {
                let path = Cursor::path(&source.id).map_err(Failure::new)?;
                changes.put_file(path, cursor.to_json().into_bytes());
            }
            settled.cursor = Some(cursor.shown());
        }
        Ok(settled)
    }
}

/// What stands for the rules, how strictly they are taken, and how a source is read, for documents in quarantine: the
/// same on every machine.
pub(crate) fn rules_mark(settings: &Settings, source: &Source) -> String {
    let mut all = format!("{} {} {}", env!("CARGO_PKG_VERSION"), settings.prefix, source.fingerprint());
    for rule in rules::RULES {
        all.push_str(&format!("\n{} {}", rule.name, rule.page));
    }
    for (rule, level) in settings.rules() {
        all.push_str(&format!("\n{} {level:?}", rule.name));
    }
    curate::sha256_hex(all.as_bytes())[..16].to_owned()
}

impl From<PlaceError> for Failure {
    fn from(error: PlaceError) -> Failure {
        Failure::new(error.reason).place(error.place).remedy(error.remedy)
    }
}

impl From<intake::QuarantineError> for Failure {
    fn from(error: intake::QuarantineError) -> Failure {
        Failure::new(error.reason).place(error.path).remedy("mend the file, or remove it with the one beside it")
    }
}
