//! Logs of one computer.

use wimwright_servicing::Generation;
use wimwright_servicing::plan::Certainty;

use super::pattern::size;
use super::{Cleaning, Find, Item, Leftover, Removal};
use crate::audit::check::{Applies, Severity};
use crate::generalize::look::{Look, count};
use crate::survey::Part;

const WHY: &str = "they tell of a computer that no copy is, and hide what happens in the copies";
const FILES: &str = "the files are deleted";

const fn log(
    name: &'static str,
    title: &'static str,
    place: &'static str,
    applies: Applies,
    source: &'static str,
    find: Find,
) -> Leftover {
    Leftover {
        name,
        title,
        place,
        why: WHY,
        severity: Severity::Note,
        applies,
        cleaning: Cleaning::Offline(FILES),
        made_anew: false,
        source,
        certainty: Certainty::Stated,
        find,
    }
}

pub(super) const ALL: &[Leftover] = &[
    log(
        "event-logs",
        "event logs with records",
        "System32\\winevt\\Logs\\*.evtx, System32\\config\\*.evt",
        Applies::All,
        "4sysops, what Sysprep clears; the libevtx and libevt format notes",
        Find::With(event_logs),
    ),
    log(
        "panther-logs",
        "logs of Setup",
        "Windows\\Panther",
        Applies::Later,
        "Microsoft, Windows Setup log files",
        Find::Files(&[
            "%windir%\\Panther\\*.log",
            "%windir%\\Panther\\*.etl",
            "%windir%\\Panther\\diag*.xml",
            "%windir%\\Panther\\UnattendGC\\*.log",
            "%windir%\\Panther\\UnattendGC\\*.etl",
            "%windir%\\Panther\\UnattendGC\\diag*.xml",
        ]),
    ),
    log(
        "sysprep-logs",
        "logs of Sysprep",
        "Windows\\System32\\Sysprep\\Panther",
        Applies::Later,
        "Microsoft, Windows Setup log files",
        Find::Files(&[
            "%windir%\\System32\\Sysprep\\Panther\\*.log",
            "%windir%\\System32\\Sysprep\\Panther\\diag*.xml",
            "%windir%\\System32\\Sysprep\\Panther\\IE\\*.log",
        ]),
    ),
    log(
        "setup-logs",
        "logs of Setup and of device installation",
        "Windows\\setupapi.log and its like; Windows\\INF\\setupapi.*.log",
        Applies::All,
        "Microsoft, SetupAPI text logs",
        Find::Files(&[
            "%windir%\\setupapi*.log",
            "%windir%\\setupact.log",
            "%windir%\\setuperr.log",
            "%windir%\\setuplog.txt",
            "%windir%\\INF\\setupapi*.log",
        ]),
    ),
    log(
        "servicing-logs",
        "logs of servicing",
        "Windows\\Logs\\CBS, Windows\\Logs\\DISM",
        Applies::Later,
        "Microsoft, DISM logging",
        Find::Files(&["%windir%\\Logs\\CBS\\*", "%windir%\\Logs\\DISM\\*"]),
    ),
    log(
        "update-logs",
        "logs of the update client",
        "Windows\\WindowsUpdate.log, Windows\\Logs\\WindowsUpdate",
        Applies::All,
        "Microsoft, Windows Update log files",
        Find::Files(&[
            "%windir%\\WindowsUpdate.log",
            "%windir%\\Logs\\WindowsUpdate\\*",
            "%windir%\\SoftwareDistribution\\ReportingEvents.log",
        ]),
    ),
];

fn event_logs(look: &Look<'_>) -> Part<Vec<Item>> {
    let nt5 = look.facts.generation == Generation::Nt5;
    let (folder, ending) = match nt5 {
        true => (look.windows("System32\\config")?, ".evt"),
        false => (look.windows("System32\\winevt\\Logs")?, ".evtx"),
    };
    let mut used = Vec::new();
    let mut bytes = 0_u64;
    for path in look.files(&folder, |name| name.ends_with(ending))? {
        let head = look.head(&path, 48)?.unwrap_or_default();
        if !is_empty_log(&head) {
            let len = look.file_len(&path)?.unwrap_or_default();
            bytes = bytes.saturating_add(len);
            used.push(path);
        }
    }
    if used.is_empty() {
        return Ok(Vec::new());
    }
    let value = format!(
        "{} with records, {}",
        count(used.len(), "log", "logs"),
        size(bytes)
    );
    let mut item = Item::new(folder.to_string(), value);
    for path in used {
        item = item.removing(Removal::Path(path));
    }
    Ok(vec![item])
}

/// Whether a log's header says that it holds no record. Of one that is none or
/// damaged nothing is known, so that it is not called empty.
fn is_empty_log(head: &[u8]) -> bool {
    let u32_at = |at: usize| {
        let bytes = head.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*bytes))
    };
    if head.starts_with(b"ElfFile\0") {
        // The number of the next record, from 1.
        let next = head.get(24..).and_then(|rest| rest.first_chunk::<8>());
        return next.is_some_and(|next| u64::from_le_bytes(*next) <= 1);
    }
    if head.get(4..8) == Some(b"LfLe") {
        // Where the first record begins and where the next one goes.
        return u32_at(16).is_some() && u32_at(16) == u32_at(20);
    }
    // A file of zeros was never written to.
    head.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_without_records_are_empty() {
        let evtx = |next: u64| {
            let mut head = b"ElfFile\0".to_vec();
            head.extend([0; 16]);
            head.extend(next.to_le_bytes());
            head.resize(48, 0);
            head
        };
        let evt = |first: u32, next: u32| {
            let mut head = 0x30_u32.to_le_bytes().to_vec();
            head.extend(b"LfLe");
            head.extend([1, 0, 0, 0, 1, 0, 0, 0]);
            head.extend(first.to_le_bytes());
            head.extend(next.to_le_bytes());
            head.resize(48, 0);
            head
        };
        for (head, empty) in [
            (evtx(1), true),
            (evtx(812), false),
            (evt(0x30, 0x30), true),
            (evt(0x30, 0x900), false),
            (vec![0; 48], true),
            (Vec::new(), true),
            (b"other".to_vec(), false),
        ] {
            assert_eq!(is_empty_log(&head), empty, "{head:?}");
        }
    }
}
