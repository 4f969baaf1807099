//! Which updates of a package apply to an image.
//!
//! An update is for components of the image that are older. Where a package has
//! two branches (GDR and LDR, Windows 6.x), at most one of them is for the
//! version that is there; the other one stays in the store. Facts: cbs, sections
//! 3.1 and 7 (recalled, consistent with real packages).

use std::collections::{BTreeMap, BTreeSet};

use super::super::applicability::components::reaches;
use super::super::identity::Identity;
use super::super::key_form::{component_name, deployment_name, winners_name};
use super::super::mum::{Condition, Elevate, Update};
use super::super::package::Package;
use super::super::staging::contents::Contents;
use super::super::store::winner;
use super::InstallError;
use crate::draft::Draft;

/// Short names of the deployments that apply.
pub(super) fn deployments(
    draft: &Draft,
    package: &Package,
    contents: &Contents<'_>,
) -> Result<BTreeSet<String>, InstallError> {
    let mut applying = BTreeSet::new();
    for staged in &contents.packages {
        let mum = &staged.mum.mum;
        // By family: the update that brings it.
        let mut brought: BTreeMap<String, &str> = BTreeMap::new();
        for (update, deployment) in mum.deployments() {
            if !applies(draft, update)? {
                continue;
            }
            applying.insert(deployment_name(deployment));
            let component = package.component(&component_name(deployment));
            for inner in component.into_iter().flat_map(|one| &one.installs) {
                let known = brought.insert(winners_name(inner), &update.name);
                if let Some(one) = known.filter(|one| *one != update.name) {
                    return Err(InstallError::TwoBranches {
                        one: one.to_owned(),
                        other: update.name.clone(),
                        component: inner.name.clone(),
                    });
                }
            }
        }
    }
    match applying.is_empty() {
        true => Err(InstallError::NothingApplies),
        false => Ok(applying),
    }
}

fn applies(draft: &Draft, update: &Update) -> Result<bool, InstallError> {
    if update.selectable.is_some() {
        return Err(InstallError::Feature {
            update: update.name.clone(),
        });
    }
    let unknown = |condition: &str| InstallError::Condition {
        update: update.name.clone(),
        condition: condition.to_owned(),
    };
    for condition in update.applicable.iter().flat_map(|one| &one.conditions) {
        let holds = match condition {
            Condition::UpdateComponent {
                elevate: Some(elevate),
                components,
            } => any_applies(draft, *elevate, components)?,
            Condition::UpdateComponent { elevate: None, .. } => {
                return Err(unknown("updateComponent without a known elevate"));
            }
            Condition::DetectComponent { .. } => return Err(unknown("detectComponent")),
            Condition::DetectUpdate { .. } => return Err(unknown("detectUpdate")),
            Condition::DetectNone { .. } => return Err(unknown("detectNone")),
            Condition::And { .. } | Condition::Or { .. } | Condition::Not { .. } => {
                return Err(unknown("combined conditions"));
            }
            Condition::Unknown { name } => return Err(unknown(name)),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn any_applies(
    draft: &Draft,
    elevate: Elevate,
    components: &[Identity],
) -> Result<bool, InstallError> {
    for component in components {
        let applies = match winner(draft, component)? {
            None => elevate == Elevate::Install,
            Some(there) => there < component.version && reaches(elevate, there, component.version),
        };
        if applies {
            return Ok(true);
        }
    }
    Ok(false)
}
