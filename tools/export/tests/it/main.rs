//! Releases: what is in them, that they are the same bytes wherever they are made, and how one takes another's place.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod archives;
mod bundle;
mod database;
mod held;
mod intel;
mod lists;
mod lookup;
mod published;
mod readers;
mod replace;
mod reproducible;
mod verify;
