//! Telling git of the drivers.

use serde::Serialize;

use crate::context::Context;
use crate::display::{Shown, shell_word};
use crate::exit::Exit;
use crate::failure::Failure;

/// What git is to do with the files of a database. A repository without the settings goes on as before.
const ATTRIBUTES: [&str; 6] = [
    "osv/malicious/** merge=malpkg diff=malpkg",
    "osv/withdrawn/** merge=malpkg diff=malpkg",
    "osv/remembered/** merge=malpkg diff=malpkg",
    "osv/cursors/** merge=malpkg",
    "osv/quarantine/**/*.reason.toml merge=malpkg",
    "osv/ids.json merge=malpkg",
];

/// How the drivers are installed.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Do it, and do not only say what would be done
    #[arg(long)]
    write: bool,

    /// The program that git calls; without it, this one
    #[arg(long, value_name = "PATH")]
    program: Option<String>,
}

#[derive(Serialize)]
struct InstallV1 {
    format: &'static str,
    version: u32,
    written: bool,
    settings: Vec<SettingV1>,
    /// Lines that `.gitattributes` gets; null in a bare repository, which has none.
    attributes: Option<Vec<&'static str>>,
}

#[derive(Serialize)]
struct SettingV1 {
    key: &'static str,
    value: String,
    /// What it is now.
    was: Option<String>,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let program = match &arguments.program {
        Some(program) => program.clone(),
        None => {
            let here =
                std::env::current_exe().map_err(|error| Failure::new(format!("cannot find this program: {error}")))?;
            here.to_string_lossy().into_owned()
        }
    };
    let program = shell_word(&program);
    let wanted = [
        ("merge.malpkg.name", "the join of what sources say".to_owned()),
        ("merge.malpkg.driver", format!("{program} git-driver merge %O %A %B %P")),
        // A folder of which all reports were taken back is no folder that was renamed.
        ("merge.directoryRenames", "false".to_owned()),
        ("diff.malpkg.textconv", format!("{program} git-driver text")),
    ];
    let mut settings = Vec::new();
    for (key, value) in wanted {
        let was = store.setting(key)?;
        if was.as_ref() != Some(&value) {
            settings.push(SettingV1 { key, value, was });
        }
    }
    let there = store.attributes()?;
    let lines = |there: &String| {
        let is_missing = |line: &&str| !there.lines().any(|known| known.trim() == *line);
        ATTRIBUTES.into_iter().filter(is_missing).collect::<Vec<_>>()
    };
    let missing = there.as_ref().map(lines);
    if arguments.write {
        for setting in &settings {
            store.set(setting.key, &setting.value)?;
        }
        if let (Some(there), Some(missing)) = (&there, missing.as_ref().filter(|missing| !missing.is_empty())) {
            let end = if there.is_empty() || there.ends_with('\n') { "" } else { "\n" };
            store.set_attributes(&format!("{there}{end}{}\n", missing.join("\n")))?;
        }
    }
    if context.wants_json() {
        let (format, version, written) = ("malpkg.git-driver", 1, arguments.write);
        context.write_json(&InstallV1 { format, version, written, settings, attributes: missing })?;
        return Ok(Exit::Done);
    }
    for SettingV1 { key, value, was } in &settings {
        writeln!(context.out, "set {key} = {}", Shown(value))?;
        if let Some(was) = was {
            writeln!(context.out, "  in place of {}", Shown(was))?;
        }
    }
    for line in missing.iter().flatten() {
        writeln!(context.out, "add to .gitattributes: {line}")?;
    }
    let is_done = settings.is_empty() && missing.as_ref().is_none_or(Vec::is_empty);
    let end = match arguments.write {
        _ if is_done => "git knows the drivers already",
        true => "written",
        false => "a plan; `--write` does it",
    };
    writeln!(context.out, "{end}")?;
    Ok(Exit::Done)
}
