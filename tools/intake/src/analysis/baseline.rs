//! What is frequent over many results: hosts and programs that so many packages use say nothing of one.

use std::collections::{BTreeMap, BTreeSet};

use osv_schema::{Value, write};

use super::observed::{self, Shape};
use crate::Document;
use crate::made::{self, At};

/// A host or program is frequent from this many packages on.
const PACKAGES_MIN: u64 = 10;
/// And from this share of all packages on: one in so many.
const SHARE: u64 = 200;

/// Counts over results.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    ecosystems: BTreeMap<String, Counts>,
    /// How many documents were no results of a run, or could not be read.
    pub left_out: u64,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    results: u64,
    hosts: BTreeMap<String, BTreeSet<u64>>,
    programs: BTreeMap<String, BTreeSet<u64>>,
    /// Packages by name.
    packages: BTreeMap<String, u64>,
}

impl Baseline {
    /// Counts one document. A package counts once, however many of its versions are there.
    pub fn count(&mut self, document: &Document) {
        let json = made::parse(document);
        let observed = json.as_ref().map_err(Clone::clone).and_then(|json| observed::read(&At::root(json)));
        let Ok(Shape::Run(observed)) = observed else {
            self.left_out += 1;
            return;
        };
        let counts = self.ecosystems.entry(observed.package.ecosystem().as_str().to_owned()).or_default();
        counts.results += 1;
        let name = observed.package.merge_name().into_owned();
        let next = counts.packages.len() as u64;
        let package = *counts.packages.entry(name).or_insert(next);
        for phase in &observed.phases {
            for host in phase.asked.iter().chain(phase.sockets.iter().flat_map(|socket| socket.hosts.iter())) {
                counts.hosts.entry(host.to_ascii_lowercase()).or_default().insert(package);
            }
            for command in &phase.commands {
                counts.programs.entry(command.program.to_owned()).or_default().insert(package);
            }
        }
    }

    /// How many results were counted.
    pub fn results(&self) -> u64 {
        self.ecosystems.values().map(|counts| counts.results).sum()
    }

    /// The list, as it is kept.
    pub fn to_toml(&self) -> String {
        let mut text =
            String::from("# What many packages do, and so no sign of anything. Made by `malpkg source baseline`.\n");
        for (ecosystem, counts) in &self.ecosystems {
            let least = PACKAGES_MIN.max(counts.packages.len() as u64 / SHARE);
            let frequent = |counted: &BTreeMap<String, BTreeSet<u64>>| {
                let is_often = |(name, packages): &(&String, &BTreeSet<u64>)| {
                    packages.len() as u64 >= least && !name.chars().any(char::is_control)
                };
                let often = counted.iter().filter(is_often).map(|(name, _)| Value::from(name.as_str()));
                write::compact(&Value::Array(often.collect()))
            };
            // A text of JSON without control characters is one of TOML.
            let ecosystem = write::compact(&Value::from(ecosystem.as_str()));
            let (results, hosts, programs) = (counts.results, frequent(&counts.hosts), frequent(&counts.programs));
            text.push_str(&format!("\n[{ecosystem}]\nresults = {results}\nhosts = {hosts}\nprograms = {programs}\n"));
        }
        text
    }
}
