//! Writes an image of Windows XP into a directory, for trying things out by
//! hand and for benchmarks: `nt5_image DIR HAL [SYSTEM]`, where HAL is an id
//! like `acpiapic_up`, or `x64`, and SYSTEM the file of a real hive to make it
//! around.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a program for developers"
)]

use std::path::Path;

use wimwright_testdata::nt5::{self, Nt5, XP_SP3};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [directory, hal, rest @ ..] = words.as_slice() else {
        panic!("usage: nt5_image DIR HAL [SYSTEM]");
    };
    let mut image = match hal.as_str() {
        "x64" => Nt5::x64(false),
        id => {
            let mut image = Nt5::x86(id);
            image.put_cache("sp3.cab", XP_SP3);
            image
        }
    };
    image.put_disk();
    if let [system, ..] = rest {
        image.system = Some(wimwright_testdata::read(Path::new(system)));
        // Of the registry only the HAL is written; all else is the hive's own.
        let of_hal = |key: &str| key.contains("_HAL") || key.contains(nt5::CLASS);
        image.values.retain(|(key, _, _)| of_hal(key));
        image.put_boot_drivers();
        // A computer without ACPI has another device of class Computer, and no
        // tree of ACPI's devices.
        if !hal.starts_with("acpi") && hal != "x64" {
            for key in ["Enum\\Root\\ACPI_HAL", "Enum\\ACPI_HAL"] {
                image.deleted_keys.push(format!("ControlSet001\\{key}"));
            }
        }
    }
    image.write(Path::new(directory));
}
