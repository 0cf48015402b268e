//! What must hold of any bytes, over generated ones and over those that once broke it.

mod found;
mod pieces;
mod records;
mod texts;
