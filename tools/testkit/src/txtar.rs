//! The text form of a fixture, as Go's tools have it (`txtar`).

/// The files of a fixture, in its order.
pub(crate) fn parse(text: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(path) = marked(line) {
            files.push((path.to_owned(), String::new()));
        } else if let Some((_, content)) = files.last_mut() {
            content.push_str(line);
        }
    }
    files
}

fn marked(line: &str) -> Option<&str> {
    let path = line.trim_end().strip_prefix("-- ")?.strip_suffix(" --")?.trim();
    (!path.is_empty()).then_some(path)
}
