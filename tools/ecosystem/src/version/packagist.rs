//! Packagist: PHP's `version_compare`, as Composer calls it.
//!
//! <https://www.php.net/version_compare>: runs of digits are numbers, runs of letters are stages of a release by how they
//! begin. As Composer does (<https://getcomposer.org/doc/articles/versions.md>), a leading `v` and letter case do not
//! count. What is neither letter nor digit separates; PHP makes pieces of some such characters, which is not transitive.

use super::cursor::Cursor;
use super::token::Number;

/// The pieces of a version, [`Token::End`] last.
pub(super) type Key<'a> = Vec<Token<'a>>;

/// A piece of a version, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Token<'a> {
    /// Any other word: all of them are the same.
    Word,
    Dev,
    Alpha,
    Beta,
    Candidate,
    End,
    Number(Number<'a>),
    Patch,
}

pub(super) fn read(text: &str) -> Key<'_> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let mut tokens = Vec::new();
    for word in text.split(|character: char| !character.is_ascii_alphanumeric()) {
        let mut cursor = Cursor::new(word);
        while let Some(first) = cursor.peek() {
            if first.is_ascii_digit() {
                tokens.push(Token::Number(Number::new(cursor.digits())));
            } else {
                tokens.push(stage(cursor.take(|byte| byte.is_ascii_alphabetic())));
            }
        }
    }
    tokens.push(Token::End);
    tokens
}

fn stage<'a>(word: &str) -> Token<'a> {
    const STAGES: [(&str, Token<'_>); 5] =
        [("dev", Token::Dev), ("a", Token::Alpha), ("b", Token::Beta), ("rc", Token::Candidate), ("p", Token::Patch)];
    let begins = |stage: &str| word.get(..stage.len()).is_some_and(|start| start.eq_ignore_ascii_case(stage));
    STAGES.iter().find(|(stage, _)| begins(stage)).map_or(Token::Word, |(_, token)| *token)
}
