//! Which HAL a computer needs, worked out from what an administrator knows of
//! it.
//!
//! ```text
//! ACPI in use
//!    a MADT with an I/O APIC: several processors -> acpiapic_mp, one -> acpiapic_up
//!    none                                        -> acpipic_up
//! no ACPI
//!    an MP table with an I/O APIC: several       -> mps_mp, one -> mps_up
//!    none                                        -> e_isa_up
//! ```
//!
//! Cores and hyper-threads count as processors. That ACPI comes before the MP
//! table is recalled and what a public recovery agent does; that Setup takes
//! ACPI on machines with firmware since 1999 stands in `txtsetup.sif`
//! (`ACPIBiosDate`). Every answer carries what it was worked out from, and how
//! sure that makes it.

mod acpi;
mod hypervisor;

use std::fmt;

use wimwright_servicing::hardware::{Bus, Firmware, Hardware, Processors};

pub use acpi::{Madt, Tables};
pub use hypervisor::{Hypervisor, Machine};

use crate::evidence::{Evidence, EvidenceKind};
use crate::kind::HalType;

/// Where the rule stands.
const RULE: &str = "ACPI specification (MADT); MP specification 1.4; txtsetup.sif of XP";
const REPORTED: &str = "the id that Windows itself reported there";

/// How sure a class is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Some of it is what nearly all computers are like.
    Assumed,
    /// It follows from what another system saw.
    Inferred,
    /// Firmware tables, or a Windows of that generation, say it.
    Exact,
}

impl Confidence {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Assumed => "assumed",
            Confidence::Inferred => "inferred",
            Confidence::Exact => "exact",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A computer that an image is to boot on.
#[derive(Clone, Debug)]
pub struct Target {
    /// What it is called.
    pub name: String,
    /// The HAL class that it needs; `None` where too little is known.
    pub hal: Option<HalType>,
    /// How sure that is; `None` where there is none.
    pub confidence: Option<Confidence>,
    /// What it was worked out from.
    pub inputs: Vec<Evidence>,
    /// What is missing, or odd, in plain words.
    pub notes: Vec<String>,
    /// What is known of its firmware.
    pub firmware: Firmware,
    /// What is known of its processors.
    pub processors: Processors,
    /// Its memory in bytes, where that is known.
    pub memory: Option<u64>,
    /// What its ACPI tables say.
    pub tables: Tables,
    /// Whether it is a virtual one.
    pub machine: Machine,
}

impl Target {
    /// A computer of which nothing but its class is known, because it was
    /// named.
    pub fn of_class(class: HalType) -> Target {
        Target {
            name: class.id().to_owned(),
            hal: Some(class),
            confidence: Some(Confidence::Exact),
            inputs: vec![Evidence::new(
                EvidenceKind::Hardware,
                "class",
                format_args!("{class} ({})", class.description()),
                "named on the command line",
            )],
            notes: Vec::new(),
            firmware: Firmware::default(),
            processors: Processors::default(),
            memory: None,
            tables: Tables::default(),
            machine: Machine::Unknown,
        }
    }

    /// Works it out from what is known of a computer.
    pub fn of(hardware: &Hardware) -> Target {
        let mut target = Target {
            name: hardware.name.clone(),
            hal: None,
            confidence: None,
            inputs: Vec::new(),
            notes: hardware
                .findings
                .iter()
                .map(|finding| finding.message.clone())
                .collect(),
            firmware: hardware.firmware.clone(),
            processors: hardware.processors.clone(),
            memory: hardware.memory,
            tables: Tables::read(&hardware.acpi_tables),
            machine: Machine::of(hardware),
        };
        if !target.take_reported(hardware) {
            target.derive(hardware);
        }
        target
    }

    fn input(&mut self, place: &str, value: impl fmt::Display, source: &'static str) {
        let piece = Evidence::new(EvidenceKind::Hardware, place, value, source);
        self.inputs.push(piece);
    }

