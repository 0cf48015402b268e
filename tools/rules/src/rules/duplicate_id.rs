#![doc = include_str!("duplicate_id.md")]

use std::collections::BTreeMap;

use crate::{Check, Level, Rule, TreeSink, World};

pub(super) static RULE: Rule = Rule {
    name: "duplicate-id",
    level: Level::Error,
    page: include_str!("duplicate_id.md"),
    check: Check::Tree(check),
};

fn check(world: &World<'_>, put: &mut TreeSink<'_>) {
    let mut holders: BTreeMap<&str, Vec<&database::TreePath>> = BTreeMap::new();
    for facts in world.facts {
        if let Some(id) = &facts.id {
            holders.entry(id).or_default().push(&facts.path);
        }
    }
    for (id, paths) in holders.into_iter().filter(|(_, paths)| paths.len() > 1) {
        for &path in &paths {
            let other = paths.iter().find(|other| **other != path).map_or("", |other| other.as_str());
            let message = format!("the id {id} is also that of {other}");
            put(
                path,
                id,
                message,
                "keep the id at the report that had it first, and give the other one a new id".into(),
            );
        }
    }
}
