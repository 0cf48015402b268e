//! `malpkg triage --base`: what a change does to the world, and who should look.

use malpkg::Exit;
use serde_json::{Value, json};
use testkit::{Database, Folder, Repository, report, withdrawn_report};

use crate::program::{json, malpkg};

fn path(name: &str, id: &str) -> String {
    format!("osv/malicious/npm/{name}/{id}.json")
}

fn repository() -> Repository {
    Database::default()
        .with(
            "malpkg.toml",
            "[source.sure]\nformat = \"osv\"\ntrust = \"confirmed\"\n[source.feed]\nformat = \"osv\"\n",
        )
        .with("config/protected/npm.txt", "react\n")
        .with(&path("a", "MAL-2026-1"), &report("MAL-2026-1", "npm", "a", &["1.0.0", "2.0.0"]))
        .with(&path("b", "MAL-2026-2"), &report("MAL-2026-2", "npm", "b", &["1.0.0"]))
        .with(&path("c", "MAL-2026-3"), &report("MAL-2026-3", "npm", "c", &["1.0.0"]))
        .repository()
}

fn commit(repository: &Repository) {
    repository.run(&["add", "-A"]);
    repository.run(&["commit", "-qm", "a change"]);
}

#[track_caller]
fn triage(repository: &Repository) -> Value {
    json(repository.path(), &["triage", "--base", "HEAD~1"], Exit::Done)
}

#[test]
fn a_change_is_told_report_by_report() {
    let repository = repository();
    repository.write(path("a", "MAL-2026-1").as_str(), report("MAL-2026-1", "npm", "a", &["1.0.0"]));
    repository.write(path("b", "MAL-2026-2").as_str(), report("MAL-2026-2", "npm", "b", &["1.0.0", "3.0.0"]));
    repository.run(&["rm", "-q", &path("c", "MAL-2026-3")]);
    let gone = withdrawn_report("MAL-2026-3", "npm", "c", &["1.0.0"], "2026-05-01T00:00:00Z");
    repository.write("osv/withdrawn/npm/c/MAL-2026-3.json", gone);
    repository.write(path("a", "MAL-0000-x").as_str(), report("", "npm", "a", &["5.0.0"]));
    repository.write(path("react", "MAL-2026-4").as_str(), report("MAL-2026-4", "npm", "react", &["1.0.0"]));
    commit(&repository);
    let told = triage(&repository);
    assert_eq!((&told["format"], &told["route"]), (&"malpkg.triage".into(), &"two-reviewers".into()), "{told}");
    assert_eq!(told["counts"], json!({ "joined": 1, "narrowed": 1, "new": 2, "withdrawn": 1 }));
    let one = |package: &str, kind: &str| {
        let all = told["changes"].as_array().expect("a list");
        all.iter().find(|one| one["package"] == package && one["kind"] == kind).cloned().unwrap_or_default()
    };
    assert_eq!(one("npm/a", "narrowed")["removed"], json!(["2.0.0"]));
    assert_eq!(one("npm/b", "joined")["added"], json!(["3.0.0"]));
    assert_eq!(one("npm/a", "new")["overlaps"], json!(["MAL-2026-1"]));
    assert_eq!(
        (&one("npm/react", "new")["route"], one("npm/react", "new")["protected"].as_array().map(Vec::len)),
        (&"two-reviewers".into(), Some(1))
    );
    let text = malpkg(repository.path(), &["triage", "--base", "HEAD~1"]).out;
    assert!(text.contains("two people look"), "{text}");
}

#[test]
fn reports_that_choose_one_name_do_not_hide_each_other() {
    let repository = repository();
    for name in ["react", "q-1", "q-2"] {
        repository.write(&path(name, "MAL-0000-x"), report("", "npm", name, &["1.0.0"]));
    }
    commit(&repository);
    let told = triage(&repository);
    assert_eq!((&told["route"], &told["counts"]), (&"two-reviewers".into(), &json!({ "new": 3 })), "{told}");
    assert_eq!(told["changes"][0]["package"], "npm/react");
    let markdown = malpkg(repository.path(), &["triage", "--base", "HEAD~1", "--format", "markdown"]).out;
    assert!(["npm/react", "npm/q-1", "npm/q-2"].iter().all(|name| markdown.contains(name)), "{markdown}");
    // One that gets its id is a new one, and one that has an id stays itself wherever it lies.
    repository.run(&["mv", &path("q-1", "MAL-0000-x"), &path("q-1", "MAL-2026-7")]);
    repository.write(&path("q-1", "MAL-2026-7"), report("MAL-2026-7", "npm", "q-1", &["1.0.0"]));
    repository.run(&["mv", &path("a", "MAL-2026-1"), &path("b", "MAL-2026-1")]);
    commit(&repository);
    assert_eq!(triage(&repository)["counts"], json!({ "new": 1, "retold": 1 }));
}

