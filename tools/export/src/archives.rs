//! Target `zip`: archives, lists of ids and the list of ecosystems, laid out as those of osv.dev.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use osv_schema::Timestamp;

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
            let lines = items.iter().flat_map(|item| {
                item.facts.folders.iter().map(|folder| (item.facts.modified, format!("{folder}/{}", item.id)))
            });
            list(lines, out)
        }),
        Planned::new("ecosystems.txt", move |out| out.write_all(names.as_bytes())),
    ];
    for (folder, items) in in_folder {
        let items: Arc<[&Item<'_>]> = items.into();
        let listed = Arc::clone(&items);
        let zipped = Planned::new(format!("{folder}/all.zip"), move |out| archive(items.iter().copied(), out));
        let list = Planned::new(format!("{folder}/modified_id.csv"), move |out| {
            list(listed.iter().map(|item| (item.facts.modified, item.id.to_owned())), out)
        });
        planned.extend([zipped, list].map(|file| file.unchanged(material.is_unchanged(folder))));
    }
    planned
}

/// An archive with a file for each record, in their order.
fn archive<'m>(items: impl IntoIterator<Item = &'m Item<'m>>, out: &mut Out<'_>) -> io::Result<()> {
    let mut archive = ZipWriter::new(out);
    for item in items {
        archive.add(&format!("{}.json", item.id), item.facts.modified, &item.facts.body)?;
    }
    archive.finish()?;
    Ok(())
}

/// Times and names, the newest first: readers stop at the first line that they have seen. Neither needs quotes.
fn list(lines: impl Iterator<Item = (Timestamp, String)>, out: &mut Out<'_>) -> io::Result<()> {
    let mut lines: Vec<_> = lines.map(|(modified, name)| (Reverse(modified), name)).collect();
    lines.sort_unstable();
    lines.iter().try_for_each(|(Reverse(modified), name)| writeln!(out, "{modified},{name}"))
}
