//! What a change does to the world: which reports it brings, joins, narrows and takes back, and who should look.

use std::collections::{BTreeMap, BTreeSet};

use database::verdict::Statement;
use database::{ChangeKind, Facts, IDS_FILE, KeyKind, Mark, Place, Report, ReportId, TreePath, read_marks};
use osv_schema::{Member, Record, write};
use rules::{By, Known as _, Standing};
use serde::Serialize;

use super::markdown;
use super::route::{self, Beside, Route};
use crate::against::shows_evidence;
use crate::arguments::Format;
use crate::change::{self, Head, Held, Judging};
use crate::command::validate::parting;
use crate::context::Context;
use crate::display::{Shown, count, unmasked};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::waiting::GUARD;

/// How many versions of one report are listed for people.
const LISTED_MAX: usize = 8;

/// What a change does to one report.
#[derive(Clone, Debug, Default)]
pub(super) struct One {
    pub(super) kind: &'static str,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) package: String,
    /// Versions, and ranges as `vers:`, that become malicious.
    pub(super) added: Vec<String>,
    /// Those that are malicious no more.
    pub(super) removed: Vec<String>,
    /// The sources that say something new.
    pub(super) sources: Vec<String>,
    /// Other reports on the same package, or with the same alias.
    pub(super) overlaps: Vec<String>,
    /// What is wrong with it on a protected name.
    pub(super) protected: Vec<String>,
    /// How many faults the change brings to it, and which rules find them.
    pub(super) findings: usize,
    pub(super) rules: Vec<&'static str>,
    /// Whether it says how anybody knows.
    pub(super) has_evidence: bool,
    /// Whether it has no id.
    pub(super) is_draft: bool,
    pub(super) route: Route,
    pub(super) why: Vec<String>,
}

/// What a change does.
pub(super) struct Told {
    pub(super) base: String,
    pub(super) rev: String,
    pub(super) changes: Vec<One>,
    /// The files beside the reports that it changes.
    pub(super) others: Vec<String>,
    pub(super) route: Route,
    pub(super) why: Vec<String>,
}

impl Told {
    /// How many reports see which kind of change.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        self.changes.iter().for_each(|one| *counts.entry(one.kind).or_default() += 1);
        counts
    }
}

#[derive(Serialize)]
struct TriageV1<'t> {
    format: &'static str,
    version: u32,
    base: &'t str,
    rev: &'t str,
    route: &'static str,
    why: &'t [String],
    counts: BTreeMap<&'static str, usize>,
    changes: Vec<OneV1<'t>>,
    others: &'t [String],
}

#[derive(Serialize)]
struct OneV1<'t> {
    kind: &'t str,
    id: &'t str,
    path: &'t str,
    package: &'t str,
    added: &'t [String],
    removed: &'t [String],
    sources: &'t [String],
    overlaps: &'t [String],
    protected: &'t [String],
    findings: usize,
    rules: &'t [&'static str],
    route: &'static str,
    why: &'t [String],
}

