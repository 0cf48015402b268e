//! Maven: the version order of the POM reference.
//!
//! <https://maven.apache.org/pom.html#version-order-specification>: a version is cut at dots, dashes and wherever digits
//! and other characters meet, which counts as a dash; what is null (0, `final`, `ga`, nothing) goes away at the end and
//! before each dash. Pieces are compared one by one. `release` and case are treated as Maven treats them.
//!
//! Maven's own `ComparableVersion` compares nested lists and is not transitive (`1.sp.1` is before `1-alpha`, which is
//! before `1`, which is before `1.sp.1`); this is the order that its documentation describes, in which a piece has one
//! place whatever surrounds it. What Maven forbids in a version is refused
//! (<https://maven.apache.org/ref/current/maven-model-builder/>, validation of `version`).

use super::Fault;
use super::token::Number;

/// The pieces of a version, [`Token::Null`] last.
pub(super) type Key<'a> = Vec<Token<'a>>;

/// A piece of a version, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Token<'a> {
    Alpha,
    Beta,
    Milestone,
    Candidate,
    Snapshot,
    /// The end, and qualifiers that mean the release itself.
    Null,
    ServicePack,
    /// Any other qualifier, in lower case.
    Qualifier(String),
    /// A number behind a dash.
    Dashed(Number<'a>),
    /// A number behind a dot, or at the beginning.
    Dotted(Number<'a>),
}

impl Token<'_> {
    fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::Dashed(Number::ZERO) | Self::Dotted(Number::ZERO))
    }
}

pub(super) fn read(text: &str) -> Result<Key<'_>, Fault> {
    const FORBIDDEN: &str = "\\/:\"<>|?*[](){},";
    if let Some((at, character)) = text.char_indices().find(|(_, character)| FORBIDDEN.contains(*character)) {
        return Err(Fault::Character { character, at });
    }

    let mut tokens: Key<'_> = Vec::new();
    let mut dashed = false;
    let mut rest = text;
    loop {
        let length = piece(rest);
        let (word, others) = rest.split_at(length);
        let followed_by_digit = others.starts_with(|next: char| next.is_ascii_digit());
        let token = match word.as_bytes().first() {
            Some(b'0'..=b'9') | None if dashed => Token::Dashed(Number::new(word)),
            Some(b'0'..=b'9') | None => Token::Dotted(Number::new(word)),
            Some(_) => qualifier(word, followed_by_digit),
        };
        // A qualifier is compared as if behind a dash, so what is null before it counts as little as before a dash.
        if !matches!(token, Token::Dotted(_)) {
            trim(&mut tokens);
        }
        tokens.push(token);
        match others.chars().next() {
            None => break,
            Some(separator @ ('.' | '-')) => {
                dashed = separator == '-';
                rest = &others[1..];
            }
            Some(_) => {
                dashed = true;
                rest = others;
            }
        }
    }
    trim(&mut tokens);
    tokens.push(Token::Null);
    Ok(tokens)
}

/// The length of the first piece: a run of digits, or of what is neither digit nor separator.
fn piece(text: &str) -> usize {
    let digits = text.starts_with(|first: char| first.is_ascii_digit());
    let run = text.bytes().take_while(|byte| !matches!(byte, b'.' | b'-') && byte.is_ascii_digit() == digits);
    run.count()
}

fn qualifier<'a>(word: &str, followed_by_digit: bool) -> Token<'a> {
    let word = word.to_lowercase();
    match (word.as_str(), followed_by_digit) {
        ("alpha", _) | ("a", true) => Token::Alpha,
        ("beta", _) | ("b", true) => Token::Beta,
        ("milestone", _) | ("m", true) => Token::Milestone,
        ("rc" | "cr", _) => Token::Candidate,
        ("snapshot", _) => Token::Snapshot,
        ("ga" | "final" | "release", _) => Token::Null,
        ("sp", _) => Token::ServicePack,
        _ => Token::Qualifier(word),
    }
}

/// Takes off what is null at the end.
fn trim(tokens: &mut Key<'_>) {
    while tokens.last().is_some_and(Token::is_null) {
        tokens.pop();
    }
}
