//! The guard against mass changes: a plan that takes much away is shown, and lands only when somebody types its numbers.

use database::ChangeKind;

/// How much a plan may take away without anybody saying so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Of each hundred reports.
    pub percent: usize,
    /// In any case.
    pub at_least: usize,
}

/// What a plan takes away, kind by kind, with the exact number: what it would, or what somebody allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Withdraw, narrow or remove.
    pub kind: ChangeKind,
    /// How many reports.
    pub count: usize,
}

/// The kinds of change that take something away.
const KINDS: [ChangeKind; 3] = [ChangeKind::Withdraw, ChangeKind::Narrow, ChangeKind::Remove];

impl Default for Guard {
    fn default() -> Guard {
        Guard { percent: 2, at_least: 20 }
    }
}

impl Guard {
    /// What changes of these kinds take away, and nobody allowed, where it is more than the share in all; nothing where they
    /// may land. `reports` is how many there are before. What was allowed counts only where it is the exact number.
    pub fn beyond(self, changes: impl Iterator<Item = ChangeKind>, reports: usize, allowed: &[Taken]) -> Vec<Taken> {
        let limit = (reports.saturating_mul(self.percent) / 100).max(self.at_least);
        let changes: Vec<ChangeKind> = changes.collect();
        let count = |kind| changes.iter().filter(|change| **change == kind).count();
        let taken = KINDS.into_iter().map(|kind| Taken { kind, count: count(kind) });
        let taken: Vec<Taken> = taken.filter(|taken| taken.count > 0 && !allowed.contains(taken)).collect();
        if taken.iter().map(|taken| taken.count).sum::<usize>() > limit { taken } else { Vec::new() }
    }
}

impl Taken {
    /// Reads what somebody allows, as in `withdraw=1736`.
    pub fn parse(text: &str) -> Option<Taken> {
        let (word, count) = text.split_once('=')?;
        let kind = KINDS.into_iter().find(|kind| kind.word() == word)?;
        Some(Taken { kind, count: count.parse().ok()? })
    }
}

/// As it is typed.
impl std::fmt::Display for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.kind.word(), self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plan with so many changes of a kind, over so many reports.
    #[track_caller]
    fn check(plan: (ChangeKind, usize), reports: usize, allowed: &[&str], expected: &[&str]) {
        let changes = std::iter::repeat_n(plan.0, plan.1);
        let allowed: Vec<Taken> = allowed.iter().map(|text| Taken::parse(text).expect(text)).collect();
        let beyond = Guard::default().beyond(changes, reports, &allowed);
        assert_eq!(beyond.iter().map(Taken::to_string).collect::<Vec<_>>(), expected, "{plan:?} of {reports}");
    }

    #[test]
    fn what_takes_much_away_is_named_with_its_exact_number() {
        check((ChangeKind::Withdraw, 20), 10, &[], &[]);
        check((ChangeKind::Withdraw, 21), 10, &[], &["withdraw=21"]);
        check((ChangeKind::Narrow, 21), 1_000, &[], &["narrow=21"]);
        check((ChangeKind::Remove, 40), 2_000, &[], &[]);
        check((ChangeKind::Remove, 41), 2_000, &[], &["remove=41"]);
        check((ChangeKind::Create, 100), 10, &[], &[]);
        check((ChangeKind::Withdraw, 21), 10, &["withdraw=21"], &[]);
        check((ChangeKind::Withdraw, 22), 10, &["withdraw=21", "narrow=22"], &["withdraw=22"]);
    }

    #[test]
    fn the_kinds_count_together() {
        let changes = || [(ChangeKind::Withdraw, 14), (ChangeKind::Narrow, 15)].into_iter();
        let changes = || changes().flat_map(|(kind, count)| std::iter::repeat_n(kind, count));
        let beyond = |allowed: &[&str]| -> Vec<String> {
            let allowed: Vec<Taken> = allowed.iter().map(|text| Taken::parse(text).expect(text)).collect();
            Guard::default().beyond(changes(), 100, &allowed).iter().map(Taken::to_string).collect()
        };
        assert_eq!(beyond(&[]), ["withdraw=14", "narrow=15"]);
        assert_eq!(beyond(&["narrow=15"]), [] as [&str; 0], "what is left is no mass");
    }

    #[test]
    fn what_is_allowed_is_a_kind_and_a_number() {
        for text in ["", "withdraw", "withdraw=", "withdraw=-1", "create=5", "=5"] {
            assert_eq!(Taken::parse(text), None, "{text}");
        }
    }
}
