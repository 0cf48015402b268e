//! Steps over many bytes at once, eight in a word: most of a report is indent and the inside of strings.

const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// How many bytes stand before the first one that ends the plain part of a string: a quote, a backslash or a control.
pub(super) fn plain(bytes: &[u8]) -> usize {
    // Below the first byte that counts no other one is marked by a borrow.
    let is_zero = |word: u64| word.wrapping_sub(EACH) & !word;
    let marked = |word: u64| {
        let control = word.wrapping_sub(EACH * 0x20) & !word;
        (is_zero(word ^ (EACH * 0x22)) | is_zero(word ^ (EACH * 0x5c)) | control) & HIGH
    };
    first(bytes, marked, |byte| matches!(byte, b'"' | b'\\' | 0..0x20))
}

/// How many spaces the bytes begin with.
pub(super) fn spaces(bytes: &[u8]) -> usize {
    first(bytes, |word| word ^ (EACH * 0x20), |byte| byte != b' ')
}

/// The place of the first byte that is marked, in words by a bit in it and at the end by itself.
fn first(bytes: &[u8], marked: impl Fn(u64) -> u64, is_marked: impl Fn(u8) -> bool) -> usize {
    let (words, end) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let marks = marked(u64::from_le_bytes(*word));
        if marks != 0 {
            return at * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    words.len() * 8 + end.iter().position(|&byte| is_marked(byte)).unwrap_or(end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Filler up to a place, one byte there, and ends of everything behind it.
    fn text(filler: u8, place: usize, byte: u8) -> Vec<u8> {
        (0..32)
            .map(|at| if at < place { filler } else { 1 })
            .enumerate()
            .map(|(at, b)| if at == place { byte } else { b })
            .collect()
    }

    #[test]
    fn the_first_byte_that_counts_is_found() {
        for (byte, place) in (0..=255_u8).flat_map(|byte| (0..24).map(move |place| (byte, place))) {
            let inside = text(b'a', place, byte);
            let expected = if byte < 0x20 || byte == b'"' || byte == b'\\' { place } else { place + 1 };
            assert_eq!((plain(&inside), plain(&inside[..=place])), (expected, expected), "{byte:#x} at {place}");
            let expected = if byte == b' ' { place + 1 } else { place };
            assert_eq!(spaces(&text(b' ', place, byte)), expected, "{byte:#x} at {place}");
        }
        assert_eq!((plain(b""), spaces(b"")), (0, 0));
    }
}
