//! What a report says, computed from its origins and decisions: the order in which they came decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use database::{Details, InvalidDetails};
use ecosystem::Package;
use ecosystem::version::{Identity, Order};
use osv_schema::additions::{Decision, malpkg};
use osv_schema::{Affected, Member, Object, Origin, Range, Record, Timestamp, Value};

use crate::cleared::Cleared;
use crate::decided::{Decided, Narrowed, Undone, fold, in_order, named};
use crate::join::{summary, written_details};
use crate::ranges::{is_everything, is_in, union};
use crate::streams::{Stream, StreamKey, modified_of, normal};
use crate::told::tell;
use crate::trees::beside;
use crate::unite::written;

/// The words of ours that are one and no list; deliveries claim them, and somebody may have settled them.
const CLAIMS: [&str; 4] = ["campaign", "confidence", "kind", "technique"];

/// What is affected, before ranges are joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) versions: BTreeSet<String>,
    /// By their written form.
    pub(crate) ranges: BTreeMap<String, Range>,
}

impl Statement {
    /// What these lists say.
    pub(crate) fn of(versions: &[String], ranges: &[Range]) -> Statement {
        let ranges = ranges.iter().map(|range| (written(range), range.clone())).collect();
        Statement { versions: versions.iter().cloned().collect(), ranges }
    }

    pub(crate) fn add(&mut self, origin: &Origin) {
        self.versions.extend(origin.versions.items().iter().cloned());
        self.ranges.extend(origin.ranges.items().iter().map(|range| (written(range), range.clone())));
    }
}

impl Statement {
    /// Tells of versions whether they are meant: listed, under whatever spelling, or in a range.
    pub(crate) fn meant<'s>(&'s self, ecosystem: &'s str) -> impl Fn(&str) -> bool + 's {
        let order = Order::of(ecosystem);
        let listed: BTreeSet<Identity<'s>> = self.versions.iter().map(|one| Identity::of(order, one)).collect();
        let ranges: Vec<Range> = self.ranges.values().cloned().collect();
        move |version| listed.contains(&Identity::of(order, version)) || is_in(version, &ranges, ecosystem)
    }
}

/// What a report comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Computed {
    pub(crate) statement: Statement,
    pub(crate) withdrawn: Option<Timestamp>,
    /// Whether nothing is left, and this is what was meant before all of it was undone.
    pub(crate) is_before: bool,
}

/// What these origins, of which these streams count, and decisions come to on a package of this ecosystem.
pub(crate) fn compute(
    origins: &[Origin],
    streams: &BTreeMap<StreamKey, Stream<'_>>,
    decided: &Decided,
    ecosystem: &str,
) -> Computed {
    let computed = counted(origins, streams, decided, ecosystem);
    let Some(undone_at) = decided.undone.last.filter(|_| computed.statement == Statement::default()) else {
        return computed;
    };
    // Nothing is left of it: it is taken back, until somebody else speaks of it, and one knows what was meant.
    let mut before = Decided { undone: Undone::default(), ..decided.clone() };
    if let Some(narrowed) = &mut before.narrowed {
        narrowed.undone.clear();
    }
    let meant = counted(origins, &before.streams(origins), &before, ecosystem);
    let is_back = decided.reinstated.is_some_and(|since| since >= undone_at);
    let withdrawn = if is_back { meant.withdrawn } else { decided.withdrawn.or(Some(undone_at)) };
    Computed { withdrawn, is_before: true, ..meant }
}

