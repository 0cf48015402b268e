//! Target `zip`: archives, lists of ids and the list of ecosystems, laid out as those of osv.dev.

use std::cmp::Ordering;
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
        for folder in item.facts.folders.iter() {
            in_folder.entry(folder).or_default().push(item);
        }
    }
    let names: String =
        in_folder.iter().filter(|(_, items)| !items.is_empty()).map(|(folder, _)| format!("{folder}\n")).collect();
    let mut planned = vec![
        Planned::new("all.zip", move |out| archive(items, out)),
        Planned::new("modified_id.csv", move |out| {
            let of = |item: &'m Item<'_>| item.facts.folders.iter().map(move |folder| Line::of(Some(folder), item));
            list(items.iter().flat_map(of).collect(), out)
        }),
        Planned::new("ecosystems.txt", move |out| out.write_all(names.as_bytes())),
    ];
    for (folder, items) in in_folder {
        let items: Arc<[&Item<'_>]> = items.into();
        let listed = Arc::clone(&items);
        let zipped = Planned::new(format!("{folder}/all.zip"), move |out| archive(items.iter().copied(), out));
        let list = Planned::new(format!("{folder}/modified_id.csv"), move |out| {
            list(listed.iter().map(|item| Line::of(None, item)).collect(), out)
        });
        planned.extend([zipped, list].map(|file| file.unchanged(material.is_unchanged(folder))));
    }
    planned
}

/// An archive with a file for each record, in their order.
fn archive<'m>(items: impl IntoIterator<Item = &'m Item<'m>>, out: &mut Out<'_>) -> io::Result<()> {
    let items = items.into_iter();
    let mut archive = ZipWriter::with_room(out, items.size_hint().0);
    let mut name = String::new();
    for item in items {
        name.clear();
        name.push_str(item.id);
        name.push_str(".json");
        archive.add(&name, item.facts.modified, &item.facts.body)?;
    }
    archive.finish()?;
    Ok(())
}

/// A line of a list: when a record last changed, and the record, in one of its folders or on its own.
struct Line<'m> {
    modified: i64,
    folder: Option<&'static str>,
    item: &'m Item<'m>,
}

impl<'m> Line<'m> {
    fn of(folder: Option<&'static str>, item: &'m Item<'m>) -> Line<'m> {
        Line { modified: item.facts.modified.unix(), folder, item }
    }

    /// The bytes of its name.
    fn name(&self) -> impl Iterator<Item = u8> {
        let folder = self.folder.into_iter().flat_map(|folder| folder.bytes().chain([b'/']));
        folder.chain(self.item.id.bytes())
    }
}

/// Times and names, the newest first: readers stop at the first line that they have seen. Neither needs quotes. The lines come
/// by id.
fn list(mut lines: Vec<Line<'_>>, out: &mut Out<'_>) -> io::Result<()> {
    lines.sort_by(|a, b| {
        // Lines of one folder stay as they come.
        let by_name = || if a.folder == b.folder { Ordering::Equal } else { a.name().cmp(b.name()) };
        b.modified.cmp(&a.modified).then_with(by_name)
    });
    let mut time = (None, String::new());
    for Line { modified, folder, item } in lines {
        // Many change in one go.
        if time.0 != Some(modified) {
            time = (Some(modified), format!("{},", item.facts.modified));
        }
        out.write_all(time.1.as_bytes())?;
        if let Some(folder) = folder {
            out.write_all(folder.as_bytes())?;
            out.write_all(b"/")?;
        }
        out.write_all(item.id.as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
