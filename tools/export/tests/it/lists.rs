//! Lists that block: what each says of one version, of all, and of ranges; what is chosen, and what is counted.

use export::{Blocking, Input, LeftOut, Target};
use serde_json::{Value, json};

use crate::database::{Release, input, reports};

const DAY: &str = "2026-01-02T03:04:05Z";

/// A report with these parts of `affected` and these words.
fn report(id: &str, ecosystem: &str, name: &str, meant: Value, ours: Value) -> String {
    let mut affected = json!({ "package": { "ecosystem": ecosystem, "name": name } });
    for (member, value) in meant.as_object().unwrap() {
        affected[member] = value.clone();
    }
    json!({
        "schema_version": "1.7.5", "id": id, "modified": DAY, "published": DAY, "affected": [affected],
        "database_specific": { "malpkg": ours },
    })
    .to_string()
}

fn these(versions: &[&str]) -> Value {
    json!({ "versions": versions })
}

/// A range of these events.
fn ranged(events: Value) -> Value {
    json!({ "ranges": [{ "type": "ECOSYSTEM", "events": events }] })
}

fn every() -> Value {
    ranged(json!([{ "introduced": "0" }]))
}

/// A release with one target of reports on packages of one ecosystem: name and what is meant.
fn release(target: Target, ecosystem: &str, packages: &[(&str, Value)]) -> Release {
    let ids: Vec<String> = (1..=packages.len()).map(|number| format!("MAL-2026-{number}")).collect();
    let texts: Vec<(&str, String)> = ids
        .iter()
        .zip(packages)
        .map(|(id, (name, meant))| (id.as_str(), report(id, ecosystem, name, meant.clone(), json!({}))))
        .collect();
    let snapshot = reports(&texts);
    Release::of(&Input { targets: [target].into(), home: Some("https://example.org/db/"), ..input(&snapshot, &[]) })
}

fn json_of(release: &Release, path: &str) -> Value {
    serde_json::from_str(&release.text(path)).unwrap()
}

fn left_out(release: &Release) -> LeftOut {
    release.manifest.left_out.clone().unwrap()
}

/// How many packages a list says less of than the reports do.
fn less(release: &Release) -> usize {
    left_out(release).packages.into_values().sum()
}

/// One version, several of which one is twice, all, a range of one version, a range of several, nothing.
fn mixed() -> Vec<(&'static str, Value)> {
    vec![
        ("one", these(&["1.0.0"])),
        ("two", these(&["2.0.0", "1.0.0"])),
        ("two", these(&["2.0.0"])),
        ("all", every()),
        ("all", these(&["1.0.0"])),
        ("point", ranged(json!([{ "introduced": "3.0.0" }, { "last_affected": "3.0.0" }]))),
        ("middle", ranged(json!([{ "introduced": "1.0.0" }, { "fixed": "2.0.0" }]))),
        ("none", these(&[])),
    ]
}

#[test]
fn safe_chain_knows_versions_and_a_star() {
    let release = release(Target::SafeChain, "npm", &mixed());
    let row = |name: &str, version: &str| json!({ "package_name": name, "version": version, "reason": "MALWARE" });
    let expected =
        json!([row("all", "*"), row("one", "1.0.0"), row("point", "3.0.0"), row("two", "1.0.0"), row("two", "2.0.0")]);
    assert_eq!(json_of(&release, "safe-chain/malware_predictions.json"), expected);
    assert_eq!(json_of(&release, "safe-chain/malware_pypi.json"), json!([]));
    for name in ["npm", "npm_48h", "pypi", "pypi_48h"] {
        assert_eq!(release.text(&format!("safe-chain/releases/{name}.json")), "[]\n");
    }
    assert_eq!(less(&release), 1, "the range in the middle");
}

#[test]
fn the_firewall_has_a_finding_a_package() {
    let release = release(Target::Scfw, "npm", &mixed());
    let text = release.text("scfw/malware.yaml");
    let lines: Vec<&str> = text.lines().collect();
    let expected = [
        "findings:",
        r#"- {"severity":"CRITICAL","finding":"MAL-2026-4, MAL-2026-5: reported as malicious","packages":[{"ecosystem":"npm","name":"all"}]}"#,
        r#"- {"severity":"CRITICAL","finding":"MAL-2026-1: reported as malicious","packages":[{"ecosystem":"npm","name":"one","versions":["1.0.0"]}]}"#,
        r#"- {"severity":"CRITICAL","finding":"MAL-2026-6: reported as malicious","packages":[{"ecosystem":"npm","name":"point","versions":["3.0.0"]}]}"#,
        r#"- {"severity":"CRITICAL","finding":"MAL-2026-2, MAL-2026-3: reported as malicious","packages":[{"ecosystem":"npm","name":"two","versions":["1.0.0","2.0.0"]}]}"#,
    ];
    assert_eq!(lines, expected);
    assert_eq!(self::release(Target::Scfw, "Hex", &mixed()).text("scfw/malware.yaml"), "findings: []\n");
}

