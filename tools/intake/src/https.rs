//! Sources over HTTPS: one file, or an index of records as osv.dev has it (`modified_id.csv`) with the records beside it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::join_all;
use osv_schema::Timestamp;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_NONE_MATCH, IF_RANGE, RANGE};
use reqwest::{Response, StatusCode, Url};

use crate::bounds::Bound;
use crate::folder::is_hidden;
use crate::journal::Journal;
use crate::place::{Going, Seen, read_file};
use crate::remote::{self, Client, REMEDY, Trouble, cut, header};
use crate::taking::short;
use crate::{Item, PlaceError, Unread};

/// The name of an index of records.
const INDEX: &str = "modified_id.csv";
/// How many records are asked for at once.
const AT_ONCE: usize = 16;

/// Visits what an address leads to.
pub(crate) fn visit(
    text: &str,
    going: Going<'_>,
    wants: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(Item<'_>),
    seen: &mut Seen,
) -> Result<(), PlaceError> {
    let url = remote::check(text)?;
    let client = Client::new(&url, going.source)?;
    let fault = |reason: String| PlaceError::new(text, &reason, REMEDY);
    let kept = Kept::open(text, going.cache(text)?).map_err(|error| fault(error.to_string()))?;
    let known = going.since.and_then(|cursor| cursor.marks.get("etag")).map(String::as_str);
    let fetched = client.run(kept.fetch(&client, &url, known, going.source.download_max));
    let Some(tag) = fetched.map_err(|trouble| fault(trouble.message()))? else {
        seen.is_whole = false;
        seen.marks = going.since.map(|cursor| cursor.marks.clone()).unwrap_or_default();
        return Ok(());
    };
    if !tag.is_empty() {
        seen.marks.insert("etag".to_owned(), tag);
    }
    let last = url.path_segments().and_then(|mut parts| parts.next_back()).filter(|last| !last.is_empty());
    let name = last.unwrap_or("index").to_owned();
    if name == INDEX {
        return Index { url: &url, client: &client, going, kept: &kept }.visit(wants, visit, seen);
    }
    read_file(&name, &kept.path("file"), going.bounds, wants, visit, seen)
}

/// What was fetched of one address, and what was begun.
struct Kept {
    stem: PathBuf,
    /// Nobody else fetches it meanwhile; the lock goes away with the file, or with us.
    _alone: File,
}

impl Kept {
    fn open(address: &str, cache: &Path) -> io::Result<Kept> {
        fs::create_dir_all(cache)?;
        let stem = cache.join(&curate::sha256_hex(address.as_bytes())[..24]);
        let alone = File::create(stem.with_extension("lock"))?;
        alone.lock()?;
        Ok(Kept { stem, _alone: alone })
    }

    fn path(&self, kind: &str) -> PathBuf {
        self.stem.with_extension(kind)
    }

    /// Has all of it be fetched anew.
    fn forget(&self) {
        for kind in ["file", "file-tag", "part", "part-tag"] {
            let _ = fs::remove_file(self.path(kind));
        }
    }

    fn tag(&self, kind: &str) -> Option<String> {
        fs::read_to_string(self.path(kind)).ok().filter(|tag| !tag.is_empty())
    }

    /// Fetches the file, from where it was left off. None where it is still as it was known; else its tag, which is empty
    /// where the server gives none.
    async fn fetch(
        &self,
        client: &Client,
        url: &Url,
        known: Option<&str>,
        size_max: u64,
    ) -> Result<Option<String>, Trouble> {
        // What was fetched and never came into the tree need not be fetched again.
        let at_hand = self.tag("file-tag").filter(|tag| self.path("file").is_file() && Some(tag.as_str()) != known);
        let asked = at_hand.as_deref().or(known);
        let done = client.again(|| self.attempt(client, url, asked, size_max)).await?;
        Ok(match done {
            None if at_hand.is_some() => at_hand,
            Some(tag) if !tag.is_empty() && Some(tag.as_str()) == known => None,
            done => done,
        })
    }

    async fn attempt(
        &self,
        client: &Client,
        url: &Url,
        known: Option<&str>,
        size_max: u64,
    ) -> Result<Option<String>, (Trouble, Option<Duration>)> {
        let (part, part_tag) = (self.path("part"), self.path("part-tag"));
        let disk = |error: io::Error| (Trouble::Final(format!("the cache cannot be written: {error}")), None);
        let again = |reason: String| {
            // What there is of it is of no use: begin anew.
            let _ = fs::remove_file(&part);
            (Trouble::Gone(reason), None)
        };
        let begun = self.tag("part-tag").as_deref().and_then(header);
        let have = begun.as_ref().and_then(|_| fs::metadata(&part).ok()).map_or(0, |about| about.len());
        let mut headers = HeaderMap::new();
        match (begun, known.and_then(header)) {
            (Some(tag), _) if have > 0 => {
                headers.insert(IF_RANGE, tag);
                headers.extend(header(&format!("bytes={have}-")).map(|range| (RANGE, range)));
            }
            (_, Some(tag)) => drop(headers.insert(IF_NONE_MATCH, tag)),
            _ => {}
        }
        let mut answer = client.ask(url, headers).await?;
        let (mut got, of) = match answer.status() {
            StatusCode::NOT_MODIFIED => return Ok(None),
            StatusCode::OK => (0, answer.content_length()),
            StatusCode::PARTIAL_CONTENT => match range_of(&answer) {
                Some((from, of)) if from == have => (have, of),
                _ => return Err(again("the server sent other bytes than those it was asked for".into())),
            },
            StatusCode::RANGE_NOT_SATISFIABLE => {
                return Err(again(format!("the server has no bytes from {have} on")));
            }
            other => return Err((Trouble::Final(format!("the server says {other}")), None)),
        };
        let too_large = |size: u64| {
            (Trouble::Final(format!("the file has {size} bytes or more, and download-max allows {size_max}")), None)
        };
        if of.is_some_and(|of| of > size_max) {
            return Err(too_large(of.unwrap_or_default()));
        }
        let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
        if got == 0 {
            // Only a strong tag says that the bytes are the same.
            let strong = if tag.starts_with("W/") { "" } else { tag.as_str() };
            fs::write(&part_tag, strong).map_err(disk)?;
        }
        let mut file = OpenOptions::new().create(true).write(true).truncate(got == 0).append(got > 0).open(&part);
        let file = file.as_mut().map_err(|error| disk(io::Error::other(error.to_string())))?;
        loop {
            client.check_time().map_err(|trouble| (trouble, None))?;
            let chunk = answer.chunk().await.map_err(|error| (cut(&error, got, of), None))?;
            let Some(chunk) = chunk else { break };
            got += chunk.len() as u64;
            if got > size_max {
                return Err(too_large(got));
            }
            file.write_all(&chunk).map_err(disk)?;
        }
        if let Some(of) = of.filter(|of| *of != got) {
            return Err(again(format!("the server sent {got} bytes and said that there are {of}")));
        }
        fs::rename(&part, self.path("file")).map_err(disk)?;
        fs::write(self.path("file-tag"), &tag).map_err(disk)?;
        Ok(Some(tag))
    }
}

/// From where on a part of a file is, and how large all of it is.
fn range_of(answer: &Response) -> Option<(u64, Option<u64>)> {
    let range = answer.headers().get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
    let (part, of) = range.split_once('/')?;
    Some((part.split_once('-')?.0.parse().ok()?, of.parse().ok()))
}

/// An index of records and what is beside it.
struct Index<'i> {
    url: &'i Url,
    client: &'i Client,
    going: Going<'i>,
    kept: &'i Kept,
}

