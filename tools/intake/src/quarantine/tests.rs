//! Tests of the quarantine: what goes in, stays, and leaves.

use std::collections::BTreeMap;

use database::{Edit, Rejected};

use super::*;
use crate::Setting;

fn source(settings: &[(&str, i64)]) -> Source {
    let mut all = BTreeMap::from([("format".to_owned(), Setting::Text("osv".into()))]);
    all.extend(settings.iter().map(|(name, number)| ((*name).to_owned(), Setting::Number(*number))));
    Source::new("feed", &all).unwrap()
}

fn refused(name: &str, bytes: Option<&str>) -> Refused {
    Refused {
        rejected: Rejected {
            source: "feed".into(),
            delivery: name.into(),
            rule: "malformed-json",
            pointer: "/a".into(),
            message: "line 1: \"quote\" \\ and \u{202e} mark".into(),
            remedy: "mend it".into(),
        },
        sha256: bytes.map(|bytes| sha256_hex(bytes.as_bytes())),
        bytes: bytes.map(|bytes| bytes.as_bytes().to_vec()),
        is_final: true,
        place: "box".into(),
        is_let_go: false,
        made_of: None,
    }
}

/// A tree whose quarantine is settled again and again.
struct Tree(Snapshot);

impl Tree {
    fn settle(&mut self, source: &Source, refused: &[Refused], accepted: &[&str], rules: &str) -> (Kept, usize) {
        self.settle_ids(source, refused, (accepted, &[]), rules)
    }

    fn settle_ids(
        &mut self,
        source: &Source,
        refused: &[Refused],
        (accepted, ids): (&[&str], &[&str]),
        rules: &str,
    ) -> (Kept, usize) {
        let ids: BTreeSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let refused: Vec<&Refused> = refused.iter().collect();
        let one = |name: &&str| Accepted { place: "box".into(), name: (*name).to_owned() };
        self.settle_all(source, &refused, (&accepted.iter().map(one).collect::<Vec<_>>(), &ids, &[]), rules)
    }

    fn settle_all(
        &mut self,
        source: &Source,
        refused: &[&Refused],
        (accepted, ids, again): (&[Accepted], &BTreeSet<String>, &[String]),
        rules: &str,
    ) -> (Kept, usize) {
        let again: BTreeSet<String> = again.iter().cloned().collect();
        let now = "2026-06-01T12:00:00Z".parse().unwrap();
        let mut changes = ChangeSet::default();
        let quarantine = Quarantine::read(&self.0, "feed").unwrap();
        let kept =
            quarantine.settle(Settling { source, refused, accepted, ids, again: &again, rules, now }, &mut changes);
        // The edits as a tree: puts replace, removals take away.
        let mut files: BTreeMap<TreePath, std::sync::Arc<[u8]>> =
            self.0.entries().iter().map(|e| (e.path.clone(), self.0.read(e).unwrap().into())).collect();
        for (path, edit) in changes.edits() {
            match edit {
                Edit::Put(bytes) => files.insert(path.clone(), bytes.clone()),
                Edit::Remove => files.remove(path),
            };
        }
        self.0 = Snapshot::of_files(files);
        (kept, changes.edits().len())
    }

    fn names(&self) -> Vec<String> {
        Quarantine::read(&self.0, "feed").unwrap().held().map(|held| held.delivery.clone()).collect()
    }
}

#[test]
fn a_document_is_kept_as_it_came_and_told_once() {
    let (mut tree, source) = (Tree(Snapshot::of_files([])), source(&[]));
    let bad = [refused("a.json", Some("{\"id\": "))];
    let (kept, edits) = tree.settle(&source, &bad, &[], "r1");
    assert_eq!((edits, kept.released), (2, 0));
    let path = kept.paths[0].clone().unwrap();
    assert!(path.as_str().starts_with("osv/quarantine/feed/") && path.as_str().ends_with(".reason.toml"), "{path}");
    let quarantine = Quarantine::read(&tree.0, "feed").unwrap();
    let held = quarantine.held().next().unwrap();
    assert_eq!((held.message.as_str(), held.pointer.as_str()), ("line 1: \"quote\" \\ and \u{202e} mark", "/a"));
    assert_eq!(held.document(&tree.0).unwrap().unwrap().bytes.unwrap(), b"{\"id\": ");
    assert!(quarantine.knows(&held.sha256, "r1") && !quarantine.knows(&held.sha256, "r2"));
    assert_eq!(quarantine.due(&tree.0, "r1").unwrap().len(), 0);
    assert_eq!(quarantine.due(&tree.0, "r2").unwrap().len(), 1);
    assert_eq!(Quarantine::sources(&tree.0).into_iter().collect::<Vec<_>>(), ["feed"]);
    // The same again changes nothing, under other rules either.
    assert_eq!(tree.settle(&source, &bad, &[], "r1").1, 0);
    assert_eq!(tree.settle(&source, &bad, &[], "r2").1, 0);
}

