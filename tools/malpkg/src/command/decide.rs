//! What `withdraw`, `reinstate` and `narrow` have in common: which reports, who says so, and how it is told.

use std::collections::BTreeSet;

use curate::{Deed, Settled, Settlement};
use database::{Entry, Person, Place, Plan, Rejected, Report, ReportId, Snapshot, TreePath};
use ecosystem::Ecosystem;
use store::Store;

use crate::context::Context;
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{Landing, view};
use crate::planning::{Curated, Tried, curate};
use crate::resolve::{only, words};

/// Which reports are meant, who says so, and where the plan goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Deciding {
    /// Reports, as ids, packages or paths; `-` reads them from standard input, one a line
    #[arg(value_name = "REPORT", required_unless_present = "select")]
    reports: Vec<String>,

    /// Every report that fits, as in `source=example commit=A..B ecosystem=npm`
    ///
    /// `source` has sent something on it, `commit` changed it (one commit, or a range), `ecosystem` is that of its package.
    #[arg(long, value_name = "WORDS")]
    select: Option<String>,

    /// What else there is to say
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,

    /// Who decides it; without it the name that git knows
    #[arg(long, value_name = "WHO")]
    by: Option<String>,

    /// A page that shows it
    #[arg(long, value_name = "URL", value_parser = page)]
    evidence: Option<String>,

    #[command(flatten)]
    landing: Landing,

    /// End with exit code 1 if a report could not be decided about
    #[arg(long)]
    strict: bool,
}

impl Deciding {
    /// Whether a page that shows it was named.
    pub(super) fn has_evidence(&self) -> bool {
        self.evidence.is_some()
    }
}

/// The address of a page.
pub(super) fn page(text: &str) -> Result<String, String> {
    let is_page = text.starts_with("https://") || text.starts_with("http://");
    let is_plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if is_page && is_plain { Ok(text.to_owned()) } else { Err("name a page by its address, https://…".to_owned()) }
}

/// Decides about reports, and says what that comes to.
pub(crate) fn run(
    deciding: &Deciding,
    verb: &str,
    deed: Deed,
    reason: &str,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let store = context.store()?;
    let now = context.now();
    let words = words(&deciding.reports)?;
    let progress = context.progress("reading the reports");
    if deciding.by.as_deref().is_some_and(|by| Person::of(by).is_nobody()) {
        return Err(Failure::new("`--by` names nobody").remedy("say who decides it, by name or address"));
    }
    let settled = Settled {
        deed,
        reason: reason.to_owned(),
        note: deciding.note.clone(),
        by: deciding.by.clone().or_else(|| store.who()),
        evidence: deciding.evidence.clone(),
    };
    let selection = deciding.select.as_deref().map(|text| Selection::parse(text, &store)).transpose()?;
    let ground = deciding.landing.ground(&store, context)?;
    let landed = ground.land(context, &progress, |reading, config| {
        let (mut chosen, unknown) = each_named(&words, &store, &reading.snapshot);
        if let Some(selection) = &selection {
            chosen.extend(selection.choose(&reading.snapshot, &config.settings.prefix)?);
        }
        let plan = |base: &Snapshot, left_out: &BTreeSet<TreePath>| {
            let entries = chosen.difference(left_out).filter_map(|path| base.entry(path.as_str()));
            let Settlement { plan, was, narrowed } = curate::decide(base, &entries.collect::<Vec<_>>(), &settled, now);
            let was = was.into_iter().map(|(path, was)| (path, vec![was])).collect();
            Tried { plan, was, more: narrowed }
        };
        let mut curated = curate(reading, &config.settings, plan, |plan, _| message(verb, &settled, plan))?;
        curated.plan.rejected.extend(unknown);
        // Nothing of what was asked for can be done: that is no plan.
        match curated.plan.rejected.first() {
            Some(rejected) if curated.plan.changes.is_empty() && curated.plan.skipped.is_empty() => {
                Err(Failure::new(&rejected.message).place(&rejected.delivery).remedy(&rejected.remedy))
            }
            _ => Ok(curated),
        }
    })?;
    drop(progress);
    let Curated { plan, more: narrowed, .. } = &landed.planned;
    let (changed, rejected) = (plan.changes.changes().len(), plan.rejected.len());
    let already = plan.skipped.len();
    let summary = format!("{} to {verb}, {already} unchanged, {rejected} rejected", count(changed, "report"));
    let told = view::Told::of(&landed, &deciding.landing, &summary);
    view::write_narrowed(plan, told, narrowed, context)?;
    Ok(Exit::found(deciding.strict && rejected > 0 || !landed.guarded.is_empty()))
}

