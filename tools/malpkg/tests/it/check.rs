//! `malpkg source check`: what a source would bring, held against what is known.

use malpkg::Exit;
use serde_json::{Value, json as value};
use testkit::{Database, Folder, Repository, report, withdrawn_report};

use crate::program::{json, malpkg};

fn repository() -> Repository {
    let narrowed = report("MAL-2026-3", "npm", "narrowed", &["1.0.0"]).replace(
        "\"kind\": \"malware\"",
        "\"decisions\": [{\"kind\": \"narrow\", \"time\": \"2026-02-01T00:00:00Z\", \"by\": \"Ada\", \"reason\": \"versions-clean\", \
         \"versions\": [\"1.0.0\"], \"cleared\": [\"2.0.0\"]}], \"kind\": \"malware\"",
    );
    Database::default()
        .with("malpkg.toml", "[source.feed]\nformat = \"osv\"\n")
        .with("config/protected/npm.txt", "react\n")
        .with("osv/malicious/npm/same/MAL-2026-1.json", &report("MAL-2026-1", "npm", "same", &["1.0.0"]))
        .with("osv/malicious/npm/other/MAL-2026-2.json", &report("MAL-2026-2", "npm", "other", &["1.0.0", "1.0.1"]))
        .with("osv/malicious/npm/narrowed/MAL-2026-3.json", &narrowed)
        .with(
            "osv/withdrawn/npm/wrong/MAL-2026-4.json",
            &withdrawn_report("MAL-2026-4", "npm", "wrong", &["1.0.0"], "2026-02-01T00:00:00Z"),
        )
        .repository()
}

fn inbox() -> Folder {
    let inbox = Folder::empty();
    for (id, name, versions) in [
        ("X-1", "new", &["1.0.0"][..]),
        ("X-2", "same", &["1.0.0"]),
        ("X-3", "other", &["1.0.1", "2.0.0"]),
        ("X-4", "narrowed", &["2.0.0"]),
        ("X-5", "wrong", &["1.0.0"]),
        ("X-6", "react", &["1.0.0"]),
        ("X-7", "every", &[]),
    ] {
        let text = report(id, "npm", name, versions);
        let evidence = "\"references\": [{\"type\": \"WEB\", \"url\": \"https://e.example/a\"}], \"affected\"";
        inbox.write(&format!("{name}.json"), text.replacen("\"affected\"", evidence, 1));
    }
    inbox.write("broken.json", "{");
    inbox
}

fn words(list: &Value, name: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_source_is_held_against_what_is_known() {
    let (repository, inbox) = (repository(), inbox());
    let before = repository.id("HEAD");
    let told = json(repository.path(), &["source", "check", "feed", inbox.path().to_str().unwrap()], Exit::Found);
    assert_eq!((repository.id("HEAD"), repository.has("osv/quarantine")), (before, false), "nothing is written");
    assert_eq!(told["new"], value!(["npm/every", "npm/new"]));
    assert_eq!(words(&told["overlap"], "package"), ["npm/narrowed", "npm/other", "npm/same", "npm/wrong"]);
    let overlap = |at: usize, name: &str| told["overlap"][at][name].clone();
    assert_eq!((overlap(2, "same"), overlap(2, "reports")), (value!(true), value!(["MAL-2026-1"])));
    assert_eq!((overlap(3, "same"), overlap(3, "withdrawn")), (value!(false), value!(["MAL-2026-4"])));
    assert_eq!(
        told["conflicts"][1],
        value!({"package": "npm/other", "reports": ["MAL-2026-2"], "only_theirs": ["2.0.0"], "only_ours": ["1.0.0"]})
    );
    assert_eq!(words(&told["protected"], "package"), ["npm/react"]);
    let mut refused = words(&told["rejected"], "rule");
    refused.sort();
    assert_eq!(refused, ["malformed-json", "protected-name"]);
    let suspects: Vec<(String, Value)> = told["suspect"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["package"].as_str().unwrap().to_owned(), one["reasons"].clone()))
        .collect();
    let expected = [
        ("npm/narrowed", value!(["cleared"])),
        ("npm/wrong", value!(["taken-back"])),
        ("npm/react", value!(["protected-name"])),
        ("npm/every", value!(["every-version"])),
    ];
    assert_eq!(suspects, expected.map(|(package, reasons)| (package.to_owned(), reasons)));
    assert_eq!(
        told["counts"],
        value!({"new": 2, "overlap": 4, "conflicts": 2, "protected": 1, "suspect": 4, "refused": 2})
    );
    let fates = |name: &str| {
        let deliveries = told["deliveries"].as_array().unwrap();
        deliveries.iter().find(|one| one["delivery"] == name).unwrap()["fate"].clone()
    };
    assert_eq!((fates("new.json"), fates("other.json")), (value!("created"), value!("joined")));
}

