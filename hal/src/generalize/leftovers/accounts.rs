//! People: profiles, accounts, logons.

use wimwright_servicing::ImagePath;
use wimwright_servicing::plan::Certainty;
use wimwright_servicing::registry::{HiveName, KeyPath};

use super::find::reported_values;
use super::{Cleaning, Find, Item, Leftover};
use crate::audit::check::{Applies, Severity};
use crate::generalize::look::Look;
use crate::survey::Part;

const WINLOGON: &str = "Microsoft\\Windows NT\\CurrentVersion\\Winlogon";
const PROFILE_LIST: &str = "Microsoft\\Windows NT\\CurrentVersion\\ProfileList";
const NAMES: &str = "SAM\\Domains\\Account\\Users\\Names";

pub(super) const ALL: &[Leftover] = &[
    Leftover {
        name: "user-profiles",
        title: "profiles of people",
        place: "Users, Documents and Settings, SOFTWARE ProfileList",
        why: "Sysprep does not remove them: every copy carries their files, settings and secrets",
        severity: Severity::Warning,
        applies: Applies::All,
        cleaning: Cleaning::Not(
            "delete them inside Windows (System Properties, or `Remove-CimInstance` on \
             Win32_UserProfile), so that account, key and folder go together",
        ),
        made_anew: false,
        source: "Microsoft, Customize the default user profile by using CopyProfile",
        certainty: Certainty::Recalled,
        find: Find::With(user_profiles),
    },
    Leftover {
        name: "administrator-profile",
        title: "the profile of the built-in Administrator",
        place: "Users\\Administrator, Documents and Settings\\Administrator",
        why: "what was done in audit mode stays in it; CopyProfile makes it everybody's",
        severity: Severity::Note,
        applies: Applies::All,
        cleaning: Cleaning::Not("Sysprep handles it from Vista on; look through it before that"),
        made_anew: false,
        source: "4sysops, what Sysprep does",
        certainty: Certainty::Stated,
        find: Find::With(administrator_profile),
    },
    Leftover {
        name: "orphaned-profiles",
        title: "registry entries of profiles whose folder is gone",
        place: "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList",
        why: "specialize stops at them: the computer restarted unexpectedly, again and again",
        severity: Severity::Error,
        applies: Applies::All,
        cleaning: Cleaning::Not(
            "look at each, then `registry delete` its key, and its account inside Windows",
        ),
        made_anew: false,
        source: "mickitblog, 2012: Sysprep after profile folders had been deleted",
        certainty: Certainty::Stated,
        find: Find::With(orphaned_profiles),
    },
    Leftover {
        name: "local-accounts",
        title: "local accounts that people made",
        place: "SAM\\SAM\\Domains\\Account\\Users\\Names",
        why: "every copy has them with one password, and Sysprep leaves them",
        severity: Severity::Warning,
        applies: Applies::All,
        cleaning: Cleaning::Not("delete them inside Windows"),
        made_anew: false,
        source: "a real SAM hive; the numbers of Windows' own accounts are general knowledge",
        certainty: Certainty::Recalled,
        find: Find::With(local_accounts),
    },
    Leftover {
        name: "autologon",
        title: "a logon without asking, or its password",
        place: "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon",
        why: "whoever starts a copy is logged on, and the password stands there in plain text",
        severity: Severity::Warning,
        applies: Applies::All,
        cleaning: Cleaning::Not(
            "`registry delete IMAGE 'SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon' \
             DefaultPassword`; audit mode needs its own autologon",
        ),
        made_anew: false,
        source: "Microsoft KB 324737",
        certainty: Certainty::Stated,
        find: Find::With(autologon),
    },
    Leftover {
        name: "last-user",
        title: "who was logged on last",
        place: "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Authentication\\LogonUI",
        why: "the logon of every copy shows that name",
        severity: Severity::Note,
        applies: Applies::Later,
        cleaning: Cleaning::Offline("its values are deleted; the next logon writes them anew"),
        made_anew: false,
        source: "general knowledge of the logon screen",
        certainty: Certainty::Recalled,
        find: Find::Values {
            keys: &["Microsoft\\Windows\\CurrentVersion\\Authentication\\LogonUI"],
            names: &[
                "LastLoggedOnUser",
                "LastLoggedOnSAMUser",
                "LastLoggedOnUserSID",
                "LastLoggedOnDisplayName",
                "SelectedUserSID",
            ],
        },
    },
    Leftover {
        name: "run-once",
        title: "commands that the next logon is to run",
        place: "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\RunOnce",
        why: "an installation was not finished; every copy will finish it, or fail to",
        severity: Severity::Note,
        applies: Applies::All,
        cleaning: Cleaning::Not("log on once, so that they run, then run Sysprep"),
        made_anew: false,
        source: "Microsoft, Run and RunOnce registry keys",
        certainty: Certainty::Stated,
        find: Find::With(run_once),
    },
];

