//! Deliveries and databases in few words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use curate::{Batch, Delivery, Ingested, Numbering, ingest, sha256_hex};
use database::{Edit, Plan, Snapshot, TreePath};
use osv_schema::{Document, Record, Timestamp};

pub(crate) const NOW: &str = "2026-06-01T12:00:00Z";

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A delivery of the source `feed` with this text.
pub(crate) fn delivery(text: &str) -> Delivery {
    let record = Record::read(&Document::parse(text.as_bytes()).unwrap()).unwrap();
    Delivery {
        source: "feed".into(),
        name: "d.json".into(),
        sha256: sha256_hex(text.as_bytes()),
        record,
        keeps_id: false,
        taken_over: false,
    }
}

/// A record on an npm package.
pub(crate) fn record(id: &str, name: &str, versions: &[&str], more: &str) -> String {
    let versions: Vec<String> = versions.iter().map(|version| format!("{version:?}")).collect();
    format!(
        r#"{{"id": "{id}", "modified": "2026-05-01T00:00:00Z", "published": "2026-04-01T00:00:00Z"{more},
        "affected": [{{"package": {{"ecosystem": "npm", "name": "{name}"}}, "versions": [{}]}}]}}"#,
        versions.join(",")
    )
}

pub(crate) fn path(text: &str) -> TreePath {
    text.parse().unwrap()
}

/// A database of these files.
pub(crate) fn database(files: &[(&str, &str)]) -> Snapshot {
    Snapshot::of_files(files.iter().map(|(at, text)| (path(at), Arc::from(text.as_bytes()))))
}

/// Ids are given from 900,001 on.
pub(crate) fn numbering() -> Numbering {
    Numbering { prefix: "MAL".into(), first_number: 900_001, ever: BTreeMap::new() }
}

/// Ingests deliveries into a database.
pub(crate) fn run(base: &Snapshot, deliveries: Vec<Delivery>) -> (Plan, Vec<Ingested>) {
    let batch = Batch {
        deliveries: deliveries.into(),
        went_on: Vec::new().into(),
        drops_ids_of: BTreeSet::new(),
        numbering: numbering(),
    };
    ingest(base, &batch, &Holders(base.clone()), now()).unwrap()
}

/// The record that a plan puts at a path.
pub(crate) fn put(plan: &Plan, at: &str) -> Record {
    match plan.changes.get(at) {
        Some(Edit::Put(bytes)) => Record::read(&Document::parse(bytes).unwrap()).unwrap(),
        other => panic!("{at}: {other:?}; there are {:?}", plan.changes.edits().keys().collect::<Vec<_>>()),
    }
}

/// The reports that have a stream or a name, by reading all.
struct Holders(Snapshot);

impl Holders {
    fn those(&self, is_wanted: impl Fn(Record) -> bool) -> BTreeSet<TreePath> {
        let reports = self.0.reports().map(|(_, entry)| entry);
        let holds = |entry: &&database::Entry| {
            let document = Document::parse(&self.0.read(entry).unwrap());
            document.ok().and_then(|document| Record::read(&document)).is_some_and(&is_wanted)
        };
        reports.filter(holds).map(|entry| entry.path.clone()).collect()
    }
}

impl curate::Streams for Holders {
    fn holders(&self, source: &str, id: &str) -> Result<BTreeSet<TreePath>, String> {
        let has =
            |origin: &osv_schema::Origin| origin.source.as_str() == Some(source) && origin.id.as_str() == Some(id);
        Ok(self.those(|record| record.origins().iter().any(has)))
    }

    fn named(&self, id: &str) -> Result<BTreeSet<TreePath>, String> {
        Ok(self.those(|record| record.id.as_str() == Some(id) || record.aliases.items().iter().any(|one| one == id)))
    }
}
