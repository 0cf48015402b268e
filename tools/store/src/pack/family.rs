//! Objects of one pack with all that they are kept as differences to, and the walk from the bases to them.

use std::ops::Range;

use libdeflater::Decompressor;
use rayon::prelude::*;

use super::delta::{self, Form, Header};
use super::{Kind, Pack, Show, TRAILER, Wanted};

/// The largest object that is inflated here, be it wanted or only a base.
const OBJECT_MAX: u64 = 64 << 20;
/// How many bytes of bases may wait for what is made of them, in each thread.
const WAITING_MAX: usize = 256 << 20;
/// Into how many parts work is cut for each thread, so that none waits long for the last one.
const PARTS: usize = 16;
/// How many objects are worth a part.
const PART_MIN: usize = 128;

const NONE: u32 = u32::MAX;

/// One object that is to be read: where it begins, and which of the wanted it is.
#[derive(Clone)]
struct Request {
    offset: u64,
    wanted: Range<u32>,
}

/// One object of the pack.
struct Member {
    /// Its number among the pack's offsets.
    number: u32,
    /// Where its data begins in the pack, deflated, and how long that is.
    data_at: u64,
    data_size: u32,
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

/// The wanted objects of one pack and their bases.
pub(super) struct Family<'p> {
    pack: &'p Pack,
    offsets: &'p [u64],
    bytes: &'p [u8],
    wanted: &'p [Wanted],
    members: Vec<Member>,
    /// For each number among the pack's offsets the number of the member.
    member_of: Vec<u32>,
}

impl<'p> Family<'p> {
    /// Finds what is wanted, sorted by place, its bases, theirs, and so on, and what each is made of.
    pub(super) fn gather(pack: &'p Pack, bytes: &'p [u8], wanted: &'p [Wanted]) -> Option<Family<'p>> {
        // Up to where the objects end.
        let (offsets, bytes) = (pack.offsets()?, bytes.get(..bytes.len().checked_sub(TRAILER)?)?);
        let (members, member_of) = (Vec::with_capacity(wanted.len()), vec![NONE; offsets.len()]);
        let mut family = Family { pack, offsets, bytes, wanted, members, member_of };
        let mut requests = Vec::with_capacity(wanted.len());
        for group in wanted.chunk_by(|a, b| a.offset == b.offset) {
            let from = requests.last().map_or(0, |request: &Request| request.wanted.end);
            requests.push(Request { offset: group[0].offset, wanted: from..from + group.len() as u32 });
        }
        while !requests.is_empty() {
            let from = family.members.len();
            family.load(&requests);
            let base = |member: &Member| match member.origin {
                Origin::Delta(base) if family.member_of[base as usize] == NONE => Some(base),
                _ => None,
            };
            let mut bases: Vec<u32> = family.members[from..].iter().filter_map(base).collect();
            bases.sort_unstable();
            bases.dedup();
            requests = bases.iter().map(|&base| Request { offset: offsets[base as usize], wanted: 0..0 }).collect();
        }
        Some(family)
    }

    /// Reads how objects, by place, are kept.
    fn load(&mut self, requests: &[Request]) {
        let part = part_size(requests.len());
        let loaded: Vec<Vec<Member>> =
            requests.par_chunks(part).filter_map(|requests| self.load_part(requests)).collect();
        for member in loaded.into_iter().flatten() {
            self.member_of[member.number as usize] = self.members.len() as u32;
            self.members.push(member);
        }
    }

    fn load_part(&self, requests: &[Request]) -> Option<Vec<Member>> {
        let mut number = 0;
        let mut members = Vec::with_capacity(requests.len());
        for request in requests {
            number = number_of(self.offsets, request.offset, number)?;
            let end = self.offsets.get(number + 1).copied().unwrap_or(u64::MAX).min(self.bytes.len() as u64);
            members.extend(self.member(number, end, request));
        }
        Some(members)
    }

    /// The object that ends there.
    fn member(&self, number: usize, end: u64, request: &Request) -> Option<Member> {
        let object = self.bytes.get(usize::try_from(request.offset).ok()?..usize::try_from(end).ok()?)?;
        let header = Header::read(object).filter(|header| header.size <= OBJECT_MAX)?;
        let base = |offset: u64| number_of(self.offsets, offset, number).map(|at| Origin::Delta(at as u32));
        let origin = match header.form {
            Form::Whole(kind) => Origin::Whole(kind),
            Form::DeltaBack(back) => base(request.offset.checked_sub(back)?)?,
            Form::DeltaTo(id) => base(self.pack.index.offset_of(&id)?)?,
        };
        let data_size = u32::try_from(object.len() - header.len).ok()?;
        let (data_at, size) = (request.offset + header.len as u64, header.size as u32);
        Some(Member { number: number as u32, data_at, data_size, size, origin, wanted: request.wanted.clone() })
    }

    /// Makes everything that can be made, and tells which of the wanted were shown.
    pub(super) fn read(&self, kind: Kind, limit: usize, show: &Show<'_>) -> Vec<usize> {
        let children = Children::of(self);
        let is_root = |member: &Member| matches!(member.origin, Origin::Whole(number) if number == kind as u8);
        let roots: Vec<u32> =
            (0..self.members.len() as u32).filter(|&member| is_root(&self.members[member as usize])).collect();
        let read = |roots: &[u32]| {
            let mut walk = Walk::new(self, &children, limit, show);
            roots.iter().for_each(|&root| walk.descend(root));
            walk.shown
        };
        let shown: Vec<Vec<usize>> = roots.par_chunks(part_size(roots.len())).map(read).collect();
        shown.into_iter().flatten().collect()
    }
}

fn part_size(many: usize) -> usize {
    many.div_ceil(rayon::current_num_threads() * PARTS).max(PART_MIN)
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
            Origin::Delta(base) => family.member_of[base as usize],
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
    children: &'w Children,
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

impl<'w> Walk<'w> {
    fn new(family: &'w Family<'w>, children: &'w Children, limit: usize, show: &'w Show<'w>) -> Walk<'w> {
        let (shown, delta, spare) = (Vec::new(), Vec::new(), Vec::new());
        Walk { family, children, limit, show, shown, inflate: Decompressor::new(), delta, spare, waiting: 0 }
    }

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
        let Member { data_at, data_size, size, .. } = self.family.members[member as usize];
        let data = self.family.bytes.get(data_at as usize..data_at as usize + data_size as usize)?;
        let Some(base) = base else { return inflate(&mut self.inflate, data, size as usize, out) };
        inflate(&mut self.inflate, data, size as usize, &mut self.delta)?;
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
