//! Documents at hand, read under both configurations: for what a report does not remember, as the names of documents, and
//! results of analysis that met no rule.

use std::collections::BTreeMap;

use osv_schema::Timestamp;
use serde::Serialize;
use store::Store;

use crate::command::ingest::fates::FateV1;
use crate::command::ingest::looking::{self, Looked};
use crate::config::Config;
use crate::context::Reading;
use crate::failure::Failure;

/// The documents of one source, under the configuration of today and the other one.
#[derive(Debug, Serialize)]
pub(super) struct AtHandV1 {
    pub(super) source: String,
    pub(super) before: ReadV1,
    pub(super) after: ReadV1,
    /// What only the configuration of today takes.
    pub(super) lost: Vec<DifferentV1>,
    /// What only the other one takes.
    pub(super) gained: Vec<DifferentV1>,
}

/// What one configuration makes of the documents.
#[derive(Debug, Default, Serialize)]
pub(super) struct ReadV1 {
    pub(super) taken: usize,
    pub(super) rejected: usize,
    pub(super) left_out: usize,
}

/// A delivery that only one of them takes.
#[derive(Debug, Serialize)]
pub(super) struct DifferentV1 {
    pub(super) package: Option<String>,
    pub(super) delivery: String,
    pub(super) id: Option<String>,
    /// Why the other one does not: a rule, `left-out`, `paused` or `undeclared`.
    pub(super) reason: String,
}

/// What there is to read.
pub(super) struct AtHand<'a> {
    pub(super) source: &'a str,
    pub(super) inputs: &'a [String],
    pub(super) store: &'a Store,
    pub(super) reading: &'a Reading,
    pub(super) now: Timestamp,
}

/// What one configuration makes of a delivery: the same document may hold several.
type Fates = BTreeMap<(String, Option<String>, Option<String>), FateV1>;

struct Side {
    read: ReadV1,
    taken: Fates,
    rejected: BTreeMap<String, String>,
    /// Why nothing at all is read.
    none: Option<&'static str>,
}

impl AtHand<'_> {
    /// Reads the documents twice. The source must be declared in one of the configurations.
    pub(super) fn compare(&self, configs: [&Config; 2]) -> Result<AtHandV1, Failure> {
        if configs.iter().all(|config| !config.sources.contains_key(self.source)) {
            configs[0].source(self.source)?;
        }
        let [before, after] = [self.read(configs[0])?, self.read(configs[1])?];
        let lost = only(&before, &after);
        let gained = only(&after, &before);
        Ok(AtHandV1 { source: self.source.to_owned(), before: before.read, after: after.read, lost, gained })
    }

    fn read(&self, config: &Config) -> Result<Side, Failure> {
        let none =
            |why| Side { read: ReadV1::default(), taken: Fates::new(), rejected: BTreeMap::new(), none: Some(why) };
        let Some(source) = config.sources.get(self.source) else { return Ok(none("undeclared")) };
        if source.paused.is_some() {
            return Ok(none("paused"));
        }
        let looked = looking::look(source, self.inputs, self.store, self.reading, config, self.now)?;
        Ok(Side::of(looked))
    }
}

impl Side {
    fn of(looked: Looked) -> Side {
        let is_taken = |fate: &FateV1| matches!(fate.fate, "created" | "joined" | "unchanged" | "withdrawn");
        let key = |fate: FateV1| ((fate.delivery.clone(), fate.id.clone(), fate.package.clone()), fate);
        let taken: Fates = looked.fates.into_iter().filter(is_taken).map(key).collect();
        let read = ReadV1 { taken: taken.len(), rejected: looked.rejected.len(), left_out: looked.left_out };
        let rejected = looked.rejected.into_iter().map(|one| (one.delivery, one.rule.to_owned())).collect();
        Side { read, taken, rejected, none: None }
    }
}

/// What only the first of them takes.
fn only(this: &Side, other: &Side) -> Vec<DifferentV1> {
    let missing = this.taken.iter().filter(|(key, _)| !other.taken.contains_key(*key));
    let different = missing.map(|((delivery, id, package), _)| DifferentV1 {
        package: package.clone(),
        delivery: delivery.clone(),
        id: id.clone(),
        reason: match (other.none, other.rejected.get(delivery)) {
            (Some(none), _) => none.to_owned(),
            (None, Some(rule)) => rule.clone(),
            (None, None) => "left-out".to_owned(),
        },
    });
    different.collect()
}
