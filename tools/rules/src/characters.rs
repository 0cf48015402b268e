//! Characters that show something else than what is there, found wherever a report has text.

use memchr::memmem;
use osv_schema::{Document, Kind, Node, Pointer};

/// The first character of each text for which `is_meant` holds, the names of members included. A document of plain ASCII
/// costs one look at its bytes.
pub(crate) fn find(document: &Document, is_meant: fn(char) -> bool, mut each: impl FnMut(Pointer, char)) {
    let text = document.text();
    let has_escape = memmem::find(text.as_bytes(), b"\\u").is_some();
    let is_plain = !has_escape && text.is_ascii() && memchr::memchr(0x7f, text.as_bytes()).is_none();
    if is_plain || !(has_escape || text.chars().any(is_meant)) {
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

/// Whether nobody sees a character where it stands.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e01ef}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
    )
}

/// Whether a word mixes Latin letters with letters of a script that has some of the same shape.
pub(crate) fn mixes_scripts(word: &str) -> bool {
    let is_alike = |c: char| {
        matches!(
            c,
            '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}' | '\u{530}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}'
                | '\u{ff21}'..='\u{ff5a}' | '\u{1d400}'..='\u{1d7ff}'
        )
    };
    !word.is_ascii() && word.bytes().any(|b| b.is_ascii_alphabetic()) && word.chars().any(is_alike)
}
