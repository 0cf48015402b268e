//! The law of order where there is more than one package: streams that move, records on several packages, names that differ
//! in case alone, and reports that are taken back from the start.

use std::collections::BTreeMap;

use curate::{Delivery, sha256_hex};
use database::{Entry, Snapshot};
use osv_schema::{Document, Member, Record, write};
use proptest::prelude::*;

use crate::fixture::{database, delivery, record, run};

const PACKAGES: [&str; 3] = ["foo", "Foo", "bar"];

/// A record of a source, on one package or on several.
#[derive(Clone, Debug)]
struct Sent {
    source: usize,
    id: Option<usize>,
    day: u32,
    packages: Vec<usize>,
    versions: u8,
    is_withdrawn: bool,
    word: usize,
}

impl Sent {
    /// One delivery a package, of the same bytes.
    fn deliveries(&self) -> Vec<Delivery> {
        let source = ["a", "b"][self.source];
        let id = self.id.map_or_else(String::new, |id| format!("{source}-{id}"));
        let named = ["1.0.0", "2.0.0", "3.0.0"].into_iter().enumerate();
        let versions: Vec<&str> =
            named.filter(|(at, _)| (self.versions | 1) & (1 << at) != 0).map(|(_, v)| v).collect();
        let gone = if self.is_withdrawn {
            format!(r#", "withdrawn": "2026-05-{:02}T06:00:00Z""#, self.day)
        } else {
            String::new()
        };
        let more = format!(r#"{gone}, "details": "Text {}.", "aliases": ["GHSA-{}"]"#, self.word, self.word);
        let of_package = |at: usize| {
            let text = record(&id, PACKAGES[at], &versions, &more).replace(r#""id": "", "#, "");
            text.replace("2026-05-01T", &format!("2026-05-{:02}T", self.day))
        };
        let texts: Vec<String> = self.packages.iter().map(|&at| of_package(at)).collect();
        let sha256 = sha256_hex(texts.concat().as_bytes());
        let one = |text: &String| Delivery { source: source.into(), sha256: sha256.clone(), ..delivery(text) };
        texts.iter().map(one).collect()
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let packages = prop::sample::subsequence(vec![0, 1, 2], 1..3);
    let id = prop::option::weighted(0.85, 0..2usize);
    (0..2usize, id, 1..6u32, packages, 0..8u8, prop::bool::weighted(0.3), 0..2usize).prop_map(
        |(source, id, day, packages, versions, is_withdrawn, word)| Sent {
            source,
            id,
            day,
            packages,
            versions,
            is_withdrawn,
            word,
        },
    )
}

fn take(base: &Snapshot, sent: &[Sent]) -> Snapshot {
    let (plan, _) = run(base, sent.iter().flat_map(Sent::deliveries).collect());
    assert_eq!(plan.rejected, []);
    base.with(&plan.changes)
}

/// Every report and what is remembered, by its package and where it lies, without what may differ.
fn told(base: &Snapshot) -> BTreeMap<String, String> {
    let one = |entry: &Entry| {
        let record = Record::read(&Document::parse(&base.read(entry).unwrap()).unwrap()).unwrap();
        let name = record.affected.items()[0].package.value().unwrap().name.as_str().unwrap().to_owned();
        let folder = entry.path.folder().to_owned();
        (
            format!("{folder} {name}"),
            write::canonical(&Record { id: Member::Absent, modified: Member::Absent, ..record }),
        )
    };
    let files = base.entries().iter().filter(|entry| entry.path.as_str() != "osv/ids.json");
    files.map(one).collect()
}

proptest! {
    #[test]
    fn order_and_batches_decide_nothing_whatever_moves(
        (sent, order) in prop::collection::vec(sent(), 1..6)
            .prop_flat_map(|sent| (Just(sent.clone()), Just(sent).prop_shuffle())),
        cuts in prop::collection::vec(1..3usize, 6),
    ) {
        let at_once = take(&database(&[]), &sent);
        let mut in_turn = database(&[]);
        let mut rest = order.as_slice();
        for cut in cuts {
            let (now, later) = rest.split_at(cut.min(rest.len()));
            if !now.is_empty() {
                in_turn = take(&in_turn, now);
            }
            rest = later;
        }
        prop_assert!(rest.is_empty());
        prop_assert_eq!(told(&at_once), told(&in_turn));
        // And the same again changes nothing.
        let (plan, _) = run(&in_turn, sent.iter().flat_map(Sent::deliveries).collect());
        prop_assert!(plan.changes.is_empty(), "{:?}", plan.changes.edits().keys());
    }
}
