//! Reports in a tree: paths, snapshots, change sets and plans.
