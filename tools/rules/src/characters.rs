//! Characters that show something else than what is there, found wherever a report has text.

use osv_schema::{Document, Kind, Node, Pointer};

/// The first character of each text for which `is_meant` holds, the names of members included. A document of plain ASCII
/// costs nothing.
pub(crate) fn find(document: &Document, is_meant: fn(char) -> bool, mut each: impl FnMut(Pointer, char)) {
    if document.is_plain() {
        return;
    }
    let text = document.text();
    // The escapes that can stand for something else than plain text. A back-slash that is escaped itself costs a closer
    // look, and no more.
    let bytes = text.as_bytes();
    let stands_for_more = |at: usize| matches!(bytes.get(at + 1), Some(b'u' | b'b' | b'f'));
    let has_escape = memchr::memchr_iter(b'\\', bytes).any(stands_for_more);
    if !has_escape && !text.chars().any(is_meant) {
        return;
    }
    walk(document.root(), &Pointer::root(), is_meant, &mut each);
}

fn walk(node: Node<'_>, at: &Pointer, is_meant: fn(char) -> bool, each: &mut impl FnMut(Pointer, char)) {
    match node.kind() {
        Kind::String => {
            if let Some(found) = node.as_str().and_then(|text| text.chars().find(|&c| is_meant(c))) {
                each(at.clone(), found);
            }
        }
        Kind::Array => node.items().enumerate().for_each(|(index, item)| walk(item, &at.item(index), is_meant, each)),
        Kind::Object => {
            for (name, value) in node.members() {
                let at = at.member(name);
                if let Some(found) = name.chars().find(|&c| is_meant(c)) {
                    each(at.clone(), found);
                }
                walk(value, &at, is_meant, each);
            }
        }
        Kind::Null | Kind::Bool | Kind::Number => {}
    }
}

/// Whether a character changes the direction in which what follows is shown (Unicode, UAX #9).
pub(crate) fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character is a control other than those of plain text.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t' | '\r')
}

/// Whether a word mixes Latin letters with letters of a script that has some of the same shape.
pub(crate) fn mixes_scripts(word: &str) -> bool {
    !word.is_ascii() && word.bytes().any(|b| b.is_ascii_alphabetic()) && word.chars().any(is_alike)
}

/// Whether a letter is of a script that has some of the shape of Latin ones.
pub fn is_alike(c: char) -> bool {
    matches!(
        c,
        '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}' | '\u{530}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}'
            | '\u{ff21}'..='\u{ff5a}' | '\u{1d400}'..='\u{1d7ff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let document = Document::parse(text.as_bytes()).unwrap();
        let mut found = Vec::new();
        find(&document, is_control, |pointer, _| found.push(pointer.to_string()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_control_is_found_however_it_is_spelled() {
        check(r#"{"a": "x\by", "b": "x\fy", "c": "\u0007", "d": "x\ny\tz\r"}"#, &["/a", "/b", "/c"]);
        check(r#"{"a": "\\b \\u0007", "b": "plain"}"#, &[]);
        check("{\"a\": \"\u{7f}\", \"\u{85}\": 1}", &["/a", "/\u{85}"]);
    }
}
