//! Several packages at once: in order, each against what the image has and what
//! goes before it.

use std::borrow::Borrow;

use serde::Serialize;

use super::applicability::{self, Applicability, Before, Verdict};
use super::mum::Fits;
use super::order::{self, Edge, Rank};
use super::package::{Package, PackageKind};
use super::store::{PackageStore, StoreError};
use crate::draft::Draft;

/// A package in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// Its place in the list that was given.
    pub given: usize,
    /// Its rank.
    pub rank: Rank,
    /// What it comes after, and why.
    pub after: Vec<Edge>,
    /// Whether the image takes it.
    pub applicability: Applicability,
}

/// All packages in order; or the needs that go round, and the packages without
/// order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Batch {
    /// The packages, in the order in which they go.
    pub placed: Vec<Placed>,
    /// Needs that go round: then the order is the one given.
    pub cycle: Vec<Edge>,
}

/// Puts packages in order and evaluates each.
///
/// # Errors
/// [`StoreError`], where the image cannot be read.
pub fn evaluate<P: Borrow<Package>>(
    draft: &Draft,
    store: &PackageStore,
    packages: &[P],
) -> Result<Batch, StoreError> {
    let packages: Vec<&Package> = packages.iter().map(Borrow::borrow).collect();
    let ranks: Vec<Rank> = packages.iter().map(|one| rank(one, &packages)).collect();
    let edges = edges(store, &packages);
    let (order, cycle) = match order::sort(&ranks, &edges) {
        Ok(order) => (order, Vec::new()),
        Err(cycle) => ((0..packages.len()).collect(), cycle.edges),
    };
    let mut placed = Vec::new();
    let mut before = Before::nothing();
    for (given, package) in order
        .iter()
        .filter_map(|at| Some((*at, packages.get(*at)?)))
    {
        let applicability = applicability::evaluate(draft, store, package, &before)?;
        // What is not taken brings nothing to those behind it.
        if matches!(
            applicability.verdict,
            Verdict::Applicable | Verdict::Unclear
        ) {
            before.add(package);
        }
        let after = edges.iter().filter(|edge| edge.after == given);
        placed.push(Placed {
            given,
            rank: ranks.get(given).copied().unwrap_or(Rank::Rest),
            after: after.cloned().collect(),
            applicability,
        });
    }
    Ok(Batch { placed, cycle })
}

fn rank(package: &Package, all: &[&Package]) -> Rank {
    let own = package.identity();
    let later = all.iter().any(|other| {
        let identity = other.identity();
        identity.is_same_package_family(own) && identity.version > own.version
    });
    match package.kind() {
        PackageKind::ServicingStack => Rank::ServicingStack,
        PackageKind::Cumulative if later => Rank::Checkpoint,
        PackageKind::Cumulative => Rank::Cumulative,
        _ => Rank::Rest,
    }
}

/// What each package needs of the others.
fn edges(store: &PackageStore, packages: &[&Package]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (after, needing) in packages.iter().enumerate() {
        for (before, giving) in packages.iter().enumerate() {
            if before == after {
                continue;
            }
            let reasons = [
                stack_need(store, needing, giving),
                parent_need(store, needing, giving),
                family_need(needing, giving),
            ];
            edges.extend(reasons.into_iter().flatten().map(|reason| Edge {
                before,
                after,
                reason,
            }));
        }
    }
    edges
}

fn stack_need(store: &PackageStore, needing: &Package, giving: &Package) -> Option<String> {
    let asked = needing.needs_servicing_stack()?;
    let there = store.servicing_stack.as_ref().map(|stack| stack.version);
    if there.is_some_and(|there| there >= asked) {
        return None;
    }
    let brought = giving.brings_servicing_stack()?.version;
    // One that brings its own needs no other.
    let own = needing.brings_servicing_stack();
    if brought < asked || own.is_some_and(|own| own.version >= asked) {
        return None;
    }
    Some(format!(
        "it needs servicing stack {asked}, and `{}` brings {brought}",
        giving.name()
    ))
}

fn parent_need(store: &PackageStore, needing: &Package, giving: &Package) -> Option<String> {
    let mum = needing.mum();
    if applicability::parent_in_image(store, mum) {
        return None;
    }
    let mut brought = giving.brought().map(|entry| &entry.mum.identity);
    let found =
        brought.find(|identity| applicability::parent_given_by(mum, identity) != Fits::No)?;
    Some(format!(
        "it asks for parent `{found}`, which `{}` brings",
        giving.name()
    ))
}

fn family_need(needing: &Package, giving: &Package) -> Option<String> {
    let (later, earlier) = (needing.identity(), giving.identity());
    let older = earlier.is_same_package_family(later) && earlier.version < later.version;
    older.then(|| {
        format!(
            "`{}` is the same package in version {}, which is older than {}",
            giving.name(),
            earlier.version,
            later.version
        )
    })
}
