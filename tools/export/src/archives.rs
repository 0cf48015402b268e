//! Target `zip`: archives, lists of ids and the list of ecosystems, laid out as those of osv.dev.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use crate::collect::Item;
use crate::folders;
use crate::material::Material;
use crate::output::{Out, Planned};
use crate::zip::ZipWriter;

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    let items = &material.items;
    let mut in_folder: BTreeMap<&str, Vec<&Item<'_>>> = folders::always().map(|folder| (folder, Vec::new())).collect();
    for item in items {
        for folder in &item.facts.folders {
            in_folder.entry(folder).or_default().push(item);
        }
    }
    let names: String =
        in_folder.iter().filter(|(_, items)| !items.is_empty()).map(|(folder, _)| format!("{folder}\n")).collect();
    let mut planned = vec![
        Planned::new("all.zip", move |out| archive(items, out)),
        Planned::new("modified_id.csv", move |out| {
            let of = |item: &'m Item<'_>| item.facts.folders.iter().map(move |folder| (Some(*folder), item));
            list(items.iter().flat_map(of).collect(), out)
        }),
        Planned::new("ecosystems.txt", move |out| out.write_all(names.as_bytes())),
    ];
    for (folder, items) in in_folder {
        let items: Arc<[&Item<'_>]> = items.into();
        let listed = Arc::clone(&items);
        let zipped = Planned::new(format!("{folder}/all.zip"), move |out| archive(items.iter().copied(), out));
        let list = Planned::new(format!("{folder}/modified_id.csv"), move |out| {
            list(listed.iter().map(|item| (None, *item)).collect(), out)
        });
        planned.extend([zipped, list].map(|file| file.unchanged(material.is_unchanged(folder))));
    }
    planned
}

/// An archive with a file for each record, in their order.
fn archive<'m>(items: impl IntoIterator<Item = &'m Item<'m>>, out: &mut Out<'_>) -> io::Result<()> {
    let items = items.into_iter();
    let mut archive = ZipWriter::with_room(out, items.size_hint().0);
    for item in items {
        archive.add(&format!("{}.json", item.id), item.facts.modified, &item.facts.body)?;
    }
    archive.finish()?;
    Ok(())
}

/// A line of a list: a record, in one of its folders or on its own.
type Line<'m> = (Option<&'static str>, &'m Item<'m>);

/// Times and names, the newest first: readers stop at the first line that they have seen. Neither needs quotes.
fn list(mut lines: Vec<Line<'_>>, out: &mut Out<'_>) -> io::Result<()> {
    fn name<'m>((folder, item): &Line<'m>) -> impl Iterator<Item = u8> + use<'m> {
        let folder = folder.iter().flat_map(|folder| folder.bytes().chain([b'/']));
        folder.collect::<Vec<_>>().into_iter().chain(item.id.bytes())
    }
    lines.sort_unstable_by(|a, b| {
        let newest = b.1.facts.modified.cmp(&a.1.facts.modified);
        // Most folders are the same; then the ids alone tell, without being put together.
        newest.then_with(|| if a.0 == b.0 { a.1.id.cmp(b.1.id) } else { name(a).cmp(name(b)) })
    });
    lines.iter().try_for_each(|(folder, item)| {
        let (modified, id) = (item.facts.modified, item.id);
        match folder {
            Some(folder) => writeln!(out, "{modified},{folder}/{id}"),
            None => writeln!(out, "{modified},{id}"),
        }
    })
}
