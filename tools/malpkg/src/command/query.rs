//! `malpkg query`: what is known about a package, a version, or an id.

use std::collections::BTreeMap;
use std::io::BufRead;

use database::verdict::{self, Statement};
use database::{Entry, Place, Report, Snapshot};
use ecosystem::PackageQuery;
use serde::Serialize;

use crate::command::path::package_query;
use crate::context::{Context, Reading};
use crate::display::Shown;
use crate::exit::Exit;
use crate::failure::Failure;

/// Ask whether a package, a version of it, or a report's id is known as malicious
///
/// A package is written `npm/left-pad`, `npm/@scope/name@1.2.3`, or as a purl; a report as its id or its path from the
/// root of the database. The exit code is 1 if anything asked for is malicious.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Packages, ids or paths; `-` reads them from standard input, one a line
    #[arg(required = true, value_name = "WHAT")]
    what: Vec<String>,

    /// The ecosystem of the names, for one whose own name has slashes
    #[arg(long, value_name = "ECOSYSTEM")]
    ecosystem: Option<String>,
}

#[derive(Serialize)]
struct QueryV1 {
    format: &'static str,
    version: u32,
    data: DataV1,
    answers: Vec<AnswerV1>,
}

#[derive(Serialize)]
struct DataV1 {
    commit: Option<String>,
    time: Option<String>,
}

#[derive(Serialize)]
struct AnswerV1 {
    query: String,
    verdict: &'static str,
    versions: &'static str,
    reports: Vec<ReportV1>,
}

#[derive(Serialize)]
struct ReportV1 {
    id: String,
    aliases: Vec<String>,
    kind: String,
    confidence: Option<String>,
    summary: String,
    published: Option<String>,
    modified: Option<String>,
    withdrawn: Option<String>,
    dispute: Option<String>,
    affected_versions: Vec<String>,
    affected_ranges: Vec<String>,
    since: BTreeMap<String, String>,
    url: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let reading = context.at_head(&store)?;
    let mut answers = Vec::new();
    for what in words(&arguments.what)? {
        answers.push(answer(&what, arguments.ecosystem.as_deref(), &reading)?);
    }
    let is_malicious = answers.iter().any(|answer| matches!(answer.verdict, "malicious" | "some-versions"));
    if context.wants_json() {
        let time = reading.commit_time().map(|time| time.to_string());
        let data = DataV1 { commit: reading.commit_id(), time };
        context.write_json(&QueryV1 { format: "malpkg.query", version: 1, data, answers })?;
    } else {
        for answer in &answers {
            write_text(answer, context)?;
        }
    }
    Ok(Exit::found(is_malicious))
}

/// The words asked for, with `-` replaced by the lines of standard input.
fn words(what: &[String]) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    for word in what {
        if word == "-" {
            for line in std::io::stdin().lock().lines() {
                let line = line.map_err(|error| Failure::new(format!("cannot read standard input: {error}")))?;
                words.extend(Some(line.trim().to_owned()).filter(|line| !line.is_empty()));
            }
        } else {
            words.push(word.clone());
        }
    }
    Ok(words)
}

fn answer(what: &str, ecosystem: Option<&str>, reading: &Reading) -> Result<AnswerV1, Failure> {
    let snapshot = &reading.snapshot;
    let (query, statements) = if ecosystem.is_some() {
        let query = package_query(what, ecosystem)?;
        let statements = on_package(&query, snapshot)?;
        (Some(query), statements)
    } else if is_path(what) {
        (None, at_path(what, snapshot)?)
    } else if let Some(statements) = with_id(what, snapshot)? {
        (None, statements)
    } else if what.contains('/') || what.starts_with("pkg:") {
        let query = package_query(what, None)?;
        let statements = on_package(&query, snapshot)?;
        (Some(query), statements)
    } else {
        (None, Vec::new())
    };
    let version = query.as_ref().and_then(|query| query.version.as_deref());
    let verdict = verdict::of(&statements, version);
    let reports = verdict.reports.iter().map(|&index| view(&statements[index], reading)).collect();
    Ok(AnswerV1 { query: what.to_owned(), verdict: verdict.verdict.word(), versions: verdict.versions.word(), reports })
}

fn is_path(what: &str) -> bool {
    what.starts_with("./") || what.starts_with('/') || what.starts_with("osv/")
}

