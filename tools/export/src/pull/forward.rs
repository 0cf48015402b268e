//! An older release brought forward: its records and what the deltas say of them make most files of the new one, which
//! need not come over then. What is made is held to the manifest like all else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use database::{BlobId, Content, Contents, Entry, ReadError, Snapshot, TreePath, Visit};
use rayon::prelude::*;

use crate::body::{Body, Inflater};
use crate::delta::{self, Gone, IndexV1};
use crate::manifest::Manifest;
use crate::pull::fetch::fetch;
use crate::pull::place::Place;
use crate::unzip::Archive;
use crate::verify::sha256_of;
use crate::{Blocking, CommitFacts, Error, Input, Target, write};

/// Where the files are made, inside the release that grows.
const ROOM: &str = ".forward";
const ARCHIVE: &str = "all.zip";

/// Makes what can be made of the files that are wanted, and gives back those that were. Where it does not pay, or something
/// is not as it should be, there are none: they come over like all others.
pub(super) fn bring_forward(
    place: &Place,
    there: &Manifest,
    here: &Manifest,
    (out, new): (&Path, &Path),
    wanted: &BTreeSet<&str>,
) -> Result<BTreeSet<String>, Error> {
    let Some(chain) = chain(place, there, here, (out, new), wanted)? else { return Ok(BTreeSet::new()) };
    let made = make(there, &chain, (out, new));
    let room = new.join(ROOM);
    let taken = made.and_then(|made| {
        let is_right =
            |path: &&String| wanted.contains(path.as_str()) && there.files.get(*path) == made.files.get(*path);
        let right: BTreeSet<String> = made.files.keys().filter(is_right).cloned().collect();
        for path in &right {
            let into = new.join(path);
            if let Some(folder) = into.parent() {
                fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
            }
            fs::rename(room.join(path), &into).map_err(Error::io("write", &into))?;
        }
        Ok(right)
    });
    match fs::remove_dir_all(&room) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::io("remove", &room)(error)),
        _ => {}
    }
    // What cannot be made comes over.
    Ok(taken.unwrap_or_default())
}

/// The deltas from the release here to the one there, fetched, the oldest first, as the paths of their files without the
/// extension; none where there are none, or where they are no gain.
fn chain(
    place: &Place,
    there: &Manifest,
    here: &Manifest,
    (out, new): (&Path, &Path),
    wanted: &BTreeSet<&str>,
) -> Result<Option<Vec<String>>, Error> {
    let (Some(from), Some(to), Some(facts)) = (&here.commit, &there.commit, there.files.get(delta::INDEX)) else {
        return Ok(None);
    };
    let archive = here.files.get(ARCHIVE);
    let is_whole = |facts: &crate::FileFacts| sha256_of(&out.join(ARCHIVE)).ok().as_ref() == Some(&facts.sha256);
    // Another tool may write other bytes.
    if here.tool != there.tool || from == to || !wanted.contains(ARCHIVE) || !archive.is_some_and(is_whole) {
        return Ok(None);
    }
    fetch_once(place, delta::INDEX, facts, new)?;
    let bytes = fs::read(new.join(delta::INDEX)).map_err(Error::io("read", new.join(delta::INDEX)))?;
    let Ok(index) = serde_json::from_slice::<IndexV1>(&bytes) else { return Ok(None) };
    let (mut chain, mut next, mut size) = (Vec::new(), to, 0);
    for delta in &index.deltas {
        let Some(zip) = delta.zip.as_ref().filter(|_| delta.to == *next) else { return Ok(None) };
        let Some(stem) = zip.strip_suffix(".zip") else { return Ok(None) };
        let files = ["json", "zip"].map(|extension| there.files.get(&format!("{stem}.{extension}")));
        let [Some(json), Some(zip)] = files else { return Ok(None) };
        size += json.size + zip.size;
        chain.push(stem.to_owned());
        next = &delta.from;
        if next == from {
            break;
        }
    }
    if next != from || size >= there.files.get(ARCHIVE).map_or(0, |facts| facts.size) {
        return Ok(None);
    }
    chain.reverse();
    let files: Vec<String> =
        chain.iter().flat_map(|stem| ["json", "zip"].map(|extension| format!("{stem}.{extension}"))).collect();
    files.par_iter().with_max_len(1).try_for_each(|path| match there.files.get(path) {
        Some(facts) => fetch_once(place, path, facts, new),
        None => Ok(()),
    })?;
    Ok(Some(chain))
}