#[test]
fn an_edited_document_takes_the_place_of_the_old_one_and_a_good_one_leaves() {
    let (mut tree, source) = (Tree(Snapshot::of_files([])), source(&[]));
    tree.settle(&source, &[refused("a.json", Some("1")), refused("b.json", Some("2"))], &[], "r");
    tree.settle(&source, &[refused("a.json", Some("1 edited"))], &[], "r");
    assert_eq!(tree.0.entries().len(), 4);
    let (kept, _) = tree.settle(&source, &[], &["a.json"], "r");
    assert_eq!((kept.released, tree.names()), (1, vec!["b.json".to_owned()]));
    // What was too large to be read is told by its name.
    tree.settle(&source, &[refused("huge.json", None)], &[], "r");
    assert_eq!(tree.names().len(), 2);
    assert_eq!(tree.0.entries().len(), 3, "no bytes are kept of it");
    assert_eq!(tree.settle(&source, &[refused("huge.json", None)], &[], "r").1, 0);
}

#[test]
fn what_the_database_refused_is_due_each_time_and_a_part_goes_with_its_document() {
    let (mut tree, source) = (Tree(Snapshot::of_files([])), source(&[]));
    let late = [Refused { is_final: false, ..refused("a.json#2", Some("2")) }];
    tree.settle(&source, &late, &[], "r");
    let quarantine = Quarantine::read(&tree.0, "feed").unwrap();
    assert_eq!(quarantine.due(&tree.0, "r").unwrap().len(), 1);
    assert!(!quarantine.knows(&sha256_hex(b"2"), "r"));
    assert_eq!(tree.settle(&source, &late, &["a.json"], "r").1, 0, "the rest of its document was taken");
    assert_eq!(tree.settle(&source, &[], &["a.json"], "r").0.released, 1);
}

#[test]
fn a_reason_that_is_none_keeps_nobody_from_reading() {
    let file = |name: &str, text: &str| (TreePath::new(name).unwrap(), text.as_bytes().into());
    let snapshot = Snapshot::of_files([
        file("osv/quarantine/feed/ab.reason.toml", "<<<<<<< HEAD"),
        file("osv/quarantine/feed/ab.raw", "{}"),
        file("osv/quarantine/feed/stray.txt", "x"),
        file("osv/quarantine/feed/cd.raw", "without a reason"),
    ]);
    let quarantine = Quarantine::read(&snapshot, "feed").unwrap();
    assert_eq!(quarantine.held().map(|held| held.message.as_str()).collect::<Vec<_>>(), ["the reason cannot be read"]);
    assert_eq!(quarantine.due(&snapshot, "r").unwrap().len(), 1);
}

#[test]
fn a_quarantine_is_bounded() {
    let (mut tree, few) = (Tree(Snapshot::of_files([])), source(&[("quarantine-documents", 2)]));
    let many: Vec<Refused> = (0..4).map(|at| refused(&format!("{at}.json"), Some(&format!("bytes {at}")))).collect();
    let (kept, _) = tree.settle(&few, &many, &[], "r");
    assert_eq!(kept.paths.iter().flatten().count(), 2);
    assert_eq!(tree.names().len(), 2);
    let (mut tree, small) = (Tree(Snapshot::of_files([])), source(&[("quarantine-bytes", 20)]));
    let (kept, _) = tree.settle(&small, &many, &[], "r");
    assert_eq!(kept.paths.iter().flatten().count(), 2, "each has seven bytes");
    let let_go = Refused { bytes: None, is_let_go: true, ..refused("let-go.json", Some("6")) };
    let (kept, edits) = tree.settle(&small, &[let_go], &[], "r");
    assert_eq!((kept.paths, edits), (vec![None], 0), "without its bytes nobody could try it again");
    let large = refused("large.json", Some(&"x".repeat(2 << 20)));
    tree.settle(&source(&[]), &[large], &[], "r");
    let quarantine = Quarantine::read(&tree.0, "feed").unwrap();
    assert_eq!(quarantine.held().filter(|held| held.size.is_none()).count(), 1, "only the reason of a large one");
}

