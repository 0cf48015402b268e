//! Objects of one pack with all that they are kept as differences to, and the walk from the bases to them.

use std::ops::Range;

use libdeflater::Decompressor;

use super::delta::{self, Form, Header};
use super::{Kind, Pack, PackBytes, Show, Wanted};

/// The largest object that is inflated here, be it wanted or only a base.
const OBJECT_MAX: u64 = 64 << 20;
/// How much of a pack is held at once for one family.
const LOADED_MAX: u64 = 1 << 30;
/// How many bytes of bases may wait for what is made of them.
const WAITING_MAX: usize = 256 << 20;
/// Objects that lie this close are read together, with what is between them.
const GAP_MAX: u64 = 16 << 10;
/// How much is read together at most.
const CHUNK_MAX: u64 = 1 << 20;

const NONE: u32 = u32::MAX;

/// One object of the pack.
struct Member {
    /// Its data, deflated: the number of the chunk, and the place in it.
    chunk: u32,
    data: Range<u32>,
    size: u32,
    origin: Origin,
    /// Which of the wanted it is; several where an id is wanted several times.
    wanted: Range<u32>,
}

enum Origin {
    /// Kept whole, with the number of its type.
    Whole(u8),
    /// Made of the object with this number among the pack's offsets.
    Delta(u32),
}

/// Some wanted objects of one pack and their bases.
pub(super) struct Family<'p> {
    wanted: &'p [Wanted],
    chunks: Vec<Vec<u8>>,
    members: Vec<Member>,
    /// Each member by its number among the pack's offsets: that number, and the number of the member.
    by_number: Vec<(u32, u32)>,
}

impl<'p> Family<'p> {
    /// Reads the headers of what is wanted, sorted by place, of its bases, of theirs, and so on.
    pub(super) fn gather(pack: &Pack, wanted: &'p [Wanted]) -> Option<Family<'p>> {
        let offsets = pack.offsets()?;
        let mut bytes = pack.bytes()?;
        let mut family = Family { wanted, chunks: Vec::new(), members: Vec::new(), by_number: Vec::new() };
        let mut numbers: Vec<u32> = Vec::with_capacity(wanted.len());
        let mut near = 0;
        for object in wanted {
            near = number_of(offsets, object.offset, near)?;
            numbers.push(near as u32);
        }
        numbers.dedup();
        let mut loaded = 0;
        while !numbers.is_empty() {
            let from = family.members.len();
            loaded += family.load(pack, &mut bytes, offsets, &numbers);
            if loaded > LOADED_MAX {
                break;
            }
            family.by_number.sort();
            let bases = family.members[from..].iter().filter_map(|member| match member.origin {
                Origin::Delta(base) if family.member_at(base).is_none() => Some(base),
                _ => None,
            });
            numbers = bases.collect();
            numbers.sort_unstable();
            numbers.dedup();
        }
        Some(family)
    }

    fn member_at(&self, number: u32) -> Option<u32> {
        let at = self.by_number.binary_search_by_key(&number, |&(number, _)| number).ok()?;
        Some(self.by_number[at].1)
    }

    /// Loads the objects with these numbers, ascending. Tells how many bytes were read.
    fn load(&mut self, pack: &Pack, bytes: &mut PackBytes, offsets: &[u64], numbers: &[u32]) -> u64 {
        let end = |number: usize| offsets.get(number + 1).copied().unwrap_or(bytes.end).min(bytes.end);
        let extents: Vec<(u32, Range<u64>)> = numbers
            .iter()
            .map(|&number| (number, offsets[number as usize]..end(number as usize)))
            .filter(|(_, extent)| extent.end > extent.start && extent.end - extent.start <= OBJECT_MAX)
            .collect();
        let mut loaded = 0;
        let together = |a: &(u32, Range<u64>), b: &(u32, Range<u64>)| b.1.start.saturating_sub(a.1.end) <= GAP_MAX;
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
                    if let Some(member) = self.member(pack, offsets, &chunk, start, *number, extent) {
                        self.by_number.push((*number, self.members.len() as u32));
                        self.members.push(member);
                    }
                }
                self.chunks.push(chunk);
            }
        }
        loaded
    }

    /// The object that lies at `extent`, in a chunk that begins at `start`.
    fn member(
        &self,
        pack: &Pack,
        offsets: &[u64],
        chunk: &[u8],
        start: u64,
        number: u32,
        extent: &Range<u64>,
    ) -> Option<Member> {
        let place = (extent.start - start) as usize..(extent.end - start) as usize;
        let header = Header::read(&chunk[place.clone()]).filter(|header| header.size <= OBJECT_MAX)?;
        let base = |offset: u64| number_of(offsets, offset, number as usize).map(|base| Origin::Delta(base as u32));
        let origin = match header.form {
            Form::Whole(kind) => Origin::Whole(kind),
            Form::DeltaBack(back) => base(extent.start.checked_sub(back)?)?,
            Form::DeltaTo(id) => base(pack.index.offset_of(&id)?)?,
        };
        let from = self.wanted.partition_point(|object| object.offset < extent.start);
        let many = self.wanted[from..].iter().take_while(|object| object.offset == extent.start).count();
        Some(Member {
            chunk: self.chunks.len() as u32,
            data: (place.start + header.len) as u32..place.end as u32,
            size: header.size as u32,
            origin,
            wanted: from as u32..(from + many) as u32,
        })
    }

    /// Makes everything that can be made, and tells which of the wanted were shown.
    pub(super) fn read(&self, kind: Kind, limit: usize, show: &Show<'_>) -> Vec<usize> {
        let mut walk = Walk {
            family: self,
            children: Children::of(self),
            limit,
            show,
            shown: Vec::with_capacity(self.wanted.len()),
            inflate: Decompressor::new(),
            delta: Vec::new(),
            spare: Vec::new(),
            waiting: 0,
        };
        for (number, member) in self.members.iter().enumerate() {
            if matches!(member.origin, Origin::Whole(number) if number == kind as u8) {
                walk.descend(number as u32);
            }
        }
        walk.shown
    }
}

