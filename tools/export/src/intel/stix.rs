//! Target `stix`: a STIX 2.1 bundle for each ecosystem, one object a line.
//!
//! A report is a `malware` object; each of its packages an `indicator` with a pattern on name and versions. STIX has no word
//! for an ecosystem, so it stands in the file's name and, to the letter, in the package URL. What a report says to look for
//! is an `indicator` of its own, once for all reports that say it.

use std::collections::BTreeMap;
use std::io;

use osv_schema::Timestamp;
use rayon::prelude::*;
use serde::Serialize;

use crate::body::Inflater;
use crate::collect::Item;
use crate::indicators;
use crate::intel::ids::uuid;
use crate::intel::observed::{Hash, Observed, bits_of, is_alarm};
use crate::intel::packages::{ByItem, ecosystems, reports};
use crate::intel::shared::Shared;
use crate::intel::{AT_ONCE, NAMELESS, url_of};
use crate::material::Material;
use crate::output::{Out, Planned};
use crate::rows::{Extent, Row};

/// What publishes has no beginning that a tree knows.
const FIRST: &str = "2026-01-01T00:00:00.000Z";

/// An object. Members that a kind of object does not have are left out.
#[derive(Default, Serialize)]
struct Object<'o> {
    #[serde(rename = "type")]
    kind: &'static str,
    spec_version: &'static str,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by_ref: Option<&'o str>,
    created: &'o str,
    modified: &'o str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    revoked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_family: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    indicator_types: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_ref: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_ref: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<[&'o str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<u8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<Reference<'o>>,
}

#[derive(Serialize)]
struct Reference<'o> {
    source_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    external_id: &'o str,
}

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    let by_item = std::sync::Arc::new(ByItem::new(material));
    let file = |folder: &'static str| {
        let by_item = std::sync::Arc::clone(&by_item);
        let written = move |out: &mut Out<'_>| Bundle { material, by_item: &by_item, folder }.write(out);
        Planned::new(format!("stix/{folder}.json"), written).unchanged(material.is_unchanged(folder))
    };
    ecosystems(material).into_iter().map(file).collect()
}

struct Bundle<'b> {
    material: &'b Material<'b>,
    by_item: &'b ByItem,
    folder: &'static str,
}

/// The times of a report as STIX writes them.
struct Times {
    created: String,
    modified: String,
}

impl Times {
    fn of(item: &Item<'_>) -> Times {
        let (published, modified) = (item.facts.told().published, item.facts.modified);
        Times { created: millis(published.unwrap_or(modified).min(modified)), modified: millis(modified) }
    }

    /// Those of what several reports say.
    fn widen(&mut self, other: &Times) {
        if other.created < self.created {
            self.created.clone_from(&other.created);
        }
        if other.modified > self.modified {
            self.modified.clone_from(&other.modified);
        }
    }
}

/// With the three digits behind the second that STIX asks for.
fn millis(time: Timestamp) -> String {
    let text = time.whole_seconds().to_string();
    format!("{}.000Z", text.trim_end_matches('Z'))
}

/// What several reports say: a pattern to look for, or a campaign.
struct Said<'m> {
    times: Times,
    items: Vec<&'m Item<'m>>,
}

