//! Judging a whole snapshot: every rule over every file, and then the relations between the reports.

use database::{Entry, Facts, Place, ReadError, Snapshot};
use rayon::prelude::*;

use crate::judge::{Judged, judge_file};
use crate::shared::judge_all_shared;
use crate::{Finding, Settings};

/// What was found in a snapshot.
#[derive(Debug)]
pub struct Validation {
    /// How many reports there are.
    pub reports: usize,
    /// Everything that was found, sorted.
    pub findings: Vec<Finding>,
    /// What each report is known by, by path.
    pub facts: Vec<Facts>,
    /// The reports that the machine did not give, of which nothing is known.
    pub unread: Vec<ReadError>,
}

/// Judges every file of a snapshot, and how the reports stand to each other.
pub fn validate(snapshot: &Snapshot, settings: &Settings) -> Validation {
    let (reports, others): (Vec<&Entry>, Vec<&Entry>) =
        snapshot.entries().iter().partition(|entry| Place::of(&entry.path).is_some());
    let judged = snapshot.map_each(&reports, |entry, bytes| match bytes {
        Err(error) if error.is_system => Err(error),
        bytes => Ok(judge_file(&entry.path, bytes, settings)),
    });
    let (mut findings, mut unread) = (Vec::new(), Vec::new());
    let mut facts = Vec::with_capacity(reports.len());
    for (entry, judged) in reports.iter().zip(judged) {
        match judged {
            Ok(Judged { facts: fact, findings: found }) => {
                findings.extend(found);
                facts.extend(fact);
            }
            Err(error) => {
                let place = Place::of(&entry.path);
                facts.extend(place.map(|place| Facts::of_place(&entry.path, place, &settings.prefix)));
                unread.push(error);
            }
        }
    }
    for entry in others {
        // Of what is no report only the path counts, and that is no error of reading.
        findings.extend(judge_file(&entry.path, Ok(&[]), settings).findings);
    }
    findings.extend(judge_all_shared(&facts, settings));
    findings.par_sort_unstable();
    Validation { reports: reports.len(), findings, facts, unread }
}
