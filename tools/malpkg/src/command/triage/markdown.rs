//! Triage as Markdown for a pull request: whatever a report holds, nobody is notified, and nothing can be followed.

use std::fmt::Write as _;

use super::change::{Told, lists};
use super::queue::Queue;
use crate::display::{Shown, count, defanged};

/// How many reports are told one by one; a comment on a pull request has a limit.
const REPORTS_MAX: usize = 100;
/// How many characters of one text.
const TEXT_MAX: usize = 200;

/// Text from outside as code: in it nothing is a mention, a link, an image, a number of an issue, or HTML.
pub(super) fn code(text: &str) -> String {
    let mut shown = Shown(&defanged(text)).to_string().replace('`', "'");
    if let Some((at, _)) = shown.char_indices().nth(TEXT_MAX) {
        shown.truncate(at);
        shown.push('…');
    }
    if shown.trim().is_empty() { String::new() } else { format!("`{}`", shown.trim()) }
}

/// What a change does.
pub(super) fn change(told: &Told) -> String {
    let mut text = format!("### What this change does\n\n**{}**", told.route.told());
    for why in &told.why {
        let _ = write!(text, "; {why}");
    }
    let counts: Vec<String> = told.counts().into_iter().map(|(kind, number)| format!("{number} {kind}")).collect();
    let _ =
        write!(text, "\n\n{}\n\n", if counts.is_empty() { "no report changes".to_owned() } else { counts.join(", ") });
    for one in told.changes.iter().take(REPORTS_MAX) {
        let _ = write!(text, "- {} {} {}", one.kind, code(&one.package), code(&one.id));
        for (what, listed) in lists(one) {
            let _ = write!(text, "; {what} {}", code(&listed));
        }
        let _ = writeln!(text, " — {}", one.route.told());
        for why in &one.why {
            let _ = writeln!(text, "  - {why}");
        }
        for message in &one.protected {
            let _ = writeln!(text, "  - {}", code(message));
        }
    }
    if told.changes.len() > REPORTS_MAX {
        let _ = writeln!(text, "\nand {} more", count(told.changes.len() - REPORTS_MAX, "report"));
    }
    for path in told.others.iter().take(REPORTS_MAX) {
        let _ = writeln!(text, "- changes {}", code(path));
    }
    text
}

/// What waits for a person.
pub(super) fn queue(queue: &Queue) -> String {
    let mut text = format!("### {} open\n\n", count(queue.items.len(), "item"));
    for item in queue.items.iter().take(REPORTS_MAX) {
        let about = item.package.as_deref().or(item.source.as_deref()).unwrap_or_default();
        let id = item.id.as_deref().unwrap_or_default();
        let _ = writeln!(text, "- {} {} {} {}", item.kind, code(&item.key), code(about), code(id));
        let _ = writeln!(text, "  - {}", code(&item.message));
    }
    if queue.items.len() > REPORTS_MAX {
        let _ = writeln!(text, "\nand {} more", count(queue.items.len() - REPORTS_MAX, "item"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn nothing_in_markdown_is_more_than_text() {
        for (hostile, expected) in [
            ("@everyone #1", "`@everyone #1`"),
            ("[x](https://evil.example/a)", "`[x](hxxps://evil[.]example/a)`"),
            ("a`b``` <img src=x>", "`a'b''' <img src=x>`"),
            ("one\n\n# two\r\n- three", "`one\\n\\n# two\\r\\n- three`"),
            ("\u{202e}x", "`\\u{202e}x`"),
            ("`", "`'`"),
            ("  ", ""),
        ] {
            assert_eq!(code(hostile), expected, "{hostile:?}");
        }
        assert_eq!(code(&"x".repeat(500)).chars().count(), 203);
    }
}
