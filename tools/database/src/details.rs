//! The details of a report: what people wrote, and below a line one section for each thing a source said.
//!
//! The form is upstream's, to the byte: other tools read it. A source's text is made safe when it is put in, so that a
//! text which quotes our headings cannot pass for one.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// The line between what people wrote and what sources said, with the line breaks around it.
pub const SEPARATOR: &str = "\n---\n_-= Per source details. Do not edit below this line.=-_\n";

/// What stands in the details of a draft until somebody writes them. A rule finds drafts that were never filled in.
pub const BLANK: &str = "(Say here what the package does, when it runs, how it came to people, and what to do now.)";

/// What a section's heading begins with.
const HEADING: &str = "## Source: ";

/// The details of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// What people wrote.
    pub written: String,
    /// What sources said.
    pub sections: Vec<Section>,
}

/// What one delivery said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Section {
    /// The source.
    pub source: String,
    /// The hash of the delivery, as its origin has it.
    pub sha256: String,
    /// The text.
    pub text: String,
}

/// Details that nobody can take apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDetails {
    /// The separator stands more than once.
    #[error("the line that separates what sources said stands more than once in the details")]
    Separators,
}

impl Details {
    /// Takes details apart. Text that stands before the first heading is taken for written by people.
    ///
    /// # Errors
    ///
    /// The separator stands more than once.
    pub fn parse(text: &str) -> Result<Details, InvalidDetails> {
        // What is written ends in one line break, so a separator at the end is one whatever follows it.
        let text = format!("{}\n", text.trim_end());
        let Some((written, said)) = text.split_once(SEPARATOR) else {
            return Ok(Details { written: text.trim().to_owned(), sections: Vec::new() });
        };
        // Two that stand together share a line break.
        if said.contains(SEPARATOR) || said.starts_with(&SEPARATOR[1..]) {
            return Err(InvalidDetails::Separators);
        }
        let mut details = Details { written: written.trim().to_owned(), sections: Vec::new() };
        let mut astray = String::new();
        for line in said.split_inclusive('\n') {
            match (heading(line), details.sections.last_mut()) {
                (Some((source, sha256)), _) => details.sections.push(Section {
                    source: source.to_owned(),
                    sha256: sha256.to_owned(),
                    text: String::new(),
                }),
                (None, Some(section)) => section.text.push_str(line),
                (None, None) => astray.push_str(line),
            }
        }
        for section in &mut details.sections {
            section.text = without_blank_ends(&section.text).to_owned();
        }
        if !astray.trim().is_empty() {
            let written = format!("{}\n\n{}", details.written, astray.trim());
            details.written = written.trim().to_owned();
        }
        // The white space around a part goes away, and line breaks come in its place.
        let parts = details.sections.iter().map(|section| format!("\n{}\n", section.text));
        if parts.chain([format!("{}\n", details.written)]).any(|part| part.contains(SEPARATOR)) {
            return Err(InvalidDetails::Separators);
        }
        Ok(details)
    }

    /// Puts a section for a delivery. Its text cannot be mistaken for a heading or the separator; a blank one is none.
    pub fn put(&mut self, source: &str, sha256: &str, text: &str) {
        let text = defuse(text.trim());
        if !text.is_empty() {
            self.sections.push(Section { source: source.to_owned(), sha256: sha256.to_owned(), text });
        }
    }
}

/// What people wrote, then the sections by source and hash.
impl std::fmt::Display for Details {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.written.is_empty() {
            writeln!(f, "{}", self.written)?;
        }
        if self.sections.is_empty() {
            return Ok(());
        }
        f.write_str(SEPARATOR)?;
        let mut sections: Vec<&Section> = self.sections.iter().collect();
        sections.sort();
        sections.dedup();
        for section in sections {
            write!(f, "\n{HEADING}{} ({})\n{}\n", section.source, section.sha256, section.text)?;
        }
        Ok(())
    }
}

/// What sources said in some details: all behind the first separating line; none where there is none.
pub fn said(details: &str) -> Option<&str> {
    // Asked of each report of a database, so that the search is prepared once, and for a part: short ones are found
    // faster.
    const PART: std::ops::Range<usize> = 4..28;
    static PARTS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(&SEPARATOR[PART]));
    let bytes = details.as_bytes();
    let mut begins = PARTS.find_iter(bytes).filter_map(|at| at.checked_sub(PART.start));
    let at = begins.find(|&at| bytes[at..].starts_with(SEPARATOR.as_bytes()))?;
    Some(&details[at + SEPARATOR.len()..])
}

