//! `malpkg git-driver`: git merges reports by the law of the join, and shows them as people read them.

mod install;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use curate::MeetError;
use database::verdict::Statement;
use database::{REPORT_SIZE_MAX, Report, TreePath};

use crate::command::show;
use crate::context::Context;
use crate::display::Shown;
use crate::exit::Exit;
use crate::failure::Failure;

/// Let git merge reports by what they say, and show in `git diff` what they mean
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Tell git of the drivers: its settings for this repository, and `.gitattributes`
    ///
    /// Prints the plan; `--write` does it. Whoever clones the repository does the same once: git takes no program from a
    /// clone. Where no driver runs, `malpkg merge` joins afterwards.
    Install(install::Arguments),
    /// Join the two sides of a file, as git calls it
    Merge(Merge),
    /// Write a report as people read it, as git calls it
    Text(Text),
}

/// What git says: `%O %A %B %P`.
#[derive(Debug, clap::Args)]
struct Merge {
    /// The file as it was before the branches parted
    #[arg(value_name = "BASE")]
    base: PathBuf,
    /// The file of this branch; the result is written there
    #[arg(value_name = "OURS")]
    ours: PathBuf,
    /// The file of the other branch
    #[arg(value_name = "THEIRS")]
    theirs: PathBuf,
    /// Its path in the tree
    #[arg(value_name = "PATH")]
    path: String,
}

#[derive(Debug, clap::Args)]
struct Text {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match &arguments.task {
        Task::Install(arguments) => install::run(arguments, context),
        Task::Merge(merge) => join(merge, context),
        Task::Text(text) => write_text(&text.file, context),
    }
}

fn join(merge: &Merge, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let path: TreePath = merge.path.parse().map_err(|error| Failure::new(format!("{error}")).place(&merge.path))?;
    let (base, ours, theirs) = (read(&merge.base)?, read(&merge.ours)?, read(&merge.theirs)?);
    // Of a file that both added git gives an empty one for what was before.
    let base = Some(base.as_slice()).filter(|base| !base.is_empty());
    let error = match curate::meet(&path, base, &ours, &theirs) {
        Ok(bytes) => {
            write(&merge.ours, &bytes)?;
            return Ok(Exit::Done);
        }
        Err(error) => error,
    };
    let remedy = match &error {
        MeetError::Ids(_) | MeetError::MalformedIds => {
            "run `malpkg dedupe --write` and `malpkg assign --renumber --base REV --write` with the branch that keeps its \
             ids, then `git add`"
        }
        _ => "settle this file by hand, and keep every origin and every decision of both sides",
    };
    write(&merge.ours, &both(&ours, &theirs))?;
    writeln!(context.err, "{}", Failure::new(error).place(&path).remedy(remedy))?;
    Ok(Exit::Found)
}

/// Both sides with the marks that git writes around them.
fn both(ours: &[u8], theirs: &[u8]) -> Vec<u8> {
    let line = |bytes: &[u8]| if bytes.ends_with(b"\n") || bytes.is_empty() { &b""[..] } else { &b"\n"[..] };
    [b"<<<<<<< ours\n", ours, line(ours), b"=======\n", theirs, line(theirs), b">>>>>>> theirs\n"].concat()
}

fn write_text(file: &Path, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let bytes = read(file)?;
    let path = "osv/malicious/report.json".parse::<TreePath>().map_err(Failure::new)?;
    let record = if bytes.len() > REPORT_SIZE_MAX { None } else { Report::read(&path, &bytes).record };
    if let Some(statement) = record.and_then(|record| Statement::of(&path, record).ok()) {
        show::write_text(&statement, false, context)?;
        return Ok(Exit::Done);
    }
    for line in String::from_utf8_lossy(&bytes).lines() {
        let line = context.tamed(line);
        writeln!(context.out, "{}", Shown(&line))?;
    }
    Ok(Exit::Done)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| Failure::new(format!("cannot read it: {error}")).place(file.display()))
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(file, bytes).map_err(|error| Failure::new(format!("cannot write it: {error}")).place(file.display()))
}
