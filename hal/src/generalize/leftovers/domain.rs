//! Whose computer it is: domain, directory, management.

use wimwright_servicing::plan::Certainty;
use wimwright_servicing::registry::HiveName;

use super::identity::sid;
use super::{Cleaning, Find, Item, Leftover, Removal};
use crate::audit::check::{Applies, Severity};
use crate::generalize::look::{Look, count, named};
use crate::survey::Part;

/// The name of the kind that keeps `clean` from running.
pub(crate) const MEMBERSHIP: &str = "domain-membership";

pub(super) const ALL: &[Leftover] = &[
    Leftover {
        name: MEMBERSHIP,
        title: "membership in a domain",
        place: "SECURITY\\Policy\\PolPrDmS and Secrets\\$MACHINE.ACC, SYSTEM Tcpip \"NV Domain\" \
                with Netlogon Start 2",
        why: "copies share one computer account and its password: the domain trusts none of them \
              for long",
        severity: Severity::Error,
        applies: Applies::All,
        cleaning: Cleaning::Not("leave the domain inside Windows, then run Sysprep"),
        made_anew: false,
        source: "SYSTEM hives of a joined 7 and of 8.1 and 10 in a workgroup; for SECURITY general \
                 knowledge",
        certainty: Certainty::Recalled,
        find: Find::With(membership),
    },
    Leftover {
        name: "domain-cache",
        title: "domains that the logon remembers",
        place: "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\DomainCache",
        why: "the logon of every copy offers the domains of the reference computer",
        severity: Severity::Note,
        applies: Applies::All,
        cleaning: Cleaning::Offline("its values are deleted"),
        made_anew: false,
        source: "J. Honeycutt, Windows XP Registry Guide: what Sysprep deletes",
        certainty: Certainty::Stated,
        find: Find::With(domain_cache),
    },
    Leftover {
        name: "cached-logons",
        title: "logons of domain users that were kept",
        place: "SECURITY\\Cache, NL$1 and following",
        why: "whoever gets the image can try passwords on them at leisure",
        severity: Severity::Warning,
        applies: Applies::All,
        cleaning: Cleaning::Not(
            "set CachedLogonsCount to 0 inside Windows, restart, and set it back",
        ),
        made_anew: false,
        source: "general knowledge of the LSA's cache",
        certainty: Certainty::Recalled,
        find: Find::With(cached_logons),
    },
    Leftover {
        name: "group-policy-history",
        title: "group policies of a domain that were applied",
        place: "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Group Policy\\History",
        why: "their settings stay in the copies, and nobody takes them back",
        severity: Severity::Note,
        applies: Applies::All,
        cleaning: Cleaning::Not("build the image outside of the domain"),
        made_anew: false,
        source: "general knowledge of the group policy client",
        certainty: Certainty::Recalled,
        find: Find::With(group_policy),
    },
    Leftover {
        name: "directory-join",
        title: "a join to Azure AD (Entra ID)",
        place: "SYSTEM\\ControlSetNNN\\Control\\CloudDomainJoin\\JoinInfo",
        why: "copies claim to be one device; a joined image is not supported",
        severity: Severity::Error,
        applies: Applies::Later,
        cleaning: Cleaning::Not("`dsregcmd /leave` inside Windows, then run Sysprep"),
        made_anew: false,
        source: "Microsoft, device identity and desktop virtualization",
        certainty: Certainty::Recalled,
        find: Find::With(directory_join),
    },
    Leftover {
        name: "device-management",
        title: "an enrolment in device management (MDM)",
        place: "SOFTWARE\\Microsoft\\Enrollments",
        why: "copies answer as one managed device",
        severity: Severity::Warning,
        applies: Applies::Later,
        cleaning: Cleaning::Not("end the enrolment inside Windows, then run Sysprep"),
        made_anew: false,
        source: "general knowledge of the enrolment client",
        certainty: Certainty::Recalled,
        find: Find::With(enrolment),
    },
];

