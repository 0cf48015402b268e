//! CRAN and Bioconductor: R's `package_version`.
//!
//! <https://cran.r-project.org/doc/manuals/r-release/R-exts.html#The-DESCRIPTION-file>: numbers between dots and dashes,
//! which mean the same. Of two versions that begin alike the longer one is the newer one: `1.0` is before `1.0.0`. R asks
//! packages for two numbers; ranges have one at times.

use super::Fault;
use super::token::{Number, numbers};

/// The numbers.
pub(super) type Key<'a> = Vec<Number<'a>>;

pub(super) fn read(text: &str) -> Result<Key<'_>, Fault> {
    numbers(text, b".-")
}
