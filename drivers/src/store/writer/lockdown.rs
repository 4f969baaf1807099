//! `PnpLockdownFiles`: which package a file outside the store belongs to
//! (driverstore 2.13).

use wimwright_servicing::plan::Basis;
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{Draft, ImagePath};

use super::services::{add_owner, is_shared};
use crate::error::Error;

const STATED: Basis = Basis::stated("driverstore 2.13");

/// The key that has one key a file, in SOFTWARE.
pub(crate) const FILES: &str = "Microsoft\\Windows\\CurrentVersion\\Setup\\PnpLockdownFiles";
/// What the names of those keys begin with, for files of Windows.
pub(crate) const WINDOWS: &str = "%SystemRoot%/";

/// The key of a file, given below the Windows directory. A key name cannot hold
/// backslashes.
pub(super) fn key(below_windows: &ImagePath) -> KeyPath {
    let file = below_windows.to_string().replace('\\', "/");
    KeyPath::from(FILES).join(&format!("{WINDOWS}{file}"))
}

/// Records that the file at `below_windows` comes from `source` in the store,
/// both relative to the Windows directory.
pub(super) fn write(
    draft: &mut Draft,
    below_windows: &ImagePath,
    source: &ImagePath,
    published: &str,
    locked_down: bool,
) -> Result<(), Error> {
    let key = key(below_windows);
    let hive = &HiveName::Software;
    if is_shared(draft, hive, &key, published)? {
        return Ok(());
    }
    let class = if locked_down { 4 } else { 5 };
    let _ = draft.set_value(hive, &key, "Class", RegData::dword(class), &STATED)?;
    add_owner(draft, hive, &key, published, &STATED)?;
    let source = RegData::expand_sz(&format!("%SystemRoot%\\{source}"));
    let _ = draft.set_value(hive, &key, "Source", source, &STATED)?;
    Ok(())
}
