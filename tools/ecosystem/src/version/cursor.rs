//! A place in a version that is being read.

use super::Fault;
use super::token::Number;

/// A place in a text. It only ever steps over ASCII, so it always stands between two characters.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over one ASCII character, if there is one.
    pub(super) fn step(&mut self) {
        self.at += usize::from(self.peek().is_some_and(|byte| byte.is_ascii()));
    }

    /// Steps over this ASCII character if it is the next one.
    pub(super) fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.step();
        }
        found
    }

    /// Steps over this ASCII word, in any case, if it is next.
    pub(super) fn eat_word(&mut self, wanted: &str) -> bool {
        let found = self.rest().get(..wanted.len()).is_some_and(|next| next.eq_ignore_ascii_case(wanted));
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// Steps over the ASCII characters that are wanted, and returns them.
    pub(super) fn take(&mut self, wanted: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| byte.is_ascii() && wanted(*byte)).count();
        self.at += length;
        &rest[..length]
    }

    /// Steps over digits; there may be none.
    pub(super) fn digits(&mut self) -> &'a str {
        self.take(|byte| byte.is_ascii_digit())
    }

    /// Steps over a number.
    pub(super) fn number(&mut self) -> Result<Number<'a>, Fault> {
        match self.digits() {
            "" => Err(self.missing("a number")),
            digits => Ok(Number::new(digits)),
        }
    }

    pub(super) fn missing(&self, what: &'static str) -> Fault {
        Fault::Missing { what, at: self.at }
    }

    /// Finds fault with what is left.
    pub(super) fn end(&self) -> Result<(), Fault> {
        match self.rest().chars().next() {
            None => Ok(()),
            Some(character) => Err(Fault::Character { character, at: self.at }),
        }
    }
}
