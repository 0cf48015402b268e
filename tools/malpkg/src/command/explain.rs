//! `malpkg explain`: the page of a rule, or the list of all rules.

use rules::RULES;
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

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
        return Err(Failure::new(format!("there is no rule `{name}`")).remedy("`malpkg explain` lists all rules"));
    }
    if context.wants_json() {
        let rules =
            chosen.iter().map(|rule| RuleV1 { name: rule.name, level: rule.level.word(), page: rule.page }).collect();
        context.write_json(&ExplainV1 { format: "malpkg.explain", version: 1, rules })?;
    } else if arguments.rule.is_some() {
        for rule in chosen {
            write!(context.out, "{}", rule.page)?;
        }
    } else {
        for rule in chosen {
            writeln!(context.out, "{:8} {}", rule.level.word(), rule.name)?;
        }
    }
    Ok(Exit::Done)
}