/// The commit's message: what is decided, of which reports, and trailers that a program can read.
pub(super) fn message(verb: &str, settled: &Settled, plan: &Plan) -> String {
    let ids: Vec<&str> = plan.changes.changes().map(|change| change.id.as_str()).collect();
    let told = match ids[..] {
        [one] => one.to_owned(),
        _ => count(ids.len(), "report"),
    };
    let reason = &settled.reason;
    let by = settled.by.as_deref().map_or_else(String::new, |by| format!("By: {}\n", Shown(by)));
    let version = env!("CARGO_PKG_VERSION");
    format!("{verb}: {told}, {reason}\n\nReports: {}\nReason: {reason}\n{by}Tool: malpkg {version}\n", ids.len())
}

/// The reports that words name, one each; and the words that name none.
fn each_named(words: &[String], store: &Store, snapshot: &Snapshot) -> (BTreeSet<TreePath>, Vec<Rejected>) {
    let mut paths = BTreeSet::new();
    let mut unknown = Vec::new();
    for word in words {
        match only(word, store, snapshot) {
            Ok(said) => drop(paths.insert(said.path)),
            Err(failure) => unknown.push(failure.into_rejected("no-such-report", word)),
        }
    }
    (paths, unknown)
}

/// The reports that words name, one each.
pub(super) fn named(words: &[String], store: &Store, snapshot: &Snapshot) -> Result<BTreeSet<TreePath>, Failure> {
    let mut paths = BTreeSet::new();
    for word in words {
        paths.insert(only(word, store, snapshot)?.path);
    }
    Ok(paths)
}

/// Reports by what they have in common.
struct Selection {
    source: Option<String>,
    /// The names of the reports that the commits changed.
    stems: Option<BTreeSet<String>>,
    /// The folders of the ecosystem.
    directories: Option<Vec<String>>,
}

impl Selection {
    fn parse(text: &str, store: &Store) -> Result<Selection, Failure> {
        let mut selection = Selection { source: None, stems: None, directories: None };
        for word in text.split_whitespace() {
            match word.split_once('=') {
                Some(("source", source)) => selection.source = Some(source.to_owned()),
                Some(("commit", range)) => selection.stems = Some(changed(range, store)?),
                Some(("ecosystem", name)) => {
                    let ecosystem = Ecosystem::from_user(name).map_err(|error| Failure::new(error).place(name))?;
                    let mut directories = ecosystem.directory_aliases();
                    directories.push(ecosystem.directory());
                    selection.directories = Some(directories);
                }
                _ => {
                    let failure = Failure::new("this selects nothing").place(word);
                    return Err(failure.remedy("select by source=ID, commit=A..B and ecosystem=NAME"));
                }
            }
        }
        if selection.source.is_none() && selection.stems.is_none() && selection.directories.is_none() {
            let failure = Failure::new("the selection is empty, and would mean every report");
            return Err(failure.remedy("select by source=ID, commit=A..B and ecosystem=NAME"));
        }
        Ok(selection)
    }

    /// The reports that fit.
    fn choose(&self, snapshot: &Snapshot, prefix: &str) -> Result<BTreeSet<TreePath>, Failure> {
        let fits = |place: &Place<'_>| {
            let directory = place.folder.split('/').next().unwrap_or_default();
            let of_ecosystem = |directories: &Vec<String>| directories.iter().any(|name| name == directory);
            !ReportId::is_unassigned(place.stem, prefix)
                && self.stems.as_ref().is_none_or(|stems| stems.contains(place.stem))
                && self.directories.as_ref().is_none_or(of_ecosystem)
        };
        let entries: Vec<&Entry> =
            snapshot.reports().filter(|(place, _)| fits(place)).map(|(_, entry)| entry).collect();
        let Some(source) = &self.source else { return Ok(entries.iter().map(|entry| entry.path.clone()).collect()) };
        let is_of_source = snapshot.map(&entries, |entry, bytes| -> Result<bool, database::ReadError> {
            let bytes = bytes?;
            // Only what holds the name at all is parsed.
            let holds = bytes.windows(source.len().max(1)).any(|window| window == source.as_bytes());
            let record = if holds { Report::read(&entry.path, bytes).record } else { None };
            let origins = record.map(|record| record.origins()).unwrap_or_default();
            Ok(origins.iter().any(|origin| origin.source.as_str() == Some(source)))
        });
        let mut chosen = BTreeSet::new();
        for (entry, is_of_source) in entries.into_iter().zip(is_of_source) {
            if is_of_source? {
                chosen.insert(entry.path.clone());
            }
        }
        Ok(chosen)
    }
}

/// The names of the reports that a commit changed, or a range of commits.
fn changed(range: &str, store: &Store) -> Result<BTreeSet<String>, Failure> {
    let (before, after) = match range.split_once("..") {
        Some((before, after)) => {
            (store.resolve(before)?, store.resolve(if after.is_empty() { "HEAD" } else { after })?)
        }
        None => (store.resolve(&format!("{range}~1"))?, store.resolve(range)?),
    };
    let differences = store.difference(before.tree, after.tree)?;
    let stem = |path: &TreePath| Place::of(path).map(|place| place.stem.to_owned());
    Ok(differences.iter().filter_map(|difference| stem(&difference.path)).collect())
}
