//! The one writer: the canonical form that lies in the database, and the compact one that is published.
//!
//! Both are functions of what a record says: members that the schema names come in the order in which OSV exports
//! write them, all others in the order of their bytes, numbers as they were spelled. Text stays readable UTF-8, but
//! for characters that are invisible or turn the direction of text, which are escaped: a reviewer must see them.

use crate::json::Value;
use crate::shape::Shape;

/// The canonical form: two spaces of indent, a final newline.
pub fn canonical(content: &impl Shape) -> String {
    let mut writer = Writer { out: String::new(), indent: Some(0), is_first: true };
    content.write(&mut writer);
    writer.out.push('\n');
    writer.out
}

/// The same content on one line, without a newline at its end.
pub fn compact(content: &impl Shape) -> String {
    let mut writer = Writer { out: String::new(), indent: None, is_first: true };
    content.write(&mut writer);
    writer.out
}

/// Writes JSON, one value after the other.
pub struct Writer {
    out: String,
    /// The depth for the pretty form; none for the compact one.
    indent: Option<usize>,
    is_first: bool,
}

impl Writer {
    pub(crate) fn raw(&mut self, text: &str) {
        self.out.push_str(text);
    }

    pub(crate) fn string(&mut self, text: &str) {
        self.out.push('"');
        let mut plain_from = 0;
        for (at, c) in text.char_indices() {
            if !needs_escape(c) {
                continue;
            }
            self.out.push_str(&text[plain_from..at]);
            plain_from = at + c.len_utf8();
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                c => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        self.out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
            }
        }
        self.out.push_str(&text[plain_from..]);
        self.out.push('"');
    }

    pub(crate) fn object(&mut self, members: impl FnOnce(&mut Writer)) {
        self.nest('{', '}', members);
    }

    pub(crate) fn member(&mut self, name: &str, value: impl FnOnce(&mut Writer)) {
        self.next();
        self.string(name);
        self.raw(if self.indent.is_some() { ": " } else { ":" });
        value(self);
    }

    pub(crate) fn array<T>(&mut self, items: impl Iterator<Item = T>, mut each: impl FnMut(&mut Writer, T)) {
        self.nest('[', ']', |writer| {
            for item in items {
                writer.next();
                each(writer, item);
            }
        });
    }

    fn nest(&mut self, open: char, close: char, inside: impl FnOnce(&mut Writer)) {
        self.out.push(open);
        self.indent = self.indent.map(|depth| depth + 1);
        self.is_first = true;
        inside(self);
        self.indent = self.indent.map(|depth| depth - 1);
        if !self.is_first {
            self.new_line();
        }
        self.is_first = false;
        self.out.push(close);
    }

    fn next(&mut self) {
        if !self.is_first {
            self.out.push(',');
        }
        self.is_first = false;
        self.new_line();
    }

    fn new_line(&mut self) {
        if let Some(depth) = self.indent {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", depth));
        }
    }
}

/// What JSON makes us escape, and what a reader of the bytes could not see or would see in another order.
fn needs_escape(c: char) -> bool {
    matches!(c, '"' | '\\' | '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}') || is_unseen(c)
}

/// Characters without a shape of their own that change how the text around them is read or shown: direction marks
/// (Unicode standard annex 9), line and paragraph separators, the byte-order mark, interlinear marks and tags.
pub fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether nobody sees a character where it stands.
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e01ef}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
    )
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&compact(self))
    }
}
