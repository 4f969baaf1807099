//! What keeps Sysprep from working, or changes what it does.

use std::collections::BTreeSet;

use wimwright_servicing::plan::Certainty;
use wimwright_servicing::registry::{Condition, HiveName};

use super::find::reported_values;
use super::{Cleaning, Find, Item, Leftover};
use crate::audit::check::{Applies, Severity};
use crate::generalize::look::{Look, named};
use crate::survey::Part;

pub(super) const ALL: &[Leftover] = &[
    Leftover {
        name: "per-user-apps",
        title: "apps that one user has and that are not provisioned",
        place: "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Appx\\AppxAllUserStore",
        why: "Sysprep stops with 0x80073cf2: a package was installed for a user, but not \
              provisioned for all users",
        severity: Severity::Error,
        applies: Applies::Later,
        cleaning: Cleaning::Not("`Remove-AppxPackage -AllUsers` inside Windows, for each of them"),
        made_anew: false,
        source: "Microsoft KB 2769827; where the store is kept is general knowledge",
        certainty: Certainty::Recalled,
        find: Find::With(per_user_apps),
    },
    Leftover {
        name: "app-service-disabled",
        title: "the app deployment service is disabled",
        place: "SYSTEM\\ControlSetNNN\\Services\\AppXSvc\\Start",
        why: "Sysprep stops with 0x422: its provider for apps needs the service",
        severity: Severity::Error,
        applies: Applies::Later,
        cleaning: Cleaning::Not(
            "`registry set IMAGE SYSTEM\\ControlSet001\\Services\\AppXSvc Start 3 --type dword`",
        ),
        made_anew: false,
        source: "a setupact.log of Server 2025 and what helped there",
        certainty: Certainty::Stated,
        find: Find::With(app_service),
    },
    Leftover {
        name: "bitlocker",
        title: "BitLocker was on",
        place: "SYSTEM\\ControlSetNNN\\Control\\BitLockerStatus\\BootStatus",
        why: "Sysprep refuses to generalize an encrypted volume",
        severity: Severity::Error,
        applies: Applies::Later,
        cleaning: Cleaning::Not("`manage-bde -off C:` inside Windows, and wait until it is done"),
        made_anew: false,
        source: "general knowledge of what Windows notes of the boot volume",
        certainty: Certainty::Recalled,
        find: Find::With(bitlocker),
    },
    Leftover {
        name: "reserved-storage",
        title: "reserved storage is in use",
        place: "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\ReserveManager\\ActiveScenario",
        why: "Sysprep stops with 0x800F0975 while updates hold the reserve",
        severity: Severity::Error,
        applies: Applies::Later,
        cleaning: Cleaning::Not("let updates finish and restart, then run Sysprep"),
        made_anew: false,
        source: "setupact.log: Sysprep_Clean_Validate_Opk; public notes on ActiveScenario",
        certainty: Certainty::Recalled,
        find: Find::With(reserves),
    },
    Leftover {
        name: "skip-rearm",
        title: "Sysprep is told not to reset activation",
        place: "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\SoftwareProtectionPlatform\\SkipRearm",
        why: "copies keep one client id, and a KMS counts them once",
        severity: Severity::Warning,
        applies: Applies::Later,
        cleaning: Cleaning::Not("set SkipRearm to 0 in the answer file before the last Sysprep"),
        made_anew: false,
        source: "Microsoft, slmgr options; askcore on the rearm count",
        certainty: Certainty::Stated,
        find: Find::With(skip_rearm),
    },
    Leftover {
        name: "third-party-providers",
        title: "programs of others that Sysprep runs",
        place: "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Setup\\SysPrepExternal",
        why: "one that fails stops Sysprep midway, and the image never gets to the welcome",
        severity: Severity::Warning,
        applies: Applies::Later,
        cleaning: Cleaning::Not("ask their maker; the program that put them there removes them"),
        made_anew: false,
        source: "Microsoft, Sysprep Provider Developer's Guide",
        certainty: Certainty::Stated,
        find: Find::With(providers),
    },
    Leftover {
        name: "persisted-devices",
        title: "Sysprep is told to keep the devices",
        place: "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Setup\\Sysprep\\Settings\\sppnp",
        why: "copies for other computers carry devices that they do not have",
        severity: Severity::Note,
        applies: Applies::Later,
        cleaning: Cleaning::Not("set PersistAllDeviceInstalls to false in the answer file"),
        made_anew: false,
        source: "Microsoft, Microsoft-Windows-PnpSysprep; where it is kept is general knowledge",
        certainty: Certainty::Recalled,
        find: Find::With(persisted_devices),
    },
    Leftover {
        name: "dirty-hives",
        title: "hives whose last changes are in their logs only",
        place: "System32\\config, and the profiles' hives",
        why: "Windows was not shut down, or a snapshot was taken of it while it ran",
        severity: Severity::Warning,
        applies: Applies::All,
        cleaning: Cleaning::Not(
            "shut Windows down and take the image again; an edit of such a hive replays its logs \
             first",
        ),
        made_anew: false,
        source: "the regf specification; five real dirty hives",
        certainty: Certainty::Verified,
        find: Find::With(dirty_hives),
    },
    Leftover {
        name: "sysprep-aborted",
        title: "Sysprep stopped midway",
        place: "SYSTEM\\Setup\\Status\\SysprepStatus\\GeneralizationState",
        why: "the number 3 stays, and such a copy never gets to the welcome",
        severity: Severity::Error,
        applies: Applies::Later,
        cleaning: Cleaning::Not(
            "go back to the state before Sysprep: setting the number to 7 only lets it run again",
        ),
        made_anew: false,
        source: "a public gate for templates of Server 2019 and 2022",
        certainty: Certainty::Stated,
        find: Find::With(aborted),
    },
    Leftover {
        name: "feature-updated",
        title: "a feature update was installed over an earlier version",
        place: "SYSTEM\\Setup\\Source OS",
        why: "before Windows 10 1607 Sysprep does not support it; it always leaves old parts",
        severity: Severity::Note,
        applies: Applies::Later,
        cleaning: Cleaning::Not("build the image from media of the version that it is to have"),
        made_anew: false,
        source: "Microsoft, Sysprep overview; the name of the key is general knowledge",
        certainty: Certainty::Recalled,
        find: Find::With(feature_updated),
    },
];

