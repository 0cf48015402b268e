//! `malpkg coverage`: what somebody's published list has that we miss, what it misses, and where versions differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use database::verdict::{self, Statement};
use database::{Entry, Snapshot};
use ecosystem::PackageQuery;
use intake::List;
use serde::Serialize;

use crate::against::{Claim, Differing, ids, statements};
use crate::campaigns::Campaigns;
use crate::context::Context;
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve::{is_package, package_query};

/// Compare a published list with what we know
///
/// The list is CSV with a header: `name` or `package`, `ecosystem` (without it `--ecosystem`, or packages written as
/// `npm/left-pad` or as purls), and `version` or `versions`, else another column with `version` in its name (separated by
/// spaces, `;`, `|` or `,`; none for every version); other columns are left alone. With `--campaign` it also says what the reports of that campaign have that the list misses.
/// The exit code is 1 where we miss something, and where something of the list cannot be read.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The list
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The ecosystem of all its names, where it has no column for it
    #[arg(long, value_name = "ECOSYSTEM")]
    ecosystem: Option<String>,

    /// A campaign of `config/campaigns.toml`, or an alias of one: its reports are what the list is held against
    #[arg(long, value_name = "CAMPAIGN")]
    campaign: Option<String>,
}

#[derive(Serialize)]
struct CoverageV1 {
    format: &'static str,
    version: u32,
    commit: Option<String>,
    campaign: Option<String>,
    /// Packages of the list.
    listed: usize,
    /// Of those, the ones of which we say all that it says.
    covered: usize,
    we_miss: Vec<MissV1>,
    they_miss: Vec<MissV1>,
    differ: Vec<DifferV1>,
    unread: Vec<UnreadV1>,
}

#[derive(Serialize)]
struct MissV1 {
    package: String,
    versions: Vec<String>,
    reports: Vec<String>,
    withdrawn: bool,
}

#[derive(Serialize)]
struct DifferV1 {
    package: String,
    reports: Vec<String>,
    only_theirs: Vec<String>,
    only_ours: Vec<String>,
}

#[derive(Serialize)]
struct UnreadV1 {
    line: u64,
    message: String,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let progress = context.progress("reading the reports");
    let reading = context.at_head(&store)?;
    let campaigns = Campaigns::read(&reading.snapshot)?;
    let campaign = arguments.campaign.as_ref().map(|campaign| campaigns.meant(campaign)).transpose()?;
    let (listed, queries, unread) = read_list(arguments)?;
    let mut told = CoverageV1 {
        format: "malpkg.coverage",
        version: 1,
        commit: reading.commit_id(),
        campaign: campaign.as_ref().and_then(|words| words.first().cloned()),
        listed: listed.len(),
        covered: 0,
        we_miss: Vec::new(),
        they_miss: Vec::new(),
        differ: Vec::new(),
        unread,
    };
    for (package, theirs) in &listed {
        let Some(query) = queries.get(package) else { continue };
        compare(package, theirs, query, &reading.snapshot, &mut told)?;
    }
    if let Some(words) = &campaign {
        told.they_miss = of_campaign(words, &queries, &reading.snapshot)?;
    }
    drop(progress);
    let misses = !told.unread.is_empty()
        || !told.we_miss.is_empty()
        || told.differ.iter().any(|one| !one.only_theirs.is_empty());
    if context.wants_json() {
        context.write_json(&told)?;
    } else {
        write_text(&told, context)?;
    }
    Ok(Exit::found(misses))
}

type Read = (BTreeMap<String, Claim>, BTreeMap<String, PackageQuery>, Vec<UnreadV1>);

/// The columns that name a package.
const NAMES: [&str; 5] = ["package", "name", "package_name", "package name", "purl"];
/// Those that name its ecosystem.
const ECOSYSTEMS: [&str; 3] = ["ecosystem", "registry", "type"];
/// Those that name its versions.
const VERSIONS: [&str; 5] = ["versions", "version", "package_version", "package version", "affected_versions"];

