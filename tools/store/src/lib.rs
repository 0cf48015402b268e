//! Git and the disk: read snapshots, commit admitted changes.
