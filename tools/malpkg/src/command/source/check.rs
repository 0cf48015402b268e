//! `malpkg source check`: what a source would bring, held against what is known, and what a person should look at first.

pub(super) mod view;

use std::collections::{BTreeMap, BTreeSet};

use database::verdict::{self, Statement};
use database::{Entry, Snapshot, TreePath};
use ecosystem::Package;
use osv_schema::Record;
use rules::Settings;

use crate::against::{Claim, Differing, ids, shows_evidence, statements};
use crate::command::ingest::looking::Looked;
use crate::failure::Failure;
use crate::waiting::GUARD;

/// How many packages are told as samples.
const SAMPLES_MAX: usize = 20;
/// The same details in so many deliveries say nothing about any of them.
const ALIKE_MIN: usize = 20;

/// One package of which something is sent.
#[derive(Clone, Debug)]
pub(super) struct One {
    pub(super) package: String,
    /// The reports that stand on it, and those that were taken back.
    pub(super) live: Vec<String>,
    pub(super) gone: Vec<String>,
    /// The sources that speak of it already.
    pub(super) sources: BTreeSet<String>,
    /// Where the two differ; nothing where no report stands on it.
    pub(super) differing: Differing,
}

/// A package that a person should look at, with the reasons, the worst first.
#[derive(Clone, Debug)]
pub(super) struct Suspect {
    pub(super) package: String,
    pub(super) delivery: String,
    pub(super) reasons: Vec<&'static str>,
}

/// A name that is too well known to be called malicious by one person.
#[derive(Clone, Debug)]
pub(super) struct Protected {
    pub(super) package: String,
    pub(super) delivery: String,
    pub(super) message: String,
}

/// What a source would bring.
#[derive(Clone, Debug, Default)]
pub(super) struct Checked {
    /// Packages that no report speaks of.
    pub(super) new: Vec<One>,
    /// Packages that reports speak of already.
    pub(super) overlap: Vec<One>,
    pub(super) protected: Vec<Protected>,
    /// The first of those that a person should look at.
    pub(super) suspects: Vec<Suspect>,
    /// How many of those there are.
    pub(super) suspect: usize,
}

impl Checked {
    /// The packages of which the source says otherwise than reports that stand.
    pub(super) fn conflicts(&self) -> impl Iterator<Item = &One> {
        self.overlap.iter().filter(|one| !one.differing.is_none())
    }
}

/// The reasons to look at a package, the worst first.
const REASONS: [&str; 6] = ["cleared", "taken-back", "protected-name", "every-version", "alike", "no-evidence"];

/// A package as it is gathered.
struct Gathered {
    package: Package,
    claim: Claim,
    ranges: BTreeSet<String>,
    delivery: String,
    reasons: BTreeSet<usize>,
    is_refused: bool,
}

/// Holds what would be brought against what is known.
pub(super) fn check(looked: &Looked, snapshot: &Snapshot, settings: &Settings) -> Result<Checked, Failure> {
    let (mut gathered, protected) = gather(looked, settings);
    let said = said(&gathered, snapshot)?;
    let mut checked = Checked { protected, ..Checked::default() };
    let mut suspects = Vec::new();
    for (name, one) in &mut gathered {
        let said: Vec<&Statement> =
            said.get(name).into_iter().flatten().filter(|said| said.package.answers_to(&one.package)).collect();
        let (gone, live): (Vec<&Statement>, Vec<&Statement>) =
            said.iter().copied().partition(|said| said.record.is_withdrawn());
        if live.is_empty() && !gone.is_empty() {
            one.reason("taken-back");
        }
        if said.iter().any(|said| names_cleared(&said.record, &one.claim)) {
            one.reason("cleared");
        }
        if !one.reasons.is_empty() {
            suspects.push((one.reasons.clone(), name.clone(), one.delivery.clone()));
        }
        if one.is_refused {
            continue;
        }
        let sources = said.iter().flat_map(|said| said.record.origins()).filter_map(|one| one.source.value().cloned());
        let told = One {
            package: name.clone(),
            live: ids(&live),
            gone: ids(&gone),
            sources: sources.collect(),
            differing: if live.is_empty() { Differing::default() } else { one.against(&live) },
        };
        if said.is_empty() { checked.new.push(told) } else { checked.overlap.push(told) }
    }
    suspects.sort();
    checked.suspect = suspects.len();
    checked.suspects = suspects
        .into_iter()
        .take(SAMPLES_MAX)
        .map(|(reasons, package, delivery)| {
            let reasons = reasons.into_iter().filter_map(|at| REASONS.get(at).copied()).collect();
            Suspect { package, delivery, reasons }
        })
        .collect();
    Ok(checked)
}

