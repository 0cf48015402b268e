//! The same bytes from the same reports: whatever the order, the number of threads, and the second run.

use std::collections::BTreeMap;

use export::FileFacts;
use rayon::ThreadPoolBuilder;

use crate::database::{Release, input, report, reports};

/// The hashes of a release made by this many threads.
fn files(threads: usize) -> (BTreeMap<String, FileFacts>, Vec<u8>) {
    let ecosystems = ["npm", "PyPI", "crates.io", "Go", "VSCode:https://open-vsx.org"];
    let texts: Vec<(String, String)> = (0..3000)
        .map(|n| {
            let id = format!("MAL-2026-{n}");
            let modified = format!("2026-01-{:02}T00:{:02}:00Z", n % 28 + 1, n % 60);
            let text = report(&id, &modified, ecosystems[n % 5], &format!("host.test/{}", "name.".repeat(n % 50 + 1)));
            (id, text)
        })
        .collect();
    let texts: Vec<(&str, String)> = texts.iter().map(|(id, text)| (id.as_str(), text.clone())).collect();
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let release = Release::of(&input(&reports(&texts), &[]));
        assert_eq!(release.manifest.counts.reports, 3000);
        (release.manifest.files.clone(), release.bytes("manifest.json"))
    })
}

#[test]
fn a_release_is_the_same_bytes_whoever_makes_it() {
    let one = files(1);
    assert_eq!(one, files(1), "a second run");
    assert_eq!(one, files(2), "two threads");
    assert_eq!(one, files(7), "more threads than processors");
}