/// `Name_PublisherId` of `Name_Version_Architecture_ResourceId_PublisherId`.
fn family(full_name: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = full_name.split('_').collect();
    match parts.as_slice() {
        [name, version, _, _, publisher] => Some((
            format!("{name}_{publisher}").to_ascii_lowercase(),
            (*version).to_owned(),
        )),
        _ => None,
    }
}

fn per_user_apps(look: &Look<'_>) -> Part<Vec<Item>> {
    let hive = &HiveName::Software;
    let store = "Microsoft\\Windows\\CurrentVersion\\Appx\\AppxAllUserStore";
    let mut provisioned = BTreeSet::new();
    // Windows' own parts are in the last one; nobody provisions them.
    for below in ["Applications", "InboxApplications"] {
        for name in look.subkeys(hive, &format!("{store}\\{below}"))? {
            provisioned.extend(family(&name).map(|(family, _)| family));
        }
    }
    let mut items = Vec::new();
    for sid in look.subkeys(hive, store)? {
        if !sid.starts_with("S-1-5-21-") && !sid.starts_with("S-1-12-1-") {
            continue;
        }
        let key = format!("{store}\\{sid}");
        let mut apps = look.subkeys(hive, &key)?;
        apps.retain(|app| family(app).is_some_and(|(family, _)| !provisioned.contains(&family)));
        if !apps.is_empty() {
            items.push(Item::new(format!("SOFTWARE\\{key}"), named(&apps)));
        }
    }
    Ok(items)
}