fn counted(
    origins: &[Origin],
    streams: &BTreeMap<StreamKey, Stream<'_>>,
    decided: &Decided,
    ecosystem: &str,
) -> Computed {
    let mut statement = Statement::default();
    let narrowed = decided.narrowed.as_ref().map(|one| Cleared::of(&one.cleared, &one.kept, ecosystem));
    let found = Cleared::of(&decided.found.cleared, &decided.found.versions, ecosystem);
    let keeping = Keeping { decided, narrowed: narrowed.as_ref(), found: &found, ecosystem };
    let own: Vec<(&StreamKey, &Stream<'_>)> = streams.iter().filter(|(_, stream)| !stream.is_derived()).collect();
    let ended =
        |stream: &Stream<'_>| stream.ended().filter(|time| decided.reinstated.is_none_or(|since| *time > since));
    let rest = Rest::of(&own, decided);
    // What is left of what a stream says when people have cleared the rest: if that is nothing, it does not speak here.
    let says_nothing = |key: &StreamKey, stream: &Stream<'_>| {
        let mut said = Statement::default();
        stream.speaking().for_each(|origin| keeping.add(&mut said, key, origin));
        said == Statement::default()
    };
    let is_unheard = |key: &StreamKey, stream: &Stream<'_>| {
        let is_new = decided.narrowed.as_ref().is_some_and(|narrowed| !narrowed.bound.contains(key));
        is_new && stream.ended().is_none() && says_nothing(key, stream)
    };
    let speaking = own.iter().filter(|(key, _)| !rest.alone_counts || !rest.is_bound(key));
    let speaking = speaking.filter(|(key, stream)| !is_unheard(key, stream));
    let all_ended: Option<Vec<Timestamp>> = speaking.map(|(_, stream)| ended(stream)).collect();
    let last_ended = all_ended.filter(|ended| !ended.is_empty()).and_then(|ended| ended.into_iter().max());
    for (key, stream) in &own {
        // What was taken back counts where nothing stands, so that one knows what was meant; and where it stands again.
        let is_back = stream.ended().is_some() && ended(stream).is_none();
        let origins: Vec<&Origin> =
            if last_ended.is_some() || is_back { stream.last_words() } else { stream.speaking().collect() };
        origins.into_iter().for_each(|origin| keeping.add(&mut statement, key, origin));
    }
    match decided.narrowed.as_ref().zip(narrowed.as_ref()) {
        Some((narrowed, cleared)) => {
            let only_undone = only_undone(narrowed, origins, streams, decided, ecosystem);
            let kept = narrowed.kept.iter().filter(|version| !only_undone.versions.contains(*version));
            let kept = kept.filter(|version| !rest.versions.contains(version.as_str()));
            statement.versions.extend(kept.cloned());
            let kept = narrowed.ranges.iter().filter(|(range, _)| !only_undone.ranges.contains_key(*range));
            statement.ranges.extend(kept.map(|(key, range)| (key.clone(), range.clone())));
            // Of a tree that is taken over, as of a stream that is new, what it names exactly counts.
            let mut there = beside(decided.trees.statement(), cleared, &BTreeSet::new());
            statement.versions.append(&mut there.versions);
        }
        None => {
            let mut there = beside(decided.trees.statement(), &found, &decided.found.cleared_ranges);
            statement.versions.append(&mut there.versions);
            statement.ranges.append(&mut there.ranges);
            statement.versions.extend(decided.found.versions.iter().cloned());
            statement.ranges.extend(decided.found.ranges.clone());
        }
    }
    if let Some(narrowed) = decided.narrowed.as_ref()
        && statement == Statement::default()
        && decided.undone.last.is_none()
    {
        // Nothing is left: it is taken back, since the last word of those who spoke of it, and one knows what was meant.
        let meant = if narrowed.kept.is_empty() { &narrowed.cleared } else { &narrowed.kept };
        statement.versions.extend(meant.iter().cloned());
        statement.ranges.extend(narrowed.ranges.clone());
        let said = own.iter().flat_map(|(_, stream)| stream.current().iter().filter_map(|origin| modified_of(origin)));
        let last = last_ended.or_else(|| said.max()).unwrap_or(Timestamp::EPOCH);
        return Computed { statement, withdrawn: decided.withdrawn.or(Some(last)), ..Computed::default() };
    }
    Computed { statement, withdrawn: decided.withdrawn.or(last_ended), is_before: false }
}

/// Beside a part that was taken back: what the other streams of a report say, which counts as long as they say it.
#[derive(Default)]
struct Rest<'o> {
    narrowed: Option<&'o Narrowed>,
    /// All versions that they ever named.
    versions: BTreeSet<&'o str>,
    /// Whether they alone tell if the report stands: nothing was kept for its own sake.
    alone_counts: bool,
}