    /// Takes the class that a Windows of the NT 5 generation reported. A later
    /// one reports ids of its own, which say that there is ACPI.
    fn take_reported(&mut self, hardware: &Hardware) -> bool {
        for device in &hardware.devices {
            let reported = device.ids().find_map(|id| {
                let kind = HalType::from_id(id)?;
                Some((id.to_owned(), kind))
            });
            if let Some((id, kind)) = reported {
                let place = device.location.clone();
                let place = place.unwrap_or_else(|| "the device of class Computer".to_owned());
                self.input(&place, id, REPORTED);
                self.hal = Some(kind);
                self.confidence = Some(Confidence::Exact);
                return true;
            }
        }
        false
    }

    fn derive(&mut self, hardware: &Hardware) {
        let mut known = Known {
            acpi: None,
            apic: None,
            count: None,
        };
        self.tables_say(&mut known);
        self.firmware_says(&mut known);
        self.windows_says(hardware, &mut known);
        self.processors_say(&mut known);
        self.assume(&mut known);
        let (Some((acpi, first)), Some((apic, second))) = (known.acpi, known.apic) else {
            self.missing(&known);
            return;
        };
        let mut confidence = first.min(second);
        // Without an APIC one processor is used, however many there are.
        let several = match (apic, known.count) {
            (false, _) => false,
            (true, Some((count, sure))) => {
                confidence = confidence.min(sure);
                count > 1
            }
            (true, None) => {
                self.missing(&known);
                return;
            }
        };
        self.hal = Some(match (acpi, apic, several) {
            (true, true, true) => HalType::AcpiApicMp,
            (true, true, false) => HalType::AcpiApicUp,
            (true, false, _) => HalType::AcpiPic,
            (false, true, true) => HalType::MpsMp,
            (false, true, false) => HalType::MpsUp,
            (false, false, _) => HalType::StandardPc,
        });
        self.confidence = Some(confidence);
    }

    fn tables_say(&mut self, known: &mut Known) {
        let tables = self.tables;
        if let Some(madt) = tables.madt {
            self.input(
                "ACPI table APIC",
                format_args!(
                    "{} enabled processors, {} I/O APICs",
                    madt.processors, madt.io_apics
                ),
                RULE,
            );
            known.acpi = Some((true, Confidence::Exact));
            known.apic = Some((madt.io_apics > 0, Confidence::Exact));
            if madt.processors > 0 {
                known.count = Some((madt.processors, Confidence::Exact));
            }
        } else if tables.fadt {
            self.input("ACPI table FACP", "is there", RULE);
            known.acpi = Some((true, Confidence::Exact));
            if tables.complete {
                self.input("ACPI table APIC", "is not there", RULE);
                known.apic = Some((false, Confidence::Exact));
            }
        }
    }

    fn firmware_says(&mut self, known: &mut Known) {
        let firmware = self.firmware.clone();
        if let Some(acpi) = firmware.acpi {
            self.input("firmware: ACPI", yes_no(acpi), RULE);
            // A MADT is an ACPI table; ACPI that is switched off is not used.
            match acpi {
                true => known.acpi = known.acpi.or(Some((true, Confidence::Inferred))),
                false => {
                    known.acpi = Some((false, Confidence::Inferred));
                    known.apic = None;
                }
            }
        }
        match known.acpi {
            Some((true, _)) => {
                if let Some(io_apic) = firmware.io_apic {
                    self.input("firmware: I/O APIC", yes_no(io_apic), RULE);
                    known.apic = known.apic.or(Some((io_apic, Confidence::Inferred)));
                }
            }
            Some((false, _)) => {
                if let Some(mp_table) = firmware.mp_table {
                    self.input("firmware: MP table", yes_no(mp_table), RULE);
                    known.apic = Some((mp_table, Confidence::Inferred));
                }
            }
            // Whether ACPI comes before it is not known; an APIC is there.
            None => {
                if let Some(mp_table) = firmware.mp_table {
                    self.input("firmware: MP table", yes_no(mp_table), RULE);
                    known.apic = mp_table.then_some((true, Confidence::Inferred));
                    self.notes.push(
                        "an MP table says nothing of ACPI: where the firmware has none, or it is \
                         switched off, the computer needs the MPS HAL"
                            .to_owned(),
                    );
                }
            }
        }
    }

