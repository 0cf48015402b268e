//! Reading what the sources of one run sent; one that cannot be read is told, and the others go on.

use std::time::Instant;

use curate::Delivery;
use intake::Source;
use osv_schema::Timestamp;
use store::Store;

use super::Arguments;
use super::fates::Wanted;
use crate::failure::Failure;
use crate::landing::Ground;
use crate::progress::Progress;
use crate::sources::{Received, Sources};

/// What the sources of a run sent.
pub(super) struct Read<'r> {
    pub(super) store: &'r Store,
    /// Of all of them, source by source.
    pub(super) deliveries: Vec<Delivery>,
    /// Source by source, how it went.
    pub(super) runs: Vec<Run>,
    /// The deliveries whose fate is asked for.
    pub(super) explained: Option<Explained>,
}

/// Whose fate is asked for, and how the whole of the database is asked where nobody of that name was read.
pub(super) struct Explained {
    pub(super) wanted: Wanted,
    pub(super) word: Option<String>,
}

/// How reading one source went.
pub(super) struct Run {
    pub(super) id: String,
    pub(super) received: Result<Received, Failure>,
    /// How long it took.
    pub(super) seconds: f64,
}

/// Reads the sources that were asked for.
pub(super) fn read<'r>(
    arguments: &Arguments,
    ground: &Ground<'_>,
    store: &'r Store,
    now: Timestamp,
    progress: &Progress,
) -> Result<Read<'r>, Failure> {
    let config = &ground.config;
    let asked = asked(arguments, ground)?;
    let sources = Sources { store, prefix: &config.settings.prefix, now };
    let explained = arguments.explain.as_ref();
    let explained = explained.map(|word| Explained { wanted: Wanted::word(word), word: Some(word.clone()) });
    let mut read = Read { store, deliveries: Vec::new(), runs: Vec::new(), explained };
    for source in asked {
        progress.say(&format!("reading what {} sent", source.id));
        let started = Instant::now();
        let mut received = sources.receive(source, &arguments.inputs, &ground.reading.snapshot, &config.settings);
        if let Ok(received) = &mut received {
            read.deliveries.append(&mut received.deliveries());
        }
        let seconds = started.elapsed().as_secs_f64();
        read.runs.push(Run { id: source.id.clone(), received, seconds });
    }
    match &mut read.runs[..] {
        // Where nothing else could go on, the failure is the answer.
        [Run { received: received @ Err(_), .. }] => {
            let failed = std::mem::replace(received, Err(Failure::new("the source could not be read")));
            Err(failed.err().unwrap_or_else(|| unreachable!("it was matched as an error")))
        }
        _ => Ok(read),
    }
}

/// The sources that were asked for, each once; where none was, all that can be read.
fn asked<'g>(arguments: &Arguments, ground: &'g Ground<'_>) -> Result<Vec<&'g Source>, Failure> {
    let config = &ground.config;
    let mut asked: Vec<&Source> = Vec::new();
    for id in &arguments.source {
        let source = config.source(id)?;
        if !asked.iter().any(|there| there.id == source.id) {
            asked.push(source);
        }
    }
    if asked.len() > 1 && !arguments.inputs.is_empty() {
        let failure = Failure::new("documents named by hand are those of one source");
        return Err(failure.remedy("name one `--source` with them"));
    }
    if asked.is_empty() {
        asked.extend(config.sources.values().filter(|source| source.from.is_some() && source.paused.is_none()));
    }
    if asked.is_empty() {
        let failure = Failure::new("no declared source can be read: each is paused or has no place");
        return Err(failure.remedy("name a source and its documents: `malpkg ingest --source ID DIR`"));
    }
    Ok(asked)
}
