//! Judging a whole snapshot: every rule over every file, and then the relations between the reports.

use database::{Entry, Facts, IDS_FILE, Place, ReadError, Snapshot};
use osv_schema::Document;
use rayon::prelude::*;

use crate::judge::{Judged, judge_file, with_rules};
use crate::shared::judge_all_shared;
use crate::sink::locate;
use crate::{Check, Finding, Settings};

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

/// Whether the ids that were given are all told of.
fn judge_ids(snapshot: &Snapshot, settings: &Settings, findings: &mut Vec<Finding>) -> Result<(), ReadError> {
    let Some(entry) = snapshot.entry(IDS_FILE) else { return Ok(()) };
    let bytes = match snapshot.read(entry) {
        Err(error) if error.is_system => return Err(error),
        // A link in its place says nothing.
        read => read.unwrap_or_default(),
    };
    findings.extend(judge_file(&entry.path, Ok(&bytes), settings).findings);
    let document = Document::parse(&bytes).ok();
    let from = findings.len();
    with_rules(settings, &entry.path, "", document.as_ref(), findings, |check, sink| {
        if let Check::Ids(check) = check {
            check(&bytes, snapshot, sink);
        }
    });
    locate(&mut findings[from..], &bytes, document.as_ref());
    Ok(())
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
        if entry.path.as_str() != IDS_FILE {
            findings.extend(judge_file(&entry.path, Ok(&[]), settings).findings);
        }
    }
    findings.extend(judge_all_shared(&facts, settings));
    if let Err(error) = judge_ids(snapshot, settings, &mut findings) {
        unread.push(error);
    }
    findings.par_sort_unstable();
    Validation { reports: reports.len(), findings, facts, unread }
}
