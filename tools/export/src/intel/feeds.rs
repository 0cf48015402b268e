//! Target `feeds`: the newest reports of each ecosystem and of each campaign, as Atom and as a JSON feed.
//!
//! People read this in programs that show pages. Nothing of a report is markup here, nothing in it turns the direction of
//! text, and no address in it can be followed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use osv_schema::Timestamp;
use quick_xml::escape::escape;
use serde::Serialize;

use crate::collect::Item;
use crate::intel::ids::uuid;
use crate::intel::packages::ByItem;
use crate::intel::{NAMELESS, standard, url_of};
use crate::material::Material;
use crate::output::{Out, Planned};
use crate::{folders, rows::Row};

/// How many reports a feed has.
const NEWEST: usize = 100;
/// How many campaigns have a feed: those with the newest reports.
const CAMPAIGNS_MAX: usize = 500;
/// How many versions are named.
const VERSIONS_MAX: usize = 20;

/// What a feed is about, and its newest reports.
struct Feed {
    /// Its path in the release, without an extension.
    path: String,
    title: String,
    items: Vec<usize>,
}

/// One report in a feed.
struct Entry {
    id: String,
    url: Option<String>,
    title: String,
    text: String,
    published: String,
    modified: String,
    tags: Vec<String>,
}

#[derive(Serialize)]
struct JsonFeed<'f> {
    version: &'static str,
    title: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    home_page_url: Option<&'f str>,
    description: &'static str,
    items: Vec<JsonItem<'f>>,
}

#[derive(Serialize)]
struct JsonItem<'f> {
    id: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'f str>,
    title: &'f str,
    content_text: &'f str,
    date_published: &'f str,
    date_modified: &'f str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'f [String],
}

impl<'f> JsonItem<'f> {
    fn of(entry: &'f Entry) -> JsonItem<'f> {
        JsonItem {
            id: &entry.id,
            url: entry.url.as_deref(),
            title: &entry.title,
            content_text: &entry.text,
            date_published: &entry.published,
            date_modified: &entry.modified,
            tags: &entry.tags,
        }
    }
}

/// Where each feed is.
#[derive(Serialize)]
struct IndexV1 {
    format: &'static str,
    version: u32,
    ecosystems: BTreeMap<String, PlacesV1>,
    campaigns: BTreeMap<String, PlacesV1>,
}

#[derive(Serialize)]
struct PlacesV1 {
    atom: String,
    json: String,
}

const ABOUT: &str = "Reports on malicious packages, the newest first";

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    let by_item = std::sync::Arc::new(ByItem::new(material));
    let (ecosystems, campaigns) = (ecosystems(material), campaigns(material));
    let places = |feed: &Feed| PlacesV1 { atom: format!("{}.atom", feed.path), json: format!("{}.json", feed.path) };
    let index = IndexV1 {
        format: "malpkg.feeds",
        version: 1,
        ecosystems: ecosystems.iter().map(|(name, feed)| (name.clone(), places(feed))).collect(),
        campaigns: campaigns.iter().map(|(name, feed)| (name.clone(), places(feed))).collect(),
    };
    let mut planned = vec![Planned::new("feeds/index.json", move |out| {
        serde_json::to_writer(&mut *out, &index)?;
        out.write_all(b"\n")
    })];
    for (_, feed) in ecosystems.into_iter().chain(campaigns) {
        let (atom, json) = (std::sync::Arc::new(feed), by_item.clone());
        let (feed, of) = (atom.clone(), by_item.clone());
        planned.push(Planned::new(format!("{}.atom", feed.path), move |out| write_atom(material, &of, &atom, out)));
        planned.push(Planned::new(format!("{}.json", feed.path), move |out| write_json(material, &json, &feed, out)));
    }
    planned
}

/// A feed for every ecosystem, so that one can be followed before there is anything in it.
fn ecosystems(material: &Material<'_>) -> Vec<(String, Feed)> {
    let mut of: BTreeMap<&str, Vec<usize>> = folders::always().map(|folder| (folder, Vec::new())).collect();
    for (at, item) in told(material) {
        for folder in item.facts.folders.iter().filter(|folder| *folder != folders::EMPTY) {
            of.entry(folder).or_default().push(at);
        }
    }
    let feed = |(folder, items): (&str, Vec<usize>)| {
        let feed = Feed {
            path: format!("feeds/{folder}"),
            title: format!("Malicious packages: {folder}"),
            items: newest(material, items),
        };
        (folder.to_owned(), feed)
    };
    of.into_iter().map(feed).collect()
}

