//! What a validation tells, as SARIF 2.1.0 (OASIS), which code hosts and editors show.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rules::{Finding, Level, RULES};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::told::{Status, Told};
use crate::context::Context;
use crate::display::{Shown, defanged};
use crate::failure::Failure;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The name of the folder to which the paths are relative.
const ROOT: &str = "%SRCROOT%";
/// What stands in the path of a URI as it is (RFC 3986, `pchar` and the slash).
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

#[derive(Serialize)]
struct Log<'t> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'t>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'t> {
    tool: Value,
    column_kind: &'static str,
    original_uri_base_ids: Value,
    invocations: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    version_control_provenance: Value,
    results: Results<'t>,
}

/// The findings one by one: there may be hundreds of thousands.
struct Results<'t>(&'t Told);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // What is healed is no result of this run, and some readers would show it as one.
        let there = self.0.findings.iter().filter(|(status, _)| *status != Status::Healed);
        serializer.collect_seq(there.map(|(status, finding)| result(self.0, *status, finding)))
    }
}

pub(super) fn write(told: &Told, home: Option<&str>, context: &mut Context<'_>) -> Result<(), Failure> {
    let home = home.filter(|home| home.starts_with("https://"));
    let provenance = match (home, &told.rev) {
        (Some(home), Some(rev)) => json!([{ "repositoryUri": home, "revisionId": rev }]),
        _ => Value::Null,
    };
    let run = Run {
        tool: json!({ "driver": {
            "name": "malpkg",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": RULES.iter().map(|rule| described(rule, told)).collect::<Vec<_>>(),
        }}),
        column_kind: "unicodeCodePoints",
        original_uri_base_ids: json!({ ROOT: { "description": { "text": "the root of the database" } } }),
        invocations: json!([{ "executionSuccessful": true, "exitCode": i32::from(told.verdict.is_found()) }]),
        version_control_provenance: provenance,
        results: Results(told),
    };
    context.write_json(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] })
}

fn described(rule: &rules::Rule, told: &Told) -> Value {
    let level = told.counts.get(rule.name).map_or(rule.level, |count| count.level);
    json!({
        "id": rule.name,
        "shortDescription": { "text": rule.name.replace('-', " ") },
        "fullDescription": { "text": rule.summary() },
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": word(level) },
        "properties": { "tags": ["malicious-packages"] },
    })
}

fn result(told: &Told, status: Status, finding: &Finding) -> Value {
    let mut place = json!({
        "artifactLocation": {
            "uri": utf8_percent_encode(told.path(finding), PATH).to_string(),
            "uriBaseId": ROOT,
        }
    });
    if let Some(position) = finding.position {
        place["region"] = json!({ "startLine": position.line, "startColumn": position.column });
    }
    if !told.names.is_empty() {
        // A record may lie anywhere.
        place["artifactLocation"] = json!({ "uri": utf8_percent_encode(told.path(finding), PATH).to_string() });
    }
    let mut result = json!({
        "ruleId": finding.rule.name,
        "ruleIndex": RULES.iter().position(|rule| rule.name == finding.rule.name),
        "level": word(finding.level),
        "message": { "text": message(finding) },
        "locations": [{ "physicalLocation": place }],
        "partialFingerprints": { "fault/v1": curate::sha256_hex(fault(finding).as_bytes()) },
    });
    if told.base.is_some() {
        result["baselineState"] = if status == Status::Introduced { "new" } else { "unchanged" }.into();
    }
    result
}

/// What stays of a fault wherever it stands.
fn fault(finding: &Finding) -> String {
    format!("{}\0{}\0{}", finding.rule.name, finding.id, finding.value)
}

/// A message in which nothing is a link: SARIF reads `[text](place)` as one.
fn message(finding: &Finding) -> String {
    let text = Shown(&defanged(&format!("{}; {}", finding.message, finding.remedy))).to_string();
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}
