#![doc = include_str!("origin_dropped.md")]

use osv_schema::{Pointer, additions};

use crate::provenance::{Deliveries, origins, word};
use crate::text::shorten;
use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "origin-dropped",
    level: Level::Error,
    page: include_str!("origin_dropped.md"),
    check: Check::History(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some((old, new)) = edited.published(&sink.settings.prefix) else { return };
    let kept = Deliveries::of(new);
    for origin in origins(old) {
        let (Some(source), Some(sha256)) = (word(origin, "source"), word(origin, "sha256")) else { continue };
        if sink.is_full() {
            return;
        }
        if !kept.has(origin) {
            let message = format!("the origin {} of the source `{}` is gone", shorten(sha256), shorten(source));
            let pointer = Pointer::root().member("database_specific").member(additions::ORIGINS);
            sink.at(pointer, message, "bring it back: what a source sent is remembered for ever");
        }
    }
}
