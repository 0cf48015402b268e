//! The line that a finding is about, to show.

use osv_schema::Document;
use rules::{Finding, Spot};

use crate::display::Shown;

/// The longest piece of a line that is shown, in characters.
const WIDTH_MAX: usize = 100;

/// The place of a finding in its file.
#[derive(Debug)]
pub(crate) struct Located {
    /// The number of the line.
    pub line_number: usize,
    /// The line as it can be shown, cut to what matters.
    pub line: String,
    /// Where in `line` the fault begins, and how many characters it has.
    pub mark: (usize, usize),
}

/// Finds the line of a finding in the bytes of its file. None where the fault is the file itself.
pub(crate) fn locate(finding: &Finding, bytes: &[u8], document: Option<&Document>) -> Option<Located> {
    let span = match &finding.spot {
        Spot::File => return None,
        Spot::Offset(at) => *at..*at + 1,
        Spot::Pointer(pointer) => {
            let mut pointer = pointer.clone();
            // A member that is missing has no place; what should hold it has.
            loop {
                match document?.at(pointer.as_str()) {
                    Some(node) => break node.span(),
                    None => pointer = pointer.parent()?,
                }
            }
        }
    };
    let line_number = finding.position?.line;
    let start = span.start.min(bytes.len());
    let line_start = bytes[..start].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    let line_end = bytes[start..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |at| start + at);
    let before = shown(&bytes[line_start..start]);
    let fault = shown(&bytes[start..span.end.min(line_end).max(start)]);
    let after = shown(&bytes[span.end.min(line_end).max(start)..line_end]);
    let skip = before.chars().count().saturating_sub(WIDTH_MAX / 2);
    let before: String = before.chars().skip(skip).collect();
    let from = before.chars().count();
    let line: String = format!("{before}{fault}{after}").chars().take(WIDTH_MAX).collect();
    let length = fault.chars().count().clamp(1, (WIDTH_MAX - from).max(1));
    Some(Located { line_number, line, mark: (from, length) })
}

fn shown(bytes: &[u8]) -> String {
    Shown(&String::from_utf8_lossy(bytes).replace('\t', " ").replace('\r', "")).to_string()
}

/// `path`, or `path:line:column`.
pub(crate) fn place(path: &str, finding: &Finding) -> String {
    let path = Shown(path);
    match finding.position {
        Some(position) => format!("{path}:{}:{}", position.line, position.column),
        None => path.to_string(),
    }
}
