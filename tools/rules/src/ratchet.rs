//! The ratchet: which of the faults after a change were there before it.

use std::collections::BTreeMap;

use crate::Finding;

/// The faults of before, each as often as it was found.
pub(crate) struct Ratchet {
    faults: BTreeMap<Fault, Vec<Finding>>,
}

type Fault = (&'static str, Box<str>, Box<str>);

fn fault(finding: &Finding) -> Fault {
    (finding.rule.name, finding.id.clone(), finding.value.clone())
}

impl Ratchet {
    /// What was found before.
    pub(crate) fn of(findings: Vec<Finding>) -> Ratchet {
        let mut faults: BTreeMap<Fault, Vec<Finding>> = BTreeMap::new();
        for finding in findings {
            faults.entry(fault(&finding)).or_default().push(finding);
        }
        Ratchet { faults }
    }

    /// Whether the fault was there before, wherever it stood. Each one of before is taken once: a second one of the same
    /// kind is new, and so is one that is about more.
    pub(crate) fn takes(&mut self, finding: &Finding) -> bool {
        let Some(known) = self.faults.get_mut(&fault(finding)) else { return false };
        let has_all = |known: &Finding| finding.parts.iter().all(|part| known.parts.binary_search(part).is_ok());
        known.iter().rposition(has_all).map(|at| known.swap_remove(at)).is_some()
    }

    /// The faults that nobody took: they are healed.
    pub(crate) fn left(self) -> impl Iterator<Item = Finding> {
        self.faults.into_values().flatten()
    }
}
