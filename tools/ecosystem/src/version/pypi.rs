//! PyPI: PEP 440, and below it whatever was a version before.
//!
//! <https://packaging.python.org/en/latest/specifications/version-specifiers/> gives grammar and order. Everything else
//! is a legacy version, as in osv-scalibr and in `packaging` until 21.3: before all that PEP 440 knows, among themselves
//! in the order of setuptools (<https://peak.telecommunity.com/DevCenter/setuptools#specifying-your-project-s-version>).

use super::cursor::Cursor;
use super::token::{Caseless, Number, without_trailing_zeros};

/// A version; legacy ones are before all others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    Legacy(Vec<String>),
    Pep440(Pep440<'a>),
}

/// A version of PEP 440, compared field by field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pep440<'a> {
    epoch: Number<'a>,
    /// Without trailing zeros.
    release: Vec<Number<'a>>,
    stage: Stage<'a>,
    post: Option<Number<'a>>,
    dev: Dev<'a>,
    /// Empty where there is no local version, which is before any.
    local: Vec<Segment<'a>>,
}

/// What precedes a release, and it, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage<'a> {
    /// A developmental release of the release itself: before its first alpha.
    Dev,
    PreRelease(Phase, Number<'a>),
    Release,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Alpha,
    Beta,
    Candidate,
}

/// How the phases are spelled. The longer spellings first: each begins with a shorter one.
const PHASES: [(&str, Phase); 8] = [
    ("alpha", Phase::Alpha),
    ("a", Phase::Alpha),
    ("beta", Phase::Beta),
    ("b", Phase::Beta),
    ("preview", Phase::Candidate),
    ("pre", Phase::Candidate),
    ("rc", Phase::Candidate),
    ("c", Phase::Candidate),
];

/// A developmental release is before what it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dev<'a> {
    Some(Number<'a>),
    None,
}

/// A segment of a local version. Text is before numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'a> {
    Text(Caseless<'a>),
    Number(Number<'a>),
}

pub(super) fn read(text: &str) -> Key<'_> {
    pep440(text).map_or_else(|| Key::Legacy(legacy(text)), Key::Pep440)
}

fn pep440(text: &str) -> Option<Pep440<'_>> {
    let mut cursor = Cursor::new(text);
    cursor.eat_word("v");
    let mut first = cursor.number().ok()?;
    let mut epoch = Number::ZERO;
    if cursor.eat(b'!') {
        epoch = first;
        first = cursor.number().ok()?;
    }
    let mut release = vec![first];
    while cursor.rest().strip_prefix('.').is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit())) {
        cursor.step();
        release.push(cursor.number().ok()?);
    }

    let stage = PHASES.iter().find_map(|(word, phase)| Some(Stage::PreRelease(*phase, marked(&mut cursor, word)?)));
    let post =
        if cursor.rest().strip_prefix('-').is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit())) {
            cursor.step();
            Some(cursor.number().ok()?)
        } else {
            ["post", "rev", "r"].iter().find_map(|word| marked(&mut cursor, word))
        };
    let dev = marked(&mut cursor, "dev").map_or(Dev::None, Dev::Some);
    let stage = stage.unwrap_or(if post.is_none() && dev != Dev::None { Stage::Dev } else { Stage::Release });

    let mut local = Vec::new();
    if cursor.eat(b'+') {
        local.push(segment(&mut cursor)?);
        while matches!(cursor.peek(), Some(b'-' | b'_' | b'.')) {
            cursor.step();
            local.push(segment(&mut cursor)?);
        }
    }
    cursor.end().ok()?;
    Some(Pep440 { epoch, release: without_trailing_zeros(release), stage, post, dev, local })
}

/// Reads a word and its number, which is 0 if it is not there; a separator may stand before each.
fn marked<'a>(cursor: &mut Cursor<'a>, word: &str) -> Option<Number<'a>> {
    let separated = |cursor: &mut Cursor<'a>| {
        if matches!(cursor.peek(), Some(b'-' | b'_' | b'.')) {
            cursor.step();
        }
    };
    let mut ahead = *cursor;
    separated(&mut ahead);
    if !ahead.eat_word(word) {
        return None;
    }
    separated(&mut ahead);
    let number = Number::new(ahead.digits());
    *cursor = ahead;
    Some(number)
}

fn segment<'a>(cursor: &mut Cursor<'a>) -> Option<Segment<'a>> {
    match cursor.take(|byte| byte.is_ascii_alphanumeric()) {
        "" => None,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(Segment::Number(Number::new(digits))),
        text => Some(Segment::Text(Caseless(text))),
    }
}

/// The pieces by which legacy versions are compared, as text: words behind a star, which is before every digit, and
/// numbers filled up to eight digits.
fn legacy(text: &str) -> Vec<String> {
    const FINAL: &str = "*final";
    const DASH: &str = "*final-";
    const ZERO: &str = "00000000";
    let text = text.to_lowercase();
    let mut pieces: Vec<String> = Vec::new();
    for piece in legacy_pieces(&text).chain(["final"]) {
        if piece.starts_with(|first: char| first.is_ascii_digit()) {
            pieces.push(format!("{piece:0>8}"));
            continue;
        }
        let piece = match piece {
            "." => continue,
            "pre" | "preview" | "rc" => "*c".to_owned(),
            "-" => DASH.to_owned(),
            "dev" => "*@".to_owned(),
            other => format!("*{other}"),
        };
        // A dash before something that precedes the release means nothing, nor do zeros before a word.
        if piece.as_str() < FINAL {
            while pieces.last().is_some_and(|last| last == DASH) {
                pieces.pop();
            }
        }
        while pieces.last().is_some_and(|last| last == ZERO) {
            pieces.pop();
        }
        pieces.push(piece);
    }
    pieces
}

/// Runs of digits, runs of letters, single dots and dashes, and runs of all else.
fn legacy_pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let kind = |byte: u8| match byte {
            b'0'..=b'9' => 0,
            b'a'..=b'z' => 1,
            b'.' | b'-' => 2,
            _ => 3,
        };
        let first = kind(*rest.as_bytes().first()?);
        let length = if first == 2 { 1 } else { rest.bytes().take_while(|byte| kind(*byte) == first).count() };
        let (piece, others) = rest.split_at(length);
        rest = others;
        Some(piece)
    })
}
