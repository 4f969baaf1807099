//! What one computer knows of networks, and the keys with which it shows who it
//! is.

use wimwright_servicing::plan::Certainty;
use wimwright_servicing::registry::HiveName;

use super::find::reported_subkeys;
use super::{Cleaning, Find, Item, Leftover};
use crate::audit::check::{Applies, Severity};
use crate::generalize::look::{Look, named};
use crate::survey::Part;

pub(super) const ALL: &[Leftover] = &[
    Leftover {
        name: "network-profiles",
        title: "networks that the computer was in",
        place: "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\NetworkList",
        why: "copies list networks they never saw, and number their own after them",
        severity: Severity::Note,
        applies: Applies::Later,
        cleaning: Cleaning::Offline("the keys of the networks and their signatures are deleted"),
        made_anew: false,
        source: "general knowledge of the network list manager",
        certainty: Certainty::Recalled,
        find: Find::Subkeys(&[
            "Microsoft\\Windows NT\\CurrentVersion\\NetworkList\\Profiles",
            "Microsoft\\Windows NT\\CurrentVersion\\NetworkList\\Signatures\\Managed",
            "Microsoft\\Windows NT\\CurrentVersion\\NetworkList\\Signatures\\Unmanaged",
        ]),
    },
    Leftover {
        name: "wireless-profiles",
        title: "wireless networks with their keys",
        place: "ProgramData\\Microsoft\\Wlansvc\\Profiles\\Interfaces",
        why: "the keys are for adapters that no copy has, and every copy carries them",
        severity: Severity::Warning,
        applies: Applies::Later,
        cleaning: Cleaning::Offline("the profiles' files are deleted"),
        made_anew: false,
        source: "general knowledge of the WLAN service",
        certainty: Certainty::Recalled,
        find: Find::Files(&["ProgramData\\Microsoft\\Wlansvc\\Profiles\\Interfaces\\*\\*.xml"]),
    },
    Leftover {
        name: "static-addresses",
        title: "IP addresses that are set by hand",
        place: "SYSTEM\\ControlSetNNN\\Services\\Tcpip\\Parameters\\Interfaces",
        why: "copies that keep the adapter keep the address, and disturb each other",
        severity: Severity::Warning,
        applies: Applies::All,
        cleaning: Cleaning::Not(
            "set the adapter to DHCP inside Windows; the answer file sets addresses",
        ),
        made_anew: false,
        source: "Microsoft KB 314053",
        certainty: Certainty::Stated,
        find: Find::With(static_addresses),
    },
    Leftover {
        name: "hosts-entries",
        title: "names that the hosts file fixes",
        place: "System32\\drivers\\etc\\hosts",
        why: "every copy goes to these addresses, whatever DNS says",
        severity: Severity::Note,
        applies: Applies::All,
        cleaning: Cleaning::Not("edit the file, if it is not meant for all copies"),
        made_anew: false,
        source: "Microsoft KB 172218",
        certainty: Certainty::Stated,
        find: Find::With(hosts),
    },
    Leftover {
        name: "remote-desktop-certificate",
        title: "the certificate of Remote Desktop",
        place: "SOFTWARE\\Microsoft\\SystemCertificates\\Remote Desktop\\Certificates",
        why: "copies show one certificate, so that clients cannot tell them apart",
        severity: Severity::Warning,
        applies: Applies::Later,
        cleaning: Cleaning::Offline(
            "its key is deleted; the service makes a new one when it starts",
        ),
        made_anew: false,
        source: "general knowledge of the Remote Desktop service",
        certainty: Certainty::Recalled,
        find: Find::Subkeys(&["Microsoft\\SystemCertificates\\Remote Desktop\\Certificates"]),
    },
    Leftover {
        name: "machine-certificates",
        title: "certificates of the computer",
        place: "SOFTWARE\\Microsoft\\SystemCertificates\\MY\\Certificates",
        why: "copies answer with one identity, and its private key is in all of them",
        severity: Severity::Warning,
        applies: Applies::All,
        cleaning: Cleaning::Not("remove them inside Windows with their private keys (certlm.msc)"),
        made_anew: false,
        source: "general knowledge of the certificate stores",
        certainty: Certainty::Recalled,
        find: Find::With(machine_certificates),
    },
    Leftover {
        name: "ssh-host-keys",
        title: "host keys of the SSH server",
        place: "ProgramData\\ssh\\ssh_host_*",
        why: "whoever has one copy can pretend to be every other",
        severity: Severity::Error,
        applies: Applies::Later,
        cleaning: Cleaning::Offline(
            "the files are deleted; the service makes new ones when it starts",
        ),
        made_anew: false,
        source: "Win32-OpenSSH, OpenSSH server configuration",
        certainty: Certainty::Stated,
        find: Find::Files(&["ProgramData\\ssh\\ssh_host_*"]),
    },
    Leftover {
        name: "transaction-coordinator-id",
        title: "the id of the transaction coordinator (MSDTC)",
        place: "SOFTWARE\\Classes\\CID",
        why: "distributed transactions between two copies fail (event 4101)",
        severity: Severity::Warning,
        applies: Applies::All,
        cleaning: Cleaning::Not("Sysprep /generalize, or `msdtc -uninstall` and `msdtc -install`"),
        made_anew: false,
        source: "Microsoft, event 4101 of MSDTC",
        certainty: Certainty::Recalled,
        find: Find::With(coordinator),
    },
];

fn static_addresses(look: &Look<'_>) -> Part<Vec<Item>> {
    let hive = &HiveName::System;
    let interfaces = look.control_set("Services\\Tcpip\\Parameters\\Interfaces");
    let mut items = Vec::new();
    for name in look.subkeys(hive, &interfaces)? {
        let key = format!("{interfaces}\\{name}");
        if look.number(hive, &key, "EnableDHCP")? != Some(0) {
            continue;
        }
        // A list from 2000 on; `0.0.0.0` is none.
        let Some(data) = look.value(hive, &key, "IPAddress")? else {
            continue;
        };
        let addresses = data.as_texts().or_else(|| Some(vec![data.as_text()?]));
        let mut addresses = addresses.unwrap_or_default();
        addresses.retain(|address| !address.is_empty() && address != "0.0.0.0");
        if !addresses.is_empty() {
            let place = format!("SYSTEM\\{key}\\IPAddress");
            items.push(Item::new(place, named(&addresses)));
        }
    }
    Ok(items)
}

fn hosts(look: &Look<'_>) -> Part<Vec<Item>> {
    let path = look.windows("System32\\drivers\\etc\\hosts")?;
    let Some(bytes) = look.head(&path, 1 << 16)? else {
        return Ok(Vec::new());
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut names: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let line = line.trim_start_matches('\u{feff}');
        for name in line.split_whitespace().skip(1) {
            if !name.eq_ignore_ascii_case("localhost") {
                names.push(name.to_owned());
            }
        }
    }
    Ok(match names.is_empty() {
        true => Vec::new(),
        false => vec![Item::new(path.to_string(), named(&names))],
    })
}

fn machine_certificates(look: &Look<'_>) -> Part<Vec<Item>> {
    reported_subkeys(look, &["Microsoft\\SystemCertificates\\MY\\Certificates"])
}

fn coordinator(look: &Look<'_>) -> Part<Vec<Item>> {
    reported_subkeys(look, &["Classes\\CID"])
}
