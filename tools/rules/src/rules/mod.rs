//! The rules, one file each with its page beside it. A new one is a line in each of the two lists here.

use crate::Rule;

mod duplicate_id;
mod filename_mismatch;
mod invalid_id;
mod malformed_json;
mod misplaced_withdrawn;
mod old_ecosystem_folder;
mod path_mismatch;
mod schema_violation;
mod stray_file;
mod unknown_ecosystem;
mod unreadable_report;

/// Every rule, by name.
pub static RULES: &[&Rule] = &[
    &duplicate_id::RULE,
    &filename_mismatch::RULE,
    &invalid_id::RULE,
    &malformed_json::RULE,
    &misplaced_withdrawn::RULE,
    &old_ecosystem_folder::RULE,
    &path_mismatch::RULE,
    &schema_violation::RULE,
    &stray_file::RULE,
    &unknown_ecosystem::RULE,
    &unreadable_report::RULE,
];
