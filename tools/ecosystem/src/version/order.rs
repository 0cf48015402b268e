//! The orders, and which ecosystem has which.

use std::fmt;

/// How the versions of an ecosystem are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Order {
    /// Alpine's package keeper.
    Apk,
    /// Conan 2.
    Conan,
    /// R's `package_version`.
    Cran,
    /// Debian's `dpkg`.
    Dpkg,
    /// Numbers and dots, as Cabal has them.
    Hackage,
    /// Maven's `ComparableVersion`.
    Maven,
    /// SemVer with a fourth number and without letter case.
    NuGet,
    /// PHP's `version_compare`, as Composer calls it.
    Packagist,
    /// SemVer in which build metadata counts.
    Pub,
    /// PEP 440, and below it what was a version before.
    PyPi,
    /// RPM's epoch, version and release.
    Rpm,
    /// `Gem::Version`.
    RubyGems,
    /// SemVer 2.0, read leniently.
    SemVer,
}

impl Order {
    /// The order of an ecosystem, by its name in the OSV schema without suffix.
    ///
    /// None where the ecosystem has no order (GitHub Actions, OSS-Fuzz), none that OSV scanners agree on (VSCode, opam,
    /// FreeBSD), or one that depends on the suffix (Docker Hardened Images, Root, TuxCare). Ranges of type SEMVER can be
    /// evaluated nonetheless. Scanners that are built on osv-scalibr know no order for Azure Linux, Echo and Photon OS
    /// either and stop at a range in them.
    pub fn of(ecosystem_base: &str) -> Option<Self> {
        Some(match ecosystem_base {
            "Bitnami" | "crates.io" | "GHC" | "Go" | "Hex" | "Julia" | "npm" | "SwiftURL" => Self::SemVer,
            "Alpaquita" | "Alpine" | "BellSoft Hardened Containers" | "Chainguard" | "MinimOS" | "Wolfi" => Self::Apk,
            "Debian" | "Echo" | "Ubuntu" => Self::Dpkg,
            "AlmaLinux" | "Azure Linux" | "Mageia" | "openEuler" | "openSUSE" | "Photon OS" | "Red Hat"
            | "Rocky Linux" | "SUSE" => Self::Rpm,
            "Bioconductor" | "CRAN" => Self::Cran,
            "ConanCenter" => Self::Conan,
            "Hackage" => Self::Hackage,
            "Maven" => Self::Maven,
            "NuGet" => Self::NuGet,
            "Packagist" => Self::Packagist,
            "Pub" => Self::Pub,
            "PyPI" => Self::PyPi,
            "RubyGems" => Self::RubyGems,
            _ => return None,
        })
    }

    /// Every order.
    pub const ALL: [Self; 13] = [
        Self::Apk,
        Self::Conan,
        Self::Cran,
        Self::Dpkg,
        Self::Hackage,
        Self::Maven,
        Self::NuGet,
        Self::Packagist,
        Self::Pub,
        Self::PyPi,
        Self::Rpm,
        Self::RubyGems,
        Self::SemVer,
    ];
}

impl fmt::Display for Order {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Apk => "apk",
            Self::Conan => "Conan",
            Self::Cran => "R",
            Self::Dpkg => "Debian",
            Self::Hackage => "Hackage",
            Self::Maven => "Maven",
            Self::NuGet => "NuGet",
            Self::Packagist => "Composer",
            Self::Pub => "Pub",
            Self::PyPi => "Python",
            Self::Rpm => "RPM",
            Self::RubyGems => "RubyGems",
            Self::SemVer => "SemVer",
        })
    }
}
