//! A declared source: where it sends from, in which format, and what is taken of it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::analysis::{VerdictError, Verdicts};
use crate::keys::{self, Holds, KEYS, Key};
use crate::pattern::Pattern;
use crate::table::{FIELDS, Map};
use crate::{DOCUMENT_SIZE_MAX, LIST_SIZE_MAX};

/// What a configuration says under a key, before anybody asked whether it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A text.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A list.
    List(Vec<Setting>),
    /// A table.
    Table(BTreeMap<String, Setting>),
    /// Anything else, which no key holds.
    Other,
}

/// Why a source cannot be declared like that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The id is none.
    #[error("`source.{id}`: the id of a source has lower-case letters, digits and `-` only")]
    Id {
        /// The id.
        id: String,
    },
    /// Nobody knows such a key.
    #[error("unknown key `source.{key}`")]
    Unknown {
        /// The key, from the source's id on.
        key: String,
        /// The last part of it.
        word: String,
        /// The keys that may stand there.
        known: Vec<&'static str>,
    },
    /// A key holds something else.
    #[error("`source.{key}` must be {must_be}")]
    Type {
        /// The key, from the source's id on.
        key: String,
        /// What it holds.
        must_be: String,
    },
    /// A format that nobody knows.
    #[error("`source.{id}.format`: no format `{format}` is known")]
    Format {
        /// The source.
        id: String,
        /// What was said.
        format: String,
    },
    /// No format is said.
    #[error("`source.{id}.format` is missing")]
    NoFormat {
        /// The source.
        id: String,
    },
}

/// The format of what a source sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OSV records.
    Osv,
    /// A tree of this kind of database, whose ids and origins are taken over.
    OssfTree,
    /// Rows with columns.
    Table,
    /// GitHub's advisories.
    Ghsa,
    /// A list of Safe Chain's.
    SafeChain,
    /// A manifest of Datadog's.
    DatadogManifest,
    /// What a sandbox saw a package do, of which rules make verdicts.
    PackageAnalysis,
}

impl Format {
    fn named(word: &str) -> Option<Format> {
        let all = [
            Format::Osv,
            Format::OssfTree,
            Format::Table,
            Format::Ghsa,
            Format::SafeChain,
            Format::DatadogManifest,
            Format::PackageAnalysis,
        ];
        all.into_iter().find(|format| format.word() == word)
    }

    /// The word of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Format::Osv => "osv",
            Format::OssfTree => "ossf-tree",
            Format::Table => "table",
            Format::Ghsa => "ghsa",
            Format::SafeChain => "safe-chain",
            Format::DatadogManifest => "datadog-manifest",
            Format::PackageAnalysis => "package-analysis",
        }
    }

    /// Whether it is a list of all there is, without dates: what it says, it says when it is read.
    pub fn is_list(self) -> bool {
        matches!(self, Format::SafeChain | Format::DatadogManifest)
    }

    /// Whether the ids are made here, of the package, and are nobody's names for anything.
    pub(crate) fn makes_ids(self) -> bool {
        self.is_list() || self == Format::PackageAnalysis
    }

    /// How large its documents may be.
    pub(crate) fn document_size_max(self) -> u64 {
        match self {
            Format::Osv | Format::OssfTree | Format::Table => DOCUMENT_SIZE_MAX,
            Format::Ghsa | Format::SafeChain | Format::DatadogManifest | Format::PackageAnalysis => LIST_SIZE_MAX,
        }
    }
}

/// What becomes of a source's own ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnIds {
    /// They become aliases.
    Alias,
    /// Those with our prefix stay the ids of the reports; others become aliases.
    Keep,
    /// They stay with the origin alone.
    Drop,
}

/// How far before the end of a bucket the next listing begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookback {
    /// So many objects.
    Objects(u64),
    /// What changed within so many seconds.
    Seconds(i64),
}

impl Lookback {
    fn parse(text: &str) -> Option<Lookback> {
        let seconds = |number: &str, each: i64| number.parse::<i64>().ok()?.checked_mul(each);
        let time = match text.split_at_checked(text.len().checked_sub(1)?)? {
            (number, "m") => seconds(number, 60),
            (number, "h") => seconds(number, 3600),
            (number, "d") => seconds(number, 86_400),
            _ => return text.parse().ok().map(Lookback::Objects),
        };
        time.filter(|seconds| *seconds >= 0).map(Lookback::Seconds)
    }
}