/// What is sent, by package; and what of it is on protected names.
fn gather(looked: &Looked, settings: &Settings) -> (BTreeMap<String, Gathered>, Vec<Protected>) {
    let fates: BTreeMap<&str, (&str, Option<&str>, &str)> = looked
        .fates
        .iter()
        .map(|fate| (fate.delivery.as_str(), (fate.fate, fate.rule.as_deref(), fate.message.as_str())))
        .collect();
    let mut alike: BTreeMap<&str, usize> = BTreeMap::new();
    for delivery in &looked.deliveries {
        *alike.entry(delivery.record.details.as_str().unwrap_or_default()).or_default() += 1;
    }
    let (mut gathered, mut protected) = (BTreeMap::<String, Gathered>::new(), Vec::new());
    let Ok(path) = TreePath::new("sent") else { return (gathered, protected) };
    for delivery in looked.deliveries.iter().filter(|delivery| !delivery.record.is_withdrawn()) {
        let Ok(said) = Statement::of(&path, delivery.record.clone()) else { continue };
        let name = said.package.to_string();
        let (fate, rule, message) = fates.get(delivery.name.as_str()).copied().unwrap_or_default();
        let is_guarded = rule == Some(GUARD) || settings.protected.has(&said.package);
        if is_guarded {
            let message =
                if fate == "rejected" { message } else { "its name is protected, and what it says is approved of" };
            protected.push(Protected {
                package: name.clone(),
                delivery: delivery.name.clone(),
                message: message.to_owned(),
            });
        }
        let one = gathered.entry(name).or_insert_with(|| Gathered {
            package: said.package.clone(),
            claim: Claim::default(),
            ranges: BTreeSet::new(),
            delivery: delivery.name.clone(),
            reasons: BTreeSet::new(),
            is_refused: true,
        });
        one.is_refused &= fate == "rejected";
        one.claim.versions.extend(said.versions().iter().cloned());
        one.claim.is_all |= said.covers_all();
        one.ranges.extend(said.vers().into_iter().filter(|range| !range.ends_with("/*")));
        let details = delivery.record.details.as_str().unwrap_or_default();
        let is_alike = !details.is_empty() && alike.get(details).is_some_and(|number| *number >= ALIKE_MIN);
        for (applies, reason) in [
            (is_guarded, "protected-name"),
            (said.covers_all(), "every-version"),
            (is_alike, "alike"),
            (!shows_evidence(&delivery.record), "no-evidence"),
        ] {
            if applies {
                one.reason(reason);
            }
        }
    }
    (gathered, protected)
}

impl Gathered {
    fn reason(&mut self, word: &str) {
        self.reasons.extend(REASONS.iter().position(|reason| *reason == word));
    }

    /// Where it differs from reports that stand, ranges by their form.
    fn against(&self, live: &[&Statement]) -> Differing {
        let ours: BTreeSet<String> =
            live.iter().flat_map(|said| said.vers()).filter(|range| !range.ends_with("/*")).collect();
        let mut differing = self.claim.against(live);
        let covers_all = live.iter().any(|said| said.covers_all());
        differing.only_theirs.extend(self.ranges.difference(&ours).filter(|_| !covers_all).cloned());
        differing.only_ours.extend(ours.difference(&self.ranges).filter(|_| !self.claim.is_all).cloned());
        differing
    }
}

/// What reports say of the packages, all read at once.
fn said(
    gathered: &BTreeMap<String, Gathered>,
    snapshot: &Snapshot,
) -> Result<BTreeMap<String, Vec<Statement>>, Failure> {
    let mut of_package: BTreeMap<&TreePath, Vec<&String>> = BTreeMap::new();
    let mut entries: Vec<&Entry> = Vec::new();
    for (name, one) in gathered {
        for entry in verdict::candidates(snapshot, &one.package) {
            let names = of_package.entry(&entry.path).or_default();
            if names.is_empty() {
                entries.push(entry);
            }
            names.push(name);
        }
    }
    let mut said: BTreeMap<String, Vec<Statement>> = BTreeMap::new();
    for statement in statements(&entries, snapshot)? {
        for &name in of_package.get(&statement.path).into_iter().flatten() {
            said.entry(name.clone()).or_default().push(statement.clone());
        }
    }
    Ok(said)
}

/// Whether a version is named again that people found to be none of those that are malicious.
fn names_cleared(record: &Record, claim: &Claim) -> bool {
    let decisions = record.decisions();
    let last = decisions.iter().rev().find(|one| matches!(one.kind.as_str(), Some("narrow" | "lift")));
    last.filter(|one| one.kind.as_str() == Some("narrow"))
        .is_some_and(|one| one.cleared.items().iter().any(|version| claim.is_all || claim.versions.contains(version)))
}
