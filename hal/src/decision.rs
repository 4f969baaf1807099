//! Whether a HAL runs on a computer of a class: the table of all pairs.
//!
//! What Microsoft supports for images is the table of Sysprep's own help
//! (`deploy.chm`, "Reducing the Number of Master Images for Computers with
//! Multiprocessors"): within ACPI with APIC, and within MPS, the number of
//! processors may differ; everything else needs the same class. What runs all
//! the same is Microsoft's list of which HAL can be used on which hardware
//! (KB 299340, KB 237556), which speaks of Windows installed there, not of an
//! image made elsewhere.

use std::fmt;

use wimwright_servicing::plan::Certainty;

use crate::kind::HalType;

/// What becomes of an image on a computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It boots, and that is supported.
    Boots,
    /// It boots, unsupported or with less than the computer can do.
    BootsDegraded,
    /// It boots with one processor; the HAL can be switched, and that is
    /// supported.
    NeedsHalSwitch,
    /// It does not boot.
    WillNotBoot,
    /// This Windows chooses its HAL by itself.
    NotImageBound,
    /// Too little is known.
    Unknown,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 6] = [
        Verdict::Boots,
        Verdict::BootsDegraded,
        Verdict::NeedsHalSwitch,
        Verdict::WillNotBoot,
        Verdict::NotImageBound,
        Verdict::Unknown,
    ];

    /// Its kebab-case name.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Boots => "boots",
            Verdict::BootsDegraded => "boots-degraded",
            Verdict::NeedsHalSwitch => "needs-hal-switch",
            Verdict::WillNotBoot => "will-not-boot",
            Verdict::NotImageBound => "not-image-bound",
            Verdict::Unknown => "unknown",
        }
    }

    /// The same in plain words.
    pub fn plain(self) -> &'static str {
        match self {
            Verdict::Boots => "and is supported",
            Verdict::BootsDegraded => "may boot, but is not supported or loses something",
            Verdict::NeedsHalSwitch => "boots with one processor; needs another HAL for all",
            Verdict::WillNotBoot => "stops or hangs while it starts",
            Verdict::NotImageBound => "this Windows chooses its HAL by itself",
            Verdict::Unknown => "cannot be told",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The number on a blue screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StopCode(pub u32);

impl StopCode {
    /// `MISMATCHED_HAL`: HAL and kernel do not go together.
    pub const MISMATCHED_HAL: StopCode = StopCode(0x79);
    /// `INACCESSIBLE_BOOT_DEVICE`: the boot disk is not reached.
    pub const INACCESSIBLE_BOOT_DEVICE: StopCode = StopCode(0x7B);
    /// `ACPI_BIOS_ERROR`: no ACPI, or one that cannot be used.
    pub const ACPI_BIOS_ERROR: StopCode = StopCode(0xA5);
    /// `SYSTEM_THREAD_EXCEPTION_NOT_HANDLED`: a driver failed while starting.
    pub const SYSTEM_THREAD_EXCEPTION: StopCode = StopCode(0x7E);
}

impl fmt::Display for StopCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:X}", self.0)
    }
}

/// What the table says of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What becomes of it.
    pub verdict: Verdict,
    /// The stop code to expect; `None` where it boots, or hangs instead.
    pub stop_code: Option<StopCode>,
    /// Whether Microsoft supports it.
    pub supported: bool,
    /// The HAL to switch to, where that is supported.
    pub switch_to: Option<HalType>,
    /// Why, in plain words.
    pub reason: &'static str,
    /// Where that is said.
    pub source: &'static str,
    /// How sure it is.
    pub certainty: Certainty,
}

const OPK: &str = "deploy.chm of XP SP3, h_multiproc.htm";
const RUNS_ON: &str = "KB 299340 and KB 237556 (which HAL runs on which hardware)";