impl<'o> Rest<'o> {
    fn of(own: &[(&StreamKey, &Stream<'o>)], decided: &'o Decided) -> Rest<'o> {
        let Some(narrowed) = decided.narrowed.as_ref().filter(|narrowed| narrowed.is_of_part) else {
            return Rest::default();
        };
        let others = || own.iter().filter(|(key, _)| !narrowed.bound.contains(key));
        let said: Vec<&'o Origin> = others().flat_map(|(_, stream)| stream.origins.iter().copied()).collect();
        let versions: BTreeSet<&str> =
            said.iter().flat_map(|origin| origin.versions.items()).map(String::as_str).collect();
        let has_ranges = said.iter().any(|origin| !origin.ranges.items().is_empty());
        let is_all = narrowed.kept.iter().all(|version| versions.contains(version.as_str()))
            && (narrowed.ranges.is_empty() || has_ranges);
        Rest { narrowed: Some(narrowed), versions, alone_counts: is_all && others().next().is_some() }
    }

    fn is_bound(&self, key: &StreamKey) -> bool {
        self.narrowed.is_some_and(|narrowed| narrowed.bound.contains(key))
    }
}

/// What a narrowing left standing, and only deliveries had said that were undone since.
fn only_undone(
    narrowed: &Narrowed,
    origins: &[Origin],
    streams: &BTreeMap<StreamKey, Stream<'_>>,
    decided: &Decided,
    ecosystem: &str,
) -> Statement {
    let mut gone = Statement::default();
    if narrowed.undone.is_empty() {
        return gone;
    }
    origins.iter().filter(|origin| narrowed.undone.contains(&named(origin))).for_each(|origin| gone.add(origin));
    let mut rest = decided.trees.statement();
    rest.versions.extend(decided.found.versions.iter().cloned());
    rest.ranges.extend(decided.found.ranges.clone());
    streams.values().flat_map(|stream| &stream.origins).for_each(|origin| rest.add(origin));
    // A version is often kept of a range that is not.
    let (by_undone, by_rest) = (gone.meant(ecosystem), rest.meant(ecosystem));
    let is_gone =
        |version: &&String| by_undone(version) && !by_rest(version) && !narrowed.kept_since.contains(*version);
    let versions = narrowed.kept.iter().filter(is_gone).cloned().collect();
    let ranges = gone.ranges.iter().filter(|(range, _)| !narrowed.is_since && !rest.ranges.contains_key(*range));
    Statement { versions, ranges: ranges.map(|(key, range)| (key.clone(), range.clone())).collect() }
}

/// What decisions keep out.
struct Keeping<'d> {
    decided: &'d Decided,
    narrowed: Option<&'d Cleared<'d>>,
    found: &'d Cleared<'d>,
    ecosystem: &'d str,
}

impl Keeping<'_> {
    /// Adds what one delivery says, as far as decisions let it count.
    fn add(&self, statement: &mut Statement, key: &StreamKey, origin: &Origin) {
        let decided = self.decided;
        if decided.trees.have_ended(key) {
            return;
        }
        let mut said = Statement::default();
        said.add(origin);
        if let Some(cleared) = self.narrowed {
            if decided.narrowed.as_ref().is_some_and(|narrowed| narrowed.bound.contains(key)) {
                return;
            }
            // Of a stream that is new, what it names exactly counts; an open range could mean what was cleared.
            said.ranges.clear();
            said.versions.retain(|version| !cleared.has(version));
        }
        if decided.found.bound.contains(key) {
            said.versions.retain(|version| !self.found.has(version));
            said.ranges.retain(|range, _| !decided.found.cleared_ranges.contains(range));
        }
        decided.trees.leave_out(key, &mut said, self.ecosystem);
        statement.versions.append(&mut said.versions);
        statement.ranges.append(&mut said.ranges);
    }
}

/// Versions and ranges as they are listed: every version absorbs all.
pub(crate) fn listed(statement: &Statement, ecosystem: &str) -> (Vec<String>, Vec<Range>) {
    let ranges: Vec<Range> = statement.ranges.values().cloned().collect();
    let ranges = union(&ranges, ecosystem);
    let is_all = ranges.iter().any(is_everything);
    let versions = if is_all { Vec::new() } else { statement.versions.iter().cloned().collect() };
    (versions, ranges)
}