    /// Devices that are told by ACPI say that it is in use; the Computer device
    /// of Vista and later says more.
    fn windows_says(&mut self, hardware: &Hardware, known: &mut Known) {
        let mut devices = hardware.devices.iter();
        let computer = devices.find_map(|device| {
            let id = device.ids().find(|id| {
                id.eq_ignore_ascii_case("acpiapic") || id.eq_ignore_ascii_case("acpipic")
            })?;
            Some(id.to_ascii_lowercase())
        });
        if let Some(id) = computer {
            let source = "the HALs of Vista and 7 report these ids";
            self.input("the device of class Computer", &id, source);
            known.acpi = known.acpi.or(Some((true, Confidence::Inferred)));
            let apic = id == "acpiapic";
            known.apic = known.apic.or(Some((apic, Confidence::Inferred)));
        } else if known.acpi.is_none() {
            let mut devices = hardware.devices.iter();
            let told = devices.find(|device| device.bus == Bus::Acpi);
            if let Some(told) = told {
                self.input("a device that ACPI tells of", told.id(), RULE);
                known.acpi = Some((true, Confidence::Inferred));
            }
        }
    }

    fn processors_say(&mut self, known: &mut Known) {
        if let Some(apic) = self.processors.has("apic")
            && known.apic.is_none()
        {
            self.input("processor: feature `apic`", yes_no(apic), RULE);
            let sure = match known.acpi {
                Some((true, _)) => Confidence::Inferred,
                _ => Confidence::Assumed,
            };
            known.apic = Some((apic, sure));
        }
        if let Some(logical) = self.processors.logical
            && known.count.is_none()
        {
            self.input("processors", logical, RULE);
            known.count = Some((logical, Confidence::Inferred));
        }
    }

    /// Takes for granted what is true of nearly all computers, where something
    /// else is known of this one.
    fn assume(&mut self, known: &mut Known) {
        let date = self.firmware.date.as_deref();
        let year = date.and_then(|date| date.get(..4)?.parse::<u16>().ok());
        match year {
            Some(year) if year < 1999 => {
                self.notes.push(format!(
                    "the firmware is of {year}: Setup uses ACPI on firmware before 1999 only where \
                     its list of good BIOSes names it"
                ));
                return;
            }
            _ => {}
        }
        if known.count.is_none() && year.is_none() {
            return;
        }
        if known.acpi.is_none() {
            self.notes
                .push("that it has ACPI is assumed, as every PC since 1999 has".to_owned());
            known.acpi = Some((true, Confidence::Assumed));
        }
        if known.apic.is_none() {
            match known.acpi {
                Some((true, _)) => {
                    self.notes
                        .push("that it has an APIC which is switched on is assumed".to_owned());
                    known.apic = Some((true, Confidence::Assumed));
                }
                _ => {
                    self.notes
                        .push("that it has no MP table is assumed".to_owned());
                    known.apic = Some((false, Confidence::Assumed));
                }
            }
        }
    }

    fn missing(&mut self, known: &Known) {
        let mut missing = Vec::new();
        if known.acpi.is_none() {
            missing.push("whether it uses ACPI");
        }
        if known.apic.is_none() {
            missing.push("whether it has an APIC");
        }
        if known.count.is_none() {
            missing.push("how many processors it has");
        }
        self.notes.push(format!(
            "not known: {}; `acpidump`, `/proc/cpuinfo`, `dmidecode` or the settings of a virtual \
             machine would tell",
            missing.join(", ")
        ));
    }
}

/// What is known so far, with how sure it is.
struct Known {
    acpi: Option<(bool, Confidence)>,
    apic: Option<(bool, Confidence)>,
    count: Option<(u32, Confidence)>,
}

fn yes_no(value: bool) -> &'static str {
    match value {
        true => "yes",
        false => "no",
    }
}

#[cfg(test)]
mod tests {
    use wimwright_servicing::hardware::Device;

    use super::*;

    fn with(
        acpi: Option<bool>,
        io_apic: Option<bool>,
        mp: Option<bool>,
        count: Option<u32>,
    ) -> Hardware {
        let mut hardware = Hardware::default();
        hardware.firmware.acpi = acpi;
        hardware.firmware.io_apic = io_apic;
        hardware.firmware.mp_table = mp;
        hardware.processors.logical = count;
        hardware
    }

