//! INF registry directives carried out on a key of the image: what a service's
//! `AddReg` does to the service's key.

use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{Draft, Text};

use super::recorded::below;
use crate::error::Error;
use crate::model::{Condition, Operation, RegistryChange, Root};

/// Carries out the relative ones of `changes` on `base`.
pub(super) fn apply(
    draft: &mut Draft,
    hive: &HiveName,
    base: &KeyPath,
    changes: &[RegistryChange],
    basis: &Basis,
) -> Result<(), Error> {
    for change in changes
        .iter()
        .filter(|change| change.root == Root::Relative)
    {
        let key = below(base, &change.subkey);
        match &change.operation {
            Operation::CreateKey => {
                let _ = draft.create_key(hive, &key, basis)?;
            }
            Operation::SetValue {
                name,
                data,
                condition,
            } => {
                let there = draft.value(hive, &key, name)?;
                let set = match condition {
                    Condition::Always => true,
                    Condition::IfAbsent => there.is_none(),
                    Condition::IfPresent => there.is_some(),
                };
                if set {
                    let data = RegData {
                        kind: data.kind,
                        bytes: data.bytes.clone(),
                    };
                    let _ = draft.set_value(hive, &key, name, data, basis)?;
                }
            }
            Operation::AppendStrings { name, strings } => {
                let mut all = strings_at(draft, hive, &key, name)?;
                for string in strings {
                    if !all.iter().any(|there| there.eq_ignore_ascii_case(string)) {
                        all.push(string.clone());
                    }
                }
                let _ = draft.set_value(hive, &key, name, RegData::multi_sz(&all), basis)?;
            }
            Operation::RemoveStrings { name, strings } => {
                let before = strings_at(draft, hive, &key, name)?;
                let mut all = before.clone();
                all.retain(|there| !strings.iter().any(|gone| gone.eq_ignore_ascii_case(there)));
                if all != before {
                    let _ = draft.set_value(hive, &key, name, RegData::multi_sz(&all), basis)?;
                }
            }
            Operation::DeleteValue { name } => {
                let name = Text::from(name.as_str());
                let hive = hive.clone();
                let change = Change::DeleteValue { hive, key, name };
                let _ = draft.plan_change(change, basis)?;
            }
            Operation::DeleteKey => {
                let hive = hive.clone();
                let _ = draft.plan_change(Change::DeleteKey { hive, key }, basis)?;
            }
            Operation::ChangeBits {
                name,
                byte,
                mask,
                set,
            } => {
                let Some(mut data) = draft.value(hive, &key, name)? else {
                    continue;
                };
                if let Some(at) = data.bytes.get_mut(*byte as usize) {
                    match set {
                        true => *at |= mask,
                        false => *at &= !mask,
                    }
                    let _ = draft.set_value(hive, &key, name, data, basis)?;
                }
            }
        }
    }
    Ok(())
}

fn strings_at(
    draft: &Draft,
    hive: &HiveName,
    key: &KeyPath,
    name: &str,
) -> Result<Vec<String>, Error> {
    let there = draft.value(hive, key, name)?;
    Ok(there.and_then(|data| data.as_texts()).unwrap_or_default())
}
