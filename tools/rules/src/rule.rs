//! What a rule is, and how strictly each one is taken.

use std::collections::BTreeMap;

use database::{Facts, Key, KeyKind, Report, Snapshot, TreePath};

use crate::RULES;
use crate::edited::Edited;
use crate::protected::Protected;
use crate::sink::{SharedSink, Sink};

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

/// What a rule looks at. Most are functions of one file, so that a file is judged once for each content.
#[derive(Clone, Copy)]
pub enum Check {
    /// What a report says, wherever it lies.
    Record(fn(&Report<'_>, &mut Sink<'_>)),
    /// Whether a report lies where it should, under the name it should have.
    Place(fn(&Report<'_>, &mut Sink<'_>)),
    /// A report that could not be read, and the reason.
    Unread(fn(&str, &mut Sink<'_>)),
    /// The path of any file of the database.
    File(fn(&TreePath, &mut Sink<'_>)),
    /// The reports that one key of a kind leads to, by path; called for each key that leads to more than one.
    Shared(KeyKind, fn(&Key, &[&Facts], &mut SharedSink<'_>)),
    /// The file of the ids that were given.
    Marks(fn(&[u8], &mut Sink<'_>)),
    /// That file, and the tree that it speaks of; asked where a whole tree is judged.
    Ids(fn(&[u8], &Snapshot, &mut Sink<'_>)),
    /// What a change makes of one file, told where a base is given.
    History(fn(&Edited<'_>, &mut Sink<'_>)),
    /// The same, asked only of a change that a stranger sends.
    Contribution(fn(&Edited<'_>, &mut Sink<'_>)),
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

impl Rule {
    /// The first sentence of what it does.
    pub fn summary(&self) -> String {
        let does = self.page.split("## What it does").nth(1).unwrap_or_default().trim_start();
        let paragraph = does.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        paragraph.split_inclusive(". ").next().unwrap_or_default().trim_end().to_owned()
    }
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The registry of campaigns, from the root of the tree.
pub const CAMPAIGNS_FILE: &str = "config/campaigns.toml";

/// What the configuration of a database says to the rules.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The prefix of our own ids.
    pub prefix: String,
    /// The names that no report may take without a second person.
    pub protected: Protected,
    /// The words by which reports may call campaigns, each with the one that they should use; none where no registry is kept.
    pub campaigns: Option<BTreeMap<String, String>>,
    /// The rules that are on, each at its level.
    active: Vec<(&'static Rule, Level)>,
}

impl Default for Settings {
    fn default() -> Settings {
        let active = RULES.iter().map(|&rule| (rule, rule.level)).collect();
        Settings { prefix: "MAL".into(), protected: Protected::default(), campaigns: None, active }
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
        let rule = RULES.iter().copied().find(|rule| rule.name == name).ok_or(UnknownRule { name: name.to_owned() })?;
        self.active.retain(|(other, _)| other.name != name);
        self.active.extend(level.map(|level| (rule, level)));
        self.active.sort_by_key(|(rule, _)| rule.name);
        Ok(())
    }

    /// The same with the rules alone that are taken as errors.
    pub(crate) fn errors(&self) -> Settings {
        let active = self.active.iter().copied().filter(|(_, level)| *level == Level::Error).collect();
        Settings { active, ..self.clone() }
    }

    /// The rules that are on, by name, with the level at which each is taken.
    pub fn rules(&self) -> &[(&'static Rule, Level)] {
        &self.active
    }
}
