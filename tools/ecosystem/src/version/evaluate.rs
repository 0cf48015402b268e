//! Whether a version is affected, by the evaluation that the OSV specification describes.
//!
//! <https://ossf.github.io/osv-schema/#evaluation>. A version is affected when it is listed, letter by letter, or when it
//! is in a range of type SEMVER or ECOSYSTEM. Ranges of type GIT say nothing about versions.
//!
//! The specification is silent on what cannot be compared, because the ecosystem has no order or a text is no version.
//! Then equality of texts decides: the value of an `introduced` or `last_affected` event is in its range, that of a
//! `fixed` or `limit` event is not. A range that is open from "0" on holds every version, whatever its text. What is
//! left is [`Verdict::Undecided`], which does not count as affected.

use super::{InvalidVersion, Order, Version};

/// An event of a range, with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// From this version on it is affected; "0" is before every version.
    Introduced(&'a str),
    /// From this version on it is not.
    Fixed(&'a str),
    /// Behind this version it is not.
    LastAffected(&'a str),
    /// From this version on the range says nothing; "*" is behind every version.
    Limit(&'a str),
}

/// The `type` of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeKind {
    /// Events are versions of SemVer 2.0, whatever the ecosystem.
    SemVer,
    /// Events are versions of the ecosystem.
    Ecosystem,
    /// Events are commits.
    Git,
}

/// A range as evaluation sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeView<'a> {
    /// Its type.
    pub kind: RangeKind,
    /// Its events, in any order.
    pub events: &'a [Event<'a>],
}

/// The answer about one version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It is affected.
    Affected(Ground),
    /// It is not affected.
    NotAffected,
    /// It is in no range that could be evaluated, and one could not.
    Undecided {
        /// The place of the first range that could not be evaluated.
        range: usize,
        /// Why it could not.
        doubt: Doubt,
    },
}

/// Why a version is affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// `versions` has it, letter by letter.
    Listed,
    /// It is in the range at this place.
    InRange(usize),
}

/// Why a range could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The ecosystem has no order.
    #[error("versions of this ecosystem have no order")]
    NoOrder,
    /// The version, or the value of an event, is no version.
    #[error(transparent)]
    Invalid(#[from] InvalidVersion),
}

impl Verdict {
    /// Whether it is affected as far as can be told.
    pub fn is_affected(&self) -> bool {
        matches!(self, Self::Affected(_))
    }
}

/// Evaluates one `affected` entry for a version of its package.
pub fn affects<S: AsRef<str>>(
    order: Option<Order>,
    version: &str,
    versions: &[S],
    ranges: &[RangeView<'_>],
) -> Verdict {
    if versions.iter().any(|listed| listed.as_ref() == version) {
        return Verdict::Affected(Ground::Listed);
    }
    let mut verdict = Verdict::NotAffected;
    for (range, RangeView { kind, events }) in ranges.iter().enumerate() {
        let inside = match (kind, order) {
            (RangeKind::Git, _) => Ok(false),
            (RangeKind::SemVer, _) => by_order(Order::SemVer, version, events).map_err(Doubt::from),
            (RangeKind::Ecosystem, Some(order)) => by_order(order, version, events).map_err(Doubt::from),
            (RangeKind::Ecosystem, None) => Err(Doubt::NoOrder),
        };
        match inside.or_else(|doubt| by_text(version, events).ok_or(doubt)) {
            Ok(true) => return Verdict::Affected(Ground::InRange(range)),
            Ok(false) => {}
            Err(doubt) if verdict == Verdict::NotAffected => verdict = Verdict::Undecided { range, doubt },
            Err(_) => {}
        }
    }
    verdict
}

/// Evaluates a range in an order.
///
/// The specification walks the events in the order of their versions, and each that applies switches on or off. So the
/// highest event that applies has the last word, and nothing needs sorting. Of events at one version the specification
/// gives no order; as osv.dev has it, `introduced` comes first: the range from a version to the same one holds it alone.
fn by_order(order: Order, version: &str, events: &[Event<'_>]) -> Result<bool, InvalidVersion> {
    let version = Version::parse(order, version)?;
    let mut limited = false;
    let mut within_limit = false;
    let mut last_word = None;
    for event in events {
        // No value, "0" of `introduced`, is before every value.
        let (rank, at) = match *event {
            Event::Introduced("0") => (0, None),
            Event::Introduced(at) => (0, Some(Version::parse(order, at)?)),
            Event::LastAffected(at) => (1, Some(Version::parse(order, at)?)),
            Event::Fixed(at) => (2, Some(Version::parse(order, at)?)),
            Event::Limit(at) => {
                limited = true;
                within_limit |= at == "*" || version < Version::parse(order, at)?;
                continue;
            }
        };
        let applies = at.as_ref().is_none_or(|at| if rank == 1 { version > *at } else { version >= *at });
        if applies {
            last_word = last_word.max(Some((at, rank)));
        }
    }
    Ok((within_limit || !limited) && last_word.is_some_and(|(_, rank)| rank == 0))
}

/// Evaluates a range as far as texts alone decide it.
fn by_text(version: &str, events: &[Event<'_>]) -> Option<bool> {
    let has = |wanted: fn(&Event<'_>) -> bool| events.iter().any(wanted);
    if !has(|event| matches!(event, Event::Introduced(_))) {
        return Some(false);
    }
    let ends = |event: &Event<'_>| matches!(event, Event::Fixed(_) | Event::LastAffected(_));
    let unlimited = has(|event| *event == Event::Limit("*")) || !has(|event| matches!(event, Event::Limit(_)));
    if has(|event| *event == Event::Introduced("0")) && unlimited && !has(ends) {
        return Some(true);
    }
    if events.contains(&Event::Fixed(version)) || events.contains(&Event::Limit(version)) {
        return Some(false);
    }
    let named = events.contains(&Event::Introduced(version)) || events.contains(&Event::LastAffected(version));
    (named && unlimited).then_some(true)
}
