//! Target `misp`: a feed for MISP, with an event for each campaign and for each day on which reports were published.
//!
//! What would be too large for MISP is shared out by the reports' ids, which go where they went before as long as there are
//! not twice as many. Each report is an object of the template
//! `malicious-package-report` of MISP's own collection. What to alarm on has `to_ids`, nothing else.

use std::collections::BTreeMap;
use std::io;

use md5::{Digest, Md5};
use osv_schema::Timestamp;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::body::Inflater;
use crate::collect::Item;
use crate::indicators;
use crate::intel::NAMELESS;
use crate::intel::ids::uuid;
use crate::intel::observed::{Hash, Observed, is_alarm};
use crate::intel::packages::ByItem;
use crate::intel::shared::Shared;
use crate::material::Material;
use crate::output::{Out, Planned, hex};

const MANIFEST: &str = "misp/manifest.json";

/// How many reports an event should have at most.
const REPORTS: usize = 2000;

/// How many events are hashed at once.
const GROUPS: usize = 64;

/// The template, as MISP's collection has it.
const TEMPLATE: Template = Template {
    name: "malicious-package-report",
    meta_category: "misc",
    description: "Object describing a malicious open source package report from an OSV-style feed such as OpenSSF malicious-packages.",
    template_uuid: "2f8a8711-6ef8-4a9d-89de-f547670573cb",
    template_version: "4",
};

#[derive(Clone, Copy, Serialize)]
struct Template {
    name: &'static str,
    #[serde(rename = "meta-category")]
    meta_category: &'static str,
    description: &'static str,
    template_uuid: &'static str,
    template_version: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Organisation {
    name: String,
    uuid: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tag {
    colour: String,
    local: bool,
    name: String,
    relationship_type: String,
}

/// An event in the manifest of the feed. Its numbers are numbers there, and texts in the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Listed {
    #[serde(rename = "Orgc")]
    organisation: Organisation,
    #[serde(rename = "Tag")]
    tags: Vec<Tag>,
    info: String,
    date: String,
    analysis: u8,
    threat_level_id: u8,
    timestamp: i64,
}

#[derive(Serialize)]
struct Event<'e> {
    analysis: String,
    date: &'e str,
    extends_uuid: &'static str,
    info: &'e str,
    publish_timestamp: String,
    published: bool,
    threat_level_id: String,
    timestamp: String,
    uuid: &'e str,
    #[serde(rename = "Orgc")]
    organisation: &'e Organisation,
    #[serde(rename = "Tag")]
    tags: &'e [Tag],
}

#[derive(Serialize)]
struct Attribute {
    uuid: String,
    #[serde(rename = "type")]
    kind: &'static str,
    category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_relation: Option<&'static str>,
    value: String,
    to_ids: bool,
    comment: String,
    disable_correlation: bool,
    timestamp: String,
}

#[derive(Serialize)]
struct Object {
    #[serde(flatten)]
    template: Template,
    uuid: String,
    timestamp: String,
    comment: String,
    #[serde(rename = "Attribute")]
    attributes: Vec<Attribute>,
}

