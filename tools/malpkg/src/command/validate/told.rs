//! What a validation has to tell, once for all views.

use std::collections::BTreeMap;

use database::TreePath;
use rules::{Finding, Level, Settings, Validation};

use crate::change::Compared;

/// What is told.
pub(super) struct Told {
    /// The commit that was judged, if it is one.
    pub rev: Option<String>,
    /// The commit that it was judged against.
    pub base: Option<String>,
    /// How many reports there are.
    pub reports: usize,
    /// How many files of a partial clone are not here, and were not judged.
    pub unread: usize,
    pub verdict: Verdict,
    /// Sorted by file and place; the healed ones at their places in the base.
    pub findings: Vec<(Status, Finding)>,
    /// How often each rule found something.
    pub counts: BTreeMap<&'static str, Count>,
    /// How the files were named by whoever asked, where they do not lie in a database.
    pub names: BTreeMap<TreePath, String>,
}

/// Where a finding stands between base and head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Introduced,
    Present,
    Healed,
}

/// The whole in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Clean,
    Findings,
    Introduced,
    StillThere,
    Healed,
}

/// How often one rule found something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    pub level: Level,
    pub introduced: usize,
    pub present: usize,
    pub healed: usize,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Status::Introduced => "introduced",
            Status::Present => "present",
            Status::Healed => "healed",
        }
    }
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Verdict::Clean => "clean",
            Verdict::Findings => "findings",
            Verdict::Introduced => "introduced",
            Verdict::StillThere => "still-there",
            Verdict::Healed => "healed",
        }
    }

    /// Whether the exit code says so.
    pub(super) fn is_found(self) -> bool {
        matches!(self, Verdict::Findings | Verdict::Introduced)
    }
}

impl Told {
    /// The path of a finding as people and programs know it.
    pub(super) fn path<'t>(&'t self, finding: &'t Finding) -> &'t str {
        self.names.get(&finding.path).map_or(finding.path.as_str(), String::as_str)
    }

    /// What a whole validation tells, without a base.
    pub(super) fn of_validation(
        findings: Vec<Finding>,
        shows: impl Fn(&Finding) -> bool,
        is_strict: bool,
        reports: usize,
    ) -> Told {
        let mut counts = BTreeMap::new();
        let mut is_found = false;
        let findings: Vec<(Status, Finding)> = findings
            .into_iter()
            .filter(|finding| shows(finding))
            .inspect(|finding| {
                count(&mut counts, finding).present += 1;
                is_found |= is_strict || finding.level == Level::Error;
            })
            .map(|finding| (Status::Present, finding))
            .collect();
        let verdict = if is_found { Verdict::Findings } else { Verdict::Clean };
        Told { rev: None, base: None, reports, unread: 0, verdict, findings, counts, names: BTreeMap::new() }
    }

    /// What the judgement of a change tells. Of what was there before in files that the change does not touch, errors are
    /// told one by one, and warnings are counted.
    pub(super) fn of_change(
        compared: &mut Compared,
        shows: impl Fn(&Finding) -> bool,
        is_all_shown: bool,
        is_strict: bool,
        settings: &Settings,
    ) -> Told {
        let mut counts = BTreeMap::new();
        let comparison = &mut compared.comparison;
        if !is_all_shown {
            for found in [&mut comparison.introduced, &mut comparison.present, &mut comparison.healed] {
                found.retain(|finding| shows(finding));
            }
            // What was there before is only counted for the whole tree; of a part of it, what is shown counts.
            compared.base_counts.clear();
            comparison.present.iter().for_each(|finding| count(&mut counts, finding).present += 1);
        }
        for &(rule, level) in settings.rules() {
            let present = compared.base_counts.get(rule.name).copied().unwrap_or_default();
            if present > 0 {
                counts.insert(rule.name, Count { level, introduced: 0, present, healed: 0 });
            }
        }
        for finding in &comparison.introduced {
            count(&mut counts, finding).introduced += 1;
        }
        for finding in &comparison.healed {
            let count = count(&mut counts, finding);
            count.healed += 1;
            if is_all_shown {
                count.present = count.present.saturating_sub(1);
            }
        }
        let counted = |level: Level| is_strict || level == Level::Error;
        let any = |number: fn(&Count) -> usize| counts.values().any(|count| counted(count.level) && number(count) > 0);
        let verdict = if any(|count| count.introduced) {
            Verdict::Introduced
        } else if any(|count| count.healed) {
            Verdict::Healed
        } else if any(|count| count.present) {
            Verdict::StillThere
        } else {
            Verdict::Clean
        };
        let mut findings = Vec::new();
        for (status, found) in [
            (Status::Introduced, &mut comparison.introduced),
            (Status::Present, &mut comparison.present),
            (Status::Healed, &mut comparison.healed),
        ] {
            findings.extend(std::mem::take(found).into_iter().map(|finding| (status, finding)));
        }
        findings.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
        let (reports, unread) = (compared.reports, compared.unread);
        Told { rev: None, base: None, reports, unread, verdict, findings, counts, names: BTreeMap::new() }
    }

    /// What a whole validation tells of findings at places that are shown.
    pub(super) fn of_snapshot(validation: Validation, shows: impl Fn(&Finding) -> bool, is_strict: bool) -> Told {
        Told::of_validation(validation.findings, shows, is_strict, validation.reports)
    }
}

fn count<'c>(counts: &'c mut BTreeMap<&'static str, Count>, finding: &Finding) -> &'c mut Count {
    let level = finding.level;
    counts.entry(finding.rule.name).or_insert(Count { level, introduced: 0, present: 0, healed: 0 })
}
