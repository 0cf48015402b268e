//! What a rule is, and how strictly each one is taken.

use std::collections::BTreeMap;

use database::Report;

use crate::RULES;
use crate::validate::{Sink, TreeSink, World};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The database is wrong, or a client fails.
    Error,
    /// It should be better.
    Warning,
}

impl Level {
    /// The word of the interface.
    pub fn word(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

/// What a rule looks at.
#[derive(Clone, Copy)]
pub enum Check {
    /// One report: a function of its path and its bytes.
    Report(fn(&Report<'_>, &mut Sink<'_>)),
    /// How reports and files stand to each other.
    Tree(fn(&World<'_>, &mut TreeSink<'_>)),
    /// A report that could not be read, and the reason.
    Unread(fn(&str, &mut Sink<'_>)),
}

/// A rule. Its name is its code: it states the fault, is never renamed and never used for another rule.
pub struct Rule {
    /// The name, in kebab-case.
    pub name: &'static str,
    /// How bad a breach is, where the configuration does not say otherwise.
    pub level: Level,
    /// The page in Markdown: what it does, why, an example, how to mend it. Its examples are executed by a test.
    pub page: &'static str,
    /// What is done.
    pub check: Check,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What the configuration of a database says to the rules.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The prefix of our own ids.
    pub prefix: String,
    levels: BTreeMap<&'static str, Option<Level>>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { prefix: "MAL".into(), levels: BTreeMap::new() }
    }
}

/// No rule has that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no rule `{name}`")]
pub struct UnknownRule {
    /// The name that was asked for.
    pub name: String,
}

impl Settings {
    /// Takes a rule at another level, or (with none) not at all.
    ///
    /// # Errors
    ///
    /// There is no rule of that name.
    pub fn set(&mut self, name: &str, level: Option<Level>) -> Result<(), UnknownRule> {
        let rule = RULES.iter().find(|rule| rule.name == name).ok_or(UnknownRule { name: name.to_owned() })?;
        self.levels.insert(rule.name, level);
        Ok(())
    }

    /// The level at which a rule is taken; none where it is off.
    pub fn level(&self, rule: &Rule) -> Option<Level> {
        self.levels.get(rule.name).copied().unwrap_or(Some(rule.level))
    }
}
