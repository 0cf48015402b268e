//! Streams: the deliveries of one source under one id, and which of them count.

use std::collections::{BTreeMap, BTreeSet};

use osv_schema::additions::Stream as Name;
use osv_schema::{Member, Origin, Timestamp};

/// What tells a stream from all others: the source, and the id there; without an id each content is one of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StreamKey {
    Id(String, String),
    Content(String, String),
}

/// Before the hash of what a stream without an id says, where it is named as by an id: so it is taken back.
const CONTENT: &str = "sha256:";

/// Whether an id is none, and names a content.
pub(crate) fn is_of_content(id: &str) -> bool {
    id.starts_with(CONTENT)
}

impl StreamKey {
    pub(crate) fn of(origin: &Origin) -> StreamKey {
        let source = origin.source.as_str().unwrap_or_default().to_owned();
        StreamKey::with(source, origin.id.as_str().filter(|id| !id.is_empty()), content_of(origin))
    }

    /// The stream of a source under an id, or of a content.
    pub(crate) fn with(source: String, id: Option<&str>, content: &str) -> StreamKey {
        match id.map(|id| (id, id.strip_prefix(CONTENT))) {
            Some((_, Some(content))) => StreamKey::Content(source, content.to_owned()),
            Some((id, None)) => StreamKey::Id(source, id.to_owned()),
            None => StreamKey::Content(source, content.to_owned()),
        }
    }

    /// What names it at its source: its id, else its content as if it were one.
    pub(crate) fn own_name(&self) -> String {
        match self {
            StreamKey::Id(_, id) => id.clone(),
            StreamKey::Content(_, hash) => format!("{CONTENT}{hash}"),
        }
    }

    /// The stream that a decision names; none where it names none.
    pub(crate) fn named(name: &Name) -> Option<StreamKey> {
        let source = name.source.as_str()?.to_owned();
        match (name.id.as_str(), name.sha256.as_str()) {
            (Some(id), _) => Some(StreamKey::Id(source, id.to_owned())),
            (None, Some(sha256)) => Some(StreamKey::Content(source, sha256.to_owned())),
            (None, None) => None,
        }
    }

    pub(crate) fn name(&self) -> Name {
        match self {
            StreamKey::Id(source, id) => {
                Name { source: source.as_str().into(), id: id.as_str().into(), ..Name::default() }
            }
            StreamKey::Content(source, hash) => {
                Name { source: source.as_str().into(), sha256: hash.as_str().into(), ..Name::default() }
            }
        }
    }

    pub(crate) fn source(&self) -> &str {
        match self {
            StreamKey::Id(source, _) | StreamKey::Content(source, _) => source,
        }
    }
}

/// The hash of what an origin says; of one that was taken over, that of its bytes.
pub(crate) fn content_of(origin: &Origin) -> &str {
    origin.content_sha256.as_str().or(origin.sha256.as_str()).unwrap_or_default()
}

pub(crate) fn modified_of(origin: &Origin) -> Option<Timestamp> {
    origin.modified_time.as_str().and_then(|text| text.parse().ok())
}

/// The deliveries of one stream in one report.
#[derive(Clone, Debug)]
pub(crate) struct Stream<'o> {
    /// All of them, the oldest statement first.
    pub(crate) origins: Vec<&'o Origin>,
    /// As of when each was said.
    times: Vec<Option<Timestamp>>,
    /// How many at the end of the list are the newest ones, which count together.
    current: usize,
}

impl<'o> Stream<'o> {
    /// The newest ones.
    pub(crate) fn current(&self) -> &[&'o Origin] {
        &self.origins[self.origins.len() - self.current..]
    }

    /// All of them, with the times as of which they count.
    pub(crate) fn timed(&self) -> impl Iterator<Item = (Option<Timestamp>, &'o Origin)> + '_ {
        self.times.iter().copied().zip(self.origins.iter().copied())
    }

    /// Whether it came down from this report.
    pub(crate) fn is_derived(&self) -> bool {
        self.current().iter().any(|origin| origin.derived_from.as_str().is_some())
    }

    /// When its source took all of it back, or went on to another package; none while it stands.
    pub(crate) fn ended(&self) -> Option<Timestamp> {
        let ended = |origin: &&Origin| {
            let withdrawn = origin.withdrawn.as_str().map(|text| text.parse().ok().or(modified_of(origin)));
            let moved = origin.moved_to.as_str().map(|_| modified_of(origin));
            withdrawn.or(moved).map(|time| time.unwrap_or(Timestamp::EPOCH))
        };
        let all: Option<Vec<Timestamp>> = self.current().iter().map(ended).collect();
        all?.into_iter().max()
    }

    /// The deliveries whose statements count while it stands.
    pub(crate) fn speaking(&self) -> impl Iterator<Item = &'o Origin> + '_ {
        self.current().iter().copied().filter(|origin| is_live(origin))
    }

    /// What it said last: what it says in the end, or before that, if it ended without a word.
    pub(crate) fn last_words(&self) -> Vec<&'o Origin> {
        let says = |origin: &Origin| {
            origin.moved_to.is_absent() && (!origin.versions.items().is_empty() || !origin.ranges.items().is_empty())
        };
        let current: Vec<&Origin> = self.current().iter().copied().filter(|origin| says(origin)).collect();
        if !current.is_empty() {
            return current;
        }
        let Some((last, _)) = self.timed().filter(|(_, origin)| says(origin)).last() else { return Vec::new() };
        self.timed().filter(|(time, origin)| *time == last && says(origin)).map(|(_, origin)| origin).collect()
    }
}

