//! `malpkg backtest`: past deliveries under another configuration.

use malpkg::Exit;
use serde_json::{Value, json as value};
use testkit::{Database, Folder, Repository, report};

use crate::program::{json, malpkg, malpkg_at};

const CONFIG: &str =
    "[source.good]\nformat = \"osv\"\ntrust = \"confirmed\"\n[source.noisy]\nformat = \"osv\"\ntrust = \"confirmed\"\n";

/// Two sources: one is right and late, one is early and was wrong once.
fn repository() -> Repository {
    let database = Database::default().with("malpkg.toml", CONFIG).with("config/protected/npm.txt", "react\n");
    let repository = database.repository();
    let send = |source: &str, now: &str, names: &[&str]| {
        let inbox = Folder::empty();
        for name in names {
            inbox.write(&format!("{name}.json"), report(&format!("{source}-{name}"), "npm", name, &["1.0.0"]));
        }
        let input = inbox.path().to_str().unwrap();
        let ran = malpkg_at(now, repository.path(), &["ingest", "--source", source, input, "--commit"]);
        assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
    };
    send("noisy", "2026-01-01T12:00:00Z", &["old"]);
    send("noisy", "2026-05-01T12:00:00Z", &["both", "wrong", "lodash", "react"]);
    send("good", "2026-05-04T12:00:00Z", &["both", "sure"]);
    json(repository.path(), &["withdraw", "npm/wrong", "--reason", "false-positive", "--commit"], Exit::Done);
    repository
}

#[track_caller]
fn backtest(repository: &Repository, config: &str, since: &str) -> Value {
    let folder = Folder::empty();
    folder.write("new.toml", config);
    let place = folder.place("new.toml");
    let (place, before) = (place.to_str().unwrap(), repository.id("HEAD"));
    let told = json(repository.path(), &["backtest", "--config", place, "--since", since], Exit::Done);
    assert_eq!(repository.id("HEAD"), before);
    repository.is_clean();
    told
}

