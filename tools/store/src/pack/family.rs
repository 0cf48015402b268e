//! Objects of one pack with all that they are kept as differences to, and the walk from the bases to them.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use libdeflater::Decompressor;
use rayon::Scope;

use super::delta::{self, Form, Header};
use super::{Kind, Pack, PackBytes, Show};

/// The largest object that is inflated here, be it wanted or only a base.
const OBJECT_MAX: u64 = 64 << 20;
/// How much of a pack is held at once.
const LOADED_MAX: u64 = 1 << 30;
/// How many bytes of bases may wait for what is made of them.
const WAITING_MAX: usize = 512 << 20;
/// Objects that lie this close are read together, with what is between them.
const GAP_MAX: u64 = 64 << 10;
/// How much is read together at most.
const CHUNK_MAX: u64 = 4 << 20;

const NONE: u32 = u32::MAX;

/// One object of the pack.
struct Member {
    /// Its data, deflated: the number of the chunk, and the place in it.
    data: (usize, Range<usize>),
    size: usize,
    origin: Origin,
    /// Which of the wanted it is; several where an id is wanted several times.
    wanted: Range<usize>,
}

enum Origin {
    /// Kept whole, with the number of its type.
    Whole(u8),
    /// Made of the object with this number among the pack's offsets.
    Delta(usize),
}

/// The wanted objects of one pack and their bases.
pub(crate) struct Family {
    chunks: Vec<Vec<u8>>,
    members: Vec<Member>,
    /// For each number among the pack's offsets the number of the member.
    member_of: Vec<u32>,
    /// What was asked for, by place in the pack: number among the offsets, number in the list.
    wanted: Vec<(usize, usize)>,
}

impl Family {
    /// Reads the headers of what is wanted (place in the pack, number in the list), of its bases, of theirs, and so on.
    pub(crate) fn gather(pack: &Pack, wanted: Vec<(u64, usize)>) -> Option<Family> {
        let offsets = pack.offsets()?;
        let number_of = |offset: u64| offsets.binary_search(&offset).ok();
        let mut wanted: Vec<(usize, usize)> =
            wanted.into_iter().filter_map(|(offset, at)| Some((number_of(offset)?, at))).collect();
        wanted.sort_unstable();
        let mut bytes = pack.bytes()?;
        let mut family =
            Family { chunks: Vec::new(), members: Vec::new(), member_of: vec![NONE; offsets.len()], wanted };
        let mut numbers: Vec<usize> = family.wanted.iter().map(|&(number, _)| number).collect();
        let mut loaded = 0;
        while !numbers.is_empty() {
            numbers.sort_unstable();
            numbers.dedup();
            let from = family.members.len();
            loaded += family.load(&mut bytes, offsets, &numbers, |form, offset| match form {
                Form::Whole(kind) => Some(Origin::Whole(kind)),
                Form::DeltaBack(back) => Some(Origin::Delta(number_of(offset.checked_sub(back)?)?)),
                Form::DeltaTo(id) => Some(Origin::Delta(number_of(pack.index.offset_of(&id)?)?)),
            });
            if loaded > LOADED_MAX {
                break;
            }
            let bases = family.members[from..].iter().filter_map(|member| match member.origin {
                Origin::Delta(base) if family.member_of[base] == NONE => Some(base),
                _ => None,
            });
            numbers = bases.collect();
        }
        Some(family)
    }

    /// Loads the objects with these numbers, ascending. Tells how many bytes were read.
    fn load(
        &mut self,
        bytes: &mut PackBytes,
        offsets: &[u64],
        numbers: &[usize],
        origin: impl Fn(Form, u64) -> Option<Origin>,
    ) -> u64 {
        let end = |number: usize| offsets.get(number + 1).copied().unwrap_or(bytes.end).min(bytes.end);
        let extent = |number: usize| offsets[number]..end(number);
        let extents: Vec<(usize, Range<u64>)> = numbers
            .iter()
            .map(|&number| (number, extent(number)))
            .filter(|(_, extent)| extent.end > extent.start && extent.end - extent.start <= OBJECT_MAX)
            .collect();
        let mut loaded = 0;
        let together = |a: &(usize, Range<u64>), b: &(usize, Range<u64>)| b.1.start.saturating_sub(a.1.end) <= GAP_MAX;
        for near in extents.chunk_by(together) {
            let mut rest = near;
            while let Some((_, first)) = rest.first() {
                let start = first.start;
                let count = rest.partition_point(|(_, extent)| extent.end - start <= CHUNK_MAX).max(1);
                let (now, later) = rest.split_at(count);
                rest = later;
                let end = now.last().map_or(start, |(_, extent)| extent.end);
                loaded += end - start;
                let Some(chunk) = (loaded <= LOADED_MAX).then(|| bytes.read(start, end)).flatten() else { continue };
                for (number, extent) in now {
                    let place = (extent.start - start) as usize..(extent.end - start) as usize;
                    let header = Header::read(&chunk[place.clone()]).filter(|header| header.size <= OBJECT_MAX);
                    let known = header.and_then(|header| Some((header, origin(header.form, extent.start)?)));
                    if let Some((header, origin)) = known {
                        self.member_of[*number] = self.members.len() as u32;
                        let data = (self.chunks.len(), place.start + header.len..place.end);
                        let wanted = self.wanted_of(*number);
                        self.members.push(Member { data, size: header.size as usize, origin, wanted });
                    }
                }
                self.chunks.push(chunk);
            }
        }
        loaded
    }

    fn wanted_of(&self, number: usize) -> Range<usize> {
        let from = self.wanted.partition_point(|&(other, _)| other < number);
        let many = self.wanted[from..].iter().take_while(|&&(other, _)| other == number).count();
        from..from + many
    }

