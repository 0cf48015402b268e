//! The small formats inside a pack: an object's header, and a delta.

/// What an object's header in the pack says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) form: Form,
    /// How many bytes the data has when it is inflated; for a delta this is the delta itself.
    pub(crate) size: u64,
    /// How many bytes the header takes.
    pub(crate) len: usize,
}

/// How an object is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Whole, with the number of its type.
    Whole(u8),
    /// As a difference to the object that begins so many bytes before.
    DeltaBack(u64),
    /// As a difference to the object of that id.
    DeltaTo([u8; 20]),
}

impl Header {
    pub(crate) fn read(bytes: &[u8]) -> Option<Header> {
        let first = *bytes.first()?;
        let (mut size, mut shift, mut len, mut last) = (u64::from(first & 15), 4, 1, first);
        while last & 0x80 != 0 {
            last = *bytes.get(len)?;
            len += 1;
            size |= u64::from(last & 0x7f).checked_shl(shift).filter(|_| shift < 57)?;
            shift += 7;
        }
        let form = match first >> 4 & 7 {
            kind @ 1..=4 => Form::Whole(kind),
            6 => {
                let mut back = 0_u64;
                loop {
                    let byte = *bytes.get(len)?;
                    len += 1;
                    back = back.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
                    if byte & 0x80 == 0 {
                        break Form::DeltaBack(back);
                    }
                    back += 1;
                }
            }
            7 => {
                let id = *bytes.get(len..)?.first_chunk::<20>()?;
                len += 20;
                Form::DeltaTo(id)
            }
            _ => return None,
        };
        Some(Header { form, size, len })
    }
}

/// How large the object is that a delta makes.
pub(crate) fn result_size(delta: &[u8]) -> Option<u64> {
    let (_, rest) = number(delta)?;
    Some(number(rest)?.0)
}

/// Makes the object of its base and a delta, into `out`. None where the two do not fit.
pub(crate) fn apply(base: &[u8], delta: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (base_size, rest) = number(delta)?;
    let (size, mut rest) = number(rest)?;
    let size = usize::try_from(size).ok()?;
    if base_size != base.len() as u64 {
        return None;
    }
    out.clear();
    out.reserve(size);
    while let Some((&op, tail)) = rest.split_first() {
        rest = tail;
        if op & 0x80 != 0 {
            let (offset, tail) = picked(rest, op & 15, 4)?;
            let (length, tail) = picked(tail, op >> 4 & 7, 3)?;
            rest = tail;
            let length = if length == 0 { 0x10000 } else { length };
            out.extend_from_slice(base.get(offset..offset.checked_add(length)?)?);
        } else {
            let (new, tail) = rest.split_at_checked(usize::from(op)).filter(|_| op != 0)?;
            rest = tail;
            out.extend_from_slice(new);
        }
        if out.len() > size {
            return None;
        }
    }
    (out.len() == size).then_some(())
}

/// A number of which the delta holds only the bytes that are not zero.
fn picked(mut rest: &[u8], which: u8, bytes: u32) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for at in 0..bytes {
        if which >> at & 1 != 0 {
            let (&byte, tail) = rest.split_first()?;
            value |= usize::from(byte) << (8 * at);
            rest = tail;
        }
    }
    Some((value, rest))
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (at, &byte) in bytes.iter().enumerate().take(9) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_tells_type_and_size() {
        let header = |bytes: &[u8]| Header::read(bytes).map(|header| (header.form, header.size, header.len));
        assert_eq!(header(&[0x3a]), Some((Form::Whole(3), 10, 1)));
        assert_eq!(header(&[0xba, 0x01]), Some((Form::Whole(3), 26, 2)));
        assert_eq!(header(&[0x61, 0x81, 0x00]), Some((Form::DeltaBack(256), 1, 3)));
        assert_eq!(header(&[0x0a]), None);
        assert_eq!(header(&[0x5a]), None);
        assert_eq!(header(&[]), None);
        assert_eq!(header(&[0xff; 30]), None);
        assert_eq!(header(&[0x71, 1, 2]), None);
    }

    #[test]
    fn a_delta_copies_and_inserts() {
        let mut out = Vec::new();
        let delta = [5, 7, 0x90, 3, 2, b'x', b'y', 0x91, 3, 2];
        assert_eq!(apply(b"abcde", &delta, &mut out), Some(()));
        assert_eq!(out, b"abcxyde");
        assert_eq!(result_size(&delta), Some(7));
    }

    #[test]
    fn a_delta_that_lies_makes_nothing() {
        let mut out = Vec::new();
        for delta in [
            &[5, 7][..],         // too little
            &[4, 3, 0x90, 3],    // another base
            &[5, 3, 0x91, 3, 3], // beyond the base
            &[5, 2, 0x90, 3],    // too much
            &[5, 1, 0],          // the reserved operation
            &[5, 3, 3, b'x'],    // cut short
            &[5, 3, 0xff],       // numbers cut short
            &[0xff; 12],         // a size without an end
        ] {
            assert_eq!(apply(b"abcde", delta, &mut out), None, "{delta:?}");
        }
    }
}
