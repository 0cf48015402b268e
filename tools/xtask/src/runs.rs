//! The tests of runs that are killed, of runs that race, and of the laws of the join, more often than the tests do it by
//! themselves.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::process::{Done, TOOL, root, say};

/// Kills so many runs.
pub(crate) fn crash(times: usize) -> Done {
    test("malpkg", "crash::", &[("MALPKG_CRASH_TIMES", times)])?;
    test("malpkg", "killed::", &[("MALPKG_CRASH_TIMES", times)])?;
    say(&format!("{times} runs of each kind were killed: nothing was lost, and the next run completed each"));
    Ok(())
}

/// Makes releases over older ones along so many commits, and in full.
pub(crate) fn identical(commits: usize) -> Done {
    test("malpkg", "identical::", &[("MALPKG_IDENTICAL_COMMITS", commits)])?;
    say(&format!("along {commits} commits a release is the same bytes however it is made"));
    Ok(())
}

/// Lets so many writers push so many deliveries each.
pub(crate) fn race(writers: usize, deliveries: usize) -> Done {
    test("malpkg", "race::", &[("MALPKG_RACE_WRITERS", writers), ("MALPKG_RACE_DELIVERIES", deliveries)])?;
    say(&format!("{writers} writers pushed {deliveries} deliveries each: all are in, and no number is given twice"));
    Ok(())
}

/// Holds the join to its laws with so many made-up cases each.
pub(crate) fn laws(cases: usize) -> Done {
    test("curate", "laws", &[("PROPTEST_CASES", cases)])?;
    say(&format!("the laws of the join hold in {cases} cases each"));
    Ok(())
}

/// Lets so many pairs of branches meet.
pub(crate) fn drivers(pairs: usize) -> Done {
    test("malpkg", "drivers::", &[("MALPKG_DRIVER_PAIRS", pairs)])?;
    say(&format!("{pairs} pairs of branches come to the same tree with the driver, without it, and joined in one go"));
    Ok(())
}

/// Makes one report each of so many groups.
pub(crate) fn dedupe(groups: usize) -> Done {
    test("malpkg", "dedupe::", &[("MALPKG_DEDUPE_GROUPS", groups)])?;
    say(&format!("{groups} groups are one report each: nothing is lost, and every id leads to it"));
    Ok(())
}

/// Runs some of the tests of a crate, with numbers of its own: in the release build, but where another one of the tool is named.
fn test(package: &str, names: &str, numbers: &[(&str, usize)]) -> Done {
    let started = Instant::now();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    let profile = if std::env::var_os(TOOL).is_some() { "dev" } else { "release" };
    command.args(["test", "--profile", profile, "--package", package, "--test", "it", names]).current_dir(root());
    command.envs(numbers.iter().map(|(name, number)| (name, number.to_string())));
    let child = command.stdout(Stdio::piped()).spawn().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let ended = child.wait_with_output().map_err(|error| error.to_string())?;
    let told = String::from_utf8_lossy(&ended.stdout);
    say(&told);
    say(&format!("{:.0} seconds", started.elapsed().as_secs_f64()));
    match ended.status.success() {
        // No test of these names is no success.
        true if told.contains("test result: ok. 0 passed") || !told.contains("test result: ok.") => {
            Err(format!("no test of {package} is called {names}"))
        }
        true => Ok(()),
        false => Err(format!("{names} ended with {}", ended.status)),
    }
}
