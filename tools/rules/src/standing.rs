//! What is known of a tree by the index of one near it and what differs: enough to judge a change without reading the rest.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use database::{
    BlobId, Content, Facts, Index, IndexError, Indexed, IndexedFile, Key, ReadError, Snapshot, TreeId, TreePath,
};
use sha2::{Digest, Sha256};

use crate::compare::{By, Comparison, Known, Touched, compare};
use crate::judge::judge_file;
use crate::shared::judge_shared;
use crate::{Check, Finding, Level, RULES, Rule, Settings, Validation};

/// What is known of a tree.
#[derive(Debug)]
pub struct Standing {
    index: Index,
    /// The files in which the tree differs from that of the index.
    touched: BTreeSet<TreePath>,
    /// What the reports among them are known by; none for what another change touched since.
    facts: Vec<Option<Facts>>,
    by_path: HashMap<TreePath, usize>,
    by_hash: HashMap<u64, Vec<usize>>,
    counts: BTreeMap<&'static str, usize>,
    reports: usize,
}

/// What stands for the rules and all of the configuration that decides what an index holds. `tool` stands for the code.
pub fn fingerprint(tool: &str, settings: &Settings) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update(tool);
    hasher.update(format!("\0{}\0{:?}\0{:?}", settings.prefix, settings.protected, RULES));
    hasher.update(format!("{:?}\0", settings.campaigns));
    hasher.update(format!("{:?}", settings.rules().iter().map(|(rule, _)| rule.name).collect::<Vec<_>>()));
    hasher.finalize().to_vec()
}

/// What an index of a judged tree is made from. Where not every report could be read it knows less, and is not to be kept.
/// What the reports are known by is taken out of the validation, which needs it no more.
pub fn indexed(tree: TreeId, snapshot: &Snapshot, validation: &mut Validation, fingerprint: Vec<u8>) -> Indexed {
    // All three lists are sorted by path, so that one walk along the files meets all of them.
    let mut facts = std::mem::take(&mut validation.facts).into_iter().peekable();
    // What is asked of whole trees alone is no part of what a change is compared with.
    let of_files = validation.findings.iter().filter(|finding| !matches!(finding.rule.check, Check::Ids(_)));
    let mut findings = of_files.peekable();
    let mut files: Vec<IndexedFile> = Vec::with_capacity(validation.reports);
    let mut found: BTreeMap<&str, (usize, Vec<u32>)> = BTreeMap::new();
    for file in snapshot.entries() {
        let at = files.len() as u32;
        let mut is_found = false;
        while let Some(finding) = findings.next_if(|finding| finding.path == file.path) {
            is_found = true;
            let (count, numbers) = found.entry(finding.rule.name).or_default();
            *count += 1;
            if numbers.last() != Some(&at) {
                numbers.push(at);
            }
        }
        let blob = match file.content {
            Content::Blob(id) => Some(id),
            _ => None,
        };
        if let Some(facts) = facts.next_if(|facts| facts.path == file.path) {
            files.push(IndexedFile { facts, blob, is_report: true });
        } else if is_found {
            files.push(other_file(&file.path, blob));
        }
    }
    debug_assert!(facts.next().is_none() && findings.next().is_none(), "a file that the snapshot does not list");
    let found = found.into_iter().map(|(rule, found)| (rule.to_owned(), found)).collect();
    Indexed { tree, fingerprint, files, found }
}

fn other_file(path: &TreePath, blob: Option<BlobId>) -> IndexedFile {
    let facts = Facts {
        path: path.clone(),
        id: None,
        is_withdrawn: false,
        package: None,
        aliases: Vec::new(),
        streams: Vec::new(),
    };
    IndexedFile { facts, is_report: false, blob }
}

impl Standing {
    /// What an index knows of its own tree.
    pub fn of(index: Index) -> Standing {
        let known = index.counts();
        let counts = RULES.iter().filter_map(|rule| Some((rule.name, *known.get(rule.name)?))).collect();
        let reports = index.reports();
        let (touched, facts, by_path, by_hash) = (BTreeSet::new(), Vec::new(), HashMap::new(), HashMap::new());
        Standing { index, touched, facts, by_path, by_hash, counts, reports }
    }

