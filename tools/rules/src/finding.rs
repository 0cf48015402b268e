//! One breach of one rule at one place.

use std::borrow::Cow;
use std::cmp::Ordering;

use database::TreePath;
use osv_schema::{Pointer, Position};

use crate::{Level, Rule};

/// Where in a file a finding is. Line and column are counted when it is shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// The file as a whole, or its path.
    File,
    /// A byte, where the file is no JSON or a pointer could not tell two members apart.
    Offset(usize),
    /// A value.
    Pointer(Pointer),
}

/// One breach of one rule. The texts quote the report as it is: whoever shows them makes them safe.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How bad it is, after the configuration.
    pub level: Level,
    /// The file.
    pub path: TreePath,
    /// The report's id, as far as it has one.
    pub id: Box<str>,
    /// The place in the file.
    pub spot: Spot,
    /// The pointer to the place, also where `spot` is a byte.
    pub pointer: Pointer,
    /// Line and column of the place; none where the fault is the file itself.
    pub position: Option<Position>,
    /// The offending value: what makes this fault the same one wherever it stands.
    pub value: Box<str>,
    /// What the fault is about, sorted, where that is several things: with fewer of them it is no new fault.
    pub parts: Box<[Box<str>]>,
    /// What is wrong.
    pub message: Cow<'static, str>,
    /// What makes it right.
    pub remedy: Cow<'static, str>,
}

impl Finding {
    fn key(&self) -> (&TreePath, &Spot, &str, &str) {
        (&self.path, &self.spot, self.rule.name, &self.message)
    }
}

/// By file, place in it, and rule.
impl Ord for Finding {
    fn cmp(&self, other: &Finding) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Finding {
    fn partial_cmp(&self, other: &Finding) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Finding {
    fn eq(&self, other: &Finding) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Finding {}
