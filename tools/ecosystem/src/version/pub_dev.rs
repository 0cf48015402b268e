//! Pub: SemVer in which build metadata counts.
//!
//! <https://pub.dev/documentation/pub_semver/latest/pub_semver/Version-class.html>: versions that differ by build
//! metadata alone are ordered by it, in the way of pre-releases, and none is before any. Reading is as lenient as
//! SemVer's, save that a pre-release needs its dash.

use super::Fault;
use super::cursor::Cursor;
use super::semver::{Identifier, Parts, Stage, read_parts};
use super::token::Number;

/// A version, compared field by field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'a> {
    numbers: Vec<Number<'a>>,
    stage: Stage<Identifier<'a>>,
    build: Vec<Identifier<'a>>,
}

pub(super) fn read(text: &str) -> Result<Key<'_>, Fault> {
    let mut cursor = Cursor::new(text);
    cursor.eat(b'v');
    let Parts { numbers, stage, build } = read_parts(&mut cursor, false)?;
    Ok(Key { numbers, stage, build })
}