fn membership(look: &Look<'_>) -> Part<Vec<Item>> {
    let mut items = Vec::new();
    let policy = "Policy\\PolPrDmS";
    if let Some(data) = look.value(&HiveName::Security, policy, "")?
        && let Some(sid) = sid(&data.bytes)
    {
        let value = format!("the domain's SID {sid}");
        items.push(Item::new(format!("SECURITY\\{policy}"), value));
    }
    let secret = "Policy\\Secrets\\$MACHINE.ACC";
    if look.has_key(&HiveName::Security, secret)? {
        let value = "the password of the computer's account";
        items.push(Item::new(format!("SECURITY\\{secret}"), value));
    }
    let system = &HiveName::System;
    let tcpip = look.control_set("Services\\Tcpip\\Parameters");
    let netlogon = look.control_set("Services\\Netlogon");
    let starts = look.number(system, &netlogon, "Start")? == Some(2);
    if let Some(domain) = look.text(system, &tcpip, "NV Domain")?
        && starts
    {
        items.push(Item::new(format!("SYSTEM\\{tcpip}\\NV Domain"), domain));
    }
    Ok(items)
}

fn domain_cache(look: &Look<'_>) -> Part<Vec<Item>> {
    let hive = HiveName::Software;
    let key = "Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\DomainCache";
    let names = look.value_names(&hive, key)?;
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut item = Item::new(format!("SOFTWARE\\{key}"), named(&names));
    for name in names {
        item = item.removing(Removal::Value {
            hive: hive.clone(),
            key: key.to_owned(),
            name,
        });
    }
    Ok(vec![item])
}

fn cached_logons(look: &Look<'_>) -> Part<Vec<Item>> {
    let hive = &HiveName::Security;
    let mut used = 0;
    for name in look.value_names(hive, "Cache")? {
        let number = name.strip_prefix("NL$").map(str::parse::<u32>);
        if !matches!(number, Some(Ok(_))) {
            continue;
        }
        // An entry begins with the length of the user's name; 0 is a free one.
        let data = look.value(hive, "Cache", &name)?;
        let len = data.and_then(|data| data.bytes.first_chunk::<2>().copied());
        used += usize::from(len.is_some_and(|len| len != [0; 2]));
    }
    Ok(match used {
        0 => Vec::new(),
        used => vec![Item::new("SECURITY\\Cache", count(used, "logon", "logons"))],
    })
}

fn group_policy(look: &Look<'_>) -> Part<Vec<Item>> {
    let hive = &HiveName::Software;
    let history = "Microsoft\\Windows\\CurrentVersion\\Group Policy\\History";
    let mut policies: Vec<String> = Vec::new();
    for extension in look.subkeys(hive, history)? {
        let extension = format!("{history}\\{extension}");
        for number in look.subkeys(hive, &extension)? {
            let key = format!("{extension}\\{number}");
            // The local policy says `LocalGPO`.
            let path = look.text(hive, &key, "DSPath")?;
            if path.is_some_and(|path| path.to_ascii_uppercase().contains("CN=POLICIES")) {
                let name = look.text(hive, &key, "DisplayName")?.unwrap_or(number);
                if !policies.contains(&name) {
                    policies.push(name);
                }
            }
        }
    }
    Ok(match policies.as_slice() {
        [] => Vec::new(),
        some => vec![Item::new(format!("SOFTWARE\\{history}"), named(some))],
    })
}

fn directory_join(look: &Look<'_>) -> Part<Vec<Item>> {
    let system = &HiveName::System;
    let key = look.control_set("Control\\CloudDomainJoin\\JoinInfo");
    let mut items = Vec::new();
    for join in look.subkeys(system, &key)? {
        let below = format!("{key}\\{join}");
        let tenant = look.text(system, &below, "TenantId")?;
        let value = tenant.map_or_else(|| join.clone(), |tenant| format!("tenant {tenant}"));
        items.push(Item::new(format!("SYSTEM\\{below}"), value));
    }
    Ok(items)
}

fn enrolment(look: &Look<'_>) -> Part<Vec<Item>> {
    let hive = &HiveName::Software;
    let key = "Microsoft\\Enrollments";
    let mut items = Vec::new();
    for name in look.subkeys(hive, key)? {
        let below = format!("{key}\\{name}");
        // Keys without a server or user are Windows' own bookkeeping.
        let server = look.text(hive, &below, "DiscoveryServiceFullURL")?;
        let user = look.text(hive, &below, "UPN")?;
        if let Some(said) = server.or(user) {
            items.push(Item::new(format!("SOFTWARE\\{below}"), said));
        }
    }
    Ok(items)
}
