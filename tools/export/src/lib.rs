//! A snapshot as archives and lists; reproducible.
