//! Why a text is no version.

use thiserror::Error;

use super::Order;

/// A text that is no version of an order.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} is no {order} version: {fault}", shown(.text))]
pub struct InvalidVersion {
    order: Order,
    text: String,
    fault: Fault,
}

/// What is wrong with a version. Places are bytes from the beginning of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// There is nothing but white space.
    #[error("it is empty")]
    Empty,
    /// A character stands where it cannot.
    #[error("{character:?} cannot stand at byte {at}")]
    Character {
        /// The character.
        character: char,
        /// Where it stands.
        at: usize,
    },
    /// Something is not there.
    #[error("{what} is missing at byte {at}")]
    Missing {
        /// What it is, with its article.
        what: &'static str,
        /// Where it should stand.
        at: usize,
    },
    /// A word stands where only some words can.
    #[error("the suffix at byte {at} is not one of {known}")]
    Suffix {
        /// Where it stands.
        at: usize,
        /// The words that can stand there.
        known: &'static str,
    },
}

impl InvalidVersion {
    pub(super) fn new(order: Order, text: &str, fault: Fault) -> Self {
        Self { order, text: text.to_owned(), fault }
    }

    /// The order that was asked for.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The text, whole.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong with it.
    pub fn fault(&self) -> Fault {
        self.fault
    }
}

impl Fault {
    /// The same fault in a text with so many more bytes before it.
    pub(super) fn moved_by(self, bytes: usize) -> Self {
        match self {
            Self::Empty => Self::Empty,
            Self::Character { character, at } => Self::Character { character, at: at + bytes },
            Self::Missing { what, at } => Self::Missing { what, at: at + bytes },
            Self::Suffix { at, known } => Self::Suffix { at: at + bytes, known },
        }
    }
}

/// The text in quotes, escaped, and cut where nobody would read on: versions come from strangers.
fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}… ({} bytes)", &text[..end], text.len()),
    }
}
