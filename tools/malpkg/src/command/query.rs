//! `malpkg query`: what is known about a package, a version, or an id.

mod data;
mod why;

use std::collections::BTreeMap;
use std::path::PathBuf;

use database::verdict::{self, Statement, Verdict};
use ecosystem::PackageQuery;
use ecosystem::version::{Order, Version};
use serde::Serialize;

use crate::aliases::Aliases;
use crate::context::Context;
use crate::display::Shown;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::release::{told_old, verifying_key};
use crate::resolve::words;
use data::Data;

/// Ask whether a package, a version of it, or a report's id is known as malicious
///
/// A package is written `npm/left-pad`, `npm/@scope/name@1.2.3`, or as a purl; a report as its id or its path from the
/// root of the database. Answers come from the newest commit, or from the folder where there is no git. The exit code is
/// 1 if anything asked for is malicious, else 4 if the data are of a publisher who has long not looked for news, and 2 if a
/// question could not be answered.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Packages, ids or paths; `-` reads them from standard input, one a line
    #[arg(required = true, value_name = "WHAT")]
    what: Vec<String>,

    /// The ecosystem of the names, for one whose own name has slashes
    #[arg(long, value_name = "ECOSYSTEM")]
    ecosystem: Option<String>,

    /// What to ask in place of the repository: a release, a lookup file, or an archive of records, here or at an address
    ///
    /// Without it, what the environment variable MALPKG_FROM names, and else the repository. Of an address
    /// (`https://…` or `http://…`) only what is asked comes; it is held to the manifest of its release, and kept.
    #[arg(long, value_name = "DIR|FILE|URL")]
    from: Option<PathBuf>,

    /// The key that the release at an address must be signed with, as `malpkg pull` takes it
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Say for each version and range who put it there or keeps it out, and since when
    #[arg(long)]
    why: bool,
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
    /// Reports that stand on the package and mean other versions.
    others: Vec<String>,
}

/// What somebody says against a report: it changes no verdict until it is upheld.
#[derive(Serialize)]
struct DisputeV1 {
    status: String,
    proof: Option<String>,
    by: Option<String>,
    since: Option<String>,
    deadline: Option<String>,
    evidence: Option<String>,
}

#[derive(Serialize)]
struct ReportV1 {
    id: String,
    aliases: Vec<String>,
    kind: String,
    confidence: Option<String>,
    campaign: Option<String>,
    summary: String,
    published: Option<String>,
    modified: Option<String>,
    withdrawn: Option<String>,
    dispute: Option<DisputeV1>,
    affected_versions: Vec<String>,
    affected_ranges: Vec<String>,
    since: BTreeMap<String, String>,
    url: Option<String>,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Vec<why::WhyV1>>,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let key = verifying_key(arguments.key.as_deref())?;
    let (data, status) = Data::open(arguments.from.as_deref(), key.as_ref(), context)?;
    let is_old = match status.filter(|status| status.is_expired(context.now())) {
        Some(status) => {
            writeln!(context.err, "{}", told_old(&status))?;
            true
        }
        None => false,
    };
    let aliases = data.aliases();
    let (mut answers, mut failures) = (Vec::new(), Vec::new());
    for word in words(&arguments.what)? {
        match answer(&word, arguments, &data, aliases.as_ref()) {
            Ok(answer) => answers.push(answer),
            Err(failure) => failures.push(failure),
        }
    }
    let is_malicious = answers.iter().any(|answer| matches!(answer.verdict, "malicious" | "some-versions"));
    if !context.wants_json() {
        for answer in &answers {
            write_text(answer, context)?;
        }
    }
    // A malicious package is the news, whatever else could not be answered; without one a question that was not
    // answered is no all-clear.
    let mut failures = failures.into_iter().peekable();
    if !is_malicious && failures.peek().is_some() {
        let exit = if is_old { Exit::TooOld } else { Exit::Failed };
        return failures.next().map_or(Ok(exit), |failure| Err(failure.exits(exit)));
    }
    for failure in failures {
        writeln!(context.err, "{failure}")?;
    }
    if context.wants_json() {
        let data = DataV1 { commit: data.commit(), time: data.time() };
        context.write_json(&QueryV1 { format: "malpkg.query", version: 1, data, answers })?;
    }
    Ok(if is_old && !is_malicious { Exit::TooOld } else { Exit::found(is_malicious) })
}

fn answer(word: &str, arguments: &Arguments, data: &Data, aliases: Option<&Aliases<'_>>) -> Result<AnswerV1, Failure> {
    let (meant, since) = data.ask(word, arguments.ecosystem.as_deref(), aliases)?;
    let version = meant.query.as_ref().and_then(|query| query.version.as_deref());
    let answer = verdict::of(&meant.statements, version);
    if answer.verdict != Verdict::Malicious {
        if let Some(unread) = meant.unread.into_iter().next() {
            return Err(Failure::from(unread).remedy("`malpkg validate` says how to mend it"));
        }
        if let (Some(query), Some(version)) = (&meant.query, version) {
            check_version(query, version)?;
        }
    }
    // Who asks why wants to know it of what is not listed too.
    let shown = match arguments.why && answer.reports.is_empty() {
        true => &answer.others,
        false => &answer.reports,
    };
    let id = |&index: &usize| meant.statements[index].record.id.as_str().unwrap_or_default().to_owned();
    Ok(AnswerV1 {
        query: word.to_owned(),
        verdict: answer.verdict.word(),
        versions: answer.versions.word(),
        reports: shown
            .iter()
            .map(|&index| {
                let statement = &meant.statements[index];
                let since = since.get(index).cloned().unwrap_or_else(|| data.since(statement));
                ReportV1 { since, ..view(statement, arguments.why, data) }
            })
            .collect(),
        others: answer.others.iter().map(id).collect(),
    })
}