pub(super) fn run(base: &str, rev: Option<&str>, by: By, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    if !store.is_git() {
        return Err(Failure::new("a change is between commits, and this is a plain folder")
            .remedy("leave out `--base`, or name a git repository with `--repo`"));
    }
    let progress = context.progress("looking for what changed");
    let head = match rev {
        Some(rev) => store.resolve(rev)?,
        None => store.head()?.ok_or_else(|| Failure::new("the repository has no commit yet"))?,
    };
    let base = parting(&store, base, &head)?;
    let config = context.config_of(&store, &base)?;
    let judging = Judging { store: &store, settings: &config.settings, by };
    let compared = change::compare(&judging, &base, &Head::Tree(head.tree))?;
    let known = change::standing(&judging, &base)?;
    let mut sides = Sides::default();
    for (path, bytes) in &compared.before {
        sides.put(path, bytes, true);
    }
    let differing = store.differing_paths(base.tree, head.tree)?;
    for (path, bytes) in &compared.after {
        // Files with faults that the change left alone are told of elsewhere.
        if differing.contains(path) {
            sides.put(path, bytes, false);
        }
    }
    let mut findings: BTreeMap<&TreePath, Vec<&rules::Finding>> = BTreeMap::new();
    let errors = |finding: &&rules::Finding| finding.level == rules::Level::Error;
    for finding in &compared.comparison.introduced {
        findings.entry(&finding.path).or_default().push(finding);
    }
    let facts: BTreeMap<&TreePath, &Facts> =
        compared.comparison.facts.iter().map(|facts| (&facts.path, facts)).collect();
    let mut changes = Vec::new();
    let prefix = &config.settings.prefix;
    for (before, after) in sides.pairs(prefix) {
        if after.is_none() && before.is_some_and(|(path, _)| sides.is_taken_in(path, prefix)) {
            continue;
        }
        let Some(mut one) = one(before, after, prefix) else { continue };
        let found = after.or(before).and_then(|(path, _)| findings.get(path));
        let found = found.map(Vec::as_slice).unwrap_or_default();
        let faults = || found.iter().copied().filter(errors);
        one.findings = faults().count();
        one.rules = faults().map(|finding| finding.rule.name).collect::<BTreeSet<_>>().into_iter().collect();
        if let Some((path, record)) = after {
            let of_guard = found.iter().filter(|finding| finding.rule.name == GUARD);
            one.protected = of_guard.map(|finding| finding.message.to_string()).collect();
            if one.protected.is_empty() {
                one.protected.extend(approved_by_itself(before, path, record, &config.settings));
            }
            if let Some(facts) = facts.get(path) {
                one.overlaps = overlaps(facts, &known)?;
            }
        }
        // Whoever claims that a source said it may have made that up.
        if by == By::Stranger {
            one.sources.clear();
        }
        (one.route, one.why) = route::of_report(&one, &config);
        changes.push(one);
    }
    changes.sort_by(|a, b| (b.route, a.kind, &a.path).cmp(&(a.route, b.kind, &b.path)));
    let kinds = changes.iter().filter_map(|one| match one.kind {
        "withdrawn" => Some(ChangeKind::Withdraw),
        "narrowed" => Some(ChangeKind::Narrow),
        "removed" if !one.is_draft => Some(ChangeKind::Remove),
        _ => None,
    });
    let taken = config.guard.beyond(kinds, known.reports(), &[]);
    let is_told = |path: &TreePath| sides.before.contains_key(path) || sides.after.contains_key(path);
    let others: Vec<TreePath> = differing.into_iter().filter(|path| !is_told(path)).collect();
    let elsewhere = compared.comparison.introduced.iter().filter(errors);
    let elsewhere = elsewhere.filter(|finding| !is_told(&finding.path));
    let beside = Beside {
        proves_marks: by == By::Maintainer && sides.proves_marks(&compared.before, &compared.after, prefix),
        files: &others,
        faults: elsewhere.map(|finding| finding.rule.name).collect(),
    };
    let (route, why) = route::of_all(&changes, &beside, &taken);
    let others = others.iter().map(ToString::to_string).collect();
    drop(progress);
    let told = Told { base: base.id.to_string(), rev: head.id.to_string(), changes, others, route, why };
    match context.general.format {
        Format::Json => write_json(&told, context)?,
        Format::Markdown => write!(context.out, "{}", markdown::change(&told))?,
        _ => write_text(&told, context)?,
    }
    Ok(Exit::Done)
}

type Read<'s> = (&'s TreePath, &'s Record);

/// What the change touches, before and after.
#[derive(Default)]
struct Sides {
    before: BTreeMap<TreePath, Record>,
    after: BTreeMap<TreePath, Record>,
}

impl Sides {
    fn put(&mut self, path: &TreePath, bytes: &[u8], is_before: bool) {
        let record = Place::of(path).and_then(|_| Report::read(path, bytes).record);
        if let Some(record) = record {
            let side = if is_before { &mut self.before } else { &mut self.after };
            side.insert(path.clone(), record);
        }
    }

