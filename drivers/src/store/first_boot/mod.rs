//! What an image before Windows 8 gets offline.
//!
//! Windows 2000, XP and 2003 have no driver store, and Vista and 7 keep an
//! index of theirs in binary files that nothing but Windows writes. So a
//! package cannot be staged there. It is laid into a folder of its own where
//! Windows looks when it meets new hardware (`DevicePath`), and Windows
//! installs it at the first boot. What that boot itself needs, drivers that
//! start with the kernel, is put in place: file, service and critical device
//! database (write-lists 11.3 to 11.5).

pub(crate) mod boot;
pub(crate) mod catalog;
pub(crate) mod content;
pub(crate) mod critical_device;
pub(crate) mod device_path;
pub(crate) mod folder;
pub(crate) mod notices;
pub(crate) mod pending;
pub(crate) mod published;
pub(crate) mod startnet;
pub(crate) mod take_back;
pub(crate) mod text_setup;

use wimwright_servicing::{Draft, Finding, Generation};

use crate::add::read::ReadPackage;
use crate::add::refusal::Stop;
use crate::package::Package;
use boot::Boot;
use content::Content;
use folder::Folder;
use published::Published;

/// What became of a package.
pub(crate) struct Written {
    /// Whether anything is to be written.
    pub(crate) changed: bool,
    /// The folder that waits for the first boot; `None` where Windows has
    /// published the package already.
    pub(crate) folder: Option<Folder>,
    /// Where Windows has published it.
    pub(crate) published: Option<Published>,
}

/// Plans everything of the package that can be done offline.
pub(crate) fn write(
    draft: &mut Draft,
    package: &ReadPackage,
    given: &Package,
    content: &Content,
) -> Result<Written, Stop> {
    let mark = draft.mark();
    let published = published::of_inf(draft, &given.inf_name(), package.inf_blob.as_ref())?;
    let folder = match &published {
        Some(_) => None,
        None => Some(Folder::new(draft, package.id.as_str())?),
    };
    let boot = Boot::of(package);
    let mut only_missing = published.is_some();
    if let Some(folder) = &folder {
        // Of several packages of one service the last one added has set its
        // values. One that is added again only puts back what is missing, or
        // two would undo each other for ever.
        only_missing = folder.holds(draft, &given.inf_name())?
            && pending::others_share(draft, folder, &boot.services())?;
        folder.put(draft, package, given, content)?;
        if let Some(found) = &package.catalog {
            catalog::install(draft, folder, found, content)?;
        }
        match draft.facts().windows_pe {
            true => startnet::add(draft, &folder.variable_path(), &given.inf_name())?,
            false => device_path::add(draft, &folder.variable_path())?,
        }
    }
    boot.write(draft, package, content, only_missing)?;
    // Sections may set one value twice; only what is left of it counts.
    draft.settle(&mark)?;
    report(draft, package, folder.as_ref(), &boot)?;
    Ok(Written {
        changed: draft.writes_since(&mark),
        folder,
        published,
    })
}

/// Tells what was done and what is left to the first boot.
fn report(
    draft: &mut Draft,
    package: &ReadPackage,
    folder: Option<&Folder>,
    boot: &Boot<'_>,
) -> Result<(), Stop> {
    let services = boot.services();
    if !services.is_empty() {
        let ids = boot.device_ids().len();
        draft.report(Finding::note(
            "ready-at-boot",
            format!(
                "starts with the kernel: {} with {} in the critical device database",
                services.join(", "),
                match ids {
                    1 => "1 device id".to_owned(),
                    ids => format!("{ids} device ids"),
                }
            ),
        ));
    }
    if let Some(folder) = folder {
        let why = match draft.facts().generation {
            Generation::Nt5 => "this Windows has no driver store",
            _ => "the index of this Windows' driver store is written by Windows alone",
        };
        let how = match draft.facts().windows_pe {
            true => "startnet.cmd loads it with drvload",
            false => "Windows installs it from there when it meets the device",
        };
        draft.report(Finding::note(
            "pending-first-boot",
            format!("{why}: the package lies in `{}`, and {how}", folder.path()),
        ));
    }
    if draft.facts().generation == Generation::Nt5 {
        notices::report(draft, package)?;
    }
    Ok(())
}
