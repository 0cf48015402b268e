//! Target `records`: one file for each record, in the folder of each ecosystem that it names.

use crate::body::Inflater;
use crate::material::Material;
use crate::output::Planned;

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    let each = material.items.iter().flat_map(|item| item.facts.folders.iter().map(move |folder| (folder, item)));
    let file = |(folder, item): (&str, &'m crate::collect::Item<'_>)| {
        Planned::new(format!("{folder}/{}.json", item.id), move |out| {
            let mut text = Vec::with_capacity(item.facts.body.size as usize);
            Inflater::new().inflate(&item.facts.body, &mut text)?;
            out.write_all(&text)
        })
        .unchanged(!item.facts.is_new)
    };
    each.map(file).collect()
}
