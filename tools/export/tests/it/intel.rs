//! Threat intelligence and feeds: what is told, that nothing of a report leaves its place, and that the bytes are one.

use std::collections::BTreeSet;

use export::{CommitFacts, Input, Target};
use md5::{Digest, Md5};
use serde_json::Value;

use crate::database::{Release, input, path, report_on_all, reports, snapshot};

const TARGETS: [Target; 5] = [Target::Stix, Target::Misp, Target::Cyclonedx, Target::Rpz, Target::Feeds];

/// What a hostile report says wherever it may say something.
const HOSTILE: &str = "<script>alert(1)</script>' OR \\\" ]]> \u{202e} https://evil.example/x \u{1b}[31m & {{x}}\nline";

/// A record with these members beside the usual ones.
fn record(id: &str, name: &str, affected: &str, ours: &str, more: &str) -> (String, String) {
    let text = format!(
        r#"{{"id":"{id}","published":"2026-01-02T00:00:00Z","modified":"2026-01-03T00:00:00.5Z",{more}
        "affected":[{{"package":{{"ecosystem":"npm","name":{}}},{affected}}}],
        "database_specific":{{"malpkg":{{{ours}}}}}}}"#,
        Value::from(name)
    );
    (path(id), text)
}

fn some() -> database::Snapshot {
    let versions = r#""versions":["1.0.0","1.0.1"]"#;
    let range = r#""ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"2.0.0"}]}]"#;
    let found = r#""kind":"hijack","confidence":"confirmed","campaign":"A / <b>","indicators":[
        {"type":"domain","value":"evil.example","role":"c2"},{"type":"domain","value":"b\u00fccher.example","role":"payload"},
        {"type":"domain","value":"cdn.discordapp.com","role":"c2"},{"type":"domain","value":"unsaid.example"},
        {"type":"domain","value":"met.example","role":"contacted"},{"type":"domain","value":"a.example\n0.0.0.0 b.example","role":"c2"},
        {"type":"ip","value":"203.0.113.7","role":"exfiltration"},{"type":"ip","value":"127.0.0.1","role":"c2"},
        {"type":"url","value":"https://evil.example/it's","role":"payload"},
        {"type":"sha256","value":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]"#;
    let also = r#""campaign":"A / <b>","indicators":[{"type":"domain","value":"evil.example","role":"c2"}]"#;
    let test = r#""kind":"test","indicators":[{"type":"domain","value":"proof.example","role":"c2"}]"#;
    let hostile = Value::from(HOSTILE).to_string();
    let title = format!(r#""summary":{hostile},"#);
    let mut files = vec![
        record("MAL-2026-1", "a", versions, found, ""),
        record("MAL-2026-2", "b", range, also, ""),
        record("MAL-2026-3", "gone", versions, also, r#""withdrawn":"2026-01-03T00:00:00Z","#),
        record("MAL-2026-4", "proof", versions, test, ""),
        record(
            "MAL-2026-5",
            HOSTILE,
            &format!(r#""versions":[{hostile}]"#),
            &format!(r#""campaign":{hostile}"#),
            &title,
        ),
    ];
    files.push((path("MAL-2026-6"), report_on_all("MAL-2026-6", "2026-01-02T00:00:00Z", "PyPI", "Foo_Bar")));
    snapshot(files)
}

fn only<'i>(targets: &[Target], snapshot: &'i database::Snapshot) -> Input<'i> {
    Input { targets: targets.iter().copied().collect(), home: Some("https://example.org/db"), ..input(snapshot, &[]) }
}

fn json(release: &Release, path: &str) -> Value {
    serde_json::from_str(&release.text(path)).unwrap()
}

/// The members of this name in every object of a list.
fn texts(list: &Value, member: &str) -> Vec<String> {
    let texts = list.as_array().unwrap().iter().filter_map(|object| object[member].as_str());
    texts.map(str::to_owned).collect()
}

#[test]
fn a_test_report_is_in_no_feed() {
    let snapshot = some();
    let release = Release::of(&only(&TARGETS, &snapshot));
    assert!(release.manifest.files.len() > 50);
    for path in release.manifest.files.keys() {
        let text = release.text(path);
        assert!(!text.contains("MAL-2026-4") && !text.contains("proof"), "{path} tells of the test");
    }
}

#[test]
fn a_bundle_has_each_report_its_packages_and_what_to_look_for() {
    let snapshot = some();
    let release = Release::of(&only(&[Target::Stix], &snapshot));
    let files: Vec<&String> = release.manifest.files.keys().collect();
    assert_eq!(files, ["stix/PyPI.json", "stix/npm.json"]);
    let bundle = json(&release, "stix/npm.json");
    let objects = &bundle["objects"];
    let ids = texts(objects, "id");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id is there twice");
    let patterns = texts(objects, "pattern");
    for pattern in [
        "[software:name = 'a' AND (software:version = '1.0.0' OR software:version = '1.0.1')]",
        "[domain-name:value = 'evil.example']",
        "[domain-name:value = 'xn--bcher-kva.example']",
        "[domain-name:value = 'unsaid.example']",
        "[ipv4-addr:value = '203.0.113.7']",
        r"[url:value = 'https://evil.example/it\'s']",
        "[file:hashes.'SHA-256' = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']",
    ] {
        assert!(patterns.iter().any(|found| found == pattern), "{pattern} is not in {patterns:#?}");
    }
    // A range is no pattern, and what is shared, only met or malformed is nothing to look for.
    assert_eq!(patterns.len(), 9, "{patterns:#?}");
    let find = |id: &str| objects.as_array().unwrap().iter().find(|object| object["name"] == id).unwrap();
    let malware = find("MAL-2026-1");
    assert_eq!(malware["created"], "2026-01-02T00:00:00.000Z");
    assert_eq!(malware["modified"], "2026-01-03T00:00:00.000Z");
    assert_eq!((&malware["revoked"], &malware["confidence"]), (&Value::Null, &85.into()));
    assert_eq!(malware["external_references"][0]["external_id"], "MAL-2026-1");
    assert_eq!(malware["external_references"][1]["external_id"], "pkg:npm/a");
    assert_eq!(find("MAL-2026-2")["external_references"][1]["description"], "vers:npm/>=1.0.0|<2.0.0");
    assert_eq!(find("MAL-2026-3")["revoked"], true);
    let campaign = find("A / <b>");
    let uses = |object: &&Value| object["source_ref"] == campaign["id"] && object["relationship_type"] == "uses";
    assert_eq!(objects.as_array().unwrap().iter().filter(uses).count(), 3);
}

#[test]
fn a_report_that_came_back_is_another_object() {
    let id_of = |ours: &str, more: &str| {
        let snapshot = snapshot([record("MAL-2026-1", "a", r#""versions":["1"]"#, ours, more)]);
        let bundle = json(&Release::of(&only(&[Target::Stix], &snapshot)), "stix/npm.json");
        (bundle["objects"][1]["id"].clone(), bundle["objects"][1]["revoked"].clone())
    };
    let (first, _) = id_of(r#""kind":"malware""#, "");
    let gone = id_of(r#""decisions":[{"kind":"withdraw"}]"#, r#""withdrawn":"2026-01-03T00:00:00Z","#);
    assert_eq!(gone, (first.clone(), true.into()), "the object that was there is revoked");
    let (back, revoked) = id_of(r#""decisions":[{"kind":"withdraw"},{"kind":"reinstate"}]"#, "");
    assert!(back != first && revoked.is_null(), "what is revoked stays so");
}

#[test]
fn a_misp_feed_holds_together() {
    let snapshot = some();
    let release = Release::of(&only(&[Target::Misp], &snapshot));
    let manifest = json(&release, "misp/manifest.json");
    let mut hashes: Vec<String> = Vec::new();
    let mut alarms: Vec<String> = Vec::new();
    for (uuid, listed) in manifest.as_object().unwrap() {
        let event = &json(&release, &format!("misp/{uuid}.json"))["Event"];
        assert_eq!(event["uuid"], **uuid);
        for member in ["info", "date", "Orgc", "Tag"] {
            assert_eq!(event[member], listed[member]);
        }
        for member in ["analysis", "threat_level_id", "timestamp"] {
            assert_eq!(event[member], listed[member].to_string(), "{member} is a number in the manifest, a text here");
        }
        let of_objects = event["Object"].as_array().unwrap().iter().map(|object| &object["Attribute"]);
        for attribute in of_objects.chain([&event["Attribute"]]).flat_map(|list| list.as_array().unwrap()) {
            let value = attribute["value"].as_str().unwrap();
            let hash: String = Md5::digest(value).iter().map(|byte| format!("{byte:02x}")).collect();
            hashes.push(format!("{hash},{uuid}"));
            if attribute["to_ids"] == true {
                alarms.push(value.to_owned());
            }
        }
    }
    let mut listed: Vec<String> = release.text("misp/hashes.csv").lines().map(str::to_owned).collect();
    listed.sort();
    hashes.sort();
    assert_eq!(listed, hashes);
    alarms.sort();
    let hash = "a".repeat(64);
    let expected = [
        "203.0.113.7",
        &hash,
        "evil.example",
        "evil.example",
        "https://evil.example/it's",
        "unsaid.example",
        "xn--bcher-kva.example",
    ];
    assert_eq!(alarms, expected, "no more than this is worth an alarm");
    let info: Vec<&str> = manifest.as_object().unwrap().values().map(|one| one["info"].as_str().unwrap()).collect();
    let campaign = "Malicious packages of the campaign A / <b>: 3 reports";
    assert!(info.contains(&campaign), "{info:#?}");
}

#[test]
fn a_day_of_many_reports_is_several_events() {
    let of = |count: usize| {
        let text = |n: usize| {
            let id = format!("MAL-2026-{n}");
            (path(&id), report_on_all(&id, "2026-01-02T00:00:00Z", "npm", &format!("p{n}")))
        };
        let snapshot = snapshot((1..=count).map(text));
        json(&Release::of(&only(&[Target::Misp], &snapshot)), "misp/manifest.json")
    };
    let (one, two) = (of(2000), of(2001));
    assert_eq!((one.as_object().unwrap().len(), two.as_object().unwrap().len()), (1, 2));
    let info: Vec<&str> = two.as_object().unwrap().values().map(|one| one["info"].as_str().unwrap()).collect();
    assert!(info.iter().any(|info| info.ends_with(", part 2 of 2")), "{info:?}");
}

#[test]
fn a_bill_of_vulnerabilities_points_at_its_packages() {
    let snapshot = some();
    let release = Release::of(&only(&[Target::Cyclonedx], &snapshot));
    let bill = json(&release, "cyclonedx/npm.cdx.json");
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    let references: BTreeSet<String> = texts(&bill["components"], "bom-ref").into_iter().collect();
    assert_eq!(references.len(), bill["components"].as_array().unwrap().len());
    let by_id = |id: &str| {
        let all = bill["vulnerabilities"].as_array().unwrap();
        all.iter().find(|one| one["id"] == id).unwrap().clone()
    };
    for one in bill["vulnerabilities"].as_array().unwrap() {
        for affects in one["affects"].as_array().unwrap() {
            assert!(references.contains(affects["ref"].as_str().unwrap()));
        }
    }
    let versions = |id: &str| by_id(id)["affects"][0]["versions"].clone();
    assert_eq!(versions("MAL-2026-1")[1], serde_json::json!({ "version": "1.0.1", "status": "affected" }));
    assert_eq!(versions("MAL-2026-2")[0]["range"], "vers:npm/>=1.0.0|<2.0.0");
    assert_eq!(by_id("MAL-2026-3")["rejected"], "2026-01-03T00:00:00Z");
    assert_eq!(by_id("MAL-2026-1")["cwes"][0], 506);
    let python = json(&release, "cyclonedx/PyPI.cdx.json");
    assert_eq!(python["components"][0]["purl"], "pkg:pypi/foo-bar");
    assert_eq!(python["vulnerabilities"][0]["affects"][0]["versions"][0]["range"], "vers:pypi/*");
}

#[test]
fn what_a_format_has_no_room_for_is_left_out_of_it() {
    let long = "9".repeat(1025);
    let one = record("MAL-2026-1", "a", &format!(r#""versions":["{long}"]"#), "", "");
    let two = record("MAL-2026-2", " b\u{2028}", &format!(r#""versions":["{long}","\u001c1.0\u0085"]"#), "", "");
    let snapshot = snapshot([one, two]);
    let release = Release::of(&only(&TARGETS, &snapshot));
    let bill = json(&release, "cyclonedx/npm.cdx.json");
    // Nothing of a package is not the same as every version of it.
    assert_eq!(bill["vulnerabilities"][0]["affects"], Value::Null);
    assert_eq!(bill["vulnerabilities"][1]["affects"][0]["versions"].as_array().unwrap().len(), 1);
    let misp = release.manifest.files.keys().filter(|path| path.starts_with("misp/") && path.contains('-'));
    let events: String = misp.map(|path| release.text(path)).collect();
    for value in [r#""value":"b""#, r#""value":"1.0""#] {
        assert!(events.contains(value), "{value} is not in {events}");
    }
}

#[test]
fn only_what_harms_is_refused() {
    let snapshot = some();
    let commit = CommitFacts {
        id: "c".repeat(40),
        tree: "d".repeat(40),
        time: "2026-01-04T00:00:00Z".parse().unwrap(),
        sequence: 42,
        parent: None,
    };
    let release = Release::of(&Input { commit: Some(commit), ..only(&[Target::Rpz], &snapshot) });
    assert_eq!(release.text("rpz/hosts.txt"), "0.0.0.0 evil.example\n0.0.0.0 xn--bcher-kva.example\n");
    assert_eq!(release.text("rpz/dnsmasq.conf"), "address=/evil.example/\naddress=/xn--bcher-kva.example/\n");
    assert_eq!(
        release.text("rpz/mal.rpz"),
        "$TTL 300\n@ SOA localhost. root.localhost. ( 42 3600 600 86400 300 )\n@ NS localhost.\n\
         evil.example CNAME .\n*.evil.example CNAME .\n\
         xn--bcher-kva.example CNAME .\n*.xn--bcher-kva.example CNAME .\n32.7.113.0.203.rpz-ip CNAME .\n"
    );
}

#[test]
fn the_tree_says_which_names_are_shared() {
    let mut files: Vec<(String, String)> = vec![record(
        "MAL-2026-1",
        "a",
        r#""versions":["1"]"#,
        r#""indicators":[{"type":"domain","value":"evil.example","role":"c2"}]"#,
        "",
    )];
    files.push(("config/shared-infrastructure.txt".to_owned(), "evil.example # no longer theirs\n".to_owned()));
    let snapshot = snapshot(files);
    let release = Release::of(&only(&[Target::Rpz], &snapshot));
    assert_eq!(release.text("rpz/hosts.txt"), "");
}

#[test]
fn a_feed_is_text_for_people() {
    let snapshot = some();
    let release = Release::of(&only(&[Target::Feeds], &snapshot));
    let index = json(&release, "feeds/index.json");
    assert_eq!(index["ecosystems"]["npm"]["atom"], "feeds/npm.atom");
    let campaign = index["campaigns"]["A / <b>"]["json"].as_str().unwrap();
    let ids = texts(&json(&release, campaign)["items"], "id");
    assert_eq!(ids, ["MAL-2026-3", "MAL-2026-2", "MAL-2026-1"]);
    let empty = release.text("feeds/Hex.atom");
    assert!(empty.contains("<updated>1970-01-01T00:00:00Z</updated>") && !empty.contains("<entry>"), "{empty}");
    // The index is for programs, which ask it for the very word of a campaign.
    for path in release.manifest.files.keys().filter(|path| *path != "feeds/index.json") {
        let text = release.text(path);
        for unfit in ["https://evil", "\u{202e}", "\u{1b}"] {
            assert!(!text.contains(unfit), "{path} has {unfit:?}");
        }
        // What JSON holds is said to be text; in XML it has to be made one.
        assert!(path.ends_with(".json") || !text.contains("<script>"), "{path} has markup");
    }
    let feed = json(&release, "feeds/npm.json");
    let item = &feed["items"].as_array().unwrap().iter().find(|item| item["id"] == "MAL-2026-1").unwrap();
    assert_eq!(item["url"], format!("https://example.org/db/{}", path("MAL-2026-1")));
    assert_eq!(item["content_text"], "npm a: 1.0.0, 1.0.1\nKind: hijack\nConfidence: confirmed\nCampaign: A / <b>");
    let atom = release.text("feeds/npm.atom");
    assert_eq!(atom.matches("<entry>").count(), 4);
    assert!(atom.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{atom}");
    assert!(atom.contains("Withdrawn: "), "{atom}");
}

#[test]
fn a_feed_has_the_newest_reports() {
    let texts: Vec<(String, String)> = (1..=150)
        .map(|n| {
            let id = format!("MAL-2026-{n}");
            (
                path(&id),
                report_on_all(&id, &format!("2026-01-01T00:{:02}:{:02}Z", n / 60, n % 60), "npm", &format!("p{n}")),
            )
        })
        .collect();
    let snapshot = snapshot(texts);
    let feed = json(&Release::of(&only(&[Target::Feeds], &snapshot)), "feeds/npm.json");
    let ids = self::texts(&feed["items"], "id");
    assert_eq!((ids.len(), ids[0].as_str(), ids[99].as_str()), (100, "MAL-2026-150", "MAL-2026-51"));
}

#[test]
fn the_bytes_do_not_depend_on_threads() {
    let snapshot = some();
    let files = [1, 4].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Release::of(&only(&TARGETS, &snapshot)).manifest.files)
    });
    assert_eq!(files[0], files[1]);
}

#[test]
fn what_is_large_is_written_when_it_is_asked_for() {
    let unasked = |reports: usize| Target::ALL.into_iter().filter(move |target| target.is_default_of(reports));
    assert!(TARGETS.iter().all(|target| unasked(50_000).any(|one| one == *target)));
    assert!(unasked(50_001).all(|target| !matches!(target, Target::Stix | Target::Misp)));
    assert_eq!(unasked(50_000).count(), unasked(50_001).count() + 2);
}

#[test]
fn nothing_is_as_good_as_something() {
    let snapshot = reports(&[]);
    let release = Release::of(&only(&TARGETS, &snapshot));
    assert_eq!(json(&release, "misp/manifest.json"), serde_json::json!({}));
    assert_eq!(release.text("misp/hashes.csv"), "");
    assert!(release.text("rpz/mal.rpz").ends_with("@ NS localhost.\n"));
    assert!(!release.manifest.files.keys().any(|path| path.starts_with("stix/") || path.starts_with("cyclonedx/")));
}
