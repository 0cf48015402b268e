//! `malpkg stats`: how many reports there are, of what kind, and who sent them.

use std::collections::{BTreeMap, BTreeSet};

use database::{Base, Entry, Report, ReportId};
use osv_schema::Record;
use serde::Serialize;

use crate::context::Context;
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::scores::{ScoreV1, Scores, counted};

/// The kind of reports that say nothing of the world.
const TEST: &str = "test";

/// Count the reports: by ecosystem, kind, source and year
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// As of this commit; without it, the newest one
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
}

/// How many reports stand, and how many were taken back.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct CountV1 {
    standing: usize,
    withdrawn: usize,
}

/// One source: how many reports it has a part in, and how good it is.
#[derive(Default, Serialize)]
struct SourceV1 {
    #[serde(flatten)]
    count: CountV1,
    #[serde(flatten)]
    score: ScoreV1,
}

#[derive(Serialize)]
struct StatsV1 {
    format: &'static str,
    version: u32,
    commit: Option<String>,
    time: Option<String>,
    reports: usize,
    standing: usize,
    withdrawn: usize,
    /// Reports without an id.
    unassigned: usize,
    /// Reports that cannot be read; they count above, and not below.
    unreadable: usize,
    /// Reports that are there to prove that blocking works; nothing else here counts them.
    tests: usize,
    /// Documents that were set aside.
    quarantined: usize,
    /// Versions that standing reports list.
    versions: usize,
    /// Standing reports that mean more than a list of versions.
    with_ranges: usize,
    decisions: usize,
    ecosystems: BTreeMap<String, CountV1>,
    kinds: BTreeMap<String, CountV1>,
    sources: BTreeMap<String, SourceV1>,
    years: BTreeMap<String, CountV1>,
}

/// What one report adds.
struct One {
    is_withdrawn: bool,
    is_unassigned: bool,
    facts: Option<Facts>,
}

struct Facts {
    ecosystem: String,
    kind: String,
    sources: BTreeSet<String>,
    year: String,
    versions: usize,
    has_ranges: bool,
    decisions: usize,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let reading = match &arguments.rev {
        Some(rev) => context.at_revision(&store, rev)?,
        None => context.at_head(&store)?,
    };
    let snapshot = &reading.snapshot;
    let prefix = &reading.config.settings.prefix;
    let reports: Vec<(bool, bool, &Entry)> = snapshot
        .reports()
        .map(|(place, entry)| (place.base == Base::Withdrawn, ReportId::is_unassigned(place.stem, prefix), entry))
        .collect();
    let entries: Vec<&Entry> = reports.iter().map(|(_, _, entry)| *entry).collect();
    let read = snapshot.map_each(&entries, |entry, bytes| match bytes {
        Ok(bytes) => Ok(Report::read(&entry.path, bytes).record.map(|record| (facts(&record), counted(&record)))),
        Err(error) if error.is_system => Err(error),
        Err(_) => Ok(None),
    });
    let mut stats = StatsV1 {
        format: "malpkg.stats",
        version: 1,
        commit: reading.commit_id(),
        time: reading.commit_time().map(|time| time.to_string()),
        reports: reports.len(),
        standing: 0,
        withdrawn: 0,
        unassigned: 0,
        unreadable: 0,
        tests: 0,
        quarantined: 0,
        versions: 0,
        with_ranges: 0,
        decisions: 0,
        ecosystems: BTreeMap::new(),
        kinds: BTreeMap::new(),
        sources: BTreeMap::new(),
        years: BTreeMap::new(),
    };
    let mut scores = Scores::default();
    for (&(is_withdrawn, is_unassigned, _), read) in reports.iter().zip(read) {
        let (facts, counted) = read?.unzip();
        counted.into_iter().for_each(|counted| scores.add(counted));
        stats.add(One { is_withdrawn, is_unassigned, facts });
    }
    stats.sources.iter_mut().for_each(|(source, told)| told.score = scores.of(source));
    let quarantined = snapshot
        .entries()
        .iter()
        .filter(|entry| entry.path.is_in("osv/quarantine") && entry.path.as_str().ends_with(".reason.toml"));
    stats.quarantined = quarantined.count();
    if context.wants_json() {
        context.write_json(&stats)?;
    } else {
        write_text(&stats, context)?;
    }
    Ok(Exit::Done)
}

