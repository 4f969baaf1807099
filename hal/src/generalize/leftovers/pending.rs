//! Work that waits for a restart: Sysprep refuses, or the copies finish what was
//! begun on one computer.

use wimwright_servicing::plan::Certainty;
use wimwright_servicing::registry::HiveName;

use super::{Cleaning, Find, Item, Leftover};
use crate::audit::check::{Applies, Severity};
use crate::generalize::look::{Look, count};
use crate::survey::Part;

const RESTART: Cleaning = Cleaning::Not("restart once, so that it is done, then run Sysprep");

pub(super) const ALL: &[Leftover] = &[
    Leftover {
        name: "pending-renames",
        title: "files to be renamed or deleted at the next boot",
        place: "SYSTEM\\ControlSetNNN\\Control\\Session Manager\\PendingFileRenameOperations",
        why: "Sysprep wants it empty; in a copy the operations meet other files",
        severity: Severity::Error,
        applies: Applies::All,
        cleaning: RESTART,
        made_anew: false,
        source: "a real SYSTEM hive of 8.1; setupact.log: File operations pending",
        certainty: Certainty::Verified,
        find: Find::With(renames),
    },
    Leftover {
        name: "pending-servicing",
        title: "updates or features that are half installed",
        place: "SOFTWARE Component Based Servicing, WinSxS\\pending.xml, SYSTEM SetupExecute",
        why: "Sysprep refuses, and an image that is generalized all the same may not boot",
        severity: Severity::Error,
        applies: Applies::Later,
        cleaning: RESTART,
        made_anew: false,
        source: "Microsoft, fixing Windows Update errors; that SetupExecute may hold poqexec",
        certainty: Certainty::Stated,
        find: Find::With(servicing),
    },
    Leftover {
        name: "pending-restart",
        title: "a restart that an update asked for",
        place: "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update",
        why: "the update is not in place before the restart, and Sysprep does not wait for it",
        severity: Severity::Warning,
        applies: Applies::All,
        cleaning: RESTART,
        made_anew: false,
        source: "Microsoft, detecting a pending reboot",
        certainty: Certainty::Recalled,
        find: Find::With(restart),
    },
];

fn renames(look: &Look<'_>) -> Part<Vec<Item>> {
    let hive = &HiveName::System;
    let key = look.control_set("Control\\Session Manager");
    let mut items = Vec::new();
    for name in [
        "PendingFileRenameOperations",
        "PendingFileRenameOperations2",
    ] {
        let Some(data) = look.value(hive, &key, name)? else {
            continue;
        };
        // Pairs of texts, of which the second is empty for a file to be
        // deleted: an empty one does not end the list.
        let (pairs, _) = data.bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        let texts = units
            .split(|unit| *unit == 0)
            .filter(|text| !text.is_empty());
        let files = texts.map(String::from_utf16_lossy).collect::<Vec<_>>();
        if let Some(first) = files.first() {
            let value = format!("{}, first {first}", count(files.len(), "file", "files"));
            items.push(Item::new(format!("SYSTEM\\{key}\\{name}"), value));
        }
    }
    Ok(items)
}

fn servicing(look: &Look<'_>) -> Part<Vec<Item>> {
    let software = &HiveName::Software;
    let cbs = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing";
    let mut items = Vec::new();
    for name in ["RebootPending", "RebootInProgress"] {
        let key = format!("{cbs}\\{name}");
        if look.has_key(software, &key)? {
            items.push(Item::new(format!("SOFTWARE\\{key}"), "is there"));
        }
    }
    let packages = format!("{cbs}\\PackagesPending");
    let pending = look.subkeys(software, &packages)?;
    if !pending.is_empty() {
        let value = count(pending.len(), "package", "packages");
        items.push(Item::new(format!("SOFTWARE\\{packages}"), value));
    }
    let sessions = format!("{cbs}\\SessionsPending");
    if let Some(number) = look.number(software, &sessions, "Exclusive")?
        && number != 0
    {
        let place = format!("SOFTWARE\\{sessions}\\Exclusive");
        items.push(Item::new(place, number.to_string()));
    }
    let pending = look.windows("WinSxS\\pending.xml")?;
    if look.has_file(&pending)? {
        items.push(Item::new(pending.to_string(), "is there"));
    }
    let manager = look.control_set("Control\\Session Manager");
    let programs = look.value(&HiveName::System, &manager, "SetupExecute")?;
    let programs = programs
        .and_then(|data| data.as_texts())
        .unwrap_or_default();
    for program in programs {
        // setupcl is Sysprep's own.
        if program.to_ascii_lowercase().contains("poqexec") {
            items.push(Item::new(
                format!("SYSTEM\\{manager}\\SetupExecute"),
                program,
            ));
        }
    }
    Ok(items)
}

fn restart(look: &Look<'_>) -> Part<Vec<Item>> {
    let key = "Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update\\RebootRequired";
    Ok(match look.has_key(&HiveName::Software, key)? {
        true => vec![Item::new(format!("SOFTWARE\\{key}"), "is there")],
        false => Vec::new(),
    })
}
