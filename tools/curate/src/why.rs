//! Why: for each version and range who says it, whether it counts, what decided so, and since when.

use std::collections::{BTreeMap, BTreeSet};

use database::subject;
use osv_schema::additions::Decision;
use osv_schema::{Member, Origin, Range, Record};

use crate::cleared::Cleared;
use crate::computed::{Statement, compute};
use crate::decided::{fold, in_order};
use crate::ranges::is_everything;
use crate::streams::{Stream, StreamKey, modified_of, normal, streams};
use crate::trees::without_replaced;
use crate::unite::written;

/// A version or a range, and why it is listed or is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// What it is about.
    pub what: What,
    /// Whether the report means it.
    pub is_meant: bool,
    /// Everything that speaks for it or against it, oldest first.
    pub because: Vec<Because>,
}

/// A version or a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// One version.
    Version(String),
    /// A range.
    Range(Range),
}

/// Something that speaks for a version or against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// Whether it speaks for it.
    pub speaks_for: bool,
    /// Since when, as it is written down.
    pub since: Option<String>,
    /// Who says so.
    pub who: Who,
}

/// Who speaks for a version or against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A source, in what it sent.
    Source {
        /// The source.
        source: String,
        /// The record's id there.
        id: Option<String>,
        /// The hash of what came.
        sha256: Option<String>,
        /// Why what it says does not count, in a few words; none where it counts.
        but: Option<&'static str>,
    },
    /// A decision.
    Decision {
        /// What it does.
        kind: String,
        /// Why.
        reason: Option<String>,
        /// Who decided it.
        by: Option<String>,
        /// A page that shows it.
        evidence: Option<String>,
    },
}

/// Why a report lists what it lists, and does not list what somebody once said.
pub fn why(record: &Record) -> Vec<Why> {
    let (origins, _) = normal(record.origins());
    let decisions = in_order(record.decisions());
    let decided = fold(&decisions);
    let decisions = without_replaced(&decisions);
    // What was undone is told, and does not count.
    let (streams, counting) = (streams(&origins), decided.streams(&origins));
    let ecosystem = subject(record).map_or("", |about| about.package.ecosystem().base());
    let computed = compute(&origins, &counting, &decided, ecosystem).statement;
    let affected = record.affected.items().first();
    let listed: BTreeSet<&str> =
        affected.map(|affected| affected.versions.items().iter().map(String::as_str).collect()).unwrap_or_default();
    let ranges: BTreeMap<String, &Range> = affected
        .map(|affected| affected.ranges.items().iter().map(|range| (written(range), range)).collect())
        .unwrap_or_default();
    // A report that was taken back lists what it meant, and means nothing.
    let stands = !record.is_withdrawn();
    let is_all = ranges.values().any(|range| is_everything(range));
    let asked = Asked { decisions: &decisions, streams: &streams, counting: &counting, computed: &computed };
    let mut versions: BTreeSet<&str> = listed.clone();
    versions.extend(origins.iter().flat_map(|origin| origin.versions.items()).map(String::as_str));
    versions.extend(
        decisions.iter().flat_map(|one| one.versions.items().iter().chain(one.cleared.items())).map(String::as_str),
    );
    let mut said: BTreeMap<String, &Range> = ranges.clone();
    let of_origins = origins.iter().flat_map(|origin| origin.ranges.items());
    let of_decisions = decisions.iter().flat_map(|one| one.ranges.items().iter().chain(one.cleared_ranges.items()));
    said.extend(of_origins.chain(of_decisions).map(|range| (written(range), range)));
    let set = |listed: &Member<Vec<String>>| listed.items().iter().cloned().collect::<BTreeSet<String>>();
    let lists: Vec<_> = decisions.iter().map(|one| (set(&one.cleared), set(&one.versions))).collect();
    let cleared: Vec<_> = lists.iter().map(|(cleared, kept)| Cleared::of(cleared, kept, ecosystem)).collect();
    let by_version = versions.into_iter().map(|version| Why {
        what: What::Version(version.to_owned()),
        is_meant: stands && (is_all || listed.contains(version)),
        because: asked.because(
            &|origin| names(origin, version),
            &|at, one| of_version(one, &cleared[at], version),
            |statement| statement.versions.contains(version),
        ),
    });
    let by_range = said.into_iter().map(|(key, range)| Why {
        what: What::Range(range.clone()),
        is_meant: stands && (ranges.contains_key(&key) || computed.ranges.contains_key(&key)),
        because: asked.because(
            &|origin| origin.ranges.items().iter().any(|range| written(range) == key),
            &|_, one| of_range(one, &key),
            |statement| statement.ranges.contains_key(&key),
        ),
    });
    by_version.chain(by_range).collect()
}

