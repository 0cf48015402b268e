//! The parser: RFC 8259 to the letter, in one pass over the bytes.

use std::collections::HashSet;

use super::{Cell, Document, Kind};

/// How deep arrays and objects may nest. serde_json and many others stop at the same depth.
pub const DEPTH_MAX: usize = 128;

/// The largest text in bytes. Real reports end below 20 kB.
pub const SIZE_MAX: usize = 64 * 1024 * 1024;

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
        duplicates: Vec::new(),
    };
    parser.space();
    parser.value(0)?;
    parser.space();
    if parser.at < bytes.len() {
        return Err(parser.error("there is more text behind the end of the value"));
    }
    let Parser { cells, decoded, duplicates, .. } = parser;
    Ok(Document { text: text.into(), cells, decoded, duplicates })
}

struct Parser<'t> {
    bytes: &'t [u8],
    text: &'t str,
    at: usize,
    cells: Vec<Cell>,
    decoded: String,
    duplicates: Vec<u32>,
}

impl Parser<'_> {
    fn error(&self, message: &'static str) -> SyntaxError {
        SyntaxError { offset: self.at, message }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Puts a cell whose end is not known yet, and gives its index.
    fn open(&mut self, kind: Kind) -> usize {
        // The size limit keeps every offset and every index below 2^32.
        self.cells.push(Cell { kind, start: self.at as u32, end: 0, next: 0, decoded: None });
        self.cells.len() - 1
    }

    fn close(&mut self, index: usize) {
        let next = self.cells.len() as u32;
        let cell = &mut self.cells[index];
        cell.end = self.at as u32;
        cell.next = next;
    }

    fn value(&mut self, depth: usize) -> Result<(), SyntaxError> {
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Kind::Bool),
            Some(b'f') => self.word("false", Kind::Bool),
            Some(b'n') => self.word("null", Kind::Null),
            Some(_) => Err(self.error("expected a value")),
            None => Err(self.error("the document ends where a value should stand")),
        }
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<(), SyntaxError> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.error("expected a value"));
        }
        let index = self.open(kind);
        self.at += word.len();
        self.close(index);
        Ok(())
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        let index = self.open(Kind::Number);
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.error("expected a digit")),
        }
        if matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error("a number must not begin with a zero"));
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
        self.close(index);
        Ok(())
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), SyntaxError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error("expected a digit"));
        }
        self.digits();
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), SyntaxError> {
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
                        return Err(self.error("a comma must not stand before the end of an array"));
                    }
                }
                Some(b']') => break,
                Some(_) => return Err(self.error("expected a comma or the end of the array")),
                None => return Err(self.error("the document ends inside an array")),
            }
        }
        self.at += 1;
        self.close(index);
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), SyntaxError> {
        let index = self.enter(Kind::Object, depth)?;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            self.close(index);
            return Ok(());
        }
        let mut members = 0;
        loop {
            match self.peek() {
                Some(b'"') => {}
                Some(_) => return Err(self.error("expected the name of a member in double quotes")),
                None => return Err(self.error("the document ends inside an object")),
            }
            self.string()?;
            members += 1;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.error("expected a colon behind the name of a member"));
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
                        return Err(self.error("a comma must not stand before the end of an object"));
                    }
                }
                Some(b'}') => break,
                Some(_) => return Err(self.error("expected a comma or the end of the object")),
                None => return Err(self.error("the document ends inside an object")),
            }
        }
        self.at += 1;
        self.close(index);
        self.note_duplicates(index, members);
        Ok(())
    }

    fn enter(&mut self, kind: Kind, depth: usize) -> Result<usize, SyntaxError> {
        if depth >= DEPTH_MAX {
            return Err(self.error("the document nests deeper than 128 levels"));
        }
        let index = self.open(kind);
        self.at += 1;
        Ok(index)
    }

    fn key(&self, index: usize) -> &str {
        let cell = self.cells[index];
        match cell.decoded {
            Some((start, end)) => &self.decoded[start as usize..end as usize],
            None => &self.text[cell.start as usize + 1..cell.end as usize - 1],
        }
    }

    fn note_duplicates(&mut self, object: usize, members: usize) {
        let mut keys = Vec::with_capacity(members);
        let mut key = object + 1;
        for _ in 0..members {
            keys.push(key);
            key = self.cells[key + 1].next as usize;
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

    fn string(&mut self) -> Result<(), SyntaxError> {
        let index = self.open(Kind::String);
        self.at += 1;
        let mut plain_from = self.at;
        let decoded_from = self.decoded.len();
        let mut has_escapes = false;
        loop {
            // Nearly all bytes of a report are the plain inside of strings.
            match self.bytes[self.at..].iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20) {
                Some(plain) => self.at += plain,
                None => {
                    self.at = self.bytes.len();
                    return Err(self.error("the document ends inside a string"));
                }
            }
            match self.bytes[self.at] {
                b'"' => break,
                b'\\' => {
                    has_escapes = true;
                    self.decoded.push_str(&self.text[plain_from..self.at]);
                    self.escape()?;
                    plain_from = self.at;
                }
                _ => return Err(self.error("a control character must be escaped in a string")),
            }
        }
        if has_escapes {
            self.decoded.push_str(&self.text[plain_from..self.at]);
        }
        self.at += 1;
        self.close(index);
        if has_escapes {
            self.cells[index].decoded = Some((decoded_from as u32, self.decoded.len() as u32));
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
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
            _ => return Err(self.error("this escape is not one of JSON's")),
        };
        self.at += 1;
        self.decoded.push(c);
        Ok(())
    }

    fn unicode_escape(&mut self) -> Result<char, SyntaxError> {
        let from = self.at;
        let unpaired = SyntaxError { offset: from - 2, message: "half of a surrogate pair stands alone" };
        let first = self.four_digits()?;
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first).ok_or(unpaired);
        }
        if first >= 0xdc00 || !self.bytes[self.at..].starts_with(b"\\u") {
            return Err(unpaired);
        }
        self.at += 2;
        let second = self.four_digits()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(unpaired);
        }
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or(unpaired)
    }

    fn four_digits(&mut self) -> Result<u32, SyntaxError> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or(self.error("expected four hexadecimal digits"))?;
        self.at += 4;
        Ok(code)
    }
}
