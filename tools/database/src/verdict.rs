//! The answer about a package version: what the reports on it come to.

use std::collections::BTreeSet;

use ecosystem::Package;
use ecosystem::version::{Event, Identity, Order, RangeKind, RangeView, affects};
use osv_schema::{Affected, Member, Range, Record};

use crate::{Base, Entry, Snapshot, SubjectError, TreePath, subject};

/// Fewer digits than git itself would take for a commit.
const COMMIT_DIGITS_MIN: usize = 7;

/// A report as far as a verdict needs it.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Where the report lies.
    pub path: TreePath,
    /// What it is about.
    pub package: Package,
    /// What it says.
    pub record: Record,
}

/// What is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A report that stands says so of what was asked.
    Malicious,
    /// A package was asked for without a version, and not all of its versions are malicious.
    SomeVersions,
    /// Only reports that were taken back speak of it.
    Withdrawn,
    /// No report speaks of it.
    NotKnown,
}

/// Which versions reports mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Every version.
    All,
    /// The ones they name.
    These,
    /// None.
    None,
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What is known.
    pub verdict: Verdict,
    /// Of which versions.
    pub versions: Coverage,
    /// The statements it rests on, by their place in the list that was asked.
    pub reports: Vec<usize>,
    /// The statements that stand and mean other versions than the one asked for.
    pub others: Vec<usize>,
}

impl Verdict {
    /// The word of the interface.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Malicious => "malicious",
            Verdict::SomeVersions => "some-versions",
            Verdict::Withdrawn => "withdrawn",
            Verdict::NotKnown => "not-known",
        }
    }
}

impl Coverage {
    /// The word of the interface.
    pub fn word(self) -> &'static str {
        match self {
            Coverage::All => "all",
            Coverage::These => "these",
            Coverage::None => "none",
        }
    }
}

/// The files in which reports on a package lie, found by their folders alone. Not each must be on the package: some
/// ecosystems tell names apart that share a folder, and a package without a suffix stands for those with one.
pub fn candidates<'s>(snapshot: &'s Snapshot, package: &Package) -> Vec<&'s Entry> {
    let Ok(folder) = package.folder() else { return Vec::new() };
    let ecosystem = package.ecosystem();
    let path = folder.package_path();
    let mut directories: BTreeSet<String> = ecosystem.directory_aliases().into_iter().collect();
    directories.insert(ecosystem.directory());
    if ecosystem.suffix().is_none() {
        directories.extend(suffixed_directories(snapshot, &ecosystem.directory()));
    }
    let mut found = Vec::new();
    for base in Base::ALL {
        for directory in &directories {
            found.extend(snapshot.in_folder(&format!("{}/{directory}/{path}", base.folder())));
        }
    }
    found.retain(|entry| crate::Place::of(&entry.path).is_some());
    found
}

/// The directories of the tree whose ecosystem is this one with a suffix.
fn suffixed_directories(snapshot: &Snapshot, directory: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for base in Base::ALL {
        let prefix = format!("{}/{directory}:", base.folder());
        let mut rest = snapshot.entries();
        loop {
            // One step a directory: the files of one are passed over in one search.
            rest = &rest[rest.partition_point(|entry| entry.path.as_str() < prefix.as_str())..];
            let Some(path) = rest.first().and_then(|entry| entry.path.as_str().strip_prefix(base.folder())) else {
                break;
            };
            let name = path.trim_start_matches('/').split('/').next().unwrap_or_default();
            if !name.starts_with(directory) || name.as_bytes().get(directory.len()) != Some(&b':') {
                break;
            }
            found.insert(name.to_owned());
            let inside = format!("{}/{name}", base.folder());
            rest = &rest[rest.partition_point(|entry| entry.path.is_in(&inside))..];
        }
    }
    found
}

/// What statements on one package come to, for a version or (without one) for the package as a whole.
pub fn of(statements: &[Statement], version: Option<&str>) -> Answer {
    let chosen = |is_wanted: &dyn Fn(&Statement) -> bool| -> Vec<usize> {
        (0..statements.len()).filter(|&index| is_wanted(&statements[index])).collect()
    };
    let speaks = |statement: &Statement| version.is_none_or(|version| statement.affects(version));
    let live = chosen(&|statement| !statement.record.is_withdrawn() && speaks(statement));
    let others = chosen(&|statement| !statement.record.is_withdrawn() && !speaks(statement));
    if !live.is_empty() {
        let covers_all = live.iter().any(|&index| statements[index].covers_all());
        let names_some = live.iter().any(|&index| statements[index].names_any());
        let (verdict, versions) = match (version, covers_all) {
            (_, true) => (Verdict::Malicious, Coverage::All),
            (Some(_), false) => (Verdict::Malicious, Coverage::These),
            (None, false) if names_some => (Verdict::SomeVersions, Coverage::These),
            // A report that names nothing speaks of no version.
            (None, false) => (Verdict::NotKnown, Coverage::None),
        };
        return Answer { verdict, versions, reports: live, others };
    }
    let withdrawn = chosen(&|statement| statement.record.is_withdrawn() && speaks(statement));
    let verdict = if withdrawn.is_empty() { Verdict::NotKnown } else { Verdict::Withdrawn };
    Answer { verdict, versions: Coverage::None, reports: withdrawn, others }
}

