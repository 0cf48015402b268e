//! The registry of campaigns: `config/campaigns.toml`, one table for each, with its name and where it is told of.

use std::collections::BTreeMap;

use database::Snapshot;
use toml::{Table, Value};

use crate::failure::Failure;
use crate::likeness::{did_you_mean, nearest};

/// Where the registry lies, from the root of the tree.
const FILE: &str = "config/campaigns.toml";

/// The keys of one campaign.
const KEYS: [&str; 5] = ["name", "aliases", "since", "until", "references"];

/// The campaigns, by the word that stands in reports.
#[derive(Default)]
pub(crate) struct Campaigns {
    campaigns: BTreeMap<String, Table>,
}

impl Campaigns {
    /// Reads the registry of a tree; none is as good as an empty one.
    pub(crate) fn read(snapshot: &Snapshot) -> Result<Campaigns, Failure> {
        let Some(bytes) = snapshot.read_path(FILE)? else { return Ok(Campaigns::default()) };
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

    /// Whether a campaign is known.
    pub(crate) fn check(&self, id: &str) -> Result<(), Failure> {
        if self.campaigns.contains_key(id) {
            return Ok(());
        }
        let all = self.campaigns.keys().map(String::as_str);
        let remedy = did_you_mean(nearest(id, all), &format!("{FILE} lists them: [{id}] and below it name = \"…\""));
        Err(Failure::new(format!("the campaign `{id}` is not in the registry")).place(FILE).remedy(remedy))
    }
}
