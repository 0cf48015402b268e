//! The words that the OSV schema lets stand in its enumerations; `rules` tests them against `schema/osv.json`.

/// How the values of a range are ordered.
pub const RANGE_TYPES: &[&str] = &["GIT", "SEMVER", "ECOSYSTEM"];

/// What kind of page a reference leads to.
pub const REFERENCE_TYPES: &[&str] = &[
    "ADVISORY",
    "ARTICLE",
    "DETECTION",
    "DISCUSSION",
    "REPORT",
    "FIX",
    "INTRODUCED",
    "GIT",
    "PACKAGE",
    "EVIDENCE",
    "WEB",
];

/// What somebody did who is thanked.
pub const CREDIT_TYPES: &[&str] = &[
    "FINDER",
    "REPORTER",
    "ANALYST",
    "COORDINATOR",
    "REMEDIATION_DEVELOPER",
    "REMEDIATION_REVIEWER",
    "REMEDIATION_VERIFIER",
    "TOOL",
    "SPONSOR",
    "OTHER",
];

/// The kinds of score.
pub const SEVERITY_TYPES: &[&str] = &["CVSS_V2", "CVSS_V3", "CVSS_V4", "Ubuntu"];

/// What a decision does; the schema of these is `schema/database-specific.json`.
pub const DECISION_KINDS: &[&str] =
    &["withdraw", "reinstate", "narrow", "lift", "undo", "approve", "dispute", "as-found", "hand-edit"];

/// What a malicious package is, in one word; the schema of these and the next is `schema/database-specific.json`.
pub const PACKAGE_KINDS: [&str; 8] =
    ["malware", "hijack", "typosquat", "dependency-confusion", "protestware", "spam", "research", "test"];

/// How sure that is, the surest first.
pub const CONFIDENCES: [&str; 3] = ["confirmed", "likely", "claimed"];