impl Bundle<'_> {
    fn write(&self, out: &mut Out<'_>) -> io::Result<()> {
        let name = self.material.input.home.unwrap_or(NAMELESS);
        let us = format!("identity--{}", uuid(&["identity", name]));
        writeln!(
            out,
            "{{\"type\":\"bundle\",\"id\":\"bundle--{}\",\"objects\":[",
            uuid(&["bundle", name, self.folder])
        )?;
        let identity = Object {
            kind: "identity",
            id: us.clone(),
            created: FIRST,
            modified: FIRST,
            name: Some(name),
            identity_class: Some("organization"),
            ..Object::default()
        };
        let mut first = Vec::new();
        put(&mut first, identity, None);
        // Every other object begins with the comma behind the one before it.
        out.write_all(&first[2..])?;
        let reports: Vec<(usize, &Item<'_>)> = reports(self.material, self.folder).collect();
        for some in reports.chunks(AT_ONCE) {
            let told: Vec<Vec<u8>> = some.par_iter().map(|(at, item)| self.report(*at, item, &us)).collect();
            told.iter().try_for_each(|bytes| out.write_all(bytes))?;
        }
        self.indicators(&reports, &us, out)?;
        self.campaigns(&reports, &us, out)?;
        out.write_all(b"\n]}\n")
    }

    /// A report and its packages.
    fn report(&self, at: usize, item: &Item<'_>, us: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (times, id) = (Times::of(item), malware_id(item));
        let rows: Vec<&Row> = self.by_item.of(self.material, at, self.folder).collect();
        let purls: Vec<(String, String)> =
            rows.iter().filter_map(|row| Some((row.purl()?, row.ranges().join(" ")))).collect();
        let osv =
            Reference { source_name: "osv", description: None, url: url_of(self.material, item), external_id: item.id };
        let purls = purls.iter().map(|(purl, ranges)| Reference {
            source_name: "purl",
            description: Some(ranges.clone()).filter(|ranges| !ranges.is_empty()),
            url: None,
            external_id: purl,
        });
        let first = rows.first();
        let malware = Object {
            kind: "malware",
            id: id.clone(),
            name: Some(item.id),
            is_family: Some(false),
            revoked: item.facts.is_withdrawn,
            labels: Some([first.and_then(|row| row.kind.as_deref()).unwrap_or(crate::verdicts::KIND)]),
            confidence: first.and_then(|row| confidence(row.confidence.as_deref()?)),
            external_references: [osv].into_iter().chain(purls).collect(),
            created: &times.created,
            modified: &times.modified,
            ..Object::default()
        };
        put(&mut bytes, malware, Some(us));
        for row in rows {
            let Some(pattern) = package(row) else { continue };
            let name = format!("{} {}", row.ecosystem, row.name);
            let key = uuid(&["package", &row.ecosystem, &row.name, &id]);
            let indicator =
                Indicator { name: &name, pattern: &pattern, times: &times, revoked: item.facts.is_withdrawn };
            let indicates = indicator.put(&mut bytes, &key, us);
            relate(&mut bytes, (&indicates, "indicates", &id), &times, item.facts.is_withdrawn, us);
        }
        bytes
    }

    /// What reports say to look for, each once.
    fn indicators(&self, reports: &[(usize, &Item<'_>)], us: &str, out: &mut Out<'_>) -> io::Result<()> {
        let shared = Shared::of(self.material).map_err(io::Error::other)?;
        let mut found: BTreeMap<Observed, Said<'_>> = BTreeMap::new();
        let telling: Vec<&Item<'_>> =
            reports.iter().map(|(_, item)| *item).filter(|item| item.facts.told().has_indicators).collect();
        for some in telling.chunks(AT_ONCE) {
            let told: Vec<io::Result<Vec<Observed>>> =
                some.par_iter().map_init(Inflater::new, |inflater, item| alarms(item, &shared, inflater)).collect();
            for (item, observed) in some.iter().zip(told) {
                observed?.into_iter().for_each(|one| say(&mut found, one, item));
            }
        }
        let mut bytes = Vec::new();
        for (observed, said) in found {
            let (name, pattern) = (observed.to_string(), looked_for(&observed));
            let revoked = said.items.iter().all(|item| item.facts.is_withdrawn);
            let indicator = Indicator { name: &name, pattern: &pattern, times: &said.times, revoked };
            let source = indicator.put(&mut bytes, &uuid(&["indicator", &pattern]), us);
            said.relate(&mut bytes, &source, "indicates", us);
            out.write_all(&bytes)?;
            bytes.clear();
        }
        Ok(())
    }

    /// What joins reports.
    fn campaigns(&self, reports: &[(usize, &Item<'_>)], us: &str, out: &mut Out<'_>) -> io::Result<()> {
        let mut found: BTreeMap<&str, Said<'_>> = BTreeMap::new();
        for (_, item) in reports {
            if let Some(campaign) = &item.facts.told().campaign {
                say(&mut found, campaign.as_ref(), item);
            }
        }
        let mut bytes = Vec::new();
        for (name, said) in found {
            let id = format!("campaign--{}", uuid(&["campaign", name]));
            let campaign = Object {
                kind: "campaign",
                id: id.clone(),
                name: Some(name),
                created: &said.times.created,
                modified: &said.times.modified,
                ..Object::default()
            };
            put(&mut bytes, campaign, Some(us));
            said.relate(&mut bytes, &id, "uses", us);
            out.write_all(&bytes)?;
            bytes.clear();
        }
        Ok(())
    }
}

/// What a report says to look for, each once.
fn alarms(item: &Item<'_>, shared: &Shared, inflater: &mut Inflater) -> io::Result<Vec<Observed>> {
    let indicators = item.reread(inflater, |record| indicators::of(&record))?;
    let observed = indicators.iter().filter_map(|one| {
        let observed = Observed::of(one)?;
        is_alarm(one, &observed, shared).then_some(observed)
    });
    let mut observed: Vec<Observed> = observed.collect();
    observed.sort_unstable();
    observed.dedup();
    Ok(observed)
}

/// Adds a report to those that say something.
fn say<'m, K: Ord>(found: &mut BTreeMap<K, Said<'m>>, key: K, item: &'m Item<'m>) {
    let said = found.entry(key).or_insert_with(|| Said { times: Times::of(item), items: Vec::new() });
    said.times.widen(&Times::of(item));
    said.items.push(item);
}

impl Said<'_> {
    fn relate(&self, bytes: &mut Vec<u8>, source: &str, word: &'static str, us: &str) {
        for item in &self.items {
            let malware = malware_id(item);
            relate(bytes, (source, word, &malware), &Times::of(item), item.facts.is_withdrawn, us);
        }
    }
}

/// A revoked object stays revoked for ever: a report that people brought back has another one.
fn malware_id(item: &Item<'_>) -> String {
    let times = item.facts.told().reinstated;
    let again = times.to_string();
    let words: &[&str] = if times == 0 { &["malware", item.id] } else { &["malware", item.id, &again] };
    format!("malware--{}", uuid(words))
}

/// How sure we are on STIX's scale from 0 to 100, by its table of low, medium and high.
fn confidence(word: &str) -> Option<u8> {
    match word {
        "confirmed" => Some(85),
        "likely" => Some(50),
        "claimed" => Some(15),
        _ => None,
    }
}

/// Writes an object behind the others.
fn put(bytes: &mut Vec<u8>, object: Object<'_>, us: Option<&str>) {
    bytes.extend(b",\n");
    let object = Object { spec_version: "2.1", created_by_ref: us, ..object };
    // Nothing of it can fail to be written to memory.
    let _ = serde_json::to_writer(bytes, &object);
}

/// Something to look for.
struct Indicator<'i> {
    name: &'i str,
    pattern: &'i str,
    times: &'i Times,
    revoked: bool,
}

impl Indicator<'_> {
    /// Writes it, and gives its id.
    fn put(&self, bytes: &mut Vec<u8>, key: &str, us: &str) -> String {
        let id = format!("indicator--{key}");
        let indicator = Object {
            kind: "indicator",
            id: id.clone(),
            name: Some(self.name),
            revoked: self.revoked,
            indicator_types: Some(["malicious-activity"]),
            pattern: Some(self.pattern),
            pattern_type: Some("stix"),
            valid_from: Some(&self.times.created),
            created: &self.times.created,
            modified: &self.times.modified,
            ..Object::default()
        };
        put(bytes, indicator, Some(us));
        id
    }
}

