//! The HALs of Windows 2000, XP and Server 2003, and the kernels that go with
//! them.
//!
//! Setup installs one HAL of several under the one name `hal.dll`, and one of
//! two kernel pairs under the names of the single-processor pair. So the names
//! of installed files say nothing; what the files are stands inside of them.
//!
//! Source: `hal.inf` and `txtsetup.sif` of XP, and the files themselves (XP SP1
//! and SP3); for the SGI HAL and Windows 2000's ids Geoff Chappell's "HAL
//! Versions" and public scripts.

use std::fmt;

/// A HAL of an x86 Windows of the NT 5 generation, which is also the kind of
/// computer that it is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HalType {
    /// `e_isa_up`: PIC, no ACPI, one processor.
    StandardPc,
    /// `acpipic_up`: ACPI with a PIC, one processor.
    AcpiPic,
    /// `acpiapic_up`: ACPI with an APIC, one processor.
    AcpiApicUp,
    /// `acpiapic_mp`: ACPI with an APIC, several processors.
    AcpiApicMp,
    /// `mps_up`: an APIC told by an MP table, no ACPI, one processor.
    MpsUp,
    /// `mps_mp`: an APIC told by an MP table, no ACPI, several processors.
    MpsMp,
    /// `syspro_mp`: Compaq SystemPro and what is compatible with it.
    SysproMp,
    /// `sgi_mps_mp`: Silicon Graphics Visual Workstation.
    SgiMp,
}

/// For how many processors a HAL or kernel is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Processors {
    /// One.
    One,
    /// Any number, one included.
    Several,
}

impl fmt::Display for Processors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Processors::One => "one processor",
            Processors::Several => "several processors",
        })
    }
}

/// What is known of a HAL type.
struct Row {
    id: &'static str,
    media_name: &'static str,
    description: &'static str,
    section: Option<&'static str>,
    hal_name: &'static str,
    processors: Processors,
    plain: &'static str,
}

impl HalType {
    /// All of them.
    pub const ALL: [HalType; 8] = [
        HalType::StandardPc,
        HalType::AcpiPic,
        HalType::AcpiApicUp,
        HalType::AcpiApicMp,
        HalType::MpsUp,
        HalType::MpsMp,
        HalType::SysproMp,
        HalType::SgiMp,
    ];

    /// The six classes that a PC can be of.
    pub const CLASSES: [HalType; 6] = [
        HalType::StandardPc,
        HalType::AcpiPic,
        HalType::AcpiApicUp,
        HalType::AcpiApicMp,
        HalType::MpsUp,
        HalType::MpsMp,
    ];

    fn row(self) -> Row {
        let row = |id, media_name, description, section, hal_name, processors, plain| Row {
            id,
            media_name,
            description,
            section,
            hal_name,
            processors,
            plain,
        };
        use Processors::{One, Several};
        match self {
            HalType::StandardPc => row(
                "e_isa_up",
                "hal.dll",
                "Standard PC",
                Some("E_ISA_UP_HAL"),
                "PC Compatible Eisa/Isa HAL",
                One,
                "a PC without ACPI and APIC, or with both switched off",
            ),
            HalType::AcpiPic => row(
                "acpipic_up",
                "halacpi.dll",
                "Advanced Configuration and Power Interface (ACPI) PC",
                Some("ACPIPIC_UP_HAL"),
                "ACPI Compatible Eisa/Isa HAL",
                One,
                "a PC with ACPI and no APIC",
            ),
            HalType::AcpiApicUp => row(
                "acpiapic_up",
                "halaacpi.dll",
                "ACPI Uniprocessor PC",
                Some("ACPIAPIC_UP_HAL"),
                "ACPI 1.0 - APIC platform UP",
                One,
                "a PC with ACPI, an APIC and one logical processor",
            ),
            HalType::AcpiApicMp => row(
                "acpiapic_mp",
                "halmacpi.dll",
                "ACPI Multiprocessor PC",
                Some("ACPIAPIC_MP_HAL"),
                "ACPI 1.0 - APIC platform MP",
                Several,
                "a PC with ACPI, an APIC and several logical processors: nearly every PC since 2006",
            ),
            HalType::MpsUp => row(
                "mps_up",
                "halapic.dll",
                "MPS Uniprocessor PC",
                Some("MPS_UP_HAL"),
                "UP MPS 1.4 - APIC platform",
                One,
                "a PC with an APIC and one processor, without ACPI",
            ),
            HalType::MpsMp => row(
                "mps_mp",
                "halmps.dll",
                "MPS Multiprocessor PC",
                Some("MPS_MP_HAL"),
                "MPS 1.4 - APIC platform",
                Several,
                "a PC with an APIC and several processors, without ACPI",
            ),
            HalType::SysproMp => row(
                "syspro_mp",
                "halsp.dll",
                "Compaq SystemPro Multiprocessor or 100% Compatible",
                Some("SYSPRO_MP_HAL"),
                "SystemPro or compatible MP Hal",
                Several,
                "a Compaq SystemPro or a computer compatible with it",
            ),
            HalType::SgiMp => row(
                "sgi_mps_mp",
                "halborg.dll",
                "Silicon Graphics Visual Workstation",
                None,
                "SGI HAL",
                Several,
                "a Silicon Graphics Visual Workstation",
            ),
        }
    }