/// A feed for each of the campaigns with the newest reports.
fn campaigns(material: &Material<'_>) -> Vec<(String, Feed)> {
    let mut of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, item) in told(material) {
        if let Some(campaign) = &item.facts.told().campaign {
            of.entry(campaign).or_default().push(at);
        }
    }
    let mut of: Vec<(&str, Vec<usize>)> =
        of.into_iter().map(|(campaign, items)| (campaign, newest(material, items))).collect();
    let age = |items: &[usize]| items.first().map(|&at| published(&material.items[at]));
    of.sort_by(|a, b| age(&b.1).cmp(&age(&a.1)).then_with(|| a.0.cmp(b.0)));
    of.truncate(CAMPAIGNS_MAX);
    let feed = |(campaign, items): (&str, Vec<usize>)| {
        let title = format!("Malicious packages of the campaign {}", shown(campaign));
        (campaign.to_owned(), Feed { path: format!("feeds/campaign/{}", file_name(campaign)), title, items })
    };
    of.into_iter().map(feed).collect()
}

fn told<'m>(material: &'m Material<'_>) -> impl Iterator<Item = (usize, &'m Item<'m>)> {
    material.items.iter().enumerate().filter(|(_, item)| !item.facts.told().is_test)
}

fn newest(material: &Material<'_>, mut items: Vec<usize>) -> Vec<usize> {
    items.sort_by_key(|&at| std::cmp::Reverse((published(&material.items[at]), at)));
    items.truncate(NEWEST);
    items
}

fn published(item: &Item<'_>) -> Timestamp {
    item.facts.told().published.unwrap_or(item.facts.modified)
}

/// A campaign as the name of a file: its letters and digits, and a few signs that tell it from any other of the same ones.
fn file_name(campaign: &str) -> String {
    let mut name = String::new();
    for c in campaign.chars().take(60) {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.ends_with('-') && !name.is_empty() {
            name.push('-');
        }
    }
    format!("{}-{}", name.trim_end_matches('-'), &uuid(&["feed", campaign])[..8]).trim_start_matches('-').to_owned()
}

/// Text out of a report: what cannot be seen or shown becomes a visible escape, and no address can be followed.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let is_character = !matches!(c, '\u{fffe}' | '\u{ffff}');
        if c.is_control() || osv_schema::write::is_unseen(c) || !is_character {
            // Writing to a text cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown.replace("://", "[:]//")
}

fn entries(material: &Material<'_>, by_item: &ByItem, feed: &Feed) -> Vec<Entry> {
    feed.items.iter().map(|&at| entry(material, by_item, at)).collect()
}

fn entry(material: &Material<'_>, by_item: &ByItem, at: usize) -> Entry {
    let item = &material.items[at];
    let rows: Vec<&Row> = by_item.all(material, at).collect();
    let title = match (&item.facts.told().summary, rows.first()) {
        (Some(summary), _) => summary.to_string(),
        (None, Some(row)) => standard(&row.name, &row.ecosystem),
        (None, None) => "Malicious code".to_owned(),
    };
    let withdrawn = if item.facts.is_withdrawn { "Withdrawn: " } else { "" };
    let mut lines: Vec<String> = rows.iter().map(|row| said(row)).collect();
    let mut tags = Vec::new();
    if let Some(row) = rows.first() {
        let kind = row.kind.as_deref().unwrap_or(crate::verdicts::KIND);
        lines.push(format!("Kind: {kind}"));
        tags.push(shown(kind));
        lines.extend(row.confidence.as_ref().map(|word| format!("Confidence: {word}")));
    }
    if let Some(campaign) = &item.facts.told().campaign {
        lines.push(format!("Campaign: {campaign}"));
        tags.push(shown(campaign));
    }
    if item.facts.is_withdrawn {
        lines.push("This report was taken back.".to_owned());
    }
    let lines: Vec<String> = lines.iter().map(|line| shown(line)).collect();
    Entry {
        id: item.id.to_owned(),
        url: url_of(material, item),
        title: shown(&format!("{withdrawn}{title} [{}]", item.id)),
        text: lines.join("\n"),
        published: published(item).whole_seconds().to_string(),
        modified: item.facts.modified.whole_seconds().to_string(),
        tags,
    }
}

