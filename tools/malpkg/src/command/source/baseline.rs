//! `malpkg source baseline`: what many packages do, counted over results at hand.

use database::ChangeSet;
use intake::{Baseline, FREQUENT_FILE, Format};

use crate::context::Context;
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{self, Landing};
use crate::planning::amend;
use crate::sources::Sources;

pub(super) fn run(id: &str, inputs: &[String], landing: &Landing, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let progress = context.progress("counting");
    let ground = landing.ground(&store, context)?;
    let source = ground.config.source(id)?;
    if source.format != Format::PackageAnalysis {
        let failure = Failure::new(format!("the source `{id}` sends no analysis results"));
        return Err(failure.remedy("name one whose format is `package-analysis`"));
    }
    let sources = Sources { store: &store, prefix: &ground.config.settings.prefix, now: context.now() };
    let counted = sources.count(source, inputs)?;
    if counted.results() == 0 {
        let failure = Failure::new("there is no result of a run among the documents");
        return Err(failure.remedy("name a folder or an archive with results of Package Analysis"));
    }
    let landed = ground.land(context, &progress, |reading, config| {
        let mut changes = ChangeSet::default();
        let list = counted.to_toml().into_bytes();
        if reading.snapshot.read_path(FREQUENT_FILE)?.as_deref() != Some(list.as_slice()) {
            let path = FREQUENT_FILE.parse().map_err(|error: database::InvalidPath| Failure::new(error))?;
            changes.put_file(path, list);
        }
        let (results, version) = (counted.results(), env!("CARGO_PKG_VERSION"));
        let message =
            format!("source: what is frequent in {results} results of {id}\n\nSource: {id}\nTool: malpkg {version}\n");
        amend(reading, &config.settings, changes, message, ())
    })?;
    drop(progress);
    let summary = summary(&counted);
    if landed.commit.is_none() && !landing.write && !context.wants_json() {
        for line in counted.to_toml().lines() {
            let line = context.tamed_words(line);
            writeln!(context.out, "{}", Shown(&line))?;
        }
    }
    landing::view::write(&landed.planned.plan, landing::view::Told::of(&landed, landing, &summary), context)?;
    Ok(Exit::Done)
}

fn summary(counted: &Baseline) -> String {
    let results = usize::try_from(counted.results()).unwrap_or(usize::MAX);
    format!("{} counted, {} left out", count(results, "result"), counted.left_out)
}