    /// The hardware id by which Windows knows it.
    pub fn id(self) -> &'static str {
        self.row().id
    }

    /// The file's name on Windows' media and in its version resource.
    pub fn media_name(self) -> &'static str {
        self.row().media_name
    }

    /// What Device Manager calls it, in English.
    pub fn description(self) -> &'static str {
        self.row().description
    }

    /// The section of `hal.inf` that installs it; `None` where it is not
    /// known.
    pub fn section(self) -> Option<&'static str> {
        self.row().section
    }

    /// The name that the file gives itself.
    pub fn hal_name(self) -> &'static str {
        self.row().hal_name
    }

    /// For how many processors it is built.
    pub fn processors(self) -> Processors {
        self.row().processors
    }

    /// What Device Manager calls it in an x64 installation, and the section of
    /// `hal.inf` there; `None` for all but the two that x64 has.
    pub fn on_x64(self) -> Option<(&'static str, &'static str)> {
        match self {
            HalType::AcpiApicUp => Some(("ACPI Uniprocessor x64-based PC", "ACPI_AMD64_UP_HAL")),
            HalType::AcpiApicMp => Some(("ACPI Multiprocessor x64-based PC", "ACPI_AMD64_MP_HAL")),
            _ => None,
        }
    }

    /// The computers that it is made for, in plain words.
    pub fn plain(self) -> &'static str {
        self.row().plain
    }

    /// The settings of a virtual machine that it is made for, in plain words.
    pub(crate) fn settings(self) -> &'static str {
        match self {
            HalType::StandardPc | HalType::SysproMp | HalType::SgiMp => "ACPI off, I/O APIC off",
            HalType::AcpiPic => "ACPI on, I/O APIC off",
            HalType::AcpiApicUp => "ACPI on, I/O APIC on, one processor",
            HalType::AcpiApicMp => "ACPI on, I/O APIC on",
            HalType::MpsUp => "ACPI off, I/O APIC on, one processor",
            HalType::MpsMp => "ACPI off, I/O APIC on",
        }
    }

    /// Whether it runs with ACPI.
    pub fn is_acpi(self) -> bool {
        matches!(
            self,
            HalType::AcpiPic | HalType::AcpiApicUp | HalType::AcpiApicMp
        )
    }

    /// The other one of a pair that Microsoft supports switching between
    /// (Sysprep's rule for images, the tables of `hal.inf`): same interrupt
    /// controller, other number of processors.
    pub fn partner(self) -> Option<HalType> {
        match self {
            HalType::AcpiApicUp => Some(HalType::AcpiApicMp),
            HalType::AcpiApicMp => Some(HalType::AcpiApicUp),
            HalType::MpsUp => Some(HalType::MpsMp),
            HalType::MpsMp => Some(HalType::MpsUp),
            _ => None,
        }
    }

    /// The one with this hardware id, in any case. `txtsetup.sif` of XP spells
    /// SGI's another way.
    pub fn from_id(id: &str) -> Option<HalType> {
        if id.eq_ignore_ascii_case("sgiborg_mp") {
            return Some(HalType::SgiMp);
        }
        let mut all = HalType::ALL.into_iter();
        all.find(|known| known.id().eq_ignore_ascii_case(id))
    }

    /// The one whose file has this name on the media, in any case, with any
    /// extension.
    pub fn from_media_name(name: &str) -> Option<HalType> {
        let stem = stem(name);
        let mut all = HalType::ALL.into_iter();
        all.find(|known| stem == self::stem(known.media_name()))
    }
}

