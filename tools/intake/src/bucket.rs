//! Buckets of S3, Google Cloud and Azure: sources in them, and releases that go there.
//!
//! Of a source a listing begins where the last one ended, less a lookback.

mod address;
mod upload;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fs::{self, File};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::join_all;
use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::bounds::Bound;
use crate::folder::is_hidden;
use crate::journal::Journal;
use crate::place::{Going, Seen};
use crate::remote;
use crate::source::Lookback;
use crate::{Item, PlaceError};
pub(crate) use address::Address;
use address::{Access, cause};
pub use upload::{Upload, UploadError, Uploaded, upload};

/// How many objects are asked for at once.
const AT_ONCE: usize = 16;
/// How many objects of a listing are taken together.
const PAGE: usize = 1000;
/// By how much clocks may differ, in seconds.
const CLOCKS: i64 = 3600;

/// Visits the objects of a bucket.
pub(crate) fn visit(
    address: &Address,
    going: Going<'_>,
    wants: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(Item<'_>),
    seen: &mut Seen,
) -> Result<(), PlaceError> {
    let disk = |error: io::Error| address.fault(&format!("the cache cannot be used: {error}"));
    let cache = going.cache(address.text())?;
    fs::create_dir_all(cache).map_err(disk)?;
    let stem = cache.join(&curate::sha256_hex(format!("{}\0{}", address.text(), going.source.id).as_bytes())[..24]);
    let alone = File::create(stem.with_extension("lock")).and_then(|file| file.lock().map(|()| file)).map_err(disk)?;
    let store = address.open(&Access::of(going.source))?;
    let runtime = remote::runtime(address.text())?;
    let marks = going.since.filter(|_| !going.source.is_complete).map(|since| &since.marks);
    let reading = format!("{} {marks:?}", going.source.fingerprint());
    let journal = Journal::open(&stem.with_extension("journal"), &reading).map_err(disk)?;
    // What stood in the lookback when the cursor was made.
    let head = format!("{:?}\n", marks.cloned().unwrap_or_default());
    let before = fs::read_to_string(stem.with_extension("seen")).unwrap_or_default();
    let before: Option<HashSet<String>> =
        before.strip_prefix(&head).map(|lines| lines.lines().map(str::to_owned).collect());
    let until = Instant::now() + Duration::from_secs(going.source.seconds_max);
    let mut walk = Walk { address, going, store, runtime, journal, before, wants, until, count: 0, window: Vec::new() };
    seen.is_whole = marks.is_none_or(BTreeMap::is_empty);
    let all = [String::new()];
    let prefixes = if going.source.prefixes.is_empty() { &all[..] } else { &going.source.prefixes };
    for prefix in prefixes {
        walk.prefix(prefix, visit, seen)?;
        if !seen.broken.is_empty() {
            return Ok(());
        }
    }
    let after = format!("{:?}\n{}", seen.marks, walk.window.join("\n"));
    fs::write(stem.with_extension("seen"), after).map_err(disk)?;
    drop(alone);
    Ok(())
}

/// The walk over a bucket.
struct Walk<'w> {
    address: &'w Address,
    going: Going<'w>,
    store: Arc<dyn ObjectStore>,
    runtime: tokio::runtime::Runtime,
    journal: Journal,
    /// What was in the lookback before, each with its tag; none where nobody remembers.
    before: Option<HashSet<String>>,
    wants: &'w dyn Fn(&str) -> bool,
    until: Instant,
    count: u64,
    /// What is in the lookback now.
    window: Vec<String>,
}

/// What tells one content of an object from another.
fn tag(object: &ObjectMeta) -> String {
    let changed = object.last_modified.timestamp();
    object
        .e_tag
        .clone()
        .filter(|tag| !tag.trim_matches('"').is_empty())
        .unwrap_or_else(|| format!("{changed}-{}", object.size))
}