    /// The tree of the index.
    pub fn index_tree(&self) -> TreeId {
        self.index.tree()
    }

    /// How many reports the tree has.
    pub fn reports(&self) -> usize {
        self.reports
    }

    /// How often each rule finds something in the tree.
    pub fn counts(&self) -> &BTreeMap<&'static str, usize> {
        &self.counts
    }

    /// Judges a change, and goes on to the tree after it.
    ///
    /// # Errors
    ///
    /// The index is damaged.
    pub fn advance(&mut self, touched: &[Touched], by: By, settings: &Settings) -> Result<Comparison, IndexError> {
        let comparison = compare(touched, self, by, settings)?;
        for finding in comparison.introduced.iter().filter(|finding| !is_about_change(finding.rule)) {
            *self.counts.entry(finding.rule.name).or_default() += 1;
        }
        for finding in &comparison.healed {
            let count = self.counts.entry(finding.rule.name).or_default();
            *count = count.saturating_sub(1);
        }
        self.reports = (self.reports + comparison.facts.len()).saturating_sub(comparison.reports_before);
        self.touched.extend(touched.iter().map(|file| file.path.clone()));
        // Only what changes is looked at: many changes may come one after the other.
        for at in touched.iter().filter_map(|file| self.by_path.remove(&file.path)) {
            self.facts[at] = None;
        }
        for facts in &comparison.facts {
            let at = self.facts.len();
            facts.hashes().for_each(|hash| self.by_hash.entry(hash).or_default().push(at));
            self.by_path.insert(facts.path.clone(), at);
            self.facts.push(Some(facts.clone()));
        }
        Ok(comparison)
    }

    /// The files of the tree in which a rule of level error found something, and which no change touched.
    ///
    /// # Errors
    ///
    /// The index is damaged.
    pub fn faulty(&self, settings: &Settings) -> Result<Vec<IndexedFile>, IndexError> {
        let mut files = BTreeMap::new();
        for (rule, level) in settings.rules() {
            if *level == Level::Error && self.counts.get(rule.name).is_some_and(|count| *count > 0) {
                for file in self.index.found_by(rule.name)? {
                    if !self.touched.contains(&file.facts.path) {
                        files.insert(file.facts.path.clone(), file);
                    }
                }
            }
        }
        Ok(files.into_values().collect())
    }

    /// The reports in which a rule about what reports share found something, and those that changed since.
    ///
    /// # Errors
    ///
    /// The index is damaged.
    pub fn found_by(&self, rule: &str) -> Result<Vec<Facts>, IndexError> {
        let found = self.index.found_by(rule)?.into_iter().filter(|file| file.is_report).map(|file| file.facts);
        let found = found.filter(|facts| !self.touched.contains(&facts.path));
        Ok(found.chain(self.facts.iter().flatten().cloned()).collect())
    }

    /// The findings of level error about one file as the tree has it.
    ///
    /// # Errors
    ///
    /// The index is damaged.
    pub fn judge_again(
        &self,
        file: &IndexedFile,
        bytes: Result<&[u8], ReadError>,
        settings: &Settings,
    ) -> Result<Vec<Finding>, IndexError> {
        let path = &file.facts.path;
        let mut findings = judge_file(path, bytes, settings).findings;
        if file.is_report {
            for key in file.facts.keys() {
                let holders = self.holders(&key)?;
                judge_shared(&key, &holders.iter().collect::<Vec<_>>(), settings, &mut findings);
            }
        }
        findings.retain(|finding| finding.level == Level::Error && finding.path == *path);
        Ok(findings)
    }
}

impl Known for Standing {
    fn holders(&self, key: &Key) -> Result<Vec<Facts>, IndexError> {
        let known = self.index.holders(key)?.into_iter().map(|file| file.facts);
        let mut holders: Vec<Facts> = known.filter(|facts| !self.touched.contains(&facts.path)).collect();
        let changed = self.by_hash.get(&key.hash()).into_iter().flatten().filter_map(|&at| self.facts[at].as_ref());
        holders.extend(changed.filter(|facts| facts.has(key)).cloned());
        holders.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(holders)
    }
}

/// Whether a rule speaks of a change and not of a tree.
fn is_about_change(rule: &Rule) -> bool {
    matches!(rule.check, Check::History(_) | Check::Contribution(_))
}
