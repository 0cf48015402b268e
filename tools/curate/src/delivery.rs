//! One document from a source, read and ready to be joined.

use osv_schema::{Member, Object, Origin, Record, Timestamp, Value, additions, write};
use sha2::{Digest, Sha256};

use crate::join::fits;

/// One record as a source sent it. Whoever makes one has checked it against the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Who sent it.
    pub source: String,
    /// Its name at the source: a file's path, for example.
    pub name: String,
    /// SHA-256 of the bytes that came, in hex.
    pub sha256: String,
    /// What it says.
    pub record: Record,
    /// Whether it is a report taken over as it is: its id, which is one of ours, and its origins stay.
    pub taken_over: bool,
}

/// SHA-256 in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a record says, as one number: SHA-256 of its canonical form without `modified`. The same statement has the same
/// number, however it was spelled and whenever it was sent.
pub fn content_sha256(record: &Record) -> String {
    let said = Record { modified: Member::Absent, ..record.clone() };
    sha256_hex(write::canonical(&said).as_bytes())
}

/// The members of a delivery's `database_specific` that have a home of their own in a report.
const HOMES: [&str; 2] = ["iocs", "cwes"];

impl Delivery {
    /// The delivery's trace in a report: who said what and when, and all of it that has no other home there.
    pub(crate) fn origin(&self, report: &Record, now: Timestamp) -> Origin {
        let affected = self.record.affected.items().first();
        let mut origin = Origin {
            source: self.source.as_str().into(),
            sha256: self.sha256.as_str().into(),
            import_time: now.to_string().into(),
            modified_time: self.record.modified.clone(),
            id: self.own_id().map(str::to_owned).into(),
            ranges: affected.map_or(Member::Absent, |affected| affected.ranges.clone()),
            versions: affected.map_or(Member::Absent, |affected| affected.versions.clone()),
            withdrawn: self.record.withdrawn.clone(),
            content_sha256: content_sha256(&self.record).into(),
            ..Origin::default()
        };
        let rest = self.rest(report);
        if !rest.is_empty() {
            origin.extra.insert("rest".into(), Value::Object(rest));
        }
        origin
    }

    /// The record's id at its source, if it has a real one.
    pub fn own_id(&self) -> Option<&str> {
        self.record.id.as_str().filter(|id| !id.is_empty())
    }

    /// What the delivery's `database_specific` says that belongs into the report's own, and fits there.
    pub(crate) fn homed<'d>(&'d self, report: &Record) -> impl Iterator<Item = (&'d str, &'d Value)> {
        let there = report.database_specific.value();
        let members = self.record.database_specific.value().into_iter().flatten();
        members
            .filter(move |(name, value)| {
                HOMES.contains(&name.as_str()) && fits(there.and_then(|there| there.get(name.as_str())), value)
            })
            .map(|(name, value)| (name.as_str(), value))
    }

    /// What a report has no member for, under the names of the record. Claims about origins are among it: a delivery
    /// speaks for its own source alone.
    fn rest(&self, report: &Record) -> Object {
        let mut rest = self.record.extra.clone();
        let mut specific = self.record.database_specific.value().cloned().unwrap_or_default();
        for (name, _) in self.homed(report) {
            specific.remove(name);
        }
        // The report's summary has a standard form; what the source had to say in its own goes nowhere else.
        if let Some(summary) = self.record.summary.as_str().filter(|summary| report.summary.as_str() != Some(*summary))
        {
            rest.insert("summary".into(), Value::from(summary));
        }
        // The report keeps the earliest of all, and which one that will be is not known yet.
        if let Some(published) = self.record.published.as_str() {
            rest.insert("published".into(), Value::from(published));
        }
        if !specific.is_empty() {
            rest.insert("database_specific".into(), Value::Object(specific));
        }
        if !self.record.severity.items().is_empty() {
            rest.insert("severity".into(), additions::to_value(&self.record.severity.items().to_vec()));
        }
        if let Some(affected) = self.record.affected.items().first() {
            let mut kept = affected.clone();
            kept.ranges = Member::Absent;
            kept.versions = Member::Absent;
            kept.package = Member::Absent;
            let mut kept = match additions::to_value(&kept) {
                Value::Object(members) => members,
                _ => Object::new(),
            };
            let package_extra = affected.package.value().map(|package| package.extra.clone()).unwrap_or_default();
            if !package_extra.is_empty() {
                kept.insert("package".into(), Value::Object(package_extra));
            }
            kept.retain(|_, value| !matches!(value, Value::Null));
            if !kept.is_empty() {
                rest.insert("affected".into(), Value::Object(kept));
            }
        }
        rest
    }
}
