//! Who should look at a change: nobody, one person, or two.

use std::collections::BTreeSet;

use database::{IDS_FILE, TreePath};

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
        "removed" if one.is_draft => put(Route::Review, "a report that waits for its id goes away"),
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

/// What a change does beside its reports.
pub(super) struct Beside<'b> {
    /// The files.
    pub(super) files: &'b [TreePath],
    /// The rules that find faults there, or in reports that the change left alone.
    pub(super) faults: BTreeSet<&'static str>,
    /// Whether the marks of the ids say just what the reports of the change show.
    pub(super) proves_marks: bool,
}

impl Beside<'_> {
    /// Who should look at one of its files, and why.
    fn of_file(&self, path: &TreePath) -> (Route, &'static str) {
        let is_hidden = path.parts().any(|part| part.starts_with('.'));
        let is_text = path.as_str().ends_with(".md") && (path.folder().is_empty() || path.is_in("docs"));
        match path.parts().nth(1) {
            _ if path.as_str() == IDS_FILE && self.proves_marks => (Route::Auto, ""),
            Some("ids.json" | "cursors" | "quarantine" | "remembered") if path.is_in("osv") && !is_hidden => {
                (Route::Review, "it changes what only the tools write")
            }
            _ if (is_text || path.is_in("osv")) && !is_hidden => {
                (Route::Review, "it changes files that are no reports")
            }
            _ => (Route::TwoReviewers, "it changes how the database is kept"),
        }
    }
}

/// Who should look at the whole, and why.
pub(super) fn of_all(all: &[One], beside: &Beside<'_>, taken: &[curate::Taken]) -> (Route, Vec<String>) {
    let mut route = all.iter().map(|one| one.route).max().unwrap_or_default();
    let mut why = Vec::new();
    let by_hand = all.iter().filter(|one| one.kind == "new" && one.sources.is_empty()).count();
    if by_hand > BY_HAND_MAX {
        route = Route::TwoReviewers;
        why.push(format!(
            "{by_hand} new reports by hand are more than {BY_HAND_MAX}: send them in parts, or as a source"
        ));
    }
    let files: BTreeSet<(Route, &str)> = beside.files.iter().map(|path| beside.of_file(path)).collect();
    for (for_files, told) in files.into_iter().rev().filter(|(route, _)| *route > Route::Auto) {
        route = route.max(for_files);
        why.push(told.to_owned());
    }
    if !beside.faults.is_empty() {
        route = route.max(Route::Review);
        let faults: Vec<&str> = beside.faults.iter().copied().collect();
        why.push(format!("the rules find faults elsewhere: {}", faults.join(", ")));
    }
    for taken in taken {
        route = Route::TwoReviewers;
        why.push(format!("it takes many reports away ({taken})"));
    }
    (route, why)
}
