//! A made-up database of any size: the shape, the sizes, the ecosystems and the names of a real one, from a seed.

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;

use osv_schema::{Document, Record, write};

use crate::process::{Done, git, run, say};

/// What to make.
pub(crate) struct Plan {
    /// How many reports.
    pub(crate) reports: u64,
    /// How many commits make them.
    pub(crate) commits: u64,
    /// What all of it is a function of.
    pub(crate) seed: u64,
}

/// Ecosystem, folder, and how many of a thousand reports are on it, as in the public database at the end of 2024.
const ECOSYSTEMS: [(&str, &str, u64); 6] = [
    ("npm", "npm", 800),
    ("PyPI", "pypi", 150),
    ("RubyGems", "rubygems", 20),
    ("NuGet", "nuget", 20),
    ("crates.io", "crates.io", 5),
    ("Go", "go", 5),
];

const WORDS: [&str; 40] = [
    "package",
    "script",
    "install",
    "environment",
    "variables",
    "sends",
    "server",
    "token",
    "downloads",
    "second",
    "stage",
    "payload",
    "browser",
    "wallet",
    "reads",
    "files",
    "home",
    "folder",
    "keys",
    "uploads",
    "remote",
    "host",
    "executes",
    "command",
    "hidden",
    "encoded",
    "string",
    "imports",
    "module",
    "author",
    "account",
    "version",
    "removed",
    "registry",
    "name",
    "similar",
    "popular",
    "library",
    "credentials",
    "persistence",
];

/// SplitMix64: small, and the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len() as u64) as usize]
    }

    fn hex(&mut self, digits: usize) -> String {
        let mut text = String::new();
        while text.len() < digits {
            let _ = write!(text, "{:016x}", self.roll());
        }
        text.truncate(digits);
        text
    }
}

/// Makes a packed git repository of a database.
pub(crate) fn run_plan(plan: &Plan, out: &Path) -> Done {
    std::fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    run(&mut git(out, &["init", "--quiet", "--initial-branch=main"]))?;
    let mut importer = git(out, &["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run git fast-import: {error}"))?;
    let stream = importer.stdin.take().ok_or("git fast-import takes no input")?;
    let mut stream = BufWriter::new(stream);
    history(plan, &mut stream).map_err(|error| format!("git fast-import: {error}"))?;
    drop(stream);
    let ended = importer.wait().map_err(|error| error.to_string())?;
    if !ended.success() {
        return Err(format!("git fast-import ended with {ended}"));
    }
    run(&mut git(out, &["repack", "-adq"]))?;
    run(&mut git(out, &["reset", "--hard", "--quiet"]))?;
    say(&format!("{} reports in {} commits, seed {}, in {}", plan.reports, plan.commits, plan.seed, out.display()));
    Ok(())
}

/// The first commit holds nine tenths of the reports; the others add the rest, each about as many.
fn history(plan: &Plan, stream: &mut impl Write) -> std::io::Result<()> {
    let commits = plan.commits.clamp(1, plan.reports.max(1));
    let first = if commits == 1 { plan.reports } else { plan.reports - plan.reports / 10 };
    let mut made = 0;
    for commit in 0..commits {
        let until = if commit == 0 { first } else { first + (plan.reports - first) * commit / (commits - 1).max(1) };
        let message = format!("{} reports", until - made);
        let time = 1_700_000_000 + commit * 3600;
        writeln!(stream, "commit refs/heads/main\ncommitter Generator <generator@example.org> {time} +0000")?;
        writeln!(stream, "data {}\n{message}", message.len())?;
        while made < until {
            let (path, text) = report(made, &mut Dice(plan.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ made));
            writeln!(stream, "M 100644 inline {path}\ndata {}\n{text}", text.len())?;
            made += 1;
        }
        writeln!(stream)?;
    }
    stream.flush()
}

/// One report in canonical form, and its path.
fn report(number: u64, dice: &mut Dice) -> (String, String) {
    let share = dice.below(1000);
    let mut sum = 0;
    let found = ECOSYSTEMS.iter().find(|(_, _, weight)| {
        sum += weight;
        share < sum
    });
    let &(ecosystem, folder, _) = found.unwrap_or(&ECOSYSTEMS[0]);
    let base = format!("{}-{}-{number}", dice.word(), dice.word());
    let name = match ecosystem {
        "npm" if dice.below(4) == 0 => format!("@{}-{}/{base}", dice.word(), dice.below(500)),
        "crates.io" => base.replace('-', "_"),
        "Go" => format!("github.com/{}{}/{base}", dice.word(), dice.below(500)),
        _ => base,
    };
    let id = format!("MAL-{}-{}", 2022 + number % 4, number + 1);
    let (source, sha256) = (["first-feed", "second-feed", "third-feed"][dice.below(3) as usize], dice.hex(64));
    let text: String = (0..20 + dice.below(180)).map(|_| format!("{} ", dice.word())).collect();
    let details = format!(
        "\\n---\\n_-= Per source details. Do not edit below this line.=-_\\n\\n## Source: {source} ({sha256})\\n{}\\n",
        text.trim()
    );
    let versions: Vec<String> = (0..=dice.below(4)).map(|patch| format!("\"1.{}.{patch}\"", dice.below(9))).collect();
    let affected = if dice.below(2) == 0 {
        format!("\"versions\": [{}]", versions.join(","))
    } else {
        let kind = if matches!(ecosystem, "npm" | "crates.io" | "Go") { "SEMVER" } else { "ECOSYSTEM" };
        format!("\"ranges\": [{{\"type\": \"{kind}\", \"events\": [{{\"introduced\": \"0\"}}]}}]")
    };
    let record = format!(
        r#"{{"schema_version": "1.7.5", "id": "{id}", "published": "2024-0{month}-1{day}T00:00:00Z",
        "modified": "2024-0{month}-1{day}T0{day}:00:00Z", "aliases": ["GHSA-{ghsa}"],
        "summary": "Malicious code in {name} ({ecosystem})", "details": "{details}",
        "affected": [{{"package": {{"ecosystem": "{ecosystem}", "name": "{name}"}}, {affected}}}],
        "references": [{{"type": "ADVISORY", "url": "https://example.org/advisories/{ghsa}"}}],
        "database_specific": {{"malicious-packages-origins": [{{"source": "{source}", "sha256": "{sha256}",
        "id": "X-{number}", "import_time": "2024-0{month}-1{day}T05:00:00Z",
        "modified_time": "2024-0{month}-1{day}T00:00:00Z", {affected}}}]}}}}"#,
        month = 1 + number % 9,
        day = number % 10,
        ghsa = dice.hex(12),
    );
    // The generator writes what the database would: whatever is wrong with it, an empty file shows.
    let read = Document::parse(record.as_bytes()).ok().and_then(|document| Record::read(&document));
    let text = read.map(|record| write::canonical(&record)).unwrap_or_default();
    (format!("osv/malicious/{folder}/{}/{id}.json", name.to_lowercase()), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_reports() {
        for number in 0..200 {
            let (path, text) = report(number, &mut Dice(number));
            assert_eq!((path.clone(), text.clone()), report(number, &mut Dice(number)));
            assert!(Document::parse(text.as_bytes()).is_ok(), "{path}: {text}");
        }
    }
}
