//! Git's tree objects, read from their bytes: libgit2's own reader costs more than the reading.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What the mode of a tree's member says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Folder,
    /// A file, with its whole mode: it may be executable.
    File(u32),
    SymbolicLink,
    Submodule,
}

impl Mode {
    pub(crate) const PLAIN_FILE: Mode = Mode::File(0o100_644);

    fn of(bits: u32) -> Option<Mode> {
        match bits & 0o170_000 {
            0o040_000 => Some(Mode::Folder),
            0o100_000 => Some(Mode::File(bits)),
            0o120_000 => Some(Mode::SymbolicLink),
            0o160_000 => Some(Mode::Submodule),
            _ => None,
        }
    }

    pub(crate) fn bits(self) -> u32 {
        match self {
            Mode::Folder => 0o040_000,
            Mode::File(bits) => bits,
            Mode::SymbolicLink => 0o120_000,
            Mode::Submodule => 0o160_000,
        }
    }

    pub(crate) fn is_executable(self) -> bool {
        matches!(self, Mode::File(bits) if bits & 0o100 != 0)
    }

    /// What it is where it is neither a file nor a folder.
    pub(crate) fn not_a_file(self) -> Option<&'static str> {
        match self {
            Mode::SymbolicLink => Some("a symbolic link"),
            Mode::Submodule => Some("a submodule"),
            Mode::Folder | Mode::File(_) => None,
        }
    }
}

/// What a tree says about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) mode: Mode,
    pub(crate) id: [u8; 20],
}

/// One member of a tree, with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item<'t> {
    pub(crate) mode: Mode,
    pub(crate) name: &'t [u8],
    pub(crate) id: [u8; 20],
}

impl<'t> Item<'t> {
    /// The bytes by which git sorts: a folder's name counts as if it ended in a slash.
    fn key(&self) -> Key<'t> {
        Key { name: self.name, is_folder: self.mode == Mode::Folder }
    }

    /// Which of two members git sorts first; equal where both are files, or both folders, of one name.
    pub(crate) fn compare(&self, other: &Item<'_>) -> Ordering {
        self.key().cmp(&other.key())
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{:o} ", self.mode.bits()).as_bytes());
        out.extend_from_slice(self.name);
        out.push(0);
        out.extend_from_slice(&self.id);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key<'t> {
    name: &'t [u8],
    is_folder: bool,
}

impl Key<'_> {
    fn cmp(&self, other: &Key<'_>) -> Ordering {
        let common = self.name.len().min(other.name.len());
        let end = |key: &Key<'_>| key.name.get(common).copied().unwrap_or(if key.is_folder { b'/' } else { 0 });
        self.name[..common]
            .cmp(&other.name[..common])
            .then_with(|| end(self).cmp(&end(other)))
            .then_with(|| self.name.len().cmp(&other.name.len()))
    }
}

/// The members of a tree, in git's order, each name once.
#[derive(Debug, Default)]
pub(crate) struct Tree<'t> {
    items: Vec<Item<'t>>,
}

impl<'t> Tree<'t> {
    /// Reads the bytes of a tree object. The error is the rest of a sentence about the tree.
    pub(crate) fn read(mut bytes: &'t [u8]) -> Result<Tree<'t>, &'static str> {
        // The shortest real member takes some forty bytes.
        let mut items: Vec<Item<'t>> = Vec::with_capacity(bytes.len() / 40 + 1);
        while !bytes.is_empty() {
            let (item, rest) = read_item(bytes).ok_or("is a damaged tree object")?;
            if items.last().is_some_and(|last| last.key().cmp(&item.key()) != Ordering::Less) {
                return Err("is a tree object out of order");
            }
            if item.mode == Mode::Folder && has_file_named(&items, item.name) {
                return Err("is a tree object with two members of one name");
            }
            items.push(item);
            bytes = rest;
        }
        Ok(Tree { items })
    }

    pub(crate) fn items(&self) -> &[Item<'t>] {
        &self.items
    }

    /// The member of a name, whatever it is.
    pub(crate) fn get(&self, name: &[u8]) -> Option<Member> {
        let find = |is_folder| {
            let key = Key { name, is_folder };
            self.items.binary_search_by(|item| item.key().cmp(&key)).ok()
        };
        let at = find(false).or_else(|| find(true))?;
        Some(Member { mode: self.items[at].mode, id: self.items[at].id })
    }

    /// The bytes of a tree in which the named members are replaced: with none a member goes away.
    pub(crate) fn with(&self, replaced: &BTreeMap<&str, Option<Member>>) -> Vec<u8> {
        let replaced: BTreeMap<&[u8], Option<Member>> =
            replaced.iter().map(|(name, member)| (name.as_bytes(), *member)).collect();
        let is_replaced = |name: &[u8]| replaced.contains_key(name);
        let put =
            replaced.iter().filter_map(|(&name, member)| member.map(|Member { mode, id }| Item { mode, name, id }));
        let mut items: Vec<Item<'_>> = self.items.iter().filter(|item| !is_replaced(item.name)).copied().collect();
        items.extend(put);
        items.sort_by(|a, b| a.key().cmp(&b.key()));
        let mut bytes = Vec::with_capacity(items.iter().map(|item| item.name.len() + 28).sum());
        items.iter().for_each(|item| item.write(&mut bytes));
        bytes
    }
}

/// Whether a file of the name stands before: between `x` and `x/` there are only names that begin with `x`.
fn has_file_named(items: &[Item<'_>], name: &[u8]) -> bool {
    items.iter().rev().take_while(|item| item.name.starts_with(name)).any(|item| item.name == name)
}

fn read_item(bytes: &[u8]) -> Option<(Item<'_>, &[u8])> {
    let space = bytes.iter().take(8).position(|&b| b == b' ')?;
    let digits = &bytes[..space];
    let is_octal = !digits.is_empty() && digits.iter().all(|b| (b'0'..=b'7').contains(b));
    let bits = digits.iter().fold(0, |bits, b| bits << 3 | u32::from(b.wrapping_sub(b'0')));
    let mode = Mode::of(bits).filter(|_| is_octal)?;
    let rest = &bytes[space + 1..];
    let end = rest.iter().position(|&b| b == 0)?;
    let (name, rest) = (&rest[..end], &rest[end + 1..]);
    let (id, rest) = rest.split_first_chunk::<20>()?;
    (!name.is_empty() && !name.contains(&b'/')).then_some((Item { mode, name, id: *id }, rest))
}
