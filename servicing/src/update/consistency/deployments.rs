//! Deployments: key, manifest, components, and the packages that bring them.

use super::super::key_form::{PackageMark, component_name, deployment_name};
use super::super::store::StoreError;
use super::super::store_names::{
    deployment_key, from_registry_text, package_value, package_value_text, split_package_value,
};
use super::components::Manifests;
use super::store::{DeploymentKey, Store};
use super::{Check, Rule};

pub(super) fn check(
    check: &mut Check<'_>,
    store: &Store,
    manifests: &Manifests,
) -> Result<(), StoreError> {
    for (short, key) in &store.deployments {
        if !check.has_deployment(short) {
            continue;
        }
        let place = deployment_key(short);
        check_catalog(check, store, short, key);
        for (value, data) in &key.marks {
            check_mark(check, store, short, value, data);
        }
        let text = key.identity.as_deref().map(String::from_utf8_lossy);
        let identity = text.as_deref().and_then(from_registry_text);
        let Some(identity) = identity.filter(|one| deployment_name(one) == *short) else {
            let message = format!("has the identity `{}`", text.unwrap_or_default());
            check.add(Rule::DeploymentName, &place, message);
            continue;
        };
        let name = component_name(&identity);
        let Some(manifest) = manifests.get(&name).filter(|one| one.deployment) else {
            let message = format!("is deployment `{name}`, which the store does not have");
            check.add(Rule::DeploymentWithoutManifest, &place, message);
            continue;
        };
        for inner in &manifest.installs {
            let says_so = store
                .components
                .get(inner)
                .map(|one| one.deployments.contains(short));
            let message = match says_so {
                Some(true) => continue,
                Some(false) => format!("pulls in `{inner}`, whose key does not name it"),
                None => format!("pulls in `{inner}`, which the store does not have"),
            };
            check.add(Rule::DeploymentComponents, &place, message);
        }
    }
    Ok(())
}

fn check_catalog(check: &mut Check<'_>, store: &Store, short: &str, key: &DeploymentKey) {
    let place = deployment_key(short);
    let Some(catalog) = &key.catalog else {
        let message = "names no catalog";
        return check.add(Rule::DeploymentWithoutCatalog, &place, message);
    };
    match store.catalogs.get(catalog) {
        None => {
            let message = format!("names catalog {catalog}, which has no key");
            check.add(Rule::DeploymentWithoutCatalog, &place, message);
        }
        Some(deployments) if !deployments.iter().any(|one| one == short) => {
            let message = format!("names catalog {catalog}, which does not name it");
            check.add(Rule::CatalogDeployment, &place, message);
        }
        Some(_) => {}
    }
}

fn check_mark(check: &mut Check<'_>, store: &Store, short: &str, value: &str, data: &[u8]) {
    let place = deployment_key(short);
    let marks = [
        PackageMark::Pinned,
        PackageMark::Staged,
        PackageMark::Installed,
    ];
    let mark = marks
        .into_iter()
        .find(|mark| value.starts_with(mark.letter()));
    let text = package_value_text(data).and_then(split_package_value);
    let (Some(mark), Some((package, update))) = (mark, text) else {
        let message = format!("has a value `{value}` that names no package");
        return check.add(Rule::PackageMark, &place, message);
    };
    let expected = package_value(mark, &package, update);
    let fits = expected.is_ok_and(|(name, _)| name.eq_ignore_ascii_case(value));
    if !fits {
        let message = format!("names package `{package}` under `{value}`");
        check.add(Rule::PackageMark, &place, message);
    }
    let name = package.package_name().to_lowercase();
    if !store.packages.contains_key(&name) {
        let message = format!("names package `{package}`, which the image does not have");
        check.add(Rule::PackageMarkUnknown, &place, message);
    }
}
