//! `malpkg ingest`: what is wrong with one delivery costs no other one anything.

use malpkg::Exit;
use serde_json::{Value, json as value};
use testkit::{Database, Folder, Repository, report};

use crate::program::{json, malpkg, malpkg_at};

const CONFIG: &str = r#"
[source.feed]
format = "osv"
[source.tree]
format = "osv"
own-ids = "keep"
[source.forest]
format = "osv"
own-ids = "keep"
"#;

/// Takes in documents one run after the other, each run at once, and gives what each came to.
#[track_caller]
fn ingest(repository: &Repository, source: &str, runs: &[&[(&str, String)]]) -> Vec<Value> {
    let run = |documents: &&[(&str, String)]| {
        let inbox = Folder::empty();
        documents.iter().for_each(|(name, text)| inbox.write(name, text));
        let inbox = inbox.path().to_str().unwrap();
        json(repository.path(), &["ingest", "--source", source, inbox, "--commit"], Exit::Done)
    };
    runs.iter().map(run).collect()
}

fn rejected(done: &Value) -> Vec<(&str, &str)> {
    let all = done["rejected"].as_array().unwrap().iter();
    all.map(|one| (one["delivery"].as_str().unwrap(), one["rule"].as_str().unwrap())).collect()
}

fn repository() -> Repository {
    Database::default().with("malpkg.toml", CONFIG).with("osv/ids.json", "{}\n").repository()
}

#[test]
fn an_id_of_ours_that_two_sources_claim_is_that_of_one_report() {
    let repository = repository();
    let claim = |name: &str, day: u32| {
        let text = report("MAL-2026-7", "npm", name, &["1.0.0"]);
        text.replace("\"modified\": \"2026-01-01", &format!("\"modified\": \"2026-01-{day:02}"))
    };
    let innocent = report("X-1", "npm", "younger", &["2.0.0"]);
    ingest(&repository, "tree", &[&[("b.json", claim("older", 2))]]);
    let done = &ingest(&repository, "forest", &[&[("a.json", claim("younger", 3)), ("c.json", innocent)]])[0];
    assert_eq!(rejected(done), [("a.json", "duplicate-id")]);
    assert!(repository.has("osv/malicious/npm/older/MAL-2026-7.json"));
    let younger = repository.run(&["ls-files", "osv/malicious/npm/younger"]);
    assert!(!younger.contains("MAL-2026-7") && repository.read(younger.trim()).contains("2.0.0"), "{younger}");
    assert_eq!(json(repository.path(), &["validate"], Exit::Done)["findings"], value!([]));
}

