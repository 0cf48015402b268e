#![doc = include_str!("relative_reference.md")]

use database::Report;
use osv_schema::Pointer;

use crate::indicator::host;
use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "relative-reference",
    level: Level::Warning,
    page: include_str!("relative_reference.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    for (at, reference) in record.references.items().iter().enumerate() {
        let Some(url) = reference.url.as_str() else { continue };
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        // What has no scheme at all the OSV schema refuses.
        if !url.contains(':') {
            continue;
        }
        let is_web = ["https", "http", "git", "ftp"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
        if (!is_web || host(url).is_empty()) && !sink.is_full() {
            let message = format!("`{}` is no address of a page", shorten(url));
            let pointer = Pointer::root().member("references").item(at).member("url");
            sink.at(pointer, message, "write the whole address, with https:// and the host");
        }
    }
}
