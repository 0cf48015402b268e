//! What several orders are made of: numbers of any length, and text in which letter case does not count.

use std::cmp::Ordering;

use super::Fault;
use super::cursor::Cursor;

/// A number, compared as digits so that no length overflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number<'a> {
    /// The digits without leading zeros; none for zero.
    digits: &'a str,
}

impl<'a> Number<'a> {
    pub(super) const ZERO: Self = Self { digits: "" };

    pub(super) fn new(digits: &'a str) -> Self {
        Self { digits: digits.trim_start_matches('0') }
    }

    pub(super) fn is_zero(self) -> bool {
        self.digits.is_empty()
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.digits.len().cmp(&other.digits.len()).then_with(|| self.digits.cmp(other.digits))
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Text that is compared without regard to the case of ASCII letters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caseless<'a>(pub(super) &'a str);

impl Ord for Caseless<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(other.0.bytes().map(|byte| byte.to_ascii_lowercase()))
    }
}

impl PartialOrd for Caseless<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Caseless<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for Caseless<'_> {}

/// Reads numbers between single separators, to the end of the text.
pub(super) fn numbers<'a>(text: &'a str, separators: &[u8]) -> Result<Vec<Number<'a>>, Fault> {
    let mut cursor = Cursor::new(text);
    let mut numbers = vec![cursor.number()?];
    while cursor.peek().is_some_and(|byte| separators.contains(&byte)) {
        cursor.step();
        numbers.push(cursor.number()?);
    }
    cursor.end().map(|()| numbers)
}

/// Takes trailing zeros off where they make no difference.
pub(super) fn without_trailing_zeros<'a>(mut numbers: Vec<Number<'a>>) -> Vec<Number<'a>> {
    while numbers.last().is_some_and(|number| number.is_zero()) {
        numbers.pop();
    }
    numbers
}
