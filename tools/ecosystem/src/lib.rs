//! Ecosystems: canonical names, purl, version order, ranges.
