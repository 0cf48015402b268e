//! The program `malpkg`: the process's arguments and streams into [`malpkg::run`], the exit code out.

use std::process::ExitCode;

/// Reading a report is a hundred small allocations; docs/dependencies.md says what this one spares.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let exit = malpkg::run(std::env::args_os(), &mut std::io::stdout().lock(), &mut std::io::stderr());
    ExitCode::from(exit as u8)
}
