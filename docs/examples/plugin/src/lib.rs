//! A plugin: an operation that `servicing` has never heard of.
//!
//! "Plugin" means a crate that exports operations: functions over `&mut Draft`
//! with a typed result. This one writes a deployment stamp into the image, so
//! that a machine can tell which build it was made from.

use wimwright_servicing::plan::{Basis, Change, Content};
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{Applied, Draft, DraftError};

/// Where the stamp stands in SOFTWARE.
pub const KEY: &str = "Example Corp\\Deployment";

/// Stamps the image with `build`; says whether anything changed.
///
/// # Errors
/// When the image has no SOFTWARE hive, or it cannot be edited.
pub fn stamp(draft: &mut Draft, build: &str) -> Result<bool, DraftError> {
    let ours = Basis::stated("this company's deployment handbook");
    let value = draft.set_value(
        HiveName::Software,
        &KeyPath::from(KEY),
        "Build",
        RegData::sz(build),
        &ours,
    )?;
    let path = draft.facts().windows.join("deployment.txt")?;
    let content = Content::Inline(format!("{build}\r\n").into_bytes());
    let file = draft.plan_change(Change::PutFile { path, content }, &ours)?;
    Ok([value, file].contains(&Applied::Changed))
}
