//! Which hive, and where its file lies in an image.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A hive of an image, named as its file in `System32\config`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HiveName {
    /// `SYSTEM`: control sets, services, boot-time driver database.
    System,
    /// `SOFTWARE`: programs, Windows' own version.
    Software,
    /// `DRIVERS`: the other node of the driver database, from Windows 8 on.
    Drivers,
}

impl HiveName {
    /// Every hive.
    pub const ALL: [HiveName; 3] = [HiveName::System, HiveName::Software, HiveName::Drivers];

    /// The file's name in `System32\config`.
    pub fn file_name(self) -> &'static str {
        match self {
            HiveName::System => "SYSTEM",
            HiveName::Software => "SOFTWARE",
            HiveName::Drivers => "DRIVERS",
        }
    }
}

impl fmt::Display for HiveName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file_name())
    }
}
