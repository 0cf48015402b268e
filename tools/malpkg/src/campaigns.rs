//! The registry of campaigns: `config/campaigns.toml`, one table for each, with its name and where it is told of.

use std::collections::BTreeMap;

use database::Snapshot;
use rules::CAMPAIGNS_FILE as FILE;
use toml::{Table, Value};

use crate::failure::Failure;
use crate::likeness::{did_you_mean, nearest};

/// The keys of one campaign.
const KEYS: [&str; 5] = ["name", "aliases", "since", "until", "references"];

/// The campaigns, by the word that stands in reports.
#[derive(Default)]
pub(crate) struct Campaigns {
    campaigns: BTreeMap<String, Table>,
}

impl Campaigns {
    /// Reads the registry of a tree; none where it keeps none.
    pub(crate) fn find(snapshot: &Snapshot) -> Result<Option<Campaigns>, Failure> {
        snapshot.read_path(FILE)?.map(Campaigns::parse).transpose()
    }

    /// Reads the registry of a tree; none is as good as an empty one.
    pub(crate) fn read(snapshot: &Snapshot) -> Result<Campaigns, Failure> {
        Ok(Campaigns::find(snapshot)?.unwrap_or_default())
    }

    fn parse(bytes: Vec<u8>) -> Result<Campaigns, Failure> {
        let wrong = |message: String| Failure::new(message).place(FILE);
        let text = String::from_utf8(bytes).map_err(|_| wrong("the registry is not UTF-8".to_owned()))?;
        let table: Table = text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        let mut campaigns = BTreeMap::new();
        for (id, value) in table {
            let Value::Table(one) = value else { return Err(wrong(format!("`{id}` must be a table"))) };
            if let Some(unknown) = one.keys().find(|key| !KEYS.contains(&key.as_str())) {
                let remedy = did_you_mean(
                    nearest(unknown, KEYS.into_iter()),
                    "keys are: name, aliases, since, until, references",
                );
                return Err(wrong(format!("unknown key `{id}.{unknown}`")).remedy(remedy));
            }
            if one.get("name").and_then(Value::as_str).is_none() {
                return Err(wrong(format!("`{id}.name` is missing")).remedy("say how people call it"));
            }
            campaigns.insert(id, one);
        }
        Ok(Campaigns { campaigns })
    }

    /// How people call a campaign, where that is another word than reports use.
    pub(crate) fn name(&self, word: &str) -> Option<&str> {
        self.campaigns.get(word)?.get("name")?.as_str().filter(|name| *name != word)
    }

    /// The words by which campaigns may be called, each with the one that reports should use.
    pub(crate) fn words(&self) -> BTreeMap<String, String> {
        let mut words: BTreeMap<String, String> = BTreeMap::new();
        for (id, one) in &self.campaigns {
            let aliases = one.get("aliases").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            words.extend(aliases.map(|alias| (alias.to_owned(), id.clone())));
        }
        // A word of the registry is never another one's alias.
        words.extend(self.campaigns.keys().map(|id| (id.clone(), id.clone())));
        words
    }

    /// The words for the campaign that a word means: the one that reports should use first, then its aliases.
    pub(crate) fn meant(&self, word: &str) -> Result<Vec<String>, Failure> {
        let words = self.words();
        let Some(id) = words.get(word) else {
            let all = words.keys().map(String::as_str);
            let remedy =
                did_you_mean(nearest(word, all), &format!("{FILE} lists them: [{word}] and below it name = \"…\""));
            let failure = Failure::new(format!("the campaign `{word}` is not in the registry"));
            return Err(failure.place(FILE).remedy(remedy));
        };
        let aliases = words.iter().filter(|(alias, meant)| *meant == id && *alias != id).map(|(alias, _)| alias);
        Ok([id].into_iter().chain(aliases).cloned().collect())
    }
}
