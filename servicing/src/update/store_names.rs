//! Where an image keeps packages and components: paths and keys, and the texts
//! in its registry.
//!
//! Facts: cbs, sections 4.4 and 6.

use super::identity::Identity;
use super::key_form::{NotAscii, PackageMark, package_value_name};
use crate::path::{ImagePath, PathError};
use crate::registry::KeyPath;

/// Components and deployments by name, in COMPONENTS.
pub(crate) const COMPONENTS: &str = "DerivedData\\Components";
/// What packages have to do with deployments, in COMPONENTS.
pub(crate) const DEPLOYMENTS: &str = "CanonicalData\\Deployments";
/// Catalogs by SHA-256, in COMPONENTS.
pub(crate) const CATALOGS: &str = "CanonicalData\\Catalogs";

/// What stands in front of the name of a deployment in the name of a value.
pub(crate) const DEPLOYMENT_MARK: &str = "c!";
/// What stands in front of the name of a file in the name of a value.
pub(crate) const FILE_MARK: &str = "f!";

/// The folder of catalogs that the rest of Windows looks into.
const CAT_ROOT: &str = "System32\\CatRoot\\{F750E6C3-38EE-11D1-85E5-00C04FC295EE}";

/// The folder with the files of a component.
pub(crate) fn component_folder(windows: &ImagePath, name: &str) -> Result<ImagePath, PathError> {
    windows.join("WinSxS")?.join(name)
}

/// The manifest of a component.
pub(crate) fn manifest(windows: &ImagePath, name: &str) -> Result<ImagePath, PathError> {
    windows.join(&format!("WinSxS\\Manifests\\{name}.manifest"))
}

/// A catalog in the store, by its SHA-256 in hex digits.
pub(crate) fn catalog(windows: &ImagePath, sha256: &str) -> Result<ImagePath, PathError> {
    windows.join(&format!("WinSxS\\Catalogs\\{sha256}.cat"))
}

/// A file of a package in `servicing`; `ending` is `mum` or `cat`.
pub(crate) fn package_file(
    windows: &ImagePath,
    package: &Identity,
    ending: &str,
) -> Result<ImagePath, PathError> {
    windows.join(&format!("servicing\\Packages\\{package}.{ending}"))
}

/// The catalog of a package where drivers and programs are looked up.
pub(crate) fn cat_root(windows: &ImagePath, package: &Identity) -> Result<ImagePath, PathError> {
    windows.join(&format!("{CAT_ROOT}\\{package}.cat"))
}

/// The key of a component or deployment by that name.
pub(crate) fn component_key(name: &str) -> KeyPath {
    KeyPath::from(format!("{COMPONENTS}\\{name}"))
}

/// The key of a deployment by its short name.
pub(crate) fn deployment_key(name: &str) -> KeyPath {
    KeyPath::from(format!("{DEPLOYMENTS}\\{name}"))
}

/// The key of a catalog by its SHA-256 in hex digits.
pub(crate) fn catalog_key(sha256: &str) -> KeyPath {
    KeyPath::from(format!("{CATALOGS}\\{sha256}"))
}

/// What `identity` and `appid` values say of a component, as seen in some 28,000
/// of them.
pub(crate) fn registry_text(identity: &Identity) -> String {
    let culture = match identity.culture.is_empty() {
        true => "neutral",
        false => &identity.culture,
    };
    let mut text = format!("{}, Culture={culture}", identity.name);
    if let Some(kind) = &identity.kind {
        text.push_str(&format!(", Type={kind}"));
    }
    text.push_str(&format!(
        ", Version={}, PublicKeyToken={}, ProcessorArchitecture={}",
        identity.version, identity.public_key_token, identity.architecture
    ));
    if let Some(scope) = &identity.version_scope {
        // Manifests write `nonSxS`.
        let scope = match scope.eq_ignore_ascii_case("nonSxS") {
            true => "NonSxS",
            false => scope,
        };
        text.push_str(&format!(", versionScope={scope}"));
    }
    text
}