fn number_item(
    look: &Look<'_>,
    hive: &HiveName,
    key: &str,
    name: &str,
    is: impl Fn(u32) -> bool,
) -> Part<Vec<Item>> {
    let number = look.number(hive, key, name)?.filter(|number| is(*number));
    Ok(number
        .map(|number| Item::new(format!("{hive}\\{key}\\{name}"), number.to_string()))
        .into_iter()
        .collect())
}

fn app_service(look: &Look<'_>) -> Part<Vec<Item>> {
    let key = look.control_set("Services\\AppXSvc");
    number_item(look, &HiveName::System, &key, "Start", |start| start == 4)
}

fn bitlocker(look: &Look<'_>) -> Part<Vec<Item>> {
    let key = look.control_set("Control\\BitLockerStatus");
    number_item(look, &HiveName::System, &key, "BootStatus", |on| on != 0)
}

fn reserves(look: &Look<'_>) -> Part<Vec<Item>> {
    let key = "Microsoft\\Windows\\CurrentVersion\\ReserveManager";
    number_item(look, &HiveName::Software, key, "ActiveScenario", |active| {
        active != 0
    })
}

fn skip_rearm(look: &Look<'_>) -> Part<Vec<Item>> {
    let key = "Microsoft\\Windows NT\\CurrentVersion\\SoftwareProtectionPlatform";
    number_item(look, &HiveName::Software, key, "SkipRearm", |skip| {
        skip != 0
    })
}

fn persisted_devices(look: &Look<'_>) -> Part<Vec<Item>> {
    let key = "Microsoft\\Windows\\CurrentVersion\\Setup\\Sysprep\\Settings\\sppnp";
    let name = "PersistAllDeviceInstalls";
    number_item(look, &HiveName::Software, key, name, |keep| keep != 0)
}

fn aborted(look: &Look<'_>) -> Part<Vec<Item>> {
    let key = "Setup\\Status\\SysprepStatus";
    number_item(
        look,
        &HiveName::System,
        key,
        "GeneralizationState",
        |state| state == 3,
    )
}

fn providers(look: &Look<'_>) -> Part<Vec<Item>> {
    let hive = &HiveName::Software;
    let mut items = Vec::new();
    for phase in ["Cleanup", "Generalize", "Specialize"] {
        let key = format!("Microsoft\\Windows\\CurrentVersion\\Setup\\SysPrepExternal\\{phase}");
        let names = look.value_names(hive, &key)?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        items.extend(reported_values(look, &[&key], &names)?);
        for provider in look.subkeys(hive, &key)? {
            items.push(Item::new(format!("SOFTWARE\\{key}\\{provider}"), provider));
        }
    }
    Ok(items)
}

fn dirty_hives(look: &Look<'_>) -> Part<Vec<Item>> {
    let mut hives = HiveName::NAMED.to_vec();
    hives.extend(
        look.draft
            .profiles()?
            .into_iter()
            .map(|profile| profile.hive),
    );
    let mut items = Vec::new();
    for hive in hives {
        let value = match look.draft.hive_condition(&hive)? {
            None | Some(Condition::Clean) => continue,
            Some(Condition::Replayed(applied)) => format!("its logs help: {applied}"),
            Some(Condition::Unrecovered(reason)) => format!("its logs do not help: {reason}"),
        };
        let file = look.draft.hive_file(&hive)?;
        items.push(Item::new(file.to_string(), value));
    }
    Ok(items)
}

fn feature_updated(look: &Look<'_>) -> Part<Vec<Item>> {
    let mut keys = look.subkeys(&HiveName::System, "Setup")?;
    keys.retain(|key| key.starts_with("Source OS"));
    Ok(match keys.is_empty() {
        true => Vec::new(),
        false => vec![Item::new("SYSTEM\\Setup", named(&keys))],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_name_and_publisher() {
        let full = "Microsoft.Copilot_0.4.2.0_neutral__8wekyb3d8bbwe";
        let (found, version) = family(full).unwrap();
        assert_eq!(found, "microsoft.copilot_8wekyb3d8bbwe");
        assert_eq!(version, "0.4.2.0");
        assert_eq!(family("EndOfLife"), None);
    }
}