fn read_list(arguments: &Arguments) -> Result<Read, Failure> {
    let place = arguments.file.display();
    let bytes = std::fs::read(&arguments.file).map_err(|error| Failure::new(error).place(&place))?;
    let list = List::read(&bytes);
    let list = list.map_err(|error| Failure::new(error).place(&place).remedy("give a CSV file in UTF-8"))?;
    let has = |names: &[&str]| list.columns.iter().any(|column| names.contains(&column.as_str()));
    if !has(&NAMES) {
        let failure = Failure::new("no column is called `package`, `name` or `purl`").place(&place);
        return Err(failure.remedy("give the list a header"));
    }
    // A column by another name that speaks of versions says which are meant: not every one is.
    let of_versions: Vec<&str> = match list.columns.iter().any(|column| VERSIONS.contains(&column.as_str())) {
        true => VERSIONS.to_vec(),
        false => list.columns.iter().map(String::as_str).filter(|column| column.contains("version")).collect(),
    };
    let (mut listed, mut queries) = (BTreeMap::<String, Claim>::new(), BTreeMap::new());
    let mut unread: Vec<UnreadV1> = list.unread.into_iter().map(|(line, message)| UnreadV1 { line, message }).collect();
    for row in &list.rows {
        let name = row.field(&NAMES);
        let given = Some(row.field(&ECOSYSTEMS)).filter(|given| !given.is_empty()).or(arguments.ecosystem.as_deref());
        let is_bare = !name.is_empty() && (name.starts_with('@') || !is_package(name));
        if given.is_none() && is_bare && !has(&ECOSYSTEMS) {
            let failure = Failure::new("no column is called `ecosystem`").place(format!("{place}:{}", row.line));
            return Err(failure.remedy("say it with `--ecosystem`, or write packages as `npm/left-pad` or as purls"));
        }
        match package_query(name, given.filter(|given| !names_its_own(name, given))) {
            Ok(query) => {
                let key = query.package.to_string();
                let said = row.field(&of_versions);
                if let Some(range) =
                    said.split([' ', ';', '|', ',']).find(|word| word.starts_with(['<', '>', '^', '~']))
                {
                    let message = format!("`{range}` is a range, and versions are compared one by one");
                    unread.push(UnreadV1 { line: row.line, message });
                    continue;
                }
                let mut versions: BTreeSet<String> = said
                    .split([' ', ';', '|', ','])
                    .map(|version| version.trim_matches(['"', '\'', '[', ']', '=']))
                    .filter(|version| !version.is_empty())
                    .map(str::to_owned)
                    .collect();
                versions.extend(query.version.clone());
                let one = listed.entry(key.clone()).or_default();
                one.is_all |= versions.is_empty() || versions.contains("*") || versions.contains("all");
                versions.retain(|version| version != "*" && version != "all");
                one.versions.extend(versions);
                queries.insert(key, query);
            }
            Err(failure) => unread.push(UnreadV1 { line: row.line, message: failure.told() }),
        }
    }
    Ok((listed, queries, unread))
}

/// Whether a name is a purl, or begins with the ecosystem that is said beside it.
fn names_its_own(name: &str, ecosystem: &str) -> bool {
    let is_same = |query: PackageQuery| {
        package_query("x", Some(ecosystem)).is_ok_and(|beside| beside.package.ecosystem() == query.package.ecosystem())
    };
    name.starts_with("pkg:") || PackageQuery::parse(name).is_ok_and(is_same)
}

