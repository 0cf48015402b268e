#![doc = include_str!("invalid_indicator.md")]

use database::Report;
use osv_schema::{Pointer, Value};

use crate::ioc::{file_fault, is_address, is_domain, is_url};
use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "invalid-indicator",
    level: Level::Error,
    page: include_str!("invalid_indicator.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    let Some(iocs) = record.database_specific.value().and_then(|members| members.get("iocs")?.as_object()) else {
        return;
    };
    let base = || Pointer::root().member("database_specific").member("iocs");
    for (name, what) in [("domains", "a domain"), ("ips", "an IP address or block"), ("urls", "a URL")] {
        let fits = match name {
            "domains" => is_domain,
            "ips" => is_address,
            _ => is_url,
        };
        let values = match iocs.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(values)) => values,
            Some(_) => {
                sink.at(base().member(name), format!("`{name}` is no list"), "write a list of texts");
                continue;
            }
        };
        for (at, value) in values.iter().enumerate() {
            let word = value.as_str();
            if word.is_none_or(|word| !fits(word)) && !sink.is_full() {
                let message = format!("`{}` is not {what}", shorten(word.unwrap_or("a value that is no text")));
                sink.at(base().member(name).item(at), message, "write it plainly, not defanged, one thing an item");
            }
        }
    }
    for (at, file) in iocs.get("files").and_then(Value::as_array).unwrap_or_default().iter().enumerate() {
        if let Some((place, message)) = file.as_object().and_then(file_fault)
            && !sink.is_full()
        {
            let pointer = base().member("files").item(at);
            let pointer = place.split('/').fold(pointer, |pointer, step| pointer.member(step));
            sink.at(pointer, message, "give at least a path or one of md5, sha1 and sha256, each in its own form");
        }
    }
}
