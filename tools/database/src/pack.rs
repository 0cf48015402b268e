//! How a git pack and each object in it begin: what everybody who writes one has to spell the same.
//!
//! After gitformat-pack(5), version 2.

/// The beginning of a pack of so many objects.
pub fn pack_head(objects: u32) -> [u8; 12] {
    let mut head = *b"PACK\0\0\0\x02\0\0\0\0";
    head[8..].copy_from_slice(&objects.to_be_bytes());
    head
}

/// The beginning of an object: its kind by git's number (1 for a commit, 2 for a tree, 3 for a blob), and its size in bytes,
/// four bits of it in the first byte and seven in each one behind.
pub fn object_head(kind: u8, size: usize) -> Vec<u8> {
    let mut rest = size >> 4;
    let mut head = vec![kind << 4 | (size & 15) as u8];
    while rest > 0 {
        if let Some(last) = head.last_mut() {
            *last |= 0x80;
        }
        head.push((rest & 0x7f) as u8);
        rest >>= 7;
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_go_on_from_byte_to_byte() {
        for (size, expected) in
            [(0, &[0x30][..]), (15, &[0x3f]), (16, &[0xb0, 1]), (300, &[0xbc, 18]), (2048, &[0xb0, 0x80, 1])]
        {
            assert_eq!(object_head(3, size), expected, "{size}");
        }
    }
}
