//! ConanCenter: Conan 2.
//!
//! <https://docs.conan.io/2/tutorial/versioning/version_ranges.html> and the reference's `Version`: items between dots,
//! zeros at the end do not count, a pre-release is before its release, build metadata counts, none before any. Conan
//! compares an item that is no number with numbers as text, which is not transitive (`9`, `10`, `1a`); here an item is
//! compared by the number that it begins with, then by what follows, so that `1.1.1` is before `1.1.1w` and that before
//! `1.1.2`, as in Conan.

use super::token::Number;

/// A version, compared field by field. Conan takes anything for a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'a> {
    items: Vec<Item<'a>>,
    stage: Stage<'a>,
    build: Option<Vec<Item<'a>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Stage<'a> {
    PreRelease(Vec<Item<'a>>),
    Release,
}

/// What stands between dots, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item<'a> {
    /// Nothing, or text that is before a digit in ASCII, such as the star of a range.
    Mark(&'a str),
    /// A number and what follows it.
    Number(Number<'a>, &'a str),
    /// Any other text.
    Word(&'a str),
}

pub(super) fn read(text: &str) -> Key<'_> {
    let (rest, build) = text.rsplit_once('+').map_or((text, None), |(rest, build)| (rest, Some(items(build))));
    let (main, stage) = match rest.split_once('-') {
        Some((main, stage)) => (main, Stage::PreRelease(items(stage))),
        None => (rest, Stage::Release),
    };
    Key { items: items(main), stage, build }
}

fn items(text: &str) -> Vec<Item<'_>> {
    let mut items: Vec<_> = text.split('.').map(item).collect();
    while items.last() == Some(&Item::Number(Number::ZERO, "")) {
        items.pop();
    }
    items
}

fn item(text: &str) -> Item<'_> {
    match text.as_bytes().first() {
        Some(b'0'..=b'9') => {
            let (digits, rest) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
            Item::Number(Number::new(digits), rest)
        }
        Some(first) if *first > b'9' => Item::Word(text),
        _ => Item::Mark(text),
    }
}
