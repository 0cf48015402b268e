//! What is told of the quarantine: for people, and as `malpkg.quarantine`.

use intake::Held;
use serde::Serialize;

use crate::context::Context;
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;

/// How much of a document people are shown, in bytes.
const SHOWN_MAX: usize = 2_000;

#[derive(Serialize)]
struct QuarantineV1<'q> {
    format: &'static str,
    version: u32,
    documents: Vec<HeldV1<'q>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

#[derive(Serialize)]
struct HeldV1<'q> {
    source: &'q str,
    key: &'q str,
    delivery: &'q str,
    rule: &'q str,
    pointer: &'q str,
    message: &'q str,
    remedy: &'q str,
    first_seen: &'q str,
    sha256: Option<&'q str>,
    size: Option<u64>,
    path: Option<String>,
}

fn held_v1(held: &Held) -> HeldV1<'_> {
    HeldV1 {
        source: &held.source,
        key: &held.key,
        delivery: &held.delivery,
        rule: &held.rule,
        pointer: &held.pointer,
        message: &held.message,
        remedy: &held.remedy,
        first_seen: &held.first_seen,
        sha256: Some(held.sha256.as_str()).filter(|sha256| !sha256.is_empty()),
        size: held.size,
        path: held.path("reason.toml").map(|path| path.to_string()),
    }
}

/// What is in quarantine, two lines each.
pub(super) fn list(held: &[Held], context: &mut Context<'_>) -> Result<Exit, Failure> {
    if context.wants_json() {
        let documents = held.iter().map(held_v1).collect();
        context.write_json(&QuarantineV1 { format: "malpkg.quarantine", version: 1, documents, text: None })?;
        return Ok(Exit::Done);
    }
    for one in held {
        let key: String = one.key.chars().take(12).collect();
        writeln!(
            context.out,
            "{} {} {} since {}",
            Shown(&key),
            Shown(&one.source),
            Shown(&one.delivery),
            Shown(&one.first_seen)
        )?;
        let message = context.tamed_words(&one.message);
        writeln!(context.out, "  {}: {}", Shown(&one.rule), Shown(&message))?;
    }
    writeln!(context.out, "{} in quarantine", count(held.len(), "document"))?;
    Ok(Exit::Done)
}

/// One document.
pub(super) fn show(held: &Held, bytes: Option<&[u8]>, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let text = bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    if context.wants_json() {
        let documents = vec![held_v1(held)];
        context.write_json(&QuarantineV1 { format: "malpkg.quarantine", version: 1, documents, text })?;
        return Ok(Exit::Done);
    }
    let (message, remedy) = (context.tamed_words(&held.message), context.tamed_words(&held.remedy));
    writeln!(context.out, "{} from {}, since {}", Shown(&held.delivery), Shown(&held.source), Shown(&held.first_seen))?;
    let pointer = if held.pointer.is_empty() { String::new() } else { format!(" {}", Shown(&held.pointer)) };
    writeln!(context.out, "{}{pointer}: {}", Shown(&held.rule), Shown(&message))?;
    writeln!(context.out, "  = help: {}", Shown(&remedy))?;
    let Some(text) = text else {
        writeln!(context.out, "its bytes were not kept")?;
        return Ok(Exit::Done);
    };
    let shown: String = text.chars().take(SHOWN_MAX).collect();
    for line in shown.lines() {
        let line = context.tamed(line);
        writeln!(context.out, "  | {}", Shown(&line))?;
    }
    if shown.len() < text.len() {
        writeln!(context.out, "  | … {} bytes more", text.len() - shown.len())?;
    }
    Ok(Exit::Done)
}
