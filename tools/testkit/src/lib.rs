//! A database from a text fixture, and a hermetic git.