fn fetch_once(place: &Place, path: &str, facts: &crate::FileFacts, new: &Path) -> Result<(), Error> {
    if new.join(path).exists() { Ok(()) } else { fetch(place, path, facts, new) }
}

/// Makes the release again from the records.
fn make(there: &Manifest, chain: &[String], (out, new): (&Path, &Path)) -> Result<Manifest, Error> {
    let bodies = bodies(chain, (out, new)).map_err(Error::io("read", out.join(ARCHIVE)))?;
    let mut entries = Vec::with_capacity(bodies.len());
    let mut by_path = BTreeMap::new();
    for (id, body) in bodies {
        let path = TreePath::new(format!("osv/malicious/x/{id}.json"));
        let path = path.map_err(|error| Error::History(error.to_string()))?;
        entries.push(Entry { path: path.clone(), content: Content::Blob(BlobId([0; 20])) });
        by_path.insert(path, body);
    }
    let snapshot = Snapshot::new(None, entries, Arc::new(Records(by_path)));
    let commit = CommitFacts {
        id: there.commit.clone().unwrap_or_default(),
        tree: there.tree.clone().unwrap_or_default(),
        time: there.time.as_deref().and_then(|time| time.parse().ok()).unwrap_or(osv_schema::Timestamp::EPOCH),
        sequence: there.sequence.unwrap_or_default(),
        parent: there.parent.clone(),
    };
    const MADE: [Target; 5] = [Target::Zip, Target::Tar, Target::Ndjson, Target::Records, Target::Bundle];
    let is_wanted = |target: &Target| there.targets.iter().any(|name| name == target.name());
    let room = new.join(ROOM);
    fs::create_dir(&room).map_err(Error::io("create", &room))?;
    let input = Input {
        snapshot: &snapshot,
        commit: Some(commit),
        history: None,
        held: &there.held,
        listed: None,
        home: None,
        // None of the targets that are made is a list.
        blocking: Blocking::default(),
        targets: MADE.into_iter().filter(is_wanted).collect(),
        tool: &there.tool,
        licence: &there.licence,
    };
    write(&input, &room, &|_| {})
}

/// The records of the new release, by id.
fn bodies(chain: &[String], (out, new): (&Path, &Path)) -> io::Result<BTreeMap<String, Body>> {
    let read = |bodies: &mut BTreeMap<String, Body>, path: &Path| {
        Archive::open(path)?
            .records()
            .try_for_each(|record| record.map(|record| drop(bodies.insert(record.id.to_owned(), record.body))))
    };
    let mut bodies = BTreeMap::new();
    read(&mut bodies, &out.join(ARCHIVE))?;
    for stem in chain {
        let gone: Gone = serde_json::from_slice(&fs::read(new.join(format!("{stem}.json")))?)?;
        gone.ids().for_each(|id| drop(bodies.remove(&id)));
        read(&mut bodies, &new.join(format!("{stem}.zip")))?;
    }
    Ok(bodies)
}

/// Records as the contents of a snapshot.
struct Records(BTreeMap<TreePath, Body>);

impl Contents for Records {
    fn read(&self, wanted: &[&Entry], visit: &Visit<'_>) {
        let each = wanted.par_iter().enumerate().with_min_len(64);
        each.for_each_init(
            || (Inflater::new(), Vec::new()),
            |(inflater, text), (at, entry)| {
                text.clear();
                let read = match self.0.get(&entry.path) {
                    Some(body) => inflater.inflate(body, text).map_err(|error| error.to_string()),
                    None => Err("it is in no archive".to_owned()),
                };
                match read {
                    Ok(()) => visit(at, Ok(text)),
                    Err(reason) => visit(at, Err(ReadError::of_system(&entry.path, reason))),
                }
            },
        );
    }
}
