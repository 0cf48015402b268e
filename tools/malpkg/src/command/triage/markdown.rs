//! Triage as Markdown for a pull request: whatever a report holds, nobody is notified, and nothing can be followed.

use super::change::{Told, lists};
use super::queue::{Item, Queue};
use crate::display::{Shown, count, defanged, unmasked};

/// How many bytes the whole has: a comment on GitHub has 65,536 characters at most, and one that is too long is none.
const BYTES_MAX: usize = 60_000;
/// How many characters of one text.
const TEXT_MAX: usize = 200;

/// Text from outside as code: in it nothing is a mention, a link, an image, a number of an issue, or HTML.
fn code(text: &str) -> String {
    let mut shown = Shown(&unmasked(&defanged(text))).to_string().replace('`', "'");
    if let Some((at, _)) = shown.char_indices().nth(TEXT_MAX) {
        shown.truncate(at);
        shown.push('…');
    }
    if shown.trim().is_empty() { String::new() } else { format!("`{}`", shown.trim()) }
}

/// A command to type, as code. An apostrophe in the place of another sign would end a word of it.
fn command(text: &str) -> String {
    code(&text.replace('`', "\\u{60}"))
}

/// What a change does.
pub(super) fn change(told: &Told) -> String {
    let mut text = format!("### What this change does\n\n**{}**", told.route.told());
    for why in &told.why {
        text.push_str(&format!("; {why}"));
    }
    let counts: Vec<String> = told.counts().into_iter().map(|(kind, number)| format!("{number} {kind}")).collect();
    let counts = if counts.is_empty() { "no report changes".to_owned() } else { counts.join(", ") };
    text.push_str(&format!("\n\n{counts}\n\n"));
    // The other files first: that a change touches them must not be lost behind many reports. What it only sets aside waits
    // for a person all the same.
    let (aside, others): (Vec<&String>, Vec<&String>) =
        told.others.iter().partition(|path| path.starts_with("osv/quarantine/"));
    let changes = |path: &&String| format!("- changes {}\n", code(path));
    list(&mut text, BYTES_MAX / 2, "file", &others, changes);
    list(&mut text, BYTES_MAX, "report", &told.changes, |one| {
        let mut text = format!("- {} {} {}", one.kind, code(&one.package), code(&one.id));
        for (what, listed) in lists(one) {
            text.push_str(&format!("; {what} {}", code(&listed)));
        }
        text.push_str(&format!(" — {}\n", one.route.told()));
        one.why.iter().for_each(|why| text.push_str(&format!("  - {why}\n")));
        one.protected.iter().for_each(|message| text.push_str(&format!("  - {}\n", code(message))));
        text
    });
    list(&mut text, BYTES_MAX, "file", &aside, changes);
    text
}

/// What waits for a person, with what to type next.
pub(super) fn queue(queue: &Queue) -> String {
    let mut text = format!("### {} open\n\n", count(queue.items.len(), "item"));
    list(&mut text, BYTES_MAX, "item", &queue.items, |item: &Item| {
        let about = item.package.as_deref().or(item.path.as_deref()).or(item.source.as_deref()).unwrap_or_default();
        let id = item.id.as_deref().unwrap_or_default();
        let mut text =
            format!("- {} {} {} {}\n  - {}\n", item.kind, code(&item.key), code(about), code(id), code(&item.message));
        item.next.iter().for_each(|next| text.push_str(&format!("  - {}\n", command(next))));
        text
    });
    text
}

/// As many of them as there is room for, and how many more there are.
fn list<T>(text: &mut String, bytes_max: usize, noun: &str, all: &[T], shown: impl Fn(&T) -> String) {
    for (at, one) in all.iter().enumerate() {
        let line = shown(one);
        if text.len() + line.len() > bytes_max {
            text.push_str(&format!("\nand {} more\n", count(all.len() - at, noun)));
            return;
        }
        text.push_str(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_markdown_is_more_than_text() {
        for (hostile, expected) in [
            ("@everyone #1", "`@everyone #1`"),
            ("[x](https://evil.example/a)", "`[x](hxxps://evil[.]example/a)`"),
            ("a`b``` <img src=x>", "`a'b''' <img src=x>`"),
            ("one\n\n# two\r\n- three", "`one\\n\\n# two\\r\\n- three`"),
            ("\u{202e}x", "`\\u{202e}x`"),
            ("r\u{435}act\u{200b}", "`r\\u{435}act\\u{200b}`"),
            ("www.evil.example a@evil.example", "`www[.]evil[.]example a@evil[.]example`"),
            ("`", "`'`"),
            ("  ", ""),
        ] {
            assert_eq!(code(hostile), expected, "{hostile:?}");
        }
        assert_eq!(code(&"x".repeat(500)).chars().count(), 203);
    }

    #[test]
    fn a_command_stays_one() {
        assert_eq!(command("malpkg show 'a`;id;`b'"), r"`malpkg show 'a\u{60};id;\u{60}b'`");
    }

    #[test]
    fn a_comment_is_never_too_long() {
        let all = vec!["x".repeat(100); 1_000];
        let mut text = String::new();
        list(&mut text, BYTES_MAX, "file", &all, |line| format!("- {line}\n"));
        assert!(text.len() < BYTES_MAX + 100 && text.ends_with(" files more\n"), "{}", &text[text.len() - 100..]);
        // Another list behind it says how much is left out.
        list(&mut text, BYTES_MAX, "report", &all, |line| format!("- {line}\n"));
        assert!(text.ends_with("and 1000 reports more\n"));
    }
}
