//! `malpkg narrow`: reports mean fewer versions, or again those that their sources name.

use clap::builder::PossibleValuesParser;
use curate::{Deed, REASONS_AGAINST, REASONS_FOR};
use osv_schema::Timestamp;

use super::decide::{self, Deciding};
use super::dispute::date;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Let reports mean fewer versions
///
/// Prints the plan with the versions that stay and those that do not; nothing is written without `--write` or `--commit`.
/// What is cleared stays out whoever lists it; what a source says that had not spoken before counts where it names other
/// versions exactly.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    deciding: Deciding,

    #[command(flatten)]
    what: What,

    /// Why
    #[arg(long, value_name = "CODE",
        value_parser = PossibleValuesParser::new(REASONS_AGAINST.into_iter().chain(REASONS_FOR)))]
    reason: String,
}

/// One of these; `--reclaimed` goes with `--keep`.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct What {
    /// These versions stay malicious, and no others
    #[arg(long, value_name = "VERSION,…", value_delimiter = ',', conflicts_with_all = ["clear", "lift"])]
    keep: Vec<String>,

    /// These versions are not malicious
    #[arg(long, value_name = "VERSION,…", value_delimiter = ',', conflicts_with_all = ["reclaimed", "lift"])]
    clear: Vec<String>,

    /// An honest owner has the name since this day: no range stays, and of the versions those that are listed, or those of
    /// `--keep`
    #[arg(long, value_name = "DATE", value_parser = date, conflicts_with = "lift")]
    reclaimed: Option<Timestamp>,

    /// The reports mean again what their sources say
    #[arg(long)]
    lift: bool,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let versions = |listed: &[String]| listed.iter().map(|version| version.trim().to_owned()).collect();
    let What { keep, clear, lift, reclaimed } = &arguments.what;
    let deed = match (reclaimed, keep.is_empty(), lift) {
        (Some(since), ..) if *since > context.now() => {
            let failure = Failure::new(format!("`--reclaimed {since}` is still to come"));
            return Err(failure.remedy("say since which day an honest owner has the name"));
        }
        (Some(since), ..) => Deed::Reclaim(*since, versions(keep)),
        (None, _, true) => Deed::Lift,
        (None, false, _) => Deed::Keep(versions(keep)),
        (None, true, _) => Deed::Clear(versions(clear)),
    };
    let verb = if *lift { "lift" } else { "narrow" };
    decide::run(&arguments.deciding, verb, deed, &arguments.reason, context)
}
