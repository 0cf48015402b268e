//! The rules that make verdicts of results, as they are declared, with what is normal and what is frequent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use osv_schema::words::PACKAGE_KINDS;
use serde::Deserialize;

use super::observed::PHASES;
use crate::pattern::Pattern;

/// Where a database declares its rules. One without the file uses those that we ship.
pub const RULES_FILE: &str = "config/package-analysis.toml";
/// Where it keeps what is frequent; `malpkg source baseline` makes it.
pub const FREQUENT_FILE: &str = "config/package-analysis-frequent.toml";
const SHIPPED: &str = include_str!("../../../../config/package-analysis.toml");

/// Rules that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct VerdictError {
    /// The file.
    pub file: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// The rules, what is normal, and what is frequent.
#[derive(Clone, Debug)]
pub struct Verdicts {
    pub(super) rules: Vec<Rule>,
    pub(super) normal: BTreeMap<String, Known>,
    /// What stands for all of it, for the fingerprint of a source.
    pub(crate) mark: String,
}

/// What is known to be done by packages without malice.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) hosts: Vec<Pattern>,
    /// Sites that everybody uses: what a rule finds there is no indicator.
    pub(super) shared: Vec<Pattern>,
    pub(super) addresses: Vec<Pattern>,
    pub(super) commands: Vec<Pattern>,
    pub(super) frequent_hosts: BTreeSet<String>,
    pub(super) frequent_programs: BTreeSet<String>,
}

/// One rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) technique: String,
    pub(super) says: String,
    pub(super) phases: Vec<String>,
    /// Whether the hosts and addresses that it meets are the attacker's own.
    pub(super) names_attacker: bool,
    pub(super) all: Vec<Condition>,
    pub(super) none: Vec<Condition>,
}

/// A rule that a result meets.
pub(super) struct Met<'v> {
    pub(super) rule: &'v Rule,
    pub(super) phase: &'static str,
    pub(super) says: String,
    pub(super) indicators: Vec<(&'static str, String)>,
}

/// What must hold of one thing that was seen. Lists are patterns of which one must fit.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Condition {
    /// The command, all of it.
    pub(super) command: Vec<Glob>,
    /// The program, without its folder.
    pub(super) program: Vec<Glob>,
    /// A variable that was passed on, `NAME=value`.
    pub(super) environment: Vec<Glob>,
    /// Neither normal nor frequent: a program.
    pub(super) program_unknown: bool,
    /// A host that was asked for or connected to.
    pub(super) host: Vec<Glob>,
    /// Neither normal nor frequent: a host.
    pub(super) host_unknown: bool,
    /// A name that carries data: long, or with many labels.
    pub(super) host_carries_data: bool,
    /// An address that was connected to.
    pub(super) address: Vec<Glob>,
    /// An address that is public and not normal, to which no name led.
    pub(super) address_bare: bool,
    /// A port other than those of the web, mail, DNS and git.
    pub(super) port_odd: bool,
    /// A file that was read.
    pub(super) read: Vec<Glob>,
    /// A file that was written.
    pub(super) written: Vec<Glob>,
    /// A file that was deleted.
    pub(super) deleted: Vec<Glob>,
    /// The version of the package.
    pub(super) version: Vec<Glob>,
    /// A version that nobody begins with: 99, 9999, or the like.
    pub(super) version_implausible: bool,
    /// The name of the package.
    pub(super) name: Vec<Glob>,
}

/// A pattern as a rule writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct Glob(Pattern);

impl From<String> for Glob {
    fn from(text: String) -> Glob {
        Glob(Pattern::new(&text))
    }
}

