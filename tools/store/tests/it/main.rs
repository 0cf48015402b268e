//! The store against real git and a real disk.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod committing;
mod differing;
mod fixture;
mod following;
mod identity;
mod listing;
mod opening;
mod reading;
mod revisions;
mod staged;
mod writing;