/// What an event holds, before it is read.
struct Group {
    uuid: String,
    listed: Listed,
    items: Vec<u32>,
}

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    let groups = std::sync::Arc::new(groups(material));
    let by_item = std::sync::Arc::new(ByItem::new(material));
    let older = material.older.and_then(|older| older.read(MANIFEST));
    let older: BTreeMap<String, Listed> =
        older.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let (listed, hashed, hashed_by) = (groups.clone(), groups.clone(), by_item.clone());
    let mut planned = vec![
        Planned::new(MANIFEST, move |out| {
            let listed: BTreeMap<&str, &Listed> =
                listed.iter().map(|group| (group.uuid.as_str(), &group.listed)).collect();
            Ok(serde_json::to_writer(out, &listed)?)
        }),
        Planned::new("misp/hashes.csv", move |out| {
            let writer = Writer::new(material, &hashed_by)?;
            for some in hashed.chunks(GROUPS) {
                let lines: Vec<io::Result<Vec<u8>>> = some.par_iter().map(|group| writer.hashes(group)).collect();
                lines.into_iter().try_for_each(|lines| out.write_all(&lines?))?;
            }
            Ok(())
        }),
    ];
    for at in 0..groups.len() {
        let group = &groups[at];
        // Its line tells how many reports it has: if there are as many and none is new, they are the same.
        let is_same = older.get(&group.uuid) == Some(&group.listed)
            && !group.items.iter().any(|&item| material.items[item as usize].facts.is_new);
        let (groups, by_item) = (groups.clone(), by_item.clone());
        let file = Planned::new(format!("misp/{}.json", group.uuid), move |out| {
            Writer::new(material, &by_item)?.event(&groups[at], out)
        });
        planned.push(file.unchanged(is_same));
    }
    planned
}

/// The events, by their ids.
fn groups(material: &Material<'_>) -> Vec<Group> {
    let mut found: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (at, item) in material.items.iter().enumerate().filter(|(_, item)| !item.facts.told().is_test) {
        let title = match &item.facts.told().campaign {
            Some(campaign) => format!("Malicious packages of the campaign {campaign}"),
            None => format!("Malicious packages published on {}", day(published(item))),
        };
        found.entry(title).or_default().push(u32::try_from(at).unwrap_or(u32::MAX));
    }
    let mut groups: Vec<Group> =
        found.into_iter().flat_map(|(title, items)| shared_out(material, &title, items)).collect();
    groups.sort_by(|a, b| a.uuid.cmp(&b.uuid));
    groups
}

/// The events of one campaign or day: as many as it takes, and twice as many when they get too large.
fn shared_out(material: &Material<'_>, title: &str, items: Vec<u32>) -> Vec<Group> {
    let count = items.len().div_ceil(REPORTS).next_power_of_two();
    let mut parts: Vec<Vec<u32>> = vec![Vec::new(); count];
    for at in items {
        let sum = libdeflater::crc32(material.items[at as usize].id.as_bytes()) as usize;
        parts[sum % count].push(at);
    }
    let part = |(number, items): (usize, Vec<u32>)| group(material, title, (number + 1, count), items);
    parts.into_iter().enumerate().filter(|(_, items)| !items.is_empty()).map(part).collect()
}

fn group(material: &Material<'_>, title: &str, (number, count): (usize, usize), items: Vec<u32>) -> Group {
    let name = material.input.home.unwrap_or(NAMELESS);
    let each = || items.iter().map(|&at| &material.items[at as usize]);
    let first = each().map(published).min().unwrap_or(Timestamp::EPOCH);
    let newest = each().map(|item| item.facts.modified.unix()).max().unwrap_or_default();
    let plural = if items.len() == 1 { "" } else { "s" };
    let of = if count == 1 { String::new() } else { format!(", part {number} of {count}") };
    let tag = Tag {
        colour: "#ffffff".to_owned(),
        local: false,
        name: "tlp:clear".to_owned(),
        relationship_type: String::new(),
    };
    Group {
        uuid: uuid(&["misp", name, title, &number.to_string()]),
        listed: Listed {
            organisation: Organisation { name: name.to_owned(), uuid: uuid(&["identity", name]) },
            tags: vec![tag],
            info: format!("{title}: {} report{plural}{of}", items.len()),
            date: day(first),
            analysis: 2,
            threat_level_id: 1,
            timestamp: newest,
        },
        items,
    }
}

fn published(item: &Item<'_>) -> Timestamp {
    item.facts.told().published.unwrap_or(item.facts.modified)
}

fn day(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

/// What is needed to write an event.
struct Writer<'w> {
    material: &'w Material<'w>,
    by_item: &'w ByItem,
    shared: Shared,
}

