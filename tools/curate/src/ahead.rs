//! Times ahead of our clock: what a source dates into the future would be its newest word for ever.

use osv_schema::{Member, Pointer, Record, Timestamp};

use crate::ingest::Fault;

/// A delivery may be this far ahead of our clock, in seconds.
const AHEAD_SECONDS_MAX: i64 = 24 * 60 * 60;

/// Whether a time is further ahead than clocks differ.
pub fn is_ahead(time: Timestamp, now: Timestamp) -> bool {
    time.unix() - now.unix() > AHEAD_SECONDS_MAX
}

/// What is wrong with the times of the deliveries that a report holds.
pub(crate) fn fault_in_origins(record: &Record, now: Timestamp) -> Option<Fault> {
    let ahead = |member: &Member<String>| {
        let time = member.as_str()?.parse::<Timestamp>().ok()?;
        is_ahead(time, now).then_some(time)
    };
    record.origins().into_iter().find_map(|origin| {
        let of = |rule, time: Option<Timestamp>| Some((rule, time?));
        let (rule, time) = of("modified-in-future", ahead(&origin.modified_time))
            .or_else(|| of("withdrawn-in-future", ahead(&origin.withdrawn)))?;
        Some(Fault {
            rule,
            pointer: Pointer::from("/database_specific/malicious-packages-origins"),
            message: format!("a delivery of {} says {time}, more than a day ahead of {now}", origin.source.as_str()?),
            remedy: "set the time right in the file, and mend the clock at the source".into(),
        })
    })
}
