//! How good each source is, counted over the reports: what of it was wrong, and how early it was.

use std::collections::{BTreeMap, BTreeSet};

use curate::leads_to;
use database::{Entry, Report, Snapshot};
use osv_schema::additions::Decision;
use osv_schema::{Origin, Record, Timestamp};
use serde::Serialize;

use crate::failure::Failure;

/// One who found what a report tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finder {
    pub(crate) source: String,
    /// The id of what it sent first.
    pub(crate) id: Option<String>,
    /// When that was taken in; none where nobody wrote it down.
    pub(crate) since: Option<Timestamp>,
}

/// All who found what a report tells, the first one in front. A source that has it from us found nothing.
pub(crate) fn finders(record: &Record) -> Vec<Finder> {
    let mut first: BTreeMap<String, (Option<Timestamp>, Option<String>)> = BTreeMap::new();
    for origin in record.origins() {
        let is_own = origin.derived_from.is_absent() && origin.moved_to.is_absent();
        let Some(source) = origin.source.value().filter(|_| is_own) else { continue };
        let since = time(&origin);
        let is_earlier = first.get(source).is_none_or(|(known, _)| is_before(since, *known));
        if is_earlier {
            first.insert(source.clone(), (since, origin.id.value().cloned()));
        }
    }
    let finder = |(source, (since, id))| Finder { source, id, since };
    let mut finders: Vec<Finder> = first.into_iter().map(finder).collect();
    finders.sort_by_key(|finder| (finder.since.is_none(), finder.since, finder.source.clone()));
    finders
}

fn time(origin: &Origin) -> Option<Timestamp> {
    origin.import_time.as_str().and_then(|text| text.parse().ok())
}

fn is_before(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one < other,
        (one, other) => one.is_some() && other.is_none(),
    }
}

/// What was counted of one source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score {
    reports: usize,
    withdrawn: usize,
    narrowed: usize,
    retracted: usize,
    shared: usize,
    first: usize,
    /// Where it was first, how long before the next one, in seconds.
    leads: Vec<i64>,
    /// Where it was not, how long after the first one.
    lags: Vec<i64>,
    latest: Option<Timestamp>,
}

/// The same as programs read it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ScoreV1 {
    /// Reports that it has a part in, but for what became one with another report.
    pub(crate) reports: usize,
    /// Of those, the ones that were taken back.
    pub(crate) taken_back: usize,
    pub(crate) withdrawn_share: f64,
    /// Reports that people narrowed by what it says.
    pub(crate) narrowed: usize,
    pub(crate) narrowed_share: f64,
    /// Reports in which it took everything back itself.
    pub(crate) retracted: usize,
    /// Reports that others found too.
    pub(crate) shared: usize,
    /// Of those, the ones that it found first.
    pub(crate) first: usize,
    /// Of those, by how many days: half of them by more.
    pub(crate) lead_days: Option<f64>,
    /// Of the others, how many days it was behind.
    pub(crate) behind_days: Option<f64>,
    /// When it brought something last.
    pub(crate) latest: Option<String>,
}

/// The scores of all sources.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scores {
    by_source: BTreeMap<String, Score>,
}

impl Scores {
    /// The scores of all sources of a tree.
    pub(crate) fn read(snapshot: &Snapshot) -> Result<Scores, Failure> {
        let entries: Vec<&Entry> = snapshot.reports().map(|(_, entry)| entry).collect();
        let read = snapshot.map_each(&entries, |entry, bytes| match bytes {
            Ok(bytes) => Ok(Report::read(&entry.path, bytes).record.as_ref().map(counted)),
            Err(error) if error.is_system => Err(error),
            Err(_) => Ok(None),
        });
        let mut scores = Scores::default();
        for counted in read {
            counted?.into_iter().for_each(|counted| scores.add(counted));
        }
        Ok(scores)
    }

    /// Adds what was counted of one report.
    pub(crate) fn add(&mut self, counted: Counted) {
        for (source, score) in counted {
            self.by_source.entry(source).or_default().join(score);
        }
    }

    /// The score of a source, all zero where nothing is of it.
    pub(crate) fn of(&self, source: &str) -> ScoreV1 {
        self.by_source.get(source).map(Score::told).unwrap_or_default()
    }
}

/// What one report adds to the scores of its sources.
pub(crate) type Counted = Vec<(String, Score)>;

