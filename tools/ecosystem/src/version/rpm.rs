//! Red Hat, AlmaLinux, Rocky Linux, SUSE, openSUSE, Mageia, openEuler, Azure Linux and Photon OS: RPM.
//!
//! <https://rpm-software-management.github.io/rpm/man/rpm-version.7>: epoch, version and release, each cut into runs of
//! digits and runs of letters. All else only separates, save the tilde, which is before the end, and the caret, which
//! is behind the end and before everything else. A version without release is before the same one with any release.

use super::token::Number;

/// A version, compared field by field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'a> {
    epoch: Number<'a>,
    version: Vec<Token<'a>>,
    release: Option<Vec<Token<'a>>>,
}

/// A piece of a version or release, in ascending order. Every list of them ends with [`Token::End`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Token<'a> {
    Tilde,
    End,
    Caret,
    Letters(&'a str),
    Number(Number<'a>),
}

/// Reads anything: what is no letter, no digit and no mark separates.
pub(super) fn read(text: &str) -> Key<'_> {
    // What stands before a colon is an epoch only if it is a number; module streams have colons elsewhere.
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|byte| byte.is_ascii_digit()) => (epoch, rest),
        _ => ("", text),
    };
    let (version, release) = rest.rsplit_once('-').map_or((rest, None), |(version, release)| (version, Some(release)));
    Key { epoch: Number::new(epoch), version: tokens(version), release: release.map(tokens) }
}

fn tokens(mut text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    while let Some(&first) = text.as_bytes().first() {
        let run = |kind: fn(&u8) -> bool| text.bytes().take_while(kind).count();
        let length = match first {
            b'~' | b'^' => {
                tokens.push(if first == b'~' { Token::Tilde } else { Token::Caret });
                1
            }
            b'0'..=b'9' => {
                let length = run(u8::is_ascii_digit);
                tokens.push(Token::Number(Number::new(&text[..length])));
                length
            }
            b'a'..=b'z' | b'A'..=b'Z' => {
                let length = run(u8::is_ascii_alphabetic);
                tokens.push(Token::Letters(&text[..length]));
                length
            }
            _ => text.chars().next().map_or(1, char::len_utf8),
        };
        text = &text[length..];
    }
    tokens.push(Token::End);
    tokens
}