fn compare(
    package: &str,
    theirs: &Claim,
    query: &PackageQuery,
    snapshot: &Snapshot,
    told: &mut CoverageV1,
) -> Result<(), Failure> {
    let said = statements(&verdict::candidates(snapshot, &query.package), snapshot)?;
    let said: Vec<&Statement> = said.iter().filter(|said| said.package.answers_to(&query.package)).collect();
    let live: Vec<&Statement> = said.iter().copied().filter(|said| !said.record.is_withdrawn()).collect();
    let package = package.to_owned();
    if live.is_empty() {
        let versions = theirs.versions.iter().cloned().collect();
        told.we_miss.push(MissV1 { package, versions, reports: ids(&said), withdrawn: !said.is_empty() });
        return Ok(());
    }
    let Differing { only_theirs, only_ours } = theirs.against(&live);
    if only_theirs.is_empty() {
        told.covered += 1;
    }
    if !only_theirs.is_empty() || !only_ours.is_empty() {
        let reports = ids(&live);
        told.differ.push(DifferV1 { package, reports, only_theirs, only_ours });
    }
    Ok(())
}

/// The reports of a campaign, by whichever of its words they call it, on packages that the list does not have.
fn of_campaign(
    words: &[String],
    listed: &BTreeMap<String, PackageQuery>,
    snapshot: &Snapshot,
) -> Result<Vec<MissV1>, Failure> {
    let entries: Vec<&Entry> = snapshot.reports().map(|(_, entry)| entry).collect();
    let names = |bytes: &[u8], word: &String| bytes.windows(word.len().max(1)).any(|window| window == word.as_bytes());
    let named: Vec<bool> =
        snapshot.map(&entries, |_, bytes| bytes.is_ok_and(|bytes| words.iter().any(|word| names(bytes, word))));
    let named: Vec<&Entry> =
        entries.into_iter().zip(named).filter(|(_, is_named)| *is_named).map(|(entry, _)| entry).collect();
    let mut missed = Vec::new();
    for said in statements(&named, snapshot)? {
        let ours = osv_schema::additions::malpkg(&said.record);
        let campaign = ours.and_then(|ours| ours.get("campaign")?.as_str());
        let is_of = campaign.is_some_and(|campaign| words.iter().any(|word| word == campaign));
        if !is_of || said.record.is_withdrawn() || listed.values().any(|query| said.package.answers_to(&query.package))
        {
            continue;
        }
        missed.push(MissV1 {
            package: said.package.to_string(),
            versions: said.versions().to_vec(),
            reports: vec![said.record.id.as_str().unwrap_or_default().to_owned()],
            withdrawn: false,
        });
    }
    Ok(missed)
}

fn write_text(told: &CoverageV1, context: &mut Context<'_>) -> Result<(), Failure> {
    let list = |versions: &[String]| if versions.is_empty() { "every version".to_owned() } else { versions.join(", ") };
    for miss in &told.we_miss {
        let withdrawn =
            if miss.withdrawn { format!(" (taken back: {})", miss.reports.join(", ")) } else { String::new() };
        let line = format!("we miss     {}: {}{withdrawn}", miss.package, list(&miss.versions));
        writeln!(context.out, "{}", Shown(&line))?;
    }
    for miss in &told.they_miss {
        let line = format!("they miss   {}: {} ({})", miss.package, list(&miss.versions), miss.reports.join(", "));
        writeln!(context.out, "{}", Shown(&line))?;
    }
    for one in &told.differ {
        let differing = Differing { only_theirs: one.only_theirs.clone(), only_ours: one.only_ours.clone() };
        let line = format!("differ      {} ({}): {}", one.package, one.reports.join(", "), differing.told());
        writeln!(context.out, "{}", Shown(&line))?;
    }
    for one in &told.unread {
        writeln!(context.err, "line {}: {}", one.line, Shown(&one.message))?;
    }
    let listed = count(told.listed, "package");
    let unread = match told.unread.len() {
        0 => String::new(),
        unread => format!(", {} not read", count(unread, "row")),
    };
    Ok(writeln!(context.out, "{listed} listed: {} covered, {} missing here{unread}", told.covered, told.we_miss.len())?)
}