/// Whether `installed` runs on a computer of class `target`.
pub fn decide(installed: HalType, target: HalType) -> Decision {
    use HalType::{AcpiApicMp, AcpiApicUp, AcpiPic, MpsMp, MpsUp, SgiMp, StandardPc, SysproMp};
    if installed == target {
        return boots("the HAL is the one that this kind of computer has", OPK);
    }
    match (installed, target) {
        (AcpiApicUp, AcpiApicMp) | (MpsUp, MpsMp) => Decision {
            verdict: Verdict::NeedsHalSwitch,
            stop_code: None,
            supported: true,
            switch_to: Some(target),
            reason: "the HAL is for one processor and the computer has several: it boots and \
                     uses one until the HAL is switched",
            source: "deploy.chm of XP SP3, h_multiproc.htm; KB 309283, note 3",
            certainty: Certainty::Stated,
        },
        (AcpiApicMp, AcpiApicUp) | (MpsMp, MpsUp) => Decision {
            switch_to: Some(target),
            ..boots(
                "the HAL for several processors runs on one as well, a little slower than the \
                 one for one processor",
                "deploy.chm of XP SP3, h_multiproc.htm; KB 299340",
            )
        },
        (StandardPc, AcpiPic | AcpiApicUp | AcpiApicMp) => Decision {
            stop_code: Some(StopCode::INACCESSIBLE_BOOT_DEVICE),
            ..degraded(
                "the Standard PC HAL runs on most computers, but without ACPI and with one \
                 processor; the device tree is another one, so that the boot disk may not be \
                 found",
                "KB 838856; KB 299340",
            )
        },
        (StandardPc, MpsUp | MpsMp) => degraded(
            "the Standard PC HAL runs here with one processor; Sysprep's rules do not allow it",
            RUNS_ON,
        ),
        (AcpiPic, AcpiApicUp | AcpiApicMp) => degraded(
            "the ACPI PC HAL uses one processor and no APIC; it hangs on most computers since \
             2008",
            "KB 299340; Ivanti, HalConfig (2009)",
        ),
        (MpsUp, AcpiApicUp) | (MpsMp, AcpiApicUp | AcpiApicMp) => degraded(
            "an MPS HAL runs here where the firmware still has an MP table, without ACPI; \
             Sysprep's rules do not allow it",
            RUNS_ON,
        ),
        (MpsUp, AcpiApicMp) => Decision {
            source: "KB 299340 and KB 237556: not listed for it",
            ..hangs("the MPS HAL for one processor is not for ACPI computers with several")
        },
        (AcpiPic | AcpiApicUp | AcpiApicMp, StandardPc | MpsUp | MpsMp) => Decision {
            verdict: Verdict::WillNotBoot,
            stop_code: Some(StopCode::ACPI_BIOS_ERROR),
            supported: false,
            switch_to: None,
            reason: "the HAL needs ACPI, and the computer has none that is in use",
            source: "bug check 0xA5 reference; deploy.chm of XP SP3, h_multiproc.htm",
            certainty: Certainty::Recalled,
        },
        (AcpiApicUp | AcpiApicMp, AcpiPic) => {
            hangs("the HAL needs an APIC, and the computer has none that is in use")
        }
        (MpsUp | MpsMp, StandardPc | AcpiPic) => {
            hangs("the HAL needs an APIC told by an MP table, and the computer has none")
        }
        (SysproMp | SgiMp, _) => {
            hangs("the HAL is for one make of computers, and this is not one of them")
        }
        // Targets are PCs: nothing else is asked for.
        (_, SysproMp | SgiMp) => hangs("the computer needs the HAL that was made for it"),
        // The equal pairs were answered above.
        _ => boots("the HAL is the one that this kind of computer has", OPK),
    }
}

