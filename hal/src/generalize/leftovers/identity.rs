//! What makes a computer that computer: SID, names, ids, keys, devices.

use wimwright_servicing::plan::Certainty;
use wimwright_servicing::registry::HiveName;

use super::{Cleaning, Find, Item, Leftover, digital_product_id};
use crate::audit::check::{Applies, Severity};
use crate::generalize::answer_file::{self, Masked, Says};
use crate::generalize::look::{Look, count, named};
use crate::survey::Part;

pub(super) const ALL: &[Leftover] = &[
    Leftover {
        name: "machine-sid",
        title: "the SID of the computer",
        place: "SAM\\SAM\\Domains\\Account, SECURITY\\Policy\\PolAcDmS",
        why: "accounts, profiles and access lists are built on it; copies that keep it are the \
              same computer to themselves and to what asks for its id",
        severity: Severity::Error,
        applies: Applies::All,
        cleaning: Cleaning::Not(
            "run Sysprep /generalize inside Windows: a new SID is put into every access list by \
             setupcl.exe at the next boot, and by nothing else",
        ),
        made_anew: true,
        source: "Microsoft, the disk duplication page for Sysprep; a real SAM hive",
        certainty: Certainty::Verified,
        find: Find::With(machine_sid),
    },
    Leftover {
        name: "computer-name",
        title: "the computer's name",
        place: "SYSTEM\\ControlSetNNN\\Control\\ComputerName\\ComputerName",
        why: "two computers of one name disturb each other in a network",
        severity: Severity::Warning,
        applies: Applies::All,
        cleaning: Cleaning::Not(
            "Sysprep /generalize replaces it, and the answer file's ComputerName sets the new one",
        ),
        made_anew: true,
        source: "SYSTEM hives of deployed XP, 7, 8.1 and 10",
        certainty: Certainty::Verified,
        find: Find::With(computer_name),
    },
    Leftover {
        name: "machine-guid",
        title: "the id that programs take for the computer's",
        place: "SOFTWARE\\Microsoft\\Cryptography\\MachineGuid",
        why: "programs count and license computers by it, and machine keys carry it in their names",
        severity: Severity::Warning,
        applies: Applies::All,
        cleaning: Cleaning::Not(
            "run Sysprep /generalize: without a new one the machine keys would not be found",
        ),
        made_anew: false,
        source: "setupact.log of Windows 7: CryptoSysPrep_Specialize assigns a new one",
        certainty: Certainty::Stated,
        find: Find::With(machine_guid),
    },
    Leftover {
        name: "product-key",
        title: "traces of a product key",
        place: "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\DigitalProductId, \
                SoftwareProtectionPlatform, answer files",
        why: "every copy holds the key, and whoever gets the image can read it",
        severity: Severity::Note,
        applies: Applies::All,
        cleaning: Cleaning::Not(
            "`slmgr /upk` and `slmgr /cpky` inside Windows; licensing data are never edited here",
        ),
        made_anew: false,
        source: "Microsoft, slmgr options; published decoders of DigitalProductId",
        certainty: Certainty::Recalled,
        find: Find::With(product_key),
    },
    Leftover {
        name: "mounted-devices",
        title: "drive letters of the disks of one computer",
        place: "SYSTEM\\MountedDevices",
        why: "a disk with another signature may get another letter, and then no logon works",
        severity: Severity::Note,
        applies: Applies::All,
        cleaning: Cleaning::Not("Sysprep /generalize clears them"),
        made_anew: false,
        source: "SYSTEM hives of deployed XP, 7, 8.1 and 10; that Sysprep clears them is recalled",
        certainty: Certainty::Recalled,
        find: Find::With(mounted_devices),
    },
    Leftover {
        name: "device-instances",
        title: "the devices of one computer",
        place: "SYSTEM\\ControlSetNNN\\Enum",
        why: "copies carry devices that they do not have, with their drivers and settings",
        severity: Severity::Note,
        applies: Applies::All,
        cleaning: Cleaning::Not(
            "Sysprep /generalize removes them, unless PersistAllDeviceInstalls keeps them",
        ),
        made_anew: false,
        source: "Microsoft, Microsoft-Windows-PnpSysprep",
        certainty: Certainty::Stated,
        find: Find::With(device_instances),
    },
];

fn machine_sid(look: &Look<'_>) -> Part<Vec<Item>> {
    let mut items = Vec::new();
    let account = "SAM\\Domains\\Account";
    if let Some(data) = look.value(&HiveName::Sam, account, "V")? {
        // The last three numbers of S-1-5-21-a-b-c end the value.
        let start = data.bytes.len().checked_sub(12);
        let tail = start
            .and_then(|start| data.bytes.get(start..))
            .unwrap_or_default();
        let (numbers, _) = tail.as_chunks::<4>();
        if let [a, b, c] = numbers {
            let [a, b, c] = [a, b, c].map(|bytes| u32::from_le_bytes(*bytes));
            if [a, b, c] != [0; 3] {
                let sid = format!("S-1-5-21-{a}-{b}-{c}");
                items.push(Item::new(format!("SAM\\{account}\\V"), sid));
            }
        }
    }
    let policy = "Policy\\PolAcDmS";
    if let Some(data) = look.value(&HiveName::Security, policy, "")?
        && let Some(sid) = sid(&data.bytes)
    {
        items.push(Item::new(format!("SECURITY\\{policy}"), sid));
    }
    Ok(items)
}

