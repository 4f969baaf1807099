//! Where a component's files go: macros such as `$(runtime.system32)`.
//!
//! Facts: cbs, section 3.2 (stated). A macro that is not among these is not
//! guessed at, nor are directories of 32-bit components in 64-bit images that
//! no source names.

use super::identity::Identity;
use crate::facts::{Architecture, ImageFacts};
use crate::path::{ImagePath, PathError};

/// Why it is not known where something goes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// A macro that is not known.
    #[error("`{path}`: it is not known what `$({name})` stands for{}", of_what(*in_32_bit))]
    Macro {
        /// The whole path.
        path: String,
        /// The macro.
        name: String,
        /// Whether that is so because the component is a 32-bit one.
        in_32_bit: bool,
    },
    /// A path without a macro in front.
    #[error("`{path}` does not start with a directory of Windows")]
    Relative {
        /// The path.
        path: String,
    },
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

fn of_what(in_32_bit: bool) -> &'static str {
    match in_32_bit {
        true => " in a 32-bit component of a 64-bit image",
        false => "",
    }
}

/// Whether a component is a 32-bit one in a 64-bit image.
pub(super) fn is_32_bit_guest(image: Architecture, component: &Identity) -> bool {
    let architecture = component.architecture.to_ascii_lowercase();
    let guest = matches!(architecture.as_str(), "x86" | "wow64" | "arm");
    let host = matches!(
        image,
        Architecture::Amd64 | Architecture::Arm64 | Architecture::Ia64
    );
    guest && host
}

/// The directory that a path with a macro in front names in this image.
///
/// # Errors
/// [`DestinationError`].
pub(super) fn directory(
    facts: &ImageFacts,
    component: &Identity,
    path: &str,
) -> Result<ImagePath, DestinationError> {
    directory_in(&facts.windows, facts.architecture, component, path)
}

fn directory_in(
    windows: &ImagePath,
    image: Architecture,
    component: &Identity,
    path: &str,
) -> Result<ImagePath, DestinationError> {
    let relative = || DestinationError::Relative {
        path: path.to_owned(),
    };
    let rest = path.strip_prefix("$(").ok_or_else(relative)?;
    let (name, rest) = rest.split_once(')').ok_or_else(relative)?;
    let guest = is_32_bit_guest(image, component);
    let root = ImagePath::root();
    let lower = name.to_ascii_lowercase();
    let known = match (lower.strip_prefix("runtime.").unwrap_or_default(), guest) {
        ("windows" | "systemroot", _) => Some(windows.clone()),
        ("bootdrive" | "systemdrive", _) => Some(root),
        ("system32", false) => Some(windows.join("System32")?),
        ("system32", true) | ("syswow64", _) => Some(windows.join("SysWOW64")?),
        ("wbem", false) => Some(windows.join("System32\\wbem")?),
        ("wbem", true) => Some(windows.join("SysWOW64\\wbem")?),
        ("drivers", false) => Some(windows.join("System32\\drivers")?),
        ("inf", false) => Some(windows.join("INF")?),
        ("fonts", _) => Some(windows.join("Fonts")?),
        ("help", false) => Some(windows.join("Help")?),
        ("programdata", _) => Some(root.join("ProgramData")?),
        ("programfiles", false) => Some(root.join("Program Files")?),
        ("programfiles", true) | ("programfilesx86", _) => Some(root.join("Program Files (x86)")?),
        ("commonfiles", false) => Some(root.join("Program Files\\Common Files")?),
        ("commonfiles", true) | ("commonfilesx86", _) => {
            Some(root.join("Program Files (x86)\\Common Files")?)
        }
        _ => None,
    };
    let known = known.ok_or_else(|| DestinationError::Macro {
        path: path.to_owned(),
        name: name.to_owned(),
        in_32_bit: guest
            && ["drivers", "inf", "help"]
                .iter()
                .any(|one| lower.ends_with(one)),
    })?;
    let below = rest.trim_matches(['\\', '/']);
    match below.is_empty() {
        true => Ok(known),
        false => Ok(known.join(below)?),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    fn component(architecture: &str) -> Identity {
        Identity::from_package_name(&format!("a~b~{architecture}~~1.0.0.0")).unwrap()
    }

    #[test]
    fn each_macro_has_its_directory_and_others_are_named() {
        let windows = ImagePath::parse("Windows").unwrap();
        let directory = |component: &Identity, path: &str| {
            directory_in(&windows, Architecture::Amd64, component, path)
        };
        for (architecture, path, expected) in [
            ("amd64", "$(runtime.system32)\\", "Windows\\System32"),
            (
                "x86",
                "$(runtime.System32)\\de-DE\\",
                "Windows\\SysWOW64\\de-DE",
            ),
            ("wow64", "$(runtime.wbem)", "Windows\\SysWOW64\\wbem"),
            (
                "amd64",
                "$(runtime.programFiles)\\A B",
                "Program Files\\A B",
            ),
            ("x86", "$(runtime.programFiles)", "Program Files (x86)"),
            ("amd64", "$(runtime.bootDrive)\\x", "x"),
            ("amd64", "$(runtime.windows)\\Web/y\\", "Windows\\Web\\y"),
        ] {
            let found = directory(&component(architecture), path).unwrap();
            assert_eq!(found.to_string(), expected, "{path}");
        }
        for (architecture, path, expected) in [
            ("x86", "$(runtime.drivers)", "32-bit component"),
            ("amd64", "$(runtime.startMenu)\\x", "`$(runtime.startMenu)`"),
            ("amd64", "$(build.nttree)\\x", "`$(build.nttree)`"),
            ("amd64", "C:\\x", "does not start"),
            ("amd64", "$(runtime.windows)\\..\\x", ".."),
        ] {
            let error = directory(&component(architecture), path).unwrap_err();
            assert!(error.to_string().contains(expected), "{path}: {error}");
        }
    }
}
