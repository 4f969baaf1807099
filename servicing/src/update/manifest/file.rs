//! A `file` of a component.

use serde::Serialize;

use super::super::xml::Element;
use super::digest::FileDigest;
use super::{Beyond, ManifestError};

/// A file that a component brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComponentFile {
    /// Its name in the component's folder; it may lie in folders there.
    pub name: String,
    /// The directory that it is linked into, with macros such as
    /// `$(runtime.system32)\`; `None` for one that stays in the store.
    pub destination: Option<String>,
    /// Its name there, where that is another.
    pub destination_name: Option<String>,
    /// Its name in the package, where that is another.
    pub source_name: Option<String>,
    /// Its attributes, as written.
    pub attributes: Option<String>,
    /// Whether programs may write to it, as written.
    pub writeable: Option<String>,
    /// The name of its security descriptor, of those that the manifest defines.
    pub security: Option<String>,
    /// Its digest; `None` for manifests of the first kind, which have none or
    /// an SHA-1 in another form.
    pub digest: Option<FileDigest>,
}

/// Attributes that say where the file was when Windows was built.
const OF_THE_BUILD: [&str; 2] = ["sourcePath", "importPath"];

impl ComponentFile {
    pub(super) fn read(
        element: &Element,
        beyond: &mut Beyond,
    ) -> Result<ComponentFile, ManifestError> {
        let mut file = ComponentFile {
            name: String::new(),
            destination: None,
            destination_name: None,
            source_name: None,
            attributes: None,
            writeable: None,
            security: None,
            digest: None,
        };
        for (name, value) in &element.attributes {
            let value = value.clone();
            match name.as_str() {
                "name" => file.name = value,
                "destinationPath" => file.destination = Some(value),
                "destinationName" => file.destination_name = Some(value),
                "sourceName" => file.source_name = Some(value),
                "attributes" => file.attributes = Some(value),
                "writeableType" => file.writeable = Some(value),
                // The digest of manifests of the first kind.
                "hash" | "hashalg" => {}
                known if OF_THE_BUILD.contains(&known) => {}
                other => beyond.add(&["file", &format!("@{other}")]),
            }
        }
        if file.name.is_empty() {
            return Err(ManifestError::Missing {
                above: "file",
                missing: "name",
            });
        }
        for child in &element.children {
            match child.name.as_str() {
                "securityDescriptor" => {
                    file.security = child.attribute("name").map(str::to_owned);
                }
                "hash" => {
                    file.digest = FileDigest::read(child);
                    if file.digest.is_none() {
                        return Err(ManifestError::Digest { file: file.name });
                    }
                }
                // What kind of signature the file has; nothing is done with it.
                "signatureInfo" => {}
                other => beyond.add(&["file", other]),
            }
        }
        Ok(file)
    }
}
