//! Making an index from what is known of every report.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::blocks::{BLOCK, checksums};
use super::codec::write_file;
use super::head::{Head, RuleFiles};
use super::{Index, IndexError, IndexedFile};
use crate::TreeId;

/// What an index is made from.
#[derive(Clone, Debug, Default)]
pub struct Indexed {
    /// The tree.
    pub tree: TreeId,
    /// What stands for the tool and the configuration that it was judged under.
    pub fingerprint: Vec<u8>,
    /// Every report, and every other file in which something was found, by path.
    pub files: Vec<IndexedFile>,
    /// For each rule how often it found something, and the numbers of the files in which it did, ascending.
    pub found: BTreeMap<String, (usize, Vec<u32>)>,
}

impl Indexed {
    /// The bytes of an index.
    pub fn bytes(&self) -> Vec<u8> {
        let Indexed { tree, fingerprint, files, found } = self;
        let mut keys: Vec<(u64, u32)> = (0..files.len() as u32)
            .into_par_iter()
            .filter(|&at| files[at as usize].is_report)
            .flat_map_iter(|at| files[at as usize].facts.hashes().map(move |hash| (hash, at)))
            .collect();
        keys.par_sort_unstable();
        keys.dedup();
        // The head is written twice: first to know how long it is, then with what stands where.
        let rule = |name: &String, (count, files): &(usize, Vec<u32>)| RuleFiles {
            name: name.clone(),
            count: *count as u64,
            files: files.len() as u64,
            files_at: 0,
        };
        let mut head = Head {
            fingerprint: fingerprint.clone(),
            tree: *tree,
            reports: files.iter().filter(|file| file.is_report).count() as u64,
            records: files.len() as u64,
            keys: keys.len() as u64,
            rules: found.iter().map(|(name, found)| rule(name, found)).collect(),
            ..Head::default()
        };
        let head_size = head.write().len();
        let mut body = Vec::with_capacity(head_size + files.len() * 160 + keys.len() * 12);
        // The head's own blocks are guarded by its checksum; theirs in the table stands for zeros.
        body.resize(head_size, 0);
        let at = |body: &Vec<u8>| body.len() as u64;
        let mut starts = Vec::with_capacity(files.len() + 1);
        for file in files {
            starts.push(at(&body));
            write_file(file, &mut body);
        }
        starts.push(at(&body));
        head.starts_at = at(&body);
        body.extend(starts.iter().flat_map(|start| start.to_le_bytes()));
        drop(starts);
        head.keys_at = at(&body);
        for (hash, record) in keys {
            body.extend_from_slice(&hash.to_le_bytes());
            body.extend_from_slice(&record.to_le_bytes());
        }
        for (rule, (_, files)) in head.rules.iter_mut().zip(found.values()) {
            rule.files_at = at(&body);
            body.extend(files.iter().flat_map(|file| file.to_le_bytes()));
        }
        head.end = at(&body);
        let table: Vec<u8> = checksums(&body).into_iter().flat_map(u32::to_le_bytes).collect();
        head.checksums_crc = crc32fast::hash(&table);
        let head = head.write();
        debug_assert_eq!((head.len(), head.len() % BLOCK), (head_size, 0));
        body[..head_size].copy_from_slice(&head);
        body.extend(table);
        body
    }
}

impl Index {
    /// An index that is only held in memory.
    ///
    /// # Errors
    ///
    /// None that a program without a fault could see.
    pub fn of(indexed: &Indexed) -> Result<Index, IndexError> {
        Index::open(Box::new(indexed.bytes()), &indexed.fingerprint)
    }
}
