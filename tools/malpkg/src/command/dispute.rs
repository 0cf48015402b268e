//! `malpkg dispute`: somebody says that a report is wrong, and shows it; consumers see it, and no verdict changes until it is settled.

use clap::builder::PossibleValuesParser;
use curate::{Deed, OPEN, PROOFS};
use osv_schema::Timestamp;

use super::decide::{self, Deciding};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Open a dispute about reports, or settle it
///
/// Prints the plan; nothing is written without `--write` or `--commit`. An open dispute is shown to everybody who asks about
/// the package, and changes no verdict: whoever could open gates by saying so would.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Somebody says that the reports are wrong, and shows how
    Open {
        #[command(flatten)]
        deciding: Box<Deciding>,
        /// How it is shown
        #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(PROOFS))]
        proof: String,
        /// Until when it is to be settled: a date, or a time
        #[arg(long, value_name = "DATE", value_parser = date)]
        deadline: Option<Timestamp>,
    },
    /// They are wrong: the reports are taken back, or no longer mean the versions of `--clear`
    Uphold {
        #[command(flatten)]
        deciding: Box<Deciding>,
        /// How it was shown
        #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(PROOFS))]
        proof: Option<String>,
        /// Only these versions are not malicious
        #[arg(long, value_name = "VERSION,…", value_delimiter = ',')]
        clear: Vec<String>,
    },
    /// They are right: the reports stay as they are
    Refuse {
        #[command(flatten)]
        deciding: Box<Deciding>,
        /// How it was shown
        #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(PROOFS))]
        proof: Option<String>,
    },
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match &arguments.action {
        Action::Open { deciding, proof, deadline } => {
            if !deciding.has_evidence() {
                let failure = Failure::new("a dispute says where its proof is");
                return Err(failure.remedy("name a page with `--evidence URL`"));
            }
            let deed = Deed::Dispute { proof: proof.clone(), deadline: *deadline };
            decide::run(deciding, "dispute", deed, OPEN, context)
        }
        Action::Uphold { deciding, clear, .. } => {
            let clear = clear.iter().map(|version| version.trim().to_owned()).collect();
            decide::run(deciding, "uphold", Deed::Uphold(clear), "upheld", context)
        }
        Action::Refuse { deciding, .. } => decide::run(deciding, "refuse", Deed::Refuse, "refused", context),
    }
}

/// A day or a moment.
pub(crate) fn date(text: &str) -> Result<Timestamp, String> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    whole.parse().map_err(|_| "write a date as 2026-01-31".to_owned())
}
