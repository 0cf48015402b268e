//! Ids that are a function of what they name: UUIDs of version 5 (RFC 9562, 5.5).

use sha1::{Digest, Sha1};

/// Ours, so that no other publisher's names make the same ids.
const NAMESPACE: [u8; 16] =
    [0x6b, 0x1f, 0x0c, 0x52, 0x8e, 0x37, 0x4d, 0xa9, 0x9b, 0x64, 0x2d, 0xf7, 0x15, 0xc8, 0xe0, 0x3a];

/// The id of what these words name, in their order.
pub(crate) fn uuid(words: &[&str]) -> String {
    let mut hasher = Sha1::new();
    hasher.update(NAMESPACE);
    for (at, word) in words.iter().enumerate() {
        // No word has the sign that parts them: a report's text cannot be made to look like two.
        hasher.update(if at == 0 { "" } else { "\0" });
        hasher.update(word.replace('\0', "\u{fffd}"));
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize()[..16]);
    id[6] = id[6] & 0x0f | 0x50;
    id[8] = id[8] & 0x3f | 0x80;
    let hex = crate::output::hex(&id);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn ids_have_their_form_and_tell_words_apart() {
        let id = uuid(&["malware", "MAL-2026-1"]);
        assert_eq!(id, uuid(&["malware", "MAL-2026-1"]));
        assert_eq!((id.len(), &id[14..15]), (36, "5"));
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        assert_ne!(uuid(&["a", "b"]), uuid(&["ab"]));
        assert_ne!(uuid(&["a", "b"]), uuid(&["a\0b"]));
    }
}
