//! The smallest reports that are valid, in canonical form.

/// A report that stands: these versions of a package, or every version where none is named.
pub fn report(id: &str, ecosystem: &str, name: &str, versions: &[&str]) -> String {
    text(id, ecosystem, name, versions, None)
}

/// A report that was taken back at a time, as in `2026-02-01T00:00:00Z`.
pub fn withdrawn_report(id: &str, ecosystem: &str, name: &str, versions: &[&str], at: &str) -> String {
    text(id, ecosystem, name, versions, Some(at))
}

fn text(id: &str, ecosystem: &str, name: &str, versions: &[&str], withdrawn: Option<&str>) -> String {
    let modified = withdrawn.unwrap_or("2026-01-01T00:00:00Z");
    let withdrawn = withdrawn.map_or_else(String::new, |at| format!("  \"withdrawn\": {},\n", quoted(at)));
    let meant = if versions.is_empty() {
        "      \"ranges\": [
        {
          \"type\": \"SEMVER\",
          \"events\": [
            {
              \"introduced\": \"0\"
            }
          ]
        }
      ]"
        .replace("SEMVER", if ecosystem == "npm" { "SEMVER" } else { "ECOSYSTEM" })
    } else {
        let lines: Vec<String> = versions.iter().map(|version| format!("        {}", quoted(version))).collect();
        format!("      \"versions\": [\n{}\n      ]", lines.join(",\n"))
    };
    format!(
        "{{
  \"schema_version\": \"1.7.3\",
  \"id\": {id},
  \"published\": \"2026-01-01T00:00:00Z\",
  \"modified\": {modified},
{withdrawn}  \"summary\": {summary},
  \"details\": \"The package runs code of an attacker when it is installed.\",
  \"affected\": [
    {{
      \"package\": {{
        \"ecosystem\": {ecosystem},
        \"name\": {name}
      }},
{meant}
    }}
  ],
  \"database_specific\": {{
    \"malpkg\": {{
      \"kind\": \"malware\"
    }}
  }}
}}
",
        id = quoted(id),
        modified = quoted(modified),
        summary = quoted(&format!("Malicious code in {name} ({ecosystem})")),
        ecosystem = quoted(ecosystem),
        name = quoted(name),
    )
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