impl Statement {
    /// Reads what a report says.
    ///
    /// # Errors
    ///
    /// The report is not about one package.
    pub fn of(path: &TreePath, record: Record) -> Result<Statement, SubjectError> {
        let package = subject(&record)?.package;
        Ok(Statement { path: path.clone(), package, record })
    }

    /// Reads what a record says of each package it is about, in the order of its entries.
    ///
    /// # Errors
    ///
    /// An entry is about no package that can be known.
    pub fn each(path: &TreePath, record: &Record) -> Result<Vec<Statement>, SubjectError> {
        let rest = Record { affected: Member::Absent, ..record.clone() };
        let alone = |affected: &Affected| Record { affected: Member::Value(vec![affected.clone()]), ..rest.clone() };
        record.affected.items().iter().map(|affected| Statement::of(path, alone(affected))).collect()
    }

    fn affected(&self) -> Option<&Affected> {
        self.record.affected.items().first()
    }

    /// The versions that are listed.
    pub fn versions(&self) -> &[String] {
        self.affected().map_or(&[], |affected| affected.versions.items())
    }

    fn ranges(&self) -> &[Range] {
        self.affected().map_or(&[], |affected| affected.ranges.items())
    }

    fn names_any(&self) -> bool {
        !self.versions().is_empty() || !self.ranges().is_empty()
    }

    /// Whether a version is meant. Of a listed one any spelling counts that its ecosystem takes for the same version,
    /// of a tag also the one without the leading `v`, and of a commit any beginning that is long enough.
    pub fn affects(&self, version: &str) -> bool {
        let asked = Identity::of(self.order(), version);
        let is_same = |listed: &String| listed == version || Identity::of(self.order(), listed) == asked;
        self.versions().iter().any(is_same) || self.evaluates(version) || self.names_commit(version)
    }

    /// Whether a range of commits begins with this commit, or ends with it as the last one affected. Which commits lie
    /// between two others only the repository knows.
    fn names_commit(&self, commit: &str) -> bool {
        let is_commit = commit.len() >= COMMIT_DIGITS_MIN && commit.bytes().all(|b| b.is_ascii_hexdigit());
        let commit = commit.to_ascii_lowercase();
        let commits = self.ranges().iter().filter(|range| kind(range) == Some(RangeKind::Git)).flat_map(events);
        is_commit
            && commits.into_iter().any(|event| match event {
                Event::Introduced(at) | Event::LastAffected(at) => at.starts_with(&commit),
                Event::Fixed(_) | Event::Limit(_) => false,
            })
    }

    fn order(&self) -> Option<Order> {
        Order::of(self.package.ecosystem().base())
    }

    /// Whether a version is meant by [OSV's evaluation](https://ossf.github.io/osv-schema/#evaluation) to the letter:
    /// a listed version counts only as it is spelled.
    pub fn evaluates(&self, version: &str) -> bool {
        let events: Vec<Vec<Event<'_>>> = self.ranges().iter().map(events).collect();
        let ranges: Vec<RangeView<'_>> = self
            .ranges()
            .iter()
            .zip(&events)
            .filter_map(|(range, events)| Some(RangeView { kind: kind(range)?, events }))
            .collect();
        affects(self.order(), version, self.versions(), &ranges).is_affected()
    }

    /// Whether every version is meant: a range from the beginning without an end.
    pub fn covers_all(&self) -> bool {
        self.ranges().iter().any(|range| {
            matches!(kind(range), Some(RangeKind::SemVer | RangeKind::Ecosystem))
                && events(range).contains(&Event::Introduced("0"))
                && events(range).iter().all(|event| matches!(event, Event::Introduced(_) | Event::Limit("*")))
        })
    }

    /// The ranges as the [version range specifier](https://github.com/package-url/vers-spec) writes them.
    pub fn vers(&self) -> Vec<String> {
        let ecosystem = self.package.ecosystem();
        let fallback = ecosystem.base().to_lowercase();
        let scheme = ecosystem.purl_types().next().map_or(fallback, str::to_owned);
        let written = |range: &Range| {
            let scheme = if kind(range)? == RangeKind::Git { "git" } else { &scheme };
            Some(format!("vers:{scheme}/{}", constraints(&events(range))))
        };
        self.ranges().iter().filter_map(written).collect()
    }
}

/// The type of a range; none where the schema has no such type.
pub fn kind(range: &Range) -> Option<RangeKind> {
    match range.kind.as_str()? {
        "SEMVER" => Some(RangeKind::SemVer),
        "ECOSYSTEM" => Some(RangeKind::Ecosystem),
        "GIT" => Some(RangeKind::Git),
        _ => None,
    }
}

