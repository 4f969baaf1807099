//! Files that only weigh down, or tell of one computer.

use wimwright_servicing::plan::Certainty;
use wimwright_servicing::{FileTree as _, ImagePath, Kind};

use super::pattern::{matches, size};
use super::{Cleaning, Find, Item, Leftover, Removal};
use crate::audit::check::{Applies, Severity};
use crate::generalize::look::Look;
use crate::survey::Part;

const WEIGHT: &str = "every copy carries it along, and no copy has a use for it";
const TELLS: &str = "it tells of the work on one computer";

const fn cache(
    name: &'static str,
    title: &'static str,
    place: &'static str,
    why: &'static str,
    applies: Applies,
    cleaning: Cleaning,
    find: Find,
) -> Leftover {
    Leftover {
        name,
        title,
        place,
        why,
        severity: Severity::Note,
        applies,
        cleaning,
        made_anew: false,
        source: "general knowledge of what Windows writes there, and makes anew",
        certainty: Certainty::Recalled,
        find,
    }
}

const DELETED: Cleaning = Cleaning::Offline("the files are deleted; Windows makes them anew");

pub(super) const ALL: &[Leftover] = &[
    cache(
        "update-downloads",
        "downloads of updates",
        "Windows\\SoftwareDistribution\\Download and DeliveryOptimization",
        WEIGHT,
        Applies::All,
        DELETED,
        Find::Files(&[
            "%windir%\\SoftwareDistribution\\Download\\*",
            "%windir%\\SoftwareDistribution\\DeliveryOptimization\\*",
        ]),
    ),
    cache(
        "temporary-files",
        "temporary files",
        "Windows\\Temp, and Temp of every profile",
        WEIGHT,
        Applies::All,
        DELETED,
        Find::Files(&[
            "%windir%\\Temp\\*",
            "Users\\*\\AppData\\Local\\Temp\\*",
            "Documents and Settings\\*\\Local Settings\\Temp\\*",
        ]),
    ),
    cache(
        "page-file",
        "page files",
        "pagefile.sys, swapfile.sys",
        "they hold pieces of memory, passwords among them, and as many bytes as the memory had",
        Applies::All,
        DELETED,
        Find::Files(&["pagefile.sys", "swapfile.sys"]),
    ),
    cache(
        "hibernation-file",
        "the hibernation file",
        "hiberfil.sys",
        "it holds all memory of one computer; a copy would try to go on from it",
        Applies::All,
        Cleaning::Offline("the file is deleted, unless a session is in it"),
        Find::With(hibernation),
    ),
    cache(
        "memory-dumps",
        "memory dumps",
        "Windows\\MEMORY.DMP, Windows\\Minidump, Windows\\LiveKernelReports",
        "they hold pieces of memory, passwords among them",
        Applies::All,
        DELETED,
        Find::Files(&[
            "%windir%\\MEMORY.DMP",
            "%windir%\\Minidump\\*.dmp",
            "%windir%\\LiveKernelReports\\*.dmp",
        ]),
    ),
    cache(
        "error-reports",
        "error reports",
        "ProgramData\\Microsoft\\Windows\\WER",
        TELLS,
        Applies::Later,
        DELETED,
        Find::Files(&[
            "ProgramData\\Microsoft\\Windows\\WER\\ReportQueue\\*",
            "ProgramData\\Microsoft\\Windows\\WER\\ReportArchive\\*",
        ]),
    ),
    cache(
        "restore-points",
        "restore points",
        "System Volume Information",
        "they belong to another disk, and going back to one breaks a copy",
        Applies::All,
        Cleaning::Not(
            "switch system protection off inside Windows, or capture files only: `capture` leaves \
             the folder out",
        ),
        Find::With(restore_points),
    ),
    cache(
        "recycle-bin",
        "what lies in the recycle bin",
        "$Recycle.Bin, RECYCLER",
        TELLS,
        Applies::All,
        DELETED,
        Find::Files(&["$Recycle.Bin\\*\\*", "RECYCLER\\*\\*"]),
    ),
    cache(
        "prefetch-files",
        "traces of programs that were started",
        "Windows\\Prefetch",
        TELLS,
        Applies::All,
        DELETED,
        Find::Files(&["%windir%\\Prefetch\\*.pf"]),
    ),
    cache(
        "earlier-installation",
        "an earlier installation, or the work of an upgrade",
        "Windows.old, $Windows.~BT, $Windows.~WS",
        WEIGHT,
        Applies::All,
        Cleaning::Not("Disk Cleanup inside Windows; or `files delete`, if nobody wants to go back"),
        Find::With(earlier_installation),
    ),
    cache(
        "search-index",
        "the search index",
        "ProgramData\\Microsoft\\Search\\Data\\Applications\\Windows",
        TELLS,
        Applies::Later,
        DELETED,
        Find::Files(&[
            "ProgramData\\Microsoft\\Search\\Data\\Applications\\Windows\\Windows.edb",
            "ProgramData\\Microsoft\\Search\\Data\\Applications\\Windows\\Windows*.db",
        ]),
    ),
    cache(
        "print-jobs",
        "print jobs that wait",
        "Windows\\System32\\spool\\PRINTERS",
        "every copy would print them",
        Applies::All,
        Cleaning::Offline("the files are deleted"),
        Find::Files(&[
            "%windir%\\System32\\spool\\PRINTERS\\*.spl",
            "%windir%\\System32\\spool\\PRINTERS\\*.shd",
        ]),
    ),
    cache(
        "offline-files",
        "files of servers that are kept for offline use",
        "Windows\\CSC",
        TELLS,
        Applies::All,
        Cleaning::Not("empty the cache inside Windows (Sync Center)"),
        Find::KeptFiles(&[
            "%windir%\\CSC\\v2.0.6\\namespace\\*",
            "%windir%\\CSC\\d*\\8*",
        ]),
    ),
];

