//! Target `verdaccio`: rules for the registry's own package filter, and a plain list for whatever else denies packages.

use std::io;

use ecosystem::Package;
use ecosystem::version::{End, Interval};
use serde::Serialize;

use super::blocked::{Blocked, By};
use crate::material::Material;
use crate::output::{Out, Planned};
use crate::rows::{Extent, Row};

/// A rule is read as a whole, and a long one slowly.
const VERSIONS_A_RULE: usize = 100;

/// Node reads no longer version, and no larger number.
const LENGTH_MAX: usize = 256;
const NUMBER_MAX: u64 = (1 << 53) - 1;

#[derive(Serialize)]
struct Rule<'m> {
    package: &'m str,
    /// Without it all versions are meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    versions: Option<String>,
}

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    vec![
        Planned::new("verdaccio/package-filter.yaml", |out| write_rules(material, out)),
        Planned::new("verdaccio/deny.txt", |out| write_names(material, out)),
    ]
}

/// A part of Verdaccio's `config.yaml`. Rules are written as JSON, which YAML contains.
fn write_rules(material: &Material<'_>, out: &mut Out<'_>) -> io::Result<()> {
    out.write_all(b"filters:\n  '@verdaccio/package-filter':\n    block:")?;
    let mut is_empty = true;
    for blocked in material.blocked("npm", By::Package) {
        let of = |versions| Rule { package: blocked.name, versions };
        let rules: Vec<Rule<'_>> = if blocked.every {
            vec![of(None)]
        } else {
            // A package has rules of one sort only: both together are an error at the start.
            ranges(&blocked).0.chunks(VERSIONS_A_RULE).map(|some| of(Some(some.join(" || ")))).collect()
        };
        for rule in rules {
            out.write_all(b"\n    - ")?;
            serde_json::to_writer(&mut *out, &rule)?;
            is_empty = false;
        }
    }
    out.write_all(if is_empty { b" []\n" } else { b"\n" })
}

/// Whether the rules say all of it.
pub(super) fn says_all(blocked: &Blocked<'_>) -> bool {
    blocked.every || ranges(blocked).1
}

/// Versions and intervals as node's semver writes them, and whether that is all. A text that it cannot read keeps the
/// registry from starting.
fn ranges(blocked: &Blocked<'_>) -> (Vec<String>, bool) {
    let single = blocked.versions.iter().map(|version| node_version(version));
    let mut is_all = !blocked.has_more;
    let mut ranges = Vec::new();
    for range in single.chain(blocked.intervals.iter().map(node_range)) {
        is_all &= range.is_some();
        ranges.extend(range);
    }
    (ranges, is_all)
}

fn node_range(interval: &Interval<'_>) -> Option<String> {
    let mut comparators = Vec::new();
    if let Some(from) = &interval.from {
        comparators.push(format!(">={}", node_version(from.text)?));
    }
    match &interval.to {
        End::Before(to) => comparators.push(format!("<{}", node_version(to.text)?)),
        End::At(to) => comparators.push(format!("<={}", node_version(to.text)?)),
        End::Open => {}
    }
    Some(comparators.join(" "))
}

fn node_version(text: &str) -> Option<String> {
    let version = semver::Version::parse(text).ok().filter(|_| text.len() <= LENGTH_MAX)?;
    let is_small = [version.major, version.minor, version.patch].into_iter().all(|number| number <= NUMBER_MAX);
    is_small.then(|| version.to_string())
}

/// A package URL a line, of every ecosystem that has them: without a version where all are meant.
fn write_names(material: &Material<'_>, out: &mut Out<'_>) -> io::Result<()> {
    let rows: Vec<&Row> = material.chosen(0..material.rows.len()).map(|(_, row)| row).collect();
    for rows in rows.chunk_by(|a, b| (&a.ecosystem, &a.name) == (&b.ecosystem, &b.name)) {
        let Some(package) = rows.first().and_then(|row| row.package()) else { continue };
        let is_every = rows.iter().any(|row| row.extent == Extent::Every);
        let versions = rows.iter().flat_map(|row| match &row.extent {
            Extent::These { versions, .. } if !is_every => &versions[..],
            _ => &[],
        });
        let mut lines: Vec<String> =
            versions.filter_map(|version| Package::purl_as_written_with_version(&package, version)).collect();
        if is_every {
            lines.extend(package.purl_as_written());
        }
        lines.sort_unstable();
        lines.dedup();
        for line in lines {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
