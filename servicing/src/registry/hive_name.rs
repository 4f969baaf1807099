//! Which hive, and where its file lies in an image.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::path::{ImagePath, PathError};

/// A hive of an image: one of `System32\config` by its file's name, any other
/// by its file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HiveName {
    /// `SYSTEM`: control sets, services, boot-time driver database.
    System,
    /// `SOFTWARE`: programs, Windows' own version.
    Software,
    /// `DRIVERS`: the other node of the driver database, from Windows 8 on.
    Drivers,
    /// `SAM`: local accounts.
    Sam,
    /// `SECURITY`: local policy and secrets.
    Security,
    /// `DEFAULT`: the profile of the system account, `HKEY_USERS\.DEFAULT`.
    Default,
    /// `COMPONENTS`: the component store's state, from Windows Vista on.
    Components,
    /// Any other hive: a profile, a boot configuration store. Never one of the
    /// above, see [`HiveName::of_file`].
    #[serde(rename = "file")]
    File(ImagePath),
}

impl HiveName {
    /// The hives that have a name of their own.
    pub const NAMED: [HiveName; 7] = [
        HiveName::System,
        HiveName::Software,
        HiveName::Drivers,
        HiveName::Sam,
        HiveName::Security,
        HiveName::Default,
        HiveName::Components,
    ];

    /// The hive in the file at `path` of an image whose Windows directory is
    /// `windows`: the files of [`HiveName::NAMED`] get their names, so that a
    /// hive has one name and no other.
    ///
    /// # Errors
    /// [`PathError`] when `windows` is no path to join to.
    pub fn of_file(path: &ImagePath, windows: &ImagePath) -> Result<HiveName, PathError> {
        let config = config(windows)?;
        for named in HiveName::NAMED {
            if named.path_in(&config)? == *path {
                return Ok(named);
            }
        }
        Ok(HiveName::File(path.clone()))
    }

    /// Where the hive's file lies in an image whose `System32\config` is
    /// `config`.
    pub(super) fn path_in(&self, config: &ImagePath) -> Result<ImagePath, PathError> {
        match self {
            HiveName::File(path) => Ok(path.clone()),
            named => config.join(named.word()),
        }
    }

    /// The file's name in `System32\config`; empty for any other hive.
    fn word(&self) -> &'static str {
        match self {
            HiveName::System => "SYSTEM",
            HiveName::Software => "SOFTWARE",
            HiveName::Drivers => "DRIVERS",
            HiveName::Sam => "SAM",
            HiveName::Security => "SECURITY",
            HiveName::Default => "DEFAULT",
            HiveName::Components => "COMPONENTS",
            HiveName::File(_) => "",
        }
    }
}

/// The folder of the hives that have names, in an image whose Windows
/// directory is `windows`.
pub(super) fn config(windows: &ImagePath) -> Result<ImagePath, PathError> {
    windows.join("System32\\config")
}

impl fmt::Display for HiveName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HiveName::File(path) => path.fmt(f),
            named => f.write_str(named.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hive_has_one_name() {
        let windows = ImagePath::parse("Windows").unwrap();
        for (path, name, json) in [
            ("windows\\system32\\CONFIG\\system", "SYSTEM", "\"SYSTEM\""),
            ("Windows/System32/config/SAM", "SAM", "\"SAM\""),
            (
                "Users\\Default\\NTUSER.DAT",
                "Users\\Default\\NTUSER.DAT",
                "{\"file\":\"Users\\\\Default\\\\NTUSER.DAT\"}",
            ),
            (
                "Windows\\System32\\config\\ELAM",
                "Windows\\System32\\config\\ELAM",
                "{\"file\":\"Windows\\\\System32\\\\config\\\\ELAM\"}",
            ),
        ] {
            let hive = HiveName::of_file(&ImagePath::parse(path).unwrap(), &windows).unwrap();
            assert_eq!(hive.to_string(), name, "{path}");
            assert_eq!(serde_json::to_string(&hive).unwrap(), json, "{path}");
            assert_eq!(serde_json::from_str::<HiveName>(json).unwrap(), hive);
        }
    }
}
