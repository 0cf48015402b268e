//! How names are brought to one spelling: lower case, and one dash for a run of separators.

use std::borrow::Cow;

/// The simple lower-case mapping of Unicode, as Go's `strings.ToLower` applies it and upstream's paths are made.
///
/// [`str::to_lowercase`] is not it: that one looks at a sigma's neighbors and turns `İ` into two characters, so two
/// names that upstream puts into one folder would get two.
pub(crate) fn lower(text: &str) -> Cow<'_, str> {
    if text.chars().any(|character| lower_char(character) != character) {
        Cow::Owned(text.chars().map(lower_char).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// The simple lower-case mapping of one character.
fn lower_char(character: char) -> char {
    match character {
        // The only character whose full mapping is longer than one character.
        '\u{130}' => 'i',
        _ => character.to_lowercase().next().unwrap_or(character),
    }
}

/// Lower case, and one dash for each run of these characters.
pub(crate) fn dashed(text: &str, separators: &[char]) -> String {
    let mut dashed = String::with_capacity(text.len());
    let mut in_run = false;
    for character in text.chars().map(lower_char) {
        let separator = separators.contains(&character);
        if !separator {
            dashed.push(character);
        } else if !in_run {
            dashed.push('-');
        }
        in_run = separator;
    }
    dashed
}

#[cfg(test)]
mod tests {
    use super::{dashed, lower};

    #[test]
    fn dashes_runs() {
        for (text, expected) in [("A__b", "a-b"), ("--a", "-a"), ("a._-b", "a-b"), ("a-", "a-"), ("Ü.é", "ü-é")] {
            assert_eq!(dashed(text, &['-', '_', '.']), expected, "{text}");
        }
    }

    #[test]
    fn lowers_as_go_does() {
        for (text, expected) in [
            ("abc", "abc"),
            ("ABC", "abc"),
            ("Straße", "straße"),
            ("İstanbul", "istanbul"),
            ("ΟΔΟΣ", "οδοσ"),
            ("ΑΣ ΒΣ", "ασ βσ"),
            ("ÀÉÎ", "àéî"),
            ("ПАКЕТ", "пакет"),
            ("ǅ", "ǆ"),
            ("ẞ", "ß"),
            ("K", "k"),
            ("Å", "å"),
            ("日本", "日本"),
            ("", ""),
        ] {
            assert_eq!(lower(text), expected, "{text}");
        }
    }

    #[test]
    fn only_one_character_has_a_longer_lower_case() {
        let longer: Vec<char> = (char::MIN..=char::MAX).filter(|c| c.to_lowercase().count() > 1).collect();
        assert_eq!(longer, ['\u{130}']);
    }

    #[test]
    fn lowering_again_changes_nothing() {
        for character in char::MIN..=char::MAX {
            let once = lower(character.encode_utf8(&mut [0; 4])).into_owned();
            assert_eq!(lower(&once), once, "{character:?}");
        }
    }
}
