//! `malpkg withdraw`: reports are taken back.

use clap::builder::PossibleValuesParser;
use curate::{Deed, REASONS_AGAINST};

use super::decide::{self, Deciding};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Take reports back: they say no more that anything is malicious
///
/// Prints the plan; nothing is written without `--write` or `--commit`.
/// The decision is written down in each report and holds whatever its sources send later; the files move to
/// `osv/withdrawn`. `malpkg reinstate` undoes it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    deciding: Deciding,

    /// Why they are taken back
    #[arg(long, value_name = "CODE", value_parser = PossibleValuesParser::new(REASONS_AGAINST))]
    reason: String,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    decide::run(&arguments.deciding, "withdraw", Deed::Withdraw, &arguments.reason, context)
}
