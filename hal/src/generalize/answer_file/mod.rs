//! Answer files: what one says, where Windows looks for them, and which one
//! wins.

mod component;
mod search;
mod secrets;
pub(crate) mod sysprep_inf;
mod xml;

use std::fmt;

pub(crate) use component::known;
pub use search::{AnswerFile, AnswerFiles, Place, Says, Winner};
pub(crate) use search::{find, stated_path};
pub(crate) use secrets::without_keys;
pub use secrets::{Masked, Secret};
pub use sysprep_inf::SealedAnswers;
pub use xml::{Component, PassSettings, Unattend, XmlError};

use wimwright_servicing::Text;

/// The largest answer file that is read, in bytes; real ones have some 20 KiB,
/// ones with embedded scripts some hundred.
pub const MAX_LEN: u64 = 8 << 20;

/// A configuration pass of Vista and later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pass {
    /// Setup in Windows PE: disks, image.
    WindowsPe,
    /// Drivers and packages, before the image is booted.
    OfflineServicing,
    /// Sysprep /generalize.
    Generalize,
    /// The first boot of a generalized image.
    Specialize,
    /// Audit mode, before logon.
    AuditSystem,
    /// Audit mode, after logon.
    AuditUser,
    /// The welcome.
    OobeSystem,
}

impl Pass {
    /// All of them, in the order in which they come.
    pub const ALL: [Pass; 7] = [
        Pass::WindowsPe,
        Pass::OfflineServicing,
        Pass::Generalize,
        Pass::Specialize,
        Pass::AuditSystem,
        Pass::AuditUser,
        Pass::OobeSystem,
    ];

    /// Its name in answer files.
    pub fn name(self) -> &'static str {
        match self {
            Pass::WindowsPe => "windowsPE",
            Pass::OfflineServicing => "offlineServicing",
            Pass::Generalize => "generalize",
            Pass::Specialize => "specialize",
            Pass::AuditSystem => "auditSystem",
            Pass::AuditUser => "auditUser",
            Pass::OobeSystem => "oobeSystem",
        }
    }

    /// The pass with this name, spelled as it has to be.
    pub fn from_name(name: &str) -> Option<Pass> {
        Pass::ALL.into_iter().find(|pass| pass.name() == name)
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text of UTF-16 with a byte order mark; `None` for all else.
pub(crate) fn utf16(bytes: &[u8]) -> Option<String> {
    let (rest, read): (_, fn([u8; 2]) -> u16) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => (rest, u16::from_be_bytes),
        _ => return None,
    };
    let (pairs, _) = rest.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| read(*pair)).collect();
    Some(Text::from_units(&units).to_string())
}
