//! The parser: RFC 8259 to the letter, in one pass over the bytes.

use std::collections::HashSet;

use super::scan::{plain, spaces};
use super::{Cell, Document, Kind, string};

/// How deep arrays and objects may nest. serde_json and many others stop at the same depth.
pub const DEPTH_MAX: usize = 128;

/// The largest text in bytes. Real reports end below 20 kB.
pub const SIZE_MAX: usize = 64 * 1024 * 1024;

/// How much room is made for a string with escapes at least: the details of a report are the one long text in it.
const DECODED_LEAST: usize = 512;

/// Objects with more members than this are searched for repeated names through a set.
const FEW_MEMBERS: usize = 16;

/// Why a text is no JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// The place, in bytes from the start.
    pub offset: usize,
    /// What was wrong there.
    pub message: &'static str,
}

pub(super) fn parse(bytes: &[u8]) -> Result<Document, SyntaxError> {
    if bytes.len() > SIZE_MAX {
        return Err(SyntaxError { offset: SIZE_MAX, message: "the document is larger than 64 MiB" });
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(SyntaxError { offset: 0, message: "the document begins with a byte-order mark" });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| SyntaxError { offset: e.valid_up_to(), message: "the document is not UTF-8" })?;
    let mut parser = Parser {
        bytes,
        text,
        at: 0,
        // A guess that fits real reports; the vector grows where it does not.
        cells: Vec::with_capacity(bytes.len() / 24 + 8),
        decoded: String::new(),
        decoded_ends: Vec::new(),
        duplicates: Vec::new(),
        has_code_escapes: false,
        failure: None,
    };
    if parser.whole().is_err()
        && let Some(failure) = parser.failure
    {
        return Err(failure);
    }
    let Parser { cells, decoded, decoded_ends, duplicates, has_code_escapes, .. } = parser;
    let is_plain = !has_code_escapes && is_printable(bytes);
    Ok(Document { text: text.into(), cells, decoded, decoded_ends, duplicates, is_plain })
}

/// Whether UTF-8 is ASCII without the control character DEL; those below the space are no part of a string. The next
/// byte of each has its highest bit set if it is not.
fn is_printable(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |all, byte| all | byte.wrapping_add(1)) & 0x80 == 0
}

struct Parser<'t> {
    bytes: &'t [u8],
    text: &'t str,
    at: usize,
    cells: Vec<Cell>,
    decoded: String,
    decoded_ends: Vec<u32>,
    duplicates: Vec<u32>,
    /// Whether an escape stood for more than a mark or a line break.
    has_code_escapes: bool,
    /// Why it ended; here and not in what the steps give back, which stay small.
    failure: Option<SyntaxError>,
}

/// A step that could not be done; the parser knows why.
struct Failed;

type Step<T = ()> = Result<T, Failed>;

/// The names in one object so far, told apart by their length and their first bytes as they are spelled.
#[derive(Default)]
struct Seen {
    prints: [u64; FEW_MEMBERS],
    /// Whether two may be equal.
    may_repeat: bool,
}

impl Seen {
    /// Adds the name of that cell, which stands at the beginning of `text`.
    fn add(&mut self, text: &[u8], cell: Cell, before: usize) {
        let len = (cell.end - cell.start - 2) as usize;
        let head = text.first_chunk::<8>().map(|head| u64::from_le_bytes(*head));
        let own = match head {
            Some(head) if len < 8 => head & !(u64::MAX << (8 * len)),
            Some(head) => head,
            // So near to the end of the text the name is short.
            None => text[..len].iter().rev().fold(0, |own, &byte| own << 8 | u64::from(byte)),
        };
        match self.prints.get_mut(..=before).and_then(<[u64]>::split_last_mut) {
            Some((last, earlier)) => {
                *last = own ^ (len as u64).rotate_right(8);
                self.may_repeat |= cell.has_escapes || earlier.contains(last);
            }
            None => self.may_repeat = true,
        }
    }
}

