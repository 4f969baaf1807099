//! `SCSI\`, `IDE\` and `USBSTOR\` ids of drives.
//!
//! "Identifiers for SCSI Devices", "Identifiers for IDE Devices", "Identifiers
//! for USBSTOR Devices" (Windows driver documentation); paddings and order are
//! from real hives.

use super::{Enumerator, Ids};

/// What a drive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DriveKind {
    /// A disk: peripheral type 0.
    Disk,
    /// A CD, DVD or BD drive: peripheral type 5.
    CdRom,
}

impl DriveKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            DriveKind::Disk => "Disk",
            DriveKind::CdRom => "CdRom",
        }
    }

    pub(crate) fn generic(self) -> &'static str {
        match self {
            DriveKind::Disk => "GenDisk",
            DriveKind::CdRom => "GenCdRom",
        }
    }
}

/// A drive behind a SCSI, SAS, RAID or AHCI driver of the SCSI model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScsiDrive {
    /// What it is.
    pub kind: DriveKind,
    /// The vendor of its inquiry data, up to 8 characters.
    pub vendor: String,
    /// The product, up to 16 characters.
    pub product: String,
    /// The revision, up to 4 characters.
    pub revision: String,
}

impl ScsiDrive {
    /// Its ids.
    pub fn ids(&self) -> Ids {
        let inquiry = Inquiry::new(&self.vendor, &self.product, &self.revision);
        let mut hardware = inquiry.ids("SCSI", self.kind);
        hardware.push(self.kind.generic().to_owned());
        let word = self.kind.word();
        Ids {
            hardware,
            compatible: vec![format!("SCSI\\{word}"), "SCSI\\RAW".to_owned()],
        }
    }
}

/// A disk behind an NVMe driver, which is a SCSI disk with the vendor `NVMe`
/// and has an id of its whole model besides (seen from Windows 10 2004 on).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NvmeDisk {
    /// The model number of the controller, up to 40 characters.
    pub model: String,
    /// The firmware revision, up to 8 characters.
    pub firmware: String,
}

impl NvmeDisk {
    /// Its ids.
    pub fn ids(&self) -> Ids {
        let disk = ScsiDrive {
            kind: DriveKind::Disk,
            vendor: "NVMe".to_owned(),
            product: self.model.clone(),
            revision: self.firmware.clone(),
        };
        let mut ids = disk.ids();
        // Right-aligned, where inquiry data is left-aligned.
        let vendor = clean(&padded("NVMe", 8));
        let model = clean(&format!("{:>40}", cut(self.model.trim(), 40)));
        let revision = clean(&format!("{:>8}", cut(self.firmware.trim(), 8)));
        let whole = [
            format!("SCSI\\Disk{vendor}{model}{revision}"),
            format!("SCSI\\Disk{vendor}{model}"),
        ];
        ids.hardware.splice(0..0, whole);
        ids
    }
}

/// A drive behind an IDE channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AtaDrive {
    /// What it is.
    pub kind: DriveKind,
    /// The model of its identification, up to 40 characters.
    pub model: String,
    /// The firmware revision, up to 8 characters.
    pub firmware: String,
}

impl AtaDrive {
    /// Its ids.
    pub fn ids(&self) -> Ids {
        let model = clean(&padded(&self.model, 40));
        let firmware = clean(&padded(&self.firmware, 8));
        let (word, generic) = (self.kind.word(), self.kind.generic());
        Ids {
            hardware: vec![
                format!("IDE\\{word}{model}{firmware}"),
                format!("IDE\\{model}{firmware}"),
                format!("IDE\\{word}{model}"),
                format!("{model}{firmware}"),
                generic.to_owned(),
            ],
            compatible: vec![generic.to_owned()],
        }
    }
}

/// A drive behind the USB storage driver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UsbDrive {
    /// What it is.
    pub kind: DriveKind,
    /// The vendor of its inquiry data, up to 8 characters.
    pub vendor: String,
    /// The product, up to 16 characters.
    pub product: String,
    /// The revision, up to 4 characters.
    pub revision: String,
}

impl UsbDrive {
    /// Its ids; Windows 10 lists the generic name among the compatible ones too.
    pub fn ids(&self, enumerator: Enumerator) -> Ids {
        let inquiry = Inquiry::new(&self.vendor, &self.product, &self.revision);
        let mut hardware = inquiry.ids("USBSTOR", self.kind);
        let (word, generic) = (self.kind.word(), self.kind.generic());
        hardware.push(format!("USBSTOR\\{generic}"));
        hardware.push(generic.to_owned());
        let mut compatible = vec![format!("USBSTOR\\{word}"), "USBSTOR\\RAW".to_owned()];
        if enumerator >= Enumerator::Windows10 {
            compatible.push(generic.to_owned());
        }
        Ids {
            hardware,
            compatible,
        }
    }
}

/// Inquiry data as it stands in ids: padded, and every character that may not
/// stand in an id replaced.
struct Inquiry {
    vendor: String,
    product: String,
    revision: String,
    /// The first character of the revision, leading blanks apart.
    first: String,
}

impl Inquiry {
    fn new(vendor: &str, product: &str, revision: &str) -> Inquiry {
        Inquiry {
            vendor: clean(&padded(vendor, 8)),
            product: clean(&padded(product, 16)),
            revision: clean(&padded(revision, 4)),
            first: clean(&padded(revision.trim_start(), 1)),
        }
    }

    /// The five ids that begin with the enumerator or the vendor.
    fn ids(&self, enumerator: &str, kind: DriveKind) -> Vec<String> {
        let Inquiry {
            vendor,
            product,
            revision,
            first,
        } = self;
        let word = kind.word();
        vec![
            format!("{enumerator}\\{word}{vendor}{product}{revision}"),
            format!("{enumerator}\\{word}{vendor}{product}"),
            format!("{enumerator}\\{word}{vendor}"),
            format!("{enumerator}\\{vendor}{product}{first}"),
            format!("{vendor}{product}{first}"),
        ]
    }
}

/// Exactly `len` characters of ASCII: cut, or filled with blanks.
fn padded(text: &str, len: usize) -> String {
    format!("{:<len$}", cut(text, len))
}

fn cut(text: &str, len: usize) -> String {
    text.chars().take(len).collect()
}

/// Blanks, commas, control and non-ASCII characters may not stand in an id.
fn clean(text: &str) -> String {
    let id = |c: char| {
        if c.is_ascii_graphic() && c != ',' {
            c
        } else {
            '_'
        }
    };
    text.chars().map(id).collect()
}
