//! `malpkg backtest`: past deliveries under another configuration, and what would be different.

mod at_hand;
mod past;
mod replay;
mod view;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use database::{CONFIG_FILE, Snapshot, TreePath};
use intake::{FREQUENT_FILE, RULES_FILE};
use osv_schema::Timestamp;
use rules::{CAMPAIGNS_FILE, PROTECTED_FOLDER};

use self::at_hand::AtHand;
use crate::config::Config;
use crate::context::{Context, Reading};
use crate::exit::Exit;
use crate::failure::Failure;

/// Replay past deliveries under another configuration, and tell what would be different
///
/// Of each delivery that was taken in since then it is asked whether its source would be read, whether its settings would let
/// it in, whether the rules and the protected names would, and whether somebody would have to look. What reports say of it
/// today tells how that ended. Documents in quarantine are tried again under the new configuration. What no report remembers, as
/// the names of documents and results of analysis that met no rule, is replayed from documents at hand (`--source`). Nothing
/// is written.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The other configuration: a file as `malpkg.toml`, or a folder with one and with `config/` beside it
    ///
    /// Protected names, campaigns and rules for analysis results are those of the database where the folder has none.
    #[arg(long, value_name = "FILE|DIR")]
    config: PathBuf,

    /// How far back: so many hours, days, weeks, months or years (`48h`, `30d`, `6m`), or since a day (2026-01-31)
    #[arg(long, value_name = "TIME", default_value = "6m")]
    since: String,

    /// Read documents of this source, too, under both configurations, and tell what only one of them takes
    #[arg(long, value_name = "ID")]
    source: Option<String>,

    /// Folders and files with its documents, or `-` for standard input; without any, the source's own place
    #[arg(value_name = "INPUT", requires = "source")]
    inputs: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let now = context.now();
    let since = since(&arguments.since, now)?;
    let reading = context.at_head(&store)?;
    let after = other(&arguments.config, &reading)?;
    let progress = context.progress("reading what was taken in");
    let past = past::read(&reading, [&reading.config, &after], since)?;
    progress.say("replaying");
    let gained = replay::gained(&store, &reading, &after, since, now)?;
    let configs = [&reading.config, &after];
    let at_hand = arguments.source.as_ref().map(|source| {
        let at_hand = AtHand { source, inputs: &arguments.inputs, store: &store, reading: &reading, now };
        at_hand.compare(configs)
    });
    let at_hand = at_hand.transpose()?;
    let [before, after] =
        [0, 1].map(|which| replay::replay(&past, replay::Under { configs, which }, reading.reports(), now));
    drop(progress);
    let told = view::Told {
        commit: reading.commit_id(),
        since,
        config: &arguments.config,
        past: &past,
        before,
        after,
        gained,
        at_hand,
    };
    view::write(&told, context)?;
    Ok(Exit::Done)
}

/// The other configuration, with the names and the rules of the database where it brings none.
fn other(place: &Path, reading: &Reading) -> Result<Config, Failure> {
    let wrong = |error: std::io::Error| Failure::new(error).place(place.display());
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    if place.is_dir() {
        for file in [CONFIG_FILE, CAMPAIGNS_FILE, RULES_FILE, FREQUENT_FILE] {
            match std::fs::read(place.join(file)) {
                Ok(bytes) => drop(files.insert(file.to_owned(), bytes)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && file != CONFIG_FILE => {}
                Err(error) => return Err(Failure::new(error).place(place.join(file).display())),
            }
        }
        for entry in std::fs::read_dir(place.join(PROTECTED_FOLDER)).into_iter().flatten() {
            let entry = entry.map_err(wrong)?;
            let name = format!("{PROTECTED_FOLDER}/{}", entry.file_name().to_string_lossy());
            files.insert(name, std::fs::read(entry.path()).map_err(wrong)?);
        }
    } else {
        files.insert(CONFIG_FILE.to_owned(), std::fs::read(place).map_err(wrong)?);
    }
    if !files.contains_key(RULES_FILE) {
        for file in [RULES_FILE, FREQUENT_FILE] {
            if let Some(bytes) = reading.snapshot.read_path(file)? {
                files.entry(file.to_owned()).or_insert(bytes.to_vec());
            }
        }
    }
    let path = |name: String| TreePath::new(name).map_err(Failure::new);
    let listed: Vec<(TreePath, Arc<[u8]>)> =
        files.into_iter().map(|(name, bytes)| Ok((path(name)?, bytes.into()))).collect::<Result<_, Failure>>()?;
    let (has_protected, has_campaigns) = (
        listed.iter().any(|(path, _)| path.is_in(PROTECTED_FOLDER)),
        listed.iter().any(|(path, _)| path.as_str() == CAMPAIGNS_FILE),
    );
    let mut config = Config::read(&Snapshot::of_files(listed)).map_err(|failure| failure.place(place.display()))?;
    if !has_protected {
        config.settings.protected = reading.config.settings.protected.clone();
    }
    if !has_campaigns {
        config.settings.campaigns = reading.config.settings.campaigns.clone();
    }
    Ok(config)
}

/// The time that a word means, seen from now. A month counts 30 days, a year 365.
fn since(word: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    const UNITS: [(char, i64); 5] =
        [('h', 3_600), ('d', 86_400), ('w', 7 * 86_400), ('m', 30 * 86_400), ('y', 365 * 86_400)];
    let span = UNITS.into_iter().find_map(|(unit, seconds)| {
        let number: u32 = word.strip_suffix(unit)?.parse().ok()?;
        Timestamp::from_unix(now.unix().checked_sub(i64::from(number).checked_mul(seconds)?)?)
    });
    let day = || format!("{word}T00:00:00Z").parse().ok();
    span.or_else(|| word.parse().ok()).or_else(day).ok_or_else(|| {
        Failure::new("this is no time").place(word).remedy("write for example 48h, 30d, 6m, 1y, or a day as 2026-01-31")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_span_or_a_day() {
        let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let since = |word: &str| since(word, now).ok().map(|time| time.to_string());
        assert_eq!(since("48h").as_deref(), Some("2026-05-30T12:00:00Z"));
        assert_eq!(since("30d"), since("1m"));
        assert_eq!(since("2026-01-31").as_deref(), Some("2026-01-31T00:00:00Z"));
        assert_eq!(since("2026-01-31T01:00:00Z").as_deref(), Some("2026-01-31T01:00:00Z"));
        for word in ["", "d", "-1d", "99999999999y", "soon", "2026-13-01"] {
            assert_eq!(since(word), None, "{word}");
        }
    }
}
