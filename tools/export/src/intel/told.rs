//! What is known of every report without reading it again: small, because all of a large database are in memory at once.

use osv_schema::additions::malpkg;
use osv_schema::{Event, Record, Timestamp, Value};

use crate::indicators;
use crate::rows::{Extent, Row};

/// The kind of reports that are there to be found by whoever tries whether blocking works.
const TEST: &str = "test";

/// What is told of a report.
#[derive(Debug)]
pub(crate) struct Told {
    /// When it was published.
    pub published: Option<Timestamp>,
    /// When it was taken back.
    pub withdrawn: Option<Timestamp>,
    /// The campaign that it is part of.
    pub campaign: Option<Box<str>>,
    /// Whether it is only there to prove that blocking works.
    pub is_test: bool,
    /// Whether it says what to look for.
    pub has_indicators: bool,
    /// Whether it says of anything what that is to the attack.
    pub has_roles: bool,
    /// What it is called, where that is not the standard form.
    pub summary: Option<Box<str>>,
    /// How often people brought it back after it was withdrawn.
    pub reinstated: u32,
    /// Its aliases.
    pub aliases: Vec<Box<str>>,
    /// What tables say of it beside that and its one row, where it says no more than most records do.
    pub plain: Option<Plain>,
}

/// A record of which a row and what is told of it say all that tables do: it is on one package, under its own package URL
/// and its standard summary, names nothing to look for, and means listed versions or every one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    /// The type of the range that means every version.
    pub range: Option<&'static str>,
}

impl Plain {
    /// The types that such a range may have.
    pub(crate) const RANGES: [&str; 2] = ["SEMVER", "ECOSYSTEM"];

    fn of(record: &Record, rows: &[Row]) -> Option<Plain> {
        let ([affected], [row]) = (record.affected.items(), rows) else { return None };
        let is_usual = row.is_on(affected)
            && affected.package.value()?.purl.as_str() == row.package()?.purl_as_written().as_deref()
            && record.summary.as_str() == Some(&standard(&row.name, &row.ecosystem));
        let is_listed = |versions: &[Box<str>]| {
            let listed = affected.versions.items();
            versions.len() == listed.len() && versions.iter().zip(listed).all(|(row, listed)| **row == **listed)
        };
        match (&row.extent, affected.ranges.items()) {
            _ if !is_usual => None,
            (Extent::These { versions, .. }, []) => is_listed(versions).then_some(Plain { range: None }),
            (Extent::Every, [range]) if affected.versions.items().is_empty() => {
                let is_one = range.events.items().iter().flat_map(Event::entries).eq([("introduced", "0")]);
                let range = Plain::RANGES.into_iter().find(|kind| is_one && range.kind.as_str() == Some(kind))?;
                Some(Plain { range: Some(range) })
            }
            _ => None,
        }
    }
}

impl Told {
    /// Of what nothing is told.
    pub(crate) const NOTHING: Told = Told {
        published: None,
        withdrawn: None,
        campaign: None,
        is_test: false,
        has_indicators: false,
        has_roles: false,
        summary: None,
        reinstated: 0,
        aliases: Vec::new(),
        plain: None,
    };

    pub(crate) fn of(record: &Record, rows: &[Row]) -> Told {
        let ours = malpkg(record);
        let word = |name: &str| ours?.get(name)?.as_str().filter(|word| !word.is_empty());
        let decisions = ours.and_then(|ours| ours.get("decisions")?.as_array()).unwrap_or_default();
        let is_return =
            |decision: &&Value| decision.as_object().and_then(|one| one.get("kind")?.as_str()) == Some("reinstate");
        let indicators = indicators::of(record);
        Told {
            published: record.published_at(),
            withdrawn: record.withdrawn.as_str().and_then(|time| time.parse().ok()),
            campaign: word("campaign").map(Into::into),
            is_test: word("kind") == Some(TEST),
            has_indicators: !indicators.is_empty(),
            has_roles: indicators.iter().any(|indicator| indicator.role.is_some()),
            summary: summary(record),
            reinstated: decisions.iter().filter(is_return).count().try_into().unwrap_or(u32::MAX),
            aliases: record.aliases.items().iter().map(|alias| alias.as_str().into()).collect(),
            plain: Plain::of(record, rows).filter(|_| indicators.is_empty()),
        }
    }
}

/// The summary that somebody wrote; none where it is what every report says.
fn summary(record: &Record) -> Option<Box<str>> {
    let summary = record.summary.as_str().filter(|summary| !summary.trim().is_empty())?;
    let package = record.affected.items().first().and_then(|affected| affected.package.value());
    let is_standard = package.is_some_and(|package| {
        summary == standard(package.name.as_str().unwrap_or_default(), package.ecosystem.as_str().unwrap_or_default())
    });
    (!is_standard).then(|| summary.into())
}

/// What a report on a package is called.
pub(crate) fn standard(name: &str, ecosystem: &str) -> String {
    format!("Malicious code in {name} ({ecosystem})")
}
