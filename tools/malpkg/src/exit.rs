//! What the exit code says. Scripts read it, so a meaning never changes.

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, and nothing was found.
    Done = 0,
    /// Done, and something was found: findings, or a malicious package.
    Found = 1,
    /// It could not be done.
    Failed = 2,
    /// The base moved while this worked, again and again: try again.
    BaseMoved = 3,
    /// Done with data that are too old.
    TooOld = 4,
}

impl Exit {
    /// [`Exit::Found`] if something was found, else [`Exit::Done`].
    pub fn found(something: bool) -> Exit {
        if something { Exit::Found } else { Exit::Done }
    }
}
