//! `malpkg.toml`: what one database asks of the tool. Unknown keys are errors: a setting that is not read protects nobody.

use std::collections::{BTreeMap, BTreeSet};

use curate::Guard;
use database::{CONFIG_FILE, Snapshot};
use export::{Blocking, Target, UnknownWord};
use intake::{Setting, SettingError, Source};
use rules::{Level, PROTECTED_FOLDER, Settings};
use toml::{Table, Value};

use crate::campaigns::Campaigns;
use crate::failure::Failure;
use crate::likeness::{did_you_mean, nearest};

/// Ids are given from here up in each year, unless the configuration says otherwise: below it the numbers are upstream's.
const FIRST_NUMBER: u64 = 900_001;

/// The keys that are read, section by section; `schema/malpkg-config.json` has the same for editors. Those of a source
/// are listed in `intake::keys`.
const KEYS: [&str; 5] = ["database", "export", "guard", "rules", "source"];
const DATABASE_KEYS: [&str; 3] = ["prefix", "home", "first-number"];
const EXPORT_KEYS: [&str; 3] = ["block", "min-confidence", "targets"];
const GUARD_KEYS: [&str; 2] = ["percent", "at-least"];

/// The configuration of a database. Every key has a default.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Where reports are read by people.
    pub home: Option<String>,
    /// The first number given each year.
    pub first_number: u64,
    /// The prefix of ids, and how strictly each rule is taken.
    pub settings: Settings,
    /// How much a plan may take away without anybody saying so.
    pub guard: Guard,
    /// Which reports the lists that block hold.
    pub blocking: Blocking,
    /// What a release has where nobody asks for single targets; none where that is left to the size of the database.
    pub targets: Option<BTreeSet<Target>>,
    /// The declared sources, by id.
    pub sources: BTreeMap<String, Source>,
}

impl Default for Config {
    fn default() -> Config {
        let (settings, guard, sources) = (Settings::default(), Guard::default(), BTreeMap::new());
        let blocking = Blocking::default();
        Config { home: None, first_number: FIRST_NUMBER, settings, guard, blocking, targets: None, sources }
    }
}

impl Config {
    /// Reads the configuration of a tree; the defaults where it has none.
    pub(crate) fn read(snapshot: &Snapshot) -> Result<Config, Failure> {
        let mut config = match snapshot.read_path(CONFIG_FILE)? {
            Some(bytes) => Config::parse(&bytes)?,
            None => Config::default(),
        };
        let file = |path: &str| Ok(snapshot.read_path(path)?.map(|bytes| bytes.to_vec()));
        config.add_verdicts(file)?;
        for entry in snapshot.in_folder(PROTECTED_FOLDER) {
            if let Some(directory) = entry.path.file_name().strip_suffix(".txt") {
                let list = snapshot.read(entry)?;
                config.settings.protected.add(directory, &String::from_utf8_lossy(&list));
            }
        }
        config.settings.campaigns = Campaigns::find(snapshot)?.map(|campaigns| campaigns.words());
        Ok(config)
    }