/// Which of the ascending offsets it is. Looked for from `near` on in growing steps: objects that belong together lie
/// together.
fn number_of(offsets: &[u64], offset: u64, near: usize) -> Option<usize> {
    let mut step = 1;
    let (mut low, mut high) = (near, near);
    if offsets.get(near).is_some_and(|&at| at <= offset) {
        while offsets.get(high).is_some_and(|&at| at <= offset) {
            (low, high) = (high, high + step);
            step *= 2;
        }
    } else {
        while low > 0 && offsets.get(low).is_none_or(|&at| at > offset) {
            (low, high) = (low.saturating_sub(step), low);
            step *= 2;
        }
    }
    let high = offsets.len().min(high + 1);
    offsets.get(low..high)?.binary_search(&offset).ok().map(|at| low + at)
}

/// For each member those made of it.
struct Children {
    from: Vec<u32>,
    members: Vec<u32>,
}

impl Children {
    fn of(family: &Family<'_>) -> Children {
        let base_of = |member: &Member| match member.origin {
            Origin::Delta(base) => family.member_at(base).unwrap_or(NONE),
            Origin::Whole(_) => NONE,
        };
        let bases: Vec<u32> = family.members.iter().map(base_of).collect();
        let mut from = vec![0_u32; family.members.len() + 1];
        bases.iter().filter(|&&base| base != NONE).for_each(|&base| from[base as usize + 1] += 1);
        for at in 1..from.len() {
            from[at] += from[at - 1];
        }
        let mut next = from.clone();
        let mut members = vec![0; from.last().map_or(0, |&count| count as usize)];
        for (child, &base) in bases.iter().enumerate().filter(|&(_, &base)| base != NONE) {
            members[next[base as usize] as usize] = child as u32;
            next[base as usize] += 1;
        }
        Children { from, members }
    }

    /// Where those made of a member stand in the list.
    fn of_member(&self, member: u32) -> Range<u32> {
        self.from[member as usize]..self.from[member as usize + 1]
    }
}

/// A walk from the objects kept whole to everything made of them.
struct Walk<'w> {
    family: &'w Family<'w>,
    children: Children,
    limit: usize,
    show: &'w Show<'w>,
    shown: Vec<usize>,
    inflate: Decompressor,
    delta: Vec<u8>,
    /// Room for objects, kept for the next ones.
    spare: Vec<Vec<u8>>,
    /// How many bytes wait.
    waiting: usize,
}

/// An object and what is still to be made of it.
struct Base {
    bytes: Vec<u8>,
    children: Range<u32>,
}

impl Walk<'_> {
    /// Makes a member and all that is made of it. Chains can be long, so that there is no recursion.
    fn descend(&mut self, root: u32) {
        let mut bases: Vec<Base> = Vec::new();
        let mut member = root;
        loop {
            let mut bytes = self.spare.pop().unwrap_or_default();
            let children = self.children.of_member(member);
            let is_made = self.make(member, bases.last().map(|base| base.bytes.as_slice()), &mut bytes).is_some();
            if is_made {
                self.show(member, &bytes);
            }
            // A base whose last child this was waits no longer.
            while bases.last().is_some_and(|base| base.children.is_empty()) {
                self.give_back(bases.pop());
            }
            if is_made && !children.is_empty() && self.waiting <= WAITING_MAX {
                self.waiting += bytes.len();
                bases.push(Base { bytes, children });
            } else {
                self.spare.push(bytes);
            }
            let Some(base) = bases.last_mut() else { return };
            member = self.children.members[base.children.start as usize];
            base.children.start += 1;
        }
    }

    fn give_back(&mut self, base: Option<Base>) {
        if let Some(Base { bytes, .. }) = base {
            self.waiting -= bytes.len();
            self.spare.push(bytes);
        }
    }

    fn make(&mut self, member: u32, base: Option<&[u8]>, out: &mut Vec<u8>) -> Option<()> {
        let Member { chunk, data, size, .. } = &self.family.members[member as usize];
        let data = &self.family.chunks[*chunk as usize][data.start as usize..data.end as usize];
        let Some(base) = base else { return inflate(&mut self.inflate, data, *size as usize, out) };
        inflate(&mut self.inflate, data, *size as usize, &mut self.delta)?;
        delta::result_size(&self.delta).filter(|&size| size <= OBJECT_MAX)?;
        delta::apply(base, &self.delta, out)
    }

    fn show(&mut self, member: u32, bytes: &[u8]) {
        if bytes.len() > self.limit {
            return;
        }
        let Range { start, end } = self.family.members[member as usize].wanted;
        for object in &self.family.wanted[start as usize..end as usize] {
            (self.show)(object.at as usize, bytes);
            self.shown.push(object.at as usize);
        }
    }
}

fn inflate(tool: &mut Decompressor, data: &[u8], size: usize, out: &mut Vec<u8>) -> Option<()> {
    out.resize(size, 0);
    (tool.zlib_decompress(data, out).ok()? == size).then_some(())
}