/// Counts one report. What became one with another report is counted there.
pub(crate) fn counted(record: &Record) -> Counted {
    if leads_to(record).is_some() {
        return Counted::new();
    }
    let (finders, origins, decisions) = (finders(record), record.origins(), record.decisions());
    let narrowing = decisions.iter().rev().find(|one| matches!(one.kind.as_str(), Some("narrow" | "lift")));
    let narrowing = narrowing.filter(|one| one.kind.as_str() == Some("narrow"));
    let starts: Vec<i64> = finders.iter().filter_map(|finder| Some(finder.since?.unix())).collect();
    let is_shared = finders.len() > 1;
    let one = |(at, finder): (usize, Finder)| {
        let own = || origins.iter().filter(|origin| origin.source.as_str() == Some(&finder.source));
        let is_narrowed = narrowing.is_some_and(|narrowing| own().any(|one| is_cleared(one, narrowing)));
        let mut score = Score {
            reports: 1,
            withdrawn: usize::from(record.is_withdrawn()),
            narrowed: usize::from(is_narrowed),
            retracted: usize::from(has_ended(own())),
            latest: own().filter_map(time).max(),
            ..Score::default()
        };
        if let (true, Some(since)) = (is_shared, finder.since) {
            score.shared = 1;
            match at {
                0 => {
                    score.first = 1;
                    score.leads.extend(starts.get(1).map(|next| next - since.unix()));
                }
                _ => score.lags.extend(starts.first().map(|first| since.unix() - first)),
            }
        }
        (finder.source, score)
    };
    finders.into_iter().enumerate().map(one).collect()
}

/// Whether a narrowing keeps out what a delivery claims.
fn is_cleared(origin: &Origin, narrowing: &Decision) -> bool {
    let cleared: BTreeSet<&String> = narrowing.cleared.items().iter().collect();
    let names_one = origin.versions.items().iter().any(|version| cleared.contains(version));
    names_one || !origin.ranges.items().is_empty() && narrowing.ranges.items().is_empty()
}

/// Whether the newest of the deliveries of a source takes all back.
fn has_ended<'o>(own: impl Iterator<Item = &'o Origin>) -> bool {
    let mut newest: BTreeMap<&str, (Option<Timestamp>, bool)> = BTreeMap::new();
    for origin in own {
        let modified = origin.modified_time.as_str().and_then(|text| text.parse().ok());
        let ended = origin.withdrawn.as_str().is_some() || origin.moved_to.as_str().is_some();
        let content = || origin.content_sha256.as_str().or(origin.sha256.as_str());
        let stream = origin.id.as_str().map(|id| id.strip_prefix("sha256:").unwrap_or(id)).or_else(content);
        let stream = stream.unwrap_or_default();
        let known = newest.entry(stream).or_insert((modified, ended));
        match modified.cmp(&known.0) {
            std::cmp::Ordering::Greater => *known = (modified, ended),
            // Of equally new ones one that stands is enough.
            std::cmp::Ordering::Equal => known.1 &= ended,
            std::cmp::Ordering::Less => {}
        }
    }
    !newest.is_empty() && newest.values().all(|(_, ended)| *ended)
}

impl Score {
    fn join(&mut self, other: Score) {
        let Score { reports, withdrawn, narrowed, retracted, shared, first, leads, lags, latest } = other;
        self.reports += reports;
        self.withdrawn += withdrawn;
        self.narrowed += narrowed;
        self.retracted += retracted;
        self.shared += shared;
        self.first += first;
        self.leads.extend(leads);
        self.lags.extend(lags);
        self.latest = self.latest.max(latest);
    }

    fn told(&self) -> ScoreV1 {
        ScoreV1 {
            reports: self.reports,
            taken_back: self.withdrawn,
            withdrawn_share: share(self.withdrawn, self.reports),
            narrowed: self.narrowed,
            narrowed_share: share(self.narrowed, self.reports),
            retracted: self.retracted,
            shared: self.shared,
            first: self.first,
            lead_days: median_days(&self.leads),
            behind_days: median_days(&self.lags),
            latest: self.latest.map(|time| time.to_string()),
        }
    }
}

/// A part of a whole, to four digits.
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0 }
}