#[test]
fn a_manifest_is_never_empty_and_no_list_in_it_is() {
    let release = release(Target::Datadog, "npm", &mixed());
    let expected = json!({ "all": null, "one": ["1.0.0"], "point": ["3.0.0"], "two": ["1.0.0", "2.0.0"] });
    assert_eq!(json_of(&release, "datadog/npm/manifest.json"), expected);
    assert!(
        release.text("datadog/npm/manifest.json").starts_with("{\n    \"all\": null,\n    \"one\": [\n        \"1")
    );
    // An empty one counts as none: its reader goes and downloads another.
    assert_eq!(json_of(&release, "datadog/pypi/manifest.json"), json!({ "_nobody": ["0"] }));
}

#[test]
fn constraints_say_what_is_left() {
    let events = |events: Value| ranged(events);
    let packages = [
        ("Some.Name", these(&["1.0", "1.0.post1", "1!2.0+local"])),
        ("all", every()),
        ("before", events(json!([{ "introduced": "0" }, { "fixed": "2.0" }]))),
        ("until", events(json!([{ "introduced": "0" }, { "last_affected": "2.0" }]))),
        ("since", events(json!([{ "introduced": "3.0" }]))),
        ("both", events(json!([{ "introduced": "0" }, { "fixed": "1" }, { "introduced": "5" }]))),
        ("middle", events(json!([{ "introduced": "1" }, { "fixed": "2" }]))),
        ("legacy", these(&["not a version", "2004d-1", "1.*", "1.0"])),
        ("-r evil.txt", every()),
        ("evil\n-r evil.txt", every()),
    ];
    let release = release(Target::Constraints, "PyPI", &packages);
    let text = release.text("constraints/pypi.txt");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let expected = [
        "all<0",
        "before>=2.0",
        "both>=1,<=5,!=5",
        "legacy!=1.0",
        "since<=3.0,!=3.0",
        "some-name!=1!2.0+local,!=1.0,!=1.0.post1",
        "until>=2.0,!=2.0",
    ];
    assert_eq!(lines, expected);
    assert_eq!(less(&release), 4, "middle, legacy and the two that are no names");
}

#[test]
fn verdaccio_has_rules_of_one_sort_a_package() {
    let mut packages = mixed();
    packages.push(("odd", these(&["1", "01.0.0", "99999999999999999999.0.0", "1.0.0 || *", "1.0.0-a.1"])));
    let release = release(Target::Verdaccio, "npm", &packages);
    let text = release.text("verdaccio/package-filter.yaml");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let expected = [
        "filters:",
        "'@verdaccio/package-filter':",
        "block:",
        r#"- {"package":"all"}"#,
        r#"- {"package":"middle","versions":">=1.0.0 <2.0.0"}"#,
        r#"- {"package":"odd","versions":"1.0.0-a.1"}"#,
        r#"- {"package":"one","versions":"1.0.0"}"#,
        r#"- {"package":"point","versions":"3.0.0"}"#,
        r#"- {"package":"two","versions":"1.0.0 || 2.0.0"}"#,
    ];
    assert_eq!(lines, expected);
    assert_eq!(less(&release), 1, "the one with odd versions");
    let none = self::release(Target::Verdaccio, "PyPI", &[("@s/x y\n", these(&["1.0 0"])), ("all", every())]);
    assert!(none.text("verdaccio/package-filter.yaml").ends_with("    block: []\n"));
    let expected = "pkg:pypi/all\n";
    assert!(none.text("verdaccio/deny.txt").ends_with(expected), "{}", none.text("verdaccio/deny.txt"));
    assert_eq!(
        release.text("verdaccio/deny.txt").lines().filter(|line| !line.contains("odd")).collect::<Vec<_>>(),
        ["pkg:npm/all", "pkg:npm/one@1.0.0", "pkg:npm/two@1.0.0", "pkg:npm/two@2.0.0"]
    );
}

#[test]
fn the_scanner_ends_where_it_cannot_ask() {
    let release = release(Target::Bun, "npm", &[]);
    let text = release.text("bun/scanner.ts");
    assert!(text.contains("process.env.MALPKG_URL") && text.contains("/v1/querybatch") && text.contains("throw"));
    assert!(release.manifest.left_out.is_none() && release.manifest.blocking.is_none(), "it is no list");
}