/// A declared source.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its id.
    pub id: String,
    /// What it sends.
    pub format: Format,
    /// Where it lies.
    pub from: Option<String>,
    /// The branch that is read, of a git repository.
    pub branch: Option<String>,
    /// What the names of documents begin with.
    pub prefixes: Vec<String>,
    /// The ecosystems that are taken; empty for all.
    pub ecosystems: Vec<String>,
    /// The names of packages that are taken; empty for all.
    pub names: Vec<Pattern>,
    /// Aliases that are left out.
    pub drop_aliases: Vec<Pattern>,
    /// Related ids that are left out.
    pub drop_related: Vec<Pattern>,
    /// What becomes of its own ids.
    pub own_ids: OwnIds,
    /// What its own ids begin with; empty for anything.
    pub id_prefixes: Vec<String>,
    /// Whether a record on several packages is taken apart.
    pub splits: bool,
    /// Whether what is sent is everything there is.
    pub is_complete: bool,
    /// How well founded its findings are.
    pub trust: String,
    /// The licence of what it sends.
    pub licence: Option<String>,
    /// Why nothing is read from it for now.
    pub paused: Option<String>,
    /// How its tables are read.
    pub table: Map,
    /// How many documents an archive may hold.
    pub documents_max: u64,
    /// How many bytes of an archive are unpacked.
    pub unpacked_max: u64,
    /// How far before the end of a bucket the next listing begins.
    pub(crate) lookback: Lookback,
    /// The server that has the bucket.
    pub(crate) endpoint: Option<String>,
    /// The region of a bucket.
    pub(crate) region: Option<String>,
    /// The account that a container is in.
    pub(crate) account: Option<String>,
    /// How often a server is asked again.
    pub(crate) retries: u64,
    /// How long a reading over the network may take.
    pub(crate) seconds_max: u64,
    /// How many bytes a file over the network may have.
    pub(crate) download_max: u64,
    /// How many of its documents are kept in quarantine.
    pub quarantine_documents: u64,
    /// How many bytes of it are kept in quarantine.
    pub quarantine_bytes: u64,
    /// What makes verdicts of its results; those that we ship, where nothing else was said.
    verdicts: Option<Arc<Verdicts>>,
    /// What it was made from, for the fingerprint of a cursor.
    settings: BTreeMap<String, Setting>,
}

impl Source {
    /// A source as a configuration declares it.
    ///
    /// # Errors
    ///
    /// The first key that nobody knows, or that holds what it must not.
    pub fn new(id: &str, settings: &BTreeMap<String, Setting>) -> Result<Source, SettingError> {
        let is_id = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if id.is_empty() || !id.bytes().all(is_id) {
            return Err(SettingError::Id { id: id.to_owned() });
        }
        let said = Said { id, settings };
        said.check()?;
        let format = said.text("format").ok_or_else(|| SettingError::NoFormat { id: id.to_owned() })?;
        let unknown = || SettingError::Format { id: id.to_owned(), format: format.clone() };
        let format = Format::named(&format).ok_or_else(unknown)?;
        let own_ids = match said.text("own-ids").as_deref() {
            Some("keep") => OwnIds::Keep,
            Some("drop") => OwnIds::Drop,
            Some(_) => OwnIds::Alias,
            None if format == Format::OssfTree => OwnIds::Keep,
            None if format.makes_ids() => OwnIds::Drop,
            None => OwnIds::Alias,
        };
        let patterns = |name: &str| said.texts(name).iter().map(|text| Pattern::new(text)).collect();
        Ok(Source {
            id: id.to_owned(),
            format,
            from: said.text("from"),
            branch: said.text("branch"),
            prefixes: said.texts("prefixes"),
            ecosystems: said.texts("ecosystems"),
            names: patterns("names"),
            drop_aliases: patterns("drop-aliases"),
            drop_related: patterns("drop-related"),
            own_ids,
            id_prefixes: said.texts("id-prefixes"),
            splits: said.text("several-affected").as_deref() != Some("reject"),
            is_complete: said.flag("complete").unwrap_or(format.is_list()),
            trust: said.text("trust").unwrap_or_else(|| "claimed".into()),
            licence: said.text("licence"),
            paused: said.text("paused"),
            table: said.map(),
            documents_max: said.number("documents-max"),
            unpacked_max: said.number("unpacked-max"),
            lookback: said.text("lookback").and_then(|text| Lookback::parse(&text)).unwrap_or(Lookback::Objects(1000)),
            endpoint: said.text("endpoint"),
            region: said.text("region"),
            account: said.text("account"),
            retries: said.number("retries"),
            seconds_max: said.number("seconds-max"),
            download_max: said.number("download-max"),
            quarantine_documents: said.number("quarantine-documents"),
            quarantine_bytes: said.number("quarantine-bytes"),
            verdicts: None,
            settings: settings.clone(),
        })
    }

