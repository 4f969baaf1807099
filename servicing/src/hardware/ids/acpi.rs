//! `ACPI\` ids.

use super::{Enumerator, Ids};

/// A device that the ACPI tables name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AcpiDevice {
    /// Its `_HID` as text: `PNP0A08`, `ACPI0003`, `INT33A1`; or a name that
    /// Windows gives, such as `FixedButton`.
    pub id: String,
    /// Its `_CID`s, in the order of the table.
    pub compatible: Vec<CompatibleId>,
}

/// A `_CID`; real hives show that Windows treats its two encodings apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CompatibleId {
    /// A compressed EISA id, such as `PNP0F13`.
    Eisa(String),
    /// A string, such as `VM_Gen_Counter`.
    Text(String),
}

impl AcpiDevice {
    /// Its ids.
    pub fn ids(&self, enumerator: Enumerator) -> Ids {
        let id = &self.id;
        let split = split(id).filter(|_| enumerator >= Enumerator::Windows8);
        let split = split.map(|(vendor, number)| format!("ACPI\\VEN_{vendor}&DEV_{number}"));
        let names = [format!("ACPI\\{id}"), format!("*{id}")];
        Ids {
            hardware: split.into_iter().chain(names).collect(),
            compatible: self.compatible.iter().flat_map(CompatibleId::ids).collect(),
        }
    }
}

impl CompatibleId {
    fn ids(&self) -> Vec<String> {
        match self {
            CompatibleId::Eisa(id) => vec![format!("*{id}")],
            CompatibleId::Text(id) => vec![format!("ACPI\\{id}"), id.clone()],
        }
    }
}

/// The maker, of three characters or four, and the four digits behind it.
fn split(id: &str) -> Option<(&str, &str)> {
    let at = id.len().checked_sub(4)?;
    let (vendor, number) = (id.get(..at)?, id.get(at..)?);
    let hexadecimal = number.bytes().all(|byte| byte.is_ascii_hexdigit());
    let alphanumeric = vendor.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (matches!(at, 3 | 4) && hexadecimal && alphanumeric).then_some((vendor, number))
}