#[test]
fn renovate_finds_a_file_for_each_of_its_ecosystems() {
    // More records than make one piece.
    let names: Vec<String> = (0..1300).map(|number| format!("name-{}-{number}", "long-".repeat(100))).collect();
    // Its reader takes a line separator for the end of a line.
    let versions = these(&["1.0.0", "1\u{2028}0\r\n0"]);
    let packages: Vec<(&str, Value)> = names.iter().map(|name| (name.as_str(), versions.clone())).collect();
    let release = release(Target::Renovate, "PyPI", &packages);
    let files = release.archive("renovate/osv-offline.zip");
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "crates.io.nedb",
            "go.nedb",
            "hackage.nedb",
            "hex.nedb",
            "maven.nedb",
            "npm.nedb",
            "nuget.nedb",
            "packagist.nedb",
            "pub.nedb",
            "pypi.nedb",
            "rubygems.nedb"
        ]
    );
    assert!(!files[9].1.contains(['\u{2028}', '\r']));
    let lines: Vec<&str> = files[9].1.lines().collect();
    assert_eq!((lines.len(), files[5].1.as_str()), (1300, ""));
    for line in lines {
        let record: Value = serde_json::from_str(line).unwrap();
        assert!(record["affected"][0]["package"]["purl"].as_str().unwrap().starts_with("pkg:pypi/name-"));
    }
}

/// `patched` and `unaffected` of an advisory.
fn of_advisory(release: &Release, path: &str) -> (Vec<String>, Vec<String>) {
    let text = release.text(path);
    let table = text.strip_prefix("```toml\n").unwrap().split_once("```\n").unwrap().0;
    // What cargo-deny reads a line at a time: no escapes, and a list on one line.
    assert!(!table.contains(['\\', '\'']) && table.lines().all(|line| !line.starts_with([' ', ']'])), "{table}");
    let table: toml::Table = table.parse().unwrap();
    assert_eq!(table["advisory"]["categories"][0].as_str(), Some("malicious"));
    let list = |name: &str| {
        let list = table["versions"][name].as_array().unwrap();
        list.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    (list("patched"), list("unaffected"))
}

#[test]
fn an_advisory_names_what_is_not_affected() {
    let packages = [
        ("all", every()),
        ("one", these(&["1.0.1"])),
        ("several", these(&["1.0.5", "1.0.1", "1.0.1+build", "2.0.0-rc.1"])),
        ("before", ranged(json!([{ "introduced": "0" }, { "fixed": "2.0.0" }]))),
        ("since", ranged(json!([{ "introduced": "3.0.0" }]))),
        (
            "mixed",
            json!({ "versions": ["1.5.0", "4.0.0"],
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "1.0.0" }, { "fixed": "2.0.0" }] }] }),
        ),
        ("odd", these(&["one", "1.0.0"])),
        ("nothing", these(&["one"])),
        ("../../evil", every()),
        ("nul", every()),
    ];
    let release = release(Target::RustSec, "crates.io", &packages);
    let expected: [(&str, &[&str], &[&str]); 7] = [
        ("all/MAL-2026-1", &[], &[]),
        ("one/MAL-2026-2", &["> 1.0.1"], &["< 1.0.1"]),
        ("several/MAL-2026-3", &["> 2.0.0-rc.1"], &["< 1.0.1", "> 1.0.1, < 1.0.5", "> 1.0.5, < 2.0.0-rc.1"]),
        ("before/MAL-2026-4", &[">= 2.0.0"], &[]),
        ("since/MAL-2026-5", &[], &["< 3.0.0"]),
        ("mixed/MAL-2026-6", &["> 4.0.0"], &["< 1.0.0", ">= 2.0.0, < 4.0.0"]),
        ("odd/MAL-2026-7", &["> 1.0.0"], &["< 1.0.0"]),
    ];
    assert_eq!(release.manifest.files.len(), expected.len());
    for (path, patched, unaffected) in expected {
        let found = of_advisory(&release, &format!("rustsec/crates/{path}.md"));
        assert_eq!(
            found,
            (patched.iter().map(|&one| one.into()).collect(), unaffected.iter().map(|&one| one.into()).collect()),
            "{path}"
        );
    }
    assert_eq!(less(&release), 4, "odd, nothing, and the two that are no crates");
}

