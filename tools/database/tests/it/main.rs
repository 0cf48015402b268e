//! Tests of the crate `database` from outside.

mod index;