#[test]
fn what_the_rules_refuse_takes_nothing_else_on_the_package_with_it() {
    // A range that the ecosystem does not have, between two statements that are right.
    let of = |id: &str, version: &str, day: u32| {
        let text = report(id, "PyPI", "a", &[version]);
        text.replace("\"modified\": \"2026-01-01", &format!("\"modified\": \"2026-01-{day:02}"))
    };
    let range = "\"ranges\": [{\"type\": \"SEMVER\", \"events\": [{\"introduced\": \"1.0.0\"}]}], \"versions\"";
    let (first, bad, last) =
        (of("X-1", "1.0", 1), of("X-2", "2.0", 2).replace("\"versions\"", range), of("X-3", "3.0", 3));
    let documents = [("1.json", first), ("2.json", bad), ("3.json", last)];
    let runs: [&[&[usize]]; 3] = [&[&[0, 1, 2]], &[&[1], &[2, 0]], &[&[0, 1], &[2]]];
    for runs in runs {
        let repository = repository();
        let run = |run: &&[usize]| run.iter().map(|&at| documents[at].clone()).collect::<Vec<_>>();
        let runs: Vec<Vec<(&str, String)>> = runs.iter().map(run).collect();
        let done = ingest(&repository, "feed", &runs.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let refused: Vec<(&str, &str)> = done.iter().flat_map(rejected).collect();
        assert_eq!(refused.first(), Some(&("2.json", "range-type-unsupported")));
        assert!(refused.iter().all(|one| one.0 == "2.json"), "{refused:?}");
        let path = repository.run(&["ls-files", "osv/malicious"]);
        let report: Value = serde_json::from_str(&repository.read(path.trim())).unwrap();
        assert_eq!(report["affected"][0]["versions"], value!(["1.0", "3.0"]));
        assert_eq!(report["affected"][0]["ranges"], Value::Null);
    }
}

#[test]
fn what_is_hidden_behind_every_version_is_judged_all_the_same() {
    let on = |id: &str, name: &str, day: u32, events: &Value| {
        let mut said: Value = serde_json::from_str(&report(id, "npm", name, &[])).unwrap();
        said["modified"] = format!("2026-01-{day:02}T00:00:00Z").into();
        said["affected"][0]["ranges"] = value!([{ "type": "SEMVER", "events": events }]);
        said["affected"][0].as_object_mut().unwrap().remove("versions");
        said.to_string()
    };
    let all = value!([{ "introduced": "0" }]);
    let odd = value!([{ "introduced": "2.0.0" }, { "fixed": "2.0.0" }]);
    let repository = repository();
    let runs: [&[(&str, String)]; 3] = [
        &[("all.json", on("S2-1", "foo", 1, &all))],
        &[("odd.json", on("S1-1", "foo", 1, &odd))],
        // What hid it goes away, and somebody else is in the same run.
        &[("all.json", on("S2-1", "moved", 2, &all)), ("other.json", on("S2-2", "innocent", 1, &all))],
    ];
    let done = ingest(&repository, "feed", &runs);
    assert_eq!(done.iter().flat_map(rejected).map(|one| one.0).collect::<Vec<_>>(), ["odd.json"]);
    for package in ["moved", "innocent"] {
        assert!(repository.has(&format!("osv/malicious/npm/{package}")), "{package}");
    }
    assert!(!repository.has("osv/malicious/npm/foo"), "its source went on to another package");
}

#[test]
fn a_complete_source_that_names_nothing_takes_nothing_back() {
    let config = "[source.all]\nformat = \"table\"\ncomplete = true\n";
    let repository = Database::default().with("malpkg.toml", config).with("osv/ids.json", "{}\n").repository();
    let table = "ecosystem,name,versions,id,modified\nnpm,a,1.0.0,1,2026-01-01\nnpm,b,1.0.0,2,2026-01-01\n";
    ingest(&repository, "all", &[&[("all.csv", table.to_owned())]]);
    for (name, bytes) in [("all.csv", ""), ("all.jsonl", ""), ("all.csv", "<html>unavailable</html>\n")] {
        let done = &ingest(&repository, "all", &[&[(name, bytes.to_owned())]])[0];
        assert_eq!((rejected(done).len(), &done["sources"][0]["withdrawn"]), (1, &0.into()), "{name} {bytes}");
        assert!(repository.has("osv/malicious/npm/a") && !repository.has("osv/withdrawn"), "{name} {bytes}");
    }
    let one = "ecosystem,name,versions,id,modified\nnpm,a,1.0.0,1,2026-01-01\n";
    let done = &ingest(&repository, "all", &[&[("all.csv", one.to_owned())]])[0];
    assert_eq!(done["sources"][0]["withdrawn"], 1);
}

/// No report comes of what a source's settings leave out; what its stream said of another package before has ended.
#[test]
fn a_stream_that_goes_on_to_a_package_that_is_left_out_ends() {
    let config = "[source.some]\nformat = \"osv\"\nnames = [\"x-*\"]\necosystems = [\"npm\"]\n";
    let said = |ecosystem: &str, name: &str, day: u32| {
        let text = report("A-1", ecosystem, name, &["1.0.0"]);
        text.replace("\"modified\": \"2026-01-01", &format!("\"modified\": \"2026-01-{day:02}"))
    };
    let check = |runs: &[&[(&str, String)]], is_live: bool| {
        let repository = Database::default().with("malpkg.toml", config).with("osv/ids.json", "{}\n").repository();
        ingest(&repository, "some", runs);
        assert_eq!(repository.has("osv/malicious/npm/x-one"), is_live, "{runs:?}");
        assert!(!repository.has("osv/malicious/npm/z-one") && !repository.has("osv/malicious/pypi"), "{runs:?}");
        let head = repository.id("HEAD");
        ingest(&repository, "some", &[&runs.concat()]);
        assert_eq!(repository.id("HEAD"), head, "the same again is no news: {runs:?}");
        json(repository.path(), &["validate"], Exit::Done);
        repository
    };
    let x = |day: u32| ("x.json", said("npm", "x-one", day));
    let again = ("again.json", said("npm", "x-one", 3));
    let z = || ("z.json", said("npm", "z-one", 2));
    let p = ("p.json", said("PyPI", "x-one", 2));
    check(&[&[x(1)], &[z()]], false);
    check(&[&[x(1)], &[p]], false);
    check(&[&[x(1), z()]], false);
    check(&[&[x(3), z()]], true);
    check(&[&[x(3)], &[z()]], true);
    check(&[&[z()], &[x(3)]], true);
    check(&[&[x(1)], &[z()], &[again]], true);
    // A record on several packages speaks of those that are taken as if the others were not there.
    let other = "{\"package\": {\"ecosystem\": \"npm\", \"name\": \"z-one\"}, \"versions\": [\"1.0.0\"]},";
    let both = said("npm", "x-one", 1).replace("\"affected\": [", &format!("\"affected\": [{other}"));
    assert!(both.contains(other));
    let repository = check(&[&[("both.json", both)]], true);
    let path = repository.paths("HEAD").into_iter().find(|path| path.contains("/x-one/")).unwrap();
    assert!(!repository.show("HEAD", &path).contains("z-one"), "{}", repository.show("HEAD", &path));
}

/// Half of a list would take back what stands in the other half, and say anew what was mended in it.
#[test]
fn a_complete_table_that_ends_inside_a_quoted_cell_says_nothing() {
    let config = "[source.all]\nformat = \"table\"\ncomplete = true\n[source.some]\nformat = \"table\"\n";
    let repository = Database::default().with("malpkg.toml", config).with("osv/ids.json", "{}\n").repository();
    let table = |rows: &str| format!("package,versions,id,modified,details\n{rows}");
    let whole = table("npm/a,1.0.0,1,2026-01-01,x\nnpm/b,1.0.0,2,2026-01-01,x\nnpm/c,1.0.0,3,2026-01-01,x\n");
    ingest(&repository, "all", &[&[("all.csv", whole)]]);
    let open = table("npm/new,1.0.0,4,2026-01-02,x\nnpm/a,1.0.0,1,2026-01-01,\"x\nnpm/b,1.0.0,2,2026-01-01,x\n");
    let done = &ingest(&repository, "all", &[&[("all.csv", open.clone())]])[0];
    let source = &done["sources"][0];
    assert_eq!((&source["deliveries"], &source["rejected"], &source["withdrawn"]), (&1.into(), &1.into(), &0.into()));
    let rejected = &done["rejected"][0];
    assert_eq!((&rejected["delivery"], &rejected["pointer"]), (&"all.csv:3".into(), &"/details".into()), "{rejected}");
    assert!(!repository.has("osv/withdrawn") && !repository.has("osv/malicious/npm/new"));
    // Where each row speaks for itself alone, those before the quote are taken.
    let done = &ingest(&repository, "some", &[&[("some.csv", open)]])[0];
    assert_eq!((&done["sources"][0]["created"], &done["sources"][0]["rejected"]), (&1.into(), &1.into()));
    assert!(repository.has("osv/malicious/npm/new"));
}

/// A row that cannot be read may have said any version: none is taken back until it can be read.
#[test]
fn a_row_that_cannot_be_read_takes_no_version_back() {
    let config = "[source.sc]\nformat = \"safe-chain\"\n[source.t]\nformat = \"table\"\ncomplete = true\n";
    let repository = Database::default().with("malpkg.toml", config).with("osv/ids.json", "{}\n").repository();
    let row = |version: &str| format!(r#"{{"package_name":"c","version":{version},"reason":"MALWARE"}}"#);
    let list = |rows: &[&str]| format!("[{}]", rows.iter().map(|version| row(version)).collect::<Vec<_>>().join(","));
    let table = |rows: &str| format!("package,versions,id,modified\n{rows}");
    let listed = |package: &str, version: &str| {
        let asked = format!("npm/{package}@{version}");
        malpkg(repository.path(), &["query", &asked]).exit == Exit::Found
    };
    // The list has no dates: what it says is said when it is read.
    let send = |day: u32, sc: String, t: String| {
        for (source, name, text) in [("sc", "malware_predictions.json", sc), ("t", "t.csv", t)] {
            let inbox = Folder::empty();
            inbox.write(name, text);
            let (inbox, now) = (inbox.path().to_str().unwrap(), format!("2026-06-0{day}T00:00:00Z"));
            let ran = malpkg_at(&now, repository.path(), &["ingest", "--source", source, inbox, "--commit"]);
            assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
        }
    };
    let first = table("npm/d,1.0.0,T-1,2026-01-01\nnpm/d,1.0.1,T-1,2026-01-01\n");
    send(1, list(&["\"1.0.0\"", "\"1.0.1\""]), first);
    let broken = table("npm/d,1.0.0,T-1,2026-01-02\nnpm/d,1.0.1,T-1,never\n");
    send(2, list(&["\"1.0.0\"", "5", "\"1.0.2\""]), broken);
    for (package, version) in [("c", "1.0.0"), ("c", "1.0.1"), ("c", "1.0.2"), ("d", "1.0.0"), ("d", "1.0.1")] {
        assert!(listed(package, version), "{package}@{version}");
    }
    // Once all of it can be read, what it no longer says has ended.
    send(3, list(&["\"1.0.0\"", "\"1.0.2\""]), table("npm/d,1.0.0,T-1,2026-01-02\n"));
    assert!(listed("c", "1.0.0") && listed("c", "1.0.2") && listed("d", "1.0.0"));
    assert!(!listed("c", "1.0.1") && !listed("d", "1.0.1"));
}

/// What the quarantine has no room for is read again: the cursor does not move past it, and the run says so.
#[test]
fn what_a_full_quarantine_does_not_keep_is_read_again() {
    let feed = Database::default().repository();
    for number in 0..4 {
        let text = report(&format!("G-{number}"), "npm", &format!("g{number}"), &["1.0.0"]);
        feed.write(&format!("osv/{number}.json"), text.replace("The package", "The \u{202e} package"));
    }
    feed.run(&["add", "-A"]);
    feed.run(&["commit", "-qm", "findings"]);
    let config = format!(
        "[source.g]\nformat = \"osv\"\nfrom = {:?}\nprefixes = [\"osv/\"]\nquarantine-documents = 2\n",
        feed.path().to_str().unwrap()
    );
    let repository = Database::default().with("malpkg.toml", &config).repository();
    let ingest = ["ingest", "--source", "g", "--commit"];
    let done = json(repository.path(), &ingest, Exit::Done);
    let source = &done["sources"][0];
    assert_eq!(
        (&source["rejected"], &source["full"]["unkept"], &source["cursor"]),
        (&4.into(), &2.into(), &Value::Null)
    );
    assert!(source["full"]["remedy"].as_str().unwrap().contains("quarantine-documents"), "{source}");
    assert!(!repository.has("osv/cursors/g.json"));
    let told = malpkg(repository.path(), &ingest);
    assert!(told.out.contains("g: its quarantine is full: 2 documents not kept"), "{}", told.out);
    // Where the rule is off, those that were kept and those that were not are taken.
    repository.write("malpkg.toml", format!("{config}[rules]\ntext-direction-codepoint = \"off\"\n"));
    repository.run(&["commit", "-qam", "rules"]);
    let done = json(repository.path(), &ingest, Exit::Done);
    assert_eq!((&done["sources"][0]["created"], &done["sources"][0]["full"]), (&4.into(), &Value::Null));
    assert!(repository.has("osv/cursors/g.json"));
}

/// What sources say leaves room in a report for what takes it back, and for what people decide.
#[test]
fn no_delivery_makes_a_report_too_large_to_be_corrected() {
    let repository = repository();
    let long = report("X-1", "npm", "a", &["1.0.0"])
        .replace("\"details\": \"", &format!("\"details\": \"{}", "x".repeat(300_000)));
    let done =
        &ingest(&repository, "feed", &[&[("long.json", long), ("b.json", report("X-2", "npm", "a", &["2.0.0"]))]])[0];
    assert_eq!(rejected(done), [("long.json", "malformed-json")]);
    assert_eq!(done["rejected"][0]["pointer"], "/details");

    let many = |id: &str, major: usize, count: usize| {
        let versions: Vec<String> = (0..count).map(|patch| format!("{major}.0.{patch}-{}", "x".repeat(150))).collect();
        report(id, "npm", "a", &versions.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let first = many("X-3", 3, 8_000);
    let runs: [&[(&str, String)]; 2] = [
        &[("3.json", first.clone())],
        &[("4.json", many("X-4", 4, 8_000)), ("5.json", report("X-5", "npm", "a", &["5.0.0"]))],
    ];
    let done = ingest(&repository, "feed", &runs);
    assert_eq!(done.iter().map(rejected).collect::<Vec<_>>(), [vec![], vec![("4.json", "malformed-json")]]);
    let message = done[1]["rejected"][0]["message"].as_str().unwrap();
    assert!(message.ends_with("what sources say may bring it to 4194304"), "{message}");
    let path = repository.run(&["ls-files", "osv/malicious"]);
    assert!(repository.read(path.trim()).contains("\"5.0.0\""));
    // It takes back what it said, though that is no less.
    let gone = first.replace("\"modified\": \"2026-01-01", "\"modified\": \"2026-01-02").replacen(
        '{',
        "{\"withdrawn\": \"2026-01-02T00:00:00Z\",",
        1,
    );
    assert_eq!(rejected(&ingest(&repository, "feed", &[&[("3.json", gone)]])[0]), []);
    let narrow = ["narrow", "npm/a", "--keep", "5.0.0", "--reason", "versions-clean", "--commit"];
    json(repository.path(), &narrow, Exit::Done);
    let withdraw = ["withdraw", "npm/a", "--reason", "false-positive", "--commit"];
    json(repository.path(), &withdraw, Exit::Done);
}