    /// Every report with what it was. One that has an id is known by that wherever it lies; the name of one without is
    /// anybody's to choose, and says nothing.
    fn pairs(&self, prefix: &str) -> Vec<(Option<Read<'_>>, Option<Read<'_>>)> {
        let id = |path: &TreePath| Some(Place::of(path)?.stem.to_owned()).filter(|_| !is_draft(path, prefix));
        let mut gone: BTreeMap<String, Vec<Read<'_>>> = BTreeMap::new();
        let mut pairs = Vec::new();
        for before in self.before.iter().filter(|(path, _)| !self.after.contains_key(*path)) {
            match id(before.0) {
                Some(id) => gone.entry(id).or_default().push(before),
                None => pairs.push((Some(before), None)),
            }
        }
        for after in &self.after {
            let there = self.before.get_key_value(after.0);
            let before = there.or_else(|| gone.get_mut(&id(after.0)?)?.pop());
            pairs.push((before, Some(after)));
        }
        pairs.extend(gone.into_values().flatten().map(|before| (Some(before), None)));
        pairs
    }

    /// Whether a report without an id became part of another one on its package, or got an id.
    fn is_taken_in(&self, gone: &TreePath, prefix: &str) -> bool {
        let folder = |path: &TreePath| Place::of(path).map(|place| place.folder.to_lowercase());
        is_draft(gone, prefix) && self.after.keys().any(|path| folder(path) == folder(gone))
    }

    /// Whether the marks say no more than that the reports which the change brings have their ids.
    fn proves_marks(&self, before: &Held, after: &Held, prefix: &str) -> bool {
        let marks = |held: &Held| match held.get(IDS_FILE) {
            Some(bytes) => read_marks(bytes),
            None => Some(BTreeMap::new()),
        };
        let (Some(mut expected), Some(found)) = (marks(before), marks(after)) else { return false };
        let ids = self.after.keys().filter_map(|path| ReportId::parse(Place::of(path)?.stem));
        for id in ids.filter(|id| id.prefix == prefix) {
            let mark = expected.entry(i32::from(id.year)).or_default();
            mark.highest = mark.highest.max(id.number);
        }
        // The name of the newest batch proves nothing, and harms nobody.
        let counted = |marks: BTreeMap<i32, Mark>| -> Vec<_> {
            marks.into_iter().map(|(year, mark)| (year, mark.highest, mark.rest)).collect()
        };
        counted(expected) == counted(found)
    }
}

/// Whether a report still waits for its id.
fn is_draft(path: &TreePath, prefix: &str) -> bool {
    Place::of(path).is_some_and(|place| ReportId::is_unassigned(place.stem, prefix))
}

/// What happens to one report.
fn one(before: Option<Read<'_>>, after: Option<Read<'_>>, prefix: &str) -> Option<One> {
    let (path, record) = after.or(before)?;
    let place = Place::of(path)?;
    let meant = |side: Option<Read<'_>>| -> BTreeSet<String> {
        let said = side.filter(|(_, record)| !record.is_withdrawn());
        let said = said.and_then(|(path, record)| Statement::of(path, record.clone()).ok());
        said.map(|said| said.versions().iter().cloned().chain(said.vers()).collect()).unwrap_or_default()
    };
    let (was, is) = (meant(before), meant(after));
    let sources_of = |side: Option<Read<'_>>| -> BTreeSet<(String, String)> {
        let text = |member: &Member<String>| member.as_str().unwrap_or_default().to_owned();
        let origins = side.map(|(_, record)| record.origins()).unwrap_or_default();
        origins.iter().map(|origin| (text(&origin.source), text(&origin.sha256))).collect()
    };
    let before_sources = sources_of(before);
    let sources: BTreeSet<String> =
        sources_of(after).into_iter().filter(|one| !before_sources.contains(one)).map(|(source, _)| source).collect();
    let is_withdrawn = |side: Option<Read<'_>>| side.is_some_and(|(_, record)| record.is_withdrawn());
    let kind = match (before, after) {
        (None, _) => "new",
        (_, None) => "removed",
        _ if !is_withdrawn(before) && is_withdrawn(after) => "withdrawn",
        _ if is_withdrawn(before) && !is_withdrawn(after) => "reinstated",
        _ if is.difference(&was).next().is_some() => "joined",
        _ if was.difference(&is).next().is_some() => "narrowed",
        _ => "retold",
    };
    Some(One {
        kind,
        id: record.id.as_str().filter(|id| !id.is_empty()).unwrap_or(place.stem).to_owned(),
        path: path.to_string(),
        package: place.folder.to_owned(),
        added: is.difference(&was).cloned().collect(),
        removed: was.difference(&is).cloned().collect(),
        sources: sources.into_iter().collect(),
        has_evidence: shows_evidence(record),
        is_draft: is_draft(path, prefix),
        ..One::default()
    })
}

