//! Progress on a terminal, for anything that takes longer than people like to wait in silence.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A line on the terminal that says what is being done. It goes away when it is dropped.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Begins to say `what`, on a terminal and unless told to be quiet.
    pub(crate) fn begin(is_quiet: bool, what: &str) -> Progress {
        if is_quiet || !std::io::stderr().is_terminal() {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner().with_message(what.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        Progress(bar)
    }

    /// Goes on to say `what`.
    pub(crate) fn say(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
