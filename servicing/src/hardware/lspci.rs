//! `lspci`: PCI functions as Linux lists them.
//!
//! Read are the numbers only, so any of the options that show them will do:
//! `-n` or `-nn`, better with `-v` or `-vv` (programming interface, subsystem
//! of bridges) and `-k` (driver). The layout is that of pciutils since 2.2;
//! `lspci(8)`.

mod machine;

use std::collections::HashMap;

use super::ids::{Enumerator, PciClass, PciFunction};
use super::sections::entries;
use super::text_file::Line;
use super::{Device, Hardware, InstalledDriver, MAX_DEVICES};
use crate::Finding;

/// Whether a function begins with this line: an address and something behind.
pub(super) fn begins(line: &str) -> bool {
    let listed = address(line).is_some() || machine::begins(line);
    // Lists of IOMMU groups indent it, or put the group in front.
    listed || grouped(line).is_some()
}

/// Whether a line belongs to the function before it.
pub(super) fn goes_on(line: Line<'_>) -> bool {
    line.text.is_empty() || line.indent() > 0 || machine::goes_on(line.text)
}

/// Reads functions into `hardware`.
pub(super) fn read(lines: &[Line<'_>], hardware: &mut Hardware) {
    let mut functions = Vec::new();
    let mut names = 0_usize;
    // Lines of one listing are neighbours; blank lines were left out.
    for listing in lines.chunk_by(|line, next| next.number - line.number <= 3) {
        // Some listings show no subsystem of any function.
        let subsystems = |line: &Line<'_>| line.text.trim_start().starts_with("Subsystem:");
        let subsystems = listing.iter().any(subsystems);
        for block in entries(listing, |line| begins(line.text)) {
            let function = machine::function(block).or_else(|| function(block, subsystems));
            match function {
                Some(function) if functions.len() < MAX_DEVICES => functions.push(function),
                Some(_) => {}
                // A line with a name for every number, or something that only
                // looks like an address.
                None => names += usize::from(block.first().is_some_and(named)),
            }
        }
    }
    if names > 0 {
        hardware.add_finding(Finding::warning(
            "lspci-without-numbers",
            format!(
                "{names} PCI functions are given by name only and were left out: \
                 `lspci -nnvk` gives the numbers"
            ),
        ));
    }
    for function in functions.iter().filter(|function| function.off) {
        hardware.add_finding(Finding::note(
            "lspci-switched-off",
            format!(
                "the PCI function at {} was switched off when it was listed: its subsystem and \
                 revision are not known",
                function.location
            ),
        ));
    }
    let no_interface = functions
        .iter()
        .filter(|function| function.lacks_interface());
    let no_interface = no_interface.count();
    if no_interface > 0 {
        hardware.add_finding(Finding::note(
            "lspci-without-interface",
            format!(
                "the programming interface of {no_interface} PCI functions is not known, and with \
                 it ids such as `PCI\\CC_010601`: `lspci -nnvk` gives it"
            ),
        ));
    }
    let buses: HashMap<(String, u8), String> = functions.iter().filter_map(Function::bus).collect();
    for function in functions {
        let parent = function.parent(&buses);
        hardware.add_device(function.into_device(parent));
    }
}

/// A function as a listing tells of it.
#[derive(Debug, Default)]
struct Function {
    /// The address, as written.
    location: String,
    numbers: PciFunction,
    description: Option<String>,
    driver: Option<String>,
    /// The bus behind a bridge.
    secondary: Option<u8>,
    /// Whether it was switched off while it was listed.
    off: bool,
}

impl Function {
    /// Whether a class is known whose interface is not.
    fn lacks_interface(&self) -> bool {
        let class = self.numbers.class;
        class.is_some_and(|class| class.interface.is_none())
    }

    /// The domain and bus behind a bridge, and the bridge's address.
    fn bus(&self) -> Option<((String, u8), String)> {
        let (domain, ..) = split(&self.location)?;
        Some(((domain, self.secondary?), self.location.clone()))
    }

    fn parent(&self, buses: &HashMap<(String, u8), String>) -> Option<String> {
        let (domain, bus, _) = split(&self.location)?;
        let bridge = buses.get(&(domain, bus));
        bridge.filter(|at| **at != self.location).cloned()
    }

    fn into_device(self, parent: Option<String>) -> Device {
        Device {
            description: self.description,
            location: Some(self.location),
            parent,
            installed: self.driver.map(|name| InstalledDriver {
                name,
                ..InstalledDriver::default()
            }),
            ..self.numbers.ids(Enumerator::default()).into_device()
        }
    }
}

/// Domain, bus and the rest of an address.
fn split(location: &str) -> Option<(String, u8, &str)> {
    let (bus, rest) = location.rsplit_once(':')?;
    let (domain, bus) = bus.rsplit_once(':').unwrap_or(("0000", bus));
    let domain = domain.to_ascii_lowercase();
    Some((domain, u8::from_str_radix(bus, 16).ok()?, rest))
}

/// The address that a line begins with, and the rest.
fn address(line: &str) -> Option<(&str, &str)> {
    let (at, rest) = line.split_once(' ')?;
    let (slot, function) = at.split_once('.')?;
    let mut parts = slot.rsplit(':');
    let (device, bus, domain) = (parts.next()?, parts.next()?, parts.next());
    let digits = |text: &str, from: usize, to: usize| {
        (from..=to).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    // `-D` shows the domain; those of virtual machines have up to eight digits.
    let domain = domain.is_none_or(|domain| digits(domain, 4, 8));
    let rest = rest.trim_start();
    let known = domain
        && parts.next().is_none()
        && digits(bus, 2, 2)
        && digits(device, 2, 2)
        && matches!(function.as_bytes(), [b'0'..=b'7'])
        && !rest.is_empty();
    known.then_some((at, rest))
}

/// A function within a list of IOMMU groups:
/// `IOMMU Group 28 00:1f.0 ISA bridge [0601]: Intel C600 [8086:1d41] (rev 05)`.
fn grouped(line: &str) -> Option<(&str, &str)> {
    let start = line.trim_start_matches([' ', '\t', '#', '*']);
    let group = start
        .get(..12)
        .filter(|word| word.eq_ignore_ascii_case("IOMMU Group "));
    let rest = match group {
        Some(group) => {
            let rest = start.get(group.len()..)?;
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            rest.trim_start_matches([':', ' ', '\t'])
        }
        None => start,
    };
    address(rest).filter(|(_, rest)| bracketed(rest).next().is_some())
}

/// Whether it is a function with a name and no numbers.
fn named(line: &Line<'_>) -> bool {
    address(line.text).is_some_and(|(_, rest)| rest.contains(": "))
}

/// A function from its line and those below, in a listing with or without
/// `subsystems`.
fn function(block: &[Line<'_>], subsystems: bool) -> Option<Function> {
    let (head, body) = block.split_first()?;
    let (at, rest) = address(head.text).or_else(|| grouped(head.text))?;
    // `(rev 04)`, `(prog-if 01 [AHCI 1.0])`, each where it is not 0.
    let parenthesis = |word: &str| {
        let at = rest.find(word)? + word.len();
        hex8(rest.get(at..at + 2)?)
    };
    let (class, vendor, device, name) = numbers(rest)?;
    let verbose = body.iter().any(|line| shows_registers(line.text));
    let interface = parenthesis("(prog-if ").or(verbose.then_some(0));
    let driver = body.iter().find_map(|line| {
        let driver = line
            .text
            .trim_start()
            .strip_prefix("Kernel driver in use:")?;
        Some(driver.trim()).filter(|name| !name.is_empty())
    });
    let interface = interface.or_else(|| interface_of_driver(class?, driver?));
    let mut function = Function {
        location: at.to_owned(),
        numbers: PciFunction {
            vendor,
            device,
            revision: Some(parenthesis("(rev ").unwrap_or(0)),
            class: class.map(|class| PciClass {
                base: (class >> 8) as u8,
                sub: class as u8,
                interface,
            }),
            ..PciFunction::default()
        },
        description: name,
        driver: driver.map(str::to_owned),
        ..Function::default()
    };
    let mut capabilities = false;
    for line in body {
        let text = line.text.trim_start();
        if let Some(subsystem) = text.strip_prefix("Subsystem:") {
            function.numbers.subsystem = pair(subsystem).or(function.numbers.subsystem);
        } else if let Some(buses) = text.strip_prefix("Bus: ") {
            let secondary = buses.split("secondary=").nth(1);
            function.secondary = secondary.and_then(|text| hex8(text.get(..2)?));
        } else if let Some(capability) = text.strip_prefix("Capabilities: ") {
            capabilities |= !capability.starts_with('<');
            capability_line(capability, &mut function.numbers);
        }
    }
    // One that is switched off answers with ones; what the kernel remembers
    // of it are vendor, device and class.
    if function.numbers.revision == Some(0xFF) {
        function.off = true;
        function.numbers.revision = None;
        return Some(function);
    }
    let subsystem = &mut function.numbers.subsystem;
    // A function that has no subsystem is listed without one. Bridges keep
    // theirs among the capabilities, which only some options show.
    let bridge = class == Some(0x0604);
    let shown = if bridge {
        capabilities
    } else {
        verbose || subsystems
    };
    if subsystem.is_none() && shown {
        *subsystem = Some((0, 0));
    }
    Some(function)
}

/// Lines that only verbose listings have.
fn shows_registers(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("Flags:") || line.starts_with("Control:")
}

/// The programming interface that a driver of Linux was bound by: these take
/// functions by their class code alone.
fn interface_of_driver(class: u16, driver: &str) -> Option<u8> {
    let classes = [
        (0x0106, "ahci", 0x01),
        (0x0108, "nvme", 0x02),
        (0x0C03, "uhci_hcd", 0x00),
        (0x0C03, "ohci-pci", 0x10),
        (0x0C03, "ohci_hcd", 0x10),
        (0x0C03, "ehci-pci", 0x20),
        (0x0C03, "ehci_hcd", 0x20),
        (0x0C03, "xhci_hcd", 0x30),
        (0x0C03, "xhci-pci", 0x30),
    ];
    let found = classes
        .iter()
        .find(|(of, name, _)| (*of, *name) == (class, driver));
    found.map(|(.., interface)| *interface)
}

/// What of a capability matters: `[40] Express (v2) Root Port (Slot+), MSI 00`
/// and `[90] Subsystem: Dell Device [1028:0534]`.
fn capability_line(text: &str, numbers: &mut PciFunction) {
    let Some((_, text)) = text.split_once("] ") else {
        return;
    };
    if let Some(subsystem) = text.strip_prefix("Subsystem:") {
        numbers.subsystem = pair(subsystem).or(numbers.subsystem);
    } else if let Some(express) = text.strip_prefix("Express ") {
        let express = match express.strip_prefix("(v") {
            Some(version) => version.split_once(") ").map_or("", |(_, rest)| rest),
            None => express,
        };
        let types = [
            ("Endpoint", 0),
            ("Legacy Endpoint", 1),
            ("Root Port", 4),
            ("Upstream Port", 5),
            ("Downstream Port", 6),
            ("PCI-Express to PCI", 7),
            ("PCI/PCI-X Bridge", 7),
            ("PCI/PCI-X to PCI-Express", 8),
            ("PCI to PCI-Express", 8),
            ("Root Complex Integrated Endpoint", 9),
            ("Root Complex Event Collector", 10),
        ];
        let found = types.iter().find(|(name, _)| express.starts_with(name));
        numbers.express_type = found.map(|(_, number)| *number);
    }
}

/// Class, vendor, device and the name of `rest`, in one of two layouts:
/// `SATA controller [0106]: Intel 82801 [8086:2922] (rev 02)` and
/// `0106: 8086:2922 (rev 02)`.
fn numbers(rest: &str) -> Option<(Option<u16>, u16, u16, Option<String>)> {
    // Before 2.2.9 `-n` wrote `Class 0106: 8086:2922`.
    let rest = rest.strip_prefix("Class ").unwrap_or(rest);
    if let Some((class, numbers)) = rest.split_once(": ")
        && class.len() == 4
        && let Some(class) = hex16(class)
    {
        let (vendor, device) = plain_pair(numbers.split(' ').next()?)?;
        return Some((Some(class), vendor, device, None));
    }
    // The pair stands behind the name, which may hold brackets of its own.
    let text = rest.split(" (rev ").next()?;
    let text = text.split(" (prog-if ").next()?;
    let (at, (vendor, device)) = bracketed(text).last()?;
    let class = text.find("]: ").and_then(|end| {
        let code = text.get(..end)?.rsplit_once('[')?.1;
        (code.len() == 4).then(|| hex16(code))?
    });
    let name = text.get(..at).unwrap_or_default();
    let name = name.split_once("]: ").map_or(name, |(_, name)| name).trim();
    let name = (!name.is_empty()).then(|| name.to_owned());
    Some((class, vendor, device, name))
}

/// The last `[hhhh:hhhh]`, or a plain `hhhh:hhhh`.
fn pair(text: &str) -> Option<(u16, u16)> {
    let bracketed = bracketed(text).last().map(|(_, pair)| pair);
    bracketed.or_else(|| plain_pair(text.trim()))
}

/// Every `[hhhh:hhhh]` and where it begins.
fn bracketed(text: &str) -> impl Iterator<Item = (usize, (u16, u16))> + '_ {
    text.match_indices('[').filter_map(|(at, _)| {
        let inner = text.get(at + 1..at + 10)?;
        let closed = text.get(at + 10..at + 11) == Some("]");
        Some((at, plain_pair(inner).filter(|_| closed)?))
    })
}

fn plain_pair(text: &str) -> Option<(u16, u16)> {
    let (vendor, device) = text.split_once(':')?;
    let four = vendor.len() == 4 && device.len() == 4;
    Some((hex16(vendor).filter(|_| four)?, hex16(device)?))
}

fn hex16(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(text, 16).ok().filter(|_| digits)
}

fn hex8(text: &str) -> Option<u8> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u8::from_str_radix(text, 16).ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    fn read(text: &str) -> Hardware {
        Hardware::read("x", text.as_bytes()).unwrap()
    }

    fn ids(text: &str) -> Vec<String> {
        let hardware = read(text);
        hardware
            .devices
            .iter()
            .map(|device| device.id().to_owned())
            .collect()
    }

    #[test]
    fn what_hangs_behind_a_bridge_names_it() {
        let hardware = read(
            "0000:00:1c.0 PCI bridge [0604]: Intel Port [8086:1e10] (rev c4) (prog-if 00)\n\
             \tFlags: bus master, fast devsel\n\
             \tBus: primary=00, secondary=02, subordinate=02, sec-latency=0\n\
             \tCapabilities: [90] Subsystem: Dell Device [1028:0534]\n\n\
             0000:02:00.0 Network controller [0280]: Broadcom [14e4:4727] (rev 01)\n\
             \tFlags: fast devsel\n\n\
             0001:02:00.0 Network controller [0280]: Broadcom [14e4:4727] (rev 01)\n\
             \tFlags: fast devsel\n",
        );
        let parents: Vec<Option<&str>> = hardware
            .devices
            .iter()
            .map(|device| device.parent.as_deref())
            .collect();
        assert_eq!(parents, [None, Some("0000:00:1c.0"), None]);
    }

    #[test]
    fn all_layouts_of_one_function_give_its_ids() {
        let expected = "PCI\\VEN_8086&DEV_1E03&SUBSYS_05341028&REV_04";
        for text in [
            "00:1f.2 SATA controller [0106]: Intel [x] 7 Series [8086:1e03] (rev 04) (prog-if 01 \
             [AHCI 1.0])\n\tSubsystem: Dell Device [1028:0534]\n\tFlags: 66MHz\n",
            "00:1f.2 0106: 8086:1e03 (rev 04) (prog-if 01 [AHCI 1.0])\n\tSubsystem: 1028:0534\n",
            "00:1f.2 Class 0106: 8086:1e03 (rev 04) (prog-if 01)\n\tSubsystem: 1028:0534\n",
            "0000:00:1f.2 \"0106\" \"8086\" \"1e03\" -r04 -p01 \"1028\" \"0534\"\n",
            "00:1f.2 \"SATA controller [0106]\" \"Intel Corporation [8086]\" \"7 Series [1e03]\" -r04 \
             -p01 \"Dell [1028]\" \"Device [0534]\"\n",
            "Slot:\t00:1f.2\nClass:\t0106\nVendor:\t8086\nDevice:\t1e03\nSVendor:\t1028\n\
             SDevice:\t0534\nRev:\t04\nProgIf:\t01\nDriver:\tahci\n\n",
            "IOMMU Group 4:\n\t\t00:1f.2 SATA controller [0106]: Intel [8086:1e03] (rev 04) (prog-if \
             01)\n\t\t\tSubsystem: Dell Device [1028:0534]\n",
        ] {
            assert_eq!(ids(text), [expected], "{text}");
            let device = &read(text).devices[0];
            assert_eq!(device.pci_class(), Some((1, 6, Some(1))), "{text}");
            assert_eq!(device.ids().count(), 11, "{text}");
        }
    }

    #[test]
    fn a_missing_subsystem_is_zero_only_where_it_would_have_been_listed() {
        let plain = "00:01.1 IDE interface [0101]: Intel [8086:7010]\n";
        assert_eq!(ids(plain), ["PCI\\VEN_8086&DEV_7010&CC_0101"]);
        let verbose = format!("{plain}\tFlags: bus master\n");
        assert_eq!(
            ids(&verbose),
            ["PCI\\VEN_8086&DEV_7010&SUBSYS_00000000&REV_00"]
        );
        let bridge = "00:1e.0 PCI bridge [0604]: Intel [8086:2448]\n\tFlags: bus master\n";
        let hidden = format!("{bridge}\tCapabilities: <access denied>\n");
        assert_eq!(ids(&hidden), ["PCI\\VEN_8086&DEV_2448&CC_060400"]);
        let shown = format!("{bridge}\tCapabilities: [50] MSI: Enable-\n");
        assert_eq!(
            ids(&shown),
            ["PCI\\VEN_8086&DEV_2448&SUBSYS_00000000&REV_00"]
        );
    }

    #[test]
    fn two_listings_of_one_computer_are_one() {
        let hardware = read(
            "$ lspci -nn\n00:01.1 IDE interface [0101]: Intel [8086:7010]\n\n\n\n$ lspci -vnn\n\
             00:01.1 IDE interface [0101]: Intel [8086:7010] (prog-if 80 [Master])\n\
             \tSubsystem: Red Hat [1af4:1100]\n\tFlags: bus master\n",
        );
        assert_eq!(hardware.devices.len(), 1);
        assert_eq!(
            hardware.devices[0].id(),
            "PCI\\VEN_8086&DEV_7010&SUBSYS_11001AF4&REV_00"
        );
    }
}
