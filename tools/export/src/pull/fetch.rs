//! One file of a release, fetched and held to what is known of it before anybody reads it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::Error;
use crate::manifest::FileFacts;
use crate::output::hex;
use crate::pull::place::{Opened, Place, Trouble};

/// How often in a row nothing may come.
const TRIES: u32 = 4;
/// How long the first pause is; each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);

/// Where a publisher may keep files under their SHA-256: there they are also while their names are on the way to the next
/// release.
const BY_HASH: &str = "by-hash";

/// Fetches a file into a folder that is ours, by its name or else by its hash.
pub(super) fn fetch(place: &Place, path: &str, facts: &FileFacts, dir: &Path) -> Result<(), Error> {
    let into = dir.join(path);
    let by_name = fetch_as(place, path, facts, &into);
    if !matches!(by_name, Err(Error::Unlike { .. })) {
        return by_name;
    }
    fs::remove_file(&into).map_err(Error::io("remove", &into))?;
    // What is wrong is said of the name: most publishers know no other.
    fetch_as(place, &format!("{BY_HASH}/{}", facts.sha256), facts, &into).or(by_name)
}

/// Fetches a file. What came before a break is kept, and the rest is asked for.
fn fetch_as(place: &Place, path: &str, facts: &FileFacts, into: &Path) -> Result<(), Error> {
    if let Some(folder) = into.parent() {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    let unlike = |reason: String| Error::Unlike { path: place.shown(path), reason };
    let file = File::options().read(true).write(true).create_new(true).open(into);
    let mut out = Growing { file: file.map_err(Error::io("create", into))?, hasher: Sha256::new(), size: 0 };
    let mut tries = Tries::default();
    loop {
        let came_before = out.size;
        let end = match place.open(path, out.size) {
            Ok(Opened { begins, reader }) => {
                if begins != out.size {
                    out.begin_again().map_err(Error::io("write", into))?;
                }
                // One byte more than there should be tells that there is more.
                out.take(reader, facts.size + 1).map_err(Error::io("write", into))?
            }
            Err(Trouble::Missing) => return Err(unlike("the manifest has it, and it is not there".to_owned())),
            Err(Trouble::Lasting(reason)) => return Err(unlike(reason)),
            Err(Trouble::Passing(reason)) => Some(reason),
        };
        if out.size > facts.size {
            return Err(unlike(format!("it is longer than the {} bytes of the manifest", facts.size)));
        }
        if out.size == facts.size {
            break;
        }
        let reason = end.unwrap_or_else(|| "it ended early".to_owned());
        let can_go_on = matches!(place, Place::Http { .. }) && tries.another(out.size > came_before);
        if !can_go_on {
            return Err(unlike(format!("{} of {} bytes came: {reason}", out.size, facts.size)));
        }
    }
    if hex(&out.hasher.finalize()) != facts.sha256 {
        return Err(unlike("its bytes are not those of the manifest".to_owned()));
    }
    Ok(())
}

/// Fetches a small file whose content nothing is known of; none where there is no such file.
pub(super) fn fetch_small(place: &Place, path: &str, size_max: u64) -> Result<Option<Vec<u8>>, Error> {
    let failed = |reason: String| Error::Unlike { path: place.shown(path), reason };
    let mut tries = Tries::default();
    loop {
        let reason = match place.open(path, 0) {
            Ok(Opened { reader, .. }) => {
                let mut bytes = Vec::new();
                match reader.take(size_max + 1).read_to_end(&mut bytes) {
                    Ok(_) if bytes.len() as u64 > size_max => {
                        return Err(failed(format!("it is longer than {size_max} bytes")));
                    }
                    Ok(_) => return Ok(Some(bytes)),
                    Err(error) => error.to_string(),
                }
            }
            Err(Trouble::Missing) => return Ok(None),
            Err(Trouble::Lasting(reason)) => return Err(failed(reason)),
            Err(Trouble::Passing(reason)) => reason,
        };
        if !(matches!(place, Place::Http { .. }) && tries.another(false)) {
            return Err(failed(reason));
        }
    }
}

/// How often nothing came in a row.
#[derive(Default)]
struct Tries(u32);

impl Tries {
    /// Waits a while and says true, or says that it was tried often enough.
    fn another(&mut self, has_come: bool) -> bool {
        self.0 = if has_come { 1 } else { self.0 + 1 };
        if self.0 >= TRIES {
            return false;
        }
        thread::sleep(PAUSE * 2_u32.pow(self.0 - 1));
        true
    }
}

/// A file that grows and is hashed while it does.
struct Growing {
    file: File,
    hasher: Sha256,
    size: u64,
}

impl Growing {
    fn begin_again(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        (self.hasher, self.size) = (Sha256::new(), 0);
        Ok(())
    }

    /// Takes what comes up to a size. What stopped the sender is said, what stopped us is an error.
    fn take(&mut self, mut reader: impl Read, size_max: u64) -> io::Result<Option<String>> {
        let mut buffer = vec![0; 1 << 17];
        while self.size < size_max {
            let most = usize::try_from(size_max - self.size).unwrap_or(usize::MAX).min(buffer.len());
            let length = match reader.read(&mut buffer[..most]) {
                Ok(0) => return Ok(None),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Ok(Some(error.to_string())),
            };
            self.file.write_all(&buffer[..length])?;
            self.hasher.update(&buffer[..length]);
            self.size += length as u64;
        }
        Ok(None)
    }
}
