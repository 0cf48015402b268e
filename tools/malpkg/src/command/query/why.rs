//! Why a report lists what it lists: who says it, what was decided, and since when.

use curate::{Because, What, Who};
use database::verdict::Statement;
use osv_schema::{Member, Range};
use serde::Serialize;

use crate::context::Context;
use crate::display::Shown;
use crate::failure::Failure;

/// One version or range.
#[derive(Serialize)]
pub(super) struct WhyV1 {
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    meant: bool,
    because: Vec<BecauseV1>,
}

/// Something that speaks for it or against it: a source, or a decision.
#[derive(Default, Serialize)]
struct BecauseV1 {
    r#for: bool,
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    but: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<String>,
}

/// Why a report lists what it lists, and not what it does not.
pub(super) fn of(statement: &Statement) -> Vec<WhyV1> {
    let why = curate::why(&statement.record);
    why.into_iter()
        .map(|why| {
            let (version, range) = match why.what {
                What::Version(version) => (Some(version), None),
                What::Range(range) => (None, Some(vers(statement, range))),
            };
            let because = why.because.into_iter().map(because).collect();
            WhyV1 { version, range, meant: why.is_meant, because }
        })
        .collect()
}

/// A range as the answer writes ranges; one that has no such form as it stands.
fn vers(statement: &Statement, range: Range) -> String {
    let mut alone = statement.clone();
    if let Some([affected]) = alone.record.affected.value_mut().map(Vec::as_mut_slice) {
        affected.ranges = Member::Value(vec![range.clone()]);
    }
    alone.vers().pop().unwrap_or_else(|| osv_schema::write::compact(&range))
}

fn because(because: Because) -> BecauseV1 {
    let told = BecauseV1 { r#for: because.speaks_for, since: because.since, ..BecauseV1::default() };
    match because.who {
        Who::Source { source, id, sha256, but } => BecauseV1 { source: Some(source), id, sha256, but, ..told },
        Who::Decision { kind, reason, by, evidence } => {
            BecauseV1 { decision: Some(kind), reason, by, evidence, ..told }
        }
    }
}

/// The same for people.
pub(super) fn write(why: &[WhyV1], context: &mut Context<'_>) -> Result<(), Failure> {
    for one in why {
        let what = one.version.as_deref().or(one.range.as_deref()).unwrap_or_default();
        let meant = if one.meant { "is meant" } else { "is not meant" };
        writeln!(context.out, "      {} {meant}", Shown(what))?;
        for because in &one.because {
            let since = because.since.as_deref().unwrap_or("an unknown time");
            let text = context.tamed(&told(because));
            writeln!(context.out, "        since {}: {}", Shown(since), Shown(&text))?;
        }
    }
    Ok(())
}

fn told(because: &BecauseV1) -> String {
    if let Some(source) = &because.source {
        let id = because.id.as_deref().map_or_else(String::new, |id| format!(" ({id})"));
        let but = because.but.map_or_else(String::new, |but| format!(", but {but}"));
        return format!("source {source}{id} says so{but}");
    }
    let word = |word: &Option<String>, before: &str| {
        word.as_deref().map_or_else(String::new, |word| format!("{before}{word}"))
    };
    format!(
        "decision {}{}{}{}",
        because.decision.as_deref().unwrap_or_default(),
        word(&because.by, " by "),
        word(&because.reason, ", "),
        word(&because.evidence, ", see ")
    )
}