/// The middle one of many spans of time, in days to two digits.
pub(crate) fn median_days(seconds: &[i64]) -> Option<f64> {
    let mut sorted = seconds.to_vec();
    sorted.sort_unstable();
    let middle = *sorted.get(sorted.len() / 2)?;
    Some((middle as f64 / 86_400.0 * 100.0).round() / 100.0)
}

impl ScoreV1 {
    /// The same for people.
    pub(crate) fn written(&self) -> String {
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        let mut told = vec![
            crate::display::count(self.reports, "report"),
            format!("{} taken back ({})", self.taken_back, percent(self.withdrawn_share)),
            format!("{} narrowed ({})", self.narrowed, percent(self.narrowed_share)),
        ];
        if self.shared > 0 {
            told.push(format!("first of several in {} of {}", self.first, self.shared));
        }
        told.extend(self.lead_days.map(|days| format!("{days} days before the next")));
        told.extend(self.behind_days.map(|days| format!("else {days} days behind the first")));
        told.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use osv_schema::Document;

    fn record(text: &str) -> Record {
        Record::read(&Document::parse(text.as_bytes()).unwrap()).unwrap()
    }

    fn with(rest: &str, decisions: &str) -> Record {
        record(&format!(
            r#"{{"id": "MAL-2026-1", {rest} "database_specific": {{"malpkg": {{"decisions": [{decisions}]}}, "malicious-packages-origins": [
            {{"source": "b", "id": "B-1", "import_time": "2026-01-03T00:00:00Z", "modified_time": "2026-01-02T00:00:00Z", "versions": ["1", "2"]}},
            {{"source": "a", "id": "A-2", "import_time": "2026-01-05T00:00:00Z", "modified_time": "2026-01-04T00:00:00Z", "versions": ["1"]}},
            {{"source": "a", "id": "A-1", "import_time": "2026-01-01T00:00:00Z", "modified_time": "2026-01-01T00:00:00Z", "versions": ["1"]}},
            {{"source": "mirror", "id": "M-1", "import_time": "2025-01-01T00:00:00Z", "derived_from": "MAL-2026-1", "versions": ["1"]}}]}}}}"#
        ))
    }

    #[test]
    fn all_who_found_it_are_kept_and_the_first_is_in_front() {
        let found: Vec<(String, Option<String>)> =
            finders(&with("", "")).into_iter().map(|finder| (finder.source, finder.id)).collect();
        assert_eq!(found, [("a".into(), Some("A-1".into())), ("b".into(), Some("B-1".into()))]);
    }

    #[test]
    fn what_was_wrong_counts_for_who_said_it() {
        let mut scores = Scores::default();
        scores.add(counted(&with("", "")));
        scores.add(counted(&with(
            "",
            r#"{"kind": "narrow", "time": "2026-02-01T00:00:00Z", "versions": ["1"], "cleared": ["2"]}"#,
        )));
        scores.add(counted(&with(
            r#""withdrawn": "2026-03-01T00:00:00Z","#,
            r#"{"kind": "withdraw", "reason": "false-positive"}"#,
        )));
        scores.add(counted(&with(
            r#""withdrawn": "2026-03-01T00:00:00Z","#,
            r#"{"kind": "withdraw", "reason": "duplicate", "survivor": "MAL-2026-2"}"#,
        )));
        let (a, b) = (scores.of("a"), scores.of("b"));
        assert_eq!((a.reports, a.taken_back, a.narrowed, a.first), (3, 1, 0, 3));
        assert_eq!((b.taken_back, b.narrowed, b.first, b.withdrawn_share), (1, 1, 0, share(1, 3)));
        assert_eq!((a.lead_days, a.behind_days, b.lead_days, b.behind_days), (Some(2.0), None, None, Some(2.0)));
        assert_eq!((scores.of("mirror").reports, a.latest.as_deref()), (0, Some("2026-01-05T00:00:00Z")));
    }

    #[test]
    fn a_source_that_took_all_back_is_counted_as_such() {
        let mut gone = with("", "");
        let mut origins = gone.origins();
        origins.iter_mut().for_each(|origin| origin.withdrawn = "2026-02-01T00:00:00Z".into());
        gone.set_origins(&origins);
        let mut scores = Scores::default();
        scores.add(counted(&gone));
        scores.add(counted(&with("", "")));
        assert_eq!((scores.of("a").retracted, scores.of("a").reports), (1, 2));
    }
}
