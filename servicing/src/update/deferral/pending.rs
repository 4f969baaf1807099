//! Operations that Windows has still to finish in an image.

use super::error::DeferError;
use crate::draft::Draft;
use crate::registry::{HiveName, KeyPath};
use crate::tree::FileTree as _;

const SERVICING: &str = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing";

/// Refuses an image that has servicing operations to finish. What would be
/// installed beside them is reported as installed when it is not (KB 2749510).
pub(super) fn refuse(draft: &Draft) -> Result<(), DeferError> {
    match evidence(draft)? {
        Some(evidence) => Err(DeferError::Pending { evidence }),
        None => Ok(()),
    }
}

fn evidence(draft: &Draft) -> Result<Option<String>, DeferError> {
    let file = draft.facts().windows.join("WinSxS\\pending.xml")?;
    if draft.has_file(&file)? {
        return Ok(Some(format!("`{file}` is there")));
    }
    let key = |name: &str| KeyPath::from(format!("{SERVICING}\\{name}"));
    for name in ["RebootPending", "RebootInProgress"] {
        if draft.has_key(HiveName::Software, &key(name))? {
            return Ok(Some(format!("SOFTWARE\\{SERVICING}\\{name} is there")));
        }
    }
    // The key itself stays behind empty.
    let packages = draft.subkeys(HiveName::Software, &key("PackagesPending"))?;
    if let Some(first) = packages.first() {
        return Ok(Some(format!(
            "SOFTWARE\\{SERVICING}\\PackagesPending holds {first}"
        )));
    }
    let sessions = key("SessionsPending");
    let exclusive = draft.value(HiveName::Software, &sessions, "Exclusive")?;
    let number = exclusive.and_then(|data| data.as_number()).unwrap_or(0);
    if number != 0 {
        return Ok(Some(format!(
            "SOFTWARE\\{SERVICING}\\SessionsPending\\Exclusive is {number}"
        )));
    }
    Ok(None)
}
