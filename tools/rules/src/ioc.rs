//! The forms of indicators in upstream's `iocs`.

use std::net::IpAddr;

use osv_schema::{Object, Value};

/// Whether a text is a domain as upstream takes it: the empty text is one, an IP address is none.
pub(crate) fn is_domain(text: &str) -> bool {
    let is_byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    text.len() <= 255
        && text.bytes().all(is_byte)
        && text.split('.').all(|label| label.len() <= 63)
        && text.parse::<IpAddr>().is_err()
}

/// Whether a text is an IP address, or a block of them.
pub(crate) fn is_address(text: &str) -> bool {
    let is_block = |address: &str, bits: &str| {
        let Ok(address) = address.parse::<IpAddr>() else { return false };
        let most = if address.is_ipv4() { 32 } else { 128 };
        let is_plain = bits.bytes().all(|b| b.is_ascii_digit()) && (bits.len() == 1 || !bits.starts_with('0'));
        is_plain && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
    };
    match text.split_once('/') {
        Some((address, bits)) => is_block(address, bits),
        None => text.parse::<IpAddr>().is_ok(),
    }
}

/// Whether a text can be read as a URL or a part of one, which nearly any text can.
pub(crate) fn is_url(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_bad_escape = bytes.iter().enumerate().any(|(at, &byte)| {
        byte == b'%' && !bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    let before_path = text.split(['/', '?', '#']).next().unwrap_or_default();
    let has_bad_scheme = before_path.starts_with(':');
    !text.chars().any(char::is_control) && !has_bad_escape && !has_bad_scheme
}

/// What is wrong with a file among the indicators: the place below it, and the words.
pub(crate) fn file_fault(file: &Object) -> Option<(&'static str, &'static str)> {
    let paths = file.get("paths").and_then(Value::as_array).unwrap_or_default();
    if paths.iter().any(|path| path.as_str().is_none_or(|path| path.len() > 1024)) {
        return Some(("paths", "a path is no text of at most 1024 bytes"));
    }
    if file.get("note").and_then(Value::as_str).is_some_and(|note| note.len() > 512) {
        return Some(("note", "the note is longer than 512 bytes"));
    }
    let source = file.get("source").and_then(Value::as_str).unwrap_or_default();
    let sources = ["", "SOURCE_UNSPECIFIED", "UNSPECIFIED", "PACKAGE_ARCHIVE", "DROPPED", "IN_MEMORY"];
    if !sources.contains(&source) {
        return Some(("source", "the file's source is none of PACKAGE_ARCHIVE, DROPPED and IN_MEMORY"));
    }
    let none = Object::new();
    let digests = file.get("digests").and_then(Value::as_object).unwrap_or(&none);
    let digest = |name: &str| digests.get(name).and_then(Value::as_str).filter(|digest| !digest.is_empty());
    let is_hex = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    for (name, place, length) in
        [("sha256", "digests/sha256", 64), ("sha1", "digests/sha1", 40), ("md5", "digests/md5", 32)]
    {
        if digest(name).is_some_and(|digest| !is_hex(digest, length)) {
            return Some((place, "a digest has not the length and digits of its kind"));
        }
    }
    if digest("tlsh").is_some_and(|tlsh| !is_hex(tlsh.strip_prefix("T1").unwrap_or(tlsh), 70)) {
        return Some(("digests/tlsh", "a digest has not the length and digits of its kind"));
    }
    if digest("ssdeep").is_some_and(|ssdeep| !is_ssdeep(ssdeep)) {
        return Some(("digests/ssdeep", "a digest has not the form of its kind"));
    }
    let is_founded = !paths.is_empty() || ["md5", "sha1", "sha256"].into_iter().any(|name| digest(name).is_some());
    (!is_founded).then_some(("digests", "a file has neither a path nor a digest"))
}

fn is_ssdeep(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(3, ':').collect();
    let is_base64 = |part: &&str| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    matches!(parts.as_slice(), [size, one, two] if is_number(size) && [one, two].into_iter().all(is_base64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fits: fn(&str) -> bool, right: &[&str], wrong: &[&str]) {
        right.iter().for_each(|text| assert!(fits(text), "{text}"));
        wrong.iter().for_each(|text| assert!(!fits(text), "{text}"));
    }

    #[test]
    fn indicators_have_their_forms() {
        let long = "a".repeat(64);
        check(
            is_domain,
            &["", "a.example.com", "_x.y-z", "com."],
            &["1.2.3.4", "a b", "a/b", "\u{e4}.com", "a[.]b", &long],
        );
        check(
            is_address,
            &["1.2.3.4", "::1", "10.0.0.0/8", "fe80::/64"],
            &["", "1.2.3", "1.2.3.4/33", "1.2.3.4/08", "x/8"],
        );
        check(is_url, &["https://a.b/c?d#e", "a/b", "", "http://a b"], &["%zz", "a\nb", ":x"]);
        check(is_ssdeep, &["3:abc+/:de", "12::"], &["x:a:b", "3:a", "3:a:b c"]);
    }
}
