//! Documents from a stream: one, or one a line.

use std::io::{self, BufRead, Read};

use osv_schema::Document as Json;

use crate::{DOCUMENT_SIZE_MAX, Document, Unread};

/// The documents of a stream. If all of it is one JSON value it is one document, else each line that is not blank is
/// one, named after the number of the line.
///
/// # Errors
///
/// The stream cannot be read.
pub fn documents(name: &str, stream: &mut dyn BufRead) -> io::Result<Vec<Document>> {
    let mut documents = Vec::new();
    visit(name, stream, &mut |document| documents.push(document))?;
    Ok(documents)
}

/// Visits the documents of a stream, holding one at a time.
pub(crate) fn visit(name: &str, stream: &mut dyn BufRead, visit: &mut dyn FnMut(Document)) -> io::Result<()> {
    let mut start = Vec::new();
    stream.take(DOCUMENT_SIZE_MAX + 1).read_to_end(&mut start)?;
    let is_whole = start.len() as u64 <= DOCUMENT_SIZE_MAX;
    if is_whole && (Json::parse(&start).is_ok() || !start.trim_ascii().contains(&b'\n')) {
        visit(Document { name: name.to_owned(), bytes: Ok(start) });
        return Ok(());
    }
    lines(name, &mut start.as_slice().chain(stream), visit)
}

/// Visits the lines of a stream that are not blank, each as a document.
pub(crate) fn lines(name: &str, lines: &mut dyn BufRead, visit: &mut dyn FnMut(Document)) -> io::Result<()> {
    for number in 1.. {
        let mut line = Vec::new();
        let size = (&mut *lines).take(DOCUMENT_SIZE_MAX + 1).read_until(b'\n', &mut line)? as u64;
        if size == 0 {
            break;
        }
        let bytes = if size > DOCUMENT_SIZE_MAX {
            let rest = skip_line(lines)?;
            Err(Unread::TooLarge { size: size + rest, size_max: DOCUMENT_SIZE_MAX })
        } else {
            Ok(line)
        };
        if bytes.as_ref().is_ok_and(|line| line.trim_ascii().is_empty()) {
            continue;
        }
        visit(Document { name: format!("{name}:{number}"), bytes });
    }
    Ok(())
}

/// Passes over the rest of a line, and says how long it was.
fn skip_line(stream: &mut dyn BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = stream.fill_buf()?;
        let end = buffer.iter().position(|&b| b == b'\n').map(|at| at + 1);
        let length = end.unwrap_or(buffer.len());
        stream.consume(length);
        skipped += length as u64;
        if end.is_some() || length == 0 {
            return Ok(skipped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, bool)]) {
        let found = documents("-", &mut text.as_bytes()).unwrap();
        let found: Vec<(&str, bool)> = found.iter().map(|d| (d.name.as_str(), d.bytes.is_ok())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_stream_is_one_document_or_one_a_line() {
        check("{\n\"a\": 1\n}\n", &[("-", true)]);
        check("{}\n\n{}\n", &[("-:1", true), ("-:3", true)]);
        check("{\"broken\": ", &[("-", true)]);
        let long = format!("{{}}\n{}\n{{}}\n", "x".repeat(DOCUMENT_SIZE_MAX as usize + 5));
        check(&long, &[("-:1", true), ("-:2", false), ("-:3", true)]);
    }
}
