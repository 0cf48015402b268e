//! Two folders change places.

use std::fs;
use std::io;
use std::path::Path;

/// Exchanges two folders in one step. False, and nothing done, where the system or the file system cannot.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub(super) fn in_one_step(one: &Path, other: &Path) -> io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        // The last two are one number on Linux, and two on macOS.
        Err(error) if [Errno::NOSYS, Errno::INVAL, Errno::OPNOTSUPP, Errno::NOTSUP].contains(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(super) fn in_one_step(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Puts `new` in the place of `dir`, with a moment between two steps at which there is no `dir`. It lies at `aside`
/// then, and is brought back by the next run if this one is killed.
pub(super) fn in_two_steps(new: &Path, dir: &Path, aside: &Path) -> io::Result<()> {
    fs::rename(dir, aside)?;
    if let Err(error) = fs::rename(new, dir) {
        fs::rename(aside, dir)?;
        return Err(error);
    }
    fs::rename(aside, new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_end_alike() {
        let parent = tempfile::tempdir().unwrap();
        let at = |name: &str| parent.path().join(name);
        for (name, text) in [("new", "1"), ("out", "2")] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("file"), text).unwrap();
        }
        let texts = || ["new", "out"].map(|name| fs::read_to_string(at(name).join("file")).unwrap());
        in_two_steps(&at("new"), &at("out"), &at("aside")).unwrap();
        assert_eq!(texts(), ["2", "1"]);
        assert!(!at("aside").exists());
        if in_one_step(&at("new"), &at("out")).unwrap() {
            assert_eq!(texts(), ["1", "2"]);
        }
    }

    #[test]
    fn a_second_step_that_fails_takes_the_first_one_back() {
        let parent = tempfile::tempdir().unwrap();
        let at = |name: &str| parent.path().join(name);
        fs::create_dir(at("out")).unwrap();
        in_two_steps(&at("absent"), &at("out"), &at("aside")).unwrap_err();
        assert!(at("out").exists() && !at("aside").exists());
    }
}
