//! Versions: the order of each ecosystem, and whether a version is affected.
//!
//! [`Order::of`] tells which order an ecosystem has, [`Version::parse`] reads a version once for many comparisons,
//! [`compare`] does it for two texts, and [`affects`] is the evaluation that the OSV specification describes.
//!
//! Every order is total on the versions it accepts: `a < b` and `b < c` make `a < c`, whatever the texts. Where the
//! tool that an order comes from breaks that, or treats as a version what its own documentation does not, the file of
//! the order says so. Nothing here overflows: numbers are compared as digits, and reading takes time in proportion to
//! the length of the text.

mod apk;
mod conan;
mod cran;
mod cursor;
mod dpkg;
mod evaluate;
mod hackage;
mod intervals;
mod invalid;
mod maven;
mod nuget;
mod order;
mod packagist;
mod pub_dev;
mod pypi;
mod rpm;
mod rubygems;
mod semver;
mod token;

use std::cmp::Ordering;

pub use evaluate::{Doubt, Event, Ground, RangeKind, RangeView, Verdict, affects};
pub use intervals::{End, Interval, Point, intervals, union};
pub use invalid::{Fault, InvalidVersion};
pub use order::Order;

/// A version that was read by the rules of one order.
///
/// Two of them are equal where the order makes no difference: in PyPI `1.0` is `1.0.0`. Versions of different orders
/// have nothing to say to each other; so that sorting cannot fail, they are kept apart by their orders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version<'a>(Key<'a>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Apk(apk::Key<'a>),
    Conan(conan::Key<'a>),
    Cran(cran::Key<'a>),
    Dpkg(dpkg::Key<'a>),
    Hackage(hackage::Key<'a>),
    Maven(maven::Key<'a>),
    NuGet(nuget::Key<'a>),
    Packagist(packagist::Key<'a>),
    Pub(pub_dev::Key<'a>),
    PyPi(pypi::Key<'a>),
    Rpm(rpm::Key<'a>),
    RubyGems(rubygems::Key<'a>),
    SemVer(semver::Key<'a>),
}

impl<'a> Version<'a> {
    /// Reads a version. White space around it does not count.
    ///
    /// # Errors
    /// When the text is no version of this order.
    pub fn parse(order: Order, text: &'a str) -> Result<Self, InvalidVersion> {
        read(order, text).map(Self).map_err(|fault| InvalidVersion::new(order, text, fault))
    }

    /// Whether it is only a version by the rules of earlier days, which today's tools do not read: in `PyPI`, what PEP 440
    /// is not.
    pub fn is_legacy(&self) -> bool {
        matches!(self.0, Key::PyPi(pypi::Key::Legacy(_)))
    }
}

fn read(order: Order, text: &str) -> Result<Key<'_>, Fault> {
    let start = text.len() - text.trim_start().len();
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::Empty);
    }
    let key = match text.char_indices().find(|(_, character)| character.is_whitespace() || character.is_control()) {
        Some((at, character)) => Err(Fault::Character { character, at }),
        None => match order {
            Order::Apk => apk::read(text).map(Key::Apk),
            Order::Conan => Ok(Key::Conan(conan::read(text))),
            Order::Cran => cran::read(text).map(Key::Cran),
            Order::Dpkg => dpkg::read(text).map(Key::Dpkg),
            Order::Hackage => hackage::read(text).map(Key::Hackage),
            Order::Maven => maven::read(text).map(Key::Maven),
            Order::NuGet => nuget::read(text).map(Key::NuGet),
            Order::Packagist => Ok(Key::Packagist(packagist::read(text))),
            Order::Pub => pub_dev::read(text).map(Key::Pub),
            Order::PyPi => Ok(Key::PyPi(pypi::read(text))),
            Order::Rpm => Ok(Key::Rpm(rpm::read(text))),
            Order::RubyGems => rubygems::read(text).map(Key::RubyGems),
            Order::SemVer => semver::read(text).map(Key::SemVer),
        },
    };
    key.map_err(|fault| fault.moved_by(start))
}

/// Compares two versions.
///
/// # Errors
/// When one of them is no version of this order; the first of them, when both are none.
pub fn compare(order: Order, a: &str, b: &str) -> Result<Ordering, InvalidVersion> {
    Ok(Version::parse(order, a)?.cmp(&Version::parse(order, b)?))
}

/// What tells a version from others: two texts of one ecosystem name the same version where these are equal.
///
/// They are where the texts are equal or the order makes no difference between them, and without an order, where versions
/// are tags, also where one has a `v` in front and the other has not.
///
/// This is how osv.dev's API looks a version up in a list of `versions`; the OSV specification, and with it
/// [`affects`], compares the texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity<'a>(Told<'a>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Told<'a> {
    Version(Version<'a>),
    Text(&'a str),
}

impl<'a> Identity<'a> {
    /// That of a version in an ecosystem with this order, or with none.
    pub fn of(order: Option<Order>, version: &'a str) -> Self {
        Self(match order.map(|order| Version::parse(order, version)) {
            Some(Ok(version)) => Told::Version(version),
            Some(Err(_)) => Told::Text(version),
            None => Told::Text(version.trim_start_matches('v')),
        })
    }
}