#[test]
fn a_change_does_not_approve_of_itself() {
    let repository = repository();
    let approval = r#""decisions": [{ "kind": "approve", "time": "2026-05-01T00:00:00Z", "by": "Grace", "versions": ["1.0.0"] }],"#;
    let approved = report("MAL-2026-4", "npm", "react", &["1.0.0"])
        .replace("\"malpkg\": {", &format!("\"malpkg\": {{\n      {approval}"));
    repository.write(path("react", "MAL-2026-4").as_str(), &approved);
    commit(&repository);
    assert_eq!(json(repository.path(), &["validate", "--base", "HEAD~1"], Exit::Done)["verdict"], "clean");
    let told = triage(&repository);
    assert_eq!((&told["route"], &told["changes"][0]["findings"]), (&"two-reviewers".into(), &0.into()), "{told}");
    let protected = told["changes"][0]["protected"][0].as_str().expect("a text");
    assert!(protected.contains("brings the approval of it, by Grace"), "{protected}");
    // What was approved of before is not to be looked at by two people again.
    let texts = approved
        .replace("The package runs", "The package silently runs")
        .replace("\"modified\": \"2026-01-01", "\"modified\": \"2026-02-01");
    repository.write(path("react", "MAL-2026-4").as_str(), texts);
    commit(&repository);
    let told = triage(&repository);
    assert_eq!((&told["changes"][0]["kind"], &told["route"]), (&"retold".into(), &"auto".into()), "{told}");
}

#[test]
fn what_is_no_report_never_goes_by_itself() {
    let repository = repository();
    repository.write("osv/quarantine/feed/00.reason.toml", "delivery = \"x\"\n");
    repository.write("osv/ids.json", "{\n  \"2026\": {\n    \"highest\": 3\n  }\n}\n");
    repository.write("osv/malicious/npm/d/MAL-0000-d.json", report("", "npm", "d", &["1.0.0"]));
    commit(&repository);
    for (file, expected) in [
        (".github/workflows/check.yml", "two-reviewers"),
        (".gitattributes", "two-reviewers"),
        ("osv/.gitattributes", "two-reviewers"),
        ("CODEOWNERS", "two-reviewers"),
        ("docs/CODEOWNERS", "two-reviewers"),
        (".github/x.md", "two-reviewers"),
        ("schema/database-specific.json", "two-reviewers"),
        ("tools/rules/src/lib.rs", "two-reviewers"),
        ("tools/rules/src/rules/x.md", "two-reviewers"),
        ("malpkg.toml", "two-reviewers"),
        ("config/protected/npm.txt", "two-reviewers"),
        ("README.md", "review"),
        ("docs/git.md", "review"),
        ("osv/ids.json", "review"),
        ("osv/cursors/sure.json", "review"),
        ("osv/remembered/npm/a/x.json", "review"),
        ("osv/quarantine/feed/01.reason.toml", "review"),
        ("osv/malicious/npm/a/x.exe", "review"),
        ("osv/malicious/npm/a/MAL-2026-9.json", "review"),
    ] {
        repository.write(file, if file == "osv/ids.json" { "{ \"2026\": { \"highest\": 9 } }" } else { "" });
        commit(&repository);
        for more in [&[][..], &["--contribution"]] {
            let told = json(repository.path(), &[&["triage", "--base", "HEAD~1"], more].concat(), Exit::Done);
            assert_eq!((&told["route"], &told["others"]), (&expected.into(), &json!([file])), "{told}");
        }
        repository.run(&["reset", "--quiet", "--hard", "HEAD~1"]);
    }
    // What goes away is told too, and so is a link.
    repository.run(&["rm", "-q", "osv/quarantine/feed/00.reason.toml"]);
    commit(&repository);
    let told = triage(&repository);
    assert_eq!((&told["route"], &told["others"]), (&"review".into(), &json!(["osv/quarantine/feed/00.reason.toml"])));
    repository.run(&["rm", "-q", &path("d", "MAL-0000-d")]);
    commit(&repository);
    let told = triage(&repository);
    assert_eq!((&told["route"], &told["counts"]), (&"review".into(), &json!({ "removed": 1 })), "{told}");
    // One with an id is told with what the rules say of that.
    repository.run(&["rm", "-q", &path("c", "MAL-2026-3")]);
    commit(&repository);
    let told = triage(&repository);
    assert_eq!((&told["route"], &told["why"]), (&"two-reviewers".into(), &json!([])), "{told}");
    assert_eq!(told["changes"][0]["rules"], json!(["report-deleted"]));
    let blob = repository.run_with(&["hash-object", "-w", "--stdin"], "/etc/passwd").trim().to_owned();
    repository.run(&["update-index", "--add", "--cacheinfo", &format!("120000,{blob},{}", path("a", "MAL-2026-9"))]);
    repository.run(&["commit", "-qm", "a link"]);
    let told = triage(&repository);
    assert_eq!((&told["route"], &told["others"]), (&"review".into(), &json!([path("a", "MAL-2026-9")])), "{told}");
    assert!(told["why"].to_string().contains("faults elsewhere"), "{told}");
}

