//! What can be wrong with a lookup file.

use std::path::PathBuf;

/// A lookup file cannot be made or asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite refuses.
    #[error("the lookup file cannot be used")]
    Sqlite(#[from] rusqlite::Error),
    /// It is another file, or of a later version of this tool.
    #[error("`{}` is no lookup file that this version reads", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// It holds what nobody wrote.
    #[error("the lookup file is damaged: {0}")]
    Damaged(String),
}
