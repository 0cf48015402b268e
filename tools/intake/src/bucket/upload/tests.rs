//! Uploads to a store in memory, which keeps conditions and copies as the real ones do.

use object_store::memory::InMemory;
use tokio::runtime::Builder;

use super::*;

/// A bucket, and releases of a few files each.
struct Room {
    store: Arc<InMemory>,
    address: Address,
}

impl Room {
    fn new() -> Room {
        Room { store: Arc::new(InMemory::new()), address: Address::parse("s3://bucket/rel").unwrap().unwrap() }
    }

    fn going<'g>(&'g self, dir: &'g Path) -> Going<'g> {
        Going { address: &self.address, store: self.store.clone(), dir }
    }

    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    fn bring(&self, release: &Release) -> Result<Uploaded, UploadError> {
        self.run(self.going(release.dir.path()).bring(&release.files))
    }

    /// What is there below a name.
    fn get(&self, name: &str) -> Option<String> {
        let key = Key::from(format!("rel/{name}"));
        let answer = self.run(async { self.store.get(&key).await.ok()?.bytes().await.ok() })?;
        Some(String::from_utf8(answer.to_vec()).unwrap())
    }

    /// Every name there.
    fn names(&self) -> BTreeSet<String> {
        let listed = self.run(self.store.list(None).try_collect::<Vec<_>>()).unwrap();
        listed.iter().map(|object| object.location.to_string().replace("rel/", "")).collect()
    }

    /// What a reader finds who follows the manifest, by name or else by hash.
    #[track_caller]
    fn check(&self, release: &Release) {
        for (file, content) in release.files.iter().zip(&release.contents).filter(|(file, _)| !file.is_pointer) {
            let by_hash = self.get(&format!("by-hash/{}", file.sha256));
            assert_eq!(by_hash.as_ref(), Some(content), "{}", file.name);
        }
    }
}

/// Files as an export leaves them.
struct Release {
    dir: tempfile::TempDir,
    files: Vec<Upload>,
    contents: Vec<String>,
}

impl Release {
    fn of(files: &[(&str, &str)]) -> Release {
        let dir = tempfile::tempdir().unwrap();
        let mut uploads = Vec::new();
        for (name, content) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
            let sha256 = curate::sha256_hex(content.as_bytes());
            uploads.push(Upload { name: (*name).to_owned(), sha256, is_pointer: *name == "manifest.json" });
        }
        let contents = files.iter().map(|(_, content)| (*content).to_owned()).collect();
        Release { dir, files: uploads, contents }
    }
}

fn first() -> Release {
    Release::of(&[("all.zip", "one"), ("npm/all.zip", "same"), ("[EMPTY]/all.zip", "gone"), ("manifest.json", "m1")])
}

fn second() -> Release {
    Release::of(&[("all.zip", "two"), ("npm/all.zip", "same"), ("Go/all.zip", "two"), ("manifest.json", "m2")])
}

#[test]
fn only_what_changed_is_sent() {
    let room = Room::new();
    let done = room.bring(&first()).unwrap();
    assert_eq!(done, Uploaded { sent: 3, named: 4, kept: 0, removed: 0, bytes: 13 });
    let again = room.bring(&first()).unwrap();
    assert_eq!(again, Uploaded { sent: 0, named: 1, kept: 3, removed: 0, bytes: 2 });
    // Two names of one content are sent once.
    let done = room.bring(&second()).unwrap();
    assert_eq!(done, Uploaded { sent: 1, named: 3, kept: 1, removed: 1, bytes: 5 });
    assert_eq!(room.get("all.zip").as_deref(), Some("two"));
    assert_eq!(room.get("manifest.json").as_deref(), Some("m2"));
    assert!(!room.names().iter().any(|name| name.ends_with("EMPTY]/all.zip")), "{:?}", room.names());
}

#[test]
fn the_release_before_is_there_until_the_next_but_one() {
    let room = Room::new();
    let (one, two) = (first(), second());
    room.bring(&one).unwrap();
    room.bring(&two).unwrap();
    room.check(&one);
    room.check(&two);
    // The same again takes nothing away.
    room.bring(&two).unwrap();
    room.check(&one);
    room.bring(&Release::of(&[("all.zip", "three"), ("manifest.json", "m3")])).unwrap();
    room.check(&two);
    let hash = curate::sha256_hex(b"one");
    assert_eq!(room.get(&format!("by-hash/{hash}")), None, "nobody needs it any more");
}

