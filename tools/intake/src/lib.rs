//! Where findings come from, and their formats.
