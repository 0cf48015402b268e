//! The parser against a table of texts, and against serde_json on generated and damaged ones.

use osv_schema::{Document, Position, Value};
use proptest::prelude::*;

/// A text, and where and why it is refused; none where it is JSON.
#[track_caller]
fn check(text: &[u8], expected: Option<(usize, &str)>) {
    let found = Document::parse(text).err().map(|error| (error.offset, error.message));
    assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(text));
}

#[test]
fn faults_have_a_place_and_a_reason() {
    check(b"{}", None);
    check(b" [1, -0.5e+3, \"\\ud83d\\ude00\", true, false, null] \n", None);
    check(b"", Some((0, "the document ends where a value should stand")));
    check(b"\xef\xbb\xbf{}", Some((0, "the document begins with a byte-order mark")));
    check(b"{\"a\": \"\xff\"}", Some((7, "the document is not UTF-8")));
    check(b"{} x", Some((3, "there is more text behind the end of the value")));
    check(b"{\"a\" 1}", Some((5, "expected a colon behind the name of a member")));
    check(b"{\"a\": 1,}", Some((8, "a comma must not stand before the end of an object")));
    check(b"[1,]", Some((3, "a comma must not stand before the end of an array")));
    check(b"{a: 1}", Some((1, "expected the name of a member in double quotes")));
    check(b"[01]", Some((2, "a number must not begin with a zero")));
    check(b"[1.]", Some((3, "expected a digit")));
    check(b"[-]", Some((2, "expected a digit")));
    check(b"[1e]", Some((3, "expected a digit")));
    check(b"[\"\\x\"]", Some((3, "this escape is not one of JSON's")));
    check(b"[\"\\u12g4\"]", Some((4, "expected four hexadecimal digits")));
    check(b"[\"\\ud800\"]", Some((2, "half of a surrogate pair stands alone")));
    check(b"[\"\\udc00\\ud800\"]", Some((2, "half of a surrogate pair stands alone")));
    check(b"[\"\n\"]", Some((2, "a control character must be escaped in a string")));
    check(b"[\"a", Some((3, "the document ends inside a string")));
    check(b"[tru]", Some((1, "expected a value")));
    check(b"[NaN]", Some((1, "expected a value")));
    check(b"'a'", Some((0, "expected a value")));
    check("[".repeat(129).as_bytes(), Some((128, "the document nests deeper than 128 levels")));
    check(format!("{}{}", "[".repeat(128), "]".repeat(128)).as_bytes(), None);
}

#[test]
fn a_document_over_the_size_limit_is_refused_before_it_is_read() {
    let huge = vec![b' '; osv_schema::json::SIZE_MAX + 1];
    check(&huge, Some((osv_schema::json::SIZE_MAX, "the document is larger than 64 MiB")));
}

#[test]
fn repeated_members_are_remembered_with_their_place() {
    let text = br#"{"a": [{"b": 1, "\u0062": 2}], "c": {}, "a": 3}"#;
    let document = Document::parse(text).unwrap();
    let found: Vec<_> = document.duplicates().map(|d| (d.name(), d.span().start, d.pointer().to_string())).collect();
    assert_eq!(found, [("b", 16, "/a/0/b".to_owned()), ("a", 40, "/a".to_owned())]);
    assert_eq!(document.at("/a").unwrap().spelling(), "3", "of a repeated member the last one counts");
}

#[test]
fn many_members_are_searched_for_repeats_without_squaring() {
    let members: Vec<String> = (0..200_000).map(|n| format!("\"k{n}\":0")).collect();
    let document = Document::parse(format!("{{{},\"k7\":1}}", members.join(",")).as_bytes()).unwrap();
    assert_eq!(document.duplicates().map(|d| d.name().to_owned()).collect::<Vec<_>>(), ["k7"]);
}

#[test]
fn pointers_follow_rfc_6901() {
    let document = Document::parse(br#"{"a/b": {"m~n": [10, 20]}, "": 5}"#).unwrap();
    let at = |pointer: &str| document.at(pointer).map(osv_schema::Node::spelling);
    assert_eq!(at("/a~1b/m~0n/1"), Some("20"));
    assert_eq!(at("/"), Some("5"));
    assert_eq!(at("").map(str::len), Some(document.text().len()));
    assert_eq!(at("/a~1b/m~0n/01"), None);
    assert_eq!(at("/a~1b/m~0n/2"), None);
    assert_eq!(at("a"), None);
    let pointer = osv_schema::Pointer::root().member("a/b").member("m~n").item(1);
    assert_eq!(pointer.as_str(), "/a~1b/m~0n/1");
}

#[test]
fn positions_count_lines_and_characters() {
    let text = "a\n\u{e9}\u{e9}x".as_bytes();
    assert_eq!(Position::of(text, 0), Position { line: 1, column: 1 });
    assert_eq!(Position::of(text, 2), Position { line: 2, column: 1 });
    assert_eq!(Position::of(text, 6), Position { line: 2, column: 3 });
    assert_eq!(Position::of(text, 999), Position { line: 2, column: 4 });
}

/// Any JSON, with names and strings that need escapes.
fn any_json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    scalar.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(" ,\n"))),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(k, v)| format!("{} : {v}", serde_json::to_string(k).unwrap())).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_what_was_read(text in any_json()) {
        let read = Value::from(Document::parse(text.as_bytes()).unwrap().root());
        let written = osv_schema::write::canonical(&read);
        let again = Value::from(Document::parse(written.as_bytes()).unwrap().root());
        prop_assert_eq!(&read, &again);
        prop_assert_eq!(&written, &osv_schema::write::canonical(&again));
    }

    #[test]
    fn serde_json_agrees_on_what_is_json(mut text in any_json().prop_map(String::into_bytes), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let at = at.index(text.len());
        text[at] = byte;
        let ours = Document::parse(&text);
        // serde_json refuses numbers too large for it, and takes a lone surrogate nowhere; nothing else may differ.
        match serde_json::from_slice::<serde_json::Value>(&text) {
            Ok(_) => prop_assert!(ours.is_ok(), "{:?}: {:?}", String::from_utf8_lossy(&text), ours.err()),
            Err(error) if error.to_string().starts_with("number out of range") => {}
            Err(_) => prop_assert!(ours.is_err(), "{:?}", String::from_utf8_lossy(&text)),
        }
    }
}
