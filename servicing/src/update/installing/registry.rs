//! The registry of components: what their manifests say, as places and data.

use super::super::identity::Identity;
use super::super::manifest::{ComponentKey, ComponentValue, Manifest};
use super::InstallError;
use crate::draft::Draft;
use crate::facts::ImageFacts;
use crate::registry::{HiveName, KeyPath, RegData};
use crate::security::sddl;

/// A key with its values, in all its places.
pub(super) struct KeyToSet {
    pub(super) places: Vec<(HiveName, KeyPath)>,
    pub(super) values: Vec<(String, RegData)>,
    pub(super) security: Option<Vec<u8>>,
    /// As the manifest names it.
    pub(super) path: String,
}

/// What the manifest of a component says of the registry.
///
/// # Errors
/// [`InstallError::Registry`] for what is not known how to set.
pub(super) fn keys(
    draft: &Draft,
    name: &str,
    manifest: &Manifest,
) -> Result<Vec<KeyToSet>, InstallError> {
    let facts = draft.facts();
    let keys = manifest.keys.iter();
    keys.map(|key| one_key(facts, name, manifest, key))
        .collect()
}

fn one_key(
    facts: &ImageFacts,
    name: &str,
    manifest: &Manifest,
    key: &ComponentKey,
) -> Result<KeyToSet, InstallError> {
    let refused = |place: &str, reason: String| InstallError::Registry {
        component: name.to_owned(),
        place: place.to_owned(),
        reason,
    };
    let places = places(facts, &manifest.identity, &key.path);
    let places = places.map_err(|reason| refused(&key.path, reason))?;
    let mut values = Vec::new();
    for value in &key.values {
        let data = data(value);
        let data = data.map_err(|reason| {
            let place = format!("{}: {}", key.path, value.name);
            refused(&place, reason)
        })?;
        values.push((value.name.clone(), data));
    }
    let security = match &key.security {
        None => None,
        Some(wanted) => {
            let definition = manifest.security_named(wanted).ok_or_else(|| {
                refused(
                    &key.path,
                    format!("the manifest does not define `{wanted}`"),
                )
            })?;
            let hint = definition.operation_hint.as_deref().unwrap_or("replace");
            if !hint.eq_ignore_ascii_case("replace") {
                let reason = format!("its descriptor is to be set by `{hint}`, which is not known");
                return Err(refused(&key.path, reason));
            }
            let descriptor = sddl::parse(&definition.sddl, &sddl::KEYS);
            Some(descriptor.map_err(|source| InstallError::Security {
                component: name.to_owned(),
                source,
            })?)
        }
    };
    Ok(KeyToSet {
        places,
        values,
        security,
        path: key.path.clone(),
    })
}

/// Where a key of a manifest lies.
fn places(
    facts: &ImageFacts,
    component: &Identity,
    path: &str,
) -> Result<Vec<(HiveName, KeyPath)>, String> {
    if path.contains("$(") {
        return Err("its path has a macro, which is not known in keys".to_owned());
    }
    let path = path.trim_end_matches('\\');
    let strip = |start: &str| -> Option<&str> {
        let front = path.get(..start.len())?;
        let rest = path.get(start.len()..)?;
        (front.eq_ignore_ascii_case(start)).then(|| rest.strip_prefix('\\'))?
    };
    if super::super::destinations::is_32_bit_guest(facts.architecture, component) {
        return Err(
            "it is not known where the keys of a 32-bit component go in a 64-bit image".to_owned(),
        );
    }
    if let Some(rest) = strip("HKEY_LOCAL_MACHINE\\SOFTWARE") {
        return Ok(vec![(HiveName::Software, KeyPath::from(rest))]);
    }
    if let Some(rest) = strip("HKEY_CLASSES_ROOT") {
        let key = KeyPath::from(format!("Classes\\{rest}"));
        return Ok(vec![(HiveName::Software, key)]);
    }
    if let Some(rest) = strip("HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet") {
        let services = "Services";
        if rest
            .get(..services.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(services))
        {
            return Err("services are left to Windows".to_owned());
        }
        let sets = facts.control_sets.targets().into_iter();
        let places = sets.map(|set| (HiveName::System, KeyPath::from(format!("{set}\\{rest}"))));
        return Ok(places.collect());
    }
    Err("only SOFTWARE, the control sets of SYSTEM, and classes are known".to_owned())
}

