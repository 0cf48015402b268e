//! Records: nothing is lost, one form is canonical, and every rule has its say about anything.

use std::sync::{Arc, LazyLock};

use database::verdict::Statement;
use database::{Base, Facts, Place, Report, Snapshot, TreePath};
use osv_schema::{Document, Pointer, Record, Value, write};
use rules::{By, FINDINGS_MAX, Finding, Settings, Spot, Touched, compare, refusals, validate};

static SETTINGS: LazyLock<Settings> = LazyLock::new(Settings::default);

/// Versions of several ecosystems that a record is asked about.
const VERSIONS: [&str; 4] = ["1.0.0", "0", "2!1.0.dev1", "v1.0-rc.1+x"];

/// Any bytes in place of a report: what is JSON is kept to the last member and has one canonical form, and the rules tell
/// where each fault is, whatever lies there.
pub fn record(bytes: &[u8]) {
    let document = Document::parse(bytes);
    let record = document.as_ref().ok().and_then(Record::read);
    let path = record.as_ref().and_then(own_path).unwrap_or_else(some_path);
    let findings = findings(&path, bytes);
    match &document {
        Ok(document) => is_told_of(document, &findings),
        Err(error) => {
            let spots: Vec<&Spot> = findings.iter().map(|finding| &finding.spot).collect();
            assert_eq!(spots, [&Spot::Offset(error.offset)], "{findings:?}");
        }
    }
    let canonical = document.as_ref().ok().and_then(|document| kept(document, record.as_ref()));
    if let Some(record) = record {
        is_answered(&path, record);
    }
    if let (Some(canonical), Ok(document)) = (&canonical, &document) {
        let is_repeated = document.duplicates().next().is_some();
        if !is_repeated && !is_cut(&findings) {
            assert_eq!(faults(&self::findings(&path, canonical.as_bytes())), faults(&findings), "the form is no fault");
        }
    }
    is_judged_as_change(&path, bytes, canonical.as_deref());
}

/// Where a record would lie by what it says of itself; none where that can be no path.
fn own_path(record: &Record) -> Option<TreePath> {
    let folder = database::subject(record).ok()?.package.folder().ok()?;
    let stem = record.id.as_str().unwrap_or("MAL-0000-x");
    let base = if record.is_withdrawn() { Base::Withdrawn } else { Base::Malicious };
    Place { base, folder: folder.as_str(), stem }.path().ok().filter(|path| Place::of(path).is_some())
}

fn some_path() -> TreePath {
    TreePath::new("osv/malicious/npm/left-padd/MAL-2026-1.json").expect("a path")
}

fn findings(path: &TreePath, bytes: &[u8]) -> Vec<Finding> {
    let validation = validate(&Snapshot::of_files([(path.clone(), Arc::from(bytes))]), &SETTINGS);
    assert_eq!((validation.reports, validation.unread.len(), validation.facts.len()), (1, 0, 1));
    assert!(validation.findings.is_sorted(), "findings are sorted");
    for finding in &validation.findings {
        assert!(!finding.message.is_empty() && !finding.remedy.is_empty() && finding.path == *path, "{finding:?}");
        assert_eq!(finding.position.is_none(), finding.spot == Spot::File, "{finding:?}");
    }
    validation.findings
}

/// A finding is at a value, or at what should hold it; the schema's own refusals are among the findings.
fn is_told_of(document: &Document, findings: &[Finding]) {
    let is_there = |pointer: &Pointer| document.at(pointer.as_str()).is_some();
    // A member that stands twice hides a value, in which there may be something to tell all the same.
    let is_repeated = document.duplicates().next().is_some();
    for finding in findings.iter().filter(|_| !is_repeated) {
        let holder = finding.pointer.parent();
        assert!(is_there(&finding.pointer) || holder.is_some_and(|holder| is_there(&holder)), "{finding:?}");
    }
    let is_refused = !refusals(document).is_empty();
    let is_told = findings.iter().any(|finding| finding.rule.name == "schema-violation");
    // In an unassigned report at its place the id may be absent.
    assert!(is_refused || !is_told, "the schema takes it: {findings:?}");
}

/// Reads and writes a record, and gives its canonical form.
fn kept(document: &Document, record: Option<&Record>) -> Option<String> {
    let value = Value::from(document.root());
    let Some(record) = record else {
        assert!(value.as_object().is_none(), "any object is a record");
        return None;
    };
    let canonical = write::canonical(record);
    for text in [&canonical, &write::compact(record)] {
        let again = Document::parse(text.as_bytes()).expect("what is written is JSON");
        assert_eq!(Value::from(again.root()), value, "nothing is lost");
        assert_eq!(again.duplicates().count(), 0);
        let again = Record::read(&again).expect("an object");
        assert_eq!(&again, record);
        assert_eq!(write::canonical(&again), canonical, "the canonical form is a fixed point");
    }
    Some(canonical)
}

/// Whether a rule found more than is told. Which of them are told depends on the order of the members.
fn is_cut(findings: &[Finding]) -> bool {
    findings.chunk_by(|a, b| a.rule.name == b.rule.name).any(|same| same.len() >= FINDINGS_MAX)
}

/// What does not depend on where a member stands among its neighbours, and how it is spelled.
fn faults(findings: &[Finding]) -> Vec<(&'static str, &str)> {
    let mut faults: Vec<_> = findings.iter().map(|finding| (finding.rule.name, finding.pointer.as_str())).collect();
    faults.sort_unstable();
    faults
}

/// Whatever a record says, a question about it has an answer.
fn is_answered(path: &TreePath, record: Record) {
    let _ = Statement::each(path, &record);
    let Ok(statement) = Statement::of(path, record) else { return };
    for version in VERSIONS.into_iter().chain(statement.versions().iter().take(4).map(String::as_str)) {
        let _ = (statement.affects(version), statement.evaluates(version));
    }
    let _ = statement.vers();
}

/// The rules about changes: the bytes come, go, and get their canonical form.
fn is_judged_as_change(path: &TreePath, bytes: &[u8], canonical: Option<&str>) {
    let judge = |before: Option<&[u8]>, after: Option<&[u8]>| {
        let side = |bytes: &[u8]| Ok(bytes.into());
        let touched = [Touched { path: path.clone(), before: before.map(side), after: after.map(side) }];
        compare(&touched, &Vec::<Facts>::new(), By::Stranger, &SETTINGS).expect("what is at hand is not damaged")
    };
    assert_eq!(judge(None, Some(bytes)).facts.len(), 1);
    assert_eq!(judge(Some(bytes), None).facts.len(), 0);
    if let Some(canonical) = canonical {
        judge(Some(bytes), Some(canonical.as_bytes()));
    }
    let report = Report::read(path, bytes);
    assert_eq!(report.record.is_some(), canonical.is_some());
}
