//! One file under all rules that are about one file, and reports that share a key under those about that.

use database::{Facts, IDS_FILE, Place, ReadError, Report, ReportId, TreePath};

use crate::edited::Edited;
use crate::sink::{Sink, locate};
use crate::{Check, Finding, RULES, Settings};

/// One file as it was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// What the report is known by; none of a file that is no report.
    pub facts: Option<Facts>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// Judges one file where it lies. Of one that is no report only the path is judged.
pub fn judge_file(path: &TreePath, bytes: Result<&[u8], ReadError>, settings: &Settings) -> Judged {
    let mut findings = Vec::new();
    let Some(place) = Place::of(path) else {
        judge_path(path, path.file_name(), settings, &mut findings);
        if path.as_str() == IDS_FILE {
            judge_marks(path, bytes.unwrap_or_default(), settings, &mut findings);
        }
        return Judged { facts: None, findings };
    };
    match bytes {
        Ok(bytes) => {
            let report = Report::read(path, bytes);
            judge_report(&report, bytes, settings, true, &mut findings);
            judge_path(path, report.id(), settings, &mut findings);
            Judged { facts: Facts::of_report(&report, &settings.prefix), findings }
        }
        Err(error) => {
            judge_unread(path, place.stem, &error.reason, settings, &mut findings);
            judge_path(path, place.stem, settings, &mut findings);
            Judged { facts: Some(Facts::of_place(path, place, &settings.prefix)), findings }
        }
    }
}

/// Judges a record on its own, without the rules about where it lies. The path only names it.
pub fn judge_record(path: &TreePath, bytes: Result<&[u8], &str>, settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    match bytes {
        Ok(bytes) => {
            let report = Report { place: None, ..Report::read(path, bytes) };
            judge_report(&report, bytes, settings, false, &mut findings);
        }
        Err(reason) => judge_unread(path, "", reason, settings, &mut findings),
    }
    findings.sort();
    findings
}

fn judge_unread(path: &TreePath, id: &str, reason: &str, settings: &Settings, findings: &mut Vec<Finding>) {
    with_rules(settings, path, id, None, findings, |check, sink| {
        if let Check::Unread(check) = check {
            check(reason, sink);
        }
    });
}

fn judge_report(report: &Report<'_>, bytes: &[u8], settings: &Settings, in_place: bool, findings: &mut Vec<Finding>) {
    let document = report.document.as_ref().ok();
    with_rules(settings, report.path, report.id(), document, findings, |check, sink| match check {
        Check::Record(check) => check(report, sink),
        Check::Place(check) if in_place => check(report, sink),
        _ => {}
    });
    if !findings.is_empty() {
        locate(findings, bytes, document);
    }
}

fn judge_marks(path: &TreePath, bytes: &[u8], settings: &Settings, findings: &mut Vec<Finding>) {
    with_rules(settings, path, path.file_name(), None, findings, |check, sink| {
        if let Check::Marks(check) = check {
            check(bytes, sink);
        }
    });
}

fn judge_path(path: &TreePath, id: &str, settings: &Settings, findings: &mut Vec<Finding>) {
    with_rules(settings, path, id, None, findings, |check, sink| {
        if let Check::File(check) = check {
            check(path, sink);
        }
    });
}

/// Gives every rule that is on its turn.
pub(crate) fn with_rules(
    settings: &Settings,
    path: &TreePath,
    id: &str,
    document: Option<&osv_schema::Document>,
    findings: &mut Vec<Finding>,
    mut apply: impl FnMut(Check, &mut Sink<'_>),
) {
    let Some(first) = RULES.first() else { return };
    let mut sink = Sink::new(first, settings, path, id, document, findings);
    for &(rule, level) in settings.rules() {
        sink.turn(rule, level);
        apply(rule.check, &mut sink);
    }
}

/// Judges what a change makes of one file.
pub(crate) fn judge_edited(
    edited: &Edited<'_>,
    is_contribution: bool,
    settings: &Settings,
    findings: &mut Vec<Finding>,
) {
    let Some(side) = edited.after.or(edited.before) else { return };
    let id = side.report.map_or(side.path.file_name(), |report| report.id());
    let document = edited.after.and_then(|side| side.report).and_then(|report| report.document.as_ref().ok());
    let from = findings.len();
    with_rules(settings, side.path, id, document, findings, |check, sink| match check {
        Check::History(check) => check(edited, sink),
        Check::Contribution(check) if is_contribution => check(edited, sink),
        _ => {}
    });
    if let Some(document) = document {
        locate(&mut findings[from..], document.text().as_bytes(), Some(document));
    }
}

/// Whether a report still waits for its id.
pub(crate) fn is_unassigned(report: &Report<'_>, settings: &Settings) -> bool {
    report.place.is_some_and(|place| ReportId::is_unassigned(place.stem, &settings.prefix))
}