fn at_path(what: &str, snapshot: &Snapshot) -> Result<Vec<Statement>, Failure> {
    let path = what.trim_start_matches("./");
    let entry = snapshot.entry(path).filter(|entry| Place::of(&entry.path).is_some());
    let entry = entry.ok_or_else(|| {
        Failure::new("there is no report at this path").place(what).remedy("paths are from the root of the database")
    })?;
    statements(&[entry], snapshot)
}

/// The reports of an id; none where the word is no id of the database.
fn with_id(what: &str, snapshot: &Snapshot) -> Result<Option<Vec<Statement>>, Failure> {
    let entries: Vec<&Entry> =
        snapshot.reports().filter(|(place, _)| place.stem == what).map(|(_, entry)| entry).collect();
    if entries.is_empty() {
        return Ok(None);
    }
    statements(&entries, snapshot).map(Some)
}

/// The reports on a package, found by their folder.
fn on_package(query: &PackageQuery, snapshot: &Snapshot) -> Result<Vec<Statement>, Failure> {
    let entries = verdict::candidates(snapshot, &query.package);
    let mut found = statements(&entries, snapshot)?;
    found.retain(|statement| statement.package.answers_to(&query.package));
    Ok(found)
}

/// Reads reports. One that cannot be read is no answer, and silence would be a wrong one.
fn statements(entries: &[&Entry], snapshot: &Snapshot) -> Result<Vec<Statement>, Failure> {
    snapshot
        .map(entries, |entry, bytes| {
            let report = Report::read(&entry.path, bytes?);
            let unusable = |reason: String| database::ReadError::of_content(&entry.path, reason);
            let reason = report.document.as_ref().err().map(|error| format!("the report is no JSON: {error}"));
            let record =
                report.record.ok_or_else(|| unusable(reason.unwrap_or_else(|| "the report is no object".into())))?;
            Statement::of(&entry.path, record).map_err(|error| unusable(error.to_string()))
        })
        .into_iter()
        .map(|read| read.map_err(|error| Failure::from(error).remedy("`malpkg validate` says how to mend it")))
        .collect()
}

fn view(statement: &Statement, reading: &Reading) -> ReportV1 {
    let record = &statement.record;
    let malpkg = osv_schema::additions::malpkg(record);
    let word = |name: &str| malpkg.and_then(|members| members.get(name)?.as_str()).map(str::to_owned);
    let text = |member: &osv_schema::Member<String>| member.as_str().map(str::to_owned);
    let url = reading.config.home.as_deref().map(|home| format!("{}/{}", home.trim_end_matches('/'), statement.path));
    ReportV1 {
        id: text(&record.id).unwrap_or_default(),
        aliases: record.aliases.items().to_vec(),
        kind: word("kind").unwrap_or_else(|| "malware".into()),
        confidence: word("confidence"),
        summary: text(&record.summary).unwrap_or_default(),
        published: text(&record.published),
        modified: text(&record.modified),
        withdrawn: text(&record.withdrawn),
        dispute: None,
        affected_versions: statement.versions().to_vec(),
        affected_ranges: statement.vers(),
        since: statement.since(),
        url,
    }
}

fn write_text(answer: &AnswerV1, context: &mut Context<'_>) -> Result<(), Failure> {
    let versions = match (answer.verdict, answer.versions) {
        ("malicious", "all") => " (every version)",
        ("some-versions", _) => " (these versions)",
        _ => "",
    };
    let verdict = answer.verdict.replace('-', " ");
    writeln!(context.out, "{}: {verdict}{versions}", Shown(&answer.query))?;
    for report in &answer.reports {
        let summary = context.tamed(&report.summary);
        writeln!(context.out, "  {}  {}", Shown(&report.id), Shown(&summary))?;
        let mut facts = vec![report.kind.clone()];
        facts.extend(report.confidence.clone());
        facts.extend(report.published.as_ref().map(|time| format!("published {time}")));
        facts.extend(report.withdrawn.as_ref().map(|time| format!("withdrawn {time}")));
        writeln!(context.out, "      {}", Shown(&facts.join(", ")))?;
        let affected = [report.affected_versions.as_slice(), report.affected_ranges.as_slice()].concat();
        writeln!(context.out, "      affected: {}", Shown(&affected.join(", ")))?;
        if !report.aliases.is_empty() {
            writeln!(context.out, "      aliases: {}", Shown(&report.aliases.join(", ")))?;
        }
    }
    Ok(())
}
