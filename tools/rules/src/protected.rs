//! The names that are too well known to be called malicious by one person: `config/protected/<ecosystem>.txt`.

use std::collections::{BTreeMap, BTreeSet};

use ecosystem::{Ecosystem, Package};

/// The folder of the lists, from the root of the tree.
pub const PROTECTED_FOLDER: &str = "config/protected";

/// The protected names of each ecosystem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protected {
    /// By the ecosystem's directory: whole names, and beginnings of names.
    names: BTreeMap<String, Names>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Names {
    whole: BTreeSet<String>,
    beginnings: Vec<String>,
}

impl Protected {
    /// Adds the list of one ecosystem, by the name of its file without `.txt`, which is the ecosystem's directory: a
    /// name a line, `#` before a remark, `*` at the end for all names that begin so, as in `@types/*`.
    pub fn add(&mut self, directory: &str, list: &str) {
        let ecosystem = Ecosystem::from_user(directory).ok();
        let names = self.names.entry(directory.to_owned()).or_default();
        for line in list.lines() {
            let name = line.split('#').next().unwrap_or_default().trim();
            match (name.strip_suffix('*'), &ecosystem) {
                _ if name.is_empty() => {}
                (Some(beginning), _) => names.beginnings.push(beginning.to_lowercase()),
                // Whoever writes a list spells a name as its registry shows it.
                (None, Some(ecosystem)) => {
                    names.whole.insert(Package::new(ecosystem.clone(), name).canonical_name().to_lowercase());
                }
                (None, None) => {
                    names.whole.insert(name.to_lowercase());
                }
            }
        }
    }

    /// Whether a package has a protected name: also one that is said to be in another registry of its ecosystem, whose
    /// clients may not tell the two apart, and a Go module within a protected one, as its later major versions are.
    pub fn has(&self, package: &Package) -> bool {
        if self.names.is_empty() {
            return false;
        }
        let ecosystem = package.ecosystem();
        let name = package.canonical_name().to_lowercase();
        let is_go = ecosystem.base() == "Go";
        let within = |name: &str| name.rmatch_indices('/').any(|(at, _)| self.lists(ecosystem, &name[..at]));
        self.lists(ecosystem, &name) || is_go && within(&name)
    }

    fn lists(&self, ecosystem: &Ecosystem, name: &str) -> bool {
        let base = ecosystem.suffix().and_then(|_| ecosystem.base().parse::<Ecosystem>().ok());
        let all = [Some(ecosystem), base.as_ref()].into_iter().flatten();
        all.filter_map(|one| self.names.get(&one.directory()))
            .any(|names| names.whole.contains(name) || names.beginnings.iter().any(|begins| name.starts_with(begins)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(protected: &Protected, package: (&str, &str), expected: bool) {
        let (ecosystem, name) = package;
        let package = Package::new(ecosystem.parse().unwrap(), name);
        assert_eq!(protected.has(&package), expected, "{ecosystem} {name}");
    }

    #[test]
    fn names_are_protected_in_their_ecosystem() {
        let mut protected = Protected::default();
        protected.add("npm", "# well known\nreact\n@types/* # all of them\n\n");
        protected.add("pypi", "Python_Dateutil\nruamel-yaml\n");
        check(&protected, ("npm", "react"), true);
        check(&protected, ("npm", "React"), true);
        check(&protected, ("npm", "reactor"), false);
        check(&protected, ("npm", "@types/node"), true);
        check(&protected, ("npm", "@typesx/node"), false);
        check(&protected, ("PyPI", "react"), false);
        check(&protected, ("PyPI", "ruamel.yaml"), true);
        check(&protected, ("PyPI", "python-dateutil"), true);
        check(&protected, ("PyPI:https://mirror.example", "python-dateutil"), true);
        protected.add("go", "github.com/ada/engine\ngolang.org/x/*\n");
        check(&protected, ("Go", "github.com/ada/engine"), true);
        check(&protected, ("Go", "github.com/ada/engine/v2"), true);
        check(&protected, ("Go", "github.com/ada/engine/cmd/tool"), true);
        check(&protected, ("Go", "github.com/ada/engines"), false);
        check(&protected, ("Go", "github.com/ada"), false);
        protected.add("vscode", "ada.engine\n");
        check(&protected, ("VSCode:https://open-vsx.org", "ada.engine"), true);
    }
}
