//! What a record says to look for: our own indicators, and upstream's `iocs`.

use osv_schema::additions::malpkg;
use osv_schema::{Object, Record, Value};

/// Something to look for in logs and on disks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Indicator {
    /// What it is: `domain`, `ip`, `url`, `sha256` …
    pub kind: String,
    /// The thing.
    pub value: String,
    /// What it is to the attack, where somebody said so.
    pub role: Option<String>,
    /// When it was first seen, as the report says it.
    pub first_seen: Option<String>,
}

/// The members of upstream's `iocs` that are lists of texts, and what those are.
const LISTS: [(&str, &str); 3] = [("domains", "domain"), ("ips", "ip"), ("urls", "url")];

/// Each indicator once, sorted.
pub(crate) fn of(record: &Record) -> Vec<Indicator> {
    let text = |members: &Object, name: &str| members.get(name)?.as_str().map(str::to_owned);
    let mut found = Vec::new();
    let ours = malpkg(record).and_then(|ours| ours.get("indicators")?.as_array()).unwrap_or_default();
    for members in ours.iter().filter_map(Value::as_object) {
        if let (Some(kind), Some(value)) = (text(members, "type"), text(members, "value")) {
            let (role, first_seen) = (text(members, "role"), text(members, "first_seen"));
            found.push(Indicator { kind, value, role, first_seen });
        }
    }
    let iocs = record.database_specific.value().and_then(|members| members.get("iocs")?.as_object());
    if let Some(iocs) = iocs {
        let plain = |kind: &str, value: &str| Indicator {
            kind: kind.into(),
            value: value.into(),
            role: None,
            first_seen: None,
        };
        for (member, kind) in LISTS {
            let listed = iocs.get(member).and_then(Value::as_array).unwrap_or_default();
            found.extend(listed.iter().filter_map(Value::as_str).map(|value| plain(kind, value)));
        }
        let files = iocs.get("files").and_then(Value::as_array).unwrap_or_default();
        for digests in files.iter().filter_map(|file| file.as_object()?.get("digests")?.as_object()) {
            found.extend(
                ["sha256", "sha1", "md5"]
                    .into_iter()
                    .filter_map(|kind| Some(plain(kind, digests.get(kind)?.as_str()?))),
            );
        }
    }
    found.retain(|indicator| !indicator.value.is_empty());
    found.sort_unstable();
    found.dedup();
    found
}
