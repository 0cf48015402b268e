//! Who somebody is, as far as names tell.

use std::collections::BTreeSet;

use osv_schema::write::{is_invisible, is_unseen};

/// Somebody as a text names them: `Ada`, `ada@example.org`, `Ada <ada@example.org>`. Told by the words alone, so that case,
/// white space, what nobody sees and signs around words make nobody another person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The words of the name, and each address.
    parts: BTreeSet<BTreeSet<String>>,
}

impl Person {
    /// The person that a text names.
    pub fn of(text: &str) -> Person {
        let is_seen = |c: char| c.is_whitespace() || !(c.is_control() || is_unseen(c) || is_invisible(c));
        let seen: String = text.chars().filter(|&c| is_seen(c)).collect();
        let seen = seen.to_lowercase();
        let (mut name, mut parts) = (BTreeSet::new(), BTreeSet::new());
        for word in seen.split(|c: char| c.is_whitespace() || "<>()[],;".contains(c)) {
            let word = word.strip_prefix("mailto:").unwrap_or(word).trim_matches(|c: char| !c.is_alphanumeric());
            if word.contains('@') {
                parts.insert(BTreeSet::from([word.to_owned()]));
            } else if !word.is_empty() {
                name.insert(word.to_owned());
            }
        }
        if !name.is_empty() {
            parts.insert(name);
        }
        Person { parts }
    }

    /// Whether the text names nobody.
    pub fn is_nobody(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether the two have a name or an address in common.
    pub fn is_same_as(&self, other: &Person) -> bool {
        !self.parts.is_disjoint(&other.parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, is_same: bool) {
        assert_eq!(Person::of(one).is_same_as(&Person::of(other)), is_same, "{one:?} {other:?}");
    }

    #[test]
    fn spelling_makes_nobody_another_person() {
        for spelled in [
            "ada",
            " ADA ",
            "Ada\u{200b}",
            "A\u{ad}da",
            "Ada\u{7}",
            "Ada.",
            "\"Ada\"",
            "@ada",
            "\u{feff}Ada",
            "\u{202e}Ada",
        ] {
            check(spelled, "Ada", true);
        }
        for spelled in
            ["grace  hopper", "Hopper, Grace", "Grace\u{a0}Hopper", "Grace\nHopper", "GRACE HOPPER <g@x.org>"]
        {
            check(spelled, "Grace Hopper", true);
        }
        for spelled in
            ["mailto:Ada@Example.org", "<ada@example.org>", "Ada (ada@example.org)", "Somebody ada@example.org"]
        {
            check(spelled, "Ada <ada@example.org>", true);
        }
    }

    #[test]
    fn other_words_are_another_person() {
        for (one, other) in [
            ("Ada", "Grace"),
            ("Ada Lovelace", "Ada Hopper"),
            ("ada@example.org", "ada@example.com"),
            ("Ada", "Ada-Lee"),
            ("", ""),
            ("...", "\u{200b}"),
        ] {
            check(one, other, false);
        }
        assert!(Person::of(" \u{200b}.").is_nobody() && !Person::of("Ada").is_nobody());
    }
}
