//! Reports that a range of commits changed, and how: the cost is that of the change.

use std::collections::BTreeMap;

use curate::{Turn, TurnKind, meaning};
use database::{Base, Entry, Place, ReadError, Report, TreeId, TreePath, subject};
use osv_schema::Record;
use serde::Serialize;
use store::Store;

use crate::context::Context;
use crate::display::Shown;
use crate::failure::Failure;

/// How many items of one turn people are shown.
const SHOWN_MAX: usize = 20;

/// A report that changed.
pub(crate) struct Turned {
    pub(crate) id: String,
    pub(crate) package: String,
    /// Where it lay, and where it lies.
    pub(crate) was: Option<TreePath>,
    pub(crate) path: Option<TreePath>,
    pub(crate) turns: Vec<Turn>,
}

/// One turn, in every document that tells of them.
#[derive(Serialize)]
pub(crate) struct TurnV1<'t> {
    kind: &'static str,
    items: &'t [String],
}

/// A side of a change: where the report lies, and what it says.
type Side = (TreePath, Option<Record>);

/// The reports that differ between two trees, by path; and the other files that do.
pub(crate) fn turned(
    store: &Store,
    before: TreeId,
    after: TreeId,
    prefix: &str,
) -> Result<(Vec<Turned>, Vec<TreePath>), Failure> {
    let differences = store.difference(before, after)?;
    let entry = |path: &TreePath, content: &Option<database::Content>| {
        Some(Entry { path: path.clone(), content: content.clone()? })
    };
    let (reports, others): (Vec<_>, Vec<_>) = differences.iter().partition(|one| Place::of(&one.path).is_some());
    let before = read(store, reports.iter().filter_map(|one| entry(&one.path, &one.before)).collect())?;
    let after = read(store, reports.iter().filter_map(|one| entry(&one.path, &one.after)).collect())?;
    let others = others.into_iter().map(|one| one.path.clone()).collect();
    Ok((pair(before, after, prefix).into_iter().map(|(before, after)| one(before, after)).collect(), others))
}

/// Reads reports as far as they can be.
pub(crate) fn read(store: &Store, entries: Vec<Entry>) -> Result<Vec<Side>, Failure> {
    let wanted: Vec<&Entry> = entries.iter().collect();
    let read = store.blobs()?.map(&wanted, |entry, bytes| match bytes {
        Ok(bytes) => Ok(Report::read(&entry.path, bytes).record),
        Err(ReadError { is_system: false, .. }) => Ok(None),
        Err(error) => Err(error),
    });
    let mut sides = Vec::with_capacity(entries.len());
    for (entry, read) in entries.iter().zip(read) {
        sides.push((entry.path.clone(), read?));
    }
    Ok(sides)
}

/// Puts both sides of each report together: those at one path, then those with one name wherever they lie, then one that got
/// an id in its folder.
fn pair(before: Vec<Side>, after: Vec<Side>, prefix: &str) -> Vec<(Option<Side>, Option<Side>)> {
    let mut rest: BTreeMap<TreePath, Side> = before.into_iter().map(|side| (side.0.clone(), side)).collect();
    let mut pairs = Vec::new();
    let mut alone = Vec::new();
    for side in after {
        match rest.remove(&side.0) {
            Some(was) => pairs.push((Some(was), Some(side))),
            None => alone.push(side),
        }
    }
    let name = |path: &TreePath| Place::of(path).map(|place| place.stem.to_owned());
    let mut by_name: BTreeMap<Option<String>, Vec<TreePath>> = BTreeMap::new();
    rest.keys().for_each(|path| by_name.entry(name(path)).or_default().push(path.clone()));
    let mut new = Vec::new();
    for side in alone {
        match by_name.get_mut(&name(&side.0)).and_then(Vec::pop).and_then(|path| rest.remove(&path)) {
            Some(was) => pairs.push((Some(was), Some(side))),
            None => new.push(side),
        }
    }
    let mut unassigned: BTreeMap<String, Vec<TreePath>> = BTreeMap::new();
    for path in rest.keys() {
        if let Some(place) = Place::of(path).filter(|place| database::ReportId::is_unassigned(place.stem, prefix)) {
            unassigned.entry(place.folder.to_owned()).or_default().push(path.clone());
        }
    }
    for side in new {
        let folder = Place::of(&side.0).map_or("", |place| place.folder);
        let was = unassigned.get_mut(folder).and_then(Vec::pop).and_then(|path| rest.remove(&path));
        pairs.push((was, Some(side)));
    }
    pairs.extend(rest.into_values().map(|side| (Some(side), None)));
    pairs.sort_by_cached_key(place_of);
    pairs
}

