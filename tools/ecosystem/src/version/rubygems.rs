//! RubyGems: `Gem::Version`.
//!
//! <https://docs.ruby-lang.org/en/master/Gem/Version.html>: runs of digits are numbers, runs of letters mark a
//! pre-release and are before every number, a dash means `.pre.`, zeros at the end and before the first letters do not
//! count, and what is missing is 0. A pre-release may follow a number without a dot.

use std::cmp::Ordering;

use super::Fault;
use super::cursor::Cursor;
use super::token::Number;

/// The segments, without the zeros that do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key<'a>(Vec<Segment<'a>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'a> {
    Letters(&'a str),
    Number(Number<'a>),
}

const ZERO: Segment<'_> = Segment::Number(Number::ZERO);

pub(super) fn read(text: &str) -> Result<Key<'_>, Fault> {
    let mut cursor = Cursor::new(text);
    let mut segments = vec![Segment::Number(cursor.number()?)];
    let mut numbers_only = true;
    loop {
        if cursor.eat(b'-') {
            push(&mut segments, Segment::Letters("pre"), &mut numbers_only);
            if cursor.peek() == Some(b'-') {
                continue;
            }
        } else if !cursor.eat(b'.') && cursor.peek().is_none() {
            break;
        }
        let letters = cursor.take(|byte| byte.is_ascii_alphabetic());
        let segment = if letters.is_empty() {
            match cursor.number() {
                Ok(number) => Segment::Number(number),
                // The end, another separator, or what can stand nowhere.
                Err(missing) => {
                    let separator = matches!(cursor.peek(), None | Some(b'.' | b'-'));
                    return Err(if separator { missing } else { cursor.end().err().unwrap_or(missing) });
                }
            }
        } else {
            Segment::Letters(letters)
        };
        push(&mut segments, segment, &mut numbers_only);
    }
    trim(&mut segments);
    Ok(Key(segments))
}

fn push<'a>(segments: &mut Vec<Segment<'a>>, segment: Segment<'a>, numbers_only: &mut bool) {
    if *numbers_only && matches!(segment, Segment::Letters(_)) {
        trim(segments);
        *numbers_only = false;
    }
    segments.push(segment);
}

fn trim(segments: &mut Vec<Segment<'_>>) {
    while segments.last() == Some(&ZERO) {
        segments.pop();
    }
}

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let at = |key: &Self, place: usize| key.0.get(place).copied().unwrap_or(ZERO);
        (0..self.0.len().max(other.0.len()))
            .map(|place| at(self, place).cmp(&at(other, place)))
            .find(|ordering| ordering.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
