//! Target `rustsec`: a database in the form of RustSec's, for cargo-audit and cargo-deny.
//!
//! An advisory there names what is *not* affected, so that versions are said by their complement. One file that cannot be
//! read makes the whole database unreadable, and cargo-deny reads a line at a time without escapes: only what is plain
//! letters, digits and signs is written, and the story of a report is not.

use std::collections::BTreeSet;
use std::io;

use ecosystem::version::{End, Order};
use serde::Serialize;

use super::blocked::{Blocked, By};
use crate::collect::Item;
use crate::material::Material;
use crate::output::{Out, Planned};

/// Cargo takes no longer name.
const NAME_MAX: usize = 64;

/// Names that are no files on Windows; crates.io gives them to nobody.
const NO_FILES: [&str; 22] = [
    "aux", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "con", "lpt1", "lpt2", "lpt3",
    "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "nul", "prn",
];

#[derive(Serialize)]
struct File<'m> {
    advisory: Advisory<'m>,
    versions: Versions,
}

#[derive(Serialize)]
struct Advisory<'m> {
    id: &'m str,
    package: &'m str,
    date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    categories: [&'static str; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

#[derive(Serialize)]
struct Versions {
    patched: Vec<String>,
    unaffected: Vec<String>,
}

/// The files of the target: one a report.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    let mut planned: Vec<Planned<'m>> = Vec::new();
    // An id twice makes the database unreadable: of a report on several crates the first one counts.
    let mut ids = BTreeSet::new();
    for blocked in material.blocked("crates.io", By::Report) {
        let (Some(versions), Some(item)) = (versions(&blocked).0, blocked.items.first().copied()) else { continue };
        if !ids.insert(item.id) {
            continue;
        }
        let name = blocked.name;
        let text = move |out: &mut Out<'_>| write(material, item, name, &versions, out);
        planned.push(Planned::new(format!("rustsec/crates/{name}/{}.md", item.id), text));
    }
    planned
}

fn write(
    material: &Material<'_>,
    item: &Item<'_>,
    name: &str,
    versions: &Versions,
    out: &mut Out<'_>,
) -> io::Result<()> {
    let (date, aliases) = item.reread(&mut crate::body::Inflater::new(), |record| {
        let published = record.published.as_str().and_then(|text| text.parse().ok());
        let date = published.unwrap_or(item.facts.modified).to_string().chars().take(10).collect::<String>();
        (date, record.aliases.items().iter().filter(|alias| is_id(alias)).cloned().collect())
    })?;
    let url = material.page(item);
    let advisory = Advisory {
        id: item.id,
        package: name,
        date,
        url: url.filter(|url| is_url(url)),
        categories: ["malicious"],
        aliases,
    };
    let versions = Versions { patched: versions.patched.clone(), unaffected: versions.unaffected.clone() };
    let text = toml::to_string(&File { advisory, versions }).map_err(io::Error::other)?;
    write!(out, "```toml\n{text}```\n\n# Malicious code in `{name}`\n\n")?;
    writeln!(out, "This crate was reported as malicious. Do not build it: a build script runs with all your rights.")
}

/// Whether an advisory says all of it.
pub(super) fn says_all(blocked: &Blocked<'_>) -> bool {
    matches!(versions(blocked), (Some(_), true))
}

/// What is not affected; none where that cannot be said. And whether it leaves exactly what was reported.
fn versions(blocked: &Blocked<'_>) -> (Option<Versions>, bool) {
    if !is_crate(blocked.name) {
        return (None, false);
    }
    let (patched, unaffected) = (Vec::new(), Vec::new());
    if blocked.every {
        return (Some(Versions { patched, unaffected }), true);
    }
    let (stretches, is_all) = blocked.stretches(Order::SemVer);
    let mut versions = Versions { patched, unaffected };
    // What is after the last stretch: nothing, before there is one.
    let mut after: Option<String> = None;
    for (at, stretch) in stretches.iter().enumerate() {
        let from = match &stretch.from {
            None => None,
            Some(from) => match cargo_version(from.text) {
                None => return (None, false),
                from => from,
            },
        };
        if let Some(from) = from {
            let below = format!("< {from}");
            versions.unaffected.push(after.map_or(below.clone(), |after| format!("{after}, {below}")));
        }
        after = match &stretch.to {
            End::Open => None,
            End::Before(to) => cargo_version(to.text).map(|to| format!(">= {to}")),
            End::At(to) => cargo_version(to.text).map(|to| format!("> {to}")),
        };
        if after.is_none() && !(matches!(stretch.to, End::Open) && at + 1 == stretches.len()) {
            return (None, false);
        }
    }
    versions.patched.extend(after);
    (Some(versions).filter(|_| !stretches.is_empty()), is_all)
}

/// A version as Cargo reads it. Its build does not count, and could not be told from another one in a comparison.
fn cargo_version(text: &str) -> Option<String> {
    let version = semver::Version::parse(text).ok()?;
    Some(semver::Version { build: semver::BuildMetadata::EMPTY, ..version }.to_string())
}

/// A name that crates.io gives to somebody: it is a folder here.
fn is_crate(name: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    name.len() <= NAME_MAX
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(is_sign)
        && !NO_FILES.contains(&name.to_ascii_lowercase().as_str())
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_url(text: &str) -> bool {
    text.starts_with("https://") && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/@".contains(&byte))
}
