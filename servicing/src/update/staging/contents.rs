//! What of a package goes into the store: the packages that its top brings,
//! their deployments, and the components that these pull in.

use std::collections::{BTreeMap, BTreeSet};

use super::super::identity::Identity;
use super::super::key_form::{component_name, deployment_name};
use super::super::mum::{Mum, Part};
use super::super::package::{CatalogState, Package, PackageComponent, PackageMum};
use super::StageOptions;
use super::error::StageError;

/// What goes into the store.
pub(in crate::update) struct Contents<'p> {
    /// The top first, each before those that it brings.
    pub(in crate::update) packages: Vec<StagedPackage<'p>>,
    /// By short name.
    pub(in crate::update) deployments: BTreeMap<String, StagedDeployment<'p>>,
    /// By name; deployments are among them.
    pub(in crate::update) components: BTreeMap<String, StagedComponent<'p>>,
}

/// A package to be staged.
pub(in crate::update) struct StagedPackage<'p> {
    pub(in crate::update) mum: &'p PackageMum,
    /// The package that brings it, where one does.
    pub(in crate::update) owner: Option<Identity>,
    /// Its catalog, by place in the package.
    pub(in crate::update) catalog: usize,
}

/// A deployment to be staged.
pub(in crate::update) struct StagedDeployment<'p> {
    pub(in crate::update) identity: &'p Identity,
    /// The catalog that covers it, by place in the package.
    pub(in crate::update) catalog: usize,
    /// Packages and updates that bring it.
    pub(in crate::update) brought_by: Vec<(&'p Identity, &'p str)>,
}

/// A component to be staged.
pub(in crate::update) struct StagedComponent<'p> {
    pub(in crate::update) component: &'p PackageComponent,
    /// Short names of the deployments that pull it in.
    pub(in crate::update) pulled_in_by: BTreeSet<String>,
}

impl<'p> Contents<'p> {
    /// What of `package` goes into the store.
    ///
    /// # Errors
    /// [`StageError`], where something is missing, not covered, or of a kind
    /// that is not staged.
    pub(in crate::update) fn of(
        package: &'p Package,
        options: StageOptions<'_>,
    ) -> Result<Contents<'p>, StageError> {
        let mut missing = package.missing();
        if !missing.is_empty() {
            let name = missing.swap_remove(0);
            let more = missing.len();
            return Err(StageError::Missing { name, more });
        }
        let mut contents = Contents {
            packages: Vec::new(),
            deployments: BTreeMap::new(),
            components: BTreeMap::new(),
        };
        let mut open = vec![(package.top_entry(), None)];
        let mut seen = BTreeSet::new();
        while let Some((entry, owner)) = open.pop() {
            let name = entry.mum.identity.package_name().to_ascii_lowercase();
            // Two may bring the same one; and circles have no top.
            if !seen.insert(name) {
                continue;
            }
            contents.add_package(package, entry, owner, options)?;
            let inner: Vec<_> = entry.mum.packages().collect();
            for identity in inner.into_iter().rev() {
                if let Some(inner) = package.mum_of(identity) {
                    open.push((inner, Some(entry.mum.identity.clone())));
                }
            }
        }
        match contents.deployments.is_empty() {
            true => Err(StageError::Empty),
            false => Ok(contents),
        }
    }

    fn add_package(
        &mut self,
        package: &'p Package,
        entry: &'p PackageMum,
        owner: Option<Identity>,
        options: StageOptions<'_>,
    ) -> Result<(), StageError> {
        let mum = &entry.mum;
        refuse_unknown(mum)?;
        let catalog = covering(package, &entry.path.to_string(), entry.covered_by, options)?;
        self.packages.push(StagedPackage {
            mum: entry,
            owner,
            catalog,
        });
        for (update, identity) in mum.deployments() {
            let name = component_name(identity);
            let Some(component) = package.component(&name) else {
                continue;
            };
            let short = deployment_name(identity);
            let catalog = self.add_component(package, component, &short, options)?;
            for inner in &component.installs {
                if let Some(inner) = package.component(&component_name(inner)) {
                    self.add_component(package, inner, &short, options)?;
                }
            }
            let deployment = self.deployments.entry(short);
            let deployment = deployment.or_insert_with(|| StagedDeployment {
                identity: &component.identity,
                catalog,
                brought_by: Vec::new(),
            });
            deployment
                .brought_by
                .push((&mum.identity, update.name.as_str()));
        }
        Ok(())
    }

    fn add_component(
        &mut self,
        package: &'p Package,
        component: &'p PackageComponent,
        deployment: &str,
        options: StageOptions<'_>,
    ) -> Result<usize, StageError> {
        let file = component.manifest.to_string();
        let catalog = covering(package, &file, component.covered_by, options)?;
        let entry = self.components.entry(component.name.clone());
        let entry = entry.or_insert_with(|| StagedComponent {
            component,
            pulled_in_by: BTreeSet::new(),
        });
        entry.pulled_in_by.insert(deployment.to_owned());
        Ok(catalog)
    }

    /// Places of the catalogs that the store gets: those that cover a
    /// deployment, for each has a key that names deployments.
    pub(in crate::update) fn catalogs(&self) -> BTreeSet<usize> {
        self.deployments.values().map(|one| one.catalog).collect()
    }
}

/// Packages with parts that are not understood are not taken apart.
fn refuse_unknown(mum: &Mum) -> Result<(), StageError> {
    if let Some(format) = &mum.format {
        return Err(StageError::Format {
            format: format.package_format.clone(),
        });
    }
    if let Some(element) = mum.unknown.first() {
        return Err(StageError::Unknown {
            mum: mum.identity.package_name(),
            element: element.clone(),
        });
    }
    let parts = mum.updates.iter().flat_map(|update| &update.parts);
    for part in parts {
        if let Part::Driver { identity } = part {
            return Err(StageError::Driver {
                name: identity.name.clone(),
            });
        }
    }
    Ok(())
}

/// The catalog that covers a file, if that is good enough.
fn covering(
    package: &Package,
    file: &str,
    covered_by: Option<usize>,
    options: StageOptions<'_>,
) -> Result<usize, StageError> {
    let refused = |reason: String| StageError::NotCovered {
        file: file.to_owned(),
        reason,
    };
    let found = covered_by.and_then(|at| Some((at, package.catalogs().get(at)?)));
    let (at, catalog) = found.ok_or_else(|| refused("no catalog lists it".to_owned()))?;
    let good = match catalog.state {
        CatalogState::Signed => true,
        CatalogState::Untrusted | CatalogState::Unsigned => options.accept_untrusted,
        CatalogState::Invalid => false,
    };
    match good {
        true => Ok(at),
        false => Err(refused(catalog.reason.clone().unwrap_or_default())),
    }
}