fn is_administrator(folder: &ImagePath, sid: Option<&str>) -> bool {
    sid.is_some_and(|sid| sid.ends_with("-500"))
        || folder
            .file_name()
            .is_some_and(|name| name.is("Administrator"))
}

fn profiles(look: &Look<'_>, administrators: bool) -> Part<Vec<Item>> {
    let people = look.people()?.into_iter();
    let of =
        people.filter(|(folder, sid)| is_administrator(folder, sid.as_deref()) == administrators);
    Ok(of
        .map(|(folder, sid)| {
            let value = sid.unwrap_or_else(|| "without an entry in ProfileList".to_owned());
            Item::new(folder.to_string(), value)
        })
        .collect())
}

fn user_profiles(look: &Look<'_>) -> Part<Vec<Item>> {
    profiles(look, false)
}

fn administrator_profile(look: &Look<'_>) -> Part<Vec<Item>> {
    profiles(look, true)
}

fn orphaned_profiles(look: &Look<'_>) -> Part<Vec<Item>> {
    let hive = &HiveName::Software;
    let known = look.draft.profiles()?;
    let mut items = Vec::new();
    for sid in look.subkeys(hive, PROFILE_LIST)? {
        let has_folder = known
            .iter()
            .any(|profile| profile.sid.as_ref() == Some(&sid));
        if !sid.starts_with("S-1-5-21-") || has_folder {
            continue;
        }
        let key = format!("{PROFILE_LIST}\\{sid}");
        let folder = look.text(hive, &key, "ProfileImagePath")?;
        let value = match folder {
            Some(folder) => format!("no profile in {folder}"),
            None => "no folder is named".to_owned(),
        };
        items.push(Item::new(format!("SOFTWARE\\{key}"), value));
    }
    Ok(items)
}

/// Accounts above 999 that Windows or its parts make.
const OWN_ACCOUNTS: [&str; 5] = [
    "HelpAssistant",
    "SUPPORT_388945a0",
    "ASPNET",
    "HomeGroupUser$",
    "__vmware_user__",
];

fn local_accounts(look: &Look<'_>) -> Part<Vec<Item>> {
    let hive = &HiveName::Sam;
    let mut items = Vec::new();
    for name in look.subkeys(hive, NAMES)? {
        let key = format!("{NAMES}\\{name}");
        // The number of the account is the type of the default value.
        let number = look
            .draft
            .value(hive, &KeyPath::from(key.as_str()), "")?
            .map(|data| data.kind);
        let own = OWN_ACCOUNTS
            .iter()
            .any(|own| own.eq_ignore_ascii_case(&name));
        if let Some(number) = number.filter(|number| *number >= 1000 && !own) {
            items.push(Item::new(
                format!("SAM\\{key}"),
                format!("{name}, number {number}"),
            ));
        }
    }
    Ok(items)
}

fn autologon(look: &Look<'_>) -> Part<Vec<Item>> {
    let hive = &HiveName::Software;
    let mut items = Vec::new();
    let on = look.text(hive, WINLOGON, "AutoAdminLogon")?;
    if on.is_some_and(|on| on.trim() != "0") {
        let user = look.text(hive, WINLOGON, "DefaultUserName")?;
        let user = user.unwrap_or_else(|| "(no name)".to_owned());
        let place = format!("SOFTWARE\\{WINLOGON}\\AutoAdminLogon");
        items.push(Item::new(place, format!("on, for {user}")));
    }
    if look.text(hive, WINLOGON, "DefaultPassword")?.is_some() {
        let place = format!("SOFTWARE\\{WINLOGON}\\DefaultPassword");
        items.push(Item::new(place, "(set, not shown)"));
    }
    Ok(items)
}

fn run_once(look: &Look<'_>) -> Part<Vec<Item>> {
    let mut items = Vec::new();
    for key in [
        "Microsoft\\Windows\\CurrentVersion\\RunOnce",
        "Wow6432Node\\Microsoft\\Windows\\CurrentVersion\\RunOnce",
    ] {
        let names = look.value_names(&HiveName::Software, key)?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        items.extend(reported_values(look, &[key], &names)?);
    }
    Ok(items)
}
