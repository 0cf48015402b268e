//! Text out of reports on a terminal: nothing in it can move the cursor, turn the text around or be clicked.

use std::borrow::Cow;
use std::fmt;

use osv_schema::write::is_invisible;

/// Text from outside, made safe to show on one line: controls, direction marks and line breaks become visible escapes.
pub(crate) struct Shown<'t>(pub &'t str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plain_from = 0;
        for (at, c) in self.0.char_indices() {
            // GitHub's runner takes `##[` for the beginning of a command, wherever it stands in a line.
            if c == '#' && self.0[at..].starts_with("##[") {
                f.write_str(&self.0[plain_from..at])?;
                f.write_str("\\u{23}")?;
                plain_from = at + 1;
            } else if c.is_control() || osv_schema::write::is_unseen(c) {
                f.write_str(&self.0[plain_from..at])?;
                plain_from = at + c.len_utf8();
                match c {
                    '\n' => f.write_str("\\n")?,
                    '\r' => f.write_str("\\r")?,
                    '\t' => f.write_str("\\t")?,
                    c => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                }
            }
        }
        f.write_str(&self.0[plain_from..])
    }
}

/// Names out of reports, in which no letter looks like another: what nobody sees, and what only looks Latin, becomes visible
/// escapes, wide signs as well.
pub(crate) fn unmasked(text: &str) -> Cow<'_, str> {
    let is_masked = |c| is_invisible(c) || rules::is_alike(c) || matches!(c, '\u{ff01}'..='\u{ff5e}');
    if text.is_ascii() || !text.chars().any(is_masked) {
        return text.into();
    }
    let shown = |c: char| if is_masked(c) { c.escape_unicode().to_string() } else { c.to_string() };
    text.chars().map(shown).collect::<String>().into()
}

/// Text from outside in which no address can be followed: `hxxps://x[.]y`, and domains and IP addresses that stand alone.
pub(crate) fn defanged(text: &str) -> String {
    let safe = without_schemes(text);
    let mut whole = String::with_capacity(safe.len());
    for word in safe.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '.' || c == '-')) {
        let end = word.char_indices().last().filter(|(_, c)| !(c.is_alphanumeric() || *c == '.' || *c == '-'));
        let (name, rest) = word.split_at(end.map_or(word.len(), |(at, _)| at));
        if is_host(name) {
            whole.push_str(&name.replace('.', "[.]"))
        } else {
            whole.push_str(name)
        }
        whole.push_str(rest);
    }
    whole
}

/// Whether a word is an IPv4 address, or ends like a domain and not like the name of a file.
fn is_host(word: &str) -> bool {
    const FILES: [&str; 24] = [
        "c", "css", "exe", "git", "go", "gz", "h", "html", "jar", "java", "js", "json", "lock", "md", "mjs", "php",
        "ps", "py", "rb", "rs", "toml", "ts", "txt", "zip",
    ];
    let labels: Vec<&str> = word.trim_matches('.').split('.').collect();
    let is_address = labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok());
    let last = labels.last().copied().unwrap_or_default().to_ascii_lowercase();
    let is_domain = labels.len() > 1
        && labels.iter().all(|label| !label.is_empty())
        && last.len() > 1
        && last.chars().all(char::is_alphabetic)
        && !FILES.contains(&last.as_str())
        && word != "crates.io";
    // What begins so is followed whatever it ends with.
    let is_web = labels.len() > 2 && labels[0].eq_ignore_ascii_case("www");
    is_address || is_domain || is_web
}

/// Text in which no URL can be followed.
pub(crate) fn without_schemes(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let scheme_from = rest[..at]
            .rfind(|c: char| !c.is_ascii_alphanumeric())
            .map_or(0, |before| before + rest[before..].chars().next().map_or(1, char::len_utf8));
        let scheme = &rest[scheme_from..at];
        safe.push_str(&rest[..scheme_from]);
        safe.push_str(&match scheme.to_ascii_lowercase().as_str() {
            "http" => "hxxp".to_owned(),
            "https" => "hxxps".to_owned(),
            "ftp" => "fxp".to_owned(),
            _ => scheme.to_owned(),
        });
        safe.push_str("://");
        rest = &rest[at + 3..];
        let host_end = rest.find(['/', '?', '#', ' ', '"', ')', '>', '\n']).unwrap_or(rest.len());
        safe.push_str(&rest[..host_end].replace('.', "[.]"));
        rest = &rest[host_end..];
    }
    safe.push_str(rest);
    safe
}

/// A word as a shell takes it for one, whatever is in it.
pub(crate) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@=:,".contains(c);
    let is_word = !word.is_empty() && !word.starts_with(['-', '=']) && word.chars().all(is_plain);
    if is_word { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// "1 report", "2 reports", "2 deliveries".
pub(crate) fn count(number: usize, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if number == 1 => format!("{number} {noun}"),
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{number} {stem}ies"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_sees_only_text() {
        let shown = |text: &str| Shown(text).to_string();
        assert_eq!(shown("plain \u{e9} \u{4e00}"), "plain \u{e9} \u{4e00}");
        assert_eq!(shown("a\u{1b}[31mred\u{7}"), "a\\u{1b}[31mred\\u{7}");
        assert_eq!(shown("a\u{1b}]8;;http://x\u{1b}\\link"), "a\\u{1b}]8;;http://x\\u{1b}\\link");
        assert_eq!(shown("x ##[error]y"), "x \\u{23}#[error]y");
        assert_eq!(shown("one\ntwo\r\tthree"), "one\\ntwo\\r\\tthree");
        assert_eq!(shown("a\u{202e}b\u{2066}c\u{feff}d\u{9b}e"), "a\\u{202e}b\\u{2066}c\\u{feff}d\\u{9b}e");
    }

    #[test]
    fn a_name_is_what_it_seems() {
        assert_eq!(unmasked("npm/r\u{435}act\u{200b}"), "npm/r\\u{435}act\\u{200b}");
        assert_eq!(unmasked("npm/\u{e9}t\u{e9} \u{4e00}"), "npm/\u{e9}t\u{e9} \u{4e00}");
    }

    #[test]
    fn a_word_is_one_word_to_a_shell() {
        assert_eq!(shell_word("osv/malicious/npm/@s/a-b/MAL-2026-1.json"), "osv/malicious/npm/@s/a-b/MAL-2026-1.json");
        assert_eq!(shell_word("a;$(id) `b`"), "'a;$(id) `b`'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!((shell_word("").as_str(), shell_word("=ls").as_str()), ("''", "'=ls'"));
    }

    #[test]
    fn addresses_cannot_be_followed() {
        assert_eq!(defanged("see https://evil.example.com/a.js now"), "see hxxps://evil[.]example[.]com/a.js now");
        assert_eq!(defanged("HTTP://1.2.3.4:80?x"), "hxxp://1[.]2[.]3[.]4:80?x");
        assert_eq!(defanged("ws://a.b"), "ws://a[.]b");
        assert_eq!(defanged("\u{e9}://x.y"), "\u{e9}://x[.]y");
        assert_eq!(
            defanged("at evil.example.com, 10.0.0.1 and a.b."),
            "at evil[.]example[.]com, 10[.]0[.]0[.]1 and a.b."
        );
        assert_eq!(defanged("index.js, 1.2.3, web3.js 1.2.3-rc.1"), "index.js, 1.2.3, web3.js 1.2.3-rc.1");
    }
}
