//! Whether a component is simple: nothing but files, registry values, and their
//! security.

use super::super::manifest::Manifest;
use super::InstallError;

/// Types of categories of what starts and rescues Windows: copies of its files
/// are kept in `WinSxS\Backup`, under names that are only recalled.
const KEPT_TWICE: [&str; 2] = ["BootRecovery", "BootCritical"];

/// Refuses a component with anything beyond, by its name.
///
/// # Errors
/// [`InstallError::Element`] and [`InstallError::Category`].
pub(super) fn check(name: &str, manifest: &Manifest) -> Result<(), InstallError> {
    let element = |element: &str| InstallError::Element {
        component: name.to_owned(),
        element: element.to_owned(),
    };
    if let Some(beyond) = manifest.beyond.first() {
        return Err(element(beyond));
    }
    for membership in &manifest.memberships {
        let category = membership.type_name.as_deref().unwrap_or(&membership.name);
        if KEPT_TWICE
            .iter()
            .any(|one| one.eq_ignore_ascii_case(category))
        {
            return Err(InstallError::Category {
                component: name.to_owned(),
                category: category.to_owned(),
            });
        }
        // The category alone says nothing to do; what is to be done is an
        // instance of it, which is an element beyond these.
    }
    if let Some(directory) = manifest.directories.first() {
        let place = &directory.destination;
        return Err(element(&format!("directories/directory ({place})")));
    }
    for file in &manifest.files {
        let odd = [
            ("@writeableType", &file.writeable),
            ("@attributes", &file.attributes),
        ];
        for (attribute, value) in odd {
            if value.as_ref().is_some_and(|value| !value.is_empty()) {
                return Err(element(&format!("file/{attribute} of {}", file.name)));
            }
        }
    }
    Ok(())
}