    #[test]
    fn stated_facts_give_all_six_classes() {
        let (yes, no) = (Some(true), Some(false));
        for (hardware, class) in [
            (with(yes, yes, None, Some(4)), HalType::AcpiApicMp),
            (with(yes, yes, None, Some(1)), HalType::AcpiApicUp),
            (with(yes, no, None, Some(4)), HalType::AcpiPic),
            (with(no, None, yes, Some(2)), HalType::MpsMp),
            (with(no, None, yes, Some(1)), HalType::MpsUp),
            (with(no, None, no, Some(1)), HalType::StandardPc),
        ] {
            let target = Target::of(&hardware);
            assert_eq!(target.hal, Some(class));
            assert_eq!(target.confidence, Some(Confidence::Inferred));
            assert!(target.inputs.len() >= 2, "{:?}", target.inputs);
        }
    }

    #[test]
    fn a_madt_is_exact_and_counts_what_nt5_sees() {
        let madt = |processors: usize, io_apic: bool| {
            let mut body: Vec<u8> = vec![0; 40];
            body.extend(1_u32.to_le_bytes());
            for number in 0..processors as u8 {
                body.extend([0, 8, number, number, 1, 0, 0, 0]);
            }
            if io_apic {
                body.extend([1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            }
            body[..4].copy_from_slice(b"APIC");
            let len = body.len() as u32;
            body[4..8].copy_from_slice(&len.to_le_bytes());
            body
        };
        for (table, class) in [
            (madt(8, true), HalType::AcpiApicMp),
            (madt(1, true), HalType::AcpiApicUp),
            (madt(2, false), HalType::AcpiPic),
        ] {
            let mut hardware = with(None, None, None, Some(2));
            hardware.acpi_tables.push(table.into());
            let target = Target::of(&hardware);
            assert_eq!(target.hal, Some(class));
            assert_eq!(target.confidence, Some(Confidence::Exact));
        }
    }

    #[test]
    fn what_a_windows_reported_is_taken_as_it_is() {
        let mut hardware = with(None, None, None, Some(4));
        hardware.devices.push(Device {
            location: Some("ROOT\\ACPI_HAL\\0000".to_owned()),
            hardware_ids: vec!["acpiapic_up".to_owned()],
            ..Device::default()
        });
        let target = Target::of(&hardware);
        assert_eq!(target.hal, Some(HalType::AcpiApicUp));
        assert_eq!(target.confidence, Some(Confidence::Exact));

        // Vista and later say that there is an APIC; the processors say the rest.
        hardware.devices[0].hardware_ids = vec!["acpiapic".to_owned()];
        let target = Target::of(&hardware);
        assert_eq!(target.hal, Some(HalType::AcpiApicMp));
        assert_eq!(target.confidence, Some(Confidence::Inferred));
    }

    #[test]
    fn an_mp_table_alone_leaves_open_whether_acpi_comes_before_it() {
        let target = Target::of(&with(None, None, Some(true), Some(2)));
        assert_eq!(target.hal, Some(HalType::AcpiApicMp));
        assert_eq!(target.confidence, Some(Confidence::Assumed));
        assert!(target.notes[0].contains("MPS"), "{:?}", target.notes);
        assert_eq!(target.inputs.len(), 2, "{:?}", target.inputs);
    }

    #[test]
    fn little_knowledge_gives_an_assumption_or_none() {
        let target = Target::of(&with(None, None, None, Some(2)));
        assert_eq!(target.hal, Some(HalType::AcpiApicMp));
        assert_eq!(target.confidence, Some(Confidence::Assumed));
        assert_eq!(target.notes.len(), 2, "{:?}", target.notes);

        let target = Target::of(&Hardware::default());
        assert_eq!((target.hal, target.confidence), (None, None));
        assert!(
            target.notes[0].contains("how many processors"),
            "{:?}",
            target.notes
        );

        let mut old = with(None, None, None, Some(1));
        old.firmware.date = Some("1997-05-01".to_owned());
        let target = Target::of(&old);
        assert_eq!(target.hal, None);
        assert!(target.notes[0].contains("1997"), "{:?}", target.notes);
    }
}
