//! `DevicePath`: where Windows looks for the INFs of new hardware. A list of
//! directories, each searched without those below it (driverstore 3).

use wimwright_servicing::plan::Basis;
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{Draft, Finding, ImagePath};

use crate::error::Error;

const KEY: &str = "Microsoft\\Windows\\CurrentVersion";
const NAME: &str = "DevicePath";
/// What it is where it is not set (seen in a real SOFTWARE hive of XP x64).
const DEFAULT: &str = "%SystemRoot%\\inf";
/// Mini-setup's own limit for the list that it makes (inf 1: a field has 4096
/// characters).
const MAX_SURE: usize = 4095;

const STATED: Basis = Basis::stated("driverstore 11.3");

fn read(draft: &Draft) -> Result<Option<String>, Error> {
    let value = draft.value(HiveName::Software, &KeyPath::from(KEY), NAME)?;
    Ok(value.and_then(|data| data.as_text()))
}

fn write(draft: &mut Draft, list: &str) -> Result<(), Error> {
    let data = RegData::expand_sz(list);
    let _ = draft.set_value(HiveName::Software, &KeyPath::from(KEY), NAME, data, &STATED)?;
    Ok(())
}

/// Appends a directory, unless it is in the list.
pub(crate) fn add(draft: &mut Draft, directory: &str) -> Result<(), Error> {
    let list = read(draft)?.filter(|list| !list.trim().is_empty());
    let list = list.unwrap_or_else(|| DEFAULT.to_owned());
    if entries(&list).any(|entry| entry.eq_ignore_ascii_case(directory)) {
        return Ok(());
    }
    let longer = format!("{};{directory}", list.trim_end_matches(';'));
    if longer.len() > MAX_SURE {
        draft.report(Finding::warning(
            "device-path-long",
            format!(
                "DevicePath now has {} characters; beyond {MAX_SURE} nobody is known to have \
                 tried it",
                longer.len()
            ),
        ));
    }
    write(draft, &longer)
}

/// Takes a directory out of the list; the others stay as they are spelled.
pub(crate) fn remove(draft: &mut Draft, directory: &str) -> Result<(), Error> {
    let Some(list) = read(draft)? else {
        return Ok(());
    };
    let ours = |entry: &&str| entry.trim().eq_ignore_ascii_case(directory);
    if !list.split(';').any(|entry| ours(&entry)) {
        return Ok(());
    }
    let left: Vec<&str> = list.split(';').filter(|entry| !ours(entry)).collect();
    write(draft, &left.join(";"))
}

fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(';')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

/// The listed directories that lie in the image, without Windows' own: as
/// spelled, and where they are.
pub(crate) fn directories(draft: &Draft) -> Result<Vec<(String, ImagePath)>, Error> {
    let list = read(draft)?.unwrap_or_default();
    let windows = &draft.facts().windows;
    let own = windows.join("inf")?;
    let found = entries(&list).filter_map(|entry| {
        let path = in_image(entry, windows)?;
        (path != own).then(|| (entry.to_owned(), path))
    });
    Ok(found.collect())
}

/// Where a directory of the running Windows lies in the image. The drive that
/// Windows is on is taken for any letter, for it has one only while it runs.
pub(crate) fn in_image(directory: &str, windows: &ImagePath) -> Option<ImagePath> {
    let directory = directory.trim().trim_end_matches('\\');
    let below = |prefix: &str| {
        let start = directory.get(..prefix.len())?;
        let rest = directory.get(prefix.len()..)?;
        let whole = rest.is_empty() || rest.starts_with('\\');
        (whole && start.eq_ignore_ascii_case(prefix)).then(|| rest.trim_start_matches('\\'))
    };
    for variable in ["%SystemRoot%", "%windir%"] {
        if let Some(rest) = below(variable) {
            return windows.join(rest).ok();
        }
    }
    if let Some(rest) = below("%SystemDrive%") {
        return ImagePath::parse(rest).ok();
    }
    let (drive, rest) = directory.split_once(":\\")?;
    let letter = drive.len() == 1 && drive.bytes().all(|byte| byte.is_ascii_alphabetic());
    letter.then(|| ImagePath::parse(rest).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_of_the_running_windows_are_found_in_the_image() {
        let windows = ImagePath::parse("WINNT").unwrap();
        for (directory, path) in [
            ("%SystemRoot%\\inf", Some("WINNT\\inf")),
            ("%WINDIR%\\Drivers\\x\\", Some("WINNT\\Drivers\\x")),
            ("%SystemDrive%\\Drivers\\net", Some("Drivers\\net")),
            ("C:\\Drivers", Some("Drivers")),
            ("%SystemRootX%\\a", None),
            ("\\\\server\\share", None),
            ("D:relative", None),
            ("C:\\..\\up", None),
        ] {
            let found = in_image(directory, &windows).map(|path| path.to_string());
            assert_eq!(found.as_deref(), path, "{directory}");
        }
    }
}
