//! The rules, one file each with its page beside it. A new one is a line in each of the two lists here.

use crate::Rule;

mod affected_missing;
mod affected_several;
mod alias_dropped;
mod backward_range;
mod blank_credit;
mod blank_version;
mod boilerplate_details;
mod broken_details;
mod case_collision;
mod contact_not_url;
mod control_character;
mod credit_dropped;
mod decision_dropped;
mod details_missing;
mod duplicate_alias;
mod duplicate_id;
mod duplicate_package;
mod duplicate_reference;
mod duplicate_version;
mod ecosystem_specific_not_empty;
mod ecosystem_suffix;
mod event_not_single;
mod filename_mismatch;
mod git_range_first;
mod id_beyond_mark;
mod id_year_mismatch;
mod indicator_in_references;
mod introduced_is_fixed;
mod invalid_action_name;
mod invalid_event_version;
mod invalid_id;
mod invalid_indicator;
mod invalid_origin;
mod invalid_repository;
mod invalid_version;
mod kind_missing;
mod live_indicator;
mod look_alike_character;
mod lost_scope;
mod malformed_addition;
mod malformed_alias;
mod malformed_json;
mod malformed_marks;
mod misplaced_withdrawn;
mod modified_before_published;
mod modified_not_later;
mod moving_tag;
mod old_ecosystem_folder;
mod open_range_beside_versions;
mod origin_dropped;
mod origin_hash_form;
mod outside_contribution;
mod package_name_missing;
mod path_mismatch;
mod placeholder_alias;
mod placeholder_version;
mod protected_name;
mod published_later;
mod published_missing;
mod purl_mismatch;
mod purl_with_version;
mod range_not_git;
mod range_type_unsupported;
mod range_without_order;
mod relative_reference;
mod report_deleted;
mod reused_id;
mod schema_violation;
mod self_alias;
mod self_related;
mod several_repositories;
mod shared_alias;
mod stray_file;
mod subject_missing;
mod summary_form;
mod summary_mismatch;
mod summary_missing;
mod template_text;
mod text_direction_codepoint;
mod unknown_campaign;
mod unknown_database_member;
mod unknown_ecosystem;
mod unknown_member;
mod unportable_path;
mod unreadable_report;
mod unsupported_ecosystem;
mod unsupported_schema_version;
mod upstream_is_alias;
mod versions_missing;
mod withdrawn_before_published;
mod zero_commit;

pub use moving_tag::is_moving_tag;

/// Every rule, by name.
pub static RULES: &[&Rule] = &[
    &affected_missing::RULE,
    &affected_several::RULE,
    &alias_dropped::RULE,
    &backward_range::RULE,
    &blank_credit::RULE,
    &blank_version::RULE,
    &boilerplate_details::RULE,
    &broken_details::RULE,
    &case_collision::RULE,
    &contact_not_url::RULE,
    &control_character::RULE,
    &credit_dropped::RULE,
    &decision_dropped::RULE,
    &details_missing::RULE,
    &duplicate_alias::RULE,
    &duplicate_id::RULE,
    &duplicate_package::RULE,
    &duplicate_reference::RULE,
    &duplicate_version::RULE,
    &ecosystem_specific_not_empty::RULE,
    &ecosystem_suffix::RULE,
    &event_not_single::RULE,
    &filename_mismatch::RULE,
    &git_range_first::RULE,
    &id_beyond_mark::RULE,
    &id_year_mismatch::RULE,
    &indicator_in_references::RULE,
    &introduced_is_fixed::RULE,
    &invalid_action_name::RULE,
    &invalid_event_version::RULE,
    &invalid_id::RULE,
    &invalid_indicator::RULE,
    &invalid_origin::RULE,
    &invalid_repository::RULE,
    &invalid_version::RULE,
    &kind_missing::RULE,
    &live_indicator::RULE,
    &look_alike_character::RULE,
    &lost_scope::RULE,
    &malformed_addition::RULE,
    &malformed_alias::RULE,
    &malformed_json::RULE,
    &malformed_marks::RULE,
    &misplaced_withdrawn::RULE,
    &modified_before_published::RULE,
    &modified_not_later::RULE,
    &moving_tag::RULE,
    &old_ecosystem_folder::RULE,
    &open_range_beside_versions::RULE,
    &origin_dropped::RULE,
    &origin_hash_form::RULE,
    &outside_contribution::RULE,
    &package_name_missing::RULE,
    &path_mismatch::RULE,
    &placeholder_alias::RULE,
    &placeholder_version::RULE,
    &protected_name::RULE,
    &published_later::RULE,
    &published_missing::RULE,
    &purl_mismatch::RULE,
    &purl_with_version::RULE,
    &range_not_git::RULE,
    &range_type_unsupported::RULE,
    &range_without_order::RULE,
    &relative_reference::RULE,
    &report_deleted::RULE,
    &reused_id::RULE,
    &schema_violation::RULE,
    &self_alias::RULE,
    &self_related::RULE,
    &several_repositories::RULE,
    &shared_alias::RULE,
    &stray_file::RULE,
    &subject_missing::RULE,
    &summary_form::RULE,
    &summary_mismatch::RULE,
    &summary_missing::RULE,
    &template_text::RULE,
    &text_direction_codepoint::RULE,
    &unknown_campaign::RULE,
    &unknown_database_member::RULE,
    &unknown_ecosystem::RULE,
    &unknown_member::RULE,
    &unportable_path::RULE,
    &unreadable_report::RULE,
    &unsupported_ecosystem::RULE,
    &unsupported_schema_version::RULE,
    &upstream_is_alias::RULE,
    &versions_missing::RULE,
    &withdrawn_before_published::RULE,
    &zero_commit::RULE,
];
