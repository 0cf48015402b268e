//! The syntax of a package URL, apart from what each type adds (purl specification, "Core Specification").

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::PurlError;

/// Everything but what the specification's section "Character encoding" keeps: letters, digits, `.-_~` and the colon.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b':');

/// The parts of a package URL that say which package is meant; decoded, but for the letter case as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Purl {
    /// The type, in lower case.
    pub kind: String,
    /// The namespace's segments.
    pub namespace: Vec<String>,
    /// The name.
    pub name: String,
    /// The version.
    pub version: Option<String>,
    /// The qualifier `repository_url`.
    pub repository_url: Option<String>,
}

impl Purl {
    /// Parses from right to left, as the specification's "How to parse a PURL" says, and leaves the types'
    /// normalizations aside: a Go module's letter case is part of its name, whatever a purl makes of it.
    pub(crate) fn parse(text: &str) -> Result<Self, PurlError> {
        let rest = text
            .get(..4)
            .filter(|scheme| scheme.eq_ignore_ascii_case("pkg:"))
            .map(|_| text[4..].trim_start_matches('/'))
            .ok_or(PurlError::NoScheme)?;
        let (rest, _subpath) = cut_last(rest, '#');
        let (rest, qualifiers) = cut_last(rest, '?');
        let (kind, rest) = rest.split_once('/').ok_or(PurlError::NoType)?;
        let kind_fits = kind.starts_with(|first: char| first.is_ascii_alphabetic())
            && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'));
        if !kind_fits {
            return Err(PurlError::Type(kind.to_owned()));
        }
        // An `@` with a slash behind it is that of an npm scope which somebody forgot to encode.
        let (rest, version) = match rest.rsplit_once('@') {
            Some((rest, version)) if !version.contains('/') => (rest, Some(version)),
            _ => (rest, None),
        };
        if rest.ends_with('/') && version.is_some() {
            return Err(PurlError::NoName);
        }
        let mut segments = Vec::new();
        for segment in rest.split('/').filter(|segment| !segment.is_empty()) {
            segments.push(decode(segment)?);
        }
        let name = segments.pop().filter(|name| !name.is_empty()).ok_or(PurlError::NoName)?;
        Ok(Self {
            kind: kind.to_ascii_lowercase(),
            namespace: segments,
            name,
            version: version.filter(|version| !version.is_empty()).map(decode).transpose()?,
            repository_url: repository_url(qualifiers.unwrap_or_default())?,
        })
    }

    /// The canonical text, for a purl whose parts are as its type's definition wants them.
    pub(crate) fn format(&self) -> String {
        let mut text = format!("pkg:{}", self.kind);
        for segment in self.namespace.iter().chain([&self.name]) {
            text.push('/');
            text.extend(encode(segment));
        }
        if let Some(version) = &self.version {
            text.push('@');
            text.extend(encode(version));
        }
        if let Some(url) = &self.repository_url {
            text.push_str("?repository_url=");
            text.extend(encode(url));
        }
        text
    }
}

fn encode(part: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(part, ENCODED)
}

fn decode(part: &str) -> Result<String, PurlError> {
    let escapes = part.bytes().enumerate().filter(|(_, byte)| *byte == b'%');
    for (at, _) in escapes {
        let digits = part.as_bytes().get(at + 1..at + 3);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return Err(PurlError::Escape(part.to_owned()));
        }
    }
    percent_decode_str(part).decode_utf8().map(Cow::into_owned).map_err(|_| PurlError::Escape(part.to_owned()))
}

/// What stands before and behind the last separator.
fn cut_last(text: &str, separator: char) -> (&str, Option<&str>) {
    text.rsplit_once(separator).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// Reads the qualifiers and keeps the only one that says which package is meant.
fn repository_url(qualifiers: &str) -> Result<Option<String>, PurlError> {
    let mut found = None;
    let mut seen: Vec<String> = Vec::new();
    for pair in qualifiers.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let fits = key.starts_with(|first: char| first.is_ascii_alphabetic())
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
        let key = key.to_ascii_lowercase();
        if !fits || seen.contains(&key) {
            return Err(PurlError::Qualifier(pair.to_owned()));
        }
        let value = decode(value)?;
        if key == "repository_url" && !value.is_empty() {
            found = Some(value);
        }
        seen.push(key);
    }
    Ok(found)
}
