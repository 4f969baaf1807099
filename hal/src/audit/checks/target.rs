//! What of a computer's firmware keeps an old Windows from starting. The
//! verdict itself is [`super::super::verdict`]'s.

use crate::audit::check::{Applies, Check, Found, Outcome, Run, Severity};
use crate::computer::Target;
use crate::evidence::{Evidence, EvidenceKind};
use crate::survey::Survey;

const ACPI: &str = "ACPI specification (MADT, FADT)";

pub(super) const HAL_CLASS_CHECK: Check = Check {
    name: super::HAL_CLASS,
    severity: Severity::Error,
    applies: Applies::All,
    title: "the HAL of the image fits the computer",
    why: "Windows 2000, XP and Server 2003 install one of several HALs (hardware abstraction \
          layers) for the computer they are installed on; on another kind of computer the image \
          hangs or stops before anything can be mended",
    remedy: "switch the HAL where that is supported, else make the image on a computer of the same \
             kind",
    source: "deploy.chm of XP SP3, h_multiproc.htm; KB 299340, KB 309283, KB 838856",
    run: Run::Verdict,
};

pub(super) const ACPI_TABLES: Check = Check {
    name: "acpi-tables",
    severity: Severity::Error,
    applies: Applies::Nt5,
    title: "the computer's ACPI is one that a Windows of 2000 to 2003 understands",
    why: "these know ACPI 1.0: hardware-reduced ACPI has nothing of what they need, processors \
          that are told as x2APIC alone are unseen, and a MADT that denies the PC's own interrupt \
          controllers is not started on",
    remedy: "look in the firmware's settings for a legacy or compatibility mode, and for x2APIC to \
             be switched off",
    source: "ACPI specification (MADT, FADT); an XP media tool's note on PCAT_COMPAT; the rest \
             recalled",
    run: Run::Target(acpi_tables),
};

fn acpi_tables(_: &Survey, target: &Target) -> Outcome {
    let mut found = Vec::new();
    let piece = |table: &str, value: String| {
        Evidence::new(
            EvidenceKind::Hardware,
            format_args!("ACPI table {table}"),
            value,
            ACPI,
        )
    };
    if target.tables.hardware_reduced == Some(true) {
        let message = "the computer has hardware-reduced ACPI, which this Windows cannot use";
        let pieces = [piece("FACP", "HW_REDUCED_ACPI is set".to_owned())];
        found.push(Found::error(message).with(pieces).stops(None));
    }
    if let Some(madt) = target.tables.madt {
        if !madt.pcat_compat {
            let message = "the computer's MADT denies the PC's own interrupt controllers: Windows \
                           of this age is known to need them";
            let pieces = [piece("APIC", "PCAT_COMPAT is not set".to_owned())];
            found.push(Found::warning(message).with(pieces));
        }
        if madt.x2apic_processors > 0 {
            let message = format!(
                "{} processors are told as x2APIC, which this Windows does not see",
                madt.x2apic_processors
            );
            let counts = format!(
                "{} processors as APIC, {} as x2APIC",
                madt.processors, madt.x2apic_processors
            );
            let found_one = match madt.processors {
                0 => Found::warning(message),
                _ => Found::note(message),
            };
            found.push(found_one.with([piece("APIC", counts)]));
        }
    }
    Ok(found)
}

pub(super) const FIRMWARE_DATE: Check = Check {
    name: "firmware-date",
    severity: Severity::Note,
    applies: Applies::Nt5,
    title: "the computer's firmware is of 1999 or later",
    why: "Setup uses ACPI on firmware since 1999, and before that where it knows the BIOS; an older \
          computer may be of a kind without ACPI although it has it",
    remedy: "look in Device Manager of a Windows that was installed there, under Computer",
    source: "txtsetup.sif of XP (ACPIBiosDate); KB 314088",
    run: Run::Target(firmware_date),
};

fn firmware_date(_: &Survey, target: &Target) -> Outcome {
    let date = target.firmware.date.as_deref();
    let year = date.and_then(|date| date.get(..4)?.parse::<u16>().ok());
    let Some(year) = year.filter(|year| *year < 1999) else {
        return Ok(Vec::new());
    };
    let message = format!(
        "the firmware is of {year}: Setup uses ACPI before 1999 only where it knows the BIOS"
    );
    let piece = Evidence::new(
        EvidenceKind::Hardware,
        "firmware date",
        date.unwrap_or_default(),
        "txtsetup.sif of XP (ACPIBiosDate)",
    );
    Ok(vec![Found::note(message).with([piece])])
}
