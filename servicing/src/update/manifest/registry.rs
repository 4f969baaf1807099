//! The registry keys of a component.

use serde::Serialize;

use super::super::xml::Element;
use super::{Beyond, ManifestError};

/// A `registryKey`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComponentKey {
    /// Where: `HKEY_LOCAL_MACHINE\SOFTWARE\...`, with macros.
    pub path: String,
    /// Whether the component owns it, as written.
    pub owner: Option<String>,
    /// `perUserVirtualization`, as written.
    pub virtualization: Option<String>,
    /// The name of its security descriptor, of those that the manifest defines.
    pub security: Option<String>,
    /// Its values.
    pub values: Vec<ComponentValue>,
}

/// A `registryValue`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComponentValue {
    /// Its name; empty for the default value.
    pub name: String,
    /// `REG_SZ`, ...
    pub value_type: String,
    /// Its data, as written; none for a value without any.
    pub data: Option<String>,
    /// `replace`, ...
    pub operation_hint: Option<String>,
    /// Whether it may change, as written.
    pub mutable: Option<String>,
    /// Whether the component owns it, as written.
    pub owner: Option<String>,
}

impl ComponentKey {
    pub(super) fn read(
        element: &Element,
        beyond: &mut Beyond,
    ) -> Result<ComponentKey, ManifestError> {
        let text = |name: &str| element.attribute(name).map(str::to_owned);
        let path = text("keyName").ok_or(ManifestError::Missing {
            above: "registryKey",
            missing: "keyName",
        })?;
        for (name, _) in &element.attributes {
            if !["keyName", "owner", "perUserVirtualization"].contains(&name.as_str()) {
                beyond.add(&["registryKeys", "registryKey", &format!("@{name}")]);
            }
        }
        let mut key = ComponentKey {
            path,
            owner: text("owner"),
            virtualization: text("perUserVirtualization"),
            security: None,
            values: Vec::new(),
        };
        for child in &element.children {
            match child.name.as_str() {
                "registryValue" => key.values.push(ComponentValue::read(child, beyond)?),
                "securityDescriptor" => {
                    key.security = child.attribute("name").map(str::to_owned);
                }
                other => beyond.add(&["registryKeys", "registryKey", other]),
            }
        }
        Ok(key)
    }
}

impl ComponentValue {
    fn read(element: &Element, beyond: &mut Beyond) -> Result<ComponentValue, ManifestError> {
        let mut value = ComponentValue {
            name: String::new(),
            value_type: String::new(),
            data: None,
            operation_hint: None,
            mutable: None,
            owner: None,
        };
        for (name, text) in &element.attributes {
            let text = text.clone();
            match name.as_str() {
                "name" => value.name = text,
                "valueType" => value.value_type = text,
                "value" => value.data = Some(text),
                "operationHint" => value.operation_hint = Some(text),
                "mutable" => value.mutable = Some(text),
                "owner" => value.owner = Some(text),
                other => beyond.add(&["registryKeys", "registryValue", &format!("@{other}")]),
            }
        }
        for child in &element.children {
            beyond.add(&["registryKeys", "registryValue", &child.name]);
        }
        match value.value_type.is_empty() {
            true => Err(ManifestError::Missing {
                above: "registryValue",
                missing: "valueType",
            }),
            false => Ok(value),
        }
    }
}
