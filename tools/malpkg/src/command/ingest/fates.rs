//! What becomes of single deliveries, and why: for `--explain`, and for whoever looks at a source.

use std::collections::BTreeMap;

use curate::{Delivery, Ingested};
use database::{ChangeKind, Place, Plan, Rejected, TreePath, subject};
use ecosystem::{Package, PackageQuery};
use intake::{LeftOut, Refused};
use osv_schema::Record;
use serde::Serialize;

use crate::resolve::is_package;
use crate::sources::Received;

/// What became of one delivery.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct FateV1 {
    pub(crate) source: String,
    /// Its name at the source.
    pub(crate) delivery: String,
    /// The id that it has there.
    pub(crate) id: Option<String>,
    pub(crate) package: Option<String>,
    pub(crate) sha256: Option<String>,
    /// `created`, `joined`, `unchanged`, `withdrawn`, `rejected` or `skipped`; `left-out` where it is none of what the
    /// configuration asks for; of one that is not among what was read `known`, or `waiting` in the quarantine.
    pub(crate) fate: &'static str,
    /// The id of the report that knows it.
    pub(crate) report: Option<String>,
    pub(crate) path: Option<String>,
    /// What happens to that report.
    pub(crate) change: Option<&'static str>,
    pub(crate) rule: Option<String>,
    pub(crate) pointer: Option<String>,
    pub(crate) message: String,
    pub(crate) remedy: Option<String>,
    pub(crate) quarantine: Option<String>,
}

/// Which deliveries are asked for.
pub(crate) enum Wanted {
    /// All of them.
    All,
    /// Those that a word means: all of a source, or those of a name, an id, a hash, a package or a report.
    Word { word: String, package: Option<Package> },
}

impl Wanted {
    pub(super) fn word(word: &str) -> Wanted {
        let package = if is_package(word) { PackageQuery::parse(word).ok().map(|query| query.package) } else { None };
        Wanted::Word { word: word.to_owned(), package }
    }

    fn is(&self, fate: &FateV1, package: Option<&Package>, aliases: &[String]) -> bool {
        /// Fewer digits of a hash may be anything.
        const DIGITS_MIN: usize = 8;
        let Wanted::Word { word, package: asked } = self else { return true };
        let is = |text: &Option<String>| text.as_deref().is_some_and(|text| text.eq_ignore_ascii_case(word));
        let part = |name: &str| name == word || name.rsplit_once('#').is_some_and(|(document, _)| document == word);
        let begins = |hash: &String| word.len() >= DIGITS_MIN && hash.starts_with(&word.to_ascii_lowercase());
        fate.source == *word
            || part(&fate.delivery)
            || is(&fate.id)
            || is(&fate.report)
            || is(&fate.path)
            || fate.sha256.as_ref().is_some_and(begins)
            || aliases.iter().any(|alias| alias.eq_ignore_ascii_case(word))
            || asked.as_ref().zip(package).is_some_and(|(asked, package)| package.answers_to(asked))
    }
}

/// What one planning came to.
pub(super) struct Planning<'p> {
    pub(super) deliveries: &'p [Delivery],
    /// What became of each of them.
    pub(super) fates: &'p [Ingested],
    pub(super) plan: &'p Plan,
    /// What each source sent that is part of the plan.
    pub(super) received: Vec<&'p Received>,
    /// What the planning refused.
    pub(super) late: &'p [Refused],
    /// What sources sent that would take too much away, and are no part of the plan.
    pub(super) held_back: Vec<&'p Delivery>,
    /// By source and delivery, where it is kept in quarantine.
    pub(super) kept: BTreeMap<(&'p str, &'p str), &'p str>,
}

