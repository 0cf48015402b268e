//! How many deliveries had which fate.

use std::fmt;

/// How many deliveries had which fate.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) deliveries: usize,
    pub(crate) created: usize,
    pub(crate) joined: usize,
    pub(crate) unchanged: usize,
    pub(crate) withdrawn: usize,
    pub(crate) rejected: usize,
    pub(crate) skipped: usize,
}

impl Tally {
    /// Counts another source's in.
    pub(crate) fn add(&mut self, other: &Tally) {
        let Tally { deliveries, created, joined, unchanged, withdrawn, rejected, skipped } = other;
        self.deliveries += deliveries;
        self.created += created;
        self.joined += joined;
        self.unchanged += unchanged;
        self.withdrawn += withdrawn;
        self.rejected += rejected;
        self.skipped += skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { deliveries, created, joined, unchanged, withdrawn, rejected, skipped } = self;
        write!(
            f,
            "{deliveries} read, {created} created, {joined} joined, {withdrawn} taken back, {unchanged} known already, \
             {skipped} skipped, {rejected} rejected"
        )
    }
}