    /// What stands for everything that decides what is read: a cursor of other settings is of no use.
    pub fn fingerprint(&self) -> String {
        const DECIDE_NOTHING: [&str; 9] = [
            "paused",
            "licence",
            "trust",
            "quarantine-documents",
            "quarantine-bytes",
            "lookback",
            "retries",
            "seconds-max",
            "download-max",
        ];
        let decisive = self.settings.iter().filter(|(name, _)| !DECIDE_NOTHING.contains(&name.as_str()));
        let said: Vec<_> = decisive.collect();
        // Results that met no rule are read again when there are others.
        let rules = (self.format == Format::PackageAnalysis).then(|| self.verdicts().map(|rules| rules.mark.clone()));
        let said = match rules {
            Some(rules) => format!("{said:?}{rules:?}"),
            None => format!("{said:?}"),
        };
        curate::sha256_hex(said.as_bytes())[..16].to_owned()
    }

    /// Has verdicts made by these rules.
    pub fn judge_by(&mut self, verdicts: Arc<Verdicts>) {
        self.verdicts = Some(verdicts);
    }

    /// What makes verdicts of its results.
    pub(crate) fn verdicts(&self) -> Result<Arc<Verdicts>, VerdictError> {
        static SHIPPED: OnceLock<Result<Arc<Verdicts>, VerdictError>> = OnceLock::new();
        match &self.verdicts {
            Some(verdicts) => Ok(verdicts.clone()),
            None => SHIPPED.get_or_init(|| Verdicts::parse(None, None)).clone(),
        }
    }

    /// Whether documents of this name are read.
    pub fn wants(&self, name: &str) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }
}

/// What was said about one source.
struct Said<'s> {
    id: &'s str,
    settings: &'s BTreeMap<String, Setting>,
}

