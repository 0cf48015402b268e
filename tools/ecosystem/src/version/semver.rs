//! SemVer 2.0: npm, crates.io, Go, Hex, Julia, SwiftURL, Bitnami, GHC, and every range of type SEMVER.
//!
//! Precedence is that of <https://semver.org/spec/v2.0.0.html#spec-item-11>. Reading is more lenient than the grammar,
//! because versions that OSV records hold are: a leading `v` does not count (Go has it, OSV's ranges do not), missing
//! numbers are zeros (`1` in a range), leading zeros do not count, numbers beyond the third count, and a pre-release may
//! follow the numbers without a dash, as npm once allowed (<https://github.com/npm/node-semver#versions>, "loose").

use super::Fault;
use super::cursor::Cursor;
use super::token::{Number, without_trailing_zeros};

/// A version as precedence sees it: without build metadata.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'a> {
    numbers: Vec<Number<'a>>,
    stage: Stage<Identifier<'a>>,
}

/// How far a version has come. A pre-release is before its release, which rules 9 and 11 of the specification say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage<I> {
    PreRelease(Vec<I>),
    Release,
}

/// One of the dot-separated identifiers of a pre-release or of build metadata. Numbers are before text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Identifier<'a> {
    Number(Number<'a>),
    Text(&'a str),
}

/// The parts of a version of the SemVer family.
pub(super) struct Parts<'a> {
    /// Without trailing zeros.
    pub(super) numbers: Vec<Number<'a>>,
    pub(super) stage: Stage<Identifier<'a>>,
    pub(super) build: Vec<Identifier<'a>>,
}

pub(super) fn read(text: &str) -> Result<Key<'_>, Fault> {
    let mut cursor = Cursor::new(text);
    cursor.eat(b'v');
    let Parts { numbers, stage, build: _ } = read_parts(&mut cursor, true)?;
    Ok(Key { numbers, stage })
}

/// Reads numbers, pre-release and build metadata, to the end.
pub(super) fn read_parts<'a>(cursor: &mut Cursor<'a>, loose: bool) -> Result<Parts<'a>, Fault> {
    let mut numbers = vec![cursor.number()?];
    while cursor.eat(b'.') {
        numbers.push(cursor.number()?);
    }
    let begins = cursor.eat(b'-') || (loose && cursor.peek().is_some_and(|byte| byte.is_ascii_alphabetic()));
    let stage = if begins { Stage::PreRelease(identifiers(cursor)?) } else { Stage::Release };
    let build = if cursor.eat(b'+') { identifiers(cursor)? } else { Vec::new() };
    cursor.end()?;
    Ok(Parts { numbers: without_trailing_zeros(numbers), stage, build })
}

fn identifiers<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Identifier<'a>>, Fault> {
    let mut identifiers = Vec::new();
    loop {
        let text = cursor.take(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if text.is_empty() {
            return Err(cursor.missing("an identifier"));
        }
        let numeric = text.bytes().all(|byte| byte.is_ascii_digit());
        identifiers.push(if numeric { Identifier::Number(Number::new(text)) } else { Identifier::Text(text) });
        if !cursor.eat(b'.') {
            return Ok(identifiers);
        }
    }
}