impl Parser<'_> {
    fn whole(&mut self) -> Step {
        self.space();
        self.value(0)?;
        self.space();
        if self.at < self.bytes.len() {
            return self.fail("there is more text behind the end of the value");
        }
        Ok(())
    }

    #[cold]
    fn fail<T>(&mut self, message: &'static str) -> Step<T> {
        self.fail_at(self.at, message)
    }

    #[cold]
    fn fail_at<T>(&mut self, offset: usize, message: &'static str) -> Step<T> {
        self.failure = Some(SyntaxError { offset, message });
        Err(Failed)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(byte) = self.peek().filter(|&byte| byte <= b' ') {
            match byte {
                b' ' => self.at += spaces(&self.bytes[self.at..]),
                b'\t' | b'\n' | b'\r' => self.at += 1,
                _ => return,
            }
        }
    }

    /// Puts the cell of a value that holds no other one and ends here. The size limit keeps every offset and every
    /// index below 2^32.
    fn leaf(&mut self, kind: Kind, start: usize) {
        self.cells.push(Cell { start: start as u32, end: self.at as u32, link: 0, kind, has_escapes: false });
    }

    fn close(&mut self, index: usize) {
        let next = self.cells.len() as u32;
        let cell = &mut self.cells[index];
        cell.end = self.at as u32;
        cell.link = next;
    }

    fn value(&mut self, depth: usize) -> Step {
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Kind::Bool),
            Some(b'f') => self.word("false", Kind::Bool),
            Some(b'n') => self.word("null", Kind::Null),
            Some(_) => self.fail("expected a value"),
            None => self.fail("the document ends where a value should stand"),
        }
    }

    fn word(&mut self, word: &str, kind: Kind) -> Step {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return self.fail("expected a value");
        }
        let start = self.at;
        self.at += word.len();
        self.leaf(kind, start);
        Ok(())
    }

    fn number(&mut self) -> Step {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.fail("expected a digit"),
        }
        if matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.fail("a number must not begin with a zero");
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        self.leaf(Kind::Number, start);
        Ok(())
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Step {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.fail("expected a digit");
        }
        self.digits();
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Step {
        let index = self.enter(Kind::Array, depth)?;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            self.close(index);
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                    if self.peek() == Some(b']') {
                        return self.fail("a comma must not stand before the end of an array");
                    }
                }
                Some(b']') => break,
                Some(_) => return self.fail("expected a comma or the end of the array"),
                None => return self.fail("the document ends inside an array"),
            }
        }
        self.at += 1;
        self.close(index);
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Step {
        let index = self.enter(Kind::Object, depth)?;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            self.close(index);
            return Ok(());
        }
        let mut members = 0;
        let mut seen = Seen::default();
        loop {
            match self.peek() {
                Some(b'"') => {}
                Some(_) => return self.fail("expected the name of a member in double quotes"),
                None => return self.fail("the document ends inside an object"),
            }
            let (start, key) = (self.at + 1, self.cells.len());
            self.string()?;
            seen.add(&self.bytes[start..], self.cells[key], members);
            members += 1;
            self.space();
            if self.peek() != Some(b':') {
                return self.fail("expected a colon behind the name of a member");
            }
            self.at += 1;
            self.space();
            self.value(depth + 1)?;
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                    if self.peek() == Some(b'}') {
                        return self.fail("a comma must not stand before the end of an object");
                    }
                }
                Some(b'}') => break,
                Some(_) => return self.fail("expected a comma or the end of the object"),
                None => return self.fail("the document ends inside an object"),
            }
        }
        self.at += 1;
        self.close(index);
        if seen.may_repeat {
            self.note_duplicates(index, members);
        }
        Ok(())
    }

    fn enter(&mut self, kind: Kind, depth: usize) -> Step<usize> {
        if depth >= DEPTH_MAX {
            return self.fail("the document nests deeper than 128 levels");
        }
        let index = self.cells.len();
        // Its end is not known yet.
        self.leaf(kind, self.at);
        self.at += 1;
        Ok(index)
    }

    fn key(&self, index: usize) -> &str {
        string(self.text, &self.decoded, &self.decoded_ends, self.cells[index])
    }

    fn note_duplicates(&mut self, object: usize, members: usize) {
        let mut keys = Vec::with_capacity(members);
        let mut key = object + 1;
        for _ in 0..members {
            keys.push(key);
            key = self.cells[key + 1].next(key as u32 + 1) as usize;
        }
        let repeated: Vec<u32> = if members <= FEW_MEMBERS {
            let is_repeated = |at: usize| keys[..at].iter().any(|&earlier| self.key(earlier) == self.key(keys[at]));
            (1..members).filter(|&at| is_repeated(at)).map(|at| keys[at] as u32).collect()
        } else {
            let mut seen = HashSet::with_capacity(members);
            keys.iter().filter(|&&key| !seen.insert(self.key(key))).map(|&key| key as u32).collect()
        };
        self.duplicates.extend(repeated);
    }

    /// Reads a string. Nearly all bytes of a report are the plain inside of strings.
    fn string(&mut self) -> Step {
        let start = self.at;
        self.at += 1;
        self.at += plain(&self.bytes[self.at..]);
        if self.peek() == Some(b'"') {
            self.at += 1;
            self.leaf(Kind::String, start);
            return Ok(());
        }
        self.decoded.reserve(DECODED_LEAST);
        let mut plain_from = start + 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.decoded.push_str(&self.text[plain_from..self.at]);
                    self.escape()?;
                    plain_from = self.at;
                }
                Some(_) => return self.fail("a control character must be escaped in a string"),
                None => return self.fail("the document ends inside a string"),
            }
            self.at += plain(&self.bytes[self.at..]);
        }
        self.decoded.push_str(&self.text[plain_from..self.at]);
        self.at += 1;
        let link = self.decoded_ends.len() as u32;
        self.decoded_ends.push(self.decoded.len() as u32);
        self.cells.push(Cell { start: start as u32, end: self.at as u32, link, kind: Kind::String, has_escapes: true });
        Ok(())
    }

    fn escape(&mut self) -> Step {
        self.at += 1;
        self.has_code_escapes |= matches!(self.peek(), Some(b'b' | b'f' | b'u'));
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                let c = self.unicode_escape()?;
                self.decoded.push(c);
                return Ok(());
            }
            _ => return self.fail("this escape is not one of JSON's"),
        };
        self.at += 1;
        self.decoded.push(c);
        Ok(())
    }

    fn unicode_escape(&mut self) -> Step<char> {
        let from = self.at;
        let first = self.four_digits()?;
        let mut code = first;
        if (0xd800..0xdc00).contains(&first) && self.bytes[self.at..].starts_with(b"\\u") {
            self.at += 2;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            }
        }
        match char::from_u32(code) {
            Some(c) => Ok(c),
            None => self.fail_at(from - 2, "half of a surrogate pair stands alone"),
        }
    }

    fn four_digits(&mut self) -> Step<u32> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(code) = code else { return self.fail("expected four hexadecimal digits") };
        self.at += 4;
        Ok(code)
    }
}
