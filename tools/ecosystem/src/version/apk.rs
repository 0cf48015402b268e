//! Alpine, Wolfi, Chainguard, Alpaquita, BellSoft Hardened Containers and MinimOS: apk.
//!
//! The form is that of apk-package(5), "version": `number{.number}…{letter}{_suffix{number}}…{~hash}{-r#}`
//! (<https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/master/doc/apk-package.5.scd>). As apk-tools 3 does, a number
//! behind a dot that begins with a zero is compared as text with all others, and is so before those that do not: `1.01`
//! is before `1.1`. Where one version ends, the other is newer, unless it goes on with a suffix that is before a release.
//! A number behind the letter is read as well: apk-tools 2 did, and Alpine published such versions (`5.9.2p1-r0`).

use super::Fault;
use super::cursor::Cursor;
use super::token::Number;

/// The pieces of a version, [`Token::End`] last.
pub(super) type Key<'a> = Vec<Token<'a>>;

/// A piece of a version, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Token<'a> {
    /// A suffix before the release; its place in [`EARLY`].
    Early(usize),
    End,
    Revision(Number<'a>),
    Hash(&'a str),
    SuffixNumber(Number<'a>),
    /// A suffix behind the release; its place in [`LATE`].
    Late(usize),
    Letter(u8),
    /// A number behind a dot that begins with a zero.
    ZeroLed(&'a str),
    Number(Number<'a>),
}

const EARLY: [&str; 4] = ["alpha", "beta", "pre", "rc"];
const LATE: [&str; 5] = ["cvs", "svn", "git", "hg", "p"];

pub(super) fn read(text: &str) -> Result<Key<'_>, Fault> {
    let mut cursor = Cursor::new(text);
    let mut tokens = vec![Token::Number(cursor.number()?)];
    while cursor.eat(b'.') {
        let digits = cursor.digits();
        tokens.push(match digits.as_bytes().first() {
            None => return Err(cursor.missing("a number")),
            Some(b'0') => Token::ZeroLed(digits),
            Some(_) => Token::Number(Number::new(digits)),
        });
    }
    if let Some(letter @ b'a'..=b'z') = cursor.peek() {
        cursor.step();
        tokens.push(Token::Letter(letter));
        let digits = cursor.digits();
        if !digits.is_empty() {
            tokens.push(Token::Number(Number::new(digits)));
        }
    }
    while cursor.eat(b'_') {
        let at = cursor.at();
        let word = cursor.take(|byte| byte.is_ascii_lowercase());
        let place = |words: &[&str]| words.iter().position(|known| *known == word);
        tokens.push(match (place(&EARLY), place(&LATE)) {
            (Some(place), _) => Token::Early(place),
            (None, Some(place)) => Token::Late(place),
            (None, None) => {
                return Err(Fault::Suffix { at, known: "alpha, beta, pre, rc, cvs, svn, git, hg, p" });
            }
        });
        let digits = cursor.digits();
        if !digits.is_empty() {
            tokens.push(Token::SuffixNumber(Number::new(digits)));
        }
    }
    if cursor.eat(b'~') {
        let hash = cursor.take(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if hash.is_empty() {
            return Err(cursor.missing("a commit hash"));
        }
        tokens.push(Token::Hash(hash));
    }
    if cursor.eat(b'-') {
        if !cursor.eat(b'r') {
            return Err(cursor.missing("an r"));
        }
        tokens.push(Token::Revision(cursor.number()?));
    }
    cursor.end()?;
    tokens.push(Token::End);
    Ok(tokens)
}
