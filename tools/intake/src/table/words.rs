//! What the texts in a table mean: lists, days, hosts of advisories, and addresses that were made harmless.

use osv_schema::{Document as Json, Kind, Timestamp, Value};

/// What parts the items of a list in one text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parted {
    /// Commas, semicolons, bars and white space: ids and versions have none of these.
    Closely,
    /// Bars and white space: addresses may have the others.
    ByBlanks,
    /// Semicolons, bars and line ends: names have blanks and commas.
    ByLines,
}

/// The texts of a value: the items of a list, or the parts of one text.
pub(super) fn texts(value: &Value, parted: Parted) -> Vec<String> {
    match value {
        Value::Null | Value::Object(_) => Vec::new(),
        Value::Bool(flag) => vec![flag.to_string()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) => items.iter().filter_map(text).collect(),
        Value::String(text) => match listed(text) {
            Some(items) => items,
            None => {
                let parts = |c: char| match parted {
                    Parted::Closely => matches!(c, ',' | ';' | '|') || c.is_whitespace(),
                    Parted::ByBlanks => c == '|' || c.is_whitespace(),
                    Parted::ByLines => matches!(c, ';' | '|' | '\n'),
                };
                text.split(parts).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
            }
        },
    }
}

/// A list that was put into a text as JSON.
fn listed(text: &str) -> Option<Vec<String>> {
    let json = Json::parse(text.trim().strip_prefix('[').map(|_| text.trim().as_bytes())?).ok()?;
    let is_list = json.root().kind() == Kind::Array;
    is_list.then(|| json.root().items().filter_map(|item| self::text(&Value::from(item))).collect())
}

/// A value as one text; none where it says nothing.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    };
    (!text.is_empty()).then_some(text)
}

/// A free value that may have been put into a text as JSON.
pub(super) fn free(value: &Value) -> Value {
    match value {
        Value::String(text) if text.trim_start().starts_with(['[', '{']) => {
            Json::parse(text.trim().as_bytes()).map_or_else(|_| value.clone(), |json| Value::from(json.root()))
        }
        other => other.clone(),
    }
}

/// Whether a text says yes, or no; none where it says neither.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "all" | "*" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// A day or a time.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let written = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        _ => text.replacen(' ', "T", 1),
    };
    let in_utc = written.strip_suffix("+00:00").map_or(written.clone(), |start| format!("{start}Z"));
    in_utc.parse().or_else(|_| format!("{in_utc}Z").parse()).ok()
}

/// What kind of page an address leads to, as far as its host tells.
pub(crate) fn reference_kind(url: &str) -> &'static str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    const ADVISORIES: [&str; 9] = [
        "github.com/advisories/",
        "osv.dev/vulnerability/",
        "nvd.nist.gov/vuln/",
        "rustsec.org/advisories/",
        "pkg.go.dev/vuln/",
        "security.snyk.io/",
        "cve.org/",
        "vuln.go.dev/",
        "snyk.io/vuln/",
    ];
    const PACKAGES: [&str; 8] = [
        "npmjs.com/package/",
        "pypi.org/project/",
        "crates.io/crates/",
        "rubygems.org/gems/",
        "nuget.org/packages/",
        "packagist.org/packages/",
        "open-vsx.org/extension/",
        "marketplace.visualstudio.com/items",
    ];
    let begins = |hosts: &[&str]| hosts.iter().any(|host| rest.starts_with(host));
    match () {
        () if begins(&ADVISORIES) || rest.contains("/security/advisories/") => "ADVISORY",
        () if begins(&PACKAGES) => "PACKAGE",
        () if rest.starts_with("github.com/") && rest.contains("/issues/") => "REPORT",
        () => "WEB",
    }
}

/// An address as it is, where it was made harmless: `hxxps://x[.]y`.
pub(super) fn live(text: &str) -> String {
    let text = text.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":").replace("[://]", "://");
    match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("hxxp") => format!("http{}", &text[4..]),
        _ => text,
    }
}

/// The shortest beginning of a commit id that is taken for one, in digits: that of Go's pseudo-versions.
const COMMIT_DIGITS_MIN: usize = 12;

/// The commit ids that stand in a text: whole ones, and behind the word `commit` also the beginnings of some.
pub(super) fn commits(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_id = |at: usize, word: &str| {
        let is_named = at > 0 && words[at - 1].eq_ignore_ascii_case("commit");
        (is_whole(word) || is_named && (COMMIT_DIGITS_MIN..=64).contains(&word.len()))
            && word.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let ids = words.iter().enumerate().filter(|(at, word)| is_id(*at, word));
    ids.map(|(_, word)| word.to_ascii_lowercase()).collect()
}

/// Whether a commit id is a whole one, by its length.
pub(super) fn is_whole(id: &str) -> bool {
    matches!(id.len(), 40 | 64)
}