#[test]
fn what_was_killed_is_completed_by_another_release() {
    let room = Room::new();
    let (one, two) = (first(), second());
    room.bring(&one).unwrap();
    // A run to the second release that ends between two names.
    room.run(async {
        let going = room.going(two.dir.path());
        let (state, version) = going.state().await.unwrap();
        let mut between = state.clone();
        between.dirty.extend(["all.zip", "Go/all.zip", "[EMPTY]/all.zip"].map(str::to_owned));
        between.previous.insert(two.files[0].sha256.clone());
        going.put_state(&between, version).await.unwrap();
        going.send(&two.files[0]).await.unwrap();
        going.point(&two.files[0]).await.unwrap();
    });
    assert_eq!(room.get("all.zip").as_deref(), Some("two"));
    room.check(&one);
    // The next run brings the first one again: what looks the same is not taken for it.
    let done = room.bring(&one).unwrap();
    assert_eq!((done.named, done.removed), (3, 1), "{done:?}");
    assert_eq!(room.get("all.zip").as_deref(), Some("one"));
    assert_eq!(room.get("Go/all.zip"), None);
    room.check(&one);
    // And the one after it takes away what the killed one left.
    room.bring(&Release::of(&[("all.zip", "three"), ("manifest.json", "m3")])).unwrap();
    room.check(&one);
    let hash = curate::sha256_hex(b"two");
    assert_eq!(room.get(&format!("by-hash/{hash}")), None);
}

#[test]
fn of_two_at_a_time_one_fails() {
    let room = Room::new();
    room.bring(&first()).unwrap();
    let two = second();
    let done = room.run(async {
        let going = room.going(two.dir.path());
        let (state, version) = going.state().await.unwrap();
        let other = State { dirty: ["all.zip".to_owned()].into(), ..state.clone() };
        going.put_state(&other, version.clone()).await.unwrap();
        going.put_state(&state, version).await.map(|_| ())
    });
    assert!(matches!(done, Err(UploadError::Moved(_))), "{done:?}");
}

#[test]
fn what_is_there_is_not_believed() {
    for text in ["", "{}", "[1]", r#"{"format":"x","version":1,"objects":{},"dirty":[],"previous":[]}"#] {
        let room = Room::new();
        let key = Key::from("rel/upload.json");
        room.run(room.store.put(&key, PutPayload::from(text.to_owned()))).unwrap();
        let error = room.bring(&first()).unwrap_err();
        assert!(error.to_string().contains("upload.json"), "{text}: {error}");
        assert_eq!(room.get("all.zip"), None, "nothing was touched");
    }
}

#[test]
fn a_large_file_goes_in_parts() {
    let room = Room::new();
    let large = "0123456789abcdef".repeat(PART / 16 * 2 + 1);
    let release = Release::of(&[("all.zip", &large), ("manifest.json", "m")]);
    assert_eq!(room.bring(&release).unwrap().bytes, large.len() as u64 + 1);
    assert_eq!(room.get("all.zip").map(|there| there == large), Some(true));
}

#[test]
fn objects_say_what_they_are() {
    let room = Room::new();
    room.bring(&first()).unwrap();
    let key = Key::from("rel/all.zip");
    let answer = room.run(room.store.get(&key)).unwrap();
    let said = |attribute: Attribute| answer.attributes.get(&attribute).map(|value| value.as_ref().to_owned());
    assert_eq!(said(Attribute::ContentType).as_deref(), Some("application/zip"));
    assert_eq!(said(Attribute::CacheControl).as_deref(), Some("public, max-age=0, must-revalidate"));
    let hash = said(Attribute::Metadata("x-goog-hash".into()));
    assert!(hash.is_some_and(|hash| hash.starts_with("crc32c=") && hash.ends_with("==")));
}

#[test]
fn a_checksum_is_the_one_of_its_standard() {
    let mut crc = Digest::new(CrcAlgorithm::Crc32Iscsi);
    crc.update(b"123456789");
    assert_eq!(crc.finalize(), 0xe306_9283);
    assert_eq!(checksum(&crc), "crc32c=4waSgw==");
}

#[test]
fn a_file_is_kept_as_long_as_it_is_the_same() {
    assert!(cache_control("delta/aa..bb.zip").ends_with("immutable"));
    assert!(cache_control("delta/index.json").ends_with("must-revalidate"));
    assert_eq!(content_type("npm/all.zip"), "application/zip");
    assert_eq!(content_type("feeds/npm.atom"), "application/atom+xml");
    assert_eq!(content_type("bundle/npm.bundle"), "application/octet-stream");
}
