//! Whose word it is: ids that stay behind, echoes of ourselves, names that differ in case alone, and records on several
//! packages.

use curate::{Delivery, Ingested};
use database::{Edit, Snapshot};
use osv_schema::{Document, Record};

use crate::fixture::{database, delivery, put, record, run};

/// A delivery of a source that was made on a day of May.
fn sent(source: &str, id: &str, package: &str, day: u32, versions: &[&str], more: &str) -> Delivery {
    let text = record(id, package, versions, more).replace("2026-05-01T", &format!("2026-05-{day:02}T"));
    Delivery { source: source.into(), name: format!("{id}-{package}-{day}.json"), ..delivery(&text) }
}

/// Takes deliveries one by one.
fn one_by_one(sent: &[Delivery]) -> (Snapshot, Vec<Ingested>) {
    let mut base = database(&[]);
    let mut fates = Vec::new();
    for one in sent {
        let (plan, fate) = run(&base, vec![one.clone()]);
        base = base.with(&plan.changes);
        fates.extend(fate);
    }
    (base, fates)
}

/// What each package's report lists, or that it is taken back.
fn listed(base: &Snapshot) -> Vec<String> {
    let read = |entry: &database::Entry| Record::read(&Document::parse(&base.read(entry).unwrap()).unwrap()).unwrap();
    let told = base.reports().map(|(_, entry)| {
        let record = read(entry);
        let affected = &record.affected.items()[0];
        let name = affected.package.value().unwrap().name.as_str().unwrap().to_owned();
        let state = if record.is_withdrawn() { " withdrawn" } else { "" };
        format!("{name} {}{state}", affected.versions.items().join(","))
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    told
}

const TAKEN_BACK: &str = r#", "withdrawn": "2026-05-02T00:00:00Z""#;

#[test]
fn packages_that_differ_in_case_alone_are_remembered_apart() {
    let gone = |id: &str, package: &str| sent("x", id, package, 2, &["1.0.0"], TAKEN_BACK);
    let late = |id: &str, package: &str| sent("x", id, package, 1, &["1.0.0"], "");
    let all = [gone("A", "foo"), gone("B", "Foo"), late("A", "foo"), late("B", "Foo")];
    for order in [[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [0, 2, 1, 3]] {
        let (base, _) = one_by_one(&order.map(|at| all[at].clone()));
        assert_eq!(listed(&base), ["Foo 1.0.0 withdrawn", "foo 1.0.0 withdrawn"], "{order:?}");
    }
    let (plan, fates) = run(&database(&[]), vec![all[0].clone(), all[1].clone()]);
    assert_eq!((fates, plan.changes.edits().len()), (vec![Ingested::Skipped, Ingested::Skipped], 2));
}

#[test]
fn a_source_that_brings_ids_corrects_the_package_and_leaves_the_id_behind() {
    let kept =
        |package: &str, day: u32| Delivery { keeps_id: true, ..sent("k", "MAL-2020-5", package, day, &["1.0.0"], "") };
    for order in [[kept("a", 1), kept("b", 2)], [kept("b", 2), kept("a", 1)]] {
        let expected = ["a 1.0.0 withdrawn", "b 1.0.0"];
        let (base, fates) = one_by_one(&order);
        assert_eq!(listed(&base), expected);
        assert!(!fates.contains(&Ingested::Rejected), "{fates:?}");
        let (at_once, _) = run(&database(&[]), order.to_vec());
        assert_eq!(listed(&database(&[]).with(&at_once.changes)), expected);
        let has_alias =
            |edit: &Edit| matches!(edit, Edit::Put(bytes) if String::from_utf8_lossy(bytes).contains("\"aliases\""));
        assert!(!at_once.changes.edits().values().any(has_alias), "the id is that of one report");
    }
}

#[test]
fn an_id_that_leads_to_another_package_becomes_no_report_of_its_own() {
    let kept = |source: &str, package: &str, day: u32| Delivery {
        keeps_id: true,
        ..sent(source, "MAL-2020-5", package, day, &["1.0.0"], "")
    };
    for source in ["k", "other"] {
        // The package has a report, of which the id is another name.
        let (base, fates) =
            one_by_one(&[sent("a", "A-1", "x", 1, &["1.0.0"], ""), kept("k", "x", 2), kept(source, "y", 3)]);
        assert!(!fates.contains(&Ingested::Rejected), "{fates:?}");
        assert_eq!(listed(&base), ["x 1.0.0", "y 1.0.0"]);
        let ids: Vec<&str> = base.reports().map(|(place, _)| place.stem).collect();
        assert!(!ids.contains(&"MAL-2020-5"), "{ids:?}");
        let (plan, fates) = run(&base, vec![kept(source, "y", 4)]);
        assert!(!fates.contains(&Ingested::Rejected) && plan.rejected.is_empty(), "{fates:?}");
        let again = base.with(&plan.changes);
        let all = again.reports().map(|(_, entry)| String::from_utf8_lossy(&again.read(entry).unwrap()).into_owned());
        let named = all.filter(|text| text.split("\"affected\"").next().unwrap().contains("MAL-2020-5"));
        assert_eq!(named.count(), 1, "it leads to one report");
    }
}

#[test]
fn our_own_record_sent_back_is_no_word_of_its_own() {
    let said = sent("a", "A-1", "x", 1, &["1.0.0", "2.0.0"], "");
    let echo =
        |keeps_id: bool| Delivery { keeps_id, ..sent("mirror", "MAL-2026-900001", "x", 2, &["1.0.0", "2.0.0"], "") };
    let corrected = sent("a", "A-1", "x", 3, &["1.0.0"], "");
    for keeps_id in [false, true] {
        let (base, _) = one_by_one(&[said.clone(), echo(keeps_id), corrected.clone()]);
        assert_eq!(listed(&base), ["x 1.0.0"]);
    }
    // What a source that brings ids said first is its own, also where a mirror of it says so too.
    let brought = Delivery { keeps_id: true, ..sent("k", "MAL-2020-5", "x", 1, &["1.0.0"], "") };
    let mirror = sent("mirror", "MAL-2020-5", "x", 1, &["1.0.0", "3.0.0"], "");
    assert_eq!(listed(&one_by_one(&[brought, mirror]).0), ["x 1.0.0,3.0.0"]);
}

#[test]
fn a_number_that_somebody_names_is_passed_over() {
    let named = r#", "aliases": ["MAL-2026-900001", "MAL-2026-900003"]"#;
    let (plan, _) = run(
        &database(&[]),
        vec![sent("a", "A-1", "x", 1, &["1.0.0"], named), sent("a", "A-2", "y", 2, &["1.0.0"], "")],
    );
    let report = put(&plan, "osv/malicious/npm/x/MAL-2026-900002.json");
    assert_eq!(report.affected.items()[0].versions.items(), ["1.0.0"]);
    assert_eq!(report.aliases.items(), ["A-1", "MAL-2026-900001", "MAL-2026-900003"]);
    put(&plan, "osv/malicious/npm/y/MAL-2026-900004.json");
}

#[test]
fn a_record_on_several_packages_is_the_same_in_any_order() {
    // One record on two packages comes as two deliveries of the same bytes.
    let of_record = |package: &str, versions: &[&str]| Delivery {
        sha256: curate::sha256_hex(b"one record"),
        ..sent("a", "A-1", package, 4, versions, "")
    };
    let older = sent("a", "A-1", "y", 3, &["1.0.0"], "");
    let both = [of_record("x", &["3.0.0"]), of_record("y", &["1.0.0"])];
    let files = |base: &Snapshot| -> Vec<String> {
        let read = |entry: &database::Entry| String::from_utf8_lossy(&base.read(entry).unwrap()).into_owned();
        let mut texts: Vec<String> = base.reports().map(|(_, entry)| read(entry)).collect();
        texts.iter_mut().for_each(|text| *text = text.replace("MAL-2026-900002", "MAL-2026-900001"));
        texts.sort();
        texts
    };
    let after = |batches: &[&[Delivery]]| {
        batches.iter().fold(database(&[]), |base, batch| base.with(&run(&base, batch.to_vec()).0.changes))
    };
    let expected = files(&after(&[std::slice::from_ref(&older), &both]));
    assert_eq!(files(&after(&[&both, std::slice::from_ref(&older)])), expected);
    assert_eq!(files(&after(&[&[both[0].clone(), older, both[1].clone()]])), expected);
}
