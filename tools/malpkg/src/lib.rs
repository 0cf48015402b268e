//! The command line: arguments to operations, findings to text and JSON.
