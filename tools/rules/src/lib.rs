//! What a valid database is, one file a rule; validate and admit.