    /// Reads a configuration from its bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Config, Failure> {
        Config::parse_keys(bytes).map_err(|failure| failure.place(CONFIG_FILE))
    }

    /// Gives the sources of analysis results what makes verdicts of them: the rules that lie beside the configuration.
    pub(crate) fn add_verdicts(
        &mut self,
        file: impl Fn(&str) -> Result<Option<Vec<u8>>, Failure>,
    ) -> Result<(), Failure> {
        let analysed = |source: &&mut Source| source.format == intake::Format::PackageAnalysis;
        let mut analysed = self.sources.values_mut().filter(analysed).peekable();
        if analysed.peek().is_none() {
            return Ok(());
        }
        let text = |path| Ok::<_, Failure>(file(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        let (rules, frequent) = (text(intake::RULES_FILE)?, text(intake::FREQUENT_FILE)?);
        let verdicts = intake::Verdicts::parse(rules.as_deref(), frequent.as_deref()).map_err(|error| {
            Failure::new(error.reason).place(error.file).remedy("docs/package-analysis.md says what a rule may hold")
        })?;
        analysed.for_each(|source| source.judge_by(verdicts.clone()));
        Ok(())
    }

    fn parse_keys(bytes: &[u8]) -> Result<Config, Failure> {
        let text = std::str::from_utf8(bytes).map_err(|_| Failure::new("the configuration is not UTF-8"))?;
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
            let at = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            Failure::new(format!("{at}{}", error.message()))
        })?;
        let mut config = Config::default();
        known(&table, "", &KEYS)?;
        if let Some(section) = section(&table, "database")? {
            known(section, "database.", &DATABASE_KEYS)?;
            if let Some(prefix) = text_of(section, "database.", "prefix")? {
                if prefix.is_empty() || !prefix.bytes().all(|b| b.is_ascii_uppercase()) {
                    return Err(Failure::new("`database.prefix` must be capital letters, for example \"MAL\""));
                }
                config.settings.prefix = prefix;
            }
            config.home = text_of(section, "database.", "home")?;
            if let Some(number) = number_of(section, "database.", "first-number", 1)? {
                config.first_number = number;
            }
        }
        if let Some(section) = section(&table, "export")? {
            config.read_export(section)?;
        }
        if let Some(section) = section(&table, "guard")? {
            known(section, "guard.", &GUARD_KEYS)?;
            let number = |key| number_of(section, "guard.", key, 0);
            let number = |key| Ok::<_, Failure>(number(key)?.and_then(|number| usize::try_from(number).ok()));
            config.guard.percent = number("percent")?.unwrap_or(config.guard.percent);
            config.guard.at_least = number("at-least")?.unwrap_or(config.guard.at_least);
            if config.guard.percent > 100 {
                return Err(Failure::new(
                    "`guard.percent` is the share of all reports, and more than 100 stops nothing",
                ));
            }
        }
        if let Some(section) = section(&table, "rules")? {
            for (name, level) in section {
                config.set_rule(name, level)?;
            }
        }
        if let Some(sources) = section(&table, "source")? {
            for (id, source) in sources {
                config.sources.insert(id.clone(), read_source(id, source)?);
            }
        }
        Ok(config)
    }

    fn read_export(&mut self, section: &Table) -> Result<(), Failure> {
        known(section, "export.", &EXPORT_KEYS)?;
        let unknown = |key: &str, error: &UnknownWord| {
            let nearest = nearest(&error.word, error.known.iter().copied());
            let all = format!("the words are: {}", error.known.join(", "));
            Failure::new(format!("`export.{key}`: unknown word `{}`", error.word)).remedy(did_you_mean(nearest, &all))
        };
        let mut blocking = self.blocking.clone();
        if let Some(kinds) = words_of(section, "export.", "block")? {
            blocking = blocking.of_kinds(kinds).map_err(|error| unknown("block", &error))?;
        }
        if let Some(least) = text_of(section, "export.", "min-confidence")? {
            blocking = blocking.from_confidence(&least).map_err(|error| unknown("min-confidence", &error))?;
        }
        self.blocking = blocking;
        if let Some(names) = words_of(section, "export.", "targets")? {
            let target = |name: &str| {
                name.parse::<Target>().map_err(|_| {
                    let all = Target::ALL.map(Target::name);
                    let listed = format!("the targets are: {}", all.join(", "));
                    Failure::new(format!("`export.targets`: unknown target `{name}`"))
                        .remedy(did_you_mean(nearest(name, all.into_iter()), &listed))
                })
            };
            self.targets = Some(names.into_iter().map(target).collect::<Result<_, _>>()?);
        }
        Ok(())
    }

    fn set_rule(&mut self, name: &str, level: &Value) -> Result<(), Failure> {
        let level = match level.as_str() {
            Some("off") => None,
            Some("warning") => Some(Level::Warning),
            Some("error") => Some(Level::Error),
            _ => return Err(Failure::new(format!("`rules.{name}` must be \"off\", \"warning\" or \"error\""))),
        };
        self.settings.set(name, level).map_err(|error| {
            let nearest = nearest(name, rules::RULES.iter().map(|rule| rule.name));
            Failure::new(format!("`rules.{name}`: {error}")).remedy(did_you_mean(nearest, "`malpkg explain` lists all"))
        })
    }

    /// Takes the lists of names of another configuration: the protected ones, and those of campaigns.
    pub(crate) fn take_names(&mut self, other: Config) {
        self.settings.protected = other.settings.protected;
        self.settings.campaigns = other.settings.campaigns;
    }

    /// A declared source.
    pub(crate) fn source(&self, id: &str) -> Result<&Source, Failure> {
        self.sources.get(id).ok_or_else(|| {
            let declare = format!("declare it in {CONFIG_FILE}: [source.{id}] and below it format = \"osv\"");
            let nearest = nearest(id, self.sources.keys().map(String::as_str));
            Failure::new(format!("the source `{id}` is not declared"))
                .place(CONFIG_FILE)
                .remedy(did_you_mean(nearest, &declare))
        })
    }
}

