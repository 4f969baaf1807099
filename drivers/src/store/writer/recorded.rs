//! INF registry directives as the driver database records them.
//!
//! Below `Configurations\<section>`, Windows keeps what `AddReg` and `DelReg`
//! of an install section would do, for the kernel to do it when the device
//! shows up. How each is to be done stands in the upper half of the value type:
//! cdrom.inf's `0x00010003` (DWORD, no clobber) is type 0x20004 there, its
//! `0x00010008` (append to MULTI_SZ) is 0x40007, with all strings of one name
//! in one value (both seen in 8.1, 1709 and 2004). 0x100000 and 0x200000, with
//! the subkey's or value's name and no data, fit the deletions of `DelReg`.

use wimwright_servicing::Draft;
use wimwright_servicing::plan::Basis;
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};

use crate::error::Error;
use crate::model::{Condition, Operation, RegistryChange, Root};

/// The value is only set where there is none.
const IF_ABSENT: u32 = 0x2_0000;
/// The strings are appended.
const APPEND: u32 = 0x4_0000;
/// The subkey is deleted.
const DELETE_KEY: u32 = 0x10_0000;
/// The value is deleted.
const DELETE_VALUE: u32 = 0x20_0000;

const SEEN: Basis = Basis::verified("driverstore 2.8");
const CONCLUDED: Basis = Basis::inferred("driverstore 2.8");

/// Records `changes` below `base`. Only relative ones belong there; the caller
/// has looked at the others.
pub(super) fn record(
    draft: &mut Draft,
    hive: &HiveName,
    base: &KeyPath,
    changes: &[RegistryChange],
) -> Result<(), Error> {
    // Strings that are appended to one value, line after line.
    let mut appended: Vec<(KeyPath, String, Vec<String>)> = Vec::new();
    for change in changes
        .iter()
        .filter(|change| change.root == Root::Relative)
    {
        let key = below(base, &change.subkey);
        match &change.operation {
            Operation::CreateKey => {
                let _ = draft.create_key(hive, &key, &SEEN)?;
            }
            Operation::SetValue {
                name,
                data,
                condition,
            } => {
                let (mark, basis) = match condition {
                    Condition::Always => (0, &SEEN),
                    Condition::IfAbsent => (IF_ABSENT, &SEEN),
                    // Never seen recorded; a plain value comes closest.
                    Condition::IfPresent => (0, &CONCLUDED),
                };
                let data = RegData {
                    kind: data.kind | mark,
                    bytes: data.bytes.clone(),
                };
                let _ = draft.set_value(hive, &key, name, data, basis)?;
            }
            Operation::AppendStrings { name, strings } => {
                let known = appended
                    .iter_mut()
                    .find(|(at, known, _)| *at == key && known.eq_ignore_ascii_case(name));
                match known {
                    Some((_, _, all)) => all.extend(strings.iter().cloned()),
                    None => appended.push((key, name.clone(), strings.clone())),
                }
            }
            Operation::DeleteValue { name } => {
                let data = RegData {
                    kind: DELETE_VALUE,
                    bytes: Vec::new(),
                };
                let _ = draft.set_value(hive, &key, name, data, &CONCLUDED)?;
            }
            Operation::DeleteKey => {
                let (parent, name) = match change.subkey.rsplit_once('\\') {
                    Some((parent, name)) => (below(base, parent), name),
                    None => (base.clone(), change.subkey.as_str()),
                };
                let data = RegData {
                    kind: DELETE_KEY,
                    bytes: Vec::new(),
                };
                if !name.is_empty() {
                    let _ = draft.set_value(hive, &parent, name, data, &CONCLUDED)?;
                }
            }
            // How these are recorded was never seen; the device's installation
            // carries them out from the INF.
            Operation::RemoveStrings { .. } | Operation::ChangeBits { .. } => {}
        }
    }
    for (key, name, strings) in appended {
        let mut data = RegData::multi_sz(&strings);
        data.kind |= APPEND;
        let _ = draft.set_value(hive, &key, &name, data, &SEEN)?;
    }
    Ok(())
}

/// `base` itself for an empty subkey.
pub(super) fn below(base: &KeyPath, subkey: &str) -> KeyPath {
    match subkey {
        "" => base.clone(),
        subkey => base.join(subkey),
    }
}
