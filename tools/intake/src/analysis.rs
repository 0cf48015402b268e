//! The format `package-analysis`: what OpenSSF Package Analysis saw a package do. It is no verdict; declared rules make one.

mod baseline;
mod evaluate;
mod observed;
mod verdicts;

use osv_schema::{Member, Object, Record, Value, additions};

use crate::Document;
use crate::made::{self, At, Named, SCHEMA_VERSION, Wrong};
use crate::taking::Taking;

pub use baseline::Baseline;
pub(crate) use observed::{Observed, Shape};
pub use verdicts::{FREQUENT_FILE, RULES_FILE, VerdictError, Verdicts};

/// Reads one result. What meets no rule leaves no trace but a count.
pub(crate) fn read(document: Document, taking: &mut Taking<'_>) {
    let name = document.name.clone();
    let made = made::parse(&document).and_then(|json| match observed::read(&At::root(&json))? {
        Shape::Run(observed) => {
            let verdicts = taking.source.verdicts().map_err(|error| Wrong {
                rule: "unreadable-report",
                ..At::root(&json).wrong(error.to_string(), "mend the rules; `malpkg source status` reads them")
            })?;
            Ok(record(&observed, &verdicts))
        }
        Shape::Other => Ok(None),
    });
    match (made, document.bytes) {
        (made, Ok(bytes)) => taking.take_made(name, bytes, made),
        (Err(wrong), bytes) => taking.refuse(*wrong.of(&taking.source.id, &name), bytes),
        (Ok(_), Err(_)) => {}
    }
}

/// The report that the rules make of a result; none where it meets none of them.
fn record(observed: &Observed<'_>, verdicts: &Verdicts) -> Option<Record> {
    let found = verdicts.judge(observed);
    let first = found.first()?;
    let (package, version) = (&observed.package, observed.version.to_owned());
    let mut indicators: Vec<(&str, String)> = found.iter().flat_map(|one| one.indicators.iter().cloned()).collect();
    indicators.sort();
    indicators.dedup();
    let indicator = |(kind, value): (&str, String)| {
        let mut members = Object::from([
            ("type".to_owned(), Value::from(kind)),
            ("value".to_owned(), Value::from(value.as_str())),
            ("role".to_owned(), Value::from("contacted")),
        ]);
        members.insert("versions".to_owned(), Value::Array(vec![Value::from(version.as_str())]));
        Value::Object(members)
    };
    let evidence = |one: &verdicts::Met| {
        let (behaviour, trigger) = (one.says.clone(), one.phase.to_owned());
        made::object([("behaviour", behaviour), ("trigger", trigger)])
    };
    let mut ours = Object::from([
        ("kind".to_owned(), Value::from(first.rule.kind.as_str())),
        ("technique".to_owned(), Value::from(first.rule.technique.as_str())),
        ("evidence".to_owned(), Value::Array(found.iter().map(evidence).collect())),
    ]);
    if !indicators.is_empty() {
        ours.insert("indicators".to_owned(), Value::Array(indicators.into_iter().map(indicator).collect()));
    }
    let sentence = |one: &verdicts::Met| format!("- {} (rule {}, {})", one.says, one.rule.name, one.phase);
    let story: Vec<String> = found.iter().map(sentence).collect();
    let story = format!(
        "OpenSSF Package Analysis ran version {} in a sandbox. It saw:\n\n{}",
        verdicts::quoted(&version),
        story.join("\n")
    );
    let time = observed.created.to_string();
    Some(Record {
        schema_version: SCHEMA_VERSION.into(),
        id: format!("{}/{}@{version}", package.ecosystem(), package.merge_name()).into(),
        modified: time.as_str().into(),
        published: time.as_str().into(),
        details: story.into(),
        affected: Member::Value(vec![made::affected(package, Named::These(vec![version.clone()]))]),
        database_specific: Member::Value(Object::from([(additions::MALPKG.to_owned(), Value::Object(ours))])),
        ..Record::default()
    })
}
