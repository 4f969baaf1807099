//! `lspci`: PCI functions as Linux lists them.
//!
//! Read are the numbers only, so any of the options that show them will do:
//! `-n` or `-nn`, better with `-v` or `-vv` (programming interface, subsystem
//! of bridges) and `-k` (driver). The layout is that of pciutils since 2.2;
//! `lspci(8)`.

mod machine;

use super::ids::{Enumerator, PciClass, PciFunction};
use super::sections::entries;
use super::text_file::Line;
use super::{Device, Hardware, InstalledDriver, MAX_DEVICES};
use crate::Finding;

/// Whether a function begins with this line: an address and something behind.
pub(super) fn begins(line: &str) -> bool {
    address(line).is_some() || machine::begins(line)
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
    let buses: Vec<(String, u8, String)> = functions.iter().filter_map(Function::bus).collect();
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
}

impl Function {
    /// Whether a class is known whose interface is not.
    fn lacks_interface(&self) -> bool {
        let class = self.numbers.class;
        class.is_some_and(|class| class.interface.is_none())
    }

    /// Domain, bus behind it, and its own address.
    fn bus(&self) -> Option<(String, u8, String)> {
        let (domain, ..) = split(&self.location)?;
        Some((domain, self.secondary?, self.location.clone()))
    }

    fn parent(&self, buses: &[(String, u8, String)]) -> Option<String> {
        let (domain, bus, _) = split(&self.location)?;
        let mut bridges = buses.iter();
        let bridge = bridges.find(|(of, behind, at)| {
            (*behind, of.as_str()) == (bus, domain.as_str()) && *at != self.location
        })?;
        Some(bridge.2.clone())
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

/// Whether it is a function with a name and no numbers.
fn named(line: &Line<'_>) -> bool {
    address(line.text).is_some_and(|(_, rest)| rest.contains(": "))
}

/// A function from its line and those below, in a listing with or without
/// `subsystems`.
fn function(block: &[Line<'_>], subsystems: bool) -> Option<Function> {
    let (head, body) = block.split_first()?;
    let (at, rest) = address(head.text)?;
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
