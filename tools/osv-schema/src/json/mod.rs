//! A JSON text as a tree that knows the place of every value.
//!
//! The tree is flat: one cell a value, in the order of the text, each with the index of the cell behind its subtree.
//! Strings without escapes are not copied. A document costs a handful of allocations, however large it is.
//!
//! Our own because of three needs that no parser we know meets together: the place of every value, the spelling of
//! every number, and no key that has a hidden meaning (serde_json's `arbitrary_precision` reads the object
//! `{"$serde_json::private::Number": "1"}` as the number 1, and reports are written by attackers).

mod parse;
mod pointer;
mod scan;
mod value;

pub use parse::{DEPTH_MAX, SIZE_MAX, SyntaxError};
pub use pointer::Pointer;
pub use value::Value;

use std::ops::Range;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number, kept as it is spelled.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// One value of the flat tree. There are a hundred in a report, so each is small.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// Where the value stands in the text, in bytes.
    start: u32,
    end: u32,
    /// For an array or object: the index of the cell behind its subtree. For a string with escapes: its number among
    /// those.
    link: u32,
    kind: Kind,
    has_escapes: bool,
}

/// A parsed JSON text.
#[derive(Clone, Debug)]
pub struct Document {
    text: Box<str>,
    cells: Vec<Cell>,
    /// The decoded strings with escapes, one behind the other, and where each ends.
    decoded: String,
    decoded_ends: Vec<u32>,
    duplicates: Vec<u32>,
    is_plain: bool,
}

/// One value of a document.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document,
    index: u32,
}

/// A place in a text as people count it, both from one. The column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl Position {
    /// The position of the byte at `offset`, in any bytes: what is not UTF-8 counts a character an invalid sequence.
    pub fn of(bytes: &[u8], offset: usize) -> Position {
        let before = &bytes[..offset.min(bytes.len())];
        let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        Position {
            line: 1 + before.iter().filter(|&&b| b == b'\n').count(),
            column: 1 + String::from_utf8_lossy(&before[line_start..]).chars().count(),
        }
    }
}

impl Document {
    /// Parses a JSON text as RFC 8259 has it: UTF-8 without a byte-order mark, one value, nothing behind it.
    ///
    /// # Errors
    ///
    /// The first place at which the text is no JSON, nests deeper than [`DEPTH_MAX`], or is larger than [`SIZE_MAX`].
    pub fn parse(bytes: &[u8]) -> Result<Document, SyntaxError> {
        parse::parse(bytes)
    }

    /// The value of the whole text.
    pub fn root(&self) -> Node<'_> {
        Node { document: self, index: 0 }
    }

    /// The text as it was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether every character of every string is a printable one of ASCII, a tab or a line break, however it is spelled.
    /// A document of which this is false may be so too.
    pub fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// The members that repeat the name of an earlier member of their object, in the order of the text.
    pub fn duplicates(&self) -> impl Iterator<Item = Duplicate<'_>> {
        self.duplicates.iter().map(|&key| Duplicate { document: self, key })
    }

    /// The value at a JSON pointer (RFC 6901). Of a repeated member the last one is meant.
    pub fn at(&self, pointer: &str) -> Option<Node<'_>> {
        let mut node = self.root();
        for step in pointer::steps(pointer)? {
            node = match node.kind() {
                Kind::Object => node.get(&step)?,
                Kind::Array => node.items().nth(pointer::array_index(&step)?)?,
                _ => return None,
            };
        }
        Some(node)
    }

    fn string(&self, cell: Cell) -> &str {
        string(&self.text, &self.decoded, &self.decoded_ends, cell)
    }
}

/// The content of a string.
fn string<'d>(text: &'d str, decoded: &'d str, decoded_ends: &[u32], cell: Cell) -> &'d str {
    if !cell.has_escapes {
        return &text[cell.start as usize + 1..cell.end as usize - 1];
    }
    let number = cell.link as usize;
    let start = number.checked_sub(1).map_or(0, |before| decoded_ends[before] as usize);
    &decoded[start..decoded_ends[number] as usize]
}

impl Cell {
    /// The index of the cell behind the subtree of the cell at `index`, which is this one.
    fn next(self, index: u32) -> u32 {
        match self.kind {
            Kind::Array | Kind::Object => self.link,
            Kind::Null | Kind::Bool | Kind::Number | Kind::String => index + 1,
        }
    }
}

/// A member whose name stood in its object before.
pub struct Duplicate<'d> {
    document: &'d Document,
    key: u32,
}

