//! Judging a whole snapshot: every rule over every report, and then the relations between them.

use database::{Entry, Place, ReadError, Report, ReportId, Snapshot, TreePath};
use osv_schema::Pointer;

use crate::{Check, Finding, Level, RULES, Rule, Settings, Spot};

/// What was found in a snapshot.
#[derive(Debug)]
pub struct Validation {
    /// How many reports there are.
    pub reports: usize,
    /// Everything that was found, sorted.
    pub findings: Vec<Finding>,
    /// The reports that the machine did not give, of which nothing is known.
    pub unread: Vec<ReadError>,
}

/// What the relations between reports are judged by. Of a report that was not read only the path speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The report's path.
    pub path: TreePath,
    /// Its id; none while it is unassigned.
    pub id: Option<String>,
}

impl Facts {
    /// What the path of a report says.
    pub fn of_place(path: &TreePath, place: Place<'_>, settings: &Settings) -> Facts {
        let is_assigned = !ReportId::is_unassigned(place.stem, &settings.prefix);
        Facts { path: path.clone(), id: is_assigned.then(|| place.stem.to_owned()) }
    }

    /// What a report says.
    pub fn of_report(report: &Report<'_>, settings: &Settings) -> Option<Facts> {
        let by_place = Facts::of_place(report.path, Place::of(report.path)?, settings);
        let own = report.record.as_ref().and_then(|record| record.id.as_str()).filter(|id| !id.is_empty());
        Some(match own {
            Some(id) if by_place.id.is_some() => Facts { id: Some(id.to_owned()), ..by_place },
            _ => by_place,
        })
    }
}

/// Where the rules about the tree put what they find: the file, the report's id, what is wrong, what makes it right.
pub type TreeSink<'s> = dyn FnMut(&TreePath, &str, String, String) + 's;

/// A snapshot with the facts of its reports, by path.
pub struct World<'w> {
    /// The files.
    pub snapshot: &'w Snapshot,
    /// What the reports say.
    pub facts: &'w [Facts],
    /// What the configuration says.
    pub settings: &'w Settings,
}

/// Where the rules about one report put what they find.
pub struct Sink<'s> {
    rule: &'static Rule,
    level: Level,
    path: &'s TreePath,
    id: &'s str,
    /// What the configuration says.
    pub settings: &'s Settings,
    /// How many findings of the rule there are.
    put: usize,
    findings: &'s mut Vec<Finding>,
}

/// How many findings of one rule are told of one report.
pub const FINDINGS_MAX: usize = 200;

impl Sink<'_> {
    /// Puts a finding at a value.
    pub fn at(&mut self, pointer: Pointer, message: impl Into<String>, remedy: impl Into<String>) {
        self.push(Spot::Pointer(pointer.clone()), pointer, message.into(), remedy.into());
    }

    /// Puts a finding at a byte; the pointer says as much as can be said.
    pub fn at_byte(&mut self, at: usize, pointer: Pointer, message: impl Into<String>, remedy: impl Into<String>) {
        self.push(Spot::Offset(at), pointer, message.into(), remedy.into());
    }

    /// Puts a finding at the file itself.
    pub fn at_file(&mut self, message: impl Into<String>, remedy: impl Into<String>) {
        self.push(Spot::File, Pointer::root(), message.into(), remedy.into());
    }

    /// Whether the report has as many findings of this rule as are told. A hostile file could have a million.
    pub fn is_full(&self) -> bool {
        self.put >= FINDINGS_MAX
    }

    fn push(&mut self, spot: Spot, pointer: Pointer, message: String, remedy: String) {
        if self.is_full() {
            return;
        }
        self.put += 1;
        let (rule, level, path, id) = (self.rule, self.level, self.path.clone(), self.id.to_owned());
        self.findings.push(Finding { rule, level, path, id, spot, pointer, message, remedy });
    }
}

/// Judges every report of a snapshot, and how they stand to each other.
pub fn validate(snapshot: &Snapshot, settings: &Settings) -> Validation {
    let entries: Vec<&Entry> = snapshot.reports().map(|(_, entry)| entry).collect();
    let judged = snapshot.map(&entries, |entry, bytes| match bytes {
        Err(error) if error.is_system => Err(error),
        bytes => Ok(judge_file(&entry.path, bytes, settings)),
    });
    let (mut findings, mut unread) = (Vec::new(), Vec::new());
    let mut facts = Vec::with_capacity(judged.len());
    for judged in judged {
        match judged {
            Ok((found, fact)) => {
                findings.extend(found);
                facts.extend(fact);
            }
            Err(error) => unread.push(error),
        }
    }
    findings.extend(judge_tree(&World { snapshot, facts: &facts, settings }));
    findings.sort();
    Validation { reports: entries.len(), findings, unread }
}

/// Judges one file that lies where reports lie.
pub(crate) fn judge_file(
    path: &TreePath,
    bytes: Result<&[u8], ReadError>,
    settings: &Settings,
) -> (Vec<Finding>, Option<Facts>) {
    let mut findings = Vec::new();
    match bytes {
        Ok(bytes) => {
            let report = Report::read(path, bytes);
            for_each_rule(settings, |rule, level| {
                if let Check::Report(check) = rule.check {
                    check(
                        &report,
                        &mut Sink { rule, level, path, id: report.id(), settings, put: 0, findings: &mut findings },
                    );
                }
            });
            (findings, Facts::of_report(&report, settings))
        }
        Err(error) => {
            let place = Place::of(path);
            let id = place.map_or("", |place| place.stem);
            for_each_rule(settings, |rule, level| {
                if let Check::Unread(check) = rule.check {
                    check(
                        &error.reason,
                        &mut Sink { rule, level, path, id, settings, put: 0, findings: &mut findings },
                    );
                }
            });
            (findings, place.map(|place| Facts::of_place(path, place, settings)))
        }
    }
}

/// Applies every rule about how reports and files stand to each other.
pub(crate) fn judge_tree(world: &World<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for_each_rule(world.settings, |rule, level| {
        if let Check::Tree(check) = rule.check {
            check(world, &mut |path, id, message, remedy| {
                let (path, id, pointer) = (path.clone(), id.to_owned(), Pointer::root());
                findings.push(Finding { rule, level, path, id, spot: Spot::File, pointer, message, remedy });
            });
        }
    });
    findings
}

fn for_each_rule(settings: &Settings, mut apply: impl FnMut(&'static Rule, Level)) {
    for rule in RULES {
        if let Some(level) = settings.level(rule) {
            apply(rule, level);
        }
    }
}