fn packages(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one["package"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_same_configuration_changes_nothing() {
    let repository = repository();
    let told = backtest(&repository, CONFIG, "3m");
    assert_eq!(
        (&told["format"], &told["deliveries"], &told["packages"]),
        (&"malpkg.backtest".into(), &5.into(), &4.into())
    );
    assert_eq!(told["before"], told["after"]);
    assert_eq!((&told["after"]["flagged"], &told["after"]["withdrawn_later"]), (&value!(4), &value!(1)));
    for list in ["lost", "gained", "moved", "to_review", "to_nobody"] {
        assert_eq!(told[list], value!([]), "{list}");
    }
    assert_eq!(backtest(&repository, CONFIG, "2y")["packages"], 5, "what is older is older");
}

#[test]
fn a_source_that_is_paused_costs_what_only_it_found_and_the_days_it_was_ahead() {
    let paused = format!("{CONFIG}paused = \"it is noisy\"\n");
    let told = backtest(&repository(), &paused, "3m");
    assert_eq!(packages(&told["lost"]), ["npm/lodash", "npm/wrong"]);
    assert_eq!((&told["lost"][1]["withdrawn_later"], &told["lost"][1]["reason"]), (&value!(true), &"paused".into()));
    assert_eq!((packages(&told["moved"]), &told["moved_days"]), (vec!["npm/both".to_owned()], &value!(3.0)));
    assert_eq!((&told["before"]["withdrawn_later"], &told["after"]["withdrawn_later"]), (&value!(1), &value!(0)));
    assert_eq!((&told["after"]["refused_share"], &told["after"]["reasons"]), (&value!(0.6), &value!({"paused": 3})));
}

#[test]
fn settings_trust_and_names_are_replayed() {
    let repository = repository();
    let named = format!("{CONFIG}names = [\"!lodash\"]\n");
    let told = backtest(&repository, &named, "3m");
    assert_eq!(
        (packages(&told["lost"]), &told["lost"][0]["reason"]),
        (vec!["npm/lodash".to_owned()], &"left-out".into())
    );
    let claimed =
        CONFIG.replace("[source.noisy]\nformat = \"osv\"\ntrust = \"confirmed\"", "[source.noisy]\nformat = \"osv\"");
    let told = backtest(&repository, &claimed, "3m");
    assert_eq!(told["to_review"], value!(["npm/lodash", "npm/wrong"]), "a confirmed source is enough: {told}");
    // Another list of names: one more is protected, and one that waits is let in.
    let folder = Folder::empty();
    folder.write("malpkg.toml", CONFIG);
    folder.write("config/protected/npm.txt", "lodash\n");
    let told = json(
        repository.path(),
        &["backtest", "--config", folder.path().to_str().unwrap(), "--since", "2026-02-01"],
        Exit::Done,
    );
    assert_eq!(
        (packages(&told["lost"]), packages(&told["gained"])),
        (vec!["npm/lodash".into()], vec!["npm/react".into()])
    );
    assert_eq!(told["lost"][0]["reason"], "protected-name");
}

#[test]
fn the_guard_is_replayed() {
    let config = "[source.blocked]\nformat = \"safe-chain\"\n";
    let repository = Database::default().with("malpkg.toml", config).repository();
    for (now, names) in [("2026-05-01T12:00:00Z", &["a", "b", "c", "d"][..]), ("2026-05-02T12:00:00Z", &["a"])] {
        let inbox = Folder::empty();
        let rows: Vec<String> = names
            .iter()
            .map(|name| format!(r#"{{"package_name": "{name}", "version": "1.0.0", "reason": "MALWARE"}}"#))
            .collect();
        inbox.write("npm.json", format!("[{}]", rows.join(", ")));
        let input = inbox.path().to_str().unwrap();
        let ran = malpkg_at(now, repository.path(), &["ingest", "--source", "blocked", input, "--commit"]);
        assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
    }
    let told = backtest(&repository, &format!("[guard]\nat-least = 2\n{config}"), "3m");
    assert_eq!(told["before"]["guarded"], value!([]));
    assert_eq!(
        told["after"]["guarded"],
        value!([{"source": "blocked", "time": "2026-05-02T12:00:00Z", "takes": "withdraw=3"}])
    );
}

#[test]
fn documents_at_hand_are_read_under_both() {
    let config = "[source.lab]\nformat = \"package-analysis\"\n";
    let rule = "[[rule]]\nname = \"calls\"\nkind = \"malware\"\ntechnique = \"t\"\nsays = \"it calls home\"\n";
    let repository = Database::default()
        .with("malpkg.toml", config)
        .with("config/package-analysis.toml", &format!("{rule}all = [{{ host = [\"home.example\"] }}]\n"))
        .repository();
    let results = Folder::empty();
    for (name, host) in [("a", "home.example"), ("b", "away.example")] {
        let did = format!(
            r#"{{"import": {{"DNS": [{{"Class": "IN", "Queries": [{{"Hostname": "{host}", "Types": ["A"]}}]}}]}}}}"#
        );
        let about = format!(
            r#""Package": {{"Ecosystem": "npm", "Name": "{name}", "Version": "1.0.0"}}, "CreatedTimestamp": 1760000000"#
        );
        results.write(&format!("{name}.json"), format!(r#"{{{about}, "Analysis": {did}}}"#));
    }
    let (folder, input) = (Folder::empty(), results.path().to_str().unwrap().to_owned());
    let place = folder.path().to_str().unwrap().to_owned();
    let told = |lost: &[&str], gained: &[&str]| {
        let arguments = ["backtest", "--config", &place, "--source", "lab", &input];
        let told = json(repository.path(), &arguments, Exit::Done)["at_hand"].clone();
        assert_eq!(packages(&told["lost"]), lost, "{told}");
        assert_eq!(packages(&told["gained"]), gained, "{told}");
        told
    };
    // The rules are the database's where the other configuration has none.
    folder.write("malpkg.toml", config);
    let same = told(&[], &[]);
    assert_eq!(
        (&same["before"], &same["before"]["taken"], &same["before"]["left_out"]),
        (&same["after"], &value!(1), &value!(1))
    );
    folder.write("config/package-analysis.toml", format!("{rule}all = [{{ host = [\"away.example\"] }}]\n"));
    assert_eq!(told(&["npm/a"], &["npm/b"])["lost"][0]["reason"], "left-out");
    folder.write("malpkg.toml", format!("{config}prefixes = [\"b\"]\n"));
    told(&["npm/a"], &["npm/b"]);
    folder.write("malpkg.toml", format!("{config}paused = \"no\"\n"));
    assert_eq!(told(&["npm/a"], &[])["lost"][0]["reason"], "paused");
    let unknown = malpkg(repository.path(), &["backtest", "--config", &place, "--source", "none", &input]);
    assert!(unknown.exit == Exit::Failed && unknown.err.contains("none"), "{}", unknown.err);
}

#[test]
fn what_cannot_be_replayed_is_said() {
    let repository = repository();
    let none = malpkg(repository.path(), &["backtest", "--config", "/none/malpkg.toml"]);
    assert!(none.exit == Exit::Failed && none.err.contains("/none/malpkg.toml"), "{}", none.err);
    let folder = Folder::empty();
    folder.write("malpkg.toml", "[sauce.x]\n");
    let place = folder.path().to_str().unwrap().to_owned();
    let wrong = malpkg(repository.path(), &["backtest", "--config", &place]);
    assert!(wrong.exit == Exit::Failed && wrong.err.contains("did you mean `source`"), "{}", wrong.err);
    folder.write("malpkg.toml", CONFIG);
    let when = malpkg(repository.path(), &["backtest", "--config", &place, "--since", "soon"]);
    assert!(when.exit == Exit::Failed && when.err.contains("6m"), "{}", when.err);
    let told = malpkg(repository.path(), &["backtest", "--config", &place, "--since", "3m"]);
    assert!(told.out.starts_with("5 deliveries on 4 packages since 2026-03-03T12:00:00Z\n"), "{}", told.out);
}