/// Who approved in the change itself of what it says of a protected name: what was there before was looked at then.
fn approved_by_itself(
    before: Option<Read<'_>>,
    path: &TreePath,
    record: &Record,
    settings: &rules::Settings,
) -> Option<String> {
    let known = before.map(|(_, record)| record.decisions()).unwrap_or_default();
    let (mut decisions, mut by) = (record.decisions(), None);
    for decision in decisions.iter_mut().filter(|decision| !known.contains(decision)) {
        if decision.kind.as_str() == Some("approve") {
            decision.kind = Member::Absent;
            by = Some(decision.by.as_str().unwrap_or("nobody named").to_owned());
        }
    }
    let by = by?;
    let mut record = record.clone();
    record.set_decisions(&decisions);
    let found = rules::judge_file(path, Ok(write::canonical(&record).as_bytes()), settings).findings;
    let is_protected = found.iter().any(|finding| finding.rule.name == GUARD);
    is_protected.then(|| format!("the change itself brings the approval of it, by {by}"))
}

/// Other reports of the base on the same package, or with the same id or alias.
fn overlaps(facts: &Facts, known: &Standing) -> Result<Vec<String>, Failure> {
    let mut found = BTreeSet::new();
    for key in facts.keys().filter(|key| matches!(key.kind, KeyKind::Package | KeyKind::Name)) {
        for holder in known.holders(&key).map_err(Failure::new)? {
            if holder.path != facts.path && (holder.id.is_none() || holder.id != facts.id) {
                found.insert(holder.id.as_deref().map_or_else(|| holder.path.to_string(), str::to_owned));
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// What of a report is listed for people, shortened.
pub(super) fn lists(one: &One) -> Vec<(&'static str, String)> {
    let listed = |what, all: &[String]| {
        let shown = all.iter().take(LISTED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = all.len().saturating_sub(LISTED_MAX);
        (what, if more > 0 { format!("{shown} and {more} more") } else { shown })
    };
    let all = [
        listed("malicious:", &one.added),
        listed("no longer:", &one.removed),
        listed("from", &one.sources),
        listed("beside", &one.overlaps),
    ];
    all.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

fn write_json(told: &Told, context: &mut Context<'_>) -> Result<(), Failure> {
    let changes = told.changes.iter().map(|one| OneV1 {
        kind: one.kind,
        id: &one.id,
        path: &one.path,
        package: &one.package,
        added: &one.added,
        removed: &one.removed,
        sources: &one.sources,
        overlaps: &one.overlaps,
        protected: &one.protected,
        findings: one.findings,
        rules: &one.rules,
        route: one.route.word(),
        why: &one.why,
    });
    context.write_json(&TriageV1 {
        format: "malpkg.triage",
        version: 1,
        base: &told.base,
        rev: &told.rev,
        route: told.route.word(),
        why: &told.why,
        counts: told.counts(),
        changes: changes.collect(),
        others: &told.others,
    })
}

fn write_text(told: &Told, context: &mut Context<'_>) -> Result<(), Failure> {
    for one in &told.changes {
        let mut line = format!("{:10} {} {}", one.kind, one.id, one.package);
        for (what, listed) in lists(one) {
            line.push_str(&format!("; {what} {listed}"));
        }
        writeln!(context.out, "{}", Shown(&unmasked(&line)))?;
        for why in one.why.iter().chain(&one.protected) {
            let why = context.tamed_words(why);
            writeln!(context.out, "  {}: {}", one.route.word(), Shown(&why))?;
        }
    }
    for path in &told.others {
        writeln!(context.out, "changes    {}", Shown(path))?;
    }
    let counts: Vec<String> = told.counts().into_iter().map(|(kind, number)| format!("{number} {kind}")).collect();
    let counts = if counts.is_empty() { "no report changes".to_owned() } else { counts.join(", ") };
    writeln!(context.out, "{}: {counts}", count(told.changes.len(), "report"))?;
    let why = if told.why.is_empty() { String::new() } else { format!(": {}", told.why.join("; ")) };
    Ok(writeln!(context.out, "{}{}", told.route.told(), Shown(&why))?)
}
