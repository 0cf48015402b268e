//! What a release is made from.

use std::collections::BTreeSet;
use std::str::FromStr;

use database::{Listed, Snapshot};
use osv_schema::Timestamp;
use serde::{Deserialize, Serialize};

use crate::blocking::Blocking;
use crate::delta::History;

/// What a release is made from, all of it.
#[derive(Clone)]
pub struct Input<'i> {
    /// The reports.
    pub snapshot: &'i Snapshot,
    /// The commit that they are from; none for a plain folder or a working tree.
    pub commit: Option<CommitFacts>,
    /// The reports that are not to be published, with the rule that each breaks. What could not be published at all
    /// (see [`crate::write`]) joins them.
    pub held: &'i [Held],
    /// Since when the commit and those before it list what; none for a plain folder or a working tree.
    pub listed: Option<&'i Listed>,
    /// Where people read the reports: the address of the tree's root.
    pub home: Option<&'i str>,
    /// Which reports the lists that block hold.
    pub blocking: Blocking,
    /// What to write.
    pub targets: BTreeSet<Target>,
    /// Where the commit came from; without it no delta is told.
    pub history: Option<&'i dyn History>,
    /// The tool and its version.
    pub tool: &'i str,
    /// The license of the data, as SPDX names it.
    pub licence: &'i str,
}

/// What a release says about its commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitFacts {
    /// Its id, in hex.
    pub id: String,
    /// The id of its tree, in hex.
    pub tree: String,
    /// When it was committed.
    pub time: Timestamp,
    /// How many commits there are from the first one to this, going by first parents, both counted.
    pub sequence: u64,
    /// Its first parent, in hex.
    pub parent: Option<String>,
}

/// A report that is not published.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Held {
    /// Its id, or the stem of its file where it has none.
    pub id: String,
    /// Its path in the tree.
    pub path: String,
    /// The rule that it breaks.
    pub rule: String,
}

/// A part of a release that can be asked for alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Target {
    /// Zip archives, lists of ids and the list of ecosystems, laid out as those of osv.dev.
    Zip,
    /// Every record as a file of one compressed archive.
    Tar,
    /// Every record in one compressed file, one a line.
    Ndjson,
    /// A file for each record. For a server it is worth its files, for a folder seldom: it is not written unasked.
    Records,
    /// What each of the last commits changed.
    Delta,
    /// What safe-chain downloads.
    SafeChain,
    /// A list of findings for the Supply-Chain Firewall.
    Scfw,
    /// Manifests in the form of Datadog's dataset.
    Datadog,
    /// Constraints for pip and uv.
    Constraints,
    /// Rules for Verdaccio, and a plain list of package URLs.
    Verdaccio,
    /// A scanner for Bun.
    Bun,
    /// What Renovate's osv-offline downloads.
    Renovate,
    /// A database in the form of RustSec's.
    RustSec,
    /// A database in the form of Go's.
    GoVuln,
    /// A git bundle for each ecosystem.
    Bundle,
    /// One SQLite file that answers questions.
    Sqlite,
    /// Every verdict in one flat table.
    Verdicts,
    /// A small filter that knows what is surely not listed.
    Filter,
    /// Columns for inventories.
    Parquet,
    /// A STIX bundle for each ecosystem.
    Stix,
    /// A feed for MISP.
    Misp,
    /// What CycloneDX calls a bill of vulnerabilities, for each ecosystem.
    Cyclonedx,
    /// Names that resolvers are to refuse.
    Rpz,
    /// The newest reports for those who follow them, as Atom and JSON.
    Feeds,
}

/// How many reports make a database large.
const LARGE: usize = 50_000;

/// The text names no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown target {name:?}; the targets are {}", Target::ALL.map(Target::name).join(", "))]
pub struct UnknownTarget {
    /// The text.
    pub name: String,
}

impl Target {
    /// Every target.
    pub const ALL: [Target; 24] = [
        Target::Zip,
        Target::Tar,
        Target::Ndjson,
        Target::Records,
        Target::Delta,
        Target::Sqlite,
        Target::Verdicts,
        Target::Filter,
        Target::Parquet,
        Target::SafeChain,
        Target::Scfw,
        Target::Datadog,
        Target::Constraints,
        Target::Verdaccio,
        Target::Bun,
        Target::Renovate,
        Target::RustSec,
        Target::GoVuln,
        Target::Stix,
        Target::Misp,
        Target::Cyclonedx,
        Target::Rpz,
        Target::Feeds,
        Target::Bundle,
    ];

    /// Whether it is written unasked.
    pub fn is_default(self) -> bool {
        !matches!(self, Target::Records)
    }

    /// Whether it is written unasked of a database of so many reports: some are nothing that anybody could take in when they
    /// are large, and cost more to write and to fetch than all others together.
    pub fn is_default_of(self, reports: usize) -> bool {
        self.is_default() && (reports <= LARGE || !matches!(self, Target::Stix | Target::Misp))
    }

    /// Whether it is written from what records say of packages, and not from the records as they are.
    pub(crate) fn needs_rows(self) -> bool {
        use Target::{Bun, Bundle, Delta, Ndjson, Records, Tar, Zip};
        !matches!(self, Zip | Tar | Ndjson | Records | Delta | Bun | Bundle)
    }

    /// Whether it is a list that blocks, and holds what [`Input::blocking`] says.
    pub(crate) fn blocks(self) -> bool {
        use Target::{Constraints, Datadog, GoVuln, Renovate, RustSec, SafeChain, Scfw, Verdaccio};
        matches!(self, SafeChain | Scfw | Datadog | Constraints | Verdaccio | Renovate | RustSec | GoVuln)
    }

    /// Whether it says since when something is listed ([`Input::listed`]), which only the whole history knows.
    pub fn tells_since(self) -> bool {
        matches!(self, Target::Sqlite | Target::Verdicts | Target::Parquet)
    }

    /// The name that it is asked for by.
    pub fn name(self) -> &'static str {
        match self {
            Target::Zip => "zip",
            Target::Tar => "tar",
            Target::Ndjson => "ndjson",
            Target::Records => "records",
            Target::Delta => "delta",
            Target::Bundle => "bundle",
            Target::Sqlite => "sqlite",
            Target::Verdicts => "verdicts",
            Target::Filter => "filter",
            Target::Parquet => "parquet",
            Target::SafeChain => "safe-chain",
            Target::Scfw => "scfw",
            Target::Datadog => "datadog",
            Target::Constraints => "constraints",
            Target::Verdaccio => "verdaccio",
            Target::Bun => "bun",
            Target::Renovate => "renovate",
            Target::RustSec => "rustsec",
            Target::GoVuln => "govuln",
            Target::Stix => "stix",
            Target::Misp => "misp",
            Target::Cyclonedx => "cyclonedx",
            Target::Rpz => "rpz",
            Target::Feeds => "feeds",
        }
    }
}

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(name: &str) -> Result<Target, UnknownTarget> {
        let known = Target::ALL.into_iter().find(|target| target.name() == name);
        known.ok_or_else(|| UnknownTarget { name: name.to_owned() })
    }
}