impl Planning<'_> {
    /// What became of the deliveries that are asked for: those that were planned first, in the order in which they came.
    pub(super) fn of(&self, wanted: &Wanted) -> Vec<FateV1> {
        let kinds: BTreeMap<&TreePath, ChangeKind> =
            self.plan.changes.changes().map(|change| (&change.path, change.kind)).collect();
        let skipped: BTreeMap<(&str, &str), &str> = self
            .plan
            .skipped
            .iter()
            .map(|one| ((one.source.as_str(), one.delivery.as_str()), one.reason.as_str()))
            .collect();
        let mut told = Vec::new();
        for (delivery, fate) in self.deliveries.iter().zip(self.fates) {
            // What was refused is told below, with the reason.
            if *fate == Ingested::Rejected {
                continue;
            }
            let reason = skipped.get(&(delivery.source.as_str(), delivery.name.as_str())).copied();
            let (one, package) = planned(delivery, fate, &kinds, reason);
            if wanted.is(&one, package.as_ref(), delivery.record.aliases.items()) {
                told.push(one);
            }
        }
        let refused = self.received.iter().flat_map(|received| received.refused()).chain(self.late);
        let known = self.received.iter().flat_map(|received| received.refused_before());
        for (refused, is_known) in refused.map(|one| (one, false)).chain(known.map(|one| (one, true))) {
            let (one, record) = self.refused(refused, is_known);
            let package = record.as_ref().and_then(|record| Some(subject(record).ok()?.package));
            let aliases = record.as_ref().map_or(&[][..], |record| record.aliases.items());
            if wanted.is(&one, package.as_ref(), aliases) {
                told.push(one);
            }
        }
        for delivery in &self.held_back {
            let reason = "its source would take many reports away, and is left out until somebody allows that";
            let (one, package) = planned(delivery, &Ingested::Skipped, &kinds, Some(reason));
            if wanted.is(&one, package.as_ref(), delivery.record.aliases.items()) {
                told.push(one);
            }
        }
        // Who asks for all asks for deliveries, and what is left out is none.
        if matches!(wanted, Wanted::Word { .. }) {
            let left =
                self.received.iter().flat_map(|received| received.left().iter().map(|one| (received.source(), one)));
            let left = left.map(|(source, one)| (of_left(source, one), one.package.as_ref()));
            told.extend(left.filter(|(one, package)| wanted.is(one, *package, &[])).map(|(one, _)| one));
        }
        told
    }

    fn refused(&self, refused: &Refused, is_known: bool) -> (FateV1, Option<Record>) {
        let rejected = &refused.rejected;
        let record = refused.record();
        let package = record.as_ref().and_then(|record| Some(subject(record).ok()?.package.to_string()));
        let kept = self.kept.get(&(rejected.source.as_str(), rejected.delivery.as_str())).map(|&path| path.to_owned());
        let id = record.as_ref().and_then(|record| record.id.as_str().map(str::to_owned));
        let one = FateV1 { id, package, sha256: refused.sha256.clone(), quarantine: kept, ..of_rejected(rejected) };
        match is_known {
            true => (FateV1 { fate: "skipped", ..one }, record),
            false => (one, record),
        }
    }
}

/// A delivery that a rule refuses.
fn of_rejected(rejected: &Rejected) -> FateV1 {
    FateV1 {
        source: rejected.source.clone(),
        delivery: rejected.delivery.clone(),
        fate: "rejected",
        rule: Some(rejected.rule.to_owned()),
        pointer: Some(rejected.pointer.clone()),
        message: rejected.message.clone(),
        remedy: Some(rejected.remedy.clone()),
        ..FateV1::default()
    }
}

/// What is none of what the configuration asks for.
fn of_left(source: &str, left: &LeftOut) -> FateV1 {
    FateV1 {
        source: source.to_owned(),
        delivery: left.delivery.clone(),
        id: left.id.clone(),
        package: left.package.as_ref().map(ToString::to_string),
        fate: "left-out",
        message: left.why.to_owned(),
        ..FateV1::default()
    }
}

/// A delivery that was planned.
fn planned(
    delivery: &Delivery,
    fate: &Ingested,
    kinds: &BTreeMap<&TreePath, ChangeKind>,
    reason: Option<&str>,
) -> (FateV1, Option<Package>) {
    let package = subject(&delivery.record).ok().map(|about| about.package);
    let (word, path) = match fate {
        Ingested::Created(path) => ("created", Some(path)),
        Ingested::Joined(path) => ("joined", Some(path)),
        Ingested::Withdrawn(path) => ("withdrawn", Some(path)),
        Ingested::Unchanged(path) => ("unchanged", Some(path)),
        Ingested::Skipped => ("skipped", None),
        Ingested::Rejected => ("rejected", None),
    };
    let kind = path.filter(|_| word != "unchanged").and_then(|path| kinds.get(path)).copied();
    let becomes = match kind {
        Some(ChangeKind::Withdraw) => ", which is taken back with it",
        Some(ChangeKind::Reinstate) => ", which stands again",
        Some(ChangeKind::Narrow) => ", which means fewer versions then",
        Some(ChangeKind::Create | ChangeKind::Join | ChangeKind::Move | ChangeKind::Remove) | None => "",
    };
    let message = match word {
        "created" => "nothing stood on the package: it makes this report".to_owned(),
        "joined" => format!("it says something new to this report{becomes}"),
        "withdrawn" => match becomes {
            "" => "its source takes it back; others stand by this report".to_owned(),
            becomes => format!("its source takes it back{becomes}"),
        },
        "unchanged" => "this report knows already what it says".to_owned(),
        _ => reason.unwrap_or("there is no report that it could say something to").to_owned(),
    };
    let stem = path.and_then(Place::of).map(|place| place.stem.to_owned());
    let told = FateV1 {
        source: delivery.source.clone(),
        delivery: delivery.name.clone(),
        id: delivery.own_id().map(str::to_owned),
        package: package.as_ref().map(ToString::to_string),
        sha256: Some(delivery.sha256.clone()),
        fate: word,
        report: stem,
        path: path.map(ToString::to_string),
        change: kind.map(ChangeKind::word),
        message,
        ..FateV1::default()
    };
    (told, package)
}
