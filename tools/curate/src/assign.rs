//! Assign: reports without an id get one, and one of two that got the same gets another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use database::{
    Base, Change, ChangeKind, ChangeSet, Entry, IDS_FILE, Place, Plan, Rejected, Report, ReportId, Snapshot, TreePath,
};
use ecosystem::Package;
use osv_schema::additions::Decision;
use osv_schema::{Record, Timestamp, write};

use crate::decide::after;
use crate::decided::in_order;
use crate::ids::{Ids, IdsError, Numbering};
use crate::ingest::{self, old_folders};
use crate::placeholder::{Renamed, names};
use crate::{ahead, join, leads_to};

/// A plan of ids, and what the reports were called before.
#[derive(Clone, Debug, Default)]
pub struct Assigned {
    /// What would be written.
    pub plan: Plan,
    /// By the path of each report afterwards, the one that it had.
    pub was: BTreeMap<TreePath, TreePath>,
}

/// A report that is to get an id.
struct Unnamed<'s> {
    path: &'s TreePath,
    place: Place<'s>,
    package: Package,
    record: Record,
}

/// A fault of a report, before it is told as one that stays as it is.
struct Fault {
    rule: &'static str,
    pointer: &'static str,
    message: String,
    remedy: String,
}

/// Plans ids for the reports that have none, but for those left out. What cannot get one is rejected, and the rest goes on.
///
/// # Errors
///
/// The ids that were given before cannot be read, or are used up.
pub fn assign(
    base: &Snapshot,
    numbering: &Numbering,
    left_out: &BTreeSet<TreePath>,
    now: Timestamp,
) -> Result<Assigned, IdsError> {
    let wanted: Vec<&Entry> = base
        .reports()
        .filter(|(place, entry)| {
            ReportId::is_unassigned(place.stem, &numbering.prefix) && !left_out.contains(&entry.path)
        })
        .map(|(_, entry)| entry)
        .collect();
    let mut plan = Plan::default();
    let mut unnamed = read(base, &wanted, &mut plan);
    keep(&mut unnamed, &mut plan, |_, one| {
        let ingest::Fault { rule, message, remedy, .. } = ahead::fault_in_origins(&one.record, now)?;
        Some(Fault { rule, pointer: "/database_specific/malicious-packages-origins", message, remedy })
    });
    keep(&mut unnamed, &mut plan, alone(base, numbering));
    let unknown = unknown_names(&unnamed, &numbering.prefix);
    keep(&mut unnamed, &mut plan, |path, _| unknown.get(path).map(|name| fault_in_name(name)));
    let ids = Ids::read(base, numbering)?;
    name((base, None), unnamed, ids, numbering, now, plan)
}

/// Plans new ids for the reports that are not in `before` and have the id of another one: two branches met that both gave
/// it. Whatever became of the file of the ids there, it is written anew.
///
/// # Errors
///
/// The ids that were given before cannot be read, or are used up.
pub fn renumber(
    base: &Snapshot,
    before: &Snapshot,
    numbering: &Numbering,
    now: Timestamp,
) -> Result<Assigned, IdsError> {
    let is_ours =
        |place: &Place<'_>| ReportId::parse(place.stem).is_some_and(|id| id.prefix == numbering.prefix && id.year != 0);
    let known: BTreeSet<(&str, &str)> = before.reports().map(|(place, _)| (place.stem, place.folder)).collect();
    let mut holders: BTreeMap<&str, BTreeMap<&str, Vec<&Entry>>> = BTreeMap::new();
    for (place, entry) in base.reports().filter(|(place, _)| is_ours(place)) {
        holders.entry(place.stem).or_default().entry(place.folder).or_default().push(entry);
    }
    let mut wanted = Vec::new();
    for (id, folders) in holders.into_iter().filter(|(_, folders)| folders.len() > 1) {
        let (stays, new): (Vec<_>, Vec<_>) =
            folders.into_iter().partition(|(folder, _)| known.contains(&(id, *folder)));
        // Where none of them was there before, the first one keeps the id.
        wanted.extend(new.into_iter().skip(usize::from(stays.is_empty())).flat_map(|(_, entries)| entries));
    }
    let mut plan = Plan::default();
    let unnamed = read(base, &wanted, &mut plan);
    let ids = Ids::read_merged(base, before, numbering)?;
    name((base, Some(before)), unnamed, ids, numbering, now, plan)
}

