//! `malpkg version compare`: which of two versions comes first.

use std::cmp::Ordering;
use std::io::BufRead;

use ecosystem::Ecosystem;
use ecosystem::version::{Order, compare};
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Work with versions as their ecosystems order them
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print `<`, `=` or `>` for two versions
    ///
    /// With `-` in place of them, reads pairs from standard input, a tab between the two, and prints a line for each;
    /// `!` and the reason where one is no version.
    Compare {
        /// The ecosystem, for example `npm` or `PyPI`
        #[arg(long, value_name = "ECOSYSTEM")]
        ecosystem: String,
        /// The first version, or `-`
        a: String,
        /// The second version
        b: Option<String>,
    },
}

#[derive(Serialize)]
struct CompareV1 {
    format: &'static str,
    version: u32,
    ecosystem: String,
    pairs: Vec<PairV1>,
}

#[derive(Serialize)]
struct PairV1 {
    a: String,
    b: String,
    order: Option<&'static str>,
    reason: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let Command::Compare { ecosystem, a, b } = &arguments.command;
    let known = Ecosystem::from_user(ecosystem).map_err(|error| Failure::new(error).place(ecosystem))?;
    let order = Order::of(known.base())
        .ok_or_else(|| Failure::new(format!("versions of {known} have no order")).place(ecosystem))?;
    let is_stream = a == "-" && b.is_none();
    let pairs = match (a.as_str(), b) {
        ("-", None) => pairs_of_input()?,
        (a, Some(b)) => vec![(a.to_owned(), b.clone())],
        (_, None) => return Err(Failure::new("a second version is missing").remedy("name two versions, or `-`")),
    };
    let pairs: Vec<PairV1> = pairs.into_iter().map(|(a, b)| judge(order, a, b)).collect();
    if let ([PairV1 { reason: Some(reason), .. }], false) = (pairs.as_slice(), is_stream) {
        return Err(Failure::new(reason));
    }
    if context.wants_json() {
        let ecosystem = known.to_string();
        context.write_json(&CompareV1 { format: "malpkg.version", version: 1, ecosystem, pairs })?;
    } else {
        for pair in &pairs {
            match (&pair.order, &pair.reason) {
                (Some(order), _) => writeln!(context.out, "{order}")?,
                (None, reason) => {
                    let reason = reason.as_deref().unwrap_or_default();
                    writeln!(context.out, "! {}", crate::display::Shown(reason))?;
                }
            }
        }
    }
    Ok(Exit::Done)
}

fn judge(order: Order, a: String, b: String) -> PairV1 {
    let (word, reason) = match compare(order, &a, &b) {
        Ok(Ordering::Less) => (Some("<"), None),
        Ok(Ordering::Equal) => (Some("="), None),
        Ok(Ordering::Greater) => (Some(">"), None),
        Err(error) => (None, Some(error.to_string())),
    };
    PairV1 { a, b, order: word, reason }
}

/// The pairs on standard input. A line without a tab is a pair with an empty second version, which is none.
fn pairs_of_input() -> Result<Vec<(String, String)>, Failure> {
    let unread = |error: std::io::Error| Failure::new(format!("cannot read standard input: {error}"));
    let lines = std::io::stdin().lock().lines();
    lines
        .map(|line| {
            let line = line.map_err(unread)?;
            let (a, b) = line.split_once('\t').unwrap_or((&line, ""));
            Ok((a.to_owned(), b.to_owned()))
        })
        .collect()
}
