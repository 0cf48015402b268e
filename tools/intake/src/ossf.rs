//! The format `ossf-tree`: a tree of this kind of database, whose ids and origins are taken over as they are.

use curate::Delivery;
use database::{Rejected, ReportId};

/// What the path of a report says of it. Whether it is one at all; a report without an id is not published yet.
///
/// # Errors
///
/// The report does not lie where it says.
pub(crate) fn settle(delivery: &mut Delivery, prefix: &str) -> Result<bool, Box<Rejected>> {
    let Some((is_withdrawn, stem)) = place(&delivery.name) else { return Ok(false) };
    if ReportId::is_unassigned(stem, prefix) {
        return Ok(false);
    }
    let id = delivery.own_id().unwrap_or_default();
    if id != stem {
        return Err(Box::new(Rejected {
            source: delivery.source.clone(),
            delivery: delivery.name.clone(),
            rule: "filename-mismatch",
            pointer: "/id".into(),
            message: format!("the file `{stem}.json` holds a report with the id `{}`", crate::taking::short(id)),
            remedy: "name the file after its id".into(),
        }));
    }
    if is_withdrawn && !delivery.record.is_withdrawn() {
        // The folder says that it is taken back, and the last change is when that was said at the latest.
        delivery.record.withdrawn = delivery.record.modified.clone();
    }
    Ok(true)
}

/// Whether a path is one of a report.
pub(crate) fn is_report(path: &str) -> bool {
    place(path).is_some()
}

/// Whether a path is in the withdrawn base, and the file's name without its ending; none outside of both bases.
fn place(path: &str) -> Option<(bool, &str)> {
    let parts: Vec<&str> = path.split('/').collect();
    let stem = parts.last()?.strip_suffix(".json")?;
    let is_base = |at: usize| matches!(parts[at], "malicious" | "withdrawn") && (at == 0 || parts[at - 1] == "osv");
    let at = (0..parts.len() - 1).find(|&at| is_base(at))?;
    Some((parts[at] == "withdrawn", stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_whether_a_report_stands() {
        for (path, expected) in [
            ("osv/malicious/npm/x/MAL-2024-1.json", Some((false, "MAL-2024-1"))),
            ("osv/withdrawn/npm/x/MAL-2024-1.json", Some((true, "MAL-2024-1"))),
            ("repository-main/osv/withdrawn/npm/malicious/MAL-2024-1.json", Some((true, "MAL-2024-1"))),
            ("malicious/npm/x/MAL-2024-1.json", Some((false, "MAL-2024-1"))),
            ("osv/unmergable/npm/x/MAL-2024-1.json", None),
            ("osv/ids.json", None),
            ("npm/malicious/MAL-2024-1.json", None),
            ("x.json", None),
        ] {
            assert_eq!(place(path), expected, "{path}");
        }
    }
}
