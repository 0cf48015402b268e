//! The command line: arguments to operations, findings to text and JSON.
//!
//! The program is a function, [`run`]: arguments and streams in, an [`Exit`] out. A command reads what it needs
//! through `store`, calls one operation of the core, and hands the result to a view.

mod against;
mod aliases;
mod arguments;
mod beside;
mod campaigns;
mod change;
mod command;
mod config;
mod context;
mod differing;
mod display;
mod exit;
mod failure;
mod kept;
mod landing;
mod likeness;
mod listed;
mod past;
mod planning;
mod progress;
mod release;
mod resolve;
mod scores;
mod sources;
mod streams;
mod turned;
mod waiting;

use std::ffi::OsString;
use std::io::Write;

use clap::Parser;

use crate::arguments::{Arguments, Format};
use crate::context::Context;
pub use crate::exit::Exit;
use crate::failure::Failure;

/// Runs one command. What it answers goes to `out`, what it says beside that to `err`.
pub fn run(arguments: impl IntoIterator<Item = OsString>, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let wants_json = asks_for_json(&arguments);
    let parsed = match Arguments::try_parse_from(&arguments) {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error, wants_json, out, err),
    };
    let program = arguments.first().map_or("malpkg".into(), |program| program.to_string_lossy().into_owned());
    let mut context = Context::new(program, parsed.general, out, err);
    let format = context.general.format;
    if format.is_of_findings() && !matches!(parsed.command, arguments::Command::Validate(_)) {
        context.general.format = Format::Text;
        let failure =
            Failure::new("only findings have this format").remedy("ask `malpkg validate` for it, or use json");
        return tell(&failure, &mut context);
    }
    if format == Format::Markdown && !matches!(parsed.command, arguments::Command::Triage(_)) {
        context.general.format = Format::Text;
        let failure = Failure::new("only `malpkg triage` answers in this format").remedy("use text or json");
        return tell(&failure, &mut context);
    }
    let done = match parsed.command {
        arguments::Command::Validate(arguments) => command::validate::run(&arguments, &mut context),
        arguments::Command::Explain(arguments) => command::explain::run(&arguments, &mut context),
        arguments::Command::New(arguments) => command::new::run(&arguments, &mut context),
        arguments::Command::Fmt(arguments) => command::fmt::run(&arguments, &mut context),
        arguments::Command::Ingest(arguments) => command::ingest::run(&arguments, &mut context),
        arguments::Command::Source(arguments) => command::source::run(&arguments, &mut context),
        arguments::Command::Quarantine(arguments) => command::quarantine::run(&arguments, &mut context),
        arguments::Command::Assign(arguments) => command::assign::run(&arguments, &mut context),
        arguments::Command::Merge(arguments) => command::merge::run(&arguments, &mut context),
        arguments::Command::Withdraw(arguments) => command::withdraw::run(&arguments, &mut context),
        arguments::Command::Reinstate(arguments) => command::reinstate::run(&arguments, &mut context),
        arguments::Command::Narrow(arguments) => command::narrow::run(&arguments, &mut context),
        arguments::Command::Approve(arguments) => command::approve::run(&arguments, &mut context),
        arguments::Command::Dispute(arguments) => command::dispute::run(&arguments, &mut context),
        arguments::Command::Triage(arguments) => command::triage::run(&arguments, &mut context),
        arguments::Command::Backtest(arguments) => command::backtest::run(&arguments, &mut context),
        arguments::Command::Coverage(arguments) => command::coverage::run(&arguments, &mut context),
        arguments::Command::Undo(arguments) => command::undo::run(&arguments, &mut context),
        arguments::Command::Export(arguments) => command::export::run(&arguments, &mut context),
        arguments::Command::Verify(arguments) => command::verify::run(&arguments, &mut context),
        arguments::Command::Pull(arguments) => command::pull::run(&arguments, &mut context),
        arguments::Command::Query(arguments) => command::query::run(&arguments, &mut context),
        arguments::Command::Dedupe(arguments) => command::dedupe::run(&arguments, &mut context),
        arguments::Command::Show(arguments) => command::show::run(&arguments, &mut context),
        arguments::Command::Log(arguments) => command::log::run(&arguments, &mut context),
        arguments::Command::Diff(arguments) => command::diff::run(&arguments, &mut context),
        arguments::Command::Stats(arguments) => command::stats::run(&arguments, &mut context),
        arguments::Command::GitDriver(arguments) => command::git_driver::run(&arguments, &mut context),
        arguments::Command::Path(arguments) => command::path::run(&arguments, &mut context),
        arguments::Command::Version(arguments) => command::version::run(&arguments, &mut context),
        arguments::Command::Affected(arguments) => command::affected::run(&arguments, &mut context),
    };
    done.unwrap_or_else(|failure| tell(&failure, &mut context))
}

/// Whether JSON was asked for, also where the arguments as a whole could not be read.
fn asks_for_json(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument == "--format=json")
        || arguments.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
}

fn usage(error: &clap::Error, wants_json: bool, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    if !error.use_stderr() {
        // `--help` and `--version` are answers.
        return match write!(out, "{error}") {
            Ok(()) => Exit::Done,
            Err(_) => Exit::Failed,
        };
    }
    let text = error.to_string();
    if wants_json {
        let told = text.split("\n\nUsage:").next().unwrap_or_default().trim_start_matches("error: ");
        let message = told.split_whitespace().collect::<Vec<_>>().join(" ");
        let failure = Failure::new(message).remedy("see `malpkg --help`");
        // Nobody is left to be told when the streams themselves fail.
        let _ = writeln!(out, "{}", failure.to_json());
    } else {
        let _ = write!(err, "{text}");
    }
    Exit::Failed
}

fn tell(failure: &Failure, context: &mut Context<'_>) -> Exit {
    if failure.is_broken_pipe() {
        // The reader has seen enough, as in `malpkg validate | head`.
        return failure.exit();
    }
    let _ = match context.general.format {
        Format::Json => writeln!(context.out, "{}", failure.to_json()),
        Format::Text | Format::Markdown | Format::Sarif | Format::Github => writeln!(context.err, "{failure}"),
    };
    failure.exit()
}