fn read_source(id: &str, value: &Value) -> Result<Source, Failure> {
    let Setting::Table(settings) = setting(value) else {
        return Err(Failure::new(format!("`source.{id}` must be a table")));
    };
    Source::new(id, &settings).map_err(|error| {
        let failure = Failure::new(&error);
        match error {
            SettingError::Id { .. } | SettingError::Type { .. } => failure,
            SettingError::Unknown { word, known, .. } => {
                let all = format!("known keys are: {}", known.join(", "));
                failure.remedy(did_you_mean(nearest(&word, known.iter().copied()), &all))
            }
            SettingError::Format { format, .. } => {
                let all = format!("formats are: {}", intake::keys::FORMATS.join(", "));
                failure.remedy(did_you_mean(nearest(&format, intake::keys::FORMATS.into_iter()), &all))
            }
            SettingError::NoFormat { .. } => failure.remedy("say what is sent: format = \"osv\""),
        }
    })
}

/// A value of the configuration as `intake` reads it.
fn setting(value: &Value) -> Setting {
    match value {
        Value::String(text) => Setting::Text(text.clone()),
        Value::Boolean(flag) => Setting::Flag(*flag),
        Value::Integer(number) => Setting::Number(*number),
        Value::Array(items) => Setting::List(items.iter().map(setting).collect()),
        Value::Table(members) => {
            Setting::Table(members.iter().map(|(name, value)| (name.clone(), setting(value))).collect())
        }
        Value::Float(_) | Value::Datetime(_) => Setting::Other,
    }
}

fn section<'t>(table: &'t Table, name: &str) -> Result<Option<&'t Table>, Failure> {
    let to_table = |value: &'t Value| value.as_table().ok_or_else(|| Failure::new(format!("`{name}` must be a table")));
    table.get(name).map(to_table).transpose()
}

fn text_of(table: &Table, prefix: &str, key: &str) -> Result<Option<String>, Failure> {
    let to_text = |value: &Value| {
        value.as_str().map(str::to_owned).ok_or_else(|| Failure::new(format!("`{prefix}{key}` must be a string")))
    };
    table.get(key).map(to_text).transpose()
}

fn words_of<'t>(table: &'t Table, prefix: &str, key: &str) -> Result<Option<Vec<&'t str>>, Failure> {
    let to_words = |value: &'t Value| {
        let words = value.as_array().and_then(|items| items.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        let words = words.filter(|words| !words.is_empty());
        words.ok_or_else(|| Failure::new(format!("`{prefix}{key}` must be a list of words, and not an empty one")))
    };
    table.get(key).map(to_words).transpose()
}

fn number_of(table: &Table, prefix: &str, key: &str, least: u64) -> Result<Option<u64>, Failure> {
    let to_number = |value: &Value| {
        let number = value.as_integer().and_then(|number| u64::try_from(number).ok()).filter(|&n| n >= least);
        number.ok_or_else(|| Failure::new(format!("`{prefix}{key}` must be a whole number from {least} up")))
    };
    table.get(key).map(to_number).transpose()
}