/// Makes a report say what its origins and decisions come to, and brings both into their one order.
///
/// # Errors
///
/// The report's details cannot be taken apart; the report is unchanged then.
pub(crate) fn settle(record: &mut Record, package: &Package) -> Result<(), InvalidDetails> {
    let mut details = Details::parse(record.details.as_str().unwrap_or_default())?;
    let (origins, renamed) = normal(record.origins());
    let decisions = in_order(record.decisions());
    let decided = fold(&decisions);
    let streams = decided.streams(&origins);
    let ecosystem = package.ecosystem().base();
    let computed = compute(&origins, &streams, &decided, ecosystem);
    let (versions, ranges) = listed(&computed.statement, ecosystem);
    if let Some([affected]) = record.affected.value_mut().map(Vec::as_mut_slice) {
        put(&mut affected.versions, versions);
        put(&mut affected.ranges, ranges);
        spell(affected, &streams, package);
    }
    record.withdrawn = computed.withdrawn.map(|time| time.whole_seconds().to_string()).into();
    let before = details.clone();
    // Of a report of which nothing is left one knows what was said.
    let meant = computed.is_before.then(|| crate::streams::streams(&origins));
    let kept = tell(&mut details, &renamed, &origins, &decisions, meant.as_ref().unwrap_or(&streams));
    // What people wrote is theirs: without news in the sections the text stays to the byte.
    if details != before {
        record.details = written_details(&details);
    }
    claim(record, &origins, &streams);
    record.set_origins(&kept);
    record.set_decisions(&decisions);
    if let Some(affected) = record.affected.items().first().and_then(|affected| affected.package.value()) {
        let named = Package::new(package.ecosystem().clone(), affected.name.as_str().unwrap_or_default());
        let is_standard = record.summary.as_str().is_none_or(|text| text.is_empty() || text == summary(package));
        if is_standard {
            record.summary = summary(&named).into();
        }
    }
    Ok(())
}

fn put<T>(list: &mut Member<Vec<T>>, items: Vec<T>) {
    if items.is_empty() {
        // A list that was written down as empty says as much.
        if !list.items().is_empty() {
            *list = Member::Absent;
        }
    } else {
        *list = Member::Value(items);
    }
}

/// The spelling of the name: the smallest by its bytes among those who speak.
fn spell(affected: &mut Affected, streams: &BTreeMap<StreamKey, Stream<'_>>, package: &Package) {
    let Some(named) = affected.package.value_mut() else { return };
    let speaking = streams.values().filter(|stream| !stream.is_derived()).flat_map(Stream::speaking);
    // Of what was taken over nobody knows how it was spelled: as the report is.
    let spelled = speaking.map(|origin| match (origin.name.as_str(), origin.content_sha256.as_str()) {
        (Some(name), _) => name.to_owned(),
        (None, Some(_)) => package.canonical_name().into_owned(),
        (None, None) => package.name().to_owned(),
    });
    let Some(name) = spelled.min() else { return };
    if named.name.as_str() != Some(&name) {
        if named.purl.value().is_some() {
            named.purl = Package::new(package.ecosystem().clone(), name.as_str()).purl().into();
        }
        named.name = name.into();
    }
}

/// The words of ours that are one and no list: what somebody settled, else what the newest delivery claims.
fn claim(record: &mut Record, origins: &[Origin], streams: &BTreeMap<StreamKey, Stream<'_>>) {
    for name in CLAIMS {
        let there = malpkg(record).and_then(|ours| ours.get(name)).and_then(Value::as_str).map(str::to_owned);
        let claims: BTreeSet<&str> = origins.iter().filter_map(|origin| claimed(origin, name)).collect();
        if there.as_deref().is_some_and(|there| !claims.contains(there)) {
            continue;
        }
        let current = streams.values().flat_map(|stream| stream.current().iter().copied());
        let newest = current
            .filter_map(|origin| Some((modified_of(origin), claimed(origin, name)?)))
            .max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(a.1)));
        // Where none of those says so any more, what was said last does.
        let newest = newest.or_else(|| {
            let all = origins.iter();
            all.filter_map(|origin| Some((modified_of(origin), claimed(origin, name)?)))
                .max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        });
        if let Some((_, word)) = newest {
            set(record, name, word);
        }
    }
}

