//! Generation, checks of the house, benchmarks and acceptance runs: `cargo xtask <command>`.
//!
//! The checks of the house are tests (`tests/tidy.rs`), so that the README's test command runs them.

mod accept;
mod accept_columns;
mod accept_hostile;
mod accept_intel;
mod accept_lists;
mod arrivals;
mod bench;
mod ci;
mod corpus;
mod deliveries;
mod doubles;
mod fuzz;
mod generate;
mod laws;
mod process;
mod roundtrip;
mod rules;
mod runs;
mod serving;
mod sources;
mod storage;
mod upload;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the house
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Read and write every report below a folder, and prove that nothing is lost
    Roundtrip {
        /// The folder, for example that of an unpacked corpus
        folder: PathBuf,
    },
    /// Make a git repository of made-up reports with the shape of real ones
    Corpus {
        /// How many reports
        #[arg(long, default_value_t = 250_000)]
        reports: u64,
        /// How many commits make them
        #[arg(long, default_value_t = 400)]
        commits: u64,
        /// What all of it is a function of
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Make a bare repository, without files on the disk
        #[arg(long)]
        bare: bool,
        /// The folder, which must not be there yet
        #[arg(long)]
        out: PathBuf,
    },
    /// Make docs/rules.md from the pages of the rules
    Rules {
        /// Only say whether it is up to date
        #[arg(long)]
        check: bool,
    },
    /// Make docs/sources.md, and the keys of a source in schema/malpkg-config.json, from their lists
    Sources {
        /// Only say whether they are up to date
        #[arg(long)]
        check: bool,
    },
    /// Measure against git and Info-ZIP in the same run
    Bench {
        /// A folder that holds the `osv/` of a corpus, or a git repository of one
        #[arg(long)]
        corpus: Option<PathBuf>,
        /// How many reports to make up where no corpus is named
        #[arg(long, default_value_t = 250_000)]
        reports: u64,
        /// How many runs of each command are counted
        #[arg(long, default_value_t = 5)]
        runs: usize,
    },
    /// Measure what it costs to take in a few deliveries, and very many
    Deliveries {
        /// A git repository of a corpus; it stays as it is
        #[arg(long)]
        corpus: Option<PathBuf>,
        /// How many reports to make up where no corpus is named
        #[arg(long, default_value_t = 250_000)]
        reports: u64,
        /// How many deliveries are many
        #[arg(long, default_value_t = 100_000)]
        deliveries: u64,
        /// How many runs with a few are counted
        #[arg(long, default_value_t = 5)]
        runs: usize,
    },
    /// Run the whole line on real data: a corpus, and deliveries to it
    Replay {
        /// A folder that holds the `osv/` of a corpus
        #[arg(long)]
        corpus: PathBuf,
        /// A folder with deliveries, at any depth
        #[arg(long)]
        deliveries: PathBuf,
    },
    /// Kill runs at random moments: nothing is lost, and the next run completes each
    Crash {
        /// How often
        #[arg(long, default_value_t = 500)]
        times: usize,
    },
    /// Make releases over older ones along many commits, in full, and with other surroundings: the bytes are the same
    Identical {
        /// Along how many commits
        #[arg(long, default_value_t = 300)]
        commits: usize,
    },
    /// Let writers with clones of their own push to one repository: every delivery gets in, no number is given twice
    Race {
        /// How many writers
        #[arg(long, default_value_t = 8)]
        writers: usize,
        /// How many deliveries each of them has
        #[arg(long, default_value_t = 2_000)]
        deliveries: usize,
    },
    /// Hold the join to its laws: order, batches and repeats decide nothing, and what a person settled holds
    Laws {
        /// How many cases each law is tried with
        #[arg(long, default_value_t = 100_000)]
        cases: usize,
        /// A folder with real reports that the laws are tried with besides
        #[arg(long)]
        corpus: Option<PathBuf>,
    },
    /// Let pairs of branches meet that changed the same reports: with the driver, without it, and in one go
    Drivers {
        /// How many pairs
        #[arg(long, default_value_t = 1_000)]
        pairs: usize,
    },
    /// Make one report each of groups of reports on one package, spelled and known otherwise
    Dedupe {
        /// How many groups
        #[arg(long, default_value_t = 500)]
        groups: usize,
        /// A folder that holds the `osv/` of a corpus, of which reports get a double; without one, made-up reports do
        #[arg(long)]
        corpus: Option<PathBuf>,
    },
    /// Merge real arrivals into a corpus, and compare with what upstream made of them
    Arrivals {
        /// A folder that holds the `osv/` of a corpus
        #[arg(long)]
        corpus: PathBuf,
        /// A folder with a folder for each arrival
        #[arg(long)]
        arrivals: PathBuf,
        /// A folder that holds the `osv/` of the corpus as upstream left it
        #[arg(long)]
        after: PathBuf,
    },
    /// Publish our own reports and let real clients read them
    Accept {
        /// Where clients are installed that are not on the machine yet
        #[arg(long, default_value = "target/clients")]
        clients: PathBuf,
        /// The program that publishes; without it the release build, built now if it is not
        #[arg(long)]
        tool: Option<PathBuf>,
    },
    /// Read a source from a real S3 server: all of it, after a kill, and what is new
    Storage {
        /// How many objects the bucket has
        #[arg(long, default_value_t = 5_000)]
        objects: usize,
        /// Where the server is installed that is not on the machine yet
        #[arg(long, default_value = "target/clients")]
        clients: PathBuf,
    },
    /// Bring releases to a real S3 server: only what changed, and whole whenever an upload is killed
    Upload {
        /// How many uploads are killed
        #[arg(long, default_value_t = 200)]
        kills: usize,
        /// Where the server is installed that is not on the machine yet
        #[arg(long, default_value = "target/clients")]
        clients: PathBuf,
    },
    /// What the workflows do, one command a step
    Ci {
        #[command(subcommand)]
        step: ci::Step,
    },
    /// Look for input that breaks what must hold of any
    Fuzz {
        /// For how long each target runs
        #[arg(long, default_value_t = 600)]
        seconds: u64,
        /// The targets; all of them where none is named
        targets: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Rules { check } => rules::run(std::path::Path::new("."), check),
        Task::Sources { check } => sources::run(std::path::Path::new("."), check),
        Task::Roundtrip { folder } => roundtrip::run(&folder),
        Task::Corpus { reports, commits, seed, bare, out } => {
            generate::run_plan(&generate::Plan { reports, commits, seed, is_bare: bare }, &out)
        }
        Task::Bench { corpus, reports, runs } => bench::run(corpus.as_deref(), reports, runs),
        Task::Deliveries { corpus, reports, deliveries, runs } => {
            deliveries::run(corpus.as_deref(), reports, deliveries, runs)
        }
        Task::Replay { corpus, deliveries } => corpus::replay(&corpus, &deliveries),
        Task::Crash { times } => runs::crash(times),
        Task::Identical { commits } => runs::identical(commits),
        Task::Race { writers, deliveries } => runs::race(writers, deliveries),
        Task::Laws { cases, corpus } => {
            corpus.map_or(Ok(()), |corpus| laws::real(&corpus)).and_then(|()| runs::laws(cases))
        }
        Task::Dedupe { groups, corpus } => runs::dedupe(groups).and_then(|()| doubles::run(groups, corpus.as_deref())),
        Task::Drivers { pairs } => runs::drivers(pairs),
        Task::Arrivals { corpus, arrivals, after } => arrivals::run_all(&corpus, &arrivals, &after),
        Task::Accept { clients, tool } => accept::run(&clients, tool),
        Task::Storage { objects, clients } => storage::run(objects, &clients),
        Task::Upload { kills, clients } => upload::run(kills, &clients),
        Task::Ci { step } => ci::run_step(step),
        Task::Fuzz { seconds, targets } => fuzz::run(&targets, seconds),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            process::say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}
