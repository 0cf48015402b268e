//! `malpkg show`: one report, for people.

use database::verdict::Statement;
use osv_schema::additions::malpkg;
use osv_schema::{Member, Object, Value, write};
use serde::Serialize;

use crate::campaigns::Campaigns;
use crate::context::{Context, Reading};
use crate::display::Shown;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve::only;
use crate::scores::{Finder, finders};

/// How many versions people are shown.
const VERSIONS_MAX: usize = 60;

/// Show a report: what it means, who says so, what was decided, and its text
///
/// Addresses in it are shown so that they cannot be followed; `--live` shows them as they are.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The report, as its id, an alias, its package or its path
    #[arg(value_name = "REPORT")]
    report: String,

    /// As it is in this commit; without it, in the newest one
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
}

#[derive(Serialize)]
struct ShowV1<'s> {
    format: &'static str,
    version: u32,
    commit: Option<String>,
    time: Option<String>,
    id: &'s str,
    package: String,
    path: &'s str,
    url: Option<String>,
    withdrawn: Option<&'s str>,
    campaign: Option<CampaignV1>,
    affected_versions: &'s [String],
    affected_ranges: Vec<String>,
    /// All who found it, the first one in front.
    finders: Vec<FinderV1>,
    report: serde_json::Value,
}

/// The campaign that it is part of, and how the registry says that people call it.
#[derive(Serialize)]
struct CampaignV1 {
    word: String,
    name: Option<String>,
}

#[derive(Serialize)]
struct FinderV1 {
    source: String,
    id: Option<String>,
    since: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let reading = match &arguments.rev {
        Some(rev) => context.at_revision(&store, rev)?,
        None => context.at_head(&store)?,
    };
    let statement = only(&arguments.report, &store, &reading.snapshot)?;
    let campaigns = Campaigns::read(&reading.snapshot)?;
    if context.wants_json() {
        write_json(&statement, &reading, &campaigns, context)?;
    } else {
        write_text(&statement, true, context)?;
        if let Some(name) = campaign(&statement).and_then(|word| campaigns.name(word)) {
            writeln!(context.out, "\nits campaign is called {}", Shown(name))?;
        }
    }
    Ok(Exit::Done)
}

/// The campaign that a report names.
fn campaign(statement: &Statement) -> Option<&str> {
    malpkg(&statement.record)?.get("campaign")?.as_str()
}

fn write_json(
    statement: &Statement,
    reading: &Reading,
    campaigns: &Campaigns,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let record = &statement.record;
    let home = reading.config.home.as_deref();
    context.write_json(&ShowV1 {
        format: "malpkg.show",
        version: 1,
        commit: reading.commit_id(),
        time: reading.commit_time().map(|time| time.to_string()),
        id: record.id.as_str().unwrap_or_default(),
        package: statement.package.to_string(),
        path: statement.path.as_str(),
        url: home.map(|home| format!("{}/{}", home.trim_end_matches('/'), statement.path)),
        withdrawn: record.withdrawn.as_str(),
        campaign: campaign(statement).map(|word| {
            let name = campaigns.name(word).map(str::to_owned);
            CampaignV1 { word: word.to_owned(), name }
        }),
        affected_versions: statement.versions(),
        affected_ranges: statement.vers(),
        finders: finders(record)
            .into_iter()
            .map(|Finder { source, id, since }| FinderV1 { source, id, since: since.map(|time| time.to_string()) })
            .collect(),
        report: serde_json::from_str(&write::canonical(record)).map_err(Failure::new)?,
    })
}

/// Lines for people: each is made safe for a terminal as it is put.
struct Lines<'l, 'c> {
    context: &'l mut Context<'c>,
}

impl Lines<'_, '_> {
    /// A line in which our own words stand between those of the report.
    fn words(&mut self, text: &str) -> Result<(), Failure> {
        let tamed = self.context.tamed_words(text);
        Ok(writeln!(self.context.out, "{}", Shown(&tamed))?)
    }

    /// A line out of the report.
    fn said(&mut self, before: &str, text: &str) -> Result<(), Failure> {
        let tamed = self.context.tamed(text);
        Ok(writeln!(self.context.out, "{before}{}", Shown(&tamed))?)
    }

    fn heading(&mut self, text: &str) -> Result<(), Failure> {
        Ok(writeln!(self.context.out, "\n{text}")?)
    }
}