impl fmt::Display for HalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// One of the four kernels of x86, or the two of x64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kernel {
    /// `ntoskrnl.exe`: one processor.
    Ntoskrnl,
    /// `ntkrnlmp.exe`: several processors; installed as `ntoskrnl.exe`.
    Ntkrnlmp,
    /// `ntkrnlpa.exe`: one processor, PAE.
    Ntkrnlpa,
    /// `ntkrpamp.exe`: several processors, PAE; installed as `ntkrnlpa.exe`.
    Ntkrpamp,
}

impl Kernel {
    /// All of them.
    pub const ALL: [Kernel; 4] = [
        Kernel::Ntoskrnl,
        Kernel::Ntkrnlmp,
        Kernel::Ntkrnlpa,
        Kernel::Ntkrpamp,
    ];

    /// The file's name on Windows' media and in its version resource.
    pub fn media_name(self) -> &'static str {
        match self {
            Kernel::Ntoskrnl => "ntoskrnl.exe",
            Kernel::Ntkrnlmp => "ntkrnlmp.exe",
            Kernel::Ntkrnlpa => "ntkrnlpa.exe",
            Kernel::Ntkrpamp => "ntkrpamp.exe",
        }
    }

    /// The name under which it is installed.
    pub fn installed_name(self) -> &'static str {
        match self.is_pae() {
            false => "ntoskrnl.exe",
            true => "ntkrnlpa.exe",
        }
    }

    /// For how many processors it is built.
    pub fn processors(self) -> Processors {
        match self {
            Kernel::Ntoskrnl | Kernel::Ntkrnlpa => Processors::One,
            Kernel::Ntkrnlmp | Kernel::Ntkrpamp => Processors::Several,
        }
    }

    /// Whether it addresses memory through PAE.
    pub fn is_pae(self) -> bool {
        matches!(self, Kernel::Ntkrnlpa | Kernel::Ntkrpamp)
    }

    /// The kernel of this kind for `processors`.
    pub fn of(processors: Processors, pae: bool) -> Kernel {
        match (processors, pae) {
            (Processors::One, false) => Kernel::Ntoskrnl,
            (Processors::Several, false) => Kernel::Ntkrnlmp,
            (Processors::One, true) => Kernel::Ntkrnlpa,
            (Processors::Several, true) => Kernel::Ntkrpamp,
        }
    }

    /// The one whose file has this name on the media, in any case, with any
    /// extension.
    pub fn from_media_name(name: &str) -> Option<Kernel> {
        let stem = stem(name);
        let mut all = Kernel::ALL.into_iter();
        all.find(|known| stem == self::stem(known.media_name()))
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.media_name())
    }
}

/// A file name without folders and extension, in lower case.
fn stem(name: &str) -> String {
    let name = name.rsplit(['\\', '/']).next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_by_id_and_by_file_in_any_spelling() {
        for kind in HalType::ALL {
            assert_eq!(HalType::from_id(&kind.id().to_uppercase()), Some(kind));
            assert_eq!(HalType::from_media_name(kind.media_name()), Some(kind));
        }
        for (name, found) in [
            (
                "d:\\xpsp\\base\\hals\\obj\\halmacpi.pdb",
                Some(HalType::AcpiApicMp),
            ),
            ("HAL.DL_", Some(HalType::StandardPc)),
            ("hal486c.dll", None),
            ("halacpi", Some(HalType::AcpiPic)),
            ("", None),
        ] {
            assert_eq!(HalType::from_media_name(name), found, "{name}");
        }
        for kernel in Kernel::ALL {
            assert_eq!(Kernel::from_media_name(kernel.media_name()), Some(kernel));
            assert_eq!(Kernel::of(kernel.processors(), kernel.is_pae()), kernel);
        }
    }

    #[test]
    fn pairs_are_mutual_and_differ_in_the_number_of_processors_only() {
        for kind in HalType::ALL {
            let Some(partner) = kind.partner() else {
                continue;
            };
            assert_eq!(partner.partner(), Some(kind));
            assert_ne!(partner.processors(), kind.processors());
            assert_eq!(partner.is_acpi(), kind.is_acpi());
        }
        assert_eq!(HalType::AcpiPic.partner(), None);
        assert_eq!(HalType::StandardPc.partner(), None);
    }
}
