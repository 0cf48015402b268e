#![doc = include_str!("unportable_path.md")]

use database::TreePath;
use ecosystem::{Unportable, portability_of};

use crate::text::shorten;
use crate::{Check, Level, Rule, Sink};

/// Windows takes 259 characters in all. What is left is for the folder of the checkout.
const LENGTH_MAX: usize = 200;

pub(super) static RULE: Rule = Rule {
    name: "unportable-path",
    level: Level::Warning,
    page: include_str!("unportable_path.md"),
    check: Check::File(check),
};

fn check(path: &TreePath, sink: &mut Sink<'_>) {
    if path.as_str().as_bytes().split(|&b| b == b'/').any(may_matter) {
        for fault in portability_of(path.parts()) {
            // The name of a folder is that of the package; only a file could be called otherwise.
            let part = match &fault {
                Unportable::Device { component, .. }
                | Unportable::Character { component, .. }
                | Unportable::End { component } => component.as_str(),
                _ => "",
            };
            let remedy = if part == path.file_name() {
                "give the file another name"
            } else {
                "keep it if the package is really called so; a checkout on Windows leaves it out with `git sparse-checkout`"
            };
            sink.at_file(fault.to_string(), remedy);
        }
    }
    // Bytes are never fewer than the units that Windows counts.
    if path.as_str().len() > LENGTH_MAX && path.as_str().encode_utf16().count() > LENGTH_MAX {
        let longest = path.parts().max_by_key(|part| part.len()).unwrap_or_default();
        let message = format!("the path has more than {LENGTH_MAX} characters, mostly in `{}`", shorten(longest));
        sink.at_file(message, "a checkout on Windows needs `git config core.longpaths true`");
    }
}

/// Whether a part has a sign or an end that Windows does not take, or the name of a device: cheap, and right about nearly
/// all parts.
fn may_matter(part: &[u8]) -> bool {
    const DEVICES: [&str; 6] = ["aux", "com", "con", "lpt", "nul", "prn"];
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@' | b'+');
    if part.ends_with(b".") || !part.iter().all(|&b| is_plain(b)) {
        return true;
    }
    let stem = part.split(|&b| b == b'.').next().unwrap_or(part);
    matches!(stem.len(), 3 | 4) && DEVICES.iter().any(|device| stem[..3].eq_ignore_ascii_case(device.as_bytes()))
}
