//! Debian, Ubuntu and Echo: `dpkg`.
//!
//! <https://www.debian.org/doc/debian-policy/ch-controlfields.html#version>: epoch, upstream version and revision. As in
//! `dpkg`, an upstream version need not begin with a digit, although the policy wants it to.

use std::cmp::Ordering;

use super::Fault;
use super::token::Number;

/// A version, compared field by field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'a> {
    epoch: Number<'a>,
    upstream: Part<'a>,
    /// Empty where there is none, which is the same as `0`.
    revision: Part<'a>,
}

/// An upstream version or a revision.
#[derive(Debug, Clone, Copy)]
struct Part<'a>(&'a str);

pub(super) fn read(text: &str) -> Result<Key<'_>, Fault> {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    if epoch.is_empty() {
        return Err(Fault::Missing { what: "a number", at: 0 });
    }
    if let Some((at, character)) = epoch.char_indices().find(|(_, character)| !character.is_ascii_digit()) {
        return Err(Fault::Character { character, at });
    }
    let start = text.len() - rest.len();
    let (upstream, revision) = rest.rsplit_once('-').map_or((rest, None), |(upstream, last)| (upstream, Some(last)));
    if upstream.is_empty() {
        return Err(Fault::Missing { what: "an upstream version", at: start });
    }
    check(upstream, ".+-~:", start)?;
    if let Some(revision) = revision {
        let start = text.len() - revision.len();
        if revision.is_empty() {
            return Err(Fault::Missing { what: "a revision", at: start });
        }
        check(revision, ".+~", start)?;
    }
    Ok(Key { epoch: Number::new(epoch), upstream: Part(upstream), revision: Part(revision.unwrap_or_default()) })
}

fn check(part: &str, allowed: &str, start: usize) -> Result<(), Fault> {
    let stranger =
        part.char_indices().find(|(_, character)| !character.is_ascii_alphanumeric() && !allowed.contains(*character));
    stranger.map_or(Ok(()), |(at, character)| Err(Fault::Character { character, at: start + at }))
}

/// Cuts a text behind its first bytes of one kind.
fn split(text: &str, digits: bool) -> (&str, &str) {
    text.split_at(text.bytes().take_while(|byte| byte.is_ascii_digit() == digits).count())
}

/// The weight of a character that is no digit: the tilde is before the end, letters are before everything else.
fn weight(byte: Option<&u8>) -> (u8, u8) {
    match byte {
        Some(b'~') => (0, 0),
        None => (1, 0),
        Some(letter) if letter.is_ascii_alphabetic() => (2, *letter),
        Some(other) => (3, *other),
    }
}

impl Ord for Part<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (self.0, other.0);
        while !a.is_empty() || !b.is_empty() {
            let (words_a, rest_a) = split(a, false);
            let (words_b, rest_b) = split(b, false);
            let (words_a, words_b) = (words_a.as_bytes(), words_b.as_bytes());
            for at in 0..words_a.len().max(words_b.len()) {
                match weight(words_a.get(at)).cmp(&weight(words_b.get(at))) {
                    Ordering::Equal => {}
                    unequal => return unequal,
                }
            }
            let (number_a, number_b);
            (number_a, a) = split(rest_a, true);
            (number_b, b) = split(rest_b, true);
            match Number::new(number_a).cmp(&Number::new(number_b)) {
                Ordering::Equal => {}
                unequal => return unequal,
            }
        }
        Ordering::Equal
    }
}

impl PartialOrd for Part<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Part<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Part<'_> {}
