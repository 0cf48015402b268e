//! Hackage: numbers and dots.
//!
//! <https://hackage.haskell.org/package/Cabal-syntax/docs/Distribution-Types-Version.html>: compared number by number; of
//! two versions that begin alike the longer one is the newer one: `1.0` is before `1.0.0`.

use super::Fault;
use super::token::{Number, numbers};

/// The numbers.
pub(super) type Key<'a> = Vec<Number<'a>>;

pub(super) fn read(text: &str) -> Result<Key<'_>, Fault> {
    numbers(text, b".")
}
