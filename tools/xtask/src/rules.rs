//! `docs/rules.md`, made from the pages of the rules.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rules::{Check, RULES, Rule};

use crate::process::{Done, say};

/// Where the page of all rules lies, from the root of the repository.
pub(crate) const PAGE: &str = "docs/rules.md";

/// Writes the page of all rules, or (with `check`) says whether it is as it would be written.
pub(crate) fn run(root: &Path, check: bool) -> Done {
    let path = root.join(PAGE);
    let text = page();
    if check {
        let found = fs::read_to_string(&path).unwrap_or_default();
        return if found == text { Ok(()) } else { Err(format!("{PAGE} is not up to date: run `cargo xtask rules`")) };
    }
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    say(&format!("{} rules in {PAGE}", RULES.len()));
    Ok(())
}

/// The page of all rules: a table, and behind it each page.
pub(crate) fn page() -> String {
    let mut text = "# Rules

What `malpkg validate` asks of a report, a database and a change. `malpkg explain RULE` shows one of these pages; each
example is run by a test. An error makes the database wrong or a client fail; a warning says what should be better.
`[rules]` in `malpkg.toml` sets a rule to `\"off\"`, `\"warning\"` or `\"error\"`.

This page is made by `cargo xtask rules` from the pages beside the rules in `tools/rules/src/rules/`.

| rule | level | looks at | finds |
|---|---|---|---|
"
    .to_owned();
    for rule in RULES {
        let (name, level) = (rule.name, rule.level.word());
        let _ = writeln!(
            text,
            "| [`{name}`](#{name}) | {level} | {} | {} |",
            scope(rule),
            rule.summary().replace('|', "\\|")
        );
    }
    for rule in RULES {
        text.push('\n');
        let mut is_code = false;
        for line in rule.page.lines() {
            is_code ^= line.starts_with("```");
            let deeper = if line.starts_with('#') && !is_code { "#" } else { "" };
            let _ = writeln!(text, "{deeper}{line}");
        }
    }
    text
}

fn scope(rule: &Rule) -> &'static str {
    match rule.check {
        Check::Record(_) => "a record",
        Check::Place(_) => "a report at its place",
        Check::Unread(_) => "an unreadable file",
        Check::File(_) => "a path",
        Check::Shared(..) => "reports together",
        Check::Marks(_) => "the ids given",
        Check::Ids(_) => "a whole tree",
        Check::History(_) => "a change",
        Check::Contribution(_) => "a stranger's change",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_all_rules_is_up_to_date() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        assert_eq!(run(&root, true), Ok(()));
    }
}
