//! The indicators of a report: where its attackers' servers are.

use osv_schema::{Object, Record, Value, additions};

/// The hosts and URLs that a report gives as indicators, wherever it does.
pub(crate) fn places(record: &Record) -> Vec<&str> {
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
    let rest = place.split_once("://").map_or(place, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((host, _)) => host,
        None => host.split(':').next().unwrap_or_default(),
    }
}
