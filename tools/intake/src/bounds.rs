//! How much is unpacked: a small archive can hold more than any disk.

use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::rc::Rc;

/// How many times larger than packed a thing may be, once it is large at all. Text of reports reaches a tenth of it.
const RATIO_MAX: u64 = 400;
/// Below this many bytes nobody asks for the ratio.
const RATIO_FROM: u64 = 64 << 20;

/// How much is taken out of one archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many files it may hold.
    pub documents_max: u64,
    /// How many bytes are unpacked.
    pub unpacked_max: u64,
}

/// Why no more is unpacked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Bound {
    #[error("the archive holds more than {0} files")]
    Documents(u64),
    #[error("the archive has more than {0} bytes when it is unpacked")]
    Unpacked(u64),
    #[error("the archive becomes more than {RATIO_MAX} times larger when it is unpacked")]
    Ratio,
    #[error("the archive is damaged or cut off: {0}")]
    Damaged(String),
}

/// What was taken out of one archive so far. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    bounds: Bounds,
    state: Rc<State>,
}

#[derive(Debug, Default)]
struct State {
    packed: Cell<u64>,
    unpacked: Cell<u64>,
    documents: Cell<u64>,
    broken: RefCell<Option<Bound>>,
}

impl Meter {
    pub(crate) fn new(bounds: Bounds) -> Meter {
        Meter { bounds, state: Rc::default() }
    }

    /// One file more.
    pub(crate) fn document(&self) -> Result<(), Bound> {
        self.state.documents.set(self.state.documents.get() + 1);
        match self.state.documents.get() > self.bounds.documents_max {
            true => Err(Bound::Documents(self.bounds.documents_max)),
            false => Ok(()),
        }
    }

    /// So many bytes were read as they were packed.
    pub(crate) fn packed(&self, bytes: u64) {
        self.state.packed.set(self.state.packed.get().saturating_add(bytes));
    }

    fn unpacked(&self, bytes: u64) -> Result<(), Bound> {
        let unpacked = self.state.unpacked.get().saturating_add(bytes);
        self.state.unpacked.set(unpacked);
        if unpacked > self.bounds.unpacked_max {
            return Err(Bound::Unpacked(self.bounds.unpacked_max));
        }
        if unpacked > RATIO_FROM && unpacked / self.state.packed.get().max(1) > RATIO_MAX {
            return Err(Bound::Ratio);
        }
        Ok(())
    }

    /// What ended the unpacking, if anything did.
    pub(crate) fn broken(&self) -> Option<Bound> {
        self.state.broken.borrow().clone()
    }

    /// Remembers what ended the unpacking, and makes an error of it that says nothing for itself.
    pub(crate) fn breaks(&self, bound: Bound) -> io::Error {
        self.state.broken.borrow_mut().get_or_insert(bound);
        io::Error::other(Told)
    }
}

/// The error of a file whose archive tells what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("the archive tells")]
struct Told;

/// Whether somebody else tells what is wrong.
pub(crate) fn is_told(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Told>)
}

/// A reader of packed bytes that counts them.
pub(crate) struct Packed<R>(pub(crate) R, pub(crate) Meter);

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.packed(count as u64);
        Ok(count)
    }
}

/// A reader of unpacked bytes that ends with an error where the bounds do.
pub(crate) struct Counted<R>(pub(crate) R, pub(crate) Meter);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.unpacked(count as u64).map_err(|bound| self.1.breaks(bound))?;
        Ok(count)
    }
}

/// A reader of one stream that all files of an archive are in: damage to it is damage to the archive.
pub(crate) struct Shared<R>(pub(crate) R, pub(crate) Meter);

impl<R: Read> Read for Shared<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match is_told(&error) {
            true => error,
            false => self.1.breaks(Bound::Damaged(error.to_string())),
        })
    }
}
