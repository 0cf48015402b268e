//! Versions that are not malicious: they stay out under whatever spelling, as the lookup compares them.

use std::collections::BTreeSet;

use ecosystem::version::{Identity, Order};

/// Versions that are cleared, in the spelling in which they were and in any other.
#[derive(Debug)]
pub(crate) struct Cleared<'c> {
    spelled: &'c BTreeSet<String>,
    order: Option<Order>,
    same: BTreeSet<Identity<'c>>,
}

impl<'c> Cleared<'c> {
    /// Those of an ecosystem. A version that stays malicious under another spelling is cleared under this one alone.
    pub(crate) fn of(spelled: &'c BTreeSet<String>, kept: &BTreeSet<String>, ecosystem: &str) -> Cleared<'c> {
        let order = Order::of(ecosystem);
        let mut same: BTreeSet<Identity<'c>> = spelled.iter().map(|version| Identity::of(order, version)).collect();
        if !same.is_empty() {
            let kept: BTreeSet<Identity<'_>> = kept.iter().map(|version| Identity::of(order, version)).collect();
            same.retain(|version| !kept.contains(version));
        }
        Cleared { spelled, order, same }
    }

    /// Whether a version is among them.
    pub(crate) fn has(&self, version: &str) -> bool {
        !self.spelled.is_empty()
            && (self.spelled.contains(version) || self.same.contains(&Identity::of(self.order, version)))
    }
}
