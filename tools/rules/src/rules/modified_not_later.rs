#![doc = include_str!("modified_not_later.md")]

use osv_schema::{Member, Pointer, Record, Timestamp, Value, additions};

use crate::text::shorten;
use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "modified-not-later",
    level: Level::Error,
    page: include_str!("modified_not_later.md"),
    check: Check::History(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some((old, new)) = edited.published(&sink.settings.prefix) else { return };
    let (Some(was), Some(is)) = (old.modified_at(), new.modified_at()) else { return };
    // Releases are told apart by whole seconds.
    let (was, is) = (was.whole_seconds(), is.whole_seconds());
    let message = if is < was {
        format!("`modified` goes back from {} to {}", text(old), text(new))
    } else if is == was && told(old) != told(new) {
        format!("the report says something else than before, and `modified` is still {}", text(new))
    } else {
        return;
    };
    let remedy = "set it to the time of the change: clients read again only what is later than what they have";
    sink.at(Pointer::root().member("modified"), message, remedy);
}

fn text(record: &Record) -> String {
    shorten(record.modified.as_str().unwrap_or_default())
}

/// What the world is told of a report: without its origins and the notes on decisions, and with one spelling of times
/// and of members that say nothing.
fn told(record: &Record) -> Record {
    let mut told = Record { modified: Member::Absent, schema_version: Member::Absent, ..record.clone() };
    if let Some(members) = told.database_specific.value_mut() {
        members.remove(additions::ORIGINS);
        if let Some(Value::Object(ours)) = members.get_mut(additions::MALPKG)
            && let Some(Value::Array(decisions)) = ours.get_mut("decisions")
        {
            for decision in decisions {
                if let Value::Object(decision) = decision {
                    decision.remove("note");
                }
            }
        }
        if members.is_empty() {
            told.database_specific = Member::Absent;
        }
    }
    for time in [&mut told.published, &mut told.withdrawn] {
        if let Some(moment) = time.as_str().and_then(|text| text.parse::<Timestamp>().ok()) {
            *time = moment.whole_seconds().to_string().into();
        }
        drop_null(time);
    }
    for text in [&mut told.summary, &mut told.details] {
        drop_null(text);
    }
    for ids in [&mut told.aliases, &mut told.related, &mut told.upstream] {
        drop_null(ids);
    }
    drop_null(&mut told.affected);
    drop_null(&mut told.references);
    drop_null(&mut told.severity);
    drop_null(&mut told.credits);
    told
}

fn drop_null<T>(member: &mut Member<T>) {
    if matches!(member, Member::Null) {
        *member = Member::Absent;
    }
}
