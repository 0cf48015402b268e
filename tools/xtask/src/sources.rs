//! `docs/sources.md` and the keys of a source in `schema/malpkg-config.json`, made from the lists in `intake`.

use std::fs;
use std::path::Path;

use crate::process::{Done, say};

/// Where the page lies, from the root of the repository.
const PAGE: &str = "docs/sources.md";
/// Where the schema of the configuration lies.
const SCHEMA: &str = "schema/malpkg-config.json";
/// What stands before and behind the keys of a source in the schema.
const BEFORE: &str = "\"required\": [\"format\"],\n          \"properties\": ";
const BEHIND: &str = "\n        }\n      }\n    }\n  }\n}\n";

/// Writes both, or (with `check`) says whether they are as they would be written.
pub(crate) fn run(root: &Path, check: bool) -> Done {
    let schema = fs::read_to_string(root.join(SCHEMA)).map_err(|error| format!("{SCHEMA}: {error}"))?;
    let (before, _) = schema.split_once(BEFORE).ok_or(format!("{SCHEMA} has no place for the keys of a source"))?;
    let schema = format!("{before}{BEFORE}{}{BEHIND}", intake::schema());
    for (file, text) in [(PAGE, intake::page()), (SCHEMA, schema)] {
        let path = root.join(file);
        if check {
            if fs::read_to_string(&path).unwrap_or_default() != text {
                return Err(format!("{file} is not up to date: run `cargo xtask sources`"));
            }
        } else {
            fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    if !check {
        say(&format!("{} keys in {PAGE} and {SCHEMA}", intake::keys::KEYS.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_the_schema_of_sources_are_up_to_date() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        assert_eq!(run(&root, true), Ok(()));
    }
}
