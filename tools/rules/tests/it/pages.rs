//! Every rule's page is a test: its JSON blocks are a database, and the block `findings` behind them what must be found.

use std::sync::Arc;

use database::{Snapshot, TreePath};
use rules::{RULES, Settings, validate};

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

/// Runs the examples of one page, and says how many of them find something and how many nothing.
fn run(name: &str, page: &str) -> (usize, usize) {
    let (mut failing, mut passing) = (0, 0);
    let mut files: Vec<(TreePath, Arc<[u8]>)> = Vec::new();
    for (words, text) in blocks(page) {
        match words.split_once(' ') {
            Some(("json", path)) => files.push((path.parse().expect("a path"), text.as_bytes().into())),
            None if words == "findings" => {
                let snapshot = Snapshot::of_files(files.drain(..));
                let found: Vec<String> = validate(&snapshot, &Settings::default())
                    .findings
                    .iter()
                    .filter(|finding| finding.rule.name == name)
                    .map(|finding| format!("{} {}: {}", finding.path, finding.pointer, finding.message))
                    .collect();
                let expected: Vec<&str> = text.lines().collect();
                assert_eq!(found, expected, "the page of {name}");
                *(if found.is_empty() { &mut passing } else { &mut failing }) += 1;
            }
            _ => {}
        }
    }
    assert!(files.is_empty(), "the page of {name} has an example without a block `findings`");
    (failing, passing)
}

#[test]
fn every_page_shows_a_fault_and_its_cure() {
    for rule in RULES {
        let (failing, passing) = run(rule.name, rule.page);
        // No page can show a symbolic link; `store` tests those.
        assert!(failing > 0 || rule.name == "unreadable-report", "the page of {} shows no fault", rule.name);
        assert!(passing > 0, "the page of {} shows no cure", rule.name);
    }
}

#[test]
fn pages_have_one_form() {
    for rule in RULES {
        let headings: Vec<&str> = rule.page.lines().filter(|line| line.starts_with('#')).collect();
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
