//! Target `filter`: a Bloom filter that knows what is surely not listed; `docs/lookup.md` describes its bytes.

use std::io;
use std::sync::{Arc, OnceLock};

use database::EVERY;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::material::Material;
use crate::output::{Out, Planned, hex};
use crate::verdicts::Word;

/// Bits for each key, and how many of them each key sets: one answer in a thousand is a false alarm.
const BITS_PER_KEY: u64 = 15;
const PROBES: u64 = 10;

/// What the file begins with.
const MAGIC: &[u8; 8] = b"malpkgB1";

/// What the filter says about itself.
#[derive(Serialize)]
struct ManifestV1<'m> {
    format: &'static str,
    version: u32,
    commit: Option<&'m str>,
    time: Option<String>,
    file: &'static str,
    sha256: String,
    size: usize,
    keys: u64,
    bits: u64,
    probes: u64,
    hash: &'static str,
    /// How keys are made, for those who read this file first.
    key: [&'static str; 3],
}

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    // Whoever comes first makes it for both.
    let made = Arc::new(OnceLock::new());
    let also = Arc::clone(&made);
    vec![
        Planned::new("filter/verdicts.bloom", move |out| out.write_all(&made.get_or_init(|| bytes(material)).1)),
        Planned::new("filter/manifest.json", move |out| {
            write_manifest(material, also.get_or_init(|| bytes(material)), out)
        }),
    ]
}

/// How many keys there are, and the file.
type Made = (u64, Vec<u8>);

fn write_manifest(material: &Material<'_>, (keys, bytes): &Made, out: &mut Out<'_>) -> io::Result<()> {
    let keys = *keys;
    let commit = material.input.commit.as_ref();
    serde_json::to_writer(
        &mut *out,
        &ManifestV1 {
            format: "malpkg.filter",
            version: 1,
            commit: commit.map(|commit| commit.id.as_str()),
            time: commit.map(|commit| commit.time.to_string()),
            file: "verdicts.bloom",
            sha256: hex(&Sha256::digest(bytes)),
            size: bytes.len(),
            keys,
            bits: bits(keys),
            probes: PROBES,
            hash: "sha-256",
            key: ["ECOSYSTEM NUL NAME", "ECOSYSTEM NUL NAME NUL VERSION", "ECOSYSTEM NUL NAME NUL *"],
        },
    )?;
    out.write_all(b"\n")
}

fn bytes(material: &Material<'_>) -> Made {
    let mut hashes = Vec::new();
    for (row, _) in material.standing() {
        let words = row.words();
        if !words.is_empty() {
            hashes.push(hash(&[&row.ecosystem, &row.name]));
        }
        // Whether a range holds a version only the lookup file knows: the filter says of every version that it may.
        hashes.extend(words.into_iter().map(|word| match word {
            Word::Version(version) => hash(&[&row.ecosystem, &row.name, version]),
            Word::Range(_) => hash(&[&row.ecosystem, &row.name, EVERY]),
        }));
    }
    hashes.sort_unstable();
    hashes.dedup();
    let keys = hashes.len() as u64;
    let bits = bits(keys);
    let mut field = vec![0; (bits / 8) as usize];
    for hash in hashes {
        for bit in probes(hash, bits) {
            field[(bit / 8) as usize] |= 1 << (bit % 8);
        }
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend(bits.to_le_bytes());
    bytes.extend(PROBES.to_le_bytes());
    bytes.extend(field);
    (keys, bytes)
}

/// Whole bytes, and one at least: nothing is in the filter of nothing.
fn bits(keys: u64) -> u64 {
    (keys * BITS_PER_KEY).div_ceil(8).max(1) * 8
}

fn hash(parts: &[&str]) -> (u64, u64) {
    let digest = Sha256::digest(parts.join("\0"));
    let word = |from: usize| digest[from..from + 8].iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    (word(0), word(8))
}

/// The bits of a key: the first word of its hash, and then the second (made odd) added again and again.
fn probes((first, step): (u64, u64), bits: u64) -> impl Iterator<Item = u64> {
    (0..PROBES).map(move |probe| first.wrapping_add(probe.wrapping_mul(step | 1)) % bits)
}
