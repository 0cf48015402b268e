//! Which reports the lists that block hold, and what the manifest says about that.

use std::collections::{BTreeMap, BTreeSet};

use osv_schema::words::{CONFIDENCES, PACKAGE_KINDS};
use serde::{Deserialize, Serialize};

use crate::material::Material;
use crate::rows::Row;
use crate::verdicts::KIND;

/// The kinds that block nothing unless somebody asks for it: they annoy, or show something, and harm nobody.
const HARMLESS: [&str; 2] = ["spam", "research"];

/// Which reports the lists that block hold: those of some kinds, from some confidence up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocking {
    /// The kinds, in the order of [`PACKAGE_KINDS`].
    kinds: Vec<String>,
    /// One of [`CONFIDENCES`].
    min_confidence: String,
}

/// A word that is no kind, or no confidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is none of {}", .known.join(", "))]
pub struct UnknownWord {
    /// The word.
    pub word: String,
    /// Those that there are.
    pub known: &'static [&'static str],
}

impl Default for Blocking {
    /// All that harms, and the reports that exist to prove that blocking works; however sure they are.
    fn default() -> Blocking {
        let kinds = PACKAGE_KINDS.into_iter().filter(|kind| !HARMLESS.contains(kind)).map(str::to_owned).collect();
        let [.., least] = CONFIDENCES;
        Blocking { kinds, min_confidence: least.to_owned() }
    }
}

impl Blocking {
    /// Holds these kinds only.
    ///
    /// # Errors
    ///
    /// A word is no kind.
    pub fn of_kinds<'k>(self, kinds: impl IntoIterator<Item = &'k str>) -> Result<Blocking, UnknownWord> {
        let wanted = kinds.into_iter().map(|kind| known(kind, &PACKAGE_KINDS)).collect::<Result<BTreeSet<_>, _>>()?;
        let kinds = PACKAGE_KINDS.into_iter().filter(|kind| wanted.contains(kind)).map(str::to_owned).collect();
        Ok(Blocking { kinds, ..self })
    }

    /// Holds what is at least so sure.
    ///
    /// # Errors
    ///
    /// The word is no confidence.
    pub fn from_confidence(self, least: &str) -> Result<Blocking, UnknownWord> {
        Ok(Blocking { min_confidence: known(least, &CONFIDENCES)?.to_owned(), ..self })
    }

    /// Why a row is in no list; none where it is in them. A report that does not say how sure it is counts as claimed.
    fn refusal<'r>(&self, row: &'r Row) -> Option<Refusal<'r>> {
        let kind = row.kind.as_deref().unwrap_or(KIND);
        let [.., least] = CONFIDENCES;
        let confidence = row.confidence.as_deref().unwrap_or(least);
        // A word that nobody knows is as little sure as can be.
        let place = |word: &str| CONFIDENCES.iter().position(|known| *known == word).unwrap_or(CONFIDENCES.len() - 1);
        if !self.kinds.iter().any(|wanted| wanted == kind) {
            Some(Refusal::Kind(kind))
        } else if place(confidence) > place(&self.min_confidence) {
            Some(Refusal::Confidence(confidence))
        } else {
            None
        }
    }

    /// Whether a row is in the lists.
    pub(crate) fn holds(&self, row: &Row) -> bool {
        self.refusal(row).is_none()
    }
}

/// Why a report is in no list.
enum Refusal<'r> {
    Kind(&'r str),
    Confidence(&'r str),
}

fn known(word: &str, known: &'static [&'static str]) -> Result<&'static str, UnknownWord> {
    let found = known.iter().find(|one| **one == word);
    found.copied().ok_or_else(|| UnknownWord { word: word.to_owned(), known })
}

/// What stands against a package and is in no list that blocks, or not in every one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Reports, by their kind, which is none of the chosen ones.
    pub kinds: BTreeMap<String, usize>,
    /// Reports of the chosen kinds, by their confidence, which is too low.
    pub confidence: BTreeMap<String, usize>,
    /// Packages (of lists with a file a report: reports) of which a list says less than the reports do, because its
    /// format cannot say it; by the list.
    pub packages: BTreeMap<String, usize>,
}

impl LeftOut {
    /// Counts what the choice leaves out; what single lists do is added by them.
    pub(crate) fn of(material: &Material<'_>) -> LeftOut {
        let mut left_out = LeftOut::default();
        let mut seen = BTreeSet::new();
        for (row, _) in material.standing() {
            let Some(refusal) = material.input.blocking.refusal(row) else { continue };
            if seen.insert(row.item) {
                let (counts, word) = match refusal {
                    Refusal::Kind(kind) => (&mut left_out.kinds, kind),
                    Refusal::Confidence(confidence) => (&mut left_out.confidence, confidence),
                };
                *counts.entry(word.to_owned()).or_default() += 1;
            }
        }
        left_out
    }
}
