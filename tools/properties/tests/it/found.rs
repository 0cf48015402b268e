//! What once broke a property, found by a fuzzer or by a test.

/// A door, and bytes that once broke something behind it.
type Found = (fn(&[u8]), &'static [u8]);

const FOUND: &[Found] = &[
    // A report that lies in a base itself had a place that was no path.
    (properties::path, b"osv/malicious/MAL-2026-1.json"),
    // Half a separator became a whole one when the text was written again: at the very end, before the first heading, and
    // before white space that goes away.
    (properties::details, b"x\n---\n_-= Per source details. Do not edit below this line.=-_"),
    (
        properties::details,
        b"A\n---\n_-= Per source details. Do not edit below this line.=-_\n---\n_-= Per source details. Do not edit below \
          this line.=-_\nB",
    ),
    (
        properties::details,
        b"A\n---\n_-= Per source details. Do not edit below this line.=-_\n\n## Source: a (0)\n---\n_-= Per source \
          details. Do not edit below this line.=-_",
    ),
    (
        properties::details,
        b"x\n---\n_-= Per source details. Do not edit below this line.=-_ \n---\n_-= Per source details. Do not edit below \
          this line.=-_\n",
    ),
    // The schema was asked about a value that a later member of the name hides.
    (properties::record, br#"{"affected":[{"database_specific":null}],"affected":[]}"#),
];

#[test]
fn what_was_found_does_not_come_back() {
    for (property, bytes) in FOUND {
        property(bytes);
    }
}