impl Index<'_> {
    fn visit(
        &self,
        wants: &dyn Fn(&str) -> bool,
        visit: &mut dyn FnMut(Item<'_>),
        seen: &mut Seen,
    ) -> Result<(), PlaceError> {
        let fault = |reason: String| PlaceError::new(self.url.as_str(), &reason, REMEDY);
        let disk = |error: io::Error| fault(format!("the cache cannot be used: {error}"));
        let index = fs::read_to_string(self.kept.path("file")).map_err(|error| fault(error.to_string()))?;
        // Where the last line does not end it may be less than it was.
        let last = index.lines().last().filter(|_| !index.ends_with('\n')).unwrap_or_default();
        let is_cut = !last.trim().is_empty() && row(last).is_none();
        let open = row(last).map(|(_, name)| name);
        let cut = || {
            self.kept.forget();
            fault(format!("the index stops in the middle of line {}: `{}`", index.lines().count(), short(last)))
        };
        if is_cut {
            return Err(cut());
        }
        let mut rows: BTreeMap<String, Timestamp> = BTreeMap::new();
        let mut told = |number: usize, reason: String| {
            let name = format!("{INDEX}:{}", number + 1);
            visit(Item { name, size: None, bytes: Err(Unread::System(reason)) });
        };
        let is_ahead = |time: Timestamp| curate::is_ahead(time, self.going.now);
        for (number, line) in index.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match row(line) {
                Some((time, name)) => {
                    if is_ahead(time) {
                        told(number, format!("the line is dated {time}, more than a day ahead; give it its own time"));
                    }
                    let newest = rows.entry(name).or_insert(time);
                    *newest = time.max(*newest);
                }
                None => told(number, "the line is no time and id with a comma between them".to_owned()),
            }
            if rows.len() as u64 > self.going.bounds.documents_max {
                seen.broken.push((INDEX.to_owned(), Bound::Documents(self.going.bounds.documents_max)));
                return Ok(());
            }
        }
        // Those of the very time were there before, or came just behind it.
        let since: Option<Timestamp> = self.going.mark("modified").and_then(|mark| mark.parse().ok());
        seen.is_whole = since.is_none();
        // What is dated ahead is read and leads nowhere: everything that comes until then would be older.
        let newest = rows.values().copied().filter(|time| !is_ahead(*time)).max().or(since);
        if let Some(newest) = newest {
            seen.marks.insert("modified".to_owned(), newest.to_string());
        }
        // What the index had when the cursor was made; what comes later may be dated before that.
        let before = fs::read_to_string(self.kept.path("seen")).unwrap_or_default();
        let head = |marks: &BTreeMap<String, String>| format!("{marks:?}\n");
        let marks = self.going.since.map(|since| &since.marks);
        let before: Option<HashSet<&str>> =
            marks.and_then(|marks| before.strip_prefix(&head(marks))).map(|lines| lines.lines().collect());
        let is_due = |name: &str, time: Timestamp| match (&before, since) {
            (Some(before), Some(since)) => {
                time >= since || !before.contains(seen_line(name, &time.to_string()).as_str())
            }
            (None, Some(since)) => time >= since,
            (_, None) => true,
        };
        let due = rows.iter().filter(|(name, time)| is_due(name, **time) && wants(name) && !is_hidden(name));
        let due: Vec<(String, String)> = due.map(|(name, time)| (name.clone(), time.to_string())).collect();
        let reading = format!("{} {:?}", self.going.source.fingerprint(), self.going.since.map(|since| &since.marks));
        let mut journal = Journal::open(&self.kept.path("journal"), &reading).map_err(disk)?;
        let size_max = self.going.source.format.document_size_max();
        let mut behind: Option<Timestamp> = None;
        let mut refused: BTreeSet<String> = BTreeSet::new();
        for some in due.chunks(AT_ONCE) {
            let missing: Vec<&(String, String)> = some.iter().filter(|(name, tag)| !journal.has(name, tag)).collect();
            let asked = missing.iter().map(|(name, _)| self.client.small(self.beside(name), size_max));
            let answers = self.client.run(join_all(asked));
            let mut trouble = None;
            for ((name, tag), answer) in missing.into_iter().zip(answers) {
                match answer {
                    Ok(bytes) => journal.put(name, tag, &bytes).map_err(disk)?,
                    Err(Trouble::Refused(_)) if open.as_ref() == Some(name) => return Err(cut()),
                    Err(Trouble::Refused(status)) => {
                        refused.insert(name.clone());
                        behind = behind.into_iter().chain(tag.parse().ok()).min();
                        let reason = Unread::System(format!("the server says {status}"));
                        visit(Item { name: name.clone(), size: None, bytes: Err(reason) });
                    }
                    Err(other) => trouble = trouble.or(Some(format!("{name}: {}", other.message()))),
                }
            }
            if let Some(trouble) = trouble {
                return Err(fault(trouble));
            }
            for (name, tag) in some.iter().filter(|(name, _)| !refused.contains(name)) {
                if let Some(bytes) = journal.get(name, tag).map_err(disk)? {
                    let size = Some(bytes.len() as u64);
                    visit(Item { name: name.clone(), size, bytes: Ok(&mut bytes.as_slice()) });
                }
            }
        }
        if let Some(behind) = behind {
            // What the server does not have yet is asked for again, also where the index stays as it is.
            seen.marks.remove("etag");
            if newest.is_some_and(|newest| behind < newest) {
                seen.marks.insert("modified".to_owned(), behind.to_string());
            }
        }
        let there = rows.iter().filter(|(name, _)| !refused.contains(*name));
        let lines: Vec<String> = there.map(|(name, time)| seen_line(name, &time.to_string())).collect();
        fs::write(self.kept.path("seen"), head(&seen.marks) + &lines.join("\n")).map_err(disk)?;
        Ok(())
    }

    /// The address of a record.
    fn beside(&self, name: &str) -> Url {
        let mut url = self.url.clone();
        url.set_query(None);
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop().extend(name.split('/'));
        }
        url
    }
}

/// How a row of the index is remembered.
fn seen_line(name: &str, time: &str) -> String {
    format!("{name}\t{time}")
}

/// One line of the index: when a record last changed, and the name of its file.
fn row(line: &str) -> Option<(Timestamp, String)> {
    let (time, id) = line.trim().split_once(',')?;
    let is_part = |part: &str| !part.is_empty() && part != "." && part != "..";
    let is_plain = !id.chars().any(|c| c.is_control() || c == '\\') && id.split('/').all(is_part);
    is_plain.then_some((time.parse().ok()?, format!("{id}.json")))
}
