//! The one table of ecosystems: everything that differs from one to the next is a column here.

use Folding::{Keep, Lower};
use PurlShape::{Joined, LongPath, Name, Path};
use SuffixRule::{Optional, Required};

/// What the text after an ecosystem's first colon means (OSV schema, section "Defined ecosystems").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SuffixRule {
    /// The prose of the schema gives a suffix no meaning.
    None,
    /// A release, a product or a part of the distribution, which may be left out.
    Optional,
    /// A release or product that the prose asks for.
    Required,
    /// The URL of another registry than the default one, without a slash at the end.
    Registry,
}

/// How names are brought to their canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// The name is its own canonical form.
    AsWritten,
    /// Lower case, dashes become underscores: crates.io refuses a crate that differs from another by these alone.
    Crate,
    /// PEP 503: runs of `-`, `_`, `.` become one dash; lower case.
    Pep503,
    /// The storage form of a git remote.
    Repository,
}

/// One spelling of an ecosystem's packages as package URLs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PurlRule {
    /// The purl type, in lower case.
    pub kind: &'static str,
    /// How namespace and name make up the OSV name.
    pub shape: PurlShape,
    /// What the type's definition does to a name.
    pub folding: Folding,
    /// Whether we write this spelling; the others are only read.
    pub written: bool,
}

/// How a purl's namespace and name make up the OSV package name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PurlShape {
    /// The name alone; the type has no namespace.
    Name,
    /// Namespace and name joined by a slash; there may be no namespace.
    Path,
    /// Namespace and name joined by a slash; the definition asks for a namespace.
    LongPath,
    /// Namespace and name joined by this character; both are needed.
    Joined(char),
    /// The name alone; the namespace is this distribution.
    Distribution(&'static str),
}

/// The normalization of a name that a purl type's definition prescribes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folding {
    /// None.
    Keep,
    /// Lower case.
    Lower,
    /// Lower case, underscores become dashes.
    PyPi,
    /// Lower case, all but letters and digits becomes an underscore.
    Pub,
}

/// One ecosystem.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its name in the OSV schema.
    pub name: &'static str,
    /// Whether the OSV schema's pattern has it.
    pub in_schema: bool,
    /// Whether upstream's repository takes reports on it.
    pub supported: bool,
    /// Whether it has packages that somebody could publish with malice.
    pub has_packages: bool,
    /// What a suffix means.
    pub suffix: SuffixRule,
    /// Registry URLs that mean the same as no suffix, without scheme and without a slash at the end.
    pub default_registries: &'static [&'static str],
    /// Whether the directory leaves out the `https://` of a registry.
    pub bare_registry: bool,
    /// Whether ranges of type SEMVER are allowed.
    pub semver: bool,
    /// How names become canonical.
    pub naming: Naming,
    /// Whether names are git remotes or begin like one, so that an `@` may stand before a host.
    pub remote_names: bool,
    /// Whether names that differ by letter case alone are one package: the registry has at most one of them.
    pub merges_case: bool,
    /// Its spellings as package URLs, the preferred one first.
    pub purls: &'static [PurlRule],
    /// What else users call it, besides the purl types.
    pub nicknames: &'static [&'static str],
}

const fn row(name: &'static str) -> Row {
    Row {
        name,
        in_schema: true,
        supported: false,
        has_packages: true,
        suffix: SuffixRule::None,
        default_registries: &[],
        bare_registry: false,
        semver: false,
        naming: Naming::AsWritten,
        remote_names: false,
        merges_case: false,
        purls: &[],
        nicknames: &[],
    }
}

impl Row {
    const fn supported(self) -> Self {
        Self { supported: true, ..self }
    }

    const fn without_packages(self) -> Self {
        Self { has_packages: false, ..self }
    }

    const fn suffix(self, suffix: SuffixRule) -> Self {
        Self { suffix, ..self }
    }

    const fn registry(self, default_registries: &'static [&'static str]) -> Self {
        Self { suffix: SuffixRule::Registry, default_registries, ..self }
    }

    const fn bare_registry(self) -> Self {
        Self { bare_registry: true, ..self }
    }

    const fn semver(self) -> Self {
        Self { semver: true, ..self }
    }

    const fn naming(self, naming: Naming) -> Self {
        Self { naming, ..self }
    }

    const fn remote_names(self) -> Self {
        Self { remote_names: true, ..self }
    }

    const fn merges_case(self) -> Self {
        Self { merges_case: true, ..self }
    }

    const fn purls(self, purls: &'static [PurlRule]) -> Self {
        Self { purls, ..self }
    }

    const fn nicknames(self, nicknames: &'static [&'static str]) -> Self {
        Self { nicknames, ..self }
    }
}

const fn purl(kind: &'static str, shape: PurlShape, folding: Folding) -> PurlRule {
    PurlRule { kind, shape, folding, written: true }
}

/// A spelling that is in use but not in the purl specification, or that lacks what the specification asks for.
const fn read_only(kind: &'static str, shape: PurlShape, folding: Folding) -> PurlRule {
    PurlRule { kind, shape, folding, written: false }
}

const fn apk(distribution: &'static str) -> PurlRule {
    purl("apk", PurlShape::Distribution(distribution), Lower)
}

const fn deb(distribution: &'static str) -> PurlRule {
    purl("deb", PurlShape::Distribution(distribution), Lower)
}

const fn rpm(distribution: &'static str) -> PurlRule {
    purl("rpm", PurlShape::Distribution(distribution), Keep)
}

