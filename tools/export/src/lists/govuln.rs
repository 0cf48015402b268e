//! Target `govuln`: a database in the form of Go's, for govulncheck.
//!
//! It looks at ranges of type SEMVER alone, which begin and are fixed: of versions it does not know, and a record without a
//! range is on all of them. So each version is the range up to the next one that there can be.

use std::collections::BTreeMap;
use std::io;

use ecosystem::version::{End, Order};
use osv_schema::{Affected, Event, Member, Range, Record, Timestamp, Value, write};
use serde::Serialize;

use super::blocked::{Blocked, By};
use crate::body::{Inflater, gzip};
use crate::collect::Item;
use crate::material::Material;
use crate::output::{Out, Planned};

const ECOSYSTEM: &str = "Go";

/// Where nothing affected is left: introduced and, where it ends, fixed.
type Stretch = (String, Option<String>);

/// One report on one or several modules.
struct Advisory<'m> {
    item: &'m Item<'m>,
    modules: BTreeMap<&'m str, Vec<Stretch>>,
}

#[derive(Serialize)]
struct DbV1 {
    modified: String,
}

#[derive(Serialize)]
struct ModuleV1<'m> {
    path: &'m str,
    vulns: Vec<FixedV1<'m>>,
}

#[derive(Serialize)]
struct FixedV1<'m> {
    id: &'m str,
    modified: String,
    /// From here on nothing is affected.
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<&'m str>,
}

#[derive(Serialize)]
struct VulnV1<'m> {
    id: &'m str,
    modified: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

/// The files of the target, each plain and compressed: a folder is read plain, a server is asked for the others.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    let mut planned = Vec::new();
    let mut add = |path: String, make: Box<dyn Fn() -> io::Result<Vec<u8>> + Send + Sync + 'm>| {
        let make = std::sync::Arc::new(make);
        let plain = std::sync::Arc::clone(&make);
        planned.push(Planned::new(path.clone(), move |out: &mut Out<'_>| out.write_all(&plain()?)));
        planned.push(Planned::new(path + ".gz", move |out: &mut Out<'_>| out.write_all(&gzip(&make()?))));
    };
    add("govuln/index/db.json".into(), Box::new(|| db(material)));
    add("govuln/index/modules.json".into(), Box::new(|| modules(material)));
    add("govuln/index/vulns.json".into(), Box::new(|| vulns(material)));
    for advisory in advisories(material) {
        let path = format!("govuln/ID/{}.json", advisory.item.id);
        add(path, Box::new(move || record(&advisory, material)));
    }
    planned
}

/// The reports that can be said, by id.
fn advisories<'m>(material: &'m Material<'_>) -> Vec<Advisory<'m>> {
    let mut by_id: BTreeMap<&str, Advisory<'m>> = BTreeMap::new();
    for blocked in material.blocked(ECOSYSTEM, By::Report) {
        let (Some(stretches), Some(item)) = (stretches(&blocked).0, blocked.items.first().copied()) else { continue };
        let advisory = by_id.entry(item.id).or_insert_with(|| Advisory { item, modules: BTreeMap::new() });
        advisory.modules.insert(blocked.name, stretches);
    }
    by_id.into_values().collect()
}

/// The newest change; of nothing the beginning of time.
fn db(material: &Material<'_>) -> io::Result<Vec<u8>> {
    let newest = advisories(material).iter().map(|advisory| advisory.item.facts.modified).max();
    json(&DbV1 { modified: newest.unwrap_or(Timestamp::EPOCH).to_string() })
}

fn modules(material: &Material<'_>) -> io::Result<Vec<u8>> {
    let advisories = advisories(material);
    let mut by_path: BTreeMap<&str, Vec<FixedV1<'_>>> = BTreeMap::new();
    for advisory in &advisories {
        for (path, stretches) in &advisory.modules {
            let fixed = stretches.last().and_then(|(_, fixed)| fixed.as_deref());
            let (id, modified) = (advisory.item.id, advisory.item.facts.modified.to_string());
            by_path.entry(path).or_default().push(FixedV1 { id, modified, fixed });
        }
    }
    let modules: Vec<ModuleV1<'_>> = by_path.into_iter().map(|(path, vulns)| ModuleV1 { path, vulns }).collect();
    json(&modules)
}

fn vulns(material: &Material<'_>) -> io::Result<Vec<u8>> {
    let mut inflater = Inflater::new();
    let mut vulns = Vec::new();
    for Advisory { item, .. } in advisories(material) {
        let aliases = item.reread(&mut inflater, |record| record.aliases.items().to_vec())?;
        vulns.push(VulnV1 { id: item.id, modified: item.facts.modified.to_string(), aliases });
    }
    json(&vulns)
}

fn json(content: &impl Serialize) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(content)?)
}

