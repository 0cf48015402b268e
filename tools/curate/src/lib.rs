//! How the database changes: ingest joins what sources say.
