//! Reading declared sources: their places, seen from the database, and what stands for the rules of today.

use std::path::{Path, PathBuf};

use intake::{Asked, Cursor, Place, PlaceError, Reading, Source};
use osv_schema::Timestamp;
use rules::Settings;
use store::Store;

use crate::failure::Failure;

/// Where sources are read from, and when.
pub(crate) struct Sources<'s> {
    pub store: &'s Store,
    /// The prefix of our ids.
    pub prefix: &'s str,
    pub now: Timestamp,
}

impl Sources<'_> {
    /// Reads inputs as if a source had sent them; without any, the source's own place from its cursor on.
    pub(crate) fn read(&self, source: &Source, inputs: &[String], since: Option<&Cursor>) -> Result<Reading, Failure> {
        if let Some(reason) = &source.paused {
            let failure = Failure::new(format!("the source `{}` is paused: {reason}", source.id));
            return Err(failure.remedy(format!("`malpkg source resume {}` ends the pause", source.id)));
        }
        self.look(source, inputs, since)
    }

    /// The same, also of a source that is paused.
    pub(crate) fn look(&self, source: &Source, inputs: &[String], since: Option<&Cursor>) -> Result<Reading, Failure> {
        let cache = self.cache();
        let asked = Asked { source, prefix: self.prefix, cache: cache.as_deref(), since: None, now: self.now };
        let Some((first, more)) = inputs.split_first() else {
            let Some(from) = &source.from else {
                let failure = Failure::new(format!("the source `{}` has no place to read from", source.id));
                return Err(failure.remedy("name a folder or file, or say `from` in malpkg.toml"));
            };
            let base = self.store.work_tree().unwrap_or(Path::new("."));
            let place = Place::of_source(from, source.branch.as_deref(), base)?;
            return Ok(intake::read(&place, Asked { since, ..asked })?);
        };
        let one = |input: &String| intake::read(&Place::of_input(input, Path::new("."))?, asked);
        let mut reading = one(first)?;
        for input in more {
            let next = one(input)?;
            reading.is_whole &= next.is_whole;
            reading.taken.deliveries.extend(next.taken.deliveries);
            reading.taken.refused.extend(next.taken.refused);
            reading.taken.accepted.extend(next.taken.accepted);
            reading.taken.left_out += next.taken.left_out;
        }
        // What is named by hand moves no cursor: nobody knows how it stands to the source's own place.
        reading.cursor = None;
        Ok(reading)
    }

    /// The folder into which repositories are fetched.
    fn cache(&self) -> Option<PathBuf> {
        let kept = self.store.cache_dir().or_else(|| {
            let of_user = std::env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
            let at_home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
            of_user.or_else(at_home).map(|dir| dir.join("malpkg"))
        });
        kept.map(|dir| dir.join("sources"))
    }
}

/// What stands for the rules and how strictly they are taken, for documents in quarantine: the same on every machine.
pub(crate) fn rules_mark(settings: &Settings) -> String {
    let mut all = format!("{} {}", env!("CARGO_PKG_VERSION"), settings.prefix);
    for rule in rules::RULES {
        all.push_str(&format!("\n{} {}", rule.name, rule.page));
    }
    for (rule, level) in settings.rules() {
        all.push_str(&format!("\n{} {level:?}", rule.name));
    }
    curate::sha256_hex(all.as_bytes())[..16].to_owned()
}

impl From<PlaceError> for Failure {
    fn from(error: PlaceError) -> Failure {
        Failure::new(error.reason).place(error.place).remedy(error.remedy)
    }
}

impl From<intake::QuarantineError> for Failure {
    fn from(error: intake::QuarantineError) -> Failure {
        Failure::new(error.reason).place(error.path).remedy("mend the file, or remove it with the one beside it")
    }
}
