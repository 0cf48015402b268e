//! What can be asked of the program, and the help that says so.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use osv_schema::Timestamp;

use crate::command::{
    affected, approve, assign, backtest, coverage, dedupe, diff, dispute, explain, export, fmt, git_driver, ingest,
    log, merge, narrow, new, path, pull, quarantine, query, reinstate, show, source, stats, triage, undo, validate,
    verify, version, withdraw,
};

/// Keep and ask a database of malicious packages
///
/// The database is a git tree with one OSV report a package under `osv/`. Every command finds it upwards from where it
/// is called, and works without configuration.
///
/// Exit codes: 0 done or clean, 1 something was found, 2 could not do it, 3 the base moved (try again), 4 the data are too
/// old.
#[derive(Debug, Parser)]
#[command(name = "malpkg", version, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub general: General,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct General {
    /// The database: a git work tree, a bare repository, or a folder with `osv/` in it
    ///
    /// Without it, the nearest one upwards from here.
    #[arg(long, global = true, value_name = "DIR")]
    pub repo: Option<PathBuf>,

    /// How to answer: `text` for people, `json` for programs; findings also as `sarif` and as `github` annotations, `triage`
    /// also as `markdown`
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Format,

    /// The time that counts as now, for example 2026-01-31T12:00:00Z
    ///
    /// Without it, the system's clock.
    #[arg(long, global = true, value_name = "RFC3339")]
    pub now: Option<Timestamp>,

    /// When to color text: `auto`, `always` or `never`
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", hide_possible_values = true)]
    pub color: Color,

    /// Say nothing beside the answer
    #[arg(long, short, global = true)]
    pub quiet: bool,

    /// Show addresses out of reports as they are, not as `hxxps://x[.]y`
    #[arg(long, global = true)]
    pub live: bool,
}

/// How to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one document, `{"format":"malpkg.<command>","version":1,…}`.
    Json,
    /// What a change does or what waits, for a pull request or an issue.
    Markdown,
    /// Findings for programs that show them: SARIF 2.1.0.
    Sarif,
    /// Findings as commands of a GitHub workflow.
    Github,
}

impl Format {
    /// Whether only findings have the format.
    pub(crate) fn is_of_findings(self) -> bool {
        matches!(self, Format::Sarif | Format::Github)
    }
}

/// When to color text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Validate(validate::Arguments),
    Explain(explain::Arguments),
    New(new::Arguments),
    Fmt(fmt::Arguments),
    Ingest(ingest::Arguments),
    Source(source::Arguments),
    Quarantine(quarantine::Arguments),
    Merge(merge::Arguments),
    Assign(assign::Arguments),
    Dedupe(dedupe::Arguments),
    Withdraw(withdraw::Arguments),
    Reinstate(reinstate::Arguments),
    Narrow(narrow::Arguments),
    Undo(undo::Arguments),
    Approve(approve::Arguments),
    Dispute(dispute::Arguments),
    Triage(triage::Arguments),
    Coverage(coverage::Arguments),
    Backtest(backtest::Arguments),
    Export(export::Arguments),
    Verify(verify::Arguments),
    Pull(pull::Arguments),
    Query(query::Arguments),
    Show(show::Arguments),
    Log(log::Arguments),
    Diff(diff::Arguments),
    Stats(stats::Arguments),
    GitDriver(git_driver::Arguments),
    Path(path::Arguments),
    Version(version::Arguments),
    Affected(affected::Arguments),
}
