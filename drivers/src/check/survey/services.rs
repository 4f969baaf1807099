//! Services, and the files that they run.

use wimwright_servicing::registry::{HiveError, HiveName, Key, KeyPath};
use wimwright_servicing::{Draft, ImagePath};

use crate::error::Error;
use crate::stored::{in_hive, key_at};

/// `SERVICE_KERNEL_DRIVER`, `SERVICE_FILE_SYSTEM_DRIVER` and
/// `SERVICE_RECOGNIZER_DRIVER`.
const DRIVERS: [u32; 3] = [1, 2, 8];

/// A service of one control set.
pub(in crate::check) struct ServiceEntry {
    pub(in crate::check) name: String,
    pub(in crate::check) key: KeyPath,
    start: Option<u32>,
    kind: Option<u32>,
    image_path: Option<String>,
    /// The published INFs that own it, without Windows' own notes.
    pub(in crate::check) owners: Vec<String>,
}

impl ServiceEntry {
    /// Whether the boot loader loads it.
    pub(in crate::check) fn starts_with_kernel(&self) -> bool {
        let is_driver = self.kind.is_some_and(|kind| DRIVERS.contains(&kind));
        is_driver && self.start == Some(0)
    }

    /// The file that a driver runs; `None` where that is no place in this
    /// image. Without `ImagePath` it is `System32\Drivers\<service>.sys`: XP
    /// has most of its own so.
    pub(in crate::check) fn file(&self, windows: &ImagePath) -> Option<ImagePath> {
        match &self.image_path {
            Some(path) => locate(path, windows),
            None => {
                let below = format!("System32\\Drivers\\{}.sys", self.name);
                windows.join(&below).ok()
            }
        }
    }
}

/// A kernel path in the image: `System32\x`, `\SystemRoot\x`, `%SystemRoot%\x`,
/// `\??\C:\x`. The drive of Windows is taken for any letter.
fn locate(path: &str, windows: &ImagePath) -> Option<ImagePath> {
    let path = path.trim().trim_matches('"');
    let after = |prefix: &str| {
        let start = path.get(..prefix.len())?;
        let rest = path.get(prefix.len()..)?;
        start.eq_ignore_ascii_case(prefix).then_some(rest)
    };
    for prefix in ["\\SystemRoot\\", "%SystemRoot%\\", "%windir%\\"] {
        if let Some(below) = after(prefix) {
            return windows.join(below).ok();
        }
    }
    let full = after("\\??\\").unwrap_or(path);
    if let Some((drive, below)) = full.split_once(":\\") {
        let letter = drive.len() == 1 && drive.bytes().all(|byte| byte.is_ascii_alphabetic());
        return letter.then(|| ImagePath::parse(below).ok()).flatten();
    }
    if path.starts_with('\\') || path.contains('%') {
        return None;
    }
    windows.join(path).ok()
}

/// The services of every control set that edits go to.
pub(super) fn of(draft: &Draft) -> Result<Vec<ServiceEntry>, Error> {
    let mut found = Vec::new();
    let Some(hive) = draft.hive(HiveName::System)? else {
        return Ok(found);
    };
    for top in draft.facts().control_set_keys("Services") {
        let mut read = || -> Result<(), HiveError> {
            let Some(services) = key_at(&hive, &top)? else {
                return Ok(());
            };
            for key in services.subkeys()? {
                found.push(service(key?, &top)?);
            }
            Ok(())
        };
        read().map_err(in_hive(HiveName::System))?;
    }
    Ok(found)
}

fn service(key: Key<'_>, top: &KeyPath) -> Result<ServiceEntry, HiveError> {
    let number = |name: &str| -> Result<Option<u32>, HiveError> {
        Ok(key.value(name)?.and_then(|value| value.as_u32()))
    };
    let name = key.name()?.to_string_lossy();
    let image_path = key.value("ImagePath")?.and_then(|value| value.as_string());
    let owners = key.value("Owners")?;
    let mut owners = owners
        .and_then(|value| value.as_multi_string())
        .unwrap_or_default();
    // `!<package id>` is a note of Windows, and no owner.
    owners.retain(|owner| !owner.is_empty() && !owner.starts_with('!'));
    Ok(ServiceEntry {
        key: top.join(&name),
        name,
        start: number("Start")?,
        kind: number("Type")?,
        image_path: image_path.filter(|path| !path.trim().is_empty()),
        owners,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_real_hives_are_found_in_the_image() {
        let windows = ImagePath::parse("WINNT").unwrap();
        for (path, found) in [
            (
                "System32\\drivers\\a.sys",
                Some("WINNT\\System32\\drivers\\a.sys"),
            ),
            (
                "\\SystemRoot\\system32\\a.sys",
                Some("WINNT\\system32\\a.sys"),
            ),
            ("%SystemRoot%\\a.sys", Some("WINNT\\a.sys")),
            ("\\??\\C:\\WINNT\\a.sys", Some("WINNT\\a.sys")),
            ("\"C:\\Tools\\a.sys\"", Some("Tools\\a.sys")),
            ("\\Device\\HarddiskVolume1\\a.sys", None),
            ("%ProgramFiles%\\a.sys", None),
            ("..\\a.sys", None),
        ] {
            let place = locate(path, &windows).map(|path| path.to_string());
            assert_eq!(place.as_deref(), found, "{path}");
        }
    }
}
