//! The service that runs the script in an installed system.
//!
//! `cmd.exe` does not speak with the service manager, so it starts the script
//! and ends at once: the manager notes that the service did not start, which
//! `ErrorControl` 0 keeps from being shown, and the script goes on by itself.

use super::error::DeferError;
use crate::draft::Draft;
use crate::facts::{Generation, ImageFacts};
use crate::plan::{Basis, Change};
use crate::registry::{HiveName, KeyPath, RegData};

/// The service's name.
pub(super) const NAME: &str = "wimwright-first-boot";
/// What lists of services show.
pub(super) const DISPLAY_NAME: &str = "wimwright: update packages of the first boot";
/// Its command. `defer` refuses a Windows whose folder would need quotation
/// marks here.
pub(super) const COMMAND: &str = "%SystemRoot%\\System32\\cmd.exe /d /c start /min \
                                  %SystemRoot%\\System32\\cmd.exe /d /c \
                                  %SystemRoot%\\Setup\\Scripts\\wimwright\\run.cmd";

const DESCRIPTION: &str = "Installs the update packages in Windows\\Setup\\Scripts\\wimwright once, \
                           then removes itself.";

/// Its values are those of any service of its own process; that the script
/// outlives it is known from use.
const BASIS: Basis = Basis::recalled("cbs 11");

/// Its key in each control set that counts.
fn keys(facts: &ImageFacts) -> Vec<KeyPath> {
    facts.control_set_keys(&format!("Services\\{NAME}"))
}

fn values(facts: &ImageFacts) -> Vec<(&'static str, RegData)> {
    let mut values = vec![
        ("Type", RegData::dword(0x10)),
        ("Start", RegData::dword(2)),
        ("ErrorControl", RegData::dword(0)),
        ("ImagePath", RegData::expand_sz(COMMAND)),
        ("DisplayName", RegData::sz(DISPLAY_NAME)),
        ("Description", RegData::sz(DESCRIPTION)),
        ("ObjectName", RegData::sz("LocalSystem")),
    ];
    if can_be_delayed(facts) {
        // Behind all other services, which the installers need.
        values.push(("DelayedAutostart", RegData::dword(1)));
    }
    values
}

/// Whether services of this Windows can start after the others.
pub(super) fn can_be_delayed(facts: &ImageFacts) -> bool {
    facts.generation != Generation::Nt5
}

/// Enters the service.
pub(super) fn put(draft: &mut Draft) -> Result<(), DeferError> {
    let facts = draft.facts().clone();
    for key in keys(&facts) {
        for (name, data) in values(&facts) {
            let _ = draft.set_value(HiveName::System, &key, name, data, &BASIS)?;
        }
    }
    Ok(())
}

/// Takes the service out.
pub(super) fn remove(draft: &mut Draft) -> Result<(), DeferError> {
    for key in keys(&draft.facts().clone()) {
        let hive = HiveName::System;
        if draft.has_key(&hive, &key)? {
            let _ = draft.plan_change(Change::DeleteKey { hive, key }, &BASIS)?;
        }
    }
    Ok(())
}

/// Whether it is there as it was entered.
pub(super) fn is_there(draft: &Draft) -> Result<bool, DeferError> {
    let facts = draft.facts();
    for key in keys(facts) {
        for (name, data) in values(facts) {
            if draft.value(HiveName::System, &key, name)? != Some(data) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