/// The data of a value.
fn data(value: &ComponentValue) -> Result<RegData, String> {
    let hint = value.operation_hint.as_deref().unwrap_or("replace");
    if !hint.is_empty() && !hint.eq_ignore_ascii_case("replace") {
        return Err(format!("it is to be set by `{hint}`, which is not known"));
    }
    if value
        .mutable
        .as_deref()
        .is_some_and(|word| word.eq_ignore_ascii_case("true"))
    {
        return Err("it is `mutable`: whether it may be set again is not known".to_owned());
    }
    let text = value.data.as_deref().unwrap_or_default();
    if text.contains("$(") {
        return Err("its data have a macro, which is not known in values".to_owned());
    }
    let bad = || format!("`{text}` is no data of `{}`", value.value_type);
    let number = || -> Option<u64> {
        match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => text.parse().ok(),
        }
    };
    match value.value_type.to_ascii_uppercase().as_str() {
        "REG_SZ" => Ok(RegData::sz(text)),
        "REG_EXPAND_SZ" => Ok(RegData::expand_sz(text)),
        "REG_DWORD" => {
            let number = number().and_then(|number| u32::try_from(number).ok());
            number.map(RegData::dword).ok_or_else(bad)
        }
        "REG_QWORD" => number().map(RegData::qword).ok_or_else(bad),
        "REG_BINARY" => crate::hex::parse(text).map(RegData::binary).ok_or_else(bad),
        "REG_MULTI_SZ" => multi(text)
            .map(|all| RegData::multi_sz(&all))
            .ok_or_else(bad),
        other => Err(format!("values of type `{other}` are not known")),
    }
}

/// `"a","b"`; quotes in a text are not seen anywhere, and refused.
fn multi(text: &str) -> Option<Vec<&str>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let inner = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    let all: Vec<&str> = inner.split("\",\"").collect();
    let plain = |one: &&str| !one.is_empty() && !one.contains('"');
    all.iter().all(plain).then_some(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    fn value(kind: &str, text: &str) -> ComponentValue {
        ComponentValue {
            name: "n".to_owned(),
            value_type: kind.to_owned(),
            data: Some(text.to_owned()),
            operation_hint: Some("replace".to_owned()),
            mutable: None,
            owner: None,
        }
    }

    #[test]
    fn data_of_every_type_and_what_is_none() {
        for (kind, text, expected) in [
            ("REG_SZ", "a", RegData::sz("a")),
            ("REG_EXPAND_SZ", "%a%", RegData::expand_sz("%a%")),
            ("REG_DWORD", "0x0000001f", RegData::dword(31)),
            ("REG_DWORD", "31", RegData::dword(31)),
            ("REG_QWORD", "0x100000000", RegData::qword(1 << 32)),
            ("REG_BINARY", "00FF", RegData::binary([0, 255])),
            (
                "REG_MULTI_SZ",
                "\"a\",\"b c\"",
                RegData::multi_sz(&["a", "b c"]),
            ),
            ("REG_MULTI_SZ", "", RegData::multi_sz::<&str>(&[])),
        ] {
            assert_eq!(data(&value(kind, text)), Ok(expected), "{kind} {text}");
        }
        for (kind, text) in [
            ("REG_DWORD", "0x100000000"),
            ("REG_DWORD", "one"),
            ("REG_BINARY", "0"),
            ("REG_MULTI_SZ", "a,b"),
            ("REG_MULTI_SZ", "\"a\"b\",\"c\""),
            ("REG_LINK", "a"),
            ("REG_SZ", "$(runtime.system32)\\a"),
        ] {
            assert!(data(&value(kind, text)).is_err(), "{kind} {text}");
        }
        let mut odd = value("REG_SZ", "a");
        odd.operation_hint = Some("merge".to_owned());
        assert!(data(&odd).unwrap_err().contains("`merge`"));
        let mut odd = value("REG_SZ", "a");
        odd.mutable = Some("true".to_owned());
        assert!(data(&odd).is_err());
    }
}
