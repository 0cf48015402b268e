//! `malpkg explain`: the page of a rule, or the list of all rules.

use rules::RULES;
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::likeness::{did_you_mean, nearest};

/// Show what a rule asks for, why, and how to mend a breach
///
/// Without a name, lists all rules with their levels.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The name of the rule, as findings show it
    rule: Option<String>,
}

#[derive(Serialize)]
struct ExplainV1 {
    format: &'static str,
    version: u32,
    rules: Vec<RuleV1>,
}

#[derive(Serialize)]
struct RuleV1 {
    name: &'static str,
    level: &'static str,
    page: &'static str,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let named = |rule: &&&rules::Rule| arguments.rule.as_deref().is_none_or(|name| name == rule.name);
    let chosen: Vec<&rules::Rule> = RULES.iter().filter(named).copied().collect();
    if let (Some(name), []) = (&arguments.rule, chosen.as_slice()) {
        let nearest = nearest(name, RULES.iter().map(|rule| rule.name));
        let remedy = did_you_mean(nearest, "`malpkg explain` lists all rules");
        return Err(Failure::new(format!("there is no rule `{name}`")).remedy(remedy));
    }
    if context.wants_json() {
        let rules =
            chosen.iter().map(|rule| RuleV1 { name: rule.name, level: rule.level.word(), page: rule.page }).collect();
        context.write_json(&ExplainV1 { format: "malpkg.explain", version: 1, rules })?;
    } else if arguments.rule.is_some() {
        for rule in chosen {
            write!(context.out, "{}", for_people(rule.page))?;
        }
    } else {
        let width = chosen.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
        for rule in chosen {
            writeln!(context.out, "{:8} {:width$} {}", rule.level.word(), rule.name, rule.summary())?;
        }
    }
    Ok(Exit::Done)
}

/// A page as people read it: its fenced examples, which a test runs, become indented text.
fn for_people(page: &str) -> String {
    let mut shown = String::new();
    let mut fence = None;
    for line in page.lines() {
        match (fence, line.strip_prefix("```")) {
            (None, Some(words)) => {
                fence = Some(words);
                match words.split_whitespace().collect::<Vec<_>>().as_slice() {
                    [_, "base", path] => shown.push_str(&format!("    {path}, before:\n")),
                    [_, path] => shown.push_str(&format!("    {path}\n")),
                    _ => {}
                }
            }
            (Some(_), Some(_)) => fence = None,
            (Some("findings"), None) => shown.push_str(&format!("    finds: {line}\n")),
            (Some(_), None) => shown.push_str(&format!("    {line}\n")),
            (None, None) => shown.push_str(&format!("{line}\n")),
        }
    }
    shown.trim_end().to_owned() + "\n"
}
