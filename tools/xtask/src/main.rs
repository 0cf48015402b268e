//! Generation, checks of the house, benchmarks and acceptance runs.

fn main() {}
