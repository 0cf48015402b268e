//! Who should look at a change: nobody, one person, or two.

use crate::config::Config;

use super::change::One;

/// A change that brings more reports written by hand than this is more than one person checks well.
const BY_HAND_MAX: usize = 50;

/// Who should look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Route {
    /// Nobody has to.
    #[default]
    Auto,
    /// One person.
    Review,
    /// Two people.
    TwoReviewers,
}

impl Route {
    /// The word for programs.
    pub(super) fn word(self) -> &'static str {
        match self {
            Route::Auto => "auto",
            Route::Review => "review",
            Route::TwoReviewers => "two-reviewers",
        }
    }

    /// The words for people.
    pub(super) fn told(self) -> &'static str {
        match self {
            Route::Auto => "nobody has to look",
            Route::Review => "one person looks",
            Route::TwoReviewers => "two people look",
        }
    }
}

/// Who should look at one report, and why.
pub(super) fn of_report(one: &One, config: &Config) -> (Route, Vec<String>) {
    let mut why: Vec<(Route, String)> = Vec::new();
    let mut put = |route, told: &str| why.push((route, told.to_owned()));
    if !one.protected.is_empty() {
        put(Route::TwoReviewers, "its name is protected");
    }
    match one.kind {
        "removed" => put(Route::TwoReviewers, "a report goes away"),
        "withdrawn" | "narrowed" | "reinstated" => put(Route::Review, "what was said is taken back, or said again"),
        _ => {}
    }
    if one.findings > 0 {
        put(Route::Review, &format!("the rules find faults: {}", one.rules.join(", ")));
    }
    let takes_more = matches!(one.kind, "new" | "joined");
    if takes_more && one.sources.is_empty() && (!one.added.is_empty() || one.kind == "new") {
        put(Route::Review, "it was written by hand");
    }
    let trust =
        |source: &String| config.sources.get(source).map_or("unknown", |source| source.trust.as_str()).to_owned();
    let trusted = one.sources.iter().filter(|source| trust(source) == "confirmed").count();
    let likely = one.sources.iter().filter(|source| trust(source) == "likely").count();
    if takes_more && !one.sources.is_empty() && trusted == 0 && likely < 2 {
        put(Route::Review, "no source of it is confirmed, nor do two that are likely agree");
    }
    if one.kind == "joined" && one.added.iter().any(|added| added.ends_with("/*")) {
        put(Route::Review, "every version becomes malicious where some were");
    }
    if takes_more && !one.has_evidence {
        put(Route::Review, "it shows no evidence");
    }
    if !one.overlaps.is_empty() && one.kind == "new" {
        put(Route::Review, "another report speaks of the same");
    }
    let route = why.iter().map(|(route, _)| *route).max().unwrap_or_default();
    (route, why.into_iter().map(|(_, told)| told).collect())
}

/// Who should look at the whole, and why.
pub(super) fn of_all(all: &[One], others: &[String], taken: &[curate::Taken]) -> (Route, Vec<String>) {
    let mut route = all.iter().map(|one| one.route).max().unwrap_or_default();
    let mut why = Vec::new();
    let by_hand = all.iter().filter(|one| one.kind == "new" && one.sources.is_empty()).count();
    if by_hand > BY_HAND_MAX {
        route = Route::TwoReviewers;
        why.push(format!(
            "{by_hand} new reports by hand are more than {BY_HAND_MAX}: send them in parts, or as a source"
        ));
    }
    if others.iter().any(|path| path == "malpkg.toml" || path.starts_with("config/")) {
        route = Route::TwoReviewers;
        why.push("it changes how the database is kept".to_owned());
    }
    for taken in taken {
        route = Route::TwoReviewers;
        why.push(format!("it takes many reports away ({taken})"));
    }
    (route, why)
}