/// Reads the reports that are to get an id.
fn read<'s>(base: &Snapshot, wanted: &[&'s Entry], plan: &mut Plan) -> Vec<Unnamed<'s>> {
    let read = base.map(wanted, |entry, bytes| {
        let bytes =
            bytes.map_err(|error| fault("unreadable-report", "", error.reason, "make it a file that can be read"))?;
        let report = Report::read(&entry.path, bytes);
        let mend = "`malpkg validate` says where, and what to do";
        let malformed = |message: String| fault("malformed-json", "", message, mend);
        let document = report.document.as_ref().map_err(|error| malformed(error.to_string()))?;
        if let Some(duplicate) = document.duplicates().next() {
            return Err(malformed(format!("the member `{}` stands twice", duplicate.name())));
        }
        let record = report.record.ok_or_else(|| malformed("it is no JSON object".to_owned()))?;
        if let Some(misfit) = record.misfit() {
            let message = format!("{misfit} has a type that the OSV schema does not allow");
            return Err(fault("schema-violation", "", message, mend));
        }
        let about = database::subject(&record).map_err(|error| {
            let rule = if error.is_about_ecosystem() { "unknown-ecosystem" } else { "affected-not-single" };
            fault(rule, "/affected", error.to_string(), &error.remedy())
        })?;
        Ok((about.package, record))
    });
    let mut unnamed = Vec::new();
    for (entry, read) in wanted.iter().zip(read) {
        match (read, Place::of(&entry.path)) {
            (Ok((package, record)), Some(place)) => {
                unnamed.push(Unnamed { path: &entry.path, place, package, record });
            }
            (Err(fault), _) => plan.rejected.push(fault.of(&entry.path)),
            (Ok(_), None) => {}
        }
    }
    unnamed
}

/// Keeps the reports that have no fault.
fn keep(unnamed: &mut Vec<Unnamed<'_>>, plan: &mut Plan, fault: impl Fn(&TreePath, &Unnamed<'_>) -> Option<Fault>) {
    unnamed.retain(|one| match fault(one.path, one) {
        Some(fault) => {
            plan.rejected.push(fault.of(one.path));
            false
        }
        None => true,
    });
}

/// A package has one report: what belongs to another one waits until it is joined to that.
fn alone<'a>(base: &'a Snapshot, numbering: &'a Numbering) -> impl Fn(&TreePath, &Unnamed<'_>) -> Option<Fault> + 'a {
    move |path, one| {
        let (same, _) = on_package(base, path, one).next()?;
        let stem = Place::of(&same.path)?.stem;
        let what = if ReportId::is_unassigned(stem, &numbering.prefix) { "has no id either" } else { "has its id" };
        let message = format!("{} has another report, {stem}, which {what}", one.package);
        Some(fault(
            "duplicate-package",
            "/affected/0/package/name",
            message,
            "run `malpkg merge` first: it joins the two",
        ))
    }
}

/// The other reports on the package of one.
fn on_package<'s>(base: &'s Snapshot, path: &TreePath, one: &Unnamed<'_>) -> impl Iterator<Item = (&'s Entry, Record)> {
    let folders = std::iter::once(one.place.folder.to_owned()).chain(old_folders(&one.package, one.place.folder));
    let paths = folders.flat_map(|folder| Base::ALL.map(|part| format!("{}/{folder}", part.folder())));
    let others: Vec<&'s Entry> = paths
        .flat_map(|folder| base.in_folder(&folder).filter(|entry| entry.path != *path).collect::<Vec<_>>())
        .collect();
    let package = one.package.clone();
    others.into_iter().filter_map(move |entry| {
        let bytes = base.read(entry).ok()?;
        let report = Report::read(&entry.path, &bytes);
        let is_same = report.about().is_some_and(|about| about.package.is_same_as(&package));
        Some((entry, report.record.filter(|_| is_same)?))
    })
}

/// The reports whose text names one that nobody knows, with that name. A report that gets no id for it makes its own name
/// one that nobody knows.
fn unknown_names(unnamed: &[Unnamed<'_>], prefix: &str) -> HashMap<TreePath, String> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    for one in unnamed {
        *known.entry(one.place.stem).or_default() += 1;
    }
    let mut mentions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut unknown = HashMap::new();
    let mut lost: Vec<&str> = Vec::new();
    for (at, one) in unnamed.iter().enumerate() {
        let texts = [&one.record.summary, &one.record.details].into_iter().filter_map(|text| text.as_str());
        let own = [one.place.stem, one.record.id.as_str().unwrap_or_default()];
        for name in texts.flat_map(|text| names(text, prefix)).map(|(_, name)| name) {
            if ReportId::is_unassigned(name, prefix) && !own.contains(&name) {
                mentions.entry(name).or_default().push(at);
                // A name that two reports have leads to neither.
                if known.get(name) != Some(&1) {
                    lost.push(name);
                }
            }
        }
    }
    while let Some(name) = lost.pop() {
        for at in mentions.remove(name).unwrap_or_default() {
            if unknown.insert(unnamed[at].path.clone(), name.to_owned()).is_none() {
                lost.push(unnamed[at].place.stem);
            }
        }
    }
    unknown
}