#[test]
fn what_confirmed_sources_say_with_evidence_goes_by_itself() {
    for (source, expected) in [("sure", "auto"), ("feed", "review")] {
        let repository = repository();
        let inbox = Folder::empty();
        let shown = report("X-1", "npm", "evil", &["1.0.0"]).replace(
            "\"affected\": [",
            "\"references\": [{ \"type\": \"WEB\", \"url\": \"https://example.org/x\" }],\n  \"affected\": [",
        );
        inbox.write("a.json", shown);
        let folder = inbox.path().to_str().expect("a path in UTF-8").to_owned();
        json(repository.path(), &["ingest", "--source", source, &folder, "--commit"], Exit::Done);
        let told = triage(&repository);
        assert_eq!((&told["route"], &told["changes"][0]["route"]), (&expected.into(), &expected.into()), "{told}");
        assert_eq!(told["others"], json!(["osv/ids.json"]));
    }
}

#[test]
fn a_stranger_cannot_borrow_a_source_that_is_trusted() {
    let repository = repository();
    let origin = r#"{ "source": "sure", "sha256": "00", "modified_time": "2026-01-02T00:00:00Z", "import_time": "2026-01-02T00:00:00Z", "versions": ["1.0.0"] }"#;
    let made_up = report("MAL-2026-8", "npm", "evil", &["1.0.0"])
        .replace(
            "\"affected\": [",
            "\"references\": [{ \"type\": \"WEB\", \"url\": \"https://example.org/x\" }],\n  \"affected\": [",
        )
        .replace(
            "\"database_specific\": {",
            &format!("\"database_specific\": {{ \"malicious-packages-origins\": [{origin}],"),
        );
    repository.write(path("evil", "MAL-2026-8").as_str(), made_up);
    commit(&repository);
    let told = json(repository.path(), &["triage", "--base", "HEAD~1", "--contribution"], Exit::Done);
    assert_eq!((&told["route"], &told["changes"][0]["sources"]), (&"review".into(), &json!([])), "{told}");
    let why = told["changes"][0]["why"].to_string();
    assert!(why.contains("written by hand") && why.contains("faults: outside-contribution"), "{why}");
    assert_eq!(told["changes"][0]["rules"], json!(["outside-contribution"]));
}

/// What GitHub makes a notification, a link, a picture, a heading, a table or markup of, where it is not code.
const HOSTILE: [&str; 30] = [
    "@octocat",
    "#123",
    "GH-1",
    "user/repo#1",
    "user/repo@0123456789abcdef0123456789abcdef01234567",
    "0123456789abcdef0123456789abcdef01234567",
    "https://evil.example/x",
    "www.evil.example",
    "somebody@evil.example",
    "mailto:somebody@evil.example",
    "[x](https://evil.example)",
    "![i](https://evil.example/i.png)",
    "[x]: https://evil.example",
    "<img src=x>",
    "<a href='https://evil.example'>x</a>",
    "</details><!--",
    "`@octocat`",
    "``` @octocat",
    "\\` @octocat \\`",
    "$`x`$ $x$",
    "a\n\n# heading\n- @octocat",
    "a\r- [ ] task",
    "| a | b |",
    "~~x~~ **y** __z__",
    ":tada: &#64;octocat &commat;octocat",
    "r\u{435}act \u{ff20}octocat",
    "a\u{2028}@octocat \u{202e}x",
    "\u{200b}@octocat",
    "\u{1b}]8;;https://evil.example\u{1b}\\x",
    "x; $(id) `id` 'id'",
];