/// Whether an x64 installation of the NT 5 generation with a kernel of this
/// class (`acpiapic_up` or `acpiapic_mp`) runs on a computer of class `target`.
pub fn decide_x64(installed: HalType, target: HalType) -> Decision {
    use HalType::{AcpiApicMp, AcpiApicUp};
    const SOURCE: &str = "hal.inf of XP x64";
    match (installed, target) {
        (AcpiApicUp, AcpiApicMp) => Decision {
            verdict: Verdict::NeedsHalSwitch,
            stop_code: None,
            supported: true,
            switch_to: Some(AcpiApicMp),
            reason: "the kernel is for one processor and the computer has several: it boots and \
                     uses one until Plug and Play changes the kernel",
            source: SOURCE,
            certainty: Certainty::Stated,
        },
        (_, AcpiApicUp | AcpiApicMp) => boots(
            "Windows x64 has one HAL, for every computer with ACPI and an APIC",
            SOURCE,
        ),
        _ => Decision {
            verdict: Verdict::WillNotBoot,
            stop_code: Some(StopCode::ACPI_BIOS_ERROR),
            supported: false,
            switch_to: None,
            reason: "Windows x64 needs ACPI and an APIC, and the computer lacks one",
            source: SOURCE,
            certainty: Certainty::Recalled,
        },
    }
}

fn boots(reason: &'static str, source: &'static str) -> Decision {
    Decision {
        verdict: Verdict::Boots,
        stop_code: None,
        supported: true,
        switch_to: None,
        reason,
        source,
        certainty: Certainty::Stated,
    }
}

fn degraded(reason: &'static str, source: &'static str) -> Decision {
    Decision {
        verdict: Verdict::BootsDegraded,
        supported: false,
        ..boots(reason, source)
    }
}

fn hangs(reason: &'static str) -> Decision {
    Decision {
        verdict: Verdict::WillNotBoot,
        stop_code: None,
        supported: false,
        switch_to: None,
        reason,
        source: "KB 838856 (a wrong HAL hangs before mini-setup); KB 299340",
        certainty: Certainty::Recalled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table, cell by cell, as it stands in the reference: B boots, D
    /// degraded, S switch, A stops with 0xA5, H hangs, 7 degraded with 0x7B
    /// possible.
    const TABLE: [(HalType, &str); 8] = [
        (HalType::StandardPc, "B777DD"),
        (HalType::AcpiPic, "ABDDAA"),
        (HalType::AcpiApicUp, "AHBSAA"),
        (HalType::AcpiApicMp, "AHBBAA"),
        (HalType::MpsUp, "HHDHBS"),
        (HalType::MpsMp, "HHDDBB"),
        (HalType::SysproMp, "HHHHHH"),
        (HalType::SgiMp, "HHHHHH"),
    ];

    #[test]
    fn every_pair_is_decided_as_the_table_says() {
        for (installed, row) in TABLE {
            for (target, cell) in HalType::CLASSES.into_iter().zip(row.chars()) {
                let found = decide(installed, target);
                let (verdict, stop, supported) = match cell {
                    'B' => (Verdict::Boots, None, true),
                    'D' => (Verdict::BootsDegraded, None, false),
                    '7' => (Verdict::BootsDegraded, Some(StopCode(0x7B)), false),
                    'S' => (Verdict::NeedsHalSwitch, None, true),
                    'A' => (Verdict::WillNotBoot, Some(StopCode(0xA5)), false),
                    _ => (Verdict::WillNotBoot, None, false),
                };
                let got = (found.verdict, found.stop_code, found.supported);
                assert_eq!(got, (verdict, stop, supported), "{installed} on {target}");
                if let Some(to) = found.switch_to {
                    assert_eq!(installed.partner(), Some(to), "{installed} on {target}");
                }
            }
        }
        assert_eq!(
            decide(HalType::SysproMp, HalType::SysproMp).verdict,
            Verdict::Boots
        );
    }

    #[test]
    fn x64_needs_acpi_and_an_apic_and_nothing_else() {
        use HalType::{AcpiApicMp, AcpiApicUp};
        for target in HalType::CLASSES {
            let (one, several) = (
                decide_x64(AcpiApicUp, target),
                decide_x64(AcpiApicMp, target),
            );
            let expected = match target {
                AcpiApicUp => (Verdict::Boots, Verdict::Boots),
                AcpiApicMp => (Verdict::NeedsHalSwitch, Verdict::Boots),
                _ => (Verdict::WillNotBoot, Verdict::WillNotBoot),
            };
            assert_eq!((one.verdict, several.verdict), expected, "{target}");
        }
    }
}