impl<'d> Duplicate<'d> {
    /// The repeated name.
    pub fn name(&self) -> &'d str {
        self.document.string(self.document.cells[self.key as usize])
    }

    /// Where the repeated name stands, in bytes.
    pub fn span(&self) -> Range<usize> {
        let cell = self.document.cells[self.key as usize];
        cell.start as usize..cell.end as usize
    }

    /// The pointer to the member.
    pub fn pointer(&self) -> Pointer {
        // Walk down from the root into whatever holds the key; only findings ask, so the walk is no cost.
        let mut pointer = Pointer::root();
        let mut node = self.document.root();
        'down: loop {
            match node.kind() {
                Kind::Object => {
                    for (key, name, value) in node.members_with_keys() {
                        if key == self.key {
                            return pointer.member(name);
                        }
                        if value.holds(self.key) {
                            pointer = pointer.member(name);
                            node = value;
                            continue 'down;
                        }
                    }
                }
                Kind::Array => {
                    for (index, value) in node.items().enumerate() {
                        if value.holds(self.key) {
                            pointer = pointer.item(index);
                            node = value;
                            continue 'down;
                        }
                    }
                }
                _ => {}
            }
            return pointer;
        }
    }
}

impl<'d> Node<'d> {
    fn cell(self) -> Cell {
        self.document.cells[self.index as usize]
    }

    fn holds(self, index: u32) -> bool {
        self.index < index && index < self.next()
    }

    fn next(self) -> u32 {
        self.cell().next(self.index)
    }

    /// What tells this value from every other one alive: the address of its document, and its number in it.
    pub fn identity(self) -> (usize, u32) {
        (std::ptr::from_ref(self.document) as usize, self.index)
    }

    /// What the value is.
    pub fn kind(self) -> Kind {
        self.cell().kind
    }

    /// Where the value stands in the text, in bytes.
    pub fn span(self) -> Range<usize> {
        let cell = self.cell();
        cell.start as usize..cell.end as usize
    }

    /// The value as it is spelled in the text.
    pub fn spelling(self) -> &'d str {
        &self.document.text[self.span()]
    }

    /// The string, if it is one.
    pub fn as_str(self) -> Option<&'d str> {
        (self.kind() == Kind::String).then(|| self.document.string(self.cell()))
    }

    /// The items of an array; none for anything else.
    pub fn items(self) -> Items<'d> {
        Items { rest: self.inside(Kind::Array) }
    }

    /// The members of an object in the order of the text, repeated ones too; none for anything else.
    pub fn members(self) -> Members<'d> {
        Members { rest: self.inside(Kind::Object) }
    }

    fn members_with_keys(self) -> impl Iterator<Item = (u32, &'d str, Node<'d>)> {
        let mut rest = self.inside(Kind::Object);
        std::iter::from_fn(move || {
            let key = rest.take()?;
            let value = rest.take()?;
            Some((key.index, self.document.string(key.cell()), value))
        })
    }

    /// The cells inside the value, if it is of that kind.
    fn inside(self, kind: Kind) -> Inside<'d> {
        let index = self.index + 1;
        let end = if self.kind() == kind { self.cell().link } else { index };
        Inside { document: self.document, index, end }
    }

    /// The member of that name; of a repeated one the last.
    pub fn get(self, name: &str) -> Option<Node<'d>> {
        let mut rest = self.inside(Kind::Object);
        let mut found = None;
        while let (Some(key), Some(value)) = (rest.take(), rest.take()) {
            if key.is_string(name.as_bytes()) {
                found = Some(value);
            }
        }
        found
    }

    /// Whether a string says this.
    fn is_string(self, text: &[u8]) -> bool {
        let cell = self.cell();
        if cell.has_escapes {
            return self.document.string(cell).as_bytes() == text;
        }
        let (start, end) = (cell.start as usize + 1, cell.end as usize - 1);
        // Nearly always the length decides, or the first letter.
        let own = &self.document.text.as_bytes()[start..end];
        own.len() == text.len() && own.first() == text.first() && own == text
    }
}

/// Values side by side.
#[derive(Clone)]
struct Inside<'d> {
    document: &'d Document,
    index: u32,
    end: u32,
}

impl<'d> Inside<'d> {
    fn take(&mut self) -> Option<Node<'d>> {
        if self.index >= self.end {
            return None;
        }
        let node = Node { document: self.document, index: self.index };
        self.index = node.next();
        Some(node)
    }
}

/// The items of an array.
#[derive(Clone)]
pub struct Items<'d> {
    rest: Inside<'d>,
}

impl<'d> Iterator for Items<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Node<'d>> {
        self.rest.take()
    }
}

/// The members of an object.
#[derive(Clone)]
pub struct Members<'d> {
    rest: Inside<'d>,
}

impl<'d> Iterator for Members<'d> {
    type Item = (&'d str, Node<'d>);

    fn next(&mut self) -> Option<(&'d str, Node<'d>)> {
        let key = self.rest.take()?;
        let value = self.rest.take()?;
        Some((value.document.string(key.cell()), value))
    }
}
