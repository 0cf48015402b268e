//! What waits for a second person: deliveries on protected names, set aside until somebody approves of them.

use database::{Report, Snapshot, subject};
use ecosystem::Package;
use intake::{Held, Quarantine};
use osv_schema::Record;

use crate::failure::Failure;

/// The rule that lets no single person stop what everybody uses.
pub(crate) const GUARD: &str = "protected-name";

/// A delivery that waits.
pub(crate) struct Waiting {
    pub(crate) held: Held,
    /// What it says, where its bytes were kept.
    pub(crate) record: Option<Record>,
    /// What it is on.
    pub(crate) package: Option<Package>,
}

/// Everything in quarantine, by source and key.
pub(crate) fn held(snapshot: &Snapshot) -> Result<Vec<Held>, Failure> {
    let mut all = Vec::new();
    for source in Quarantine::sources(snapshot) {
        all.extend(Quarantine::read(snapshot, &source)?.held().cloned());
    }
    Ok(all)
}

/// The deliveries that wait for a second person.
pub(crate) fn waiting(snapshot: &Snapshot) -> Result<Vec<Waiting>, Failure> {
    let of_guard = held(snapshot)?.into_iter().filter(|held| held.rule == GUARD);
    of_guard.map(|held| Waiting::read(held, snapshot)).collect()
}

impl Waiting {
    fn read(held: Held, snapshot: &Snapshot) -> Result<Waiting, Failure> {
        let bytes = held.document(snapshot)?.and_then(|document| document.bytes.ok());
        let path = held.path("raw");
        let record = bytes.zip(path).and_then(|(bytes, path)| Report::read(&path, &bytes).record);
        let package = record.as_ref().and_then(|record| Some(subject(record).ok()?.package));
        Ok(Waiting { held, record, package })
    }
}
