//! Target `bundle`: for each ecosystem a git bundle, which git clones like a repository.
//!
//! In it is one commit without a parent. Its tree has each record as `<year>/<thousand>/<ID>.json`, so that no folder
//! grows without end; its time is that of the newest change of a record, so that an ecosystem in which nothing changed has
//! the same bundle. Nothing of it depends on the git of the machine: the pack is written here, and the compressed bodies go
//! into it as they are.

mod pack;

use std::collections::BTreeMap;
use std::io;

use libdeflater::adler32;

use crate::body::Inflater;
use crate::collect::Item;
use crate::folders;
use crate::material::Material;
use crate::output::{Out, Planned};
use pack::{Kind, Oid, PackWriter, object_id};

/// The branch that a clone has.
const BRANCH: &str = "refs/heads/main";
const AUTHOR: &str = "malpkg <malpkg@localhost>";

/// The files of the target: one for each ecosystem that has records.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    let mut in_folder: BTreeMap<&str, Vec<&Item<'_>>> = BTreeMap::new();
    for item in &material.items {
        for folder in item.facts.folders.iter().filter(|folder| *folder != folders::EMPTY) {
            in_folder.entry(folder).or_default().push(item);
        }
    }
    let file = |(folder, items): (&str, Vec<&'m Item<'m>>)| {
        let message = format!("Records of {folder}\n");
        Planned::new(format!("bundle/{folder}.bundle"), move |out| write(&items, &message, out))
            .unchanged(material.is_unchanged(folder))
    };
    in_folder.into_iter().map(file).collect()
}

/// The records of one folder of the tree: the end of their names, and their objects.
type Folders<'m> = BTreeMap<(&'m str, String), Vec<(&'m str, Oid)>>;

fn write(items: &[&Item<'_>], message: &str, out: &mut Out<'_>) -> io::Result<()> {
    // Git knows no time before 1970.
    let time = items.iter().map(|item| item.facts.modified.unix()).max().unwrap_or_default().max(0);
    let objects = objects(items)?;
    let mut in_folder = Folders::new();
    for (item, object) in items.iter().zip(&objects) {
        in_folder.entry(folder_of(item.id)).or_default().push((item.id, Oid(object.id)));
    }
    // The trees from the leaves up, as git sorts them: files by name, and both levels of folders have plain names.
    let mut trees: Vec<Vec<u8>> = Vec::new();
    let mut years: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for ((year, thousand), files) in &mut in_folder {
        let mut files: Vec<(String, Oid)> = files.iter().map(|(id, oid)| (format!("{id}.json"), *oid)).collect();
        files.sort_unstable();
        let mut tree = Vec::new();
        files.iter().for_each(|(name, oid)| put(&mut tree, "100644", name, oid));
        put(years.entry(year).or_default(), "40000", thousand, &object_id(Kind::Tree, &tree));
        trees.push(tree);
    }
    let mut root = Vec::new();
    for (year, tree) in years {
        put(&mut root, "40000", year, &object_id(Kind::Tree, &tree));
        trees.push(tree);
    }
    let tree = object_id(Kind::Tree, &root);
    trees.push(root);
    let who = format!("{AUTHOR} {time} +0000");
    let commit = format!("tree {tree}\nauthor {who}\ncommitter {who}\n\n{message}").into_bytes();
    let head = object_id(Kind::Commit, &commit);

    write!(out, "# v2 git bundle\n{head} {BRANCH}\n{head} HEAD\n\n")?;
    // Trees of different folders can be the same only if they hold the same records, and no record is in two.
    let count = u32::try_from(items.len() + trees.len() + 1).map_err(io::Error::other)?;
    let mut pack = PackWriter::new(out, count)?;
    pack.add(Kind::Commit, &commit)?;
    trees.iter().rev().try_for_each(|tree| pack.add(Kind::Tree, tree))?;
    for (item, object) in items.iter().zip(&objects) {
        pack.add_deflated(Kind::Blob, object.adler32, &item.facts.body)?;
    }
    pack.finish()
}

/// What a bundle has of a record beside its compressed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    /// The id that git gives to its text.
    pub id: [u8; 20],
    /// What zlib writes behind it.
    pub adler32: u32,
}

impl Object {
    pub(crate) fn of(text: &[u8]) -> Object {
        Object { id: object_id(Kind::Blob, text).0, adler32: adler32(text) }
    }
}

/// The objects of records; one that is not known yet is read for it.
fn objects(items: &[&Item<'_>]) -> io::Result<Vec<Object>> {
    let mut inflater = Inflater::new();
    let mut text = Vec::new();
    let object = |item: &&Item<'_>| {
        if let Some(object) = item.facts.object {
            return Ok(object);
        }
        text.clear();
        inflater.inflate(&item.facts.body, &mut text)?;
        Ok(Object::of(&text))
    };
    items.iter().map(object).collect()
}

/// One line of a tree.
fn put(tree: &mut Vec<u8>, mode: &str, name: &str, oid: &Oid) {
    tree.extend(format!("{mode} {name}\0").as_bytes());
    tree.extend(oid.0);
}

/// The folder of an id: `MAL-2026-900001` lies in `2026/900`. One of another form lies in `other/000`.
fn folder_of(id: &str) -> (&str, String) {
    let mut parts = id.splitn(3, '-').skip(1);
    let (year, number) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match number.parse::<u64>() {
        Ok(number) if is_plain(year) => (year, format!("{:03}", number / 1000)),
        _ => ("other", "000".to_owned()),
    }
}
