//! What is taken of what a source sent: deliveries, what was refused, and what was left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use curate::{Delivery, WentOn, sha256_hex};
use database::{Rejected, ReportId, subject};
use ecosystem::Package;
use osv_schema::{Affected, Member, Record, Timestamp};

use crate::made::{self, Wrong};
use crate::pattern::{Pattern, takes};
use crate::quarantine::DOCUMENT_MAX;
use crate::source::{Format, OwnIds, Source};
use crate::{Document, Item, Unread, analysis, ghsa, ossf, osv, packages, table};

/// What was read of a source.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// The deliveries.
    pub deliveries: Vec<Delivery>,
    /// What could not be taken.
    pub refused: Vec<Refused>,
    /// The documents that could be taken, whatever became of their deliveries.
    pub accepted: Vec<Accepted>,
    /// The streams that went on to packages which the configuration leaves out.
    pub went_on: Vec<WentOn>,
    /// How many documents or packages are none of what the configuration asks for.
    pub left_out: usize,
    /// The first of these.
    pub left: Vec<LeftOut>,
}

/// How much of a source was taken up to some document.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    deliveries: usize,
    refused: usize,
    accepted: usize,
    went_on: usize,
    left_out: usize,
    left: usize,
}

impl Taken {
    /// How much was taken so far.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            deliveries: self.deliveries.len(),
            refused: self.refused.len(),
            accepted: self.accepted.len(),
            went_on: self.went_on.len(),
            left_out: self.left_out,
            left: self.left.len(),
        }
    }

    /// Forgets what was taken since.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.deliveries.truncate(mark.deliveries);
        self.refused.truncate(mark.refused);
        self.accepted.truncate(mark.accepted);
        self.went_on.truncate(mark.went_on);
        self.left_out = mark.left_out;
        self.left.truncate(mark.left);
    }
}

/// A document that could be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Where it lies.
    pub place: Arc<str>,
    /// Its name there.
    pub name: String,
}

/// Of what is left out so many are told by name: a source may send a million results that are no finding.
const LEFT_MAX: usize = 10_000;

/// What is none of what the configuration asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name at the source.
    pub delivery: String,
    /// The id that it has there.
    pub id: Option<String>,
    /// What it is on.
    pub package: Option<Package>,
    /// Why, in a few words.
    pub why: &'static str,
}

/// A document that could not be taken, with its bytes where they can be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong with it.
    pub rejected: Rejected,
    /// SHA-256 of its bytes in hex, where they were read.
    pub sha256: Option<String>,
    /// Its bytes, where they were read.
    pub bytes: Option<Vec<u8>>,
    /// Whether the same bytes can only be refused again by the same rules. It is not so where the time or a report that
    /// is there decided.
    pub is_final: bool,
    /// Where it lies; empty where that is not known.
    pub place: Arc<str>,
    /// Whether its bytes were let go, because more was refused than the quarantine may hold.
    pub is_let_go: bool,
    /// Where its bytes are one OSV record that was made here: SHA-256 of what came, whatever its source's format is.
    pub made_of: Option<String>,
}

impl Refused {
    /// A document that was refused while it was read.
    pub(crate) fn of_document(rejected: Rejected, bytes: Result<Vec<u8>, Unread>) -> Refused {
        let bytes = bytes.ok();
        let sha256 = bytes.as_deref().map(sha256_hex);
        Refused { rejected, sha256, bytes, is_final: true, place: "".into(), is_let_go: false, made_of: None }
    }

    /// The id that it gives itself.
    pub fn own_id(&self) -> Option<String> {
        self.record()?.id.as_str().map(str::to_owned)
    }

    /// The record that its bytes are, where they are one.
    pub fn record(&self) -> Option<Record> {
        Record::read(&osv_schema::Document::parse(self.bytes.as_deref()?).ok()?)
    }

    /// A delivery that was refused later. What is kept of it is what it said, in our form.
    pub fn of_delivery(rejected: Rejected, delivery: &Delivery) -> Refused {
        let bytes = osv_schema::write::canonical(&delivery.record).into_bytes();
        let sha256 = Some(sha256_hex(&bytes));
        let made_of = Some(delivery.sha256.clone());
        Refused { rejected, sha256, bytes: Some(bytes), is_final: false, place: "".into(), is_let_go: false, made_of }
    }
}

