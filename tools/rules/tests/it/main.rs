//! The rules: every page is executed, and the list, the files and the pages agree.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod admit;
mod bytes;
mod change;
mod compare;
mod contribution;
mod history;
mod pages;
mod schema;
mod shared;