/// The SID in binary form, as `S-1-5-21-...`; `None` for anything else.
pub(super) fn sid(bytes: &[u8]) -> Option<String> {
    let [1, count, a, b, c, d, e, f, rest @ ..] = bytes else {
        return None;
    };
    let count = usize::from(*count);
    let (parts, _) = rest.as_chunks::<4>();
    let parts = parts.get(..count).filter(|_| (1..=15).contains(&count))?;
    let authority = [a, b, c, d, e, f]
        .iter()
        .fold(0_u64, |number, byte| number << 8 | u64::from(**byte));
    let mut text = format!("S-1-{authority}");
    for part in parts {
        text.push_str(&format!("-{}", u32::from_le_bytes(*part)));
    }
    Some(text)
}

fn computer_name(look: &Look<'_>) -> Part<Vec<Item>> {
    let system = &HiveName::System;
    let key = look.control_set("Control\\ComputerName\\ComputerName");
    let name = look.text(system, &key, "ComputerName")?;
    Ok(name
        .map(|name| Item::new(format!("SYSTEM\\{key}\\ComputerName"), name))
        .into_iter()
        .collect())
}

fn machine_guid(look: &Look<'_>) -> Part<Vec<Item>> {
    let keys = ["Microsoft\\Cryptography"];
    super::find::reported_values(look, &keys, &["MachineGuid"])
}

fn product_key(look: &Look<'_>) -> Part<Vec<Item>> {
    let software = &HiveName::Software;
    let version = "Microsoft\\Windows NT\\CurrentVersion";
    let mut items = Vec::new();
    let data = look.value(software, version, "DigitalProductId")?;
    if let Some(key) = data.and_then(|data| digital_product_id::key(&data.bytes)) {
        let place = format!("SOFTWARE\\{version}\\DigitalProductId");
        items.push(Item::new(place, key.to_string()));
    }
    let platform = format!("{version}\\SoftwareProtectionPlatform");
    if let Some(text) = look.text(software, &platform, "BackupProductKeyDefault")? {
        let place = format!("SOFTWARE\\{platform}\\BackupProductKeyDefault");
        items.push(Item::new(place, Masked::of(&text).to_string()));
    }
    for file in answer_file::find(look)?.files {
        let keys = match &file.says {
            Says::Unattend(unattend) => &unattend.product_keys,
            Says::Sealed(sealed) => &sealed.product_keys,
            Says::Nothing(_) => continue,
        };
        for key in keys {
            items.push(Item::new(file.path.clone(), key.to_string()));
        }
    }
    Ok(items)
}

fn mounted_devices(look: &Look<'_>) -> Part<Vec<Item>> {
    let names = look.value_names(&HiveName::System, "MountedDevices")?;
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let letters: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_prefix("\\DosDevices\\"))
        .collect();
    let mut value = count(names.len(), "entry", "entries");
    if !letters.is_empty() {
        value.push_str(&format!(", drive letters {}", named(&letters)));
    }
    Ok(vec![Item::new("SYSTEM\\MountedDevices", value)])
}

/// Buses whose devices are plugged in: what hangs below `Root` and the HAL is
/// there in every image.
const BUSES: [&str; 10] = [
    "PCI", "PCIIDE", "IDE", "SCSI", "USB", "USBSTOR", "HDAUDIO", "DISPLAY", "VMBUS", "XENVBD",
];

fn device_instances(look: &Look<'_>) -> Part<Vec<Item>> {
    let root = look.control_set("Enum");
    let mut buses = Vec::new();
    let mut total = 0;
    for bus in BUSES {
        let key = format!("{root}\\{bus}");
        let mut instances = 0;
        for device in look.subkeys(&HiveName::System, &key)? {
            let below = format!("{key}\\{device}");
            instances += look.subkeys(&HiveName::System, &below)?.len();
        }
        if instances > 0 {
            total += instances;
            buses.push(format!("{bus} {instances}"));
        }
    }
    if total == 0 {
        return Ok(Vec::new());
    }
    let value = format!(
        "{} ({})",
        count(total, "device", "devices"),
        buses.join(", ")
    );
    Ok(vec![Item::new(format!("SYSTEM\\{root}"), value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sids_are_read_and_nothing_else() {
        let mut bytes = vec![1, 4, 0, 0, 0, 0, 0, 5];
        for part in [21_u32, 1, 2, 4_000_000_000] {
            bytes.extend(part.to_le_bytes());
        }
        assert_eq!(sid(&bytes).unwrap(), "S-1-5-21-1-2-4000000000");
        assert_eq!(sid(&bytes[..20]), None);
        assert_eq!(sid(&[0, 0, 0, 0]), None);
        assert_eq!(sid(&[1, 0, 0, 0, 0, 0, 0, 5]), None);
    }
}