/// Reads what [`registry_text`] writes; `None` for anything else.
pub(crate) fn from_registry_text(text: &str) -> Option<Identity> {
    let mut parts = text.split(", ");
    let name = parts.next()?;
    let rest: Vec<(&str, &str)> = parts
        .map(|part| part.split_once('='))
        .collect::<Option<_>>()?;
    let attribute = |wanted: &str| {
        let mut rest = rest.iter();
        rest.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| *value)
    };
    Identity::from_attributes(|wanted| match wanted {
        "name" => Some(name),
        "language" => attribute("Culture"),
        other => attribute(other),
    })
    .ok()
}

/// A value of a deployment that says what an update of a package has to do with
/// it: name and data.
pub(crate) fn package_value(
    mark: PackageMark,
    package: &Identity,
    update: &str,
) -> Result<(String, Vec<u8>), NotAscii> {
    let text = format!("{package}.{update}");
    let mut data = (text.len() as u32).to_le_bytes().to_vec();
    // 0 or 1; with 1 one more byte follows, whose meaning is not known.
    data.extend(0_u32.to_le_bytes());
    data.extend(text.as_bytes());
    Ok((package_value_name(mark, package, update)?, data))
}

/// The text in the data of such a value: package and update, with a dot between.
pub(crate) fn package_value_text(data: &[u8]) -> Option<&str> {
    let (len, rest) = data.split_first_chunk::<4>()?;
    let (_, text) = rest.split_first_chunk::<4>()?;
    let text = text.get(..usize::try_from(u32::from_le_bytes(*len)).ok()?)?;
    std::str::from_utf8(text).ok()
}

/// Package and update of such a text. Versions are numbers, names of updates
/// anything: the first dot behind four numbers parts them.
pub(crate) fn split_package_value(text: &str) -> Option<(Identity, &str)> {
    let version_at = text.rfind('~')? + 1;
    let version = text.get(version_at..)?;
    let ends = version.match_indices('.').nth(3)?.0;
    let package = Identity::from_package_name(text.get(..version_at + ends)?).ok()?;
    Some((package, version.get(ends + 1..)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn an_identity_reads_back_as_it_was_written() {
        for text in [
            "Microsoft-Windows-calc, Culture=neutral, Version=6.1.7602.20587, \
             PublicKeyToken=31bf3856ad364e35, ProcessorArchitecture=amd64, versionScope=NonSxS",
            "dual_x.inf, Culture=de-DE, Type=dualModeDriver, Version=1.2.3.4, \
             PublicKeyToken=31bf3856ad364e35, ProcessorArchitecture=x86, versionScope=NonSxS",
            "netfx-x, Culture=neutral, Version=1.2.3.4, PublicKeyToken=b03f5f7f11d50a3a, \
             ProcessorArchitecture=x86",
        ] {
            let identity = from_registry_text(text).unwrap();
            assert_eq!(registry_text(&identity), text);
        }
        for wrong in ["", "a", "a, b", "a, Version=x, ProcessorArchitecture=x86"] {
            assert!(from_registry_text(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_value_of_a_package_is_that_of_a_real_image() {
        // Of a Windows Vista: cbs, section 4.4.
        let name = "Package_4_for_KB948610~31bf3856ad364e35~x86~~6.0.6001.2123";
        let package = Identity::from_package_name(name).unwrap();
        let update = "948610-236_neutral_GDR";
        let (value, data) = package_value(PackageMark::Installed, &package, update).unwrap();
        assert_eq!(
            value,
            "i!CBS_package_4_for_kb948610~31bf3856ad364e35~x86~~6.0.6001.2123.9_ea595459ef79236f"
        );
        let text = package_value_text(&data).unwrap();
        let (read, of) = split_package_value(text).unwrap();
        assert_eq!((read, of), (package, update));
        for wrong in ["", "a~b~c~~1.2.3.4", "a~b~c~~1.2.3.x.u", "no"] {
            assert!(split_package_value(wrong).is_none(), "{wrong}");
        }
        assert_eq!(package_value_text(&[9, 0, 0, 0, 0, 0, 0, 0, b'x']), None);
    }
}