#[test]
fn a_module_is_affected_in_ranges_alone() {
    let packages = [
        ("example.org/all", every()),
        ("example.org/one", these(&["v1.2.3", "1.2.5-pre.1", "2.0.0+incompatible"])),
        ("example.org/before", ranged(json!([{ "introduced": "0" }, { "fixed": "1.1.0" }]))),
        ("example.org/odd", these(&["latest"])),
    ];
    let release = release(Target::GoVuln, "Go", &packages);
    let record = |id: &str| json_of(&release, &format!("govuln/ID/{id}.json"));
    let events = |id: &str| record(id)["affected"][0]["ranges"][0]["events"].clone();
    assert_eq!(events("MAL-2026-1"), json!([{ "introduced": "0" }]));
    let expected = json!([
        { "introduced": "1.2.3" }, { "fixed": "1.2.4-0" }, { "introduced": "1.2.5-pre.1" }, { "fixed": "1.2.5-pre.1.0" },
        { "introduced": "2.0.0" }, { "fixed": "2.0.1-0" }
    ]);
    assert_eq!(events("MAL-2026-2"), expected);
    assert_eq!(events("MAL-2026-3"), json!([{ "introduced": "0" }, { "fixed": "1.1.0" }]));
    assert_eq!(record("MAL-2026-2")["affected"][0]["ranges"][0]["type"], "SEMVER");
    assert!(record("MAL-2026-2")["affected"][0]["versions"].is_null());
    assert_eq!(
        record("MAL-2026-2")["database_specific"]["url"],
        "https://example.org/db/osv/malicious/x/MAL-2026-2.json"
    );
    // A record without a range would be on every version.
    assert!(!release.manifest.files.contains_key("govuln/ID/MAL-2026-4.json"));
    assert_eq!(less(&release), 1);
    let of = |id: &str| json!({ "id": id, "modified": DAY });
    let fixed = |id: &str, fixed: &str| json!({ "id": id, "modified": DAY, "fixed": fixed });
    let modules = json!([
        { "path": "example.org/all", "vulns": [of("MAL-2026-1")] },
        { "path": "example.org/before", "vulns": [fixed("MAL-2026-3", "1.1.0")] },
        { "path": "example.org/one", "vulns": [fixed("MAL-2026-2", "2.0.1-0")] },
    ]);
    assert_eq!(json_of(&release, "govuln/index/modules.json"), modules);
    assert_eq!(
        json_of(&release, "govuln/index/vulns.json"),
        json!([of("MAL-2026-1"), of("MAL-2026-2"), of("MAL-2026-3")])
    );
    assert_eq!(json_of(&release, "govuln/index/db.json"), json!({ "modified": DAY }));
    for path in release.manifest.files.keys().filter(|path| path.ends_with(".gz")) {
        let mut text = Vec::new();
        let plain = release.bytes(path.strip_suffix(".gz").unwrap());
        text.resize(plain.len(), 0);
        libdeflater::Decompressor::new().gzip_decompress(&release.bytes(path), &mut text).unwrap();
        assert!(text == plain, "{path}");
    }
    assert_eq!(release.manifest.files.len(), 2 * (3 + 3));
}

/// Names and versions that mean something to a format, a shell or a terminal.
#[test]
fn hostile_names_are_texts_or_left_out() {
    let hostile = [
        "no",
        "~",
        "null",
        "1.0",
        "2026-01-01",
        "0x1F",
        "1:30",
        "=",
        "<<",
        "*",
        "&a",
        "!x",
        "@s/x",
        "%40",
        "#c",
        "a: b",
        "a'b",
        "a\"b",
        "a\\b",
        "a,b",
        "[a]",
        "{a}",
        "]]>",
        "__proto__",
        "constructor",
        "--global",
        "$(id)",
        "`id`",
        "a\nb",
        "a\r\nb",
        "a\tb",
        "a\u{2028}b",
        "\u{202e}a",
        "a\u{0}b",
        "a\u{7f}b",
        "a\u{85}b",
        "\u{feff}a",
        "e\u{301}",
        "\u{1f4a9}",
        " a ",
        "../a",
    ];
    let packages: Vec<(&str, Value)> = hostile.iter().map(|name| (*name, these(&hostile))).collect();
    for target in [Target::SafeChain, Target::Scfw, Target::Datadog, Target::Verdaccio] {
        let release = release(target, "npm", &packages);
        for path in release.manifest.files.keys() {
            let text = release.text(path);
            let odd = text.chars().find(|c| !c.is_ascii() || (c.is_ascii_control() && *c != '\n'));
            assert_eq!(odd, None, "{path}");
            if path.ends_with(".json") {
                serde_json::from_str::<Value>(&text).unwrap();
            }
            for item in text.lines().filter_map(|line| line.trim_start().strip_prefix("- ")) {
                serde_json::from_str::<Value>(item).unwrap();
            }
        }
        assert!(less(&release) > 0, "{target:?}");
    }
    for (target, ecosystem) in [(Target::Constraints, "PyPI"), (Target::RustSec, "crates.io"), (Target::GoVuln, "Go")] {
        let release = release(target, ecosystem, &packages);
        for path in release.manifest.files.keys().filter(|path| !path.ends_with(".gz")) {
            assert!(path.bytes().all(|byte| byte.is_ascii_graphic()) && !path.contains(".."), "{path:?}");
            assert!(
                release.text(path).lines().all(|line| !line.contains("--global")) || target == Target::GoVuln,
                "{path}"
            );
        }
    }
    // A version that is a star says "all" to safe-chain and to the firewall.
    let release = release(Target::SafeChain, "npm", &[("left-pad", these(&["*", "1.0.0"]))]);
    let expected = json!([{ "package_name": "left-pad", "version": "1.0.0", "reason": "MALWARE" }]);
    assert_eq!(json_of(&release, "safe-chain/malware_predictions.json"), expected);
    assert_eq!(less(&release), 1);
}