/// What a report says to look for, and whether to alarm on it.
type Found = Vec<(Observed, bool)>;

impl<'w> Writer<'w> {
    fn new(material: &'w Material<'_>, by_item: &'w ByItem) -> io::Result<Writer<'w>> {
        Ok(Writer { material, by_item, shared: Shared::of(material).map_err(io::Error::other)? })
    }

    fn event(&self, group: &Group, out: &mut Out<'_>) -> io::Result<()> {
        let listed = &group.listed;
        let event = Event {
            analysis: listed.analysis.to_string(),
            date: &listed.date,
            extends_uuid: "",
            info: &listed.info,
            publish_timestamp: listed.timestamp.to_string(),
            published: true,
            threat_level_id: listed.threat_level_id.to_string(),
            timestamp: listed.timestamp.to_string(),
            uuid: &group.uuid,
            organisation: &listed.organisation,
            tags: &listed.tags,
        };
        let head = serde_json::to_string(&event)?;
        // The lists are written one by one behind the members that are short.
        write!(out, "{{\"Event\":{},\n\"Attribute\":[", head.trim_end_matches('}'))?;
        let found = self.found(group)?;
        let mut comma = "\n";
        for attribute in self.files(group, &found) {
            out.write_all(comma.as_bytes())?;
            serde_json::to_writer(&mut *out, &attribute)?;
            comma = ",\n";
        }
        out.write_all(b"],\n\"Object\":[")?;
        let mut comma = "\n";
        for &at in &group.items {
            out.write_all(comma.as_bytes())?;
            serde_json::to_writer(&mut *out, &self.object(at, found.get(&at)))?;
            comma = ",\n";
        }
        out.write_all(b"]}}\n")
    }

    /// What every value of an event is found by: a line for each.
    fn hashes(&self, group: &Group) -> io::Result<Vec<u8>> {
        let found = self.found(group)?;
        let mut lines = Vec::new();
        let mut line = |value: &str| {
            lines.extend(
                hex(&Md5::digest(value.as_bytes())).bytes().chain([b',']).chain(group.uuid.bytes()).chain([b'\n']),
            );
        };
        self.files(group, &found).iter().for_each(|file| line(&file.value));
        for at in &group.items {
            self.said(*at, found.get(at)).iter().for_each(|said| line(&said.value));
        }
        Ok(lines)
    }

    /// What the reports of an event say to look for.
    fn found(&self, group: &Group) -> io::Result<BTreeMap<u32, Found>> {
        let mut found = BTreeMap::new();
        let mut inflater = Inflater::new();
        let item = |at: u32| &self.material.items[at as usize];
        for &at in group.items.iter().filter(|at| item(**at).facts.told().has_indicators) {
            let stands = !item(at).facts.is_withdrawn;
            let mut observed: BTreeMap<Observed, bool> = BTreeMap::new();
            for indicator in item(at).reread(&mut inflater, |record| indicators::of(&record))? {
                if let Some(one) = Observed::of(&indicator) {
                    let is_alarm = stands && is_alarm(&indicator, &one, &self.shared);
                    *observed.entry(one).or_default() |= is_alarm;
                }
            }
            found.insert(at, observed.into_iter().collect());
        }
        Ok(found)
    }

    /// Hashes of files, for which the template has no word: each once in an event.
    fn files(&self, group: &Group, found: &BTreeMap<u32, Found>) -> Vec<Attribute> {
        let mut files: BTreeMap<&Observed, (u32, bool)> = BTreeMap::new();
        for (at, observed) in found.iter().flat_map(|(at, found)| found.iter().map(move |one| (*at, one))) {
            if matches!(observed.0, Observed::Hash(..)) {
                files.entry(&observed.0).or_insert((at, false)).1 |= observed.1;
            }
        }
        let attribute = |(observed, (at, to_ids)): (&Observed, (u32, bool))| {
            let item = &self.material.items[at as usize];
            let (kind, value) = (kind_of(observed).0, observed.to_string());
            Attribute {
                uuid: uuid(&["misp", &group.uuid, kind, &value]),
                kind,
                category: "Payload delivery",
                object_relation: None,
                value,
                to_ids,
                comment: item.id.to_owned(),
                disable_correlation: false,
                timestamp: item.facts.modified.unix().to_string(),
            }
        };
        files.into_iter().map(attribute).collect()
    }

    fn object(&self, at: u32, found: Option<&Found>) -> Object {
        let item = &self.material.items[at as usize];
        let timestamp = item.facts.modified.unix().to_string();
        let attribute = |(place, said): (usize, Said)| Attribute {
            uuid: uuid(&["misp", item.id, said.relation, &said.value, &place.to_string()]),
            kind: said.kind,
            category: if said.relation.starts_with("ioc-") { "Network activity" } else { "Other" },
            object_relation: Some(said.relation),
            value: said.value,
            to_ids: said.to_ids,
            comment: String::new(),
            disable_correlation: !said.correlates,
            timestamp: timestamp.clone(),
        };
        Object {
            template: TEMPLATE,
            uuid: uuid(&["misp", "object", item.id]),
            timestamp: timestamp.clone(),
            comment: String::new(),
            attributes: self.said(at, found).into_iter().enumerate().map(attribute).collect(),
        }
    }

    /// What the template has room for.
    fn said(&self, at: u32, found: Option<&Found>) -> Vec<Said> {
        let item = &self.material.items[at as usize];
        let text = |relation, value: &str, correlates| Said {
            relation,
            kind: "text",
            value: value.to_owned(),
            to_ids: false,
            correlates,
        };
        let state = if item.facts.is_withdrawn { "withdrawn" } else { "active" };
        let mut said = vec![text("report-id", item.id, true), text("state", state, false)];
        for (place, row) in self.by_item.all(self.material, at as usize).enumerate() {
            // The template has room for one package, and few reports have more.
            if place == 0 {
                said.push(text("ecosystem", &row.ecosystem, false));
                said.push(text("package-name", &row.name, true));
                said.push(text("package-purl", &row.purl().unwrap_or_default(), true));
            }
            said.extend(row.versions().iter().map(|version| text("affected-version", version, true)));
            said.extend(row.ranges().iter().map(|range| text("affected-range", range, false)));
        }
        for (observed, to_ids) in found.into_iter().flatten() {
            if let (kind, Some(relation)) = kind_of(observed) {
                said.push(Said { relation, kind, value: observed.to_string(), to_ids: *to_ids, correlates: true });
            }
        }
        // MISP takes blanks off the ends of values, and refuses an attribute without a value.
        said.iter_mut().for_each(|said| trim(&mut said.value));
        said.retain(|said| !said.value.is_empty());
        said
    }
}

/// Takes off what Python calls a blank, which is what Unicode does and four controls.
fn trim(value: &mut String) {
    let is_blank = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    let trimmed = value.trim_matches(is_blank);
    if trimmed.len() < value.len() {
        *value = trimmed.to_owned();
    }
}

/// A value of an object, and what the template calls it.
struct Said {
    relation: &'static str,
    kind: &'static str,
    value: String,
    to_ids: bool,
    correlates: bool,
}

/// The type of an attribute, and its name in the template where that has one.
fn kind_of(observed: &Observed) -> (&'static str, Option<&'static str>) {
    match observed {
        Observed::Domain(_) => ("domain", Some("ioc-domain")),
        Observed::Address(..) => ("ip-dst", Some("ioc-ip")),
        Observed::Url(_) => ("url", Some("ioc-url")),
        Observed::Hash(Hash::Sha256, _) => ("sha256", None),
        Observed::Hash(Hash::Sha1, _) => ("sha1", None),
        Observed::Hash(Hash::Md5, _) => ("md5", None),
    }
}
