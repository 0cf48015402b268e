//! The registry of campaigns: reports use its words, and whoever asks is told of them.

use malpkg::Exit;
use testkit::{Database, report};

use crate::program::{json, malpkg};

fn of(campaign: &str, id: &str, name: &str) -> String {
    report(id, "npm", name, &["1.0.0"]).replace("\"kind\"", &format!("\"campaign\": \"{campaign}\",\n      \"kind\""))
}

#[test]
fn a_campaign_that_the_registry_does_not_know_is_a_finding() {
    let database = |registry: Option<&str>| {
        let database = Database::default()
            .with("malpkg.toml", "")
            .with("osv/malicious/npm/a/MAL-2026-1.json", &of("wave", "MAL-2026-1", "a"))
            .with("osv/malicious/npm/b/MAL-2026-2.json", &of("Wave 1", "MAL-2026-2", "b"))
            .with("osv/malicious/npm/c/MAL-2026-3.json", &of("other", "MAL-2026-3", "c"));
        registry.into_iter().fold(database, |database, registry| database.with("config/campaigns.toml", registry))
    };
    let found = |database: &Database| -> Vec<(String, String)> {
        let told = json(database.repository().path(), &["validate"], Exit::Done);
        let findings = told["findings"].as_array().unwrap().iter().filter(|one| one["rule"] == "unknown-campaign");
        let text = |one: &serde_json::Value, name: &str| one[name].as_str().unwrap().to_owned();
        findings.map(|one| (text(one, "id"), text(one, "message"))).collect()
    };
    assert_eq!(found(&database(None)), [], "nobody is asked where no registry is kept");
    let known = database(Some("[wave]\nname = \"The first wave\"\naliases = [\"Wave 1\"]\n"));
    let expected = [
        ("MAL-2026-2", "the campaign `Wave 1` is listed as `wave`"),
        ("MAL-2026-3", "the campaign `other` is not in the registry"),
    ];
    assert_eq!(found(&known), expected.map(|(id, message)| (id.to_owned(), message.to_owned())));
    // What is known of a tree by an index is known under another registry no more.
    let repository = known.repository();
    let of_commit =
        |exit| json(repository.path(), &["validate", "--rev", "HEAD"], exit)["rules"]["unknown-campaign"].clone();
    assert_eq!(of_commit(Exit::Done)["present"], 2);
    repository.write(
        "config/campaigns.toml",
        "[wave]\nname = \"The first wave\"\n[other]\nname = \"Other\"\n[\"Wave 1\"]\nname = \"1\"\n",
    );
    repository.commit("all campaigns");
    assert_ne!(of_commit(Exit::Done)["present"], 2);
}

#[test]
fn a_campaign_is_shown() {
    let repository = Database::default()
        .with("malpkg.toml", "")
        .with("config/campaigns.toml", "[wave]\nname = \"The \\u001b[31mfirst wave\"\n")
        .with("osv/malicious/npm/a/MAL-2026-1.json", &of("wave", "MAL-2026-1", "a"))
        .repository();
    let query = json(repository.path(), &["query", "npm/a"], Exit::Found);
    assert_eq!(query["answers"][0]["reports"][0]["campaign"], "wave");
    assert!(malpkg(repository.path(), &["query", "npm/a"]).out.contains("campaign wave"));
    let show = json(repository.path(), &["show", "npm/a"], Exit::Done);
    assert_eq!(
        (&show["campaign"]["word"], &show["campaign"]["name"]),
        (&"wave".into(), &"The \u{1b}[31mfirst wave".into())
    );
    let text = malpkg(repository.path(), &["show", "npm/a"]).out;
    assert!(text.contains("its campaign is called The \\u{1b}[31mfirst wave") && !text.contains('\u{1b}'), "{text}");
}
