//! Damaged files give findings, never panics: each byte that is looked at is
//! changed in turn.

#![allow(clippy::unwrap_used, reason = "a test program")]

use wimwright_hal::{HalFile, KernelFile, Target};
use wimwright_servicing::ImagePath;
use wimwright_servicing::hardware::Hardware;
use wimwright_testdata::nt5::{XP_SP3, hal_parts, kernel_parts};
use wimwright_testdata::pe::X86;

#[test]
fn damaged_hals_and_kernels_are_read_without_panic() {
    let path = ImagePath::parse("hal.dll").unwrap();
    let mut small = hal_parts("mps_up", XP_SP3);
    small.len = None;
    let hal = small.build();
    let kernel = kernel_parts("ntkrpamp.exe", X86, XP_SP3).build();
    for (whole, is_hal) in [(hal, true), (kernel, false)] {
        let read = |bytes: &[u8]| match is_hal {
            true => drop(HalFile::of(&path, bytes)),
            false => drop(KernelFile::of(&path, bytes)),
        };
        for len in (0..whole.len()).step_by(7) {
            read(&whole[..len]);
        }
        let mut damaged = whole.clone();
        for at in 0..whole.len() {
            // Headers one by one; of the rest every fifth is enough.
            if at >= 0x400 && at % 5 != 0 {
                continue;
            }
            for value in [0x00, 0x7f, 0xff] {
                damaged[at] = value;
                read(&damaged);
            }
            damaged[at] = whole[at];
        }
    }
}

#[test]
fn damaged_acpi_tables_are_read_without_panic() {
    let mut table = b"APIC".to_vec();
    table.extend(80_u32.to_le_bytes());
    table.resize(80, 8);
    for at in 0..table.len() {
        for value in [0, 1, 2, 0x7f, 0xff] {
            let mut damaged = table.clone();
            damaged[at] = value;
            let mut hardware = Hardware::default();
            hardware.acpi_tables.push(damaged.into());
            let _ = Target::of(&hardware);
        }
    }
}