fn known(table: &Table, prefix: &str, keys: &[&str]) -> Result<(), Failure> {
    match table.keys().find(|key| !keys.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let all = format!("known keys are: {}", keys.join(", "));
            let nearest = nearest(key, keys.iter().copied());
            Err(Failure::new(format!("unknown key `{prefix}{key}`")).remedy(did_you_mean(nearest, &all)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let failure = Config::parse_keys(text.as_bytes()).expect_err(text);
        assert_eq!(failure.to_string(), expected, "{text}");
    }

    #[test]
    fn the_schema_for_editors_has_the_same_keys() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../../schema/malpkg-config.json")).unwrap();
        let keys = |section: &serde_json::Value| {
            let mut keys: Vec<String> = section["properties"].as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        let sorted = |keys: &[&str]| {
            let mut keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(&schema), sorted(&KEYS));
        assert_eq!(keys(&schema["properties"]["database"]), sorted(&DATABASE_KEYS));
        assert_eq!(keys(&schema["properties"]["guard"]), sorted(&GUARD_KEYS));
        let export = &schema["properties"]["export"];
        assert_eq!(keys(export), sorted(&EXPORT_KEYS));
        let words = |key: &str| export["properties"][key]["items"]["enum"].clone();
        assert_eq!(words("block"), serde_json::json!(osv_schema::words::PACKAGE_KINDS));
        assert_eq!(words("targets"), serde_json::json!(Target::ALL.map(Target::name)));
        let least = &export["properties"]["min-confidence"]["enum"];
        assert_eq!(*least, serde_json::json!(osv_schema::words::CONFIDENCES));
        let source = &schema["properties"]["source"]["patternProperties"]["^[a-z0-9-]+$"]["properties"];
        let listed: serde_json::Value = serde_json::from_str(&intake::schema()).unwrap();
        assert_eq!(source, &listed, "run `cargo xtask sources`");
    }

    #[test]
    fn a_configuration_is_read() {
        let text = "[database]\nprefix = \"TST\"\nhome = \"https://example.org\"\nfirst-number = 7\n\
            [rules]\nstray-file = \"off\"\n[source.a-1]\nformat = \"osv\"\nfrom = \"in\"\n";
        let config = Config::parse(text.as_bytes()).unwrap();
        assert_eq!((config.settings.prefix.as_str(), config.first_number), ("TST", 7));
        assert_eq!(config.source("a-1").unwrap().from.as_deref(), Some("in"));
        let unasked = Config::parse(b"").unwrap();
        assert_eq!(unasked.targets, None);
        let text = "[export]\nblock = [\"hijack\"]\nmin-confidence = \"likely\"\ntargets = [\"zip\", \"scfw\"]\n";
        let config = Config::parse(text.as_bytes()).unwrap();
        let expected = Blocking::default().of_kinds(["hijack"]).and_then(|all| all.from_confidence("likely"));
        assert_eq!(config.blocking, expected.unwrap());
        assert_eq!(config.targets, Some(BTreeSet::from([Target::Zip, Target::Scfw])));
    }

    #[test]
    fn what_is_not_known_is_an_error_with_a_remedy() {
        check("[databse]", "error: unknown key `databse`\n  help: did you mean `database`?");
        check(
            "[database]\nzzz = 1",
            "error: unknown key `database.zzz`\n  help: known keys are: prefix, home, first-number",
        );
        check("[database]\nprefix = \"mal\"", "error: `database.prefix` must be capital letters, for example \"MAL\"");
        check("[export]\nblocks = []", "error: unknown key `export.blocks`\n  help: did you mean `block`?");
        check(
            "[export]\nblock = [\"malwar\"]",
            "error: `export.block`: unknown word `malwar`\n  help: did you mean `malware`?",
        );
        check("[export]\nblock = []", "error: `export.block` must be a list of words, and not an empty one");
        check(
            "[export]\nmin-confidence = \"certain\"",
            "error: `export.min-confidence`: unknown word `certain`\n  help: the words are: confirmed, likely, claimed",
        );
        check(
            "[export]\ntargets = [\"safechain\"]",
            "error: `export.targets`: unknown target `safechain`\n  help: did you mean `safe-chain`?",
        );
        check("[database]\nfirst-number = 0", "error: `database.first-number` must be a whole number from 1 up");
        check(
            "[rules]\nstray-fil = \"off\"",
            "error: `rules.stray-fil`: there is no rule `stray-fil`\n  help: did you mean `stray-file`?",
        );
        check("[rules]\nstray-file = \"no\"", "error: `rules.stray-file` must be \"off\", \"warning\" or \"error\"");
        check("[source.x]", "error: `source.x.format` is missing\n  help: say what is sent: format = \"osv\"");
        check(
            "[source.x]\nformat = \"xml\"",
            "error: `source.x.format`: no format `xml` is known\n  help: formats are: osv, ghsa, ossf-tree, \
             package-analysis, safe-chain, datadog-manifest, table",
        );
        check(
            "[source.X]\nformat = \"osv\"",
            "error: `source.X`: the id of a source has lower-case letters, digits and `-` only",
        );
        check(
            "[source.x]\nformat = \"osv\"\nprefix = \"a\"",
            "error: unknown key `source.x.prefix`\n  help: did you mean `prefixes`?",
        );
        check("[source.x]\nformat = \"osv\"\nprefixes = \"a\"", "error: `source.x.prefixes` must be a list of strings");
        check(
            "[source.x]\nformat = \"osv\"\nown-ids = \"no\"",
            "error: `source.x.own-ids` must be \"alias\", \"keep\" or \"drop\"",
        );
        check(
            "[source.x]\nformat = \"table\"\ncolumns = { nam = \"a\" }",
            "error: unknown key `source.x.columns.nam`\n  help: did you mean `name`?",
        );
        check(
            "[source.x]\nformat = \"table\"\nwords = { kind = \"a\" }",
            "error: `source.x.words.kind` must be a table of words",
        );
        check("[source.x]\nformat = 1979-05-27", "error: `source.x.format` must be a string");
        check(
            "[source.x]\nformat = \"table\"\ndelimiter = \"ab\"",
            "error: `source.x.delimiter` must be one character, for example \";\"",
        );
        check(
            "[source.x]\nformat = \"osv\"\nunpacked-max = -1",
            "error: `source.x.unpacked-max` must be a whole number from 0 up",
        );
        check(
            "[guard]\npercent = 101",
            "error: `guard.percent` is the share of all reports, and more than 100 stops nothing",
        );
        check("a = ", "error: line 1: string values must be quoted, expected literal string");
    }
}