/// The events of a range, in the order in which they stand.
pub fn events(range: &Range) -> Vec<Event<'_>> {
    let entries = range.events.items().iter().flat_map(osv_schema::Event::entries);
    entries
        .map(|(name, value)| match name {
            "introduced" => Event::Introduced(value),
            "fixed" => Event::Fixed(value),
            "last_affected" => Event::LastAffected(value),
            _ => Event::Limit(value),
        })
        .collect()
}

/// Constraints in the order in which the events stand; `*` for every version.
fn constraints(events: &[Event<'_>]) -> String {
    let written: Vec<String> = events
        .iter()
        .filter_map(|event| match *event {
            Event::Introduced("0") | Event::Limit("*") => None,
            Event::Introduced(version) => Some(format!(">={version}")),
            Event::Fixed(version) | Event::Limit(version) => Some(format!("<{version}")),
            Event::LastAffected(version) => Some(format!("<={version}")),
        })
        .collect();
    if written.is_empty() { "*".into() } else { written.join("|") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use osv_schema::Document;

    fn statement(affected: &str, more: &str) -> Statement {
        let text = format!(
            r#"{{"id": "MAL-2026-1", "published": "2026-01-01T00:00:00Z", {more}
            "affected": [{{"package": {{"ecosystem": "npm", "name": "a"}}, {affected}}}]}}"#
        );
        let record = Record::read(&Document::parse(text.as_bytes()).unwrap()).unwrap();
        Statement::of(&"osv/malicious/npm/a/MAL-2026-1.json".parse().unwrap(), record).unwrap()
    }

    #[track_caller]
    fn check(statements: &[Statement], version: Option<&str>, expected: (&str, &str, usize)) {
        let answer = of(statements, version);
        assert_eq!((answer.verdict.word(), answer.versions.word(), answer.reports.len()), expected, "{version:?}");
    }

    const ALL: &str = r#""ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]"#;
    const SOME: &str = r#""versions": ["1.0.0", "1.0.1"]"#;
    const RANGE: &str = r#""ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "1.2.0"}]}]"#;
    const WITHDRAWN: &str = r#""withdrawn": "2026-02-01T00:00:00Z","#;

    #[test]
    fn a_verdict_speaks_of_what_was_asked() {
        check(&[], None, ("not-known", "none", 0));
        check(&[statement(ALL, "")], None, ("malicious", "all", 1));
        check(&[statement(ALL, "")], Some("anything at all"), ("malicious", "all", 1));
        check(&[statement(SOME, "")], None, ("some-versions", "these", 1));
        check(&[statement(SOME, "")], Some("1.0.1"), ("malicious", "these", 1));
        check(&[statement(SOME, "")], Some("2.0.0"), ("not-known", "none", 0));
        check(&[statement(RANGE, "")], Some("1.1.9"), ("malicious", "these", 1));
        check(&[statement(RANGE, "")], Some("1.2.0"), ("not-known", "none", 0));
        check(&[statement(ALL, WITHDRAWN)], Some("1.0.0"), ("withdrawn", "none", 1));
        check(&[statement(ALL, WITHDRAWN), statement(SOME, "")], Some("1.0.0"), ("malicious", "these", 1));
        check(&[statement(ALL, WITHDRAWN), statement(SOME, "")], Some("3.0.0"), ("withdrawn", "none", 1));
        check(&[statement(r#""versions": []"#, "")], None, ("not-known", "none", 1));
    }

    #[test]
    fn commits_and_tags_are_named_as_people_name_them() {
        let git = r#""versions": ["5.6.0"], "ranges": [{"type": "GIT", "repo": "https://example.org/r", "events": [
            {"introduced": "cf44e4b7f5dfdbf8c78aef377c10f71e274f63c0"}]}]"#;
        let mut said = statement(git, "");
        said.package = Package::new(ecosystem::Ecosystem::git(), "https://example.org/r");
        for version in ["5.6.0", "v5.6.0", "cf44e4b7", "CF44E4B7F5DFDBF8C78AEF377C10F71E274F63C0"] {
            assert!(said.affects(version), "{version}");
        }
        assert!(!said.affects("cf44e4") && !said.affects("5.6.2"));
        assert_eq!(said.vers(), ["vers:git/>=cf44e4b7f5dfdbf8c78aef377c10f71e274f63c0"]);
    }

    #[test]
    fn ranges_are_written_as_vers() {
        assert_eq!(statement(ALL, "").vers(), ["vers:npm/*"]);
        assert_eq!(statement(RANGE, "").vers(), ["vers:npm/>=1.0.0|<1.2.0"]);
        let last = r#""ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"last_affected": "2.0.0"}]}]"#;
        assert_eq!(statement(last, "").vers(), ["vers:npm/<=2.0.0"]);
    }
}
