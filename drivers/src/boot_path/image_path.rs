//! Where a driver's file lies, by the `ImagePath` of its service.
//!
//! In real SYSTEM hives of XP to 10 boot drivers have `System32\drivers\x.sys`
//! in any case, `\SystemRoot\system32\drivers\x.sys`, or no `ImagePath` at all
//! (hal-sysprep A9, driverstore 2.12).

use wimwright_servicing::ImagePath;

/// What an `ImagePath` comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Located {
    /// This file of the image.
    At(ImagePath),
    /// Nothing that the loader can resolve before there are drive letters.
    Elsewhere(String),
}

/// The file of `service`, whose `ImagePath` is `path`, in the image whose
/// Windows lies in `windows`.
pub(super) fn locate(windows: &ImagePath, service: &str, path: Option<&str>) -> Located {
    let path = path.map(str::trim).filter(|path| !path.is_empty());
    let Some(path) = path else {
        let relative = format!("System32\\drivers\\{service}.sys");
        return join(windows, &relative).unwrap_or(Located::Elsewhere(relative));
    };
    let elsewhere = || Located::Elsewhere(path.to_owned());
    let plain = path.trim_matches('"');
    for root in ["\\SystemRoot\\", "%SystemRoot%\\", "%windir%\\"] {
        if let Some(below) = strip_prefix(plain, root) {
            return join(windows, below).unwrap_or_else(elsewhere);
        }
    }
    let device = plain.starts_with('\\') || plain.starts_with('%') || plain.contains(':');
    match device {
        true => elsewhere(),
        false => join(windows, plain).unwrap_or_else(elsewhere),
    }
}

fn join(windows: &ImagePath, below: &str) -> Option<Located> {
    windows.join(below).ok().map(Located::At)
}

/// `text` without `prefix`, in any case.
fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (front, rest) = text.split_at_checked(prefix.len())?;
    front.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_real_hives_leads_into_the_windows_directory() {
        let windows = ImagePath::parse("WINDOWS").unwrap();
        for (path, found) in [
            (None, "WINDOWS\\System32\\drivers\\pciide.sys"),
            (Some(""), "WINDOWS\\System32\\drivers\\pciide.sys"),
            (
                Some("system32\\DRIVERS\\disk.sys"),
                "WINDOWS\\system32\\DRIVERS\\disk.sys",
            ),
            (
                Some("\\SystemRoot\\system32\\drivers\\lsi_sas.sys"),
                "WINDOWS\\system32\\drivers\\lsi_sas.sys",
            ),
            (
                Some("%systemroot%\\system32\\drivers\\x.sys"),
                "WINDOWS\\system32\\drivers\\x.sys",
            ),
        ] {
            let expected = Located::At(ImagePath::parse(found).unwrap());
            assert_eq!(locate(&windows, "pciide", path), expected, "{path:?}");
        }
        for path in [
            "\\??\\C:\\x.sys",
            "C:\\Windows\\x.sys",
            "\\Device\\HarddiskVolume1\\x.sys",
            "..\\x.sys",
            "%ProgramFiles%\\x.sys",
        ] {
            let found = locate(&windows, "x", Some(path));
            assert_eq!(found, Located::Elsewhere(path.to_owned()));
        }
    }
}