impl Walk<'_> {
    /// Visits the objects whose keys begin with a prefix.
    fn prefix(&mut self, prefix: &str, visit: &mut dyn FnMut(Item<'_>), seen: &mut Seen) -> Result<(), PlaceError> {
        let whole = format!("{}{prefix}", self.address.folder());
        let (folder, stem) = whole.rsplit_once('/').unwrap_or(("", &whole));
        let key = |text: &str| Key::parse(text).unwrap_or_else(|_| Key::from(text));
        let (from, last) = (format!("from:{prefix}"), format!("last:{prefix}"));
        let start = self.going.mark(&from).filter(|mark| !mark.is_empty()).map(str::to_owned);
        let read_up_to = self.going.mark(&last).unwrap_or_default().to_owned();
        let start = start.or_else(|| (!stem.is_empty()).then(|| whole.clone()));
        let within = (!folder.is_empty()).then(|| key(folder));
        let mut listing = match &start {
            Some(start) => self.store.list_with_offset(within.as_ref(), &key(start)),
            None => self.store.list(within.as_ref()),
        };
        let mut known: HashSet<String> = HashSet::new();
        let mut newest = String::new();
        let mut ends: VecDeque<(String, i64, String)> = VecDeque::new();
        let mut is_sorted = true;
        loop {
            let mut objects: Vec<(String, ObjectMeta)> = Vec::with_capacity(PAGE);
            let mut is_end = false;
            let mut taken = 0;
            while taken < PAGE {
                let Some(object) = self.runtime.block_on(listing.next()) else {
                    is_end = true;
                    break;
                };
                taken += 1;
                let stops = |error: &object_store::Error| format!("the listing stops: {}", cause(error));
                let object = object.map_err(|error| self.address.fault(&stops(&error)))?;
                let name = object.location.to_string();
                if !known.insert(name.clone()) {
                    let name = crate::taking::short(&name);
                    return Err(self.address.fault(&format!("the listing goes in circles: `{name}` is listed twice")));
                }
                is_sorted &= name > newest;
                newest = name.clone().max(newest);
                if name.starts_with(&whole) {
                    objects.push((name, object));
                }
            }
            self.count += objects.len() as u64;
            if self.count > self.going.bounds.documents_max {
                seen.broken.push((self.address.text().to_owned(), Bound::Documents(self.going.bounds.documents_max)));
                return Ok(());
            }
            if Instant::now() > self.until {
                return Err(self.address.fault("the reading took longer than seconds-max allows"));
            }
            for (name, object) in &objects {
                ends.push_back((name.clone(), object.last_modified.timestamp(), tag(object)));
            }
            self.trim(&mut ends);
            objects.retain(|(name, object)| !self.is_known(name, object, &read_up_to));
            self.read(&objects, visit)?;
            // Keys behind the prefix belong to others.
            if is_end || is_sorted && newest.as_str() > whole.as_str() && !newest.starts_with(&whole) {
                break;
            }
        }
        drop(listing);
        if is_sorted {
            let reached = ends.back().map_or(read_up_to, |(name, ..)| name.clone());
            // The first of them is where the listing begins, and itself not listed.
            let begin = self.begin(&mut ends);
            let start = self.going.mark(&from).unwrap_or_default().to_owned();
            seen.marks.insert(from, begin.unwrap_or(start));
            seen.marks.insert(last, reached);
            self.window.extend(ends.into_iter().map(|(name, _, tag)| format!("{name}\t{tag}")));
        }
        Ok(())
    }

    /// Forgets what is before any lookback.
    fn trim(&self, ends: &mut VecDeque<(String, i64, String)>) {
        if let Lookback::Objects(objects) = self.going.source.lookback {
            let most = usize::try_from(objects).unwrap_or(usize::MAX).saturating_add(1);
            ends.drain(..ends.len().saturating_sub(most));
        }
    }

    /// Where the next listing begins: the key before the lookback, which is taken off.
    fn begin(&self, ends: &mut VecDeque<(String, i64, String)>) -> Option<String> {
        match self.going.source.lookback {
            Lookback::Objects(objects) => {
                let more = ends.len() as u64 > objects;
                more.then(|| ends.pop_front().map(|(name, ..)| name)).flatten()
            }
            Lookback::Seconds(seconds) => {
                let since = self.going.now.unix() - seconds;
                let old = ends.iter().take_while(|(_, changed, _)| *changed < since).count();
                ends.drain(..old).next_back().map(|(name, ..)| name)
            }
        }
    }

    /// Whether an object of the lookback is as it was when it was read.
    fn is_known(&self, name: &str, object: &ObjectMeta, read_up_to: &str) -> bool {
        if name > read_up_to {
            return false;
        }
        match (&self.before, self.going.since) {
            (Some(before), _) => before.contains(&format!("{name}\t{}", tag(object))),
            (None, Some(since)) => object.last_modified.timestamp() < since.time.unix() - CLOCKS,
            (None, None) => false,
        }
    }

    /// Reads objects, as far as they are no longer at hand, and visits them in their order.
    fn read(&mut self, objects: &[(String, ObjectMeta)], visit: &mut dyn FnMut(Item<'_>)) -> Result<(), PlaceError> {
        let disk = |error: io::Error| self.address.fault(&format!("the cache cannot be used: {error}"));
        let size_max = self.going.source.format.document_size_max();
        let named = objects.iter().map(|(name, object)| (&name[self.address.folder().len()..], object));
        let wanted: Vec<(&str, &ObjectMeta)> =
            named.filter(|(name, _)| !is_hidden(name) && (self.wants)(name)).collect();
        for some in wanted.chunks(AT_ONCE) {
            let is_missing = |(name, object): &&(&str, &ObjectMeta)| {
                object.size <= size_max && !self.journal.has(name, &tag(object))
            };
            let missing: Vec<&(&str, &ObjectMeta)> = some.iter().filter(is_missing).collect();
            let store = &self.store;
            let asked = missing.iter().map(|(_, object)| async {
                // What is in its place now may be another size than what was listed.
                let answer = store.get(&object.location).await?;
                if answer.meta.size > size_max { Ok(None) } else { answer.bytes().await.map(Some) }
            });
            let answers: Vec<object_store::Result<_>> = self.runtime.block_on(join_all(asked));
            for ((name, object), answer) in missing.into_iter().zip(answers) {
                let wrong = |error: &object_store::Error| self.address.fault(&format!("{name}: {}", cause(error)));
                match answer {
                    Ok(Some(bytes)) => self.journal.put(name, &tag(object), &bytes).map_err(disk)?,
                    // One that went away between the listing and now is no longer there.
                    Ok(None) | Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => return Err(wrong(&error)),
                }
            }
            for (name, object) in some {
                if object.size > size_max {
                    visit(Item { name: (*name).to_owned(), size: Some(object.size), bytes: Ok(&mut io::empty()) });
                } else if let Some(bytes) = self.journal.get(name, &tag(object)).map_err(disk)? {
                    let size = Some(bytes.len() as u64);
                    visit(Item { name: (*name).to_owned(), size, bytes: Ok(&mut bytes.as_slice()) });
                }
            }
        }
        Ok(())
    }
}