#[test]
fn the_same_is_told_to_people() {
    let (repository, inbox) = (repository(), inbox());
    let told = malpkg(repository.path(), &["source", "check", "feed", inbox.path().to_str().unwrap()]);
    assert_eq!(told.exit, Exit::Found, "{}", told.err);
    for line in [
        "new: 2 packages that no report speaks of",
        "overlap: 4 packages that reports speak of: 1 alike, 2 with other versions",
        "  npm/other (MAL-2026-2): only they say 2.0.0; only we say 1.0.0",
        "protected names: 1",
        "  npm/wrong (wrong.json): taken-back",
        "feed: 7 deliveries (npm 7), 0 left out, 2 rejected",
    ] {
        assert!(told.out.lines().any(|said| said == line), "{line}\n{}", told.out);
    }
}

#[test]
fn what_it_would_take_away_is_told_before_it_does() {
    let config = "[guard]\nat-least = 2\npercent = 0\n[source.blocked]\nformat = \"safe-chain\"\n";
    let repository = Database::default().with("malpkg.toml", config).repository();
    let inbox = Folder::empty();
    let list = |names: &[&str]| {
        let rows = names
            .iter()
            .map(|name| format!(r#"{{"package_name": "{name}", "version": "1.0.0", "reason": "MALWARE"}}"#));
        format!("[{}]", rows.collect::<Vec<_>>().join(", "))
    };
    inbox.write("npm.json", list(&["a", "b", "c", "d"]));
    let input = inbox.path().to_str().unwrap();
    let ingest = ["ingest", "--source", "blocked", input, "--commit"];
    let ran = crate::program::malpkg_at("2026-05-01T00:00:00Z", repository.path(), &ingest);
    assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
    inbox.write("npm.json", list(&["a"]));
    let told = json(repository.path(), &["source", "check", "blocked", input], Exit::Done);
    assert_eq!(told["guarded"], value!(["withdraw=3"]));
}

#[test]
fn how_good_a_source_is_can_be_asked() {
    let repository = Database::default()
        .with("malpkg.toml", "[source.feed]\nformat = \"osv\"\n[source.other]\nformat = \"osv\"\n")
        .repository();
    let send = |source: &str, now: &str, names: &[&str]| {
        let inbox = Folder::empty();
        for name in names {
            inbox.write(&format!("{name}.json"), report(&format!("{source}-{name}"), "npm", name, &["1.0.0"]));
        }
        let input = inbox.path().to_str().unwrap();
        let ran = crate::program::malpkg_at(now, repository.path(), &["ingest", "--source", source, input, "--commit"]);
        assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
    };
    send("feed", "2026-05-01T00:00:00Z", &["a", "b", "c", "d"]);
    send("other", "2026-05-03T00:00:00Z", &["a", "b"]);
    json(repository.path(), &["withdraw", "npm/b", "--reason", "false-positive", "--commit"], Exit::Done);
    let told = json(repository.path(), &["source", "status", "--scores"], Exit::Done);
    let (feed, other) = (&told["sources"][0]["score"], &told["sources"][1]["score"]);
    assert_eq!(
        (&feed["reports"], &feed["taken_back"], &feed["withdrawn_share"]),
        (&value!(4), &value!(1), &value!(0.25))
    );
    assert_eq!((&feed["first"], &feed["shared"], &feed["lead_days"]), (&value!(2), &value!(2), &value!(2.0)));
    assert_eq!((&other["first"], &other["behind_days"]), (&value!(0), &value!(2.0)));
    let stats = json(repository.path(), &["stats"], Exit::Done);
    assert_eq!(stats["sources"]["feed"]["withdrawn_share"], value!(0.25));
    assert_eq!(stats["sources"]["feed"]["standing"], value!(3));
    let plain = json(repository.path(), &["source", "status"], Exit::Done);
    assert!(plain["sources"][0].get("score").is_none(), "all reports are read only where that is asked");
    let show = json(repository.path(), &["show", "npm/a"], Exit::Done);
    assert_eq!(words(&show["finders"], "source"), ["feed", "other"]);
    let text = malpkg(repository.path(), &["show", "npm/a"]).out;
    assert!(text.contains("found by: feed 2026-05-01T00:00:00Z, then other 2026-05-03T00:00:00Z"), "{text}");
    for arguments in [&["stats"][..], &["source", "status", "--scores"]] {
        let text = malpkg(repository.path(), arguments).out;
        assert!(text.contains("1 taken back (25.0 %)") && text.contains("first of several in 2 of 2"), "{text}");
    }
}