fn facts(record: &Record) -> Facts {
    let affected = record.affected.items();
    let ecosystem = database::subject(record).map(|subject| subject.package.ecosystem().as_str().to_owned());
    let kind = osv_schema::additions::malpkg(record).and_then(|ours| ours.get("kind")?.as_str());
    Facts {
        ecosystem: ecosystem.unwrap_or_else(|_| "unknown".to_owned()),
        kind: kind.unwrap_or("malware").to_owned(),
        sources: record.origins().into_iter().filter_map(|origin| origin.source.value().cloned()).collect(),
        year: record.published_at().map_or_else(|| "unknown".to_owned(), |time| format!("{:04}", time.year())),
        versions: affected.iter().map(|affected| affected.versions.items().len()).sum(),
        has_ranges: affected.iter().any(|affected| !affected.ranges.items().is_empty()),
        decisions: record.decisions().len(),
    }
}

impl StatsV1 {
    fn add(&mut self, one: One) {
        if one.facts.as_ref().is_some_and(|facts| facts.kind == TEST) {
            self.tests += 1;
            self.reports -= 1;
            return;
        }
        let is_withdrawn = one.is_withdrawn;
        let add = |count: &mut CountV1| *if is_withdrawn { &mut count.withdrawn } else { &mut count.standing } += 1;
        *if is_withdrawn { &mut self.withdrawn } else { &mut self.standing } += 1;
        self.unassigned += usize::from(one.is_unassigned);
        let Some(facts) = one.facts else {
            self.unreadable += 1;
            return;
        };
        add(self.ecosystems.entry(facts.ecosystem).or_default());
        add(self.kinds.entry(facts.kind).or_default());
        add(self.years.entry(facts.year).or_default());
        facts.sources.into_iter().for_each(|source| add(&mut self.sources.entry(source).or_default().count));
        self.decisions += facts.decisions;
        if !is_withdrawn {
            self.versions += facts.versions;
            self.with_ranges += usize::from(facts.has_ranges);
        }
    }
}

fn write_text(stats: &StatsV1, context: &mut Context<'_>) -> Result<(), Failure> {
    let StatsV1 { standing, withdrawn, unassigned, unreadable, tests, quarantined, versions, with_ranges, .. } = stats;
    writeln!(context.out, "{}: {standing} stand, {withdrawn} are withdrawn", count(stats.reports, "report"))?;
    writeln!(
        context.out,
        "{} listed, {} with ranges, {}",
        count(*versions, "version"),
        count(*with_ranges, "report"),
        count(stats.decisions, "decision")
    )?;
    let notes = [
        (unassigned, "without an id"),
        (unreadable, "unreadable"),
        (tests, "tests of blocking, which count nowhere"),
        (quarantined, "documents in quarantine"),
    ];
    for (number, what) in notes.into_iter().filter(|(number, _)| **number > 0) {
        writeln!(context.out, "{number} {what}")?;
    }
    let sources: BTreeMap<String, CountV1> =
        stats.sources.iter().map(|(source, told)| (source.clone(), told.count)).collect();
    for (name, counts) in
        [("ecosystem", &stats.ecosystems), ("kind", &stats.kinds), ("source", &sources), ("year", &stats.years)]
    {
        if counts.is_empty() {
            continue;
        }
        writeln!(context.out, "\nby {name}, those that stand and those that are withdrawn")?;
        let mut counts: Vec<(&String, &CountV1)> = counts.iter().collect();
        if name != "year" {
            counts.sort_by_key(|(_, count)| std::cmp::Reverse(count.standing + count.withdrawn));
        }
        for (word, count) in counts {
            writeln!(context.out, "  {:>8} {:>8}  {}", count.standing, count.withdrawn, Shown(word))?;
        }
    }
    if !stats.sources.is_empty() {
        writeln!(context.out, "\nhow good each source is")?;
    }
    for (source, told) in &stats.sources {
        writeln!(context.out, "  {}: {}", Shown(source), told.score.written())?;
    }
    Ok(())
}