/// Writes a report for people; `with_path` where it lies somewhere.
pub(crate) fn write_text(statement: &Statement, with_path: bool, context: &mut Context<'_>) -> Result<(), Failure> {
    let record = &statement.record;
    let mut lines = Lines { context };
    let text = |member: &Member<String>| member.as_str().unwrap_or_default().to_owned();
    let id = record.id.as_str().filter(|id| !id.is_empty()).unwrap_or("a report without an id");
    let stands = match record.withdrawn.as_str() {
        Some(time) => format!("withdrawn {time}"),
        None if record.is_withdrawn() => "withdrawn".to_owned(),
        None => "stands".to_owned(),
    };
    lines.words(&format!("{id}  {}  {stands}", statement.package))?;
    lines.said("", &text(&record.summary))?;
    let ours = malpkg(record);
    let word = |name: &str| ours.and_then(|ours| ours.get(name)?.as_str()).map(|word| format!("{name} {word}"));
    let mut facts: Vec<String> = ["kind", "confidence", "technique", "campaign"].into_iter().filter_map(word).collect();
    facts.extend(record.published.as_str().map(|time| format!("published {time}")));
    facts.extend(record.modified.as_str().map(|time| format!("modified {time}")));
    lines.words(&format!("  {}", facts.join(", ")))?;
    lines.words(&format!("  affected: {}", affected(statement)))?;
    for (name, ids) in [("aliases", &record.aliases), ("related", &record.related), ("upstream", &record.upstream)] {
        if !ids.items().is_empty() {
            lines.words(&format!("  {name}: {}", ids.items().join(", ")))?;
        }
    }
    if with_path {
        lines.words(&format!("  {}", statement.path))?;
    }
    write_finders(statement, &mut lines)?;
    write_sources(statement, &mut lines)?;
    write_decisions(statement, &mut lines)?;
    for name in ["indicators", "evidence", "artifacts", "moved_tags"] {
        if let Some(items) = ours.and_then(|ours| ours.get(name)?.as_array()).filter(|items| !items.is_empty()) {
            lines.heading(&name.replace('_', " "))?;
            for item in items {
                lines.said("  ", &item.as_object().map_or_else(|| word_of(item), in_words))?;
            }
        }
    }
    if let Some(details) = record.details.as_str().filter(|details| !details.trim().is_empty()) {
        lines.heading("details")?;
        for line in details.lines() {
            lines.said("  ", line)?;
        }
    }
    if !record.references.items().is_empty() {
        lines.heading("references")?;
        for reference in record.references.items() {
            lines.said("  ", &format!("{} {}", text(&reference.kind).to_lowercase(), text(&reference.url)))?;
        }
    }
    if !record.credits.items().is_empty() {
        lines.heading("credits")?;
        for credit in record.credits.items() {
            let contact = credit.contact.items().join(", ");
            let kind = credit.kind.as_str().map_or_else(String::new, |kind| format!(", {}", kind.to_lowercase()));
            let contact = if contact.is_empty() { contact } else { format!(" ({contact})") };
            lines.said("  ", &format!("{}{kind}{contact}", text(&credit.name)))?;
        }
    }
    Ok(())
}

fn affected(statement: &Statement) -> String {
    if statement.covers_all() {
        return "every version".to_owned();
    }
    let listed = statement.versions();
    let mut all: Vec<String> = listed.iter().take(VERSIONS_MAX).cloned().collect();
    if listed.len() > VERSIONS_MAX {
        all.push(format!("{} more", listed.len() - VERSIONS_MAX));
    }
    all.extend(statement.vers());
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

/// Who found it; that is told where there are several.
fn write_finders(statement: &Statement, lines: &mut Lines<'_, '_>) -> Result<(), Failure> {
    let finders = finders(&statement.record);
    if finders.len() < 2 {
        return Ok(());
    }
    let one = |finder: &Finder| match finder.since {
        Some(since) => format!("{} {since}", finder.source),
        None => finder.source.clone(),
    };
    lines.words(&format!("  found by: {}", finders.iter().map(one).collect::<Vec<_>>().join(", then ")))
}

fn write_sources(statement: &Statement, lines: &mut Lines<'_, '_>) -> Result<(), Failure> {
    let origins = statement.record.origins();
    if origins.is_empty() {
        return Ok(());
    }
    lines.heading("sources")?;
    for origin in &origins {
        let part = |before: &str, member: &Member<String>| {
            member.as_str().map_or_else(String::new, |text| format!("{before}{text}"))
        };
        let versions = origin.versions.items();
        let named: Vec<&str> = versions.iter().take(8).map(String::as_str).collect();
        let more = if versions.len() > named.len() {
            format!(" and {} more", versions.len() - named.len())
        } else {
            String::new()
        };
        let named = if named.is_empty() { String::new() } else { format!(": {}{more}", named.join(", ")) };
        let ranges = match origin.ranges.items().len() {
            0 => String::new(),
            number => format!(", {}", crate::display::count(number, "range")),
        };
        lines.words(&format!(
            "  {}{}{}{}{}{}{named}{ranges}",
            origin.source.as_str().unwrap_or("nobody"),
            part(" ", &origin.id),
            part(", said ", &origin.modified_time),
            part(", taken in ", &origin.import_time),
            part(", taken back ", &origin.withdrawn),
            part(", went on to ", &origin.moved_to),
        ))?;
    }
    Ok(())
}

fn write_decisions(statement: &Statement, lines: &mut Lines<'_, '_>) -> Result<(), Failure> {
    let decisions = statement.record.decisions();
    if decisions.is_empty() {
        return Ok(());
    }
    lines.heading("decisions")?;
    for decision in &decisions {
        let part = |before: &str, member: &Member<String>| {
            member.as_str().map_or_else(String::new, |text| format!("{before}{text}"))
        };
        let list = |before: &str, versions: &Member<Vec<String>>| match versions.items() {
            [] => String::new(),
            versions => format!("{before}{}", versions.join(", ")),
        };
        lines.words(&format!(
            "  {}{}{}{}{}{}{}{}",
            part("", &decision.time),
            part(" ", &decision.kind),
            part(" by ", &decision.by),
            part(", ", &decision.reason),
            list(", means ", &decision.versions),
            list(", does not mean ", &decision.cleared),
            part(": ", &decision.note),
            part(", see ", &decision.evidence),
        ))?;
    }
    Ok(())
}

/// An object of ours as words: `type domain, value x.example`.
fn in_words(object: &Object) -> String {
    let parts = object.iter().map(|(name, value)| format!("{name} {}", word_of(value)));
    parts.collect::<Vec<_>>().join(", ")
}

fn word_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => write::compact(other),
    }
}