fn is_live(origin: &Origin) -> bool {
    origin.withdrawn.as_str().is_none() && origin.moved_to.as_str().is_none()
}

/// The streams of a report.
pub(crate) fn streams<'o>(origins: impl IntoIterator<Item = &'o Origin>) -> BTreeMap<StreamKey, Stream<'o>> {
    streams_as_of(origins.into_iter().map(|origin| (modified_of(origin), origin)))
}

/// The streams of a report, where each delivery counts as of a time.
pub(crate) fn streams_as_of<'o>(
    origins: impl IntoIterator<Item = (Option<Timestamp>, &'o Origin)>,
) -> BTreeMap<StreamKey, Stream<'o>> {
    let mut by_key: BTreeMap<StreamKey, Vec<(Option<Timestamp>, &Origin)>> = BTreeMap::new();
    for timed in origins {
        by_key.entry(StreamKey::of(timed.1)).or_default().push(timed);
    }
    by_key.into_iter().map(|(key, origins)| (key, stream(origins))).collect()
}

fn stream(mut timed: Vec<(Option<Timestamp>, &Origin)>) -> Stream<'_> {
    timed.sort_by_cached_key(|(time, origin)| (*time, content_of(origin).to_owned()));
    let (times, origins): (Vec<_>, Vec<_>) = timed.into_iter().unzip();
    let current = times.iter().rev().take_while(|time| times.last() == Some(time)).count();
    Stream { origins, times, current }
}

/// Origins with one for each distinct content, sorted; and for each that stands for others, the hashes of their bytes
/// with its own, as the sections of details name them.
pub(crate) fn normal(origins: Vec<Origin>) -> (Vec<Origin>, BTreeMap<(String, String), String>) {
    let text = |member: &Member<String>| member.as_str().unwrap_or_default().to_owned();
    // The same bytes say the same, whoever wrote down what; but a record on several packages says something of each.
    let mut contents: BTreeMap<(String, String), String> = BTreeMap::new();
    for origin in &origins {
        if let Some(content) = origin.content_sha256.as_str() {
            let of_bytes = contents.entry((text(&origin.source), text(&origin.sha256)));
            let smallest = of_bytes.or_insert_with(|| content.to_owned());
            if content < smallest.as_str() {
                *smallest = content.to_owned();
            }
        }
    }
    let mut groups: BTreeMap<(String, String, bool), Vec<Origin>> = BTreeMap::new();
    for origin in origins {
        let source = text(&origin.source);
        let of_bytes = || contents.get(&(source.clone(), text(&origin.sha256))).cloned();
        let content = origin.content_sha256.as_str().map(str::to_owned).or_else(of_bytes);
        let content = content.unwrap_or_else(|| content_of(&origin).to_owned());
        // A stream that went on to another package left a mark here, which is no statement.
        groups.entry((source, content, origin.moved_to.as_str().is_some())).or_default().push(origin);
    }
    let mut renamed = BTreeMap::new();
    let mut standing: Vec<Origin> = Vec::with_capacity(groups.len());
    for ((source, ..), mut group) in groups {
        group.sort_by_cached_key(|origin| {
            (text(&origin.sha256), origin.content_sha256.is_absent(), crate::unite::written(origin))
        });
        let hashes: BTreeSet<String> = group.iter().map(|origin| text(&origin.sha256)).collect();
        let mut group = group.into_iter();
        let Some(first) = group.next() else { continue };
        let one = group.fold(first, same_content);
        for hash in hashes.into_iter().filter(|hash| *hash != text(&one.sha256)) {
            renamed.insert((source.clone(), hash), text(&one.sha256));
        }
        standing.push(one);
    }
    standing.sort_by_cached_key(|origin| {
        (
            text(&origin.source),
            text(&origin.id),
            modified_of(origin),
            text(&origin.sha256),
            crate::unite::written(origin),
        )
    });
    (standing, renamed)
}

/// Two origins that say the same: the newest `modified_time`, the earliest `import_time`, and whatever only one knows.
fn same_content(mut one: Origin, other: Origin) -> Origin {
    let time = |member: &Member<String>| member.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    if time(&other.modified_time) > time(&one.modified_time) {
        one.modified_time = other.modified_time;
    }
    if one.import_time.as_str().is_none() || time(&other.import_time).is_some_and(|t| Some(t) < time(&one.import_time))
    {
        one.import_time = other.import_time;
    }
    fill(&mut one.id, other.id);
    fill(&mut one.ranges, other.ranges);
    fill(&mut one.versions, other.versions);
    fill(&mut one.withdrawn, other.withdrawn);
    fill(&mut one.content_sha256, other.content_sha256);
    fill(&mut one.name, other.name);
    fill(&mut one.derived_from, other.derived_from);
    fill(&mut one.moved_to, other.moved_to);
    for (name, value) in other.extra {
        one.extra.entry(name).or_insert(value);
    }
    one
}

fn fill<T>(member: &mut Member<T>, other: Member<T>) {
    if member.value().is_none() && other.value().is_some() {
        *member = other;
    }
}
