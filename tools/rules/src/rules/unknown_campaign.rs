#![doc = include_str!("unknown_campaign.md")]

use database::Report;
use osv_schema::additions::{MALPKG, malpkg};
use osv_schema::{Pointer, Value};

use crate::text::shorten;
use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "unknown-campaign",
    level: Level::Warning,
    page: include_str!("unknown_campaign.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let (Some(record), Some(registry)) = (&report.record, &sink.settings.campaigns) else { return };
    let Some(word) = malpkg(record).and_then(|ours| ours.get("campaign")).and_then(Value::as_str) else { return };
    let (message, remedy) = match registry.get(word) {
        Some(campaign) if campaign == word => return,
        Some(campaign) => (
            format!("the campaign `{}` is listed as `{campaign}`", shorten(word)),
            "write the word under which the registry lists it",
        ),
        None => (
            format!("the campaign `{}` is not in the registry", shorten(word)),
            "use a word of `config/campaigns.toml`, or have the campaign added there",
        ),
    };
    let pointer = Pointer::root().member("database_specific").member(MALPKG).member("campaign");
    sink.at(pointer, message, remedy);
}