/// What a report says of a package.
fn said(row: &Row) -> String {
    let mut named: Vec<String> = row.versions().iter().map(ToString::to_string).chain(row.ranges()).collect();
    let beyond = named.len().saturating_sub(VERSIONS_MAX);
    named.truncate(VERSIONS_MAX);
    if beyond > 0 {
        named.push(format!("and {beyond} more"));
    }
    let versions = if row.extent == crate::rows::Extent::Every { "every version".to_owned() } else { named.join(", ") };
    format!("{} {}: {versions}", row.ecosystem, row.name)
}

fn write_json(material: &Material<'_>, by_item: &ByItem, feed: &Feed, out: &mut Out<'_>) -> io::Result<()> {
    let entries = entries(material, by_item, feed);
    let items = entries.iter().map(JsonItem::of).collect();
    let feed = JsonFeed {
        version: "https://jsonfeed.org/version/1.1",
        title: &feed.title,
        home_page_url: material.input.home,
        description: ABOUT,
        items,
    };
    serde_json::to_writer(&mut *out, &feed)?;
    out.write_all(b"\n")
}

fn write_atom(material: &Material<'_>, by_item: &ByItem, feed: &Feed, out: &mut Out<'_>) -> io::Result<()> {
    let entries = entries(material, by_item, feed);
    let home = material.input.home;
    let name = home.unwrap_or(NAMELESS);
    let updated = entries.iter().map(|entry| entry.modified.clone()).max();
    let updated = updated.unwrap_or_else(|| Timestamp::EPOCH.to_string());
    writeln!(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">")?;
    writeln!(out, "<id>urn:uuid:{}</id>", uuid(&["feed", name, &feed.path]))?;
    writeln!(out, "<title type=\"text\">{}</title>\n<updated>{updated}</updated>", escape(feed.title.as_str()))?;
    writeln!(out, "<author><name>{}</name></author>", escape(name))?;
    if let Some(home) = home {
        writeln!(out, "<link rel=\"alternate\" href=\"{}\"/>", escape(home))?;
    }
    for entry in &entries {
        writeln!(out, "<entry>\n<id>urn:uuid:{}</id>", uuid(&["entry", name, &entry.id]))?;
        writeln!(out, "<title type=\"text\">{}</title>", escape(entry.title.as_str()))?;
        writeln!(out, "<published>{}</published>\n<updated>{}</updated>", entry.published, entry.modified)?;
        if let Some(url) = &entry.url {
            writeln!(out, "<link rel=\"alternate\" href=\"{}\"/>", escape(url.as_str()))?;
        }
        for tag in &entry.tags {
            writeln!(out, "<category term=\"{}\"/>", escape(tag.as_str()))?;
        }
        writeln!(out, "<content type=\"text\">{}</content>\n</entry>", escape(entry.text.as_str()))?;
    }
    writeln!(out, "</feed>")
}

#[cfg(test)]
mod tests {
    use super::{file_name, shown};

    #[test]
    fn a_campaign_is_one_file() {
        let name = file_name("TeamPCP / Trivy");
        assert!(name.starts_with("teampcp-trivy-") && name.len() == 22, "{name}");
        assert_ne!(file_name("a/b"), file_name("a b"));
        for hostile in ["../../x", "", "\u{202e}", "con", "a:b*?\"<>|"] {
            let name = file_name(hostile);
            let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            assert!(!name.is_empty() && name.bytes().all(is_plain), "{hostile:?} becomes {name:?}");
        }
    }

    #[test]
    fn nothing_turns_text_or_leads_away() {
        assert_eq!(shown("a\u{202e}b\u{7}\nhttps://x.y"), "a\\u{202e}b\\u{7}\\u{a}https[:]//x.y");
    }
}