fn place_of(pair: &(Option<Side>, Option<Side>)) -> Option<(String, TreePath)> {
    let (path, _) = pair.1.as_ref().or(pair.0.as_ref())?;
    // By package, wherever its report lies.
    Some((Place::of(path)?.folder.to_owned(), path.clone()))
}

/// What a change does to one report.
pub(crate) fn one(before: Option<Side>, after: Option<Side>) -> Turned {
    let record = |side: &Option<Side>| side.as_ref().and_then(|(_, record)| record.clone());
    let (was_said, said) = (record(&before), record(&after));
    let mut turns = match (&before, &after, &was_said, &said) {
        (Some(_), Some(_), Some(was), Some(said)) => meaning(Some(was), Some(said)),
        (Some(_), Some(_), None, None) => Vec::new(),
        (Some(_), Some(_), _, _) => vec![Turn { kind: TurnKind::Edited, items: vec!["all of it".to_owned()] }],
        (None, Some(_), _, None) => vec![Turn { kind: TurnKind::Created, items: Vec::new() }],
        (Some(_), None, None, _) => vec![Turn { kind: TurnKind::Removed, items: Vec::new() }],
        _ => meaning(was_said.as_ref(), said.as_ref()),
    };
    let paths = (before.map(|side| side.0), after.map(|side| side.0));
    if let (Some(from), Some(to)) = &paths
        && from != to
    {
        turns.insert(0, Turn { kind: TurnKind::Moved, items: vec![from.to_string(), to.to_string()] });
    }
    let path = paths.1.as_ref().or(paths.0.as_ref());
    let place = path.and_then(Place::of);
    let stem = place.map_or("", |place| place.stem).to_owned();
    let record = said.or(was_said);
    let package = record.as_ref().and_then(|record| subject(record).ok()).map(|subject| subject.package.to_string());
    let package = package.unwrap_or_else(|| place.map_or("", |place| place.folder).to_owned());
    let id = record.and_then(|record| record.id.as_str().filter(|id| !id.is_empty()).map(str::to_owned));
    Turned { id: id.unwrap_or(stem), package, was: paths.0, path: paths.1, turns }
}

impl Turned {
    /// The one word for the change.
    pub(crate) fn group(&self) -> &'static str {
        let has = |kinds: &[TurnKind]| self.turns.iter().any(|turn| kinds.contains(&turn.kind));
        use TurnKind as Kind;
        match () {
            () if has(&[Kind::Removed]) => "removed",
            () if has(&[Kind::Created]) => "created",
            () if has(&[Kind::Withdrawn]) => "withdrawn",
            () if has(&[Kind::Reinstated]) => "reinstated",
            () if has(&[Kind::DecisionsDropped, Kind::DeliveriesDropped]) => "lost",
            () if has(&[Kind::VersionsCleared, Kind::RangesCleared]) => "narrowed",
            () if has(&[Kind::VersionsAdded, Kind::RangesAdded]) => "widened",
            () if has(&[Kind::Decided, Kind::Delivered]) => "joined",
            () if self.turns.is_empty() => "rewritten",
            () if self.turns.iter().all(|turn| matches!(turn.kind, Kind::Moved | Kind::Renamed)) => "moved",
            () => "edited",
        }
    }

    pub(crate) fn turns_v1(&self) -> Vec<TurnV1<'_>> {
        self.turns.iter().map(|turn| TurnV1 { kind: turn.kind.word(), items: &turn.items }).collect()
    }
}

/// The groups, the ones to look at first in front.
pub(crate) const GROUPS: [&str; 11] = [
    "removed",
    "lost",
    "withdrawn",
    "narrowed",
    "reinstated",
    "created",
    "widened",
    "joined",
    "edited",
    "moved",
    "rewritten",
];

/// Turns for people, a line each.
pub(crate) fn write_turns<'t>(
    turns: impl IntoIterator<Item = &'t Turn>,
    indent: &str,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    for turn in turns {
        let items: Vec<&str> = turn.items.iter().take(SHOWN_MAX).map(String::as_str).collect();
        let between = if matches!(turn.kind, TurnKind::Moved | TurnKind::Renamed | TurnKind::PackageChanged) {
            " to "
        } else {
            ", "
        };
        let more = turn.items.len() - items.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let colon = if items.is_empty() { "" } else { ": " };
        let told = context.tamed_words(&items.join(between));
        writeln!(context.out, "{indent}{}{colon}{}{more}", turn.kind.word(), Shown(&told))?;
    }
    Ok(())
}

/// The folders in which a report may lie as one that stands or one that was taken back.
pub(crate) fn folders(folder: &str) -> [String; 2] {
    Base::ALL.map(|base| format!("{}/{folder}", base.folder()))
}