/// The record as it is published, with other ranges, and with the page that govulncheck shows as more to read.
fn record(advisory: &Advisory<'_>, material: &Material<'_>) -> io::Result<Vec<u8>> {
    advisory.item.reread(&mut Inflater::new(), |record| {
        let of_module = |(name, stretches): (&&str, &Vec<Stretch>)| {
            let is_on = |affected: &&Affected| {
                let package = affected.package.value();
                package.is_some_and(|package| {
                    (package.ecosystem.as_str(), package.name.as_str()) == (Some(ECOSYSTEM), Some(name))
                })
            };
            let package = record.affected.items().iter().find(is_on)?.package.clone();
            Some(Affected { package, ranges: Member::Value(vec![range(stretches)]), ..Affected::default() })
        };
        let affected = advisory.modules.iter().filter_map(of_module).collect();
        let mut record = Record { affected: Member::Value(affected), ..record.clone() };
        if let Some(url) = material.page(advisory.item) {
            record.database_specific.or_default().insert("url".to_owned(), Value::from(url.as_str()));
        }
        write::compact(&record).into_bytes()
    })
}

fn range(stretches: &[Stretch]) -> Range {
    let mut events = Vec::new();
    for (introduced, fixed) in stretches {
        events.push(Event { introduced: introduced.as_str().into(), ..Event::default() });
        events.extend(fixed.as_deref().map(|fixed| Event { fixed: fixed.into(), ..Event::default() }));
    }
    Range { kind: "SEMVER".into(), events: Member::Value(events), ..Range::default() }
}

/// Whether an advisory says all of it.
pub(super) fn says_all(blocked: &Blocked<'_>) -> bool {
    matches!(stretches(blocked), (Some(_), true))
}

/// What is affected, ascending; none where that cannot be said. And whether it is all that was reported.
fn stretches(blocked: &Blocked<'_>) -> (Option<Vec<Stretch>>, bool) {
    if blocked.every {
        return (Some(vec![("0".to_owned(), None)]), true);
    }
    let (intervals, is_all) = blocked.stretches(Order::SemVer);
    let stretch = |interval: &ecosystem::version::Interval<'_>| {
        let introduced = match &interval.from {
            None => "0".to_owned(),
            Some(from) => go_version(from.text)?.to_string(),
        };
        let fixed = match &interval.to {
            End::Open => None,
            End::Before(to) => Some(go_version(to.text)?.to_string()),
            End::At(to) => Some(next(&go_version(to.text)?)?),
        };
        Some((introduced, fixed))
    };
    let stretches: Option<Vec<Stretch>> = intervals.iter().map(stretch).collect();
    let is_all = is_all && stretches.is_some();
    (stretches.filter(|stretches| !stretches.is_empty()), is_all)
}

/// A version as OSV's ranges write those of Go: without a `v`, and without a build such as `+incompatible`.
fn go_version(text: &str) -> Option<semver::Version> {
    let version = semver::Version::parse(text.strip_prefix('v').unwrap_or(text)).ok()?;
    Some(semver::Version { build: semver::BuildMetadata::EMPTY, ..version })
}

/// The lowest version that is higher.
fn next(version: &semver::Version) -> Option<String> {
    if version.pre.is_empty() {
        let semver::Version { major, minor, patch, .. } = version;
        return Some(format!("{major}.{minor}.{}-0", patch.checked_add(1)?));
    }
    Some(format!("{version}.0"))
}
