//! The rules: every page is executed, and the list, the files and the pages agree.

mod admit;
mod bytes;
mod pages;
mod schema;