fn relate(
    bytes: &mut Vec<u8>,
    (source, word, target): (&str, &'static str, &str),
    times: &Times,
    revoked: bool,
    us: &str,
) {
    let relationship = Object {
        kind: "relationship",
        id: format!("relationship--{}", uuid(&["relationship", source, word, target])),
        relationship_type: Some(word),
        source_ref: Some(source),
        target_ref: Some(target),
        revoked,
        created: &times.created,
        modified: &times.modified,
        ..Object::default()
    };
    put(bytes, relationship, Some(us));
}

/// The pattern of a package; none where ranges alone say which versions are meant, which no pattern can.
fn package(row: &Row) -> Option<String> {
    let name = format!("software:name = {}", quoted(&row.name));
    if row.extent == Extent::Every {
        return Some(format!("[{name}]"));
    }
    let versions: Vec<String> =
        row.versions().iter().map(|version| format!("software:version = {}", quoted(version))).collect();
    match versions.as_slice() {
        [] => None,
        [one] => Some(format!("[{name} AND {one}]")),
        many => Some(format!("[{name} AND ({})]", many.join(" OR "))),
    }
}

fn looked_for(observed: &Observed) -> String {
    let value = quoted(&observed.to_string());
    match observed {
        Observed::Domain(_) => format!("[domain-name:value = {value}]"),
        Observed::Address(address, bits) => {
            let kind = if address.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" };
            let word = if *bits == bits_of(address) { "=" } else { "ISSUBSET" };
            format!("[{kind}:value {word} {value}]")
        }
        Observed::Url(_) => format!("[url:value = {value}]"),
        Observed::Hash(Hash::Sha256, _) => format!("[file:hashes.'SHA-256' = {value}]"),
        Observed::Hash(Hash::Sha1, _) => format!("[file:hashes.'SHA-1' = {value}]"),
        Observed::Hash(Hash::Md5, _) => format!("[file:hashes.MD5 = {value}]"),
    }
}

/// A text of a pattern.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_text_leaves_its_quotes() {
        assert_eq!(quoted("it's"), r"'it\'s'");
        assert_eq!(quoted(r"\' OR software:name = 'x"), r"'\\\' OR software:name = \'x'");
    }
}
