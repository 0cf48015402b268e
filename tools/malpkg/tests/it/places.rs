//! A place says the same, whatever it is: a source that sends all it has, as a folder and as a repository.

use std::collections::BTreeMap;

use malpkg::Exit;
use testkit::{Database, Repository, report};

use crate::program::{NOW, json, malpkg_at};

/// A feed, and two databases that read it: one as a repository, one as the folder that is checked out.
struct Feed {
    feed: Repository,
    databases: [Repository; 2],
    day: u8,
}

impl Feed {
    fn new(format: &str) -> Feed {
        let feed = Repository::empty();
        let from = feed.path().to_str().unwrap();
        let config = format!("[source.list]\nformat = {format:?}\nfrom = {from:?}\ncomplete = true\n");
        let databases = [(), ()].map(|()| Database::default().with("malpkg.toml", &config).repository());
        Feed { feed, databases, day: 0 }
    }

    /// Writes files, or removes those without a text, and reads them twice: the second time nothing is news. The packages
    /// asked for must have these versions, as `-` where they were taken back.
    #[track_caller]
    fn step(&mut self, files: &[(&str, Option<&str>)], expected: &[(&str, &str)]) {
        for (name, text) in files {
            text.map_or_else(|| self.feed.remove(name), |text| self.feed.write(name, text));
        }
        self.feed.commit("a step");
        let path = self.feed.path().to_str().unwrap();
        let [of_repository, of_folder] = &self.databases;
        self.day += 1;
        for (database, inputs) in [(of_repository, &[][..]), (of_folder, &[path])] {
            let ingest = [&["ingest", "--source", "list", "--commit", "--format", "json"], inputs].concat();
            for day in [self.day, self.day + 1] {
                let before = database.id("HEAD");
                let ran = malpkg_at(&NOW.replace("06-01", &format!("06-{day:02}")), database.path(), &ingest);
                assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
                assert!(day == self.day || database.id("HEAD") == before, "{}", database.run(&["show"]));
            }
            for (package, versions) in expected {
                if *versions == "-" {
                    json(database.path(), &["query", package], Exit::Done);
                    continue;
                }
                let shown = json(database.path(), &["query", package], Exit::Found);
                let found = &shown["answers"][0]["reports"][0]["affected_versions"];
                let found = found.as_array().into_iter().flatten().filter_map(|one| one.as_str());
                assert_eq!(found.collect::<Vec<_>>().join(" "), *versions, "{package}: {inputs:?}");
            }
        }
        self.day += 1;
        assert_eq!(reports(of_repository), reports(of_folder));
    }
}

/// The reports of a database, by path.
fn reports(database: &Repository) -> BTreeMap<String, String> {
    let paths = database.paths("HEAD").into_iter();
    let paths = paths.filter(|path| path.starts_with("osv/malicious/") || path.starts_with("osv/withdrawn/"));
    paths.map(|path| (path.clone(), database.show("HEAD", &path))).collect()
}

#[test]
fn lists_in_several_files_say_together_what_they_say_of_a_package() {
    let mut feed = Feed::new("datadog-manifest");
    let (old, new) = ("old/npm/manifest.json", "npm/manifest.json");
    feed.step(&[(old, Some(r#"{"a": ["2.0.0"]}"#)), (new, Some(r#"{"b": ["1.0.0"]}"#))], &[("npm/a", "2.0.0")]);
    feed.step(&[(new, Some(r#"{"b": ["1.0.0"], "a": ["5.0.0"]}"#))], &[("npm/a", "2.0.0 5.0.0"), ("npm/b", "1.0.0")]);
    feed.step(&[(old, Some(r#"{"a": ["5.0.0"]}"#))], &[("npm/a", "5.0.0")]);
    feed.step(&[(old, Some(r#"{"a": ["2.0.0", "5.0.0"]}"#))], &[("npm/a", "2.0.0 5.0.0")]);
    feed.step(&[(new, Some(r#"{"b": ["1.0.0"]}"#))], &[("npm/a", "2.0.0 5.0.0")]);
    feed.step(&[(old, Some("{}"))], &[("npm/a", "-"), ("npm/b", "1.0.0")]);
    feed.step(
        &[(old, Some(r#"{"a": ["2.0.0"]}"#)), (new, Some(r#"{"b": null, "a": ["1.0.0"]}"#))],
        &[("npm/a", "1.0.0 2.0.0")],
    );
}

/// A record of a source under an id of its own.
fn record(id: &str, name: &str, version: &str) -> String {
    report(id, "npm", name, &[version])
}

#[test]
fn a_stream_stands_while_any_file_names_it() {
    let mut feed = Feed::new("osv");
    let files = [record("G-1", "a", "1.0.0"), record("G-1", "a", "2.0.0"), record("G-2", "b", "1.0.0")];
    let [one, two, other] = files.each_ref().map(|text| Some(text.as_str()));
    let both = "1.0.0 2.0.0";
    feed.step(&[("1.json", one), ("2.json", two), ("3.json", other)], &[("npm/a", both), ("npm/b", "1.0.0")]);
    feed.step(&[("2.json", None)], &[("npm/a", both), ("npm/b", "1.0.0")]);
    feed.step(&[("1.json", None), ("4.json", one)], &[("npm/a", both), ("npm/b", "1.0.0")]);
    feed.step(&[("4.json", None)], &[("npm/a", "-"), ("npm/b", "1.0.0")]);
    feed.step(&[("2.json", two)], &[("npm/a", "2.0.0"), ("npm/b", "1.0.0")]);
}

#[test]
fn a_file_that_was_damaged_and_is_gone_is_taken_back() {
    let mut feed = Feed::new("osv");
    let files = [record("G-1", "a", "1.0.0"), record("G-2", "b", "1.0.0"), record("G-3", "c", "1.0.0")];
    let [one, two, three] = files.each_ref().map(|text| Some(text.as_str()));
    let all = [("npm/a", "1.0.0"), ("npm/b", "1.0.0"), ("npm/c", "1.0.0")];
    feed.step(&[("1.json", one), ("2.json", two), ("3.json", three)], &all);
    // Nobody knows what it names, so that nothing is taken back, also not what goes meanwhile.
    feed.step(&[("1.json", Some("{"))], &all);
    feed.step(&[("2.json", None)], &all);
    feed.step(&[("1.json", None)], &[("npm/a", "-"), ("npm/b", "-"), ("npm/c", "1.0.0")]);
}
