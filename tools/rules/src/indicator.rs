//! The indicators of a report: where its attackers' servers are.

use std::collections::BTreeSet;

use osv_schema::{Object, Record, Value, additions};

/// Sites that everybody uses: of an indicator there only the very address is the attacker's.
const SHARED: [&str; 16] = [
    "api.telegram.org",
    "bitbucket.org",
    "cdn.discordapp.com",
    "discord.com",
    "dl.dropbox.com",
    "docs.google.com",
    "drive.google.com",
    "gist.github.com",
    "github.com",
    "gitlab.com",
    "npmjs.com",
    "pastebin.com",
    "pypi.org",
    "raw.githubusercontent.com",
    "www.dropbox.com",
    "www.npmjs.com",
];

/// Where the servers of an attack are.
pub(crate) struct Hostile<'r> {
    hosts: BTreeSet<String>,
    addresses: BTreeSet<&'r str>,
}

impl<'r> Hostile<'r> {
    /// By the indicators of a report.
    pub(crate) fn of(record: &'r Record) -> Hostile<'r> {
        let (mut hosts, mut addresses) = (BTreeSet::new(), BTreeSet::new());
        for place in places(record) {
            let host = host(place).to_ascii_lowercase();
            if place.contains('/') && SHARED.contains(&host.as_str()) {
                addresses.insert(without_scheme(place));
            } else if !host.is_empty() {
                hosts.insert(host);
            }
        }
        Hostile { hosts, addresses }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.addresses.is_empty()
    }

    /// Whether a URL leads there.
    pub(crate) fn has(&self, url: &str) -> bool {
        self.addresses.contains(without_scheme(url)) || self.hosts.contains(&host(url).to_ascii_lowercase())
    }
}

fn without_scheme(url: &str) -> &str {
    behind_scheme(url).trim_end_matches('/')
}

fn behind_scheme(url: &str) -> &str {
    let bytes = url.as_bytes();
    let found = memchr::memchr_iter(b':', bytes).find(|&at| bytes[at + 1..].starts_with(b"//"));
    found.map_or(url, |at| &url[at + 3..])
}

/// The hosts and URLs that a report gives as indicators, wherever it does.
fn places(record: &Record) -> Vec<&str> {
    let mut found = Vec::new();
    if let Some(members) = record.database_specific.value() {
        found.extend(of_iocs(members.get("iocs")));
    }
    for affected in record.affected.items() {
        let Some(members) = affected.database_specific.value() else { continue };
        found.extend(of_iocs(members.get("iocs")));
        found.extend(of_iocs(members.get("indicators")));
    }
    let ours = additions::malpkg(record).and_then(|ours| ours.get("indicators")?.as_array()).unwrap_or_default();
    for indicator in ours.iter().filter_map(Value::as_object) {
        let word = |name: &str| indicator.get(name).and_then(Value::as_str);
        if matches!(word("type"), Some("domain" | "ip" | "url" | "host" | "ipv4" | "ipv6" | "hostname")) {
            found.extend(word("value"));
        }
    }
    found.retain(|place| !place.is_empty());
    found
}

fn of_iocs(iocs: Option<&Value>) -> impl Iterator<Item = &str> {
    let members: Option<&Object> = iocs.and_then(Value::as_object);
    let of = move |name: &str| members.and_then(|members| members.get(name)?.as_array()).unwrap_or_default();
    ["domains", "ips", "urls"].into_iter().flat_map(of).filter_map(Value::as_str)
}

/// The host of a URL, or of what is a host already, in the spelling of the text.
pub(crate) fn host(place: &str) -> &str {
    let rest = behind_scheme(place);
    let end = rest.bytes().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host = memchr::memrchr(b'@', authority.as_bytes()).map_or(authority, |at| &authority[at + 1..]);
    match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((host, _)) => host,
        // An IPv6 address without brackets has more than one colon.
        None => {
            let mut colons = memchr::memchr_iter(b':', host.as_bytes());
            match (colons.next(), colons.next()) {
                (Some(at), None) => &host[..at],
                _ => host,
            }
        }
    }
}