impl Glob {
    pub(super) fn fits(&self, text: &str) -> bool {
        self.0.fits(text)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    normal: BTreeMap<String, Normal>,
    #[serde(default)]
    rule: Vec<Written>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Normal {
    hosts: Vec<String>,
    shared: Vec<String>,
    addresses: Vec<String>,
    commands: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    name: String,
    kind: String,
    technique: String,
    says: String,
    #[serde(default)]
    phases: Vec<String>,
    #[serde(default)]
    names_attacker: bool,
    all: Vec<Condition>,
    #[serde(default)]
    none: Vec<Condition>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Frequent {
    #[serde(rename = "results")]
    _results: u64,
    hosts: Vec<String>,
    programs: Vec<String>,
}

impl Verdicts {
    /// The rules of a database: its own or those that we ship, and what is frequent.
    ///
    /// # Errors
    ///
    /// A file cannot be read, with the line and what is wrong there.
    pub fn parse(rules: Option<&str>, frequent: Option<&str>) -> Result<Arc<Verdicts>, VerdictError> {
        let rules = rules.unwrap_or(SHIPPED);
        let file: File = read(RULES_FILE, rules)?;
        let frequent_text = frequent.unwrap_or_default();
        let frequent: BTreeMap<String, Frequent> = read(FREQUENT_FILE, frequent_text)?;
        let patterns = |texts: &[String]| texts.iter().map(|text| Pattern::new(text)).collect::<Vec<_>>();
        let mut normal: BTreeMap<String, Known> = BTreeMap::new();
        for (ecosystem, said) in &file.normal {
            let known = normal.entry(ecosystem.to_ascii_lowercase()).or_default();
            known.hosts = patterns(&said.hosts);
            known.shared = patterns(&said.shared);
            known.addresses = patterns(&said.addresses);
            known.commands = patterns(&said.commands);
        }
        for (ecosystem, said) in frequent {
            let known = normal.entry(ecosystem.to_ascii_lowercase()).or_default();
            known.frequent_hosts.extend(said.hosts);
            known.frequent_programs.extend(said.programs);
        }
        let rules_read = file.rule.into_iter().map(rule).collect::<Result<Vec<_>, _>>()?;
        let mut names = BTreeSet::new();
        if let Some(twice) = rules_read.iter().find(|rule| !names.insert(rule.name.as_str())) {
            return Err(fault(format!("two rules have the name `{}`", twice.name)));
        }
        let mark = curate::sha256_hex(format!("{rules}\0{frequent_text}").as_bytes())[..16].to_owned();
        Ok(Arc::new(Verdicts { rules: rules_read, normal, mark }))
    }
}

fn read<T: serde::de::DeserializeOwned>(file: &'static str, text: &str) -> Result<T, VerdictError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
        let at = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        VerdictError { file, reason: format!("{at}{}", error.message()) }
    })
}

fn fault(reason: String) -> VerdictError {
    VerdictError { file: RULES_FILE, reason }
}

fn rule(written: Written) -> Result<Rule, VerdictError> {
    let Written { name, kind, technique, says, phases, names_attacker, all, none } = written;
    if !PACKAGE_KINDS.contains(&kind.as_str()) {
        return Err(fault(format!("the rule `{name}`: no kind `{kind}` is known: {}", PACKAGE_KINDS.join(", "))));
    }
    if let Some(phase) = phases.iter().find(|phase| !PHASES.contains(&phase.as_str())) {
        return Err(fault(format!("the rule `{name}`: no phase `{phase}` is known: {}", PHASES.join(", "))));
    }
    if all.is_empty() || all.iter().chain(&none).any(Condition::says_nothing) {
        return Err(fault(format!("the rule `{name}` has a condition that everything meets")));
    }
    Ok(Rule { name, kind, technique, says, phases, names_attacker, all, none })
}

/// A host or an address, for a sentence: defanged.
pub(super) fn quoted_host(host: &str) -> String {
    quoted(host).replace('.', "[.]")
}

/// A text out of a result, for a sentence: short, on one line, and nothing that could be followed or formatted.
pub(super) fn quoted(text: &str) -> String {
    let harmless = |c: char| match c {
        '`' => '\'',
        c if c.is_control() || osv_schema::write::is_unseen(c) => '?',
        c => c,
    };
    let text: String = text.chars().map(harmless).collect();
    let text = text.replace("://", "[://]").replace("http", "hxxp");
    match text.char_indices().nth(100) {
        Some((at, _)) => format!("`{}…`", &text[..at]),
        None => format!("`{text}`"),
    }
}
