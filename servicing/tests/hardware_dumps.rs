//! Listings of real computers, as people published them.
//!
//! `testdata/hardware` has the listings, its README where each is from. What
//! was made of one stands beside it in a short form: a line a device with its
//! most specific id, its class and how many ids there are of each kind.
//! `WIMWRIGHT_BLESS=1` writes these anew, to be read again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use wimwright_servicing::hardware::{Device, Hardware, HardwareError};

fn folder() -> PathBuf {
    wimwright_testdata::files()
        .parent()
        .unwrap()
        .join("hardware")
}

fn listings() -> Vec<PathBuf> {
    let files = fs::read_dir(folder()).unwrap();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    files
}

fn read(path: &Path) -> Hardware {
    let name = path.file_stem().unwrap().to_str().unwrap();
    Hardware::read(name, &fs::read(path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn device(device: &Device) -> String {
    let mut line = device.location.clone().unwrap_or_default();
    write!(line, " {}", device.id()).unwrap();
    if let Some((base, sub, interface)) = device.pci_class() {
        write!(line, " CC_{base:02X}{sub:02X}").unwrap();
        match interface {
            Some(interface) => write!(line, "{interface:02X}").unwrap(),
            None => line.push_str("??"),
        }
    }
    let (hardware, compatible) = (&device.hardware_ids, &device.compatible_ids);
    write!(line, " {}+{}", hardware.len(), compatible.len()).unwrap();
    if let Some(last) = compatible.last().filter(|id| !id.starts_with("PCI\\")) {
        write!(line, " ..{last}").unwrap();
    }
    if let Some(driver) = &device.installed {
        write!(line, " by {}", driver.name).unwrap();
    }
    if let Some(parent) = &device.parent {
        write!(line, " on {parent}").unwrap();
    }
    line
}

fn short(hardware: &Hardware) -> String {
    let mut text = format!("{}\n", hardware.name);
    for device in hardware.devices.iter().map(device) {
        writeln!(text, "{device}").unwrap();
    }
    let value = serde_json::to_value(hardware).unwrap();
    for part in ["firmware", "processors"] {
        if value[part].as_object().is_some_and(|part| !part.is_empty()) {
            writeln!(text, "{part} {}", value[part]).unwrap();
        }
    }
    for finding in &hardware.findings {
        writeln!(text, "{finding}").unwrap();
    }
    text
}

#[test]
fn every_listing_gives_what_was_reviewed() {
    let bless = std::env::var_os("WIMWRIGHT_BLESS").is_some();
    let mut wrong = Vec::new();
    for path in listings() {
        let found = short(&read(&path));
        let golden = path.with_extension("ids");
        if bless {
            fs::write(&golden, &found).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if expected != found {
            wrong.push(format!("{}\n{found}", golden.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_more_than_forty_real_computers_and_each_is_in_the_readme() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let listings = listings();
    assert!(listings.len() > 40, "{}", listings.len());
    for path in listings {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn a_listing_is_the_same_in_every_encoding_and_between_other_text() {
    for path in listings() {
        let text = fs::read_to_string(&path).unwrap();
        let plain = read(&path);
        let crlf = text.replace('\n', "\r\n");
        let wide: Vec<u8> = crlf.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = [b"\xff\xfe".as_slice(), &wide].concat();
        let name = path.file_stem().unwrap().to_str().unwrap();
        for bytes in [crlf.into_bytes(), marked] {
            let read = Hardware::read(name, &bytes).unwrap();
            assert_eq!(read, plain, "{}", path.display());
        }
        let quoted = format!("Dear list,\n\nthis is my computer:\n\n{text}\n\nThank you\n");
        let read = Hardware::read(name, quoted.as_bytes()).unwrap();
        assert_eq!(short(&read), short(&plain), "{}", path.display());
        // A profile of it says the same.
        let profile = Hardware::read(name, plain.to_profile().unwrap().as_bytes()).unwrap();
        assert_eq!(profile.devices, plain.devices, "{}", path.display());
    }
}

#[test]
fn names_without_numbers_are_refused_with_the_command_that_gives_them() {
    let bytes = fs::read(folder().join("names-only-h61.refused")).unwrap();
    let error = Hardware::read("h61", &bytes).unwrap_err();
    assert!(
        matches!(error, HardwareError::NothingUsable { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("lspci -nnvk"), "{error}");
}

/// Small changes of any kind end in an error or in a computer, never in a
/// panic, and never make a listing grow.
#[test]
fn damaged_listings_are_read_or_refused() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below.max(1)
    };
    let (mut read, mut refused) = (0, 0);
    for path in listings() {
        let bytes = fs::read(&path).unwrap();
        for _ in 0..60 {
            let mut damaged = bytes.clone();
            for _ in 0..=random(4) {
                let at = random(damaged.len());
                let length = random(40).min(damaged.len() - at);
                match random(5) {
                    0 => damaged[at] = random(256) as u8,
                    1 => damaged[at] ^= 1 << random(8),
                    2 => drop(damaged.drain(at..at + length)),
                    3 => {
                        let copy = damaged[at..at + length].to_vec();
                        let to = random(damaged.len());
                        drop(damaged.splice(to..to, copy));
                    }
                    _ => damaged.truncate(at.max(1)),
                }
            }
            match Hardware::read("damaged", &damaged) {
                Ok(hardware) => {
                    read += 1;
                    let functions = damaged.iter().filter(|byte| **byte == b'\n').count() + 1;
                    // A USB controller has a root hub besides.
                    assert!(
                        hardware.devices.len() <= 2 * functions,
                        "{}",
                        path.display()
                    );
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(read > 1000 && refused > 0, "{read} read, {refused} refused");
}
