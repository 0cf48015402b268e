//! `malpkg approve`: a second person stands behind what is said of a protected name.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use curate::{Batch, Deed, Delivery, KeptOf, Settled, Settlement};
use database::{ChangeSet, Edit, Entry, Person, Plan, Report, Snapshot, TreePath};
use intake::{Asked, OwnIds};
use osv_schema::Timestamp;
use rules::Admitted;
use store::Store;

use super::decide::{message, named};
use crate::config::Config;
use crate::context::{Context, Reading};
use crate::display::count;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{self, Landing, view};
use crate::planning::numbering;
use crate::resolve::{package_query, words};
use crate::streams::TreeStreams;
use crate::waiting::{Waiting, waiting};

/// The beginning of a key that names a document in quarantine has at least so many digits.
const KEY_DIGITS_MIN: usize = 6;

/// Approve of what is said about a protected name
///
/// Prints the plan; nothing is written without `--write` or `--commit`. The approval is bound to what the report affects:
/// whoever adds to that needs another one. What waits in quarantine because of a protected name is taken in with it; name it
/// by its package, or by the beginning of its key as `malpkg triage` shows it. Who wrote a report, sent it, or committed it
/// cannot approve of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Reports, as ids, packages, paths or keys; `-` reads them from standard input, one a line
    #[arg(value_name = "REPORT", required = true)]
    reports: Vec<String>,

    /// Who approves; without it the name that git knows
    #[arg(long, value_name = "WHO")]
    by: Option<String>,

    /// These versions are malicious, and no others: for what names a range
    #[arg(long, value_name = "VERSION,…", value_delimiter = ',')]
    keep: Vec<String>,

    /// What else there is to say
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,

    /// A page that shows it
    #[arg(long, value_name = "URL")]
    evidence: Option<String>,

    #[command(flatten)]
    landing: Landing,
}

struct Planned {
    plan: Plan,
    message: String,
    admitted: Admitted,
}

impl landing::Planned for Planned {
    fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    fn message(&self) -> String {
        self.message.clone()
    }
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let now = context.now();
    let words = words(&arguments.reports)?;
    let progress = context.progress("reading the reports");
    let settled = Settled {
        deed: Deed::Approve,
        reason: "approved".to_owned(),
        note: arguments.note.clone(),
        by: arguments.by.clone().or_else(|| store.who()),
        evidence: arguments.evidence.clone(),
    };
    let ground = arguments.landing.ground(&store, context)?;
    let landed = ground.land(context, &progress, |reading, config| {
        let approving = Approving { store: &store, reading, config, settled: &settled, keep: &arguments.keep, now };
        approving.plan(&words)
    })?;
    drop(progress);
    let plan = &landed.planned.plan;
    let (changed, already) = (plan.changes.changes().len(), plan.skipped.len());
    let summary = format!("{} to approve, {already} unchanged", count(changed, "report"));
    view::write(plan, view::Told::of(&landed, &arguments.landing, &summary), context)?;
    Ok(Exit::found(!landed.guarded.is_empty()))
}

struct Approving<'a> {
    store: &'a Store,
    reading: &'a Reading,
    config: &'a Config,
    settled: &'a Settled,
    keep: &'a [String],
    now: Timestamp,
}