/// Every ecosystem of OSV schema 1.7.5, in its order, and last the one of reports on git repositories, which name no
/// package at all. Purl types follow the purl specification, namespaces of distributions those that osv.dev writes.
pub(crate) static ROWS: &[Row] = &[
    row("AlmaLinux").suffix(Optional).purls(&[rpm("almalinux")]),
    row("Alpaquita").suffix(Required).purls(&[apk("alpaquita")]),
    row("Alpine").supported().suffix(Required).purls(&[apk("alpine")]),
    row("Android").without_packages(),
    row("Azure Linux").suffix(Required).purls(&[rpm("azure-linux")]),
    row("BellSoft Hardened Containers").suffix(Required).purls(&[apk("bellsoft-hardened-containers")]),
    row("Bioconductor"),
    row("Bitnami").semver().purls(&[purl("bitnami", Name, Lower)]),
    row("Chainguard").purls(&[apk("chainguard")]),
    row("CleanStart").purls(&[apk("cleanstart")]),
    row("ConanCenter").purls(&[purl("conan", Path, Keep)]),
    row("CRAN").purls(&[purl("cran", Name, Keep)]),
    row("crates.io")
        .supported()
        .semver()
        .naming(Naming::Crate)
        .purls(&[purl("cargo", Name, Keep)])
        .nicknames(&["crates"]),
    row("Debian").supported().suffix(Optional).purls(&[deb("debian")]),
    row("Docker Hardened Images").purls(&[read_only("dhi", Name, Keep)]),
    row("Echo").purls(&[deb("echo")]),
    row("FreeBSD").suffix(Optional),
    row("GHC").without_packages(),
    row("GitHub Actions")
        .supported()
        .merges_case()
        .purls(&[read_only("githubactions", Path, Keep)])
        .nicknames(&["actions"]),
    row("Go").supported().semver().purls(&[purl("golang", LongPath, Lower)]),
    row("Hackage").purls(&[purl("hackage", Name, Keep)]),
    row("Hex").supported().semver().purls(&[purl("hex", Path, Lower)]),
    // The definition of the type asks for a `uuid`, which an OSV name does not have.
    row("Julia").purls(&[read_only("julia", Name, Keep)]),
    row("Kubernetes").without_packages(),
    row("Linux").without_packages(),
    row("Mageia").suffix(Required).purls(&[rpm("mageia")]),
    row("Maven")
        .supported()
        .registry(&["repo.maven.apache.org/maven2", "repo1.maven.org/maven2"])
        .bare_registry()
        .purls(&[purl("maven", Joined(':'), Keep), read_only("gradle", Joined(':'), Keep)]),
    row("MinimOS").purls(&[apk("minimos")]),
    row("npm").supported().semver().purls(&[purl("npm", Path, Keep)]).nicknames(&["node"]),
    row("NuGet").supported().merges_case().purls(&[purl("nuget", Name, Keep)]),
    row("opam").purls(&[purl("opam", Name, Keep)]),
    row("openEuler").suffix(Required).purls(&[rpm("openeuler")]),
    row("openSUSE").suffix(Required).purls(&[rpm("opensuse")]),
    row("OSS-Fuzz").supported().purls(&[purl("generic", Path, Keep)]),
    row("Packagist")
        .supported()
        .registry(&["packagist.org", "repo.packagist.org"])
        .merges_case()
        .purls(&[purl("composer", LongPath, Lower)]),
    row("Photon OS").suffix(Required).purls(&[read_only("rpm", PurlShape::Distribution("photon"), Keep)]),
    row("Pub").merges_case().purls(&[purl("pub", Name, Folding::Pub)]).nicknames(&["dart"]),
    row("PyPI").supported().naming(Naming::Pep503).purls(&[purl("pypi", Name, Folding::PyPi)]).nicknames(&["pip"]),
    row("Red Hat").suffix(Required).purls(&[rpm("redhat")]),
    row("Rocky Linux").suffix(Optional).purls(&[rpm("rocky-linux")]),
    row("Root").suffix(Required),
    row("RubyGems").supported().purls(&[purl("gem", Name, Keep)]),
    row("SUSE").suffix(Required).purls(&[rpm("suse")]),
    row("SwiftURL").semver().remote_names().purls(&[purl("swift", LongPath, Keep)]),
    row("TuxCare").suffix(Optional),
    row("Ubuntu").supported().suffix(Required).purls(&[deb("ubuntu")]),
    row("VSCode")
        .supported()
        .registry(&["marketplace.visualstudio.com", "marketplace.visualstudio.com/vscode-extension"])
        .bare_registry()
        .merges_case()
        .purls(&[purl("vscode-extension", Joined('.'), Lower), read_only("vscode", Joined('.'), Lower)]),
    row("Wolfi").purls(&[apk("wolfi")]),
    row("GIT").naming(Naming::Repository).remote_names(),
    Row { in_schema: false, ..row(GIT).supported().naming(Naming::Repository).remote_names() },
];

/// The pseudo-ecosystem of reports on git repositories.
pub(crate) const GIT: &str = "Git";

/// The ecosystem of this exact name.
pub(crate) fn find(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::{PurlShape, ROWS};

    #[test]
    fn the_table_has_the_schema_and_one_more() {
        assert_eq!(ROWS.iter().filter(|row| row.in_schema).count(), 49);
        assert_eq!(ROWS.len(), 50);
    }

    #[test]
    fn names_are_distinct_and_types_tell_ecosystems_apart() {
        for (place, row) in ROWS.iter().enumerate() {
            for other in &ROWS[place + 1..] {
                assert_ne!(row.name, other.name);
                for one in row.purls {
                    for two in other.purls {
                        let distributions = matches!(one.shape, PurlShape::Distribution(_))
                            && matches!(two.shape, PurlShape::Distribution(_));
                        assert!(one.kind != two.kind || (distributions && one.shape != two.shape), "{one:?} {two:?}");
                    }
                }
            }
        }
    }
}
