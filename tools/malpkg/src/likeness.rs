//! "Did you mean": the known word that is most like an unknown one.

/// Words that are less alike than this are different words.
const LIKENESS_MIN: f64 = 0.75;

/// The known word that is most like an unknown one, if one is at all.
pub(crate) fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let rated = known.map(|known| (strsim::jaro_winkler(word, known), known));
    rated.filter(|(likeness, _)| *likeness > LIKENESS_MIN).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

/// A remedy: the word that was meant, or else what to do.
pub(crate) fn did_you_mean(nearest: Option<&str>, otherwise: &str) -> String {
    nearest.map_or_else(|| otherwise.to_owned(), |nearest| format!("did you mean `{nearest}`?"))
}
