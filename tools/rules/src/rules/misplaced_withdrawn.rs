#![doc = include_str!("misplaced_withdrawn.md")]

use database::{Base, Report};
use osv_schema::Pointer;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "misplaced-withdrawn",
    level: Level::Error,
    page: include_str!("misplaced_withdrawn.md"),
    check: Check::Place(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let (Some(place), Some(record)) = (report.place, &report.record) else { return };
    match (place.base, record.is_withdrawn()) {
        (Base::Malicious, true) => sink.at(
            Pointer::root().member("withdrawn"),
            "the report is withdrawn, but lies among those that stand",
            format!("move it to {}/{}/{}.json", Base::Withdrawn.folder(), place.folder, place.stem),
        ),
        (Base::Withdrawn, false) => sink.at(
            Pointer::root(),
            "the report lies among the withdrawn ones, but has no `withdrawn`",
            format!(
                "say when it was withdrawn, or move it to {}/{}/{}.json",
                Base::Malicious.folder(),
                place.folder,
                place.stem
            ),
        ),
        _ => {}
    }
}
