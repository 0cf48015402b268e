//! `malpkg reinstate`: reports that were taken back stand again.

use clap::builder::PossibleValuesParser;
use curate::{Deed, REASONS_FOR};

use super::decide::{self, Deciding};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Let reports stand again that were withdrawn
///
/// Prints the plan; nothing is written without `--write` or `--commit`.
/// Each says what its sources say now, less what `malpkg narrow` took out of it; the files move back to `osv/malicious`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    deciding: Deciding,

    /// Why they stand again
    #[arg(long, value_name = "CODE", value_parser = PossibleValuesParser::new(REASONS_FOR))]
    reason: String,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    decide::run(&arguments.deciding, "reinstate", Deed::Reinstate, &arguments.reason, context)
}