/// Of Markdown what is no code: of what a report holds nothing is in it.
#[track_caller]
fn check_markdown(text: &str) {
    assert!(!text.contains("https://") && !text.contains("www.") && text.len() < 65_536, "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
    let unseen = ['\u{202e}', '\u{2028}', '\u{200b}', '\u{435}', '\u{ff20}'];
    for line in text.lines() {
        assert!(line.matches('`').count() % 2 == 0 && !line.contains("``") && !line.contains(unseen), "{line}");
        let outside: String = line.split('`').step_by(2).collect();
        let ours = |c: char| c.is_ascii_alphanumeric() || " -,;:()*—".contains(c);
        assert!(outside.strip_prefix("### ").unwrap_or(&outside).chars().all(ours), "{line}");
        assert!(!outside.contains("octocat") && !outside.contains("GH-") && !outside.contains("0123456"), "{line}");
    }
}

#[test]
fn markdown_notifies_nobody_and_links_nothing() {
    let repository = repository();
    let quoted = |text: &str| serde_json::to_string(text).expect("a text");
    let versions: Vec<String> = HOSTILE.iter().map(|hostile| format!("1.0.0-{hostile}")).collect();
    for (at, hostile) in HOSTILE.iter().enumerate() {
        // As a version, an id, an alias, a source, and in the texts of a dispute.
        let decision = format!(
            r#"{{"kind": "dispute", "reason": "open", "time": "2026-05-01T00:00:00Z", "by": {0}, "proof": {0}, "evidence": {0}}}"#,
            quoted(hostile)
        );
        let origin = format!(r#"{{"source": {0}, "sha256": {0}, "id": {0}, "versions": ["1"]}}"#, quoted(hostile));
        let one = report(&format!("MAL-2026-{}", 100 + at), "npm", &format!("evil-{at}"), &["1.0.0-VERSION"])
            .replace("\"1.0.0-VERSION\"", &quoted(&versions[at]))
            .replace("\"affected\": [", &format!("\"aliases\": [{}],\n  \"affected\": [", quoted(hostile)))
            .replace("\"malpkg\": {", &format!("\"malicious-packages-origins\": [{origin}],\n    \"malpkg\": {{\n      \"decisions\": [{decision}],"));
        repository.write(&path(&format!("evil-{at}"), &format!("MAL-2026-{}", 100 + at)), one);
        // As the name of a package, of a file, and as the id of a draft.
        let name: String = hostile.chars().filter(|c| !"/\0".contains(*c)).collect();
        repository
            .write(&format!("osv/malicious/npm/{name}/MAL-0000-{at}.json"), report(hostile, "npm", hostile, &["1"]));
        repository.write(&format!("docs/{name}.md"), "x");
    }
    commit(&repository);
    let told = json(repository.path(), &["triage", "--base", "HEAD~1"], Exit::Done);
    let changes = told["changes"].as_array().expect("a list");
    assert!(changes.len() >= HOSTILE.len(), "{told}");
    // As JSON it is what it is.
    for version in &versions {
        assert!(changes.iter().any(|one| one["added"] == json!([version])), "{version:?}");
    }
    for arguments in
        [&["triage", "--base", "HEAD~1"][..], &["triage", "--base", "HEAD~1", "--contribution"], &["triage"]]
    {
        let told = malpkg(repository.path(), &[arguments, &["--format", "markdown"]].concat());
        assert_eq!(told.exit, Exit::Done, "{}", told.err);
        check_markdown(&told.out);
        let text = malpkg(repository.path(), arguments);
        assert!(text.out.chars().all(|c| c == '\n' || !c.is_control()), "{}", text.out);
    }
    assert_eq!(malpkg(repository.path(), &["query", "npm/a", "--format", "markdown"]).exit, Exit::Failed);
}

#[test]
fn more_reports_by_hand_than_one_person_checks_are_for_two() {
    let repository = repository();
    let long: Vec<String> = (0..8).map(|at| format!("{at}.0.0-{}", "x".repeat(250))).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    for at in 0..200 {
        let (name, id) = (format!("evil-{at}"), format!("MAL-0000-evil-{at}"));
        repository.write(&path(&name, &id), report("", "npm", &name, &long));
        if at == 49 {
            commit(&repository);
            assert_eq!(triage(&repository)["route"], "review");
            repository.run(&["reset", "--quiet", "--soft", "HEAD~1"]);
        }
    }
    commit(&repository);
    let told = triage(&repository);
    assert_eq!((&told["route"], &told["counts"]["new"]), (&"two-reviewers".into(), &200.into()));
    assert!(told["why"][0].as_str().expect("a text").contains("send them in parts"), "{}", told["why"]);
    let markdown = malpkg(repository.path(), &["triage", "--base", "HEAD~1", "--format", "markdown"]).out;
    check_markdown(&markdown);
    assert!(markdown.contains("200 new") && markdown.ends_with("reports more\n"), "{}", markdown.len());
}

#[test]
fn what_to_type_next_is_one_command_whatever_a_path_holds() {
    let repository = repository();
    let hostile = "x; touch owned; `touch owned` $(touch owned) 'y";
    repository.write(&format!("osv/malicious/npm/{hostile}/MAL-0000-x.json"), report("", "npm", "x", &["1"]));
    commit(&repository);
    let told = json(repository.path(), &["triage"], Exit::Done);
    let next: Vec<&str> = told["queue"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|item| item["next"].as_array().expect("a list"))
        .filter_map(Value::as_str)
        .collect();
    assert!(next.iter().any(|next| next.contains("touch owned")), "{told}");
    for command in next {
        // A shell takes it apart into words, of which none is a command of its own.
        let words = std::process::Command::new("sh")
            .args(["-c", &format!("set -f; printf '%s\\n' {command}")])
            .current_dir(repository.path())
            .output()
            .expect("a shell");
        let words = String::from_utf8(words.stdout).expect("UTF-8");
        assert!(words.starts_with("malpkg\n") && !repository.has("owned"), "{command}");
    }
}

#[test]
fn what_cannot_be_read_of_a_list_is_not_covered() {
    let repository = repository();
    let folder = Folder::empty();
    for (list, listed, line) in [
        ("ecosystem,name,version\nnpm,b,1.0.0\nnpmx,left-pad,1.0.0\n", 1, 3),
        ("ecosystem,name,version\nnpm,b,1.0.0\nnpm,,1.0.0\n", 1, 3),
        ("ecosystem,name,version\nnpm,b,1.0.0\nnpm,\"a,1.0.0\nnpm,missing,1.0.0\n", 1, 3),
        ("ecosystem,name,version\nnpm,\"b\",1.0.0\nnpm,missing,\"1.0.0", 1, 3),
        ("ecosystem,name,\"version\nnpm,missing,1.0.0\n", 0, 1),
    ] {
        folder.write("list.csv", list);
        let file = folder.place("list.csv").to_string_lossy().into_owned();
        let told = json(repository.path(), &["coverage", &file], Exit::Found);
        assert_eq!((&told["listed"], &told["covered"]), (&listed.into(), &listed.into()), "{told}");
        assert_eq!((&told["unread"][0]["line"], &told["unread"][1]), (&line.into(), &Value::Null), "{told}");
        let text = malpkg(repository.path(), &["coverage", &file]);
        assert!(text.out.ends_with("1 row not read\n") && text.err.contains(&format!("line {line}: ")), "{}", text.out);
    }
    // Quotes that are closed, whatever is in them, and a list without a newline at its end.
    folder.write("list.csv", "ecosystem,name,version\nnpm,\"b\",\"1.0.0\"");
    let file = folder.place("list.csv").to_string_lossy().into_owned();
    assert_eq!(json(repository.path(), &["coverage", &file], Exit::Done)["covered"], 1);
}

#[test]
fn a_list_is_held_against_what_is_known() {
    let repository = repository();
    let folder = Folder::empty();
    let list = "ecosystem,name,version\nnpm,a,1.0.0\nnpm,a,9.0.0\nnpm,b,1.0.0\nnpm,missing,1.0.0\nnonsense,x,1\n";
    folder.write("list.csv", list);
    let file = folder.place("list.csv").to_string_lossy().into_owned();
    let told = json(repository.path(), &["coverage", &file], Exit::Found);
    assert_eq!((&told["listed"], &told["covered"]), (&3.into(), &1.into()), "{told}");
    assert_eq!(told["we_miss"][0]["package"], "npm/missing");
    assert_eq!(told["differ"][0]["only_theirs"], json!(["9.0.0"]));
    assert_eq!(told["differ"][0]["only_ours"], json!(["2.0.0"]));
    assert_eq!(told["unread"].as_array().map(Vec::len), Some(1));
    // A list without ecosystems: whole names say them, and others cannot be compared.
    folder.write("whole.csv", "package,versions\nnpm/a,1.0.0 2.0.0\npkg:npm/b@1.0.0,\n");
    let whole = folder.place("whole.csv").to_string_lossy().into_owned();
    let told = json(repository.path(), &["coverage", &whole], Exit::Done);
    assert_eq!((&told["listed"], &told["covered"]), (&2.into(), &2.into()), "{told}");
    let told = json(repository.path(), &["coverage", &whole, "--ecosystem", "NPM"], Exit::Done);
    assert_eq!((&told["listed"], &told["covered"]), (&2.into(), &2.into()), "{told}");
    // A column of versions by another name is one, and a range is no version.
    folder.write("named.csv", "package,Affected Versions\nnpm/a,= 1.0.0\nnpm/b,< 2.0.0\n");
    let named = folder.place("named.csv").to_string_lossy().into_owned();
    let told = json(repository.path(), &["coverage", &named], Exit::Found);
    assert_eq!((&told["differ"][0]["only_ours"], &told["unread"][0]["line"]), (&json!(["2.0.0"]), &3.into()), "{told}");
    folder.write("bare.csv", "package,versions\nnpm/a,1.0.0\n@scope/x,1.0.0\n");
    let bare = folder.place("bare.csv").to_string_lossy().into_owned();
    let refused = malpkg(repository.path(), &["coverage", &bare]);
    assert!(
        refused.exit == Exit::Failed && refused.err.contains("bare.csv:3: no column is called `ecosystem`"),
        "{}",
        refused.err
    );
    let unknown = malpkg(repository.path(), &["coverage", &file, "--campaign", "wave"]);
    assert!(unknown.exit == Exit::Failed && unknown.err.contains("registry"), "{}", unknown.err);
    repository.write("config/campaigns.toml", "[wave]\nname = \"A wave\"\naliases = [\"flood\"]\n");
    let of_wave = report("MAL-2026-5", "npm", "wave-1", &["1.0.0"])
        .replace("\"kind\": \"malware\"", "\"kind\": \"malware\",\n      \"campaign\": \"wave\"");
    repository.write(path("wave-1", "MAL-2026-5").as_str(), of_wave);
    commit(&repository);
    let told = json(repository.path(), &["coverage", &file, "--campaign", "wave"], Exit::Found);
    assert_eq!(told["they_miss"][0]["package"], "npm/wave-1", "{told}");
    assert_eq!(json(repository.path(), &["coverage", &file, "--campaign", "flood"], Exit::Found), told);
}

/// What came down from us is no news, and what it has beyond us somebody may look at: once, and not what was cleared here.
#[test]
fn what_a_source_says_beyond_what_it_has_from_us_waits_for_somebody() {
    let repository = repository();
    let send = |day: u32, versions: &[&str]| {
        let said = report("F-1", "npm", "a", versions)
            .replace("\"affected\": [", "\"aliases\": [\"MAL-2026-1\"],\n  \"affected\": [");
        let inbox = Folder::empty();
        inbox.write("a.json", said.replace("\"modified\": \"2026-01-01", &format!("\"modified\": \"2026-01-{day:02}")));
        let inbox = inbox.path().to_str().unwrap().to_owned();
        json(repository.path(), &["ingest", "--source", "feed", &inbox, "--commit"], Exit::Done);
    };
    let queue = || json(repository.path(), &["triage"], Exit::Done)["queue"].clone();
    send(1, &["1.0.0", "v2.0.0"]);
    assert_eq!(queue(), json!([]));
    send(2, &["1.0.0", "2.0.0", "3.0.0"]);
    let open = queue();
    assert_eq!((&open[0]["kind"], &open[0]["id"]), (&"beyond".into(), &"MAL-2026-1".into()), "{open}");
    let message = open[0]["message"].as_str().unwrap();
    assert!(message.ends_with("feed F-1 says 3.0.0"), "{message}");
    assert_eq!(malpkg(repository.path(), &["query", "npm/a@3.0.0"]).exit, Exit::Done);
    let clear = ["narrow", "npm/a", "--clear", "2.0.0", "--reason", "versions-clean", "--commit"];
    json(repository.path(), &clear, Exit::Done);
    send(3, &["1.0.0", "2.0.0"]);
    assert_eq!(queue(), json!([]));
}
