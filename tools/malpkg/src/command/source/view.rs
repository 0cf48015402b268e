//! What is told of sources: for people, and as `malpkg.source`.

use std::collections::BTreeMap;

use intake::keys::KEYS;
use intake::table::FIELDS;
use intake::{Cursor, OwnIds, Source};
use osv_schema::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::scores::ScoreV1;

#[derive(Serialize)]
struct SourceV1<T: Serialize> {
    format: &'static str,
    version: u32,
    #[serde(flatten)]
    told: T,
}

#[derive(Serialize)]
struct KeysV1 {
    keys: Vec<KeyV1>,
    fields: Vec<FieldV1>,
}

#[derive(Serialize)]
struct KeyV1 {
    name: &'static str,
    holds: String,
    default: &'static str,
    meaning: &'static str,
}

#[derive(Serialize)]
struct FieldV1 {
    name: &'static str,
    meaning: &'static str,
}

#[derive(Serialize)]
struct StatusV1<'s> {
    sources: Vec<OneV1<'s>>,
}

#[derive(Serialize)]
struct OneV1<'s> {
    id: &'s str,
    format: &'static str,
    from: Option<&'s str>,
    branch: Option<&'s str>,
    own_ids: &'static str,
    complete: bool,
    trust: &'s str,
    licence: Option<&'s str>,
    paused: Option<&'s str>,
    commit: Option<&'s str>,
    cursor: Option<String>,
    last_success: Option<String>,
    /// How long ago that was.
    lag_seconds: Option<i64>,
    quarantined: usize,
    /// By rule, what of it is in quarantine.
    rejects: &'s BTreeMap<String, usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<&'s ScoreV1>,
}

/// One source and where it stands.
pub(super) struct Status<'s> {
    pub(super) source: &'s Source,
    pub(super) cursor: Option<Cursor>,
    /// By rule, how many of its documents are in quarantine.
    pub(super) held: BTreeMap<String, usize>,
    /// How good it is, where that was asked.
    pub(super) score: Option<ScoreV1>,
}

impl Status<'_> {
    /// When it brought something last, as far as the tree remembers: its cursor, or the newest of its deliveries where
    /// they were counted. A reading that brings nothing leaves no trace there.
    fn last(&self) -> Option<Timestamp> {
        let latest = self.score.as_ref().and_then(|score| score.latest.as_deref()?.parse().ok());
        self.cursor.as_ref().map(|cursor| cursor.time).max(latest)
    }

    /// How long ago that was, in seconds.
    fn lag(&self, now: Timestamp) -> Option<i64> {
        self.last().map(|last| now.unix() - last.unix())
    }

    fn quarantined(&self) -> usize {
        self.held.values().sum()
    }
}

pub(super) fn write(told: impl Serialize, context: &mut Context<'_>) -> Result<(), Failure> {
    context.write_json(&SourceV1 { format: "malpkg.source", version: 1, told })
}

/// Every key and every field.
pub(super) fn keys(context: &mut Context<'_>) -> Result<Exit, Failure> {
    if context.wants_json() {
        let key = |key: &intake::keys::Key| KeyV1 {
            name: key.name,
            holds: key.holds.shown(),
            default: key.default,
            meaning: key.meaning,
        };
        let field = |field: &intake::table::Field| FieldV1 { name: field.name, meaning: field.meaning };
        let told = KeysV1 { keys: KEYS.iter().map(key).collect(), fields: FIELDS.iter().map(field).collect() };
        write(told, context)?;
        return Ok(Exit::Done);
    }
    writeln!(context.out, "keys of [source.ID] in malpkg.toml:")?;
    for key in KEYS {
        writeln!(context.out, "  {} ({}; without it: {})", key.name, key.holds.shown(), key.default)?;
        writeln!(context.out, "      {}", key.meaning)?;
    }
    writeln!(context.out, "fields of a table, for `columns`, `values` and `words`:")?;
    let width = FIELDS.iter().map(|field| field.name.len()).max().unwrap_or_default();
    for field in FIELDS {
        writeln!(context.out, "  {:width$} {}", field.name, field.meaning)?;
    }
    Ok(Exit::Done)
}

/// The sources, one a line.
pub(super) fn status(sources: &[Status<'_>], context: &mut Context<'_>) -> Result<Exit, Failure> {
    let now = context.now();
    if context.wants_json() {
        let told = StatusV1 {
            sources: sources
                .iter()
                .map(|status @ Status { source, cursor, held, score }| OneV1 {
                    id: &source.id,
                    format: source.format.word(),
                    from: source.from.as_deref(),
                    branch: source.branch.as_deref(),
                    own_ids: own_ids(source.own_ids),
                    complete: source.is_complete,
                    trust: &source.trust,
                    licence: source.licence.as_deref(),
                    paused: source.paused.as_deref(),
                    commit: cursor.as_ref().and_then(|cursor| cursor.commit.as_deref()),
                    cursor: cursor.as_ref().map(Cursor::shown),
                    last_success: status.last().map(|last| last.to_string()),
                    lag_seconds: status.lag(now),
                    quarantined: status.quarantined(),
                    rejects: held,
                    score: score.as_ref(),
                })
                .collect(),
        };
        write(told, context)?;
        return Ok(Exit::Done);
    }
    if sources.is_empty() {
        writeln!(context.out, "no source is declared; `malpkg source status --keys` says how")?;
    }
    for status in sources {
        let Status { source, cursor, held, score } = status;
        let from = source.from.as_deref().unwrap_or("what is named on the command line");
        writeln!(context.out, "{} ({}) from {}", source.id, source.format.word(), Shown(from))?;
        if let Some(reason) = &source.paused {
            writeln!(context.out, "  paused: {}", Shown(reason))?;
        }
        if let Some(last) = status.last() {
            let ago = ago(status.lag(now).unwrap_or_default());
            writeln!(context.out, "  last brought something at {last}, {ago}")?;
        }
        match cursor {
            Some(cursor) => writeln!(context.out, "  read up to {}", Shown(&cursor.shown()))?,
            None => writeln!(context.out, "  has no cursor: all of it is read")?,
        }
        if let Some(licence) = &source.licence {
            writeln!(context.out, "  licence: {}", Shown(licence))?;
        }
        if let Some(score) = score {
            writeln!(context.out, "  {}", score.written())?;
        }
        if !held.is_empty() {
            let (documents, id) = (count(status.quarantined(), "document"), &source.id);
            let rules: Vec<String> = held.iter().map(|(rule, number)| format!("{rule} {number}")).collect();
            let rules = rules.join(", ");
            writeln!(
                context.out,
                "  {documents} in quarantine ({}); `malpkg quarantine list {id}` shows them",
                Shown(&rules)
            )?;
        }
    }
    Ok(Exit::Done)
}

/// A span of time as people say it.
fn ago(seconds: i64) -> String {
    match seconds {
        ..0 => "ahead of now".to_owned(),
        0..3_600 => format!("{} ago", count(usize::try_from(seconds / 60).unwrap_or_default(), "minute")),
        3_600..172_800 => format!("{} ago", count(usize::try_from(seconds / 3_600).unwrap_or_default(), "hour")),
        _ => format!("{} ago", count(usize::try_from(seconds / 86_400).unwrap_or_default(), "day")),
    }
}

fn own_ids(own_ids: OwnIds) -> &'static str {
    match own_ids {
        OwnIds::Alias => "alias",
        OwnIds::Keep => "keep",
        OwnIds::Drop => "drop",
    }
}
