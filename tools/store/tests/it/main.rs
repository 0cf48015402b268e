//! The store against real git and a real disk.

mod committing;
mod fixture;
mod following;
mod hostile;
mod identity;
mod listing;
mod opening;
mod reading;
mod revisions;
mod writing;
