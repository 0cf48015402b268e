//! NuGet: SemVer with a fourth number and without letter case.
//!
//! <https://learn.microsoft.com/nuget/concepts/package-versioning>: up to four numbers of which missing ones are zeros,
//! pre-release labels without letter case, build metadata ignored.

use super::Fault;
use super::cursor::Cursor;
use super::semver::{Identifier, Parts, Stage, read_parts};
use super::token::{Caseless, Number};

/// A version, compared field by field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'a> {
    numbers: Vec<Number<'a>>,
    stage: Stage<Label<'a>>,
}

/// A label of a pre-release. Numbers are before text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Label<'a> {
    Number(Number<'a>),
    Text(Caseless<'a>),
}

pub(super) fn read(text: &str) -> Result<Key<'_>, Fault> {
    const MOST_NUMBERS: usize = 4;
    if let Some((at, _)) =
        text.match_indices(['.', '-', '+']).take_while(|(_, found)| *found == ".").nth(MOST_NUMBERS - 1)
    {
        return Err(Fault::Character { character: '.', at });
    }
    let Parts { numbers, stage, build: _ } = read_parts(&mut Cursor::new(text), false)?;
    let stage = match stage {
        Stage::PreRelease(identifiers) => Stage::PreRelease(identifiers.into_iter().map(Label::from).collect()),
        Stage::Release => Stage::Release,
    };
    Ok(Key { numbers, stage })
}

impl<'a> From<Identifier<'a>> for Label<'a> {
    fn from(identifier: Identifier<'a>) -> Self {
        match identifier {
            Identifier::Number(number) => Self::Number(number),
            Identifier::Text(text) => Self::Text(Caseless(text)),
        }
    }
}
