//! What could not be done: what, where, and what to do about it.

use std::fmt;

use database::Rejected;
use serde::Serialize;

use crate::display::Shown;
use crate::exit::Exit;

/// Why a command could not do its work.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    message: String,
    place: Option<String>,
    remedy: Option<String>,
    exit: Exit,
    is_broken_pipe: bool,
}

impl Failure {
    /// A failure with its message: lower case, no full stop.
    pub(crate) fn new(message: impl fmt::Display) -> Failure {
        let message = message.to_string();
        Failure { message, place: None, remedy: None, exit: Exit::Failed, is_broken_pipe: false }
    }

    /// Says where: a file, a revision.
    #[must_use]
    pub(crate) fn place(mut self, place: impl fmt::Display) -> Failure {
        self.place = Some(place.to_string());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub(crate) fn remedy(mut self, remedy: impl fmt::Display) -> Failure {
        self.remedy = Some(remedy.to_string());
        self
    }

    /// Says what to do about it, where that is known.
    #[must_use]
    pub(crate) fn remedies(self, remedy: Option<String>) -> Failure {
        Failure { remedy: remedy.or(self.remedy), ..self }
    }

    /// Ends with another code than 2.
    #[must_use]
    pub(crate) fn exits(mut self, exit: Exit) -> Failure {
        self.exit = exit;
        self
    }

    /// The failure as that of one item of many.
    pub(crate) fn into_rejected(self, rule: &'static str, item: &str) -> Rejected {
        Rejected {
            source: String::new(),
            delivery: item.to_owned(),
            rule,
            pointer: String::new(),
            message: self.message,
            remedy: self.remedy.unwrap_or_default(),
        }
    }

    /// Where, and what could not be done, on one line.
    pub(crate) fn told(&self) -> String {
        let place = self.place.as_ref().map(|place| format!("{}: ", Shown(place))).unwrap_or_default();
        format!("{place}{}", Shown(&self.message))
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Whether the reader of our output went away.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.is_broken_pipe
    }

    /// The document that JSON readers get.
    pub(crate) fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct ErrorV1<'f> {
            format: &'static str,
            version: u32,
            message: &'f str,
            place: Option<&'f str>,
            remedy: Option<&'f str>,
        }
        let Failure { message, place, remedy, .. } = self;
        let (place, remedy) = (place.as_deref(), remedy.as_deref());
        let document = ErrorV1 { format: "malpkg.error", version: 1, message, place, remedy };
        // A struct of strings always serializes.
        serde_json::to_string(&document).unwrap_or_default()
    }
}

/// One line for what and where, one for the remedy.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.told())?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n  help: {}", Shown(remedy)),
            None => Ok(()),
        }
    }
}

/// Writing our own output failed.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        let is_broken_pipe = error.kind() == std::io::ErrorKind::BrokenPipe;
        Failure { is_broken_pipe, ..Failure::new(format!("cannot write the output: {error}")) }
    }
}

impl From<database::ReadError> for Failure {
    fn from(error: database::ReadError) -> Failure {
        Failure::new(error.reason).place(error.path)
    }
}
