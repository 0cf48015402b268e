//! What a validation tells, as the document `malpkg.validate`, version 1.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::told::Told;
use crate::context::Context;
use crate::failure::Failure;

#[derive(Serialize)]
struct ValidateV1<'v> {
    format: &'static str,
    version: u32,
    rev: Option<&'v str>,
    base: Option<&'v str>,
    reports: usize,
    unread: usize,
    verdict: &'static str,
    findings: FindingsV1<'v>,
    rules: BTreeMap<&'static str, RuleCountV1>,
}

/// The findings one by one: there may be hundreds of thousands.
struct FindingsV1<'v>(&'v Told);

#[derive(Serialize)]
struct FindingV1<'v> {
    rule: &'static str,
    level: &'static str,
    status: &'static str,
    path: &'v str,
    id: &'v str,
    pointer: &'v str,
    line: Option<usize>,
    column: Option<usize>,
    message: &'v str,
    remedy: &'v str,
}

#[derive(Serialize)]
struct RuleCountV1 {
    level: &'static str,
    introduced: usize,
    present: usize,
    healed: usize,
}

impl Serialize for FindingsV1<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.findings.iter().map(|(status, finding)| FindingV1 {
            rule: finding.rule.name,
            level: finding.level.word(),
            status: status.word(),
            path: self.0.path(finding),
            id: &finding.id,
            pointer: finding.pointer.as_str(),
            line: finding.position.map(|position| position.line),
            column: finding.position.map(|position| position.column),
            message: &finding.message,
            remedy: &finding.remedy,
        }))
    }
}

pub(super) fn write(told: &Told, context: &mut Context<'_>) -> Result<(), Failure> {
    let one = |count: &super::told::Count| RuleCountV1 {
        level: count.level.word(),
        introduced: count.introduced,
        present: count.present,
        healed: count.healed,
    };
    context.write_json(&ValidateV1 {
        format: "malpkg.validate",
        version: 1,
        rev: told.rev.as_deref(),
        base: told.base.as_deref(),
        reports: told.reports,
        unread: told.unread,
        verdict: told.verdict.word(),
        findings: FindingsV1(told),
        rules: told.counts.iter().map(|(name, count)| (*name, one(count))).collect(),
    })
}