/// Gives the ids, in the order of the paths. Where they are other ones, there is a tree before.
fn name(
    (base, before): (&Snapshot, Option<&Snapshot>),
    mut unnamed: Vec<Unnamed<'_>>,
    mut ids: Ids,
    numbering: &Numbering,
    now: Timestamp,
    mut plan: Plan,
) -> Result<Assigned, IdsError> {
    unnamed.sort_by(|a, b| a.path.cmp(b.path));
    let mut others: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut given = Vec::with_capacity(unnamed.len());
    for one in &unnamed {
        let published = one.record.published_at().unwrap_or(now).min(now);
        let id = ids.give(published.year(), one.place.folder)?;
        let is_placeholder = ReportId::is_unassigned(one.place.stem, &numbering.prefix);
        if is_placeholder {
            let is_first = !others.contains_key(one.place.stem);
            others.insert(one.place.stem.to_owned(), is_first.then(|| id.clone()));
        }
        given.push((id, published));
    }
    let others: BTreeMap<String, String> = others.into_iter().filter_map(|(name, id)| Some((name, id?))).collect();
    let (mut changes, mut was) = (ChangeSet::default(), BTreeMap::new());
    let mut same = before.map(|before| led(base, before, &unnamed, &given)).unwrap_or_default();
    for (one, (id, published)) in unnamed.into_iter().zip(&given) {
        let mut kept = None;
        let Unnamed { path, place, package, mut record } = one;
        let Ok(new_path) = (Place { stem: id, ..place }).path() else { continue };
        let said = record.id.as_str().unwrap_or_default().to_owned();
        let own = [place.stem, if said.is_empty() { place.stem } else { &said }];
        let others = same.remove(path).map_or(&others, |(.., names)| kept.insert(names));
        Renamed { prefix: &numbering.prefix, own, id, others }.apply(&mut record);
        record.id = id.as_str().into();
        if record.published_at() != Some(*published) {
            record.published = published.whole_seconds().to_string().into();
        }
        join::touch(&mut record, now);
        let change = Change { path: new_path, kind: ChangeKind::Move, id: id.clone(), package: package.to_string() };
        changes.remove_file(path.clone());
        was.insert(change.path.clone(), path.clone());
        changes.put_report(change, write::canonical(&record).into_bytes());
    }
    for (path, (package, mut record, others)) in same {
        let (was_said, id) = (record.clone(), record.id.as_str().unwrap_or_default().to_owned());
        Renamed { prefix: &numbering.prefix, own: [&id; 2], id: &id, others: &others }.apply_beside_ours(&mut record);
        lead_on(&mut record, &others, now);
        if record != was_said {
            join::touch(&mut record, now);
            let change = Change { path: path.clone(), kind: ChangeKind::Join, id, package: package.to_string() };
            was.insert(path.clone(), path);
            changes.put_report(change, write::canonical(&record).into_bytes());
        }
    }
    if let (Some(file), Ok(path)) = (ids.to_file(), IDS_FILE.parse()) {
        changes.put_file(path, file.into_bytes());
    }
    plan.changes = changes;
    plan.rejected.sort_by(|a, b| a.delivery.cmp(&b.delivery));
    Ok(Assigned { plan, was })
}

/// Says where a report leads now, if that got another id.
fn lead_on(record: &mut Record, others: &BTreeMap<String, String>, now: Timestamp) {
    let Some(to) = leads_to(record).and_then(|led| others.get(&led)) else { return };
    let mut decisions = in_order(record.decisions());
    let last = decisions.iter().rev().find(|one| one.survivor.as_str().is_some_and(|led| others.contains_key(led)));
    let Some(last) = last.cloned() else { return };
    let time = after(&decisions, now).to_string().into();
    decisions.push(Decision { survivor: to.as_str().into(), time, ..last });
    record.set_decisions(&decisions);
}

/// Reports by their paths, each with the ids that others on its package got, by those that they had.
type Led = BTreeMap<TreePath, (Package, Record, BTreeMap<String, String>)>;

/// The reports on the packages of those that get another id. What they say of that one they say of the report on their
/// package, and not of the other one that keeps the id; but for what they said in `before`, where that one had it.
fn led(base: &Snapshot, before: &Snapshot, unnamed: &[Unnamed<'_>], given: &[(String, Timestamp)]) -> Led {
    let mut led = Led::new();
    for (one, (id, _)) in unnamed.iter().zip(given) {
        let had = one.place.stem;
        let said_before = |entry: &Entry| {
            let place = Place::of(&entry.path)?;
            let there =
                Base::ALL.into_iter().find_map(|base| before.entry(Place { base, ..place }.path().ok()?.as_str()));
            let record = Report::read(&entry.path, &before.read(there?).ok()?).record?;
            Some(write::canonical(&record).contains(&format!("\"{had}\"")))
        };
        for (entry, record) in on_package(base, one.path, one).filter(|(entry, _)| said_before(entry) != Some(true)) {
            let of_entry = || (one.package.clone(), record, BTreeMap::new());
            led.entry(entry.path.clone()).or_insert_with(of_entry).2.insert(had.to_owned(), id.clone());
        }
    }
    led
}

fn fault(rule: &'static str, pointer: &'static str, message: String, remedy: &str) -> Fault {
    Fault { rule, pointer, message, remedy: remedy.to_owned() }
}

fn fault_in_name(name: &str) -> Fault {
    let message = format!("its text names {name}, and no report of that name gets an id");
    fault("placeholder-alias", "/details", message, "take the name out, or write the id of the report that is meant")
}

impl Fault {
    fn of(self, path: &TreePath) -> Rejected {
        let Fault { rule, pointer, message, remedy } = self;
        Rejected {
            source: String::new(),
            delivery: path.to_string(),
            rule,
            pointer: pointer.to_owned(),
            message,
            remedy,
        }
    }
}
