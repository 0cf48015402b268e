//! Patterns of names: `*` stands for anything, and a leading `!` excludes.

/// A pattern that a whole name fits, or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<String>,
    excludes: bool,
}

impl Pattern {
    /// A pattern as it is written. Every text is one.
    pub fn new(text: &str) -> Pattern {
        let (rest, excludes) = text.strip_prefix('!').map_or((text, false), |rest| (rest, true));
        Pattern { parts: rest.split('*').map(str::to_owned).collect(), excludes }
    }

    /// Whether a name fits, apart from what a `!` makes of that.
    pub fn fits(&self, name: &str) -> bool {
        let [first, middle @ .., last] = self.parts.as_slice() else {
            return self.parts.first().is_some_and(|only| only == name);
        };
        let Some(mut rest) = name.strip_prefix(first.as_str()) else { return false };
        for part in middle {
            // The first place will do: what comes behind can only gain by it.
            let Some(at) = rest.find(part.as_str()) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last.as_str())
    }
}

/// Whether a list of patterns takes a name: one that includes it (or none that includes anything), and none that
/// excludes it.
pub fn takes(patterns: &[Pattern], name: &str) -> bool {
    let (excluding, including): (Vec<&Pattern>, Vec<&Pattern>) = patterns.iter().partition(|pattern| pattern.excludes);
    let is_included = including.is_empty() || including.iter().any(|pattern| pattern.fits(name));
    is_included && !excluding.iter().any(|pattern| pattern.fits(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], name: &str, expected: bool) {
        let patterns: Vec<Pattern> = patterns.iter().map(|text| Pattern::new(text)).collect();
        assert_eq!(takes(&patterns, name), expected, "{patterns:?} {name}");
    }

    #[test]
    fn a_pattern_is_about_the_whole_name() {
        check(&[], "x", true);
        check(&["left-pad"], "left-pad", true);
        check(&["left-pad"], "left-padd", false);
        check(&["@scope/*"], "@scope/x", true);
        check(&["@scope/*"], "x@scope/x", false);
        check(&["a*b*c"], "a-b-b-c", true);
        check(&["a*b"], "ab", true);
        check(&["ab*b"], "ab", false);
        check(&["*"], "", true);
        check(&["*", "!evil*"], "evil-x", false);
        check(&["!evil*"], "good", true);
    }
}