impl Said<'_> {
    /// Holds every key to the list.
    fn check(&self) -> Result<(), SettingError> {
        for (name, setting) in self.settings {
            let key = keys::key(name).ok_or_else(|| self.unknown(name, KEYS.iter().map(|key| key.name)))?;
            self.check_one(key, setting)?;
        }
        Ok(())
    }

    fn check_one(&self, key: &Key, setting: &Setting) -> Result<(), SettingError> {
        let is_text = |setting: &Setting| matches!(setting, Setting::Text(_));
        let are_texts = |items: &[Setting]| items.iter().all(is_text);
        let fault = |must_be: &str| self.fault(key.name, must_be);
        match (key.holds, setting) {
            (Holds::Text, Setting::Text(text)) if key.name == "delimiter" && text.len() != 1 => {
                Err(fault("one character, for example \";\""))
            }
            (Holds::Text, Setting::Text(text)) if key.name == "lookback" && Lookback::parse(text).is_none() => {
                Err(fault("a number of objects, or a time such as \"12h\" or \"7d\""))
            }
            (Holds::Text, Setting::Text(_)) | (Holds::Flag, Setting::Flag(_)) => Ok(()),
            (Holds::Text, _) => Err(fault("a string")),
            (Holds::Flag, _) => Err(fault("true or false")),
            (Holds::Number, Setting::Number(number)) if *number >= 0 => Ok(()),
            (Holds::Number, _) => Err(fault("a whole number from 0 up")),
            (Holds::Texts, Setting::List(items)) if are_texts(items) => Ok(()),
            (Holds::Texts, _) => Err(fault("a list of strings")),
            // A format that nobody knows has an error of its own.
            (Holds::Word(_), Setting::Text(_)) if key.name == "format" => Ok(()),
            (Holds::Word(words), Setting::Text(word)) if words.contains(&word.as_str()) => Ok(()),
            (Holds::Word(_), Setting::Other | Setting::Flag(_) | Setting::Number(_)) if key.name == "format" => {
                Err(fault("a string"))
            }
            (Holds::Word(words), _) => {
                let (last, first) = words.split_last().map_or(("", [].as_slice()), |(last, first)| (last, first));
                let first: Vec<String> = first.iter().map(|word| format!("\"{word}\"")).collect();
                Err(fault(&format!("{} or \"{last}\"", first.join(", "))))
            }
            (Holds::Columns | Holds::Values | Holds::Words, Setting::Table(fields)) => {
                for (field, held) in fields {
                    let name = format!("{}.{field}", key.name);
                    if !FIELDS.iter().any(|known| known.name == field) {
                        return Err(self.unknown(&name, FIELDS.iter().map(|field| field.name)));
                    }
                    let fits = match (key.holds, held) {
                        (_, Setting::Text(_)) => key.holds != Holds::Words,
                        (Holds::Columns, Setting::List(items)) => are_texts(items),
                        (Holds::Words, Setting::Table(words)) => words.values().all(is_text),
                        _ => false,
                    };
                    if !fits {
                        return Err(self.fault(
                            &name,
                            match key.holds {
                                Holds::Columns => "the name of a column, or a list of names",
                                Holds::Words => "a table of words",
                                _ => "a string",
                            },
                        ));
                    }
                }
                Ok(())
            }
            (Holds::Columns | Holds::Values | Holds::Words, _) => Err(fault("a table")),
        }
    }

    fn fault(&self, name: &str, must_be: &str) -> SettingError {
        SettingError::Type { key: format!("{}.{name}", self.id), must_be: must_be.to_owned() }
    }

    fn unknown(&self, name: &str, known: impl Iterator<Item = &'static str>) -> SettingError {
        let word = name.rsplit('.').next().unwrap_or_default().to_owned();
        SettingError::Unknown { key: format!("{}.{name}", self.id), word, known: known.collect() }
    }

    fn text(&self, name: &str) -> Option<String> {
        text_of(self.settings.get(name)?)
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.settings.get(name)? {
            Setting::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// What a key says, or the number that its line in the list names.
    fn number(&self, name: &str) -> u64 {
        match self.settings.get(name) {
            Some(Setting::Number(number)) => u64::try_from(*number).unwrap_or_default(),
            _ => keys::key(name).and_then(|key| key.default.parse().ok()).unwrap_or(u64::MAX),
        }
    }

    fn texts(&self, name: &str) -> Vec<String> {
        match self.settings.get(name) {
            Some(Setting::List(items)) => items.iter().filter_map(text_of).collect(),
            _ => Vec::new(),
        }
    }

    fn map(&self) -> Map {
        let fields = |name: &str| match self.settings.get(name) {
            Some(Setting::Table(fields)) => fields.clone(),
            _ => BTreeMap::new(),
        };
        let mut map = Map { delimiter: self.text("delimiter").map(|text| text.as_bytes()[0]), ..Map::default() };
        for (field, setting) in fields("columns") {
            let columns = match setting {
                Setting::List(items) => items.iter().filter_map(text_of).collect(),
                one => text_of(&one).into_iter().collect(),
            };
            map.columns.insert(field, columns);
        }
        for (field, setting) in fields("values") {
            map.values.insert(field, text_of(&setting).unwrap_or_default());
        }
        for (field, setting) in fields("words") {
            if let Setting::Table(words) = setting {
                let words = words.into_iter().filter_map(|(theirs, ours)| Some((theirs, text_of(&ours)?)));
                map.words.insert(field, words.collect());
            }
        }
        map
    }
}

fn text_of(setting: &Setting) -> Option<String> {
    match setting {
        Setting::Text(text) => Some(text.clone()),
        _ => None,
    }
}
