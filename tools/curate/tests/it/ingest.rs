//! Ingest: a new package, news on a known one, nothing new, and what cannot be taken.

use curate::{Delivery, Ingested};
use database::ChangeKind;
use osv_schema::write;

use crate::fixture::{database, delivery, path, put, record, run};

const FIRST: &str = "osv/malicious/npm/a/MAL-2026-900001.json";

#[test]
fn a_new_package_makes_a_report() {
    let sent = record("X-1", "a", &["2.0.0", "1.0.0"], r#", "details": "It steals.", "aliases": ["GHSA-1"]"#);
    let (plan, fates) = run(&database(&[]), vec![delivery(&sent)]);
    assert_eq!(fates, [Ingested::Created(path(FIRST))]);
    let report = put(&plan, FIRST);
    assert_eq!(report.id.as_str(), Some("MAL-2026-900001"));
    assert_eq!(report.summary.as_str(), Some("Malicious code in a (npm)"));
    assert_eq!(report.published.as_str(), Some("2026-04-01T00:00:00Z"));
    assert_eq!(report.modified.as_str(), Some("2026-06-01T12:00:00Z"));
    assert_eq!(report.aliases.items(), ["GHSA-1", "X-1"]);
    assert_eq!(report.affected.items()[0].versions.items(), ["1.0.0", "2.0.0"]);
    let hash = curate::sha256_hex(sent.as_bytes());
    let details = format!(
        "\n---\n_-= Per source details. Do not edit below this line.=-_\n\n## Source: feed ({hash})\nIt steals.\n"
    );
    assert_eq!(report.details.as_str(), Some(details.as_str()));
    let origin = &report.origins()[0];
    assert_eq!((origin.source.as_str(), origin.sha256.as_str()), (Some("feed"), Some(hash.as_str())));
    assert_eq!(origin.id.as_str(), Some("X-1"));
    assert_eq!(origin.import_time.as_str(), Some("2026-06-01T12:00:00Z"));
    assert_eq!(origin.modified_time.as_str(), Some("2026-05-01T00:00:00Z"));
    let change = plan.changes.changes().next().unwrap();
    assert_eq!((change.kind, change.package.as_str()), (ChangeKind::Create, "npm/a"));
}

#[test]
fn what_is_planned_is_admitted() {
    let deliveries =
        vec![delivery(&record("X-1", "a", &["1.0.0"], "")), delivery(&record("X-2", "@b/c", &["1.0.0"], ""))];
    let base = database(&[]);
    let (plan, _) = run(&base, deliveries);
    let admitted = rules::admit(&base, plan.changes, &rules::Settings::default());
    assert!(admitted.is_ok(), "{admitted:?}");
}

#[test]
fn news_on_a_known_package_joins_its_report() {
    let base = database(&[(FIRST, &record("MAL-2026-900001", "a", &["1.0.0"], r#", "details": "By hand.""#))]);
    let (plan, fates) = run(&base, vec![delivery(&record("X-1", "a", &["1.0.1"], r#", "details": "More.""#))]);
    assert_eq!(fates, [Ingested::Joined(path(FIRST))]);
    let report = put(&plan, FIRST);
    assert_eq!(report.affected.items()[0].versions.items(), ["1.0.0", "1.0.1"]);
    assert!(report.details.as_str().unwrap().starts_with("By hand.\n\n---\n"));
    assert_eq!(plan.changes.edits().len(), 1, "no id was given, so the ids are not touched");
}

#[test]
fn the_same_again_changes_nothing() {
    let sent = record("X-1", "a", &["1.0.0"], "");
    let (plan, _) = run(&database(&[]), vec![delivery(&sent)]);
    let base = database(&[]).with(&plan.changes);
    let before = put(&plan, FIRST);
    let (again, fates) = run(&base, vec![delivery(&sent)]);
    assert_eq!((fates, again.changes.is_empty()), (vec![Ingested::Unchanged(path(FIRST))], true));
    // Other bytes, the same statement; then the same statement with another `modified`: at most our own notes change.
    for again in
        [sent.replace(", ", ",   "), sent.replace("2026-05-01", "2026-04-20"), sent.replace("2026-05-01", "2026-05-20")]
    {
        let (plan, fates) = run(&base, vec![delivery(&again)]);
        assert_eq!(fates, [Ingested::Unchanged(path(FIRST))], "{again}");
        if !plan.changes.is_empty() {
            let after = put(&plan, FIRST);
            assert_eq!(
                (&after.modified, &after.affected, after.origins().len()),
                (&before.modified, &before.affected, 1)
            );
        }
    }
    let (_, fates) = run(&database(&[]), vec![delivery(&sent), delivery(&sent)]);
    assert_eq!(fates, [Ingested::Created(path(FIRST)), Ingested::Unchanged(path(FIRST))]);
}

#[test]
fn a_withdrawal_that_counts_again_is_told_as_one() {
    let mut base = database(&[]);
    let mut fates = Vec::new();
    let gone = r#", "withdrawn": "2026-05-01T06:00:00Z""#;
    for (more, day) in [("", "01"), (gone, "02"), ("", "03"), (gone, "04")] {
        let sent = record("X-1", "a", &["1.0.0"], more).replace("2026-05-01T00", &format!("2026-05-{day}T00"));
        let (plan, fate) = run(&base, vec![delivery(&sent)]);
        base = base.with(&plan.changes);
        fates.extend(fate);
    }
    use Ingested::{Created, Joined, Withdrawn};
    assert!(matches!(fates[..], [Created(_), Withdrawn(_), Joined(_), Withdrawn(_)]), "{fates:?}");
}

#[test]
fn there_is_no_id_of_a_year_before_the_first() {
    let sent = record("X-1", "a", &["1.0.0"], "").replace("2026-04-01", "0000-04-01");
    let (plan, _) = run(&database(&[]), vec![delivery(&sent)]);
    let [rejected] = &plan.rejected[..] else { panic!("{:?}", plan.rejected) };
    assert_eq!((rejected.rule, &*rejected.pointer), ("schema-violation", "/published"));
}

#[test]
fn what_was_said_before_and_counts_again_is_joined() {
    let mut base = database(&[]);
    let mut fates = Vec::new();
    for (package, day) in [("a", "01"), ("b", "02"), ("a", "03")] {
        let sent = record("X-1", package, &["1.0.0"], "").replace("2026-05-01", &format!("2026-05-{day}"));
        let (plan, fate) = run(&base, vec![delivery(&sent)]);
        base = base.with(&plan.changes);
        fates.extend(fate);
    }
    assert!(matches!(fates[..], [Ingested::Created(_), Ingested::Created(_), Ingested::Joined(_)]), "{fates:?}");
}

#[test]
fn a_newer_statement_replaces_the_section_of_its_stream() {
    let (plan, _) = run(&database(&[]), vec![delivery(&record("X-1", "a", &["1.0.0"], r#", "details": "old""#))]);
    let base = database(&[]).with(&plan.changes);
    let newer = record("X-1", "a", &["1.0.0"], r#", "details": "new""#).replace("2026-05-01", "2026-05-02");
    let (plan, _) = run(&base, vec![delivery(&newer)]);
    let details = put(&plan, FIRST).details.as_str().unwrap().to_owned();
    assert!(details.contains("new") && !details.contains("old"), "{details}");
    assert_eq!(put(&plan, FIRST).origins().len(), 2, "every delivery stays on record");
}

#[test]
fn the_order_of_arrival_decides_nothing() {
    let sent = ["3.0.0", "1.0.0", "2.0.0"].map(|version| {
        delivery(&record(&format!("X-{version}"), "a", &[version], &format!(r#", "details": "{version}""#)))
    });
    let (expected, _) = run(&database(&[]), sent.to_vec());
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (plan, _) = run(&database(&[]), order.map(|index| sent[index].clone()).to_vec());
        assert_eq!(plan.changes, expected.changes, "{order:?}");
    }
}

#[test]
fn modified_always_moves_forward() {
    let ahead =
        record("MAL-2026-900001", "a", &["1.0.0"], "").replace("2026-05-01T00:00:00Z", "2030-01-01T00:00:00.5Z");
    let (plan, _) = run(&database(&[(FIRST, &ahead)]), vec![delivery(&record("X-1", "a", &["2.0.0"], ""))]);
    assert_eq!(put(&plan, FIRST).modified.as_str(), Some("2030-01-01T00:00:01Z"));
}

#[test]
fn a_report_is_found_under_other_spellings_only_where_they_are_one_package() {
    let python = |name: &str| record("X-1", name, &["1.0"], "").replace("npm", "PyPI");
    let at = "osv/malicious/pypi/foo-bar/MAL-2026-1.json";
    let base = database(&[(at, &python("foo.bar").replace("X-1", "MAL-2026-1"))]);
    assert_eq!(run(&base, vec![delivery(&python("Foo_Bar").replace("1.0", "2.0"))]).1, [Ingested::Joined(path(at))]);

    // Two npm packages that share a folder are two packages.
    let at = "osv/malicious/npm/abc/MAL-2026-1.json";
    let base = database(&[(at, &record("MAL-2026-1", "ABC", &["1.0.0"], ""))]);
    let created = path("osv/malicious/npm/abc/MAL-2026-900001.json");
    assert_eq!(run(&base, vec![delivery(&record("X-1", "abc", &["1.0.0"], ""))]).1, [Ingested::Created(created)]);

    // The old folder of crates.io is looked into.
    let rust = record("X-1", "ab-c", &["1.0.0"], "").replace("npm", "crates.io");
    let at = "osv/malicious/crates-io/ab_c/MAL-2026-1.json";
    let base = database(&[(at, &rust.replace("X-1", "MAL-2026-1"))]);
    assert_eq!(run(&base, vec![delivery(&rust.replace("1.0.0", "1.0.1"))]).1, [Ingested::Joined(path(at))]);
}

#[test]
fn a_withdrawn_report_records_and_stays_withdrawn() {
    let at = "osv/withdrawn/npm/a/MAL-2026-1.json";
    let withdrawn = record("MAL-2026-1", "a", &["1.0.0"], r#", "withdrawn": "2026-05-05T00:00:00Z""#);
    let (plan, fates) = run(&database(&[(at, &withdrawn)]), vec![delivery(&record("X-1", "a", &["1.0.0"], ""))]);
    assert_eq!(fates, [Ingested::Joined(path(at))]);
    assert_eq!(put(&plan, at).withdrawn.as_str(), Some("2026-05-05T00:00:00Z"));
}

#[test]
fn git_repositories_have_reports() {
    let sent = r#"{"id": "X-1", "modified": "2026-05-01T00:00:00Z", "affected": [{"ranges": [{"type": "GIT",
        "repo": "https://github.com/Evil/Repo", "events": [{"introduced": "0"}]}]}]}"#;
    let (plan, fates) = run(&database(&[]), vec![delivery(sent)]);
    let at = "osv/malicious/git/github.com/evil/repo/MAL-2026-900001.json";
    assert_eq!(fates, [Ingested::Created(path(at))]);
    assert!(put(&plan, at).affected.items()[0].package.is_absent());
}

/// One bad delivery between two good ones: it alone is rejected, with rule and place.
#[track_caller]
fn check_rejected(bad: &str, expected: (&str, &str)) {
    let good = |id: &str, name: &str| delivery(&record(id, name, &["1.0.0"], ""));
    let (plan, fates) = run(&database(&[]), vec![good("X-1", "a"), delivery(bad), good("X-2", "b")]);
    assert_eq!(fates[1], Ingested::Rejected, "{bad}");
    assert!(matches!((&fates[0], &fates[2]), (Ingested::Created(_), Ingested::Created(_))));
    let rejected = &plan.rejected[0];
    assert_eq!((rejected.rule, rejected.pointer.as_str()), expected, "{bad}");
    assert!(!rejected.message.is_empty() && !rejected.remedy.is_empty());
    let ids: Vec<&str> = plan.changes.changes().map(|change| change.id.as_str()).collect();
    assert_eq!(ids, ["MAL-2026-900001", "MAL-2026-900002"], "a rejected delivery uses no number up");
}

#[test]
fn one_bad_delivery_is_one_rejected_delivery() {
    let fine = record("X-9", "c", &["1.0.0"], "");
    check_rejected(&fine.replace("npm", "NPM"), ("unknown-ecosystem", "/affected/0/package/ecosystem"));
    check_rejected(&fine.replace("\"c\"", "\"../x\""), ("path-mismatch", "/affected/0/package/name"));
    check_rejected(&fine.replace("\"c\"", "\"\""), ("affected-not-single", "/affected/0/package"));
    check_rejected(&fine.replace("2026-05-01", "2026-06-03"), ("modified-in-future", "/modified"));
    check_rejected(&fine.replace("\"1.0.0\"", ""), ("nothing-affected", "/affected/0"));
    check_rejected(r#"{"id": "X-9", "modified": "2026-05-01T00:00:00Z"}"#, ("affected-not-single", ""));
    let two =
        fine.replace("\"affected\": [", "\"affected\": [{\"package\": {\"ecosystem\": \"npm\", \"name\": \"d\"}},");
    check_rejected(&two, ("affected-not-single", "/affected/1"));
}

#[test]
fn a_report_that_cannot_be_added_to_costs_only_what_was_meant_for_it() {
    for broken in [
        "no json",
        r#"{"affected": [], "id": "MAL-2026-900009"}"#,
        &record("MAL-2026-900009", "a", &["1.0.0"], r#", "aliases": 5"#),
        &record("MAL-2026-900009", "a", &["1.0.0"], r#", "id": "MAL-2026-900009""#),
    ] {
        let base = database(&[("osv/malicious/npm/a/MAL-2026-900009.json", broken)]);
        let deliveries =
            vec![delivery(&record("X-1", "a", &["1.0.0"], "")), delivery(&record("X-2", "b", &["1.0.0"], ""))];
        let (plan, fates) = run(&base, deliveries);
        assert_eq!(fates[0], Ingested::Rejected, "{broken}");
        assert!(matches!(fates[1], Ingested::Created(_)), "{broken}");
        assert_eq!(plan.rejected[0].rule, "unreadable-report");
    }
}

#[test]
fn what_a_source_took_back_from_the_start_is_remembered() {
    let aside = "osv/remembered/npm/a/remembered.json";
    let gone = record("X-1", "a", &["1.0.0"], r#", "withdrawn": "2026-05-01T00:00:00Z""#);
    let (plan, fates) = run(&database(&[]), vec![delivery(&gone)]);
    assert_eq!(fates, [Ingested::Skipped]);
    assert!(plan.skipped[0].reason.contains("took it back"));
    assert_eq!(put(&plan, aside).origins().len(), 1);
    // Something live comes: whichever was first, the report is the same.
    let base = database(&[]).with(&plan.changes);
    assert!(run(&base, vec![delivery(&gone)]).0.changes.is_empty());
    let live = record("Y-1", "a", &["2.0.0"], "");
    let (then, fates) = run(&base, vec![delivery(&live)]);
    assert_eq!(fates, [Ingested::Created(path(FIRST))]);
    assert_eq!(then.changes.get(aside), Some(&database::Edit::Remove));
    let (at_once, _) = run(&database(&[]), vec![delivery(&live), delivery(&gone)]);
    assert_eq!(put(&then, FIRST), put(&at_once, FIRST));
    assert_eq!(put(&then, FIRST).affected.items()[0].versions.items(), ["2.0.0"]);
    assert_eq!(put(&then, FIRST).aliases.items(), ["X-1", "Y-1"]);
}

#[test]
fn a_stream_that_ended_on_another_package_stays_ended_whichever_came_first() {
    let live = delivery(&record("X-1", "a", &["1.0.0"], ""));
    let gone = record("X-1", "b", &["1.0.0"], r#", "withdrawn": "2026-05-02T00:00:00Z""#);
    let gone = delivery(&gone.replace("2026-05-01", "2026-05-02"));
    let in_turn = |first: &Delivery, then: &Delivery| {
        let base = database(&[]).with(&run(&database(&[]), vec![first.clone()]).0.changes);
        base.with(&run(&base, vec![then.clone()]).0.changes)
    };
    let at_once = database(&[]).with(&run(&database(&[]), vec![live.clone(), gone.clone()]).0.changes);
    for after in [in_turn(&live, &gone), in_turn(&gone, &live), at_once] {
        let paths: Vec<&str> = after.entries().iter().map(|entry| entry.path.as_str()).collect();
        let expected =
            ["osv/ids.json", "osv/remembered/npm/b/remembered.json", "osv/withdrawn/npm/a/MAL-2026-900001.json"];
        assert_eq!(paths, expected);
    }
}

#[test]
fn what_is_kept_aside_beside_a_report_joins_it() {
    let gone = record("X-1", "a", &["1.0.0"], r#", "withdrawn": "2026-05-01T00:00:00Z""#);
    let aside = run(&database(&[]), vec![delivery(&gone)]).0.changes;
    let live = run(&database(&[]), vec![delivery(&record("Y-1", "a", &["2.0.0"], ""))]).0.changes;
    // As where two branches met.
    let base = database(&[]).with(&aside).with(&live);
    let (plan, _) = run(&base, vec![delivery(&record("Z-1", "a", &["3.0.0"], ""))]);
    assert_eq!(plan.changes.get("osv/remembered/npm/a/remembered.json"), Some(&database::Edit::Remove));
    assert_eq!(put(&plan, FIRST).aliases.items(), ["X-1", "Y-1", "Z-1"]);
    assert_eq!(put(&plan, FIRST).affected.items()[0].versions.items(), ["2.0.0", "3.0.0"]);
}

#[test]
fn what_a_plan_writes_is_canonical() {
    let (plan, _) = run(&database(&[]), vec![delivery(&record("X-1", "a", &["1.0.0"], ""))]);
    let Some(database::Edit::Put(bytes)) = plan.changes.get(FIRST) else { panic!("no report") };
    assert_eq!(write::canonical(&put(&plan, FIRST)).as_bytes(), &**bytes);
}

#[test]
fn nothing_is_taken_back_in_the_future() {
    let at = |time: &str| {
        let more = format!(r#", "withdrawn": "{time}""#);
        run(&database(&[]), vec![delivery(&record("X-1", "a", &["1.0.0"], &more))]).0.rejected
    };
    let rejected = at("2030-01-01T00:00:00Z");
    assert_eq!(
        rejected.iter().map(|one| (one.rule, &*one.pointer)).collect::<Vec<_>>(),
        [("withdrawn-in-future", "/withdrawn")]
    );
    assert!(at("2026-06-02T00:00:00Z").is_empty());
}

#[test]
fn an_id_that_came_with_a_report_is_not_given_again() {
    let kept = |number: u64, name: &str| Delivery {
        keeps_id: true,
        ..delivery(&record(&format!("MAL-2026-{number}"), name, &["1.0.0"], ""))
    };
    let created = |fates: &[Ingested]| {
        let path = |fate: &Ingested| fate.changed().map(|path| path.file_name().to_owned());
        fates.iter().filter_map(path).collect::<Vec<_>>()
    };
    let (plan, fates) = run(&database(&[]), vec![kept(900_003, "kept"), delivery(&record("X-1", "a", &["1"], ""))]);
    assert_eq!(created(&fates), ["MAL-2026-900003.json", "MAL-2026-900004.json"]);
    // Also when its report is gone.
    let mut gone = plan.changes;
    gone.remove_file(path("osv/malicious/npm/kept/MAL-2026-900003.json"));
    let base = database(&[]).with(&gone);
    let (_, fates) = run(&base, vec![delivery(&record("X-2", "b", &["1"], ""))]);
    assert_eq!(created(&fates), ["MAL-2026-900005.json"]);
    // One far above would use up all there are.
    let (plan, _) = run(&base, vec![kept(u64::MAX, "far")]);
    assert_eq!(plan.rejected.iter().map(|one| one.rule).collect::<Vec<_>>(), ["duplicate-id"]);
}

#[test]
fn who_claims_the_id_of_another_report_is_rejected_alone() {
    let base = database(&[]).with(&run(&database(&[]), vec![delivery(&record("X-1", "a", &["1"], ""))]).0.changes);
    let evil = Delivery {
        keeps_id: true,
        name: "evil.json".into(),
        ..delivery(&record("MAL-2026-900001", "evil", &["1"], ""))
    };
    // Also where its id would only be another name of the report.
    let alias = Delivery { keeps_id: false, name: "alias.json".into(), ..evil.clone() };
    let (plan, _) = run(&base, vec![alias]);
    assert_eq!(plan.rejected.iter().map(|one| one.rule).collect::<Vec<_>>(), ["duplicate-id"]);
    let sent = vec![evil, delivery(&record("X-2", "a", &["2"], "")), delivery(&record("X-3", "evil", &["3"], ""))];
    let (plan, fates) = run(&base, sent);
    let rejected: Vec<_> = plan.rejected.iter().map(|one| (one.delivery.as_str(), one.rule)).collect();
    assert_eq!(rejected, [("evil.json", "duplicate-id")]);
    assert!(matches!(fates[..], [Ingested::Rejected, Ingested::Joined(_), Ingested::Created(_)]), "{fates:?}");
}

#[test]
fn a_name_of_ours_is_in_nobodys_way() {
    let gone = |id: &str, name: &str| {
        let more = r#", "withdrawn": "2026-05-01T00:00:00Z""#;
        delivery(&record(id, name, &["1.0.0"], more).replace("npm", "Go"))
    };
    let base = database(&[]).with(&run(&database(&[]), vec![gone("X-1", "x.org/a")]).0.changes);
    let other = delivery(&record("X-3", "fine", &["1"], ""));
    let (plan, fates) = run(&base, vec![gone("X-2", "x.org/a/remembered.json"), other]);
    assert_eq!(plan.rejected[0].rule, "path-mismatch");
    assert!(matches!(fates[..], [Ingested::Rejected, Ingested::Created(_)]), "{fates:?}");
    // One that stands has a place of its own.
    let live = delivery(&record("X-2", "x.org/a/remembered.json", &["1.0.0"], "").replace("npm", "Go"));
    assert!(matches!(run(&base, vec![live]).1[..], [Ingested::Created(_)]));
}

#[test]
fn what_a_source_says_no_more_narrows() {
    let said = |day: &str, versions: &[&str], more: &str| {
        let text = record("X-1", "a", versions, "").replace("05-01T", &format!("05-{day}T"));
        delivery(&text.replace("\"versions\"", &format!("{more}\"versions\"")))
    };
    let range = |events: &str| format!(r#""ranges": [{{"type": "SEMVER", "events": [{events}]}}], "#);
    let wide = range(r#"{"introduced": "1.0.0"}, {"fixed": "3.0.0"}"#);
    let narrow = range(r#"{"introduced": "1.0.0"}, {"fixed": "2.0.0"}"#);
    let all = range(r#"{"introduced": "0"}"#);
    for (before, after, expected) in [
        (said("01", &["1.0.0", "2.0.0"], ""), said("02", &["1.0.0"], ""), ChangeKind::Narrow),
        (said("01", &["1.0.0"], ""), said("02", &["1.0.0", "2.0.0"], ""), ChangeKind::Join),
        (said("01", &["1.0.0"], ""), said("02", &[], &wide), ChangeKind::Join),
        (said("01", &["5.0.0"], ""), said("02", &[], &wide), ChangeKind::Narrow),
        (said("01", &[], &wide), said("02", &[], &narrow), ChangeKind::Narrow),
        (said("01", &[], &narrow), said("02", &[], &wide), ChangeKind::Join),
        (said("01", &["5.0.0"], ""), said("02", &[], &all), ChangeKind::Join),
        (said("01", &[], &all), said("02", &["5.0.0"], ""), ChangeKind::Narrow),
    ] {
        let base = database(&[]).with(&run(&database(&[]), vec![before.clone()]).0.changes);
        let (plan, _) = run(&base, vec![after.clone()]);
        assert_eq!(plan.changes.changes().map(|one| one.kind).collect::<Vec<_>>(), [expected], "{before:?} {after:?}");
    }
}

#[test]
fn the_order_of_arrival_decides_no_word_and_no_spelling() {
    for ecosystem in ["NuGet", "Packagist", "Pub", "VSCode", "GitHub Actions"] {
        no_order_decides(ecosystem);
    }
}

#[track_caller]
fn no_order_decides(ecosystem: &str) {
    let named = r#", "database_specific": {"malpkg": {"kind": "hijack", "campaign": "c2"}}"#;
    let older = delivery(&record("X-1", "New.Pkg", &["1.0.0"], named).replace("npm", ecosystem));
    let newer = record("X-1", "New.Pkg", &["1.0.0"], "").replace("npm", ecosystem).replace("05-01T", "05-03T");
    let small = delivery(&record("Y-1", "new.pkg", &["2.0.0"], "").replace("npm", ecosystem));
    let newer = delivery(&newer);
    let all = [older, newer, small];
    let mut seen = std::collections::BTreeSet::new();
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1], [1, 2, 0], [0, 2, 1]] {
        let mut base = database(&[]);
        for at in order {
            base = base.with(&run(&base, vec![all[at].clone()]).0.changes);
        }
        let entry = base.reports().map(|(_, entry)| entry).next().unwrap();
        let text = String::from_utf8(base.read(entry).unwrap()).unwrap();
        assert!(text.contains("hijack") && text.contains("c2"), "{text}");
        // When it changed last is told apart.
        seen.insert(text.lines().filter(|line| !line.contains("\"modified\"")).collect::<Vec<_>>().join("\n"));
        assert!(run(&base, vec![all[2].clone()]).0.changes.is_empty(), "the same again");
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");
}