/// What a list that was asked for with a choice has, and what the manifest says of the rest.
fn chosen(blocking: Blocking) -> (Vec<String>, LeftOut) {
    let one = |id: &'static str, ours: Value| (id, report(id, "npm", &id.to_lowercase(), these(&["1.0.0"]), ours));
    let mut texts = vec![
        one("MAL-2026-1", json!({})),
        one("MAL-2026-2", json!({ "kind": "hijack", "confidence": "confirmed" })),
        one("MAL-2026-3", json!({ "kind": "spam", "confidence": "confirmed" })),
        one("MAL-2026-4", json!({ "kind": "test", "confidence": "likely" })),
        one(
            "MAL-2026-5",
            json!({ "kind": "malware", "confidence": "claimed",
            "decisions": [{ "kind": "dispute", "reason": "open" }] }),
        ),
        one("MAL-2026-6", json!({ "kind": "research" })),
    ];
    let withdrawn =
        one("MAL-2026-7", json!({})).1.replace("\"published\"", "\"withdrawn\":\"2026-01-02T03:04:05Z\",\"published\"");
    texts.push(("MAL-2026-7", withdrawn));
    let snapshot = reports(&texts);
    let release = Release::of(&Input { targets: [Target::SafeChain].into(), blocking, ..input(&snapshot, &[]) });
    let rows = json_of(&release, "safe-chain/malware_predictions.json");
    let names = rows.as_array().unwrap().iter().map(|row| row["package_name"].as_str().unwrap().to_owned()).collect();
    (names, left_out(&release))
}

#[test]
fn the_choice_decides_what_blocks_and_stands_in_the_manifest() {
    let counts = |counts: &[(&str, usize)]| counts.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect();
    let (names, left_out) = chosen(Blocking::default());
    assert_eq!(names, ["mal-2026-1", "mal-2026-2", "mal-2026-4", "mal-2026-5"], "a dispute ends nothing");
    assert_eq!((&left_out.kinds, &left_out.confidence), (&counts(&[("research", 1), ("spam", 1)]), &counts(&[])));
    let (names, left_out) = chosen(Blocking::default().from_confidence("likely").unwrap());
    assert_eq!(names, ["mal-2026-2", "mal-2026-4"]);
    assert_eq!(left_out.confidence, counts(&[("claimed", 2)]));
    let (names, _) = chosen(Blocking::default().of_kinds(["spam", "hijack"]).unwrap());
    assert_eq!(names, ["mal-2026-2", "mal-2026-3"]);
    let unknown = Blocking::default().of_kinds(["malwar"]).unwrap_err();
    assert!(unknown.to_string().starts_with("\"malwar\" is none of malware, hijack"), "{unknown}");
    let snapshot = reports(&[]);
    let manifest =
        Release::of(&Input { targets: [Target::Scfw].into(), ..input(&snapshot, &[]) }).text("manifest.json");
    let expected = r#""blocking":{"kinds":["malware","hijack","typosquat","dependency-confusion","protestware","test"],"min_confidence":"claimed"},"left_out":{"kinds":{},"confidence":{},"packages":{}},"counts""#;
    assert!(manifest.contains(expected), "{manifest}");
}

#[test]
fn another_registry_is_not_blocked() {
    let release = release(Target::SafeChain, "PyPI:https://example.org/simple", &[("name", every())]);
    assert_eq!(json_of(&release, "safe-chain/malware_pypi.json"), json!([]));
}
