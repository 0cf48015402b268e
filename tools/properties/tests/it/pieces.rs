//! Texts put together of the pieces with which they go wrong: those that the fuzzer is given too.

use proptest::prelude::*;

pub(crate) const DETAILS: &str = include_str!("../../pieces/details.dict");
pub(crate) const PATH: &str = include_str!("../../pieces/path.dict");
pub(crate) const PURL: &str = include_str!("../../pieces/purl.dict");
pub(crate) const RECORD: &str = include_str!("../../pieces/record.dict");
pub(crate) const REPOSITORY: &str = include_str!("../../pieces/repository.dict");

/// Bytes of some pieces, of letters and digits, and of any other characters.
pub(crate) fn bytes(pieces: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let piece = prop_oneof![
        4 => prop::sample::select(read(pieces)),
        2 => "[a-zA-Z0-9]{1,4}".prop_map(String::into_bytes),
        1 => any::<char>().prop_map(|c| String::from(c).into_bytes()),
        1 => "\\PC{0,3}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// The pieces of a dictionary of libFuzzer's: on each line one in double quotes, with `\\`, `\"` and `\x00` in it.
pub(crate) fn read(dictionary: &str) -> Vec<Vec<u8>> {
    let lines = dictionary.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| piece(line).unwrap_or_else(|| panic!("no piece: {line}"))).collect()
}

fn piece(line: &str) -> Option<Vec<u8>> {
    let mut rest = line.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
    let mut piece = Vec::new();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let read = match byte {
            b'\\' if rest.starts_with(b"x") => {
                let digits = std::str::from_utf8(rest.get(1..3)?).ok()?;
                rest = &rest[3..];
                u8::from_str_radix(digits, 16).ok()?
            }
            b'\\' => {
                let (&escaped, tail) = rest.split_first().filter(|(byte, _)| b"\\\"".contains(byte))?;
                rest = tail;
                escaped
            }
            b'"' => return None,
            byte => byte,
        };
        piece.push(read);
    }
    Some(piece)
}

#[test]
fn a_dictionary_is_read_as_the_fuzzer_reads_it() {
    assert_eq!(read("# no piece\n\n\"a\\x0a\\\\\\\"b\"\n\"c\""), [b"a\n\\\"b".to_vec(), b"c".to_vec()]);
    for pieces in [DETAILS, PATH, PURL, RECORD, REPOSITORY] {
        assert!(read(pieces).len() > 20);
    }
}
