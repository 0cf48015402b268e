//! Trees of any names and members, written object by object.

use std::collections::BTreeMap;

use testkit::Repository;

/// What lies at a name.
pub(crate) enum Node {
    File(Vec<u8>),
    Link(&'static str),
    Folder(BTreeMap<Vec<u8>, Node>),
    /// An object that is there, or is not: its mode and its id.
    Is(&'static str, String),
}

impl Node {
    pub(crate) fn folder() -> Node {
        Node::Folder(BTreeMap::new())
    }

    /// Puts something at a path, in place of what was there.
    pub(crate) fn put(&mut self, path: &[u8], node: Node) {
        let Node::Folder(members) = self else { panic!("{path:?} is in no folder") };
        match path.iter().position(|&byte| byte == b'/') {
            Some(at) => {
                members.entry(path[..at].to_vec()).or_insert_with(Node::folder).put(&path[at + 1..], node);
            }
            None => drop(members.insert(path.to_vec(), node)),
        }
    }

    /// Writes it, and gives its mode and its id.
    pub(crate) fn write(&self, repository: &Repository) -> (&'static str, String) {
        match self {
            Node::File(bytes) => ("100644", repository.object("blob", bytes)),
            Node::Link(target) => ("120000", repository.object("blob", target)),
            Node::Is(mode, id) => (mode, id.clone()),
            Node::Folder(members) => {
                let mut written: Vec<_> =
                    members.iter().map(|(name, node)| (name.as_slice(), node.write(repository))).collect();
                // Git sorts a folder as if its name ended in a slash.
                let end = |mode: &str| if mode == "40000" { &b"/"[..] } else { b"" };
                written.sort_by_key(|(name, (mode, _))| [*name, end(mode)].concat());
                let members: Vec<_> = written.iter().map(|(name, (mode, id))| (*mode, *name, id.as_str())).collect();
                ("40000", repository.tree(&members))
            }
        }
    }
}
