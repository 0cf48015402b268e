//! Details: what is written is read as it was, and no text passes for one of our marks.

use database::{Details, Section};

/// Any text as the details of a report, and as what a source says: put beside what was there, it is one section more and
/// changes nothing of the rest.
pub fn details(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(read) = Details::parse(text) else { return put(&Details::default(), text) };
    is_read_as_written(&read);
    put(&Details::default(), text);
    put(&read, text);
    // What stands there and what is put need not be the same.
    if let Some((there, said)) = text.split_once('\0')
        && let Ok(there) = Details::parse(there)
    {
        put(&there, said);
    }
}

fn is_read_as_written(details: &Details) {
    let text = details.to_string();
    let again = Details::parse(&text).expect("what is written is read");
    assert_eq!(again.written, details.written);
    assert_eq!(again.sections, sorted(&details.sections));
    assert_eq!(again.to_string(), text, "a second writing changes nothing");
}

fn put(there: &Details, said: &str) {
    let mut more = there.clone();
    more.put("a-source", "c0ffee", said);
    assert_eq!(more.written, there.written);
    assert_eq!(more.sections.len(), there.sections.len() + usize::from(!said.trim().is_empty()));
    is_read_as_written(&more);
}

fn sorted(sections: &[Section]) -> Vec<Section> {
    let mut sections = sections.to_vec();
    sections.sort();
    sections.dedup();
    sections
}