/// The reading of one source's documents.
pub(crate) struct Taking<'t> {
    pub(crate) source: &'t Source,
    /// The prefix of our ids.
    pub(crate) prefix: &'t str,
    /// When it is read.
    pub(crate) now: Timestamp,
    pub(crate) taken: Taken,
    /// Where the documents lie; empty where that is not known.
    pub(crate) place: Arc<str>,
    /// How many bytes of refused documents are still kept: no more than the quarantine could take.
    room: u64,
}

impl<'t> Taking<'t> {
    pub(crate) fn new(source: &'t Source, prefix: &'t str, now: Timestamp) -> Taking<'t> {
        let (taken, place) = (Taken::default(), "".into());
        Taking { source, prefix, now, taken, place, room: source.quarantine_bytes }
    }

    /// Whether a file of this name is read at all.
    pub(crate) fn wants(source: &Source, name: &str) -> bool {
        let name_lower = name.to_ascii_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name_lower.ends_with(ending));
        let has_format = match source.format {
            Format::Table => ends(&[".csv", ".tsv", ".json", ".jsonl", ".ndjson"]),
            Format::OssfTree => ossf::is_report(name),
            // Beside the list of malware lies one of all releases.
            Format::SafeChain => ends(&[".json"]) && !name.split('/').any(|part| part == "releases"),
            Format::DatadogManifest => ends(&["manifest.json"]),
            Format::Ghsa | Format::PackageAnalysis => ends(&[".json", ".jsonl", ".ndjson"]),
            Format::Osv => ends(&[".json"]),
        };
        has_format && source.wants(name)
    }

    /// Takes one file.
    pub(crate) fn take(&mut self, item: Item<'_>) {
        let size_max = self.source.format.document_size_max();
        match self.source.format {
            Format::Table => table::read(item, self),
            Format::OssfTree => self.take_record(item.document()),
            Format::Osv => self.each(item, |taking, document| taking.take_document(document, None)),
            Format::Ghsa => self.each(item, |taking, document| ghsa::read(document, taking)),
            Format::SafeChain => packages::safe_chain(item.document_up_to(size_max), self),
            Format::DatadogManifest => packages::datadog(item.document_up_to(size_max), self),
            Format::PackageAnalysis => self.each(item, |taking, document| analysis::read(document, taking)),
        }
    }

    /// Takes the documents of one file: one, or one a line.
    pub(crate) fn each(&mut self, item: Item<'_>, mut take: impl FnMut(&mut Self, Document)) {
        let lines = [".jsonl", ".ndjson"].iter().any(|ending| item.name.ends_with(ending)) || item.name == "-";
        match item.bytes {
            Ok(reader) if lines => {
                let name = item.name.clone();
                let mut reader = std::io::BufReader::new(reader);
                let ended = crate::stream::visit(&name, &mut reader, &mut |document| take(self, document));
                if let Err(error) = ended
                    && !crate::bounds::is_told(&error)
                {
                    take(self, Document { name, bytes: Err(Unread::System(error.to_string())) });
                }
            }
            bytes => {
                let document = Item { bytes, ..item }.document_up_to(self.source.format.document_size_max());
                if document.bytes != Err(Unread::Archive) {
                    take(self, document);
                }
            }
        }
    }

    /// Takes what a format made of one finding, with bytes by which it can be read again; none where it is no finding
    /// that is wanted.
    pub(crate) fn take_made(&mut self, name: String, bytes: Vec<u8>, made: Result<Option<Record>, Wrong>) {
        let source = self.source.id.clone();
        let checked = made.and_then(|record| match record {
            Some(record) => made::refusal(&record).map(|()| Some(record)),
            None => Ok(None),
        });
        let parts = checked.map_err(|wrong| wrong.of(&source, &name)).and_then(|record| {
            let sha256 = sha256_hex(&bytes);
            let delivery =
                |record| Delivery { source, name: name.clone(), sha256, record, keeps_id: false, taken_over: false };
            record.map(|record| self.parts(delivery(record))).transpose()
        });
        match parts {
            Ok(Some(parts)) => self.accept(name, parts),
            Ok(None) => self.leave(&name, None, "it is no finding of malware"),
            Err(rejected) => self.refuse(*rejected, Ok(bytes)),
        }
    }

    /// Takes one OSV record: of a tree of reports its path says more, of all other sources it speaks for itself.
    pub(crate) fn take_record(&mut self, document: Document) {
        let settle: Option<Settle> = (self.source.format == Format::OssfTree).then_some(ossf::settle);
        self.take_document(document, settle);
    }

    /// Takes one OSV record. The format has a word of its own on it, or leaves it out.
    pub(crate) fn take_document(&mut self, document: Document, settle: Option<Settle>) {
        if document.bytes == Err(Unread::Archive) {
            return;
        }
        let read = osv::read(&self.source.id, &document);
        let settled = read.and_then(|mut delivery| match settle {
            Some(settle) => settle(&mut delivery, self.prefix).map(|is_wanted| is_wanted.then_some(delivery)),
            None => Ok(Some(delivery)),
        });
        let Document { name, bytes } = document;
        match settled.and_then(|delivery| delivery.map(|delivery| self.parts(delivery)).transpose()) {
            Ok(Some(parts)) => self.accept(name, parts),
            Ok(None) => self.leave(&name, None, "it is no report that was published"),
            Err(rejected) => self.refuse(*rejected, bytes),
        }
    }

    pub(crate) fn accept(&mut self, name: String, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            match self.is_wanted(&delivery) {
                true => self.taken.deliveries.push(delivery),
                false => {
                    if !self.source.format.makes_ids() {
                        self.taken.went_on.extend(WentOn::of(&delivery, self.now));
                    }
                    let why = "`ecosystems` or `names` of its source leaves its package out";
                    self.leave(&delivery.name, Some(&delivery.record), why);
                }
            }
        }
        self.taken.accepted.push(Accepted { place: Arc::clone(&self.place), name });
    }

    /// Leaves out what is none of what the configuration asks for.
    pub(crate) fn leave(&mut self, name: &str, record: Option<&Record>, why: &'static str) {
        self.taken.left_out += 1;
        if self.taken.left.len() < LEFT_MAX {
            let id = record.and_then(|record| record.id.value().cloned());
            let package = record.and_then(|record| Some(subject(record).ok()?.package));
            self.taken.left.push(LeftOut { delivery: name.to_owned(), id, package, why });
        }
    }

    pub(crate) fn refuse(&mut self, rejected: Rejected, bytes: Result<Vec<u8>, Unread>) {
        let mut refused = Refused::of_document(rejected, bytes);
        let size = refused.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        match self.room.checked_sub(size) {
            Some(room) => self.room = room,
            // A large one is only told of in any case.
            None => (refused.bytes, refused.is_let_go) = (None, size <= DOCUMENT_MAX),
        }
        refused.place = Arc::clone(&self.place);
        self.taken.refused.push(refused);
    }

    /// One delivery a package, with what the configuration says about ids.
    pub(crate) fn parts(&self, mut delivery: Delivery) -> Result<Vec<Delivery>, Box<Rejected>> {
        self.check_id(&delivery)?;
        self.tidy(&mut delivery.record);
        let is_ours = |id: &str| ReportId::parse(id).is_some_and(|id| id.prefix == self.prefix && id.year > 0);
        delivery.keeps_id = self.source.own_ids == OwnIds::Keep && delivery.own_id().is_some_and(is_ours);
        delivery.taken_over = delivery.keeps_id && self.source.format == Format::OssfTree;
        let several = delivery.record.affected.items().len();
        if several < 2 {
            return Ok(vec![delivery]);
        }
        let by_package = by_package(delivery.record.affected.items());
        if by_package.len() > 1 && !self.source.splits {
            return Err(Box::new(Rejected {
                source: delivery.source,
                delivery: delivery.name,
                rule: "affected-several",
                pointer: "/affected/1".into(),
                message: format!(
                    "the record is on {} packages, and this source must send one a record",
                    by_package.len()
                ),
                remedy: format!(
                    "send one record a package, or say several-affected = \"split\" in [source.{}]",
                    self.source.id
                ),
            }));
        }
        let is_split = by_package.len() > 1;
        let parts = by_package.into_iter().enumerate().map(|(number, affected)| Delivery {
            name: if is_split { format!("{}#{}", delivery.name, number + 1) } else { delivery.name.clone() },
            record: Record { affected: Member::Value(vec![affected]), ..delivery.record.clone() },
            ..delivery.clone()
        });
        Ok(parts.collect())
    }

    /// An id that is not of the source is a claim on somebody else's statement.
    fn check_id(&self, delivery: &Delivery) -> Result<(), Box<Rejected>> {
        let prefixes = &self.source.id_prefixes;
        match delivery.own_id() {
            Some(id) if !prefixes.is_empty() && !prefixes.iter().any(|prefix| id.starts_with(prefix.as_str())) => {
                Err(Box::new(Rejected {
                    source: delivery.source.clone(),
                    delivery: delivery.name.clone(),
                    rule: "invalid-id",
                    pointer: "/id".into(),
                    message: format!(
                        "the id `{}` is none of this source's: they begin with {}",
                        short(id),
                        prefixes.join(" or ")
                    ),
                    remedy: "send it under an id of your own, with the other one among the aliases".into(),
                }))
            }
            _ => Ok(()),
        }
    }

    /// Leaves out the ids that mean nothing here: placeholders, and what the configuration drops.
    fn tidy(&self, record: &mut Record) {
        let is_placeholder = |id: &str| ReportId::is_unassigned(id, self.prefix);
        if record.id.as_str().is_some_and(is_placeholder) {
            record.id = Member::Absent;
        }
        let drop = |ids: &mut Member<Vec<String>>, patterns: &[Pattern]| {
            if let Some(list) = ids.value_mut() {
                list.retain(|id| !is_placeholder(id) && !patterns.iter().any(|pattern| pattern.fits(id)));
            }
        };
        drop(&mut record.aliases, &self.source.drop_aliases);
        drop(&mut record.related, &self.source.drop_related);
    }

    fn is_wanted(&self, delivery: &Delivery) -> bool {
        if self.source.ecosystems.is_empty() && self.source.names.is_empty() {
            return true;
        }
        // What nobody can read as a package is told further on, and not lost here.
        let Ok(about) = subject(&delivery.record) else { return true };
        let ecosystem = about.package.ecosystem();
        let is_of_ecosystem = |wanted: &String| {
            wanted.eq_ignore_ascii_case(ecosystem.as_str()) || wanted.eq_ignore_ascii_case(ecosystem.base())
        };
        (self.source.ecosystems.is_empty() || self.source.ecosystems.iter().any(is_of_ecosystem))
            && takes(&self.source.names, about.package.name())
    }
}

/// What a format says of a delivery: whether it is wanted, or what is wrong with it.
pub(crate) type Settle = fn(&mut Delivery, &str) -> Result<bool, Box<Rejected>>;

/// The beginning of a text that may be long.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// One entry a package, in the order in which they are named first: what a record says of one package belongs together.
fn by_package(affected: &[Affected]) -> Vec<Affected> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut packages: Vec<Affected> = Vec::new();
    for entry in affected {
        let alone = Record { affected: Member::Value(vec![entry.clone()]), ..Record::default() };
        let key = subject(&alone).map(|about| format!("{}/{}", about.package.ecosystem(), about.package.merge_name()));
        match key.ok().map(|key| *places.entry(key).or_insert(packages.len())) {
            Some(at) if at < packages.len() => {
                let same = &mut packages[at];
                if !entry.versions.items().is_empty() {
                    let versions = same.versions.or_default();
                    versions.extend(entry.versions.items().iter().cloned());
                    versions.sort();
                    versions.dedup();
                }
                if !entry.ranges.items().is_empty() {
                    same.ranges.or_default().extend(entry.ranges.items().iter().cloned());
                }
            }
            _ => packages.push(entry.clone()),
        }
    }
    packages
}