#[test]
fn what_came_in_a_stream_leaves_when_its_id_is_taken() {
    let (mut tree, source) = (Tree(Snapshot::of_files([])), source(&[]));
    let bad = [
        refused("-:1", Some(r#"{"id": "X-1", "affected": []}"#)),
        refused("-:2", Some("{")),
        refused("a.json", Some(r#"{"id": "X-3", "affected": [1]}"#)),
    ];
    tree.settle(&source, &bad, &[], "r");
    let (kept, _) = tree.settle_ids(&source, &[], (&["-:1"], &["X-2"]), "r");
    assert_eq!(kept.released, 0, "another one");
    let (kept, _) = tree.settle_ids(&source, &[], (&["-:1"], &["X-1"]), "r");
    assert_eq!((kept.released, tree.names()), (1, vec!["-:2".to_owned(), "a.json".to_owned()]));
}

/// Only the same document releases one: by its own id; without one by its name at its place; or by its bytes.
#[test]
fn another_document_of_the_same_name_releases_nothing() {
    let (mut tree, source) = (Tree(Snapshot::of_files([])), source(&[]));
    let bad = refused("0.json", Some(r#"{"id": "X-1", "affected": []}"#));
    let broken = refused("1.json", Some("{"));
    tree.settle(&source, &[bad.clone(), broken.clone()], &[], "r");
    let at = |place: &str, name: &str| Accepted { place: place.into(), name: name.to_owned() };
    let ids = |ids: &[&str]| -> BTreeSet<String> { ids.iter().map(|id| (*id).to_owned()).collect() };
    let mut released = |accepted: &[Accepted], own: &[&str], again: &[String]| {
        tree.settle_all(&source, &[], (accepted, &ids(own), again), "r").0.released
    };
    // Another record under the name, there or elsewhere; another file of the name of one without an id.
    assert_eq!(released(&[at("box", "0.json")], &["X-2"], &[]), 0);
    assert_eq!(released(&[at("other", "0.json"), at("other", "1.json")], &["X-2"], &[]), 0);
    assert_eq!(released(&[at("other", "mended.json")], &["X-1"], &[]), 1, "the same record under another name");
    assert_eq!(released(&[at("box", "1.json")], &["X-3"], &[]), 1, "what has no id goes by name and place");
    // Edited and still bad: the same id, or the same name at the same place, and nothing else.
    tree.settle(&source, &[bad.clone(), broken], &[], "r");
    let other = Refused { place: "other".into(), ..refused("1.json", Some("{{")) };
    let edited = refused("0.json", Some(r#"{"id": "X-1", "affected": [1]}"#));
    assert_eq!(tree.settle(&source, &[other, edited], &[], "r").0.released, 1);
    assert_eq!(tree.names(), ["1.json", "0.json", "1.json"].map(str::to_owned), "by key");
}

#[test]
fn what_was_set_aside_without_a_place_leaves_by_its_id_or_its_bytes() {
    let file = |name: &str, text: &str| (TreePath::new(name).unwrap(), text.as_bytes().into());
    let reason =
        |sha: &str| format!("delivery = \"a.json\"\nrule = \"x\"\nrules = \"r\"\nsha256 = \"{sha}\"\nsize = 2\n");
    let mut tree = Tree(Snapshot::of_files([
        file("osv/quarantine/feed/aa.reason.toml", &reason("aa")),
        file("osv/quarantine/feed/aa.raw", r#"{"id": "X-1", "affected": []}"#),
        file("osv/quarantine/feed/bb.reason.toml", &reason("bb")),
        file("osv/quarantine/feed/bb.raw", "{"),
    ]));
    let source = source(&[]);
    assert_eq!(tree.settle_ids(&source, &[], (&["a.json"], &["X-2"]), "r").0.released, 0);
    assert_eq!(tree.settle_ids(&source, &[], (&["b.json"], &["X-1"]), "r").0.released, 1);
    let (kept, _) = tree.settle_all(&source, &[], (&[], &BTreeSet::new(), &["bb".to_owned()]), "r");
    assert_eq!((kept.released, tree.names().len()), (1, 0));
}
