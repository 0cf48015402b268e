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

/// One value of the flat tree.
#[derive(Clone, Copy, Debug)]
struct Cell {
    kind: Kind,
    /// Where the value stands in the text, in bytes.
    start: u32,
    end: u32,
    /// The index of the cell behind this value's subtree.
    next: u32,
    /// For a string with escapes: where its decoded form lies in `Document::decoded`.
    decoded: Option<(u32, u32)>,
}

/// A parsed JSON text.
#[derive(Clone, Debug)]
pub struct Document {
    text: Box<str>,
    cells: Vec<Cell>,
    decoded: String,
    duplicates: Vec<u32>,
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
        match cell.decoded {
            Some((start, end)) => &self.decoded[start as usize..end as usize],
            None => &self.text[cell.start as usize + 1..cell.end as usize - 1],
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
        self.index < index && index < self.cell().next
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
    pub fn items(self) -> impl Iterator<Item = Node<'d>> {
        let cell = self.cell();
        let end = if cell.kind == Kind::Array { cell.next } else { self.index + 1 };
        let mut index = self.index + 1;
        std::iter::from_fn(move || {
            if index >= end {
                return None;
            }
            let node = Node { document: self.document, index };
            index = node.cell().next;
            Some(node)
        })
    }

    /// The members of an object in the order of the text, repeated ones too; none for anything else.
    pub fn members(self) -> impl Iterator<Item = (&'d str, Node<'d>)> {
        self.members_with_keys().map(|(_, name, value)| (name, value))
    }

    fn members_with_keys(self) -> impl Iterator<Item = (u32, &'d str, Node<'d>)> {
        let cell = self.cell();
        let end = if cell.kind == Kind::Object { cell.next } else { self.index + 1 };
        let mut index = self.index + 1;
        std::iter::from_fn(move || {
            if index >= end {
                return None;
            }
            let key = index;
            let value = Node { document: self.document, index: key + 1 };
            index = value.cell().next;
            Some((key, self.document.string(self.document.cells[key as usize]), value))
        })
    }

    /// The member of that name; of a repeated one the last.
    pub fn get(self, name: &str) -> Option<Node<'d>> {
        self.members().filter(|(member, _)| *member == name).last().map(|(_, value)| value)
    }
}