    /// Makes everything that can be made, and tells which of the wanted were shown.
    pub(crate) fn read(&self, kind: Kind, limit: usize, show: &Show<'_>) -> Vec<usize> {
        let is_shown = self.wanted.iter().map(|_| AtomicBool::new(false)).collect();
        let walk = Walk {
            family: self,
            children: Children::of(self),
            limit,
            show,
            is_shown,
            tools: Mutex::default(),
            waiting: AtomicUsize::new(0),
        };
        rayon::scope(|scope| {
            for (number, member) in self.members.iter().enumerate() {
                if matches!(member.origin, Origin::Whole(number) if number == kind as u8) {
                    let walk = &walk;
                    scope.spawn(move |scope| walk.descend(scope, number, None));
                }
            }
        });
        let shown = walk.is_shown.iter().zip(&self.wanted).filter(|(shown, _)| shown.load(Ordering::Relaxed));
        shown.map(|(_, &(_, at))| at).collect()
    }
}

/// For each member those made of it.
struct Children {
    from: Vec<u32>,
    members: Vec<u32>,
}

impl Children {
    fn of(family: &Family) -> Children {
        let base_of = |member: &Member| match member.origin {
            Origin::Delta(base) => Some(family.member_of[base]).filter(|&base| base != NONE),
            Origin::Whole(_) => None,
        };
        let mut from = vec![0_u32; family.members.len() + 1];
        family.members.iter().filter_map(base_of).for_each(|base| from[base as usize + 1] += 1);
        for at in 1..from.len() {
            from[at] += from[at - 1];
        }
        let mut next = from.clone();
        let mut members = vec![0; from.last().map_or(0, |&count| count as usize)];
        for (child, member) in family.members.iter().enumerate() {
            if let Some(base) = base_of(member) {
                members[next[base as usize] as usize] = child as u32;
                next[base as usize] += 1;
            }
        }
        Children { from, members }
    }

    fn get(&self, member: usize) -> &[u32] {
        &self.members[self.from[member] as usize..self.from[member + 1] as usize]
    }
}

/// A walk from the objects kept whole to everything made of them.
struct Walk<'w> {
    family: &'w Family,
    children: Children,
    limit: usize,
    show: &'w Show<'w>,
    is_shown: Vec<AtomicBool>,
    tools: Mutex<Vec<Tools>>,
    waiting: AtomicUsize,
}

/// What a thread needs for inflating, kept for the next one.
struct Tools {
    inflate: Decompressor,
    delta: Vec<u8>,
    leaf: Vec<u8>,
}

/// A base that waits for what is made of it.
struct Waiting<'w> {
    bytes: Vec<u8>,
    total: &'w AtomicUsize,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

impl<'w> Walk<'w> {
    /// Makes a member and what is made of it. Chains can be long, so that there is no recursion: one branch is gone
    /// along, the others are left to whoever has time.
    fn descend<'s>(&'s self, scope: &Scope<'s>, mut member: usize, mut base: Option<Arc<Waiting<'s>>>)
    where
        'w: 's,
    {
        let mut tools = self.take_tools();
        loop {
            let mut bytes = Vec::new();
            let from = base.as_ref().map(|base| base.bytes.as_slice());
            if self.make(&mut tools, member, from, &mut bytes).is_none() {
                break;
            }
            self.show(member, &bytes);
            let waiting = self.waiting.fetch_add(bytes.len(), Ordering::Relaxed);
            let made = Arc::new(Waiting { bytes, total: &self.waiting });
            if waiting > WAITING_MAX {
                break;
            }
            let mut along = None;
            for &child in self.children.get(member) {
                let child = child as usize;
                if self.children.get(child).is_empty() {
                    let mut leaf = std::mem::take(&mut tools.leaf);
                    if self.make(&mut tools, child, Some(&made.bytes), &mut leaf).is_some() {
                        self.show(child, &leaf);
                    }
                    tools.leaf = leaf;
                } else if let Some(other) = along.replace(child) {
                    let made = Arc::clone(&made);
                    scope.spawn(move |scope| self.descend(scope, other, Some(made)));
                }
            }
            let Some(child) = along else { break };
            (member, base) = (child, Some(made));
        }
        if let Ok(mut kept) = self.tools.lock() {
            kept.push(tools);
        }
    }

    fn take_tools(&self) -> Tools {
        let kept = self.tools.lock().ok().and_then(|mut kept| kept.pop());
        kept.unwrap_or_else(|| Tools { inflate: Decompressor::new(), delta: Vec::new(), leaf: Vec::new() })
    }

    fn make(&self, tools: &mut Tools, member: usize, base: Option<&[u8]>, out: &mut Vec<u8>) -> Option<()> {
        let Member { data: (chunk, place), size, .. } = &self.family.members[member];
        let data = &self.family.chunks[*chunk][place.clone()];
        let Some(base) = base else { return inflate(&mut tools.inflate, data, *size, out) };
        inflate(&mut tools.inflate, data, *size, &mut tools.delta)?;
        delta::result_size(&tools.delta).filter(|&size| size <= OBJECT_MAX)?;
        delta::apply(base, &tools.delta, out)
    }

    fn show(&self, member: usize, bytes: &[u8]) {
        if bytes.len() > self.limit {
            return;
        }
        for at in self.family.members[member].wanted.clone() {
            (self.show)(self.family.wanted[at].1, bytes);
            self.is_shown[at].store(true, Ordering::Relaxed);
        }
    }
}

fn inflate(tool: &mut Decompressor, data: &[u8], size: usize, out: &mut Vec<u8>) -> Option<()> {
    out.resize(size, 0);
    (tool.zlib_decompress(data, out).ok()? == size).then_some(())
}
