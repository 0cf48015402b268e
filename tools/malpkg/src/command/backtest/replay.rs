//! Replaying: what a configuration makes of what was taken in, and of what waits in the quarantine.

use std::collections::{BTreeMap, BTreeSet};

use curate::Taken;
use database::ChangeKind;
use intake::Asked;
use osv_schema::Timestamp;
use store::Store;

use super::past::{Delivered, Past};
use crate::command::ingest::fates::FateV1;
use crate::command::ingest::looking;
use crate::config::Config;
use crate::context::Reading;
use crate::failure::Failure;
use crate::waiting::held;

/// What one configuration makes of it.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) taken: usize,
    /// By the reason, what is refused or left out.
    pub(super) refused: BTreeMap<String, usize>,
    /// By the number of the report, when the package is flagged.
    pub(super) flagged: BTreeMap<usize, Timestamp>,
    /// The reports at which somebody would have to look.
    pub(super) review: BTreeSet<usize>,
    /// By the number of the report, why nothing of it is taken.
    pub(super) why: BTreeMap<usize, String>,
    /// The runs that would take too much away, with what they take.
    pub(super) guarded: Vec<(String, Timestamp, Taken)>,
}

/// A configuration, and where it stands: the one of today is the first.
#[derive(Clone, Copy)]
pub(super) struct Under<'c> {
    pub(super) configs: [&'c Config; 2],
    pub(super) which: usize,
}

/// Replays deliveries under a configuration. `reports` is how many there are.
pub(super) fn replay(past: &[Past], under: Under<'_>, reports: usize, now: Timestamp) -> Outcome {
    let config = under.config();
    let mut outcome = Outcome::default();
    let mut taken_back: BTreeMap<(&str, Timestamp), usize> = BTreeMap::new();
    for (number, one) in past.iter().enumerate() {
        let mut taken: Vec<&Delivered> = Vec::new();
        for delivered in &one.delivered {
            match under.refusal(delivered, one, now) {
                Some(reason) => {
                    *outcome.refused.entry(reason.clone()).or_default() += 1;
                    outcome.why.entry(number).or_insert(reason);
                }
                None => taken.push(delivered),
            }
        }
        outcome.taken += taken.len();
        for delivered in taken.iter().filter(|one| one.delivery.record.is_withdrawn()) {
            *taken_back.entry((&delivered.delivery.source, delivered.at)).or_default() += 1;
        }
        let live: Vec<&&Delivered> = taken.iter().filter(|one| !one.delivery.record.is_withdrawn()).collect();
        let Some(at) = live.iter().map(|one| one.at).min() else { continue };
        outcome.flagged.insert(number, at);
        if !is_trusted(&live, config) {
            outcome.review.insert(number);
        }
    }
    for ((source, at), count) in taken_back {
        let kinds = std::iter::repeat_n(ChangeKind::Withdraw, count);
        let beyond = config.guard.beyond(kinds, reports, &[]);
        outcome.guarded.extend(beyond.into_iter().map(|taken| (source.to_owned(), at, taken)));
    }
    outcome
}

impl<'c> Under<'c> {
    fn config(self) -> &'c Config {
        self.configs[self.which]
    }

    /// Why a delivery would not be taken; none where it would.
    fn refusal(self, delivered: &Delivered, past: &Past, now: Timestamp) -> Option<String> {
        let (delivery, config) = (&delivered.delivery, self.config());
        let Some(source) = config.sources.get(&delivery.source) else {
            // It was taken when its source was declared; one that is declared in neither nobody can say anything of.
            let was_declared = self.configs[0].sources.contains_key(&delivery.source);
            return was_declared.then(|| "undeclared".to_owned());
        };
        if source.paused.is_some() {
            return Some("paused".to_owned());
        }
        let asked = Asked { source, prefix: &config.settings.prefix, cache: None, since: None, now };
        let taken = intake::regard(delivery.clone(), asked);
        match taken.refused.first() {
            Some(refused) => Some(refused.rejected.rule.to_owned()),
            None if taken.deliveries.is_empty() => Some("left-out".to_owned()),
            None => past.refused[self.which].map(str::to_owned),
        }
    }
}

/// Whether nobody has to look for want of trust: a source is confirmed, or two that are likely agree.
fn is_trusted(live: &[&&Delivered], config: &Config) -> bool {
    let sources: BTreeSet<&str> = live.iter().map(|one| one.delivery.source.as_str()).collect();
    let of_trust = |trust: &str| {
        let has = |source: &&&str| config.sources.get(**source).is_some_and(|source| source.trust == trust);
        sources.iter().filter(has).count()
    };
    of_trust("confirmed") > 0 || of_trust("likely") > 1
}

/// What waits in quarantine since then, and would be taken under the other configuration.
pub(super) fn gained(
    store: &Store,
    reading: &Reading,
    config: &Config,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<FateV1>, Failure> {
    let mut documents = BTreeMap::new();
    for one in held(&reading.snapshot)? {
        let is_past = one.first_seen.parse::<Timestamp>().is_ok_and(|time| time >= since);
        if is_past && let Some(document) = one.document(&reading.snapshot)? {
            documents.entry(one.source.clone()).or_insert_with(Vec::new).push((one, document));
        }
    }
    let mut gained = Vec::new();
    for (id, documents) in documents {
        let Some(source) = config.sources.get(&id).filter(|source| source.paused.is_none()) else { continue };
        let fates = looking::try_again(source, documents, store, reading, config, now)?;
        gained.extend(fates.into_iter().filter(|fate| matches!(fate.fate, "created" | "joined")));
    }
    Ok(gained)
}
