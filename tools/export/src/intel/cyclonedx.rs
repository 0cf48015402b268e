//! Target `cyclonedx`: for each ecosystem what CycloneDX 1.6 calls a bill of vulnerabilities, its packages and its reports.

use std::io;
use std::sync::Arc;

use osv_schema::Timestamp;
use rayon::prelude::*;
use serde::Serialize;

use crate::collect::Item;
use crate::intel::ids::uuid;
use crate::intel::packages::{ByItem, ecosystems, reports};
use crate::intel::{AT_ONCE, NAMELESS, url_of};
use crate::material::Material;
use crate::output::{Out, Planned};
use crate::rows::Row;

/// CWE-506, embedded malicious code.
const MALICIOUS_CODE: [u16; 1] = [506];

/// How many characters the schema lets a version and a range have.
const VERSION_MAX: usize = 1024;
const RANGE_MAX: usize = 4096;

#[derive(Serialize)]
struct Component<'c> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    reference: &'c str,
    name: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
}

#[derive(Serialize)]
struct Vulnerability<'v> {
    id: &'v str,
    source: Source<'v>,
    ratings: [Rating; 1],
    cwes: [u16; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<String>,
    updated: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    affects: Vec<Affects>,
}

#[derive(Serialize)]
struct Source<'v> {
    name: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Rating {
    severity: &'static str,
}

#[derive(Serialize)]
struct Affects {
    #[serde(rename = "ref")]
    reference: String,
    versions: Vec<Versions>,
}

#[derive(Serialize)]
struct Versions {
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    status: &'static str,
}

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    let by_item = Arc::new(ByItem::new(material));
    let file = |folder: &'static str| {
        let by_item = Arc::clone(&by_item);
        Planned::new(format!("cyclonedx/{folder}.cdx.json"), move |out| write(material, &by_item, folder, out))
            .unchanged(material.is_unchanged(folder))
    };
    ecosystems(material).into_iter().map(file).collect()
}

fn write(material: &Material<'_>, by_item: &ByItem, folder: &str, out: &mut Out<'_>) -> io::Result<()> {
    let reports: Vec<(usize, &Item<'_>)> = reports(material, folder).collect();
    let newest = reports.iter().map(|(_, item)| item.facts.modified).max().unwrap_or(Timestamp::EPOCH);
    let (newest, count) = (newest.to_string(), reports.len().to_string());
    let serial = uuid(&["cyclonedx", material.input.home.unwrap_or(NAMELESS), folder, &newest, &count]);
    writeln!(
        out,
        "{{\"$schema\":\"http://cyclonedx.org/schema/bom-1.6.schema.json\",\"bomFormat\":\"CycloneDX\",\
         \"specVersion\":\"1.6\",\"serialNumber\":\"urn:uuid:{serial}\",\"version\":1,\
         \"metadata\":{{\"timestamp\":\"{newest}\"}},\"components\":["
    )?;
    let rows = material.rows.iter().filter(|row| row.folder.eq_ignore_ascii_case(folder));
    let mut told: Vec<&Row> = rows.filter(|row| !material.items[row.item].facts.told().is_test).collect();
    // Rows come by name, so one on the same package stands behind the other.
    told.dedup_by(|one, other| (&one.ecosystem, &one.name) == (&other.ecosystem, &other.name));
    list(&told, out, |row| {
        let reference = reference(row);
        serde_json::to_vec(&Component { kind: "library", reference: &reference, name: &row.name, purl: row.purl() })
    })?;
    out.write_all(b"\n],\"vulnerabilities\":[\n")?;
    list(&reports, out, |(at, item)| {
        serde_json::to_vec(&vulnerability(material, by_item.of(material, *at, folder), item))
    })?;
    out.write_all(b"\n]}\n")
}

/// Writes what is told of each, many at once.
fn list<T: Sync>(
    all: &[T],
    out: &mut Out<'_>,
    tell: impl Fn(&T) -> serde_json::Result<Vec<u8>> + Sync,
) -> io::Result<()> {
    let mut comma = "";
    for some in all.chunks(AT_ONCE) {
        let told: Vec<serde_json::Result<Vec<u8>>> = some.par_iter().map(&tell).collect();
        for bytes in told {
            out.write_all(comma.as_bytes())?;
            out.write_all(&bytes?)?;
            comma = ",\n";
        }
    }
    Ok(())
}

/// The name by which a report points at a package: its own in the ecosystem, because not every one has a package URL, and
/// two releases of a distribution share one.
fn reference(row: &Row) -> String {
    format!("{}/{}", row.ecosystem, row.name)
}

/// Whether a text is no longer than the schema allows.
fn fits(text: &str, characters: usize) -> bool {
    text.len() <= characters || text.chars().count() <= characters
}

fn vulnerability<'v>(
    material: &'v Material<'_>,
    rows: impl Iterator<Item = &'v Row>,
    item: &'v Item<'_>,
) -> Vulnerability<'v> {
    let mut affects: Vec<Affects> = Vec::new();
    for row in rows {
        let version = |version: &str| Versions { version: Some(version.to_owned()), range: None, status: "affected" };
        let range = |range: String| Versions { version: None, range: Some(range), status: "affected" };
        let versions = row.versions().iter().filter(|text| fits(text, VERSION_MAX)).map(|text| version(text));
        let ranges = row.ranges().into_iter().filter(|text| fits(text, RANGE_MAX)).map(range);
        let versions: Vec<Versions> = versions.chain(ranges).collect();
        // Without any it would mean every version.
        if versions.is_empty() {
            continue;
        }
        let reference = reference(row);
        match affects.iter_mut().find(|affects| affects.reference == reference) {
            Some(affects) => affects.versions.extend(versions),
            None => affects.push(Affects { reference, versions }),
        }
    }
    let time = |time: Option<Timestamp>| time.map(|time| time.whole_seconds().to_string());
    let told = item.facts.told();
    Vulnerability {
        id: item.id,
        source: Source { name: material.input.home.unwrap_or(NAMELESS), url: url_of(material, item) },
        ratings: [Rating { severity: "critical" }],
        cwes: MALICIOUS_CODE,
        published: time(told.published),
        updated: item.facts.modified.whole_seconds().to_string(),
        rejected: time(told.withdrawn),
        affects,
    }
}
