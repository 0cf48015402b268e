//! A database of texts that break out of formats, where they are not kept in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Done, git, program, run};

/// Each is a name, a version, a campaign, a summary, something to look for and the end of a range.
const TEXTS: [&str; 30] = [
    "it's",
    "a\\'b",
    "a' OR 'x'='x",
    "]]>",
    "<b>&amp;</b>",
    "a\"b",
    "=cmd|' /C calc'!A0",
    "a\u{202e}b",
    "\u{e9}\u{4e00}",
    "a\nb",
    "a\tb",
    "{{x}}",
    "${x}",
    "a;b|c",
    "%s%n",
    "\u{fffe}",
    "\u{1f600}",
    "a|b",
    "'",
    "\\",
    "\\\\'",
    "--",
    "*",
    "?",
    "//x",
    "a\0b",
    "\u{1b}[31m",
    "a\u{85}b",
    "\u{2028}",
    " ",
];
/// And what is long.
const LENGTH: usize = 3000;

/// The rules that would hold such reports.
const RULES: [&str; 6] = [
    "blank-version",
    "invalid-event-version",
    "path-mismatch",
    "placeholder-version",
    "template-text",
    "text-direction-codepoint",
];

/// Publishes such a database, and gives the folder.
pub(crate) fn release(tool: &Path, room: &Path) -> Done<PathBuf> {
    let io = |error: std::io::Error| error.to_string();
    let repo = room.join("hostile");
    fs::create_dir_all(&repo).map_err(io)?;
    run(&mut git(&repo, &["init", "--quiet"]))?;
    let known = run(program(tool, &["explain"]).current_dir(&repo))?;
    let off = RULES.iter().filter(|rule| known.contains(**rule)).map(|rule| format!("\"{rule}\" = \"off\"\n"));
    let config = format!("[database]\nhome = \"https://example.org/db\"\n\n[rules]\n{}", off.collect::<String>());
    fs::write(repo.join("malpkg.toml"), config).map_err(io)?;
    let long = "x".repeat(LENGTH);
    let texts = TEXTS.iter().copied().chain([long.as_str()]);
    for (number, (place, text)) in texts.flat_map(|text| (0..6).map(move |place| (place, text))).enumerate() {
        let id = format!("MAL-2026-{}", number + 1);
        let folder = repo.join(format!("osv/malicious/npm/p{number}"));
        fs::create_dir_all(&folder).map_err(io)?;
        fs::write(folder.join(format!("{id}.json")), report(&id, number, place, text).to_string()).map_err(io)?;
    }
    run(&mut git(&repo, &["add", "--all"]))?;
    run(&mut git(&repo, &["commit", "--quiet", "-m", "texts"]))?;
    let out = room.join("hostile-release");
    run(program(tool, &["export", "--strict", "--out"]).arg(&out).current_dir(&repo))?;
    Ok(out)
}

fn report(id: &str, number: usize, place: usize, text: &str) -> serde_json::Value {
    let or = |at: usize, usual: String| if place == at { text.to_owned() } else { usual };
    let found: Vec<serde_json::Value> = ["domain", "ip", "url", "sha256", "other"]
        .iter()
        .flat_map(|kind| {
            [text.to_owned(), format!("http://{text}"), format!("{text}.evil.example")].map(|value| (kind, value))
        })
        .map(|(kind, value)| serde_json::json!({ "type": kind, "value": value, "role": "c2" }))
        .collect();
    let affected = match place {
        5 => {
            serde_json::json!({ "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "1.0.0" }, { "fixed": text }] }] })
        }
        _ => serde_json::json!({ "versions": [or(1, "1.0.0".to_owned())] }),
    };
    let mut affected = affected;
    affected["package"] = serde_json::json!({ "ecosystem": "npm", "name": or(0, format!("p{number}")) });
    serde_json::json!({
        "schema_version": "1.7.5", "id": id, "published": "2026-01-01T00:00:00Z",
        "modified": format!("2026-01-01T00:00:{:02}Z", number % 60),
        "summary": or(3, format!("Malicious code in p{number} (npm)")), "details": "It is.", "affected": [affected],
        "database_specific": { "malpkg": {
            "kind": "malware", "confidence": "likely", "campaign": or(2, "one".to_owned()),
            "indicators": if place == 4 { found } else { Vec::new() }
        } }
    })
}
