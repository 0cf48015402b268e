//! Every rule's page is a test: its blocks with a path are the files of a database, those marked `base` what was there
//! before, and the block `findings` behind them is what must be found.

use std::collections::BTreeMap;

use database::Content;
use rules::{By, CAMPAIGNS_FILE, Check, PROTECTED_FOLDER, RULES, Rule, Settings, validate};

use crate::change::{Files, file, judge, snapshot};

/// A fenced block of a page: the words behind the fence, and the text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, fenced)) = rest.split_once("```") {
        let Some((inside, behind)) = fenced.split_once("```") else { break };
        found.push(inside.split_once('\n').expect("a fence has a line of its own"));
        rest = behind;
    }
    found
}

/// The words of a registry as the examples write it: `[word]`, and `aliases = ["…"]` below it.
fn campaigns(registry: &str) -> BTreeMap<String, String> {
    let (mut words, mut campaign) = (BTreeMap::new(), "");
    for line in registry.lines() {
        if let Some(word) = line.strip_prefix('[') {
            campaign = word.trim_end_matches(']');
            words.insert(campaign.to_owned(), campaign.to_owned());
        } else if let Some(aliases) = line.strip_prefix("aliases = ") {
            words.extend(aliases.split('"').skip(1).step_by(2).map(|alias| (alias.to_owned(), campaign.to_owned())));
        }
    }
    words
}

/// What a rule finds in a database, or in a change where there is a base.
fn found(rule: &Rule, base: Option<&Files>, head: &Files) -> Vec<String> {
    let mut settings = Settings::default();
    for (path, list) in head.iter().filter(|(path, _)| path.folder() == PROTECTED_FOLDER) {
        let Content::Planned(list) = list else { continue };
        settings.protected.add(path.file_name().trim_end_matches(".txt"), std::str::from_utf8(list).unwrap());
    }
    let registry = head.iter().find(|(path, _)| path.as_str() == CAMPAIGNS_FILE);
    if let Some((_, Content::Planned(registry))) = registry {
        settings.campaigns = Some(campaigns(std::str::from_utf8(registry).unwrap()));
    }
    let mut findings = match base {
        None => validate(&snapshot(head), &settings).findings,
        Some(base) => {
            let by = if matches!(rule.check, Check::Contribution(_)) { By::Stranger } else { By::Maintainer };
            judge(base, head, by, &settings).introduced
        }
    };
    findings.retain(|finding| finding.rule.name == rule.name);
    findings.iter().map(|finding| format!("{} {}: {}", finding.path, finding.pointer, finding.message)).collect()
}

/// Runs the examples of one page, and says how many of them find something and how many nothing.
fn run(rule: &Rule) -> (usize, usize) {
    let (mut failing, mut passing) = (0, 0);
    let (mut base, mut head) = (None::<Files>, Files::new());
    for (words, text) in blocks(rule.page) {
        let words: Vec<&str> = words.split_whitespace().collect();
        match words.as_slice() {
            ["json" | "text" | "toml", "base", path] => {
                base.get_or_insert_default().insert(path.parse().expect("a path"), file(text));
            }
            ["json" | "text" | "toml", path] => {
                head.insert(path.parse().expect("a path"), file(text));
            }
            ["findings"] => {
                let found = found(rule, base.take().as_ref(), &std::mem::take(&mut head));
                let expected: Vec<&str> = text.lines().collect();
                assert_eq!(found, expected, "the page of {}", rule.name);
                *(if found.is_empty() { &mut passing } else { &mut failing }) += 1;
            }
            _ => {}
        }
    }
    assert!(head.is_empty() && base.is_none(), "the page of {} has an example without a block `findings`", rule.name);
    (failing, passing)
}

#[test]
fn every_page_shows_a_fault_and_its_cure() {
    for rule in RULES {
        let (failing, passing) = run(rule);
        // No page can show a symbolic link; `store` tests those.
        assert!(failing > 0 || rule.name == "unreadable-report", "the page of {} shows no fault", rule.name);
        assert!(passing > 0, "the page of {} shows no cure", rule.name);
    }
}

#[test]
fn pages_have_one_form() {
    for rule in RULES {
        let prose = rule.page.split("```").step_by(2);
        let headings: Vec<&str> = prose.flat_map(str::lines).filter(|line| line.starts_with('#')).collect();
        let title = format!("# {}", rule.name);
        assert_eq!(headings, [&title, "## What it does", "## Why", "## Example", "## How to mend it"], "{}", rule.name);
    }
}

#[test]
fn rules_are_listed_once_and_by_name() {
    let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    for name in names {
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name} is not in kebab-case");
    }
}
