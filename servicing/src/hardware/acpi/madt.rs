//! The MADT (`APIC`): processors and interrupt controllers.

use crate::Finding;
use crate::hardware::Hardware;

/// Where the entries begin, behind the header, an address and flags.
const ENTRIES: usize = 44;

/// Counts enabled processors and I/O APICs.
pub(super) fn read(madt: &[u8], hardware: &mut Hardware) {
    let (mut processors, mut io_apic) = (0_u32, false);
    let mut rest = madt.get(ENTRIES..).unwrap_or_default();
    while let [kind, length, ..] = *rest {
        let entry = rest
            .get(..usize::from(length))
            .filter(|entry| entry.len() >= 2);
        let Some(entry) = entry else {
            hardware.add_finding(Finding::warning(
                "acpi-madt",
                format!(
                    "an entry of type {kind} in the ACPI table `APIC` claims {length} bytes, but \
                     {} are left",
                    rest.len()
                ),
            ));
            break;
        };
        let enabled = |at: usize| entry.get(at).is_some_and(|flags| flags & 1 != 0);
        match kind {
            // Local APIC, local x2APIC, GIC CPU interface.
            0 => processors += u32::from(enabled(4)),
            9 => processors += u32::from(enabled(8)),
            11 => processors += u32::from(enabled(12)),
            1 => io_apic = true,
            _ => {}
        }
        rest = rest.get(entry.len()..).unwrap_or_default();
    }
    hardware.firmware.io_apic = Some(io_apic);
    if processors > 0 {
        hardware.processors.logical.get_or_insert(processors);
    }
}
