//! One document from a source, read and ready to be joined.

use ecosystem::Package;
use osv_schema::{Member, Object, Origin, Record, Timestamp, Value, additions, write};
use sha2::{Digest, Sha256};

use crate::computed::claims_of;

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
    /// Whether its id is one of ours, and stays that of a report that it makes.
    pub keeps_id: bool,
    /// Whether it is a report of a tree that is taken over as it is, origins and all.
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

/// Whether content is of a member of `database_specific` that has a home of its own in a report, and has the form there:
/// lists, which can always be united.
fn is_home(name: &str, value: &Value) -> bool {
    match name {
        "cwes" => is_list(value),
        "iocs" => value.as_object().is_some_and(|lists| lists.values().all(is_list)),
        _ => false,
    }
}

fn is_list(value: &Value) -> bool {
    value.as_array().is_some()
}

/// The lists of ours that deliveries add to.
const LISTS: [&str; 4] = ["artifacts", "evidence", "indicators", "moved_tags"];

impl Delivery {
    /// The delivery's trace in a report: who said what and when, and all of it that has no other home there.
    pub(crate) fn origin(&self, report: &Record, package: &Package, content_sha256: &str, now: Timestamp) -> Origin {
        let affected = self.record.affected.items().first();
        let spelled = affected.and_then(|affected| affected.package.value()?.name.as_str());
        let own_id = report.id.as_str().filter(|id| !id.is_empty());
        let mut origin = Origin {
            source: self.source.as_str().into(),
            sha256: self.sha256.as_str().into(),
            import_time: now.whole_seconds().to_string().into(),
            modified_time: self.record.modified.clone(),
            id: self.own_id().map(str::to_owned).into(),
            ranges: affected.map_or(Member::Absent, |affected| affected.ranges.clone()),
            versions: affected.map_or(Member::Absent, |affected| affected.versions.clone()),
            withdrawn: self.record.withdrawn.clone(),
            content_sha256: content_sha256.into(),
            name: spelled
                // Where case is merged nobody can tell later how it was spelled, whichever spelling came first.
                .filter(|name| package.merges_case() || *name != package.canonical_name())
                .map(str::to_owned)
                .into(),
            derived_from: own_id.filter(|id| self.comes_from(report, id)).map(str::to_owned).into(),
            ..Origin::default()
        };
        let claims = self.ours().map(claims_of).unwrap_or_default();
        if !claims.is_empty() {
            origin.extra.insert("claims".into(), Value::Object(claims));
        }
        let rest = self.rest(report, package);
        if !rest.is_empty() {
            origin.extra.insert("rest".into(), Value::Object(rest));
        }
        origin
    }

    /// Whether what is said comes from a report of ours: it names that among its aliases, or is it, as we published it.
    fn comes_from(&self, report: &Record, id: &str) -> bool {
        if self.record.aliases.items().iter().any(|alias| alias == id) {
            return true;
        }
        if self.own_id() != Some(id) {
            return false;
        }
        let origins = report.origins();
        let has_it = |origin: &Origin| origin.id.as_str() == Some(id) && origin.derived_from.is_absent();
        // Where the report has its id from a source, or gets it from this one, that is no echo.
        let brings_it = self.keeps_id && origins.is_empty();
        !brings_it && !origins.iter().any(has_it)
    }

    fn ours(&self) -> Option<&Object> {
        self.record.database_specific.value()?.get(additions::MALPKG)?.as_object()
    }

    /// The record's id at its source, if it has a real one.
    pub fn own_id(&self) -> Option<&str> {
        self.record.id.as_str().filter(|id| !id.is_empty())
    }

    /// What the delivery's `database_specific` says that belongs into the report's own, and fits there.
    pub(crate) fn homed(&self, report: &Record) -> Object {
        let there = report.database_specific.value();
        let mut homed = Object::new();
        for (name, value) in self.record.database_specific.value().into_iter().flatten() {
            let home = there.and_then(|there| there.get(name));
            if name == additions::MALPKG {
                let own = value.as_object().into_iter().flatten();
                let lists: Object = own
                    .filter(|(list, value)| {
                        let home = home.and_then(|home| home.as_object()?.get(*list));
                        LISTS.contains(&list.as_str()) && is_list(value) && home.is_none_or(is_list)
                    })
                    .map(|(list, value)| (list.clone(), value.clone()))
                    .collect();
                if !lists.is_empty() && home.is_none_or(|home| matches!(home, Value::Object(_) | Value::Null)) {
                    homed.insert(name.clone(), Value::Object(lists));
                }
            } else if is_home(name, value) && home.is_none_or(|home| *home == Value::Null || is_home(name, home)) {
                homed.insert(name.clone(), value.clone());
            }
        }
        homed
    }

    /// What a report has no member for, under the names of the record. Claims about origins and decisions are among it: a
    /// delivery speaks for its own source alone.
    fn rest(&self, report: &Record, package: &Package) -> Object {
        let mut rest = self.record.extra.clone();
        let mut specific = self.record.database_specific.value().cloned().unwrap_or_default();
        for (name, homed) in self.homed(report) {
            match (specific.get_mut(&name), homed) {
                (Some(Value::Object(ours)), Value::Object(lists)) if name == additions::MALPKG => {
                    ours.retain(|list, _| !lists.contains_key(list));
                }
                _ => drop(specific.remove(&name)),
            }
        }
        if let Some(Value::Object(ours)) = specific.get_mut(additions::MALPKG) {
            let claims = claims_of(ours);
            ours.retain(|word, _| !claims.contains_key(word));
            if ours.is_empty() {
                specific.remove(additions::MALPKG);
            }
        }
        // The report's summary has a standard form; what the source had to say in its own goes nowhere else.
        let standard = crate::join::summary(package);
        if let Some(summary) = self.record.summary.as_str().filter(|summary| *summary != standard) {
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