struct Asked<'a> {
    decisions: &'a [Decision],
    streams: &'a BTreeMap<StreamKey, Stream<'a>>,
    /// Of what was not undone.
    counting: &'a BTreeMap<StreamKey, Stream<'a>>,
    computed: &'a Statement,
}

impl Asked<'_> {
    fn because(
        &self,
        says: &dyn Fn(&Origin) -> bool,
        decides: &dyn Fn(usize, &Decision) -> Option<bool>,
        counts: impl Fn(&Statement) -> bool,
    ) -> Vec<Because> {
        let mut because: Vec<Because> = Vec::new();
        let is_in = counts(self.computed);
        for (key, stream) in self.streams.iter().filter(|(_, stream)| stream.origins.iter().any(|one| says(one))) {
            let counting = self.counting.get(key).filter(|stream| stream.current().iter().any(|one| says(one)));
            because.extend(match counting {
                Some(stream) => of_stream(key, stream, says, is_in),
                None => of_stream(key, stream, says, is_in).map(undone_if(self.counting.get(key), stream)),
            });
        }
        for (at, decision) in self.decisions.iter().enumerate() {
            if let Some(speaks_for) = decides(at, decision) {
                because.push(Because { speaks_for, since: text(&decision.time), who: who(decision) });
            }
        }
        because.sort_by(|a, b| a.since.cmp(&b.since));
        because
    }
}

/// What a stream says about it now. What it said once and does not say any more speaks against it.
fn of_stream(key: &StreamKey, stream: &Stream<'_>, says: &dyn Fn(&Origin) -> bool, is_in: bool) -> Option<Because> {
    let now = stream.current().iter().rev().find(|origin| says(origin));
    // Since the first of the deliveries that said it without a break.
    let without = stream.origins.iter().rposition(|origin| {
        !says(origin) && !stream.current().iter().any(|current| modified_of(current) == modified_of(origin))
    });
    let but = match now {
        None => Some("it said so once, and does not any more"),
        Some(_) if stream.is_derived() => Some("it has it from this report"),
        Some(_) if stream.ended().is_some() && !is_in => Some("it took it back"),
        Some(_) if !is_in => Some("a decision keeps it out"),
        Some(_) => None,
    };
    let first = match now {
        Some(_) => stream.origins[without.map_or(0, |at| at + 1)..].iter().find(|origin| says(origin)),
        None => stream.current().first(),
    }?;
    Some(Because {
        speaks_for: but.is_none(),
        since: text(&first.import_time),
        who: Who::Source { source: key.source().to_owned(), id: text(&first.id), sha256: text(&first.sha256), but },
    })
}

/// Of what a stream says, that it does not count, where it was undone.
fn undone_if<'s>(counting: Option<&Stream<'s>>, all: &Stream<'s>) -> impl Fn(Because) -> Because {
    let is_undone = counting.is_none_or(|counting| counting.origins.len() < all.origins.len());
    move |because| match because {
        Because { since, who: Who::Source { source, id, sha256, .. }, .. } if is_undone => {
            let but = Some("what it brought was undone");
            Because { speaks_for: false, since, who: Who::Source { source, id, sha256, but } }
        }
        other => other,
    }
}

fn who(decision: &Decision) -> Who {
    Who::Decision {
        kind: text(&decision.kind).unwrap_or_default(),
        reason: text(&decision.reason),
        by: text(&decision.by),
        evidence: text(&decision.evidence),
    }
}

fn text(member: &Member<String>) -> Option<String> {
    member.as_str().map(str::to_owned)
}

fn names(origin: &Origin, version: &str) -> bool {
    origin.versions.items().iter().any(|named| named == version)
}

/// Whether a decision puts a version in or keeps it out; none where it says nothing about it.
fn of_version(decision: &Decision, cleared: &Cleared<'_>, version: &str) -> Option<bool> {
    said(decision, decision.versions.items().iter().any(|one| one == version), cleared.has(version))
}

fn of_range(decision: &Decision, key: &str) -> Option<bool> {
    let has = |listed: &Member<Vec<Range>>| listed.items().iter().any(|one| written(one) == key);
    // A narrowing keeps every range out that it does not name.
    let is_narrow = decision.kind.as_str() == Some("narrow");
    said(decision, has(&decision.ranges), has(&decision.cleared_ranges) || is_narrow)
}

fn said(decision: &Decision, is_kept: bool, is_cleared: bool) -> Option<bool> {
    match decision.kind.as_str() {
        Some("narrow" | "as-found" | "hand-edit") if is_kept => Some(true),
        Some("narrow" | "undo" | "as-found" | "hand-edit") if is_cleared => Some(false),
        Some("withdraw") => Some(false),
        Some("reinstate" | "lift") => Some(true),
        _ => None,
    }
}
