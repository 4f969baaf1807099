//! What COMPONENTS says: which components are there, which deployments pull them
//! in, which packages brought these, which catalogs cover them.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::super::key_form::{PackageMark, file_value_name};
use super::super::package::Package;
use super::super::store_names::{
    DEPLOYMENT_MARK, catalog_key, component_key, deployment_key, package_value, registry_text,
};
use super::contents::{Contents, StagedComponent};
use super::error::StageError;
use super::files::plain_manifest;
use crate::draft::Draft;
use crate::hex::Hex;
use crate::plan::Basis;
use crate::registry::{HiveName, KeyPath, RegData};

/// `identity`, `S256H`, `c!` and names of values: checked on over a hundred
/// components.
const CHECKED: Basis = Basis::verified("cbs 6.3");
/// What a project measured on one image.
const MEASURED: Basis = Basis::stated("cbs 6.3");
/// `p!` and `s!`: read off a fragment of a real hive; when a package pins what
/// it stages is concluded.
const MARKS: Basis = Basis::inferred("cbs 4.4, 6.3");

/// `f!` of a file that is in the store.
const FILE_PRESENT: u32 = 1;

/// Plans it all, with these marks at each deployment; gives the names of the
/// components that are new.
pub(in crate::update) fn set(
    draft: &mut Draft,
    package: &Package,
    contents: &Contents<'_>,
    marks: &[PackageMark],
) -> Result<Vec<String>, StageError> {
    let mut new = Vec::new();
    for (name, staged) in &contents.components {
        if set_component(draft, package, name, staged)? {
            new.push(name.clone());
        }
    }
    let mut catalogs: BTreeSet<(usize, &str)> = BTreeSet::new();
    for (short, deployment) in &contents.deployments {
        let Some(catalog) = package.catalogs().get(deployment.catalog) else {
            continue;
        };
        catalogs.insert((deployment.catalog, short));
        let key = deployment_key(short);
        let sha256 = Hex(&catalog.sha256).to_string();
        if !draft.has_key(HiveName::Components, &key)? {
            let appid = registry_text(deployment.identity).into_bytes();
            put(draft, &key, "appid", RegData::binary(appid), &CHECKED)?;
            let thumbprint = RegData::sz(&sha256);
            put(draft, &key, "CatalogThumbprint", thumbprint, &MEASURED)?;
        }
        for (package, update) in &deployment.brought_by {
            for mark in marks {
                let (name, data) = package_value(*mark, package, update)?;
                put(draft, &key, &name, RegData::binary(data), &MARKS)?;
            }
        }
    }
    for (at, short) in catalogs {
        if let Some(catalog) = package.catalogs().get(at) {
            let key = catalog_key(&Hex(&catalog.sha256).to_string());
            let name = format!("{DEPLOYMENT_MARK}{short}");
            put(draft, &key, &name, RegData::binary([]), &MEASURED)?;
        }
    }
    Ok(new)
}

/// Plans one more mark at these deployments.
pub(in crate::update) fn mark(
    draft: &mut Draft,
    contents: &Contents<'_>,
    deployments: &BTreeSet<String>,
    mark: PackageMark,
) -> Result<(), StageError> {
    let marked = contents.deployments.iter();
    for (short, deployment) in marked.filter(|(short, _)| deployments.contains(*short)) {
        let key = deployment_key(short);
        for (package, update) in &deployment.brought_by {
            let (name, data) = package_value(mark, package, update)?;
            put(draft, &key, &name, RegData::binary(data), &MARKS)?;
        }
    }
    Ok(())
}

/// Plans the key of a component; gives whether it is new.
fn set_component(
    draft: &mut Draft,
    package: &Package,
    name: &str,
    staged: &StagedComponent<'_>,
) -> Result<bool, StageError> {
    let component = staged.component;
    let key = component_key(name);
    let (_, manifest) = plain_manifest(package, &component.manifest)?;
    let digest: [u8; 32] = Sha256::digest(&manifest).into();
    let is_new = !draft.has_key(HiveName::Components, &key)?;
    if is_new {
        let identity = registry_text(&component.identity).into_bytes();
        put(draft, &key, "identity", RegData::binary(identity), &CHECKED)?;
        put(draft, &key, "S256H", RegData::binary(digest), &CHECKED)?;
        for file in &component.files {
            let value = file_value_name(&file.name)?;
            put(draft, &key, &value, RegData::dword(FILE_PRESENT), &MEASURED)?;
        }
    } else {
        let known = draft.value(HiveName::Components, &key, "S256H")?;
        if known != Some(RegData::binary(digest)) {
            let name = name.to_owned();
            return Err(StageError::OtherComponent { name });
        }
    }
    for short in &staged.pulled_in_by {
        let mark = format!("{DEPLOYMENT_MARK}{short}");
        put(draft, &key, &mark, RegData::binary([]), &CHECKED)?;
    }
    Ok(is_new)
}

fn put(
    draft: &mut Draft,
    key: &KeyPath,
    name: &str,
    data: RegData,
    basis: &Basis,
) -> Result<(), StageError> {
    let _ = draft.set_value(HiveName::Components, key, name, data, basis)?;
    Ok(())
}