fn hibernation(look: &Look<'_>) -> Part<Vec<Item>> {
    let path = ImagePath::parse("hiberfil.sys")?;
    let Some(head) = look.head(&path, 4)? else {
        return Ok(Vec::new());
    };
    let len = look.file_len(&path)?.unwrap_or_default();
    // `HIBR` or `hibr` while a session waits in it; `wake` or zeros after it.
    let waits = head.eq_ignore_ascii_case(b"hibr") || head.eq_ignore_ascii_case(b"rstr");
    let item = match waits {
        true => {
            let mut item = Item::new(
                path.to_string(),
                format!("a session waits in it, {}", size(len)),
            );
            item.kept =
                Some("a session waits in it: shut Windows down fully, without fast startup");
            item
        }
        false => Item::new(path.to_string(), size(len)),
    };
    Ok(vec![item.removing(Removal::Path(path))])
}

/// What ends the names of the files in which shadow copies keep their blocks.
const SHADOW: &str = "{3808876b-c176-4e48-b7ae-04046e6cc752}";

fn restore_points(look: &Look<'_>) -> Part<Vec<Item>> {
    let folder = ImagePath::parse("System Volume Information")?;
    let mut items = Vec::new();
    for entry in look.entries(&folder)? {
        let name = entry.name.to_string().to_ascii_lowercase();
        let path = folder.child(entry.name);
        if entry.kind == Kind::Directory && name.starts_with("_restore{") {
            items.push(Item::new(path.to_string(), "restore points"));
        } else if name.starts_with('{') && name.ends_with(SHADOW) {
            let len = look.file_len(&path)?.unwrap_or_default();
            items.push(Item::new(
                path.to_string(),
                format!("a shadow copy, {}", size(len)),
            ));
        }
    }
    Ok(items)
}

fn earlier_installation(look: &Look<'_>) -> Part<Vec<Item>> {
    let mut items = Vec::new();
    for name in ["Windows.old", "$Windows.~BT", "$Windows.~WS", "$Windows.~Q"] {
        let path = ImagePath::parse(name)?;
        if look.draft.has_directory(&path)? {
            let files = matches(look, &format!("{name}\\*"))?;
            let value = format!(
                "{} at its top",
                crate::generalize::look::count(files.len(), "entry", "entries")
            );
            items.push(Item::new(path.to_string(), value));
        }
    }
    Ok(items)
}
