//! The list of infrastructure that everybody shares: names that are never refused, whoever abuses them.

use std::collections::BTreeSet;

use crate::Error;
use crate::material::Material;

/// Where the list of infrastructure that everybody shares lies in a tree. With it other files of a release change than
/// those of the ecosystems whose reports do, so an older release is of use only if it was made with the same one.
pub const FILE: &str = "config/shared-infrastructure.txt";

/// The list of this house, for a tree that has none.
const OURS: &str = include_str!("../../../../config/shared-infrastructure.txt");

/// Words under which a whole country registers names, as in `co.uk`.
const REGISTRIES: [&str; 12] = ["ac", "co", "com", "edu", "go", "gob", "gov", "gov", "ne", "net", "or", "org"];

/// Names and addresses that many share.
pub(crate) struct Shared {
    /// Names that are shared themselves: what is below them belongs to one each.
    alone: BTreeSet<String>,
    /// Names that are shared with all that is below them.
    below: BTreeSet<String>,
}

impl Shared {
    /// The list of the tree that is published.
    pub(crate) fn of(material: &Material<'_>) -> Result<Shared, Error> {
        let text = material.input.snapshot.read_path(FILE)?;
        Ok(text.map_or_else(|| Shared::parse(OURS), |text| Shared::parse(&String::from_utf8_lossy(&text))))
    }

    /// One name or address a line, `*.` before a name for all that is below it too, and `#` before what is said about them.
    pub(crate) fn parse(text: &str) -> Shared {
        let (mut alone, mut below) = (BTreeSet::new(), BTreeSet::new());
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim().to_ascii_lowercase());
        for line in lines.filter(|line| !line.is_empty()) {
            match line.strip_prefix("*.") {
                Some(name) => below.insert(name.to_owned()),
                None => alone.insert(line),
            };
        }
        Shared { alone, below }
    }

    /// Whether refusing a name, and all that is below it, would meet others than the attacker.
    pub(crate) fn has(&self, name: &str) -> bool {
        let parents = || std::iter::successors(Some(name), |name| Some(name.split_once('.')?.1));
        let leads_there = |listed: &String| listed.len() > name.len() && listed.ends_with(&format!(".{name}"));
        self.alone.contains(name)
            || parents().any(|parent| self.below.contains(parent))
            || self.alone.iter().chain(&self.below).any(leads_there)
            || is_registry(name)
    }
}

/// Whether a name is one under which registries give names away.
fn is_registry(name: &str) -> bool {
    match name.split_once('.') {
        None => true,
        Some((first, country)) => country.len() == 2 && REGISTRIES.contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::{OURS, Shared};

    #[test]
    fn names_of_others_are_known() {
        let shared = Shared::parse("# said\nworkers.dev # each below it is somebody's\n*.discord.com\n192.0.2.1\n");
        for name in ["workers.dev", "discord.com", "cdn.discord.com", "dev", "com", "co.uk", "192.0.2.1"] {
            assert!(shared.has(name), "{name}");
        }
        for name in ["evil.workers.dev", "notdiscord.com", "evil.example", "evil.uk", "192.0.2.2"] {
            assert!(!shared.has(name), "{name}");
        }
    }

    #[test]
    fn our_list_has_what_everybody_uses() {
        let ours = Shared::parse(OURS);
        for name in ["github.com", "api.telegram.org", "discord.com", "pypi.org", "registry.npmjs.org", "8.8.8.8"] {
            assert!(ours.has(name), "{name}");
        }
    }
}