impl Approving<'_> {
    fn plan(&self, words: &[String]) -> Result<Planned, Failure> {
        let base = &self.reading.snapshot;
        let waiting = waiting(base)?;
        let mut meant: BTreeMap<&str, &Waiting> = BTreeMap::new();
        let mut paths: BTreeSet<TreePath> = BTreeSet::new();
        for word in words {
            let found: Vec<&Waiting> = waiting.iter().filter(|one| is_meant(one, word)).collect();
            if found.is_empty() {
                paths.extend(named(std::slice::from_ref(word), self.store, base)?);
            }
            meant.extend(found.into_iter().map(|one| (one.held.key.as_str(), one)));
        }
        for path in &paths {
            self.check_author(path)?;
        }
        for one in meant.values() {
            one.held.path("reason.toml").map_or(Ok(()), |path| self.check_author(&path))?;
        }
        let (mut changes, brought) = self.take_in(meant.values().copied())?;
        paths.extend(brought);
        let mut plan = Plan::default();
        if !self.keep.is_empty() {
            for path in &paths {
                let deed = self.keeping(path, &changes)?;
                let settled = Settled { deed, reason: "versions-clean".into(), ..self.settled.clone() };
                self.decide(&mut changes, &BTreeSet::from([path.clone()]), &settled, &mut plan)?;
            }
            plan.skipped.clear();
        }
        self.decide(&mut changes, &paths, self.settled, &mut plan)?;
        // What changes no report was not approved of either, and waits on.
        if changes.changes().next().is_some() {
            meant.values().for_each(|one| one.held.drop_from(&mut changes));
        }
        let admitted = self.reading.admit(changes, &self.config.settings).map_err(|findings| {
            let failure = Failure::new(&findings[0].message).place(&findings[0].path);
            let is_open = findings[0].message.ends_with("exact versions alone");
            failure.remedy(if is_open { "say with `--keep` which versions are malicious" } else { &findings[0].remedy })
        })?;
        plan.changes = admitted.changes().clone();
        let message = message("approve", self.settled, &plan);
        Ok(Planned { plan, message, admitted })
    }

    /// Which versions of a report stay: where something came to one that stands, it is that of which they are told.
    fn keeping(&self, path: &TreePath, changes: &ChangeSet) -> Result<Deed, Failure> {
        let keep: BTreeSet<String> = self.keep.iter().map(|version| version.trim().to_owned()).collect();
        let base = &self.reading.snapshot;
        let read = |snapshot: &Snapshot| {
            let bytes = snapshot.read_path(path.as_str())?;
            Ok::<_, Failure>(bytes.and_then(|bytes| Report::read(path, &bytes).record))
        };
        let came = match (read(base)?, read(&base.with(changes))?) {
            (Some(before), Some(after)) if before != after && !before.is_withdrawn() => {
                Some(KeptOf::came(&before, &after, &keep))
            }
            _ => None,
        };
        Ok(came.map_or(Deed::Keep(keep), |kept| Deed::KeepOf(Box::new(kept))))
    }

    /// Nobody approves of what they committed themselves; of what is not committed yet, whoever works here.
    fn check_author(&self, path: &TreePath) -> Result<(), Failure> {
        let Some(by) = &self.settled.by else { return Ok(()) };
        let head = match &self.reading.commit {
            Some(commit) => Some(commit.id),
            None if self.store.is_git() => self.store.head()?.map(|commit| commit.id),
            None => None,
        };
        let mut authors = match head {
            Some(head) => self.store.authors_of(head, path)?,
            None => BTreeSet::new(),
        };
        if authors.is_empty() {
            authors.extend(self.store.who());
        }
        let who = Person::of(by);
        match authors.iter().find(|author| Person::of(author).is_same_as(&who)) {
            Some(_) => Err(Failure::new(format!("`{by}` brought it, and cannot approve of it"))
                .place(path)
                .remedy("let somebody else look at it, who says so with `--by`")),
            None => Ok(()),
        }
    }

    /// Takes in what waits: the changes, and the reports that say it now.
    fn take_in<'w>(&self, meant: impl Iterator<Item = &'w Waiting>) -> Result<(ChangeSet, Vec<TreePath>), Failure> {
        let (reading, config) = (self.reading, self.config);
        let mut deliveries: Vec<Delivery> = Vec::new();
        let mut drops_ids_of = BTreeSet::new();
        for one in meant {
            let source = config.source(&one.held.source)?;
            if source.own_ids == OwnIds::Drop {
                drops_ids_of.insert(source.id.clone());
            }
            let prefix = &config.settings.prefix;
            let asked = Asked { source, prefix, cache: None, since: None, now: self.now };
            let Some(document) = one.held.document(&reading.snapshot)? else {
                let failure = Failure::new("its bytes were not kept").place(&one.held.delivery);
                return Err(failure.remedy("have the source send it again, or write a report with `malpkg new`"));
            };
            let taken = one.held.retake(document, asked);
            let lost = match taken.refused.first() {
                Some(refused) => Some(format!("what waits cannot be read any more: {}", refused.rejected.message)),
                None if taken.deliveries.is_empty() => {
                    Some("the settings of its source leave out what waits".to_owned())
                }
                None => None,
            };
            if let Some(lost) = lost {
                let failure =
                    Failure::new(lost).place(one.held.path("raw").map_or_else(String::new, |p| p.to_string()));
                return Err(failure.remedy(format!(
                    "it stays in quarantine: have `{}` send it again, or `malpkg quarantine drop {}`",
                    one.held.source, one.held.key
                )));
            }
            deliveries.extend(taken.deliveries);
        }
        if deliveries.is_empty() {
            return Ok((ChangeSet::default(), Vec::new()));
        }
        let numbering = numbering(self.store, reading, config)?;
        let batch = Batch { deliveries: Cow::Owned(deliveries), went_on: Cow::default(), drops_ids_of, numbering };
        let streams = TreeStreams::new(reading);
        let (plan, fates) = curate::ingest(&reading.snapshot, &batch, &streams, self.now)
            .map_err(|error| Failure::new(error.to_string()))?;
        if let Some(rejected) = plan.rejected.first() {
            return Err(Failure::new(&rejected.message).place(&rejected.delivery).remedy(&rejected.remedy));
        }
        let brought = fates.iter().filter_map(|fate| fate.changed().cloned()).collect();
        Ok((plan.changes, brought))
    }

    /// Decides about reports as they are after the changes so far.
    fn decide(
        &self,
        changes: &mut ChangeSet,
        paths: &BTreeSet<TreePath>,
        settled: &Settled,
        plan: &mut Plan,
    ) -> Result<(), Failure> {
        let after: Snapshot = self.reading.snapshot.with(changes);
        let entries: Vec<&Entry> = paths.iter().filter_map(|path| after.entry(path.as_str())).collect();
        let Settlement { plan: decided, .. } = curate::decide(&after, &entries, settled, self.now);
        if let Some(rejected) = decided.rejected.first() {
            return Err(Failure::new(&rejected.message).place(&rejected.delivery).remedy(&rejected.remedy));
        }
        for change in decided.changes.changes() {
            if let Some(Edit::Put(bytes)) = decided.changes.get(change.path.as_str()) {
                changes.put_report(change.clone(), bytes.clone());
            }
        }
        plan.skipped.extend(decided.skipped);
        Ok(())
    }
}

/// Whether a word means a delivery that waits: by its key, its name or its package.
fn is_meant(one: &Waiting, word: &str) -> bool {
    let is_key = word.len() >= KEY_DIGITS_MIN && one.held.key.starts_with(word);
    let is_package = || {
        let query = package_query(word, None).ok().filter(|_| word.contains('/') || word.starts_with("pkg:"));
        query.zip(one.package.as_ref()).is_some_and(|(query, package)| package.is_same_as(&query.package))
    };
    is_key || one.held.delivery == word || is_package()
}
