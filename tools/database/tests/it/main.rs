//! Tests of the crate `database` from outside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod index;