/// Source and hash of every line that is a heading.
pub fn headings(text: &str) -> impl Iterator<Item = (&str, &str)> {
    static HEADINGS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(HEADING));
    let is_line = |at: &usize| *at == 0 || text.as_bytes()[at - 1] == b'\n';
    let line = |at: usize| text[at..].lines().next().unwrap_or_default();
    HEADINGS.find_iter(text.as_bytes()).filter(is_line).filter_map(move |at| heading(line(at)))
}

/// Source and hash of a line that is a heading.
pub fn heading(line: &str) -> Option<(&str, &str)> {
    let (source, rest) = line.strip_prefix(HEADING)?.trim_end().split_once(" (")?;
    let sha256 = rest.strip_suffix(')')?;
    let is_source = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_whole = !source.is_empty() && !sha256.is_empty();
    let fits = source.bytes().all(is_source) && sha256.bytes().all(|b| b.is_ascii_alphanumeric());
    (is_whole && fits).then_some((source, sha256))
}

/// A text without blank lines at its beginning and white space at its end. White space before its first word stays: what
/// stands behind it could be one of our marks.
fn without_blank_ends(text: &str) -> &str {
    let mut rest = text.trim_end();
    while let Some((_, more)) = rest.split_once('\n').filter(|(line, _)| line.trim().is_empty()) {
        rest = more;
    }
    rest
}

/// A text whose lines are none of ours: a back-slash before what would be a mark, which CommonMark shows as it was.
fn defuse(text: &str) -> String {
    let is_ours = |line: &str| line.starts_with(HEADING.trim_end()) || line.starts_with("_-= Per source details");
    let lines = text.split('\n').map(|line| if is_ours(line) { format!("\\{line}") } else { line.to_owned() });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(text: &str) -> Details {
        Details::parse(text).unwrap()
    }

    #[test]
    fn sections_are_told_apart() {
        let text =
            format!("Told by people.\n{SEPARATOR}\n## Source: b-2 (beef)\ntwo\n\nlines\n\n## Source: a (c0de)\none\n");
        let parsed = details(&text);
        assert_eq!(parsed.written, "Told by people.");
        let sections: Vec<_> = parsed.sections.iter().map(|s| (&*s.source, &*s.sha256, &*s.text)).collect();
        assert_eq!(sections, [("b-2", "beef", "two\n\nlines"), ("a", "c0de", "one")]);
        assert_eq!(
            parsed.to_string(),
            format!("Told by people.\n{SEPARATOR}\n## Source: a (c0de)\none\n\n## Source: b-2 (beef)\ntwo\n\nlines\n")
        );
    }

    #[test]
    fn details_without_sections_are_what_people_wrote() {
        assert_eq!(details("just text\n").to_string(), "just text\n");
        assert_eq!(details("").to_string(), "");
        assert_eq!(details(&format!("text{SEPARATOR}")).to_string(), "text\n");
        assert_eq!(details(&format!("text{}", SEPARATOR.trim_end())).to_string(), "text\n");
        assert_eq!(details(&format!("text{SEPARATOR}astray")).written, "text\n\nastray");
    }

    #[test]
    fn a_second_separator_is_refused() {
        let mark = SEPARATOR.trim_end();
        let ends = [SEPARATOR, mark, &format!("{mark} \r\n")].map(|end| format!("{SEPARATOR}x{end}"));
        for text in ends.into_iter().chain([format!("{mark}{SEPARATOR}"), format!("x{mark} {SEPARATOR}")]) {
            assert_eq!(Details::parse(&text), Err(InvalidDetails::Separators), "{text}");
        }
    }

    #[test]
    fn a_text_that_quotes_our_marks_stays_a_text() {
        let hostile = format!("see\n## Source: victim (abc)\nlie{SEPARATOR}\n## Source: other (def)\nlie");
        let mut parsed = details("");
        parsed.put("evil", "0ff", &hostile);
        let again = details(&parsed.to_string());
        assert_eq!(again.sections.len(), 1);
        assert_eq!(again.sections[0].source, "evil");
        assert_eq!(again, parsed);
    }

    #[test]
    fn white_space_before_a_mark_keeps_it_a_text() {
        let text = format!("x{SEPARATOR}\n## Source: a (c0de)\n \n\u{b}## Source: b (beef)\nlie\n");
        let parsed = details(&text);
        assert_eq!(parsed.sections.len(), 1);
        assert_eq!(parsed.sections[0].text, "\u{b}## Source: b (beef)\nlie");
        assert_eq!(details(&parsed.to_string()), parsed);
    }

    #[test]
    fn a_blank_text_makes_no_section() {
        let mut parsed = details("x");
        parsed.put("a", "0", " \n ");
        assert_eq!(parsed.sections, []);
    }
}
