//! `PnpLockdownFiles`: which package a file outside the store belongs to
//! (driverstore 2.13).

use wimwright_servicing::plan::Basis;
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{Draft, ImagePath};

use super::services::add_owner;
use crate::error::Error;

const STATED: Basis = Basis::stated("driverstore 2.13");

/// Records that the file at `below_windows` comes from `source` in the store,
/// both relative to the Windows directory.
pub(super) fn write(
    draft: &mut Draft,
    below_windows: &ImagePath,
    source: &ImagePath,
    published: &str,
    locked_down: bool,
) -> Result<(), Error> {
    // A key name cannot hold backslashes.
    let file = below_windows.to_string().replace('\\', "/");
    let key = KeyPath::from("Microsoft\\Windows\\CurrentVersion\\Setup\\PnpLockdownFiles");
    let key = key.join(&format!("%SystemRoot%/{file}"));
    let hive = HiveName::Software;
    let class = if locked_down { 4 } else { 5 };
    let _ = draft.set_value(hive, &key, "Class", RegData::dword(class), &STATED)?;
    add_owner(draft, hive, &key, "Owners", published, &STATED)?;
    let source = RegData::expand_sz(&format!("%SystemRoot%\\{source}"));
    let _ = draft.set_value(hive, &key, "Source", source, &STATED)?;
    Ok(())
}