fn claimed<'o>(origin: &'o Origin, name: &str) -> Option<&'o str> {
    origin.extra.get("claims")?.as_object()?.get(name)?.as_str()
}

fn set(record: &mut Record, name: &str, word: &str) {
    let ours = record.database_specific.or_default().entry("malpkg".to_owned()).or_insert(Value::Null);
    if !matches!(ours, Value::Object(_)) {
        *ours = Value::Object(Object::new());
    }
    if let Value::Object(ours) = ours {
        ours.insert(name.to_owned(), Value::from(word));
    }
}

/// The words that a delivery claims, for its origin.
pub(crate) fn claims_of(ours: &Object) -> Object {
    ours.iter()
        .filter(|(name, value)| CLAIMS.contains(&name.as_str()) && value.as_str().is_some())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// What a report lists otherwise than its origins and decisions imply, as decisions: the difference stands. Empty where
/// there is none, as after every write of ours.
pub(crate) fn as_found(record: &Record, package: &Package) -> Vec<Decision> {
    let (origins, _) = normal(record.origins());
    let decided = fold(&in_order(record.decisions()));
    let streams = decided.streams(&origins);
    let ecosystem = package.ecosystem().base();
    let Computed { statement, withdrawn, .. } = compute(&origins, &streams, &decided, ecosystem);
    let affected = record.affected.items().first();
    let versions: BTreeSet<String> = affected.map(|a| a.versions.items().iter().cloned().collect()).unwrap_or_default();
    let ranges: BTreeMap<String, Range> = affected
        .map(|a| a.ranges.items().iter().map(|range| (written(range), range.clone())).collect())
        .unwrap_or_default();
    let time = record.modified_at().or(record.published_at()).unwrap_or(Timestamp::EPOCH).whole_seconds();
    let decision = |kind: &str, time: Timestamp| Decision {
        kind: kind.into(),
        time: time.whole_seconds().to_string().into(),
        reason: "as-found".into(),
        ..Decision::default()
    };
    let mut found = Vec::new();
    let there = Statement { versions: versions.clone(), ranges: ranges.clone() };
    if listed(&there, ecosystem) != listed(&statement, ecosystem) || !versions.is_subset(&statement.versions) {
        let is_all = ranges.values().any(is_everything);
        // Below a range of every version nobody can see what was not listed.
        let less: BTreeSet<String> =
            if is_all { BTreeSet::new() } else { statement.versions.difference(&versions).cloned().collect() };
        // What is listed under one spelling of two stays, though the other one does not.
        let none = BTreeSet::new();
        let cleared = Cleared::of(&less, &none, ecosystem);
        let is_more = |version: &&String| !statement.versions.contains(*version) || cleared.has(version);
        let more: Vec<String> = versions.iter().filter(is_more).cloned().collect();
        let is_same = {
            let of = |ranges: &BTreeMap<String, Range>| union(&ranges.values().cloned().collect::<Vec<_>>(), ecosystem);
            of(&ranges) == of(&statement.ranges)
        };
        let only = |of: &BTreeMap<String, Range>, not: &BTreeMap<String, Range>| -> Vec<Range> {
            if is_same {
                return Vec::new();
            }
            of.iter().filter(|(key, _)| !not.contains_key(*key)).map(|(_, range)| range.clone()).collect()
        };
        let bound: Vec<_> = streams.keys().map(StreamKey::name).collect();
        found.push(Decision {
            streams: some(bound),
            versions: some(more),
            cleared: some(less.into_iter().collect()),
            ranges: some(only(&ranges, &statement.ranges)),
            cleared_ranges: some(only(&statement.ranges, &ranges)),
            ..decision("as-found", time)
        });
    }
    match (record.is_withdrawn(), withdrawn) {
        (true, None) => {
            let since = record.withdrawn.as_str().and_then(|text| text.parse().ok()).unwrap_or(time);
            found.push(decision("withdraw", since));
        }
        (false, Some(ended)) => found.push(decision("reinstate", ended.max(time))),
        _ => {}
    }
    found
}

fn some<T>(items: Vec<T>) -> Member<Vec<T>> {
    if items.is_empty() { Member::Absent } else { Member::Value(items) }
}