/// A range or a tag that is no version is known to nobody; to say so would sound like an all-clear.
fn check_version(query: &PackageQuery, version: &str) -> Result<(), Failure> {
    let Some(order) = Order::of(query.package.ecosystem().base()) else { return Ok(()) };
    Version::parse(order, version).map(|_| ()).map_err(|error| {
        Failure::new(error).place(query).remedy("ask for one exact version, or for the package without one")
    })
}

fn view(statement: &Statement, why: bool, data: &Data) -> ReportV1 {
    let record = &statement.record;
    let malpkg = osv_schema::additions::malpkg(record);
    let word = |name: &str| malpkg.and_then(|members| members.get(name)?.as_str()).map(str::to_owned);
    let text = |member: &osv_schema::Member<String>| member.as_str().map(str::to_owned);
    let url = data.home().map(|home| format!("{}/{}", home.trim_end_matches('/'), statement.path));
    ReportV1 {
        id: text(&record.id).unwrap_or_default(),
        aliases: record.aliases.items().to_vec(),
        kind: word("kind").unwrap_or_else(|| "malware".into()),
        confidence: word("confidence"),
        campaign: word("campaign"),
        summary: text(&record.summary).unwrap_or_default(),
        published: text(&record.published),
        modified: text(&record.modified),
        withdrawn: text(&record.withdrawn),
        dispute: dispute(record),
        affected_versions: statement.versions().to_vec(),
        affected_ranges: statement.vers(),
        since: BTreeMap::new(),
        url,
        path: statement.path.to_string(),
        why: why.then(|| why::of(statement)),
    }
}

fn dispute(record: &osv_schema::Record) -> Option<DisputeV1> {
    let decisions = record.decisions();
    let told = curate::disputed(&decisions)?;
    let text = |member: &osv_schema::Member<String>| member.as_str().map(str::to_owned);
    Some(DisputeV1 {
        status: text(&told.reason)?,
        proof: text(&told.proof),
        by: text(&told.by),
        since: text(&told.time),
        deadline: text(&told.deadline),
        evidence: text(&told.evidence),
    })
}

fn write_text(answer: &AnswerV1, context: &mut Context<'_>) -> Result<(), Failure> {
    let verdict = match (answer.verdict, answer.versions) {
        ("malicious", "all") => "malicious, as every version is",
        ("some-versions", _) => "some versions are malicious",
        ("not-known", _) if !answer.others.is_empty() => "not known; other versions are malicious",
        ("not-known", _) => "not known",
        (verdict, _) => verdict,
    };
    let others = if answer.reports.is_empty() { answer.others.join(", ") } else { String::new() };
    let others = if others.is_empty() { others } else { format!(" ({others})") };
    writeln!(context.out, "{}: {verdict}{}", Shown(&answer.query), Shown(&others))?;
    for report in &answer.reports {
        let summary = context.tamed(&report.summary);
        writeln!(context.out, "  {}  {}", Shown(&report.id), Shown(&summary))?;
        let mut facts = vec![report.kind.clone()];
        facts.extend(report.confidence.clone());
        facts.extend(report.campaign.as_ref().map(|campaign| format!("campaign {campaign}")));
        facts.extend(report.published.as_ref().map(|time| format!("published {time}")));
        let disputed = |dispute: &DisputeV1| match (dispute.status.as_str(), &dispute.deadline) {
            ("open", Some(until)) => format!("disputed, to be settled until {until}"),
            ("open", None) => "disputed".to_owned(),
            (status, _) => format!("dispute {status}"),
        };
        facts.extend(report.dispute.as_ref().map(disputed));
        facts.extend(report.withdrawn.as_ref().map(|time| format!("withdrawn {time}")));
        writeln!(context.out, "      {}", Shown(&facts.join(", ")))?;
        let ranges =
            report.affected_ranges.iter().map(|range| if range.ends_with("/*") { "every version" } else { range });
        let affected: Vec<&str> = report.affected_versions.iter().map(String::as_str).chain(ranges).collect();
        writeln!(context.out, "      affected: {}", Shown(&affected.join(", ")))?;
        if !report.aliases.is_empty() {
            writeln!(context.out, "      aliases: {}", Shown(&context.tamed(&report.aliases.join(", "))))?;
        }
        writeln!(context.out, "      {}", Shown(&report.path))?;
        why::write(report.why.as_deref().unwrap_or_default(), context)?;
    }
    Ok(())
}
