//! Reports that share a key, under the rules about that.

use database::{Facts, Key, KeyKind};
use rayon::prelude::*;

use crate::{Check, Finding, Settings, SharedSink};

/// Judges the reports that one key leads to.
pub(crate) fn judge_shared(key: &Key, holders: &[&Facts], settings: &Settings, findings: &mut Vec<Finding>) {
    if holders.len() < 2 {
        return;
    }
    for &(rule, level) in settings.rules() {
        if let Check::Shared(kind, check) = rule.check
            && kind == key.kind
        {
            check(key, holders, &mut SharedSink { rule, level, value: &key.word, findings });
        }
    }
}

/// Judges all keys that more than one report has.
pub(crate) fn judge_all_shared(facts: &[Facts], settings: &Settings) -> Vec<Finding> {
    // One kind at a time, and hashes before words: nearly all keys belong to one report alone.
    let of_kind = |&kind: &KeyKind| -> Vec<Finding> {
        let mut hashes: Vec<(u64, u32)> = (0..facts.len() as u32)
            .into_par_iter()
            .flat_map_iter(|at| facts[at as usize].words_of(kind).map(move |word| (kind.hash_of(&word), at)))
            .collect();
        hashes.par_sort_unstable();
        // A report may name itself.
        hashes.dedup();
        let mut findings = Vec::new();
        for same in hashes.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let holders: Vec<&Facts> = same.iter().map(|(_, at)| &facts[*at as usize]).collect();
            let mut keys: Vec<Key> =
                holders.iter().flat_map(|holder| holder.keys()).filter(|key| key.kind == kind).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys.iter().filter(|key| key.hash() == same[0].0) {
                let holders: Vec<&Facts> = holders.iter().copied().filter(|holder| holder.has(key)).collect();
                judge_shared(key, &holders, settings, &mut findings);
            }
        }
        findings
    };
    let is_judged = |kind: &&KeyKind| {
        settings.rules().iter().any(|(rule, _)| matches!(rule.check, Check::Shared(judged, _) if judged == **kind))
    };
    KeyKind::ALL.iter().filter(is_judged).flat_map(of_kind).collect()
}
