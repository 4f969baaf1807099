//! Which packages an image takes, in which order, and why not the others.

use std::collections::BTreeSet;

use super::Given;
use crate::draft::Draft;
use crate::facts::{Architecture, ImageFacts};
use crate::update::applicability::{Applicability, Verdict};
use crate::update::batch;
use crate::update::package::{CatalogState, Package};
use crate::update::store::{PackageStore, StoreError};
use crate::update::version::AssemblyVersion;

/// What an image makes of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It is taken. The text says what speaks against certainty, where
    /// something does.
    Taken(Option<String>),
    /// It is in the image already.
    There(String),
    /// It is not taken.
    Refused(String),
}

/// What an image makes of packages.
pub(super) struct Judged {
    /// One a package, in the order in which they were given.
    pub(super) packages: Vec<Judgement>,
    /// Places of all packages in the order in which they have to be installed:
    /// of those that wait already first, of the given ones behind their count.
    pub(super) order: Vec<usize>,
}

/// Judges `given`, which come behind `waiting`.
pub(super) fn judge(
    draft: &Draft,
    waiting: &[Given],
    given: &[Given],
    force_unsigned: bool,
) -> Result<Judged, StoreError> {
    let facts = draft.facts();
    let mut packages: Vec<Judgement> = given
        .iter()
        .map(|package| match refusal(package, facts, force_unsigned) {
            Some(reason) => Judgement::Refused(reason),
            None => Judgement::Taken(None),
        })
        .collect();
    let mut order: Vec<usize> = (0..waiting.len() + given.len()).collect();
    let store = match PackageStore::read(draft) {
        Ok(store) => Some(store),
        // An image before Vista, or one that never was serviced.
        Err(StoreError::NoState) => None,
        Err(error) => return Err(error),
    };
    let all: Vec<(usize, &Given)> = waiting.iter().chain(given).enumerate().collect();
    let taken = |at: &usize| match at.checked_sub(waiting.len()) {
        None => true,
        Some(at) => matches!(packages.get(at), Some(Judgement::Taken(_))),
    };
    // The cabinets in them, each with the place of its package.
    let inner: Vec<(usize, &Package)> = all
        .iter()
        .filter(|(at, _)| taken(at))
        .flat_map(|(at, given)| given.packages().map(|package| (*at, package)))
        .collect();
    let Some(store) = store else {
        for (judgement, given) in packages.iter_mut().zip(given) {
            if let Judgement::Taken(_) = judgement {
                *judgement = without_state(given, facts);
            }
        }
        let rank = |at: &usize| all.get(*at).map(|(_, given)| given.rank());
        order.sort_by_key(rank);
        return Ok(Judged { packages, order });
    };
    let only: Vec<&Package> = inner.iter().map(|(_, package)| *package).collect();
    let batch = batch::evaluate(draft, &store, &only)?;
    let mut place = vec![usize::MAX; all.len()];
    for (position, placed) in batch.placed.iter().enumerate() {
        let Some((at, package)) = inner.get(placed.given) else {
            continue;
        };
        let is_main = all
            .get(*at)
            .and_then(|(_, given)| given.main())
            .is_some_and(|main| std::ptr::eq(main, *package));
        if !is_main {
            continue;
        }
        if let Some(place) = place.get_mut(*at) {
            *place = position;
        }
        let own = at.checked_sub(waiting.len());
        if let Some(judgement) = own.and_then(|at| packages.get_mut(at)) {
            *judgement = of_applicability(&placed.applicability);
        }
    }
    // What has no cabinet that is known stays where it is.
    order.sort_by_key(|at| place.get(*at).copied().unwrap_or(usize::MAX));
    Ok(Judged { packages, order })
}

/// What can be said where the image does not say what it has: for which version
/// of Windows a package is.
fn without_state(given: &Given, facts: &ImageFacts) -> Judgement {
    let Some(main) = given.main() else {
        return Judgement::Taken(None);
    };
    let parents = main.mum().parents.iter();
    let asked = parents.flat_map(|parents| &parents.identities);
    let asked: BTreeSet<(u16, u16)> = asked
        .filter(|parent| parent.version != AssemblyVersion::ANY)
        .map(|parent| parent.version.family())
        .collect();
    let image = (facts.version.major, facts.version.minor);
    let is_image = |(major, minor): &(u16, u16)| (u32::from(*major), u32::from(*minor)) == image;
    if !asked.is_empty() && !asked.iter().any(is_image) {
        let versions = asked
            .iter()
            .map(|(major, minor)| format!("{major}.{minor}"));
        return Judgement::Refused(format!(
            "it is for Windows {}, and the image is {}",
            versions.collect::<Vec<_>>().join(" or "),
            facts.version
        ));
    }
    Judgement::Taken(Some(
        "the image does not say which packages it has".to_owned(),
    ))
}

fn of_applicability(applicability: &Applicability) -> Judgement {
    let rules = applicability.deciding().map(|rule| {
        let hint = rule.hint.as_deref();
        let hint = hint.map_or_else(String::new, |hint| format!(" ({hint})"));
        format!(
            "{}: asks {}, found {}{hint}",
            rule.rule, rule.asked, rule.found
        )
    });
    let rules = rules.collect::<Vec<_>>().join("; ");
    match applicability.verdict {
        Verdict::Applicable => Judgement::Taken(None),
        Verdict::Unclear => Judgement::Taken(Some(rules)),
        Verdict::Installed => Judgement::There(format!("it is installed already ({rules})")),
        Verdict::Superseded => Judgement::Refused(format!("a newer one is there: {rules}")),
        Verdict::NotApplicable => Judgement::Refused(format!("it is not for this image: {rules}")),
        Verdict::Blocked => Judgement::Refused(format!("it cannot be installed yet: {rules}")),
    }
}

/// Why a package does not get into any image of this kind; `None` where that
/// depends on what is in the image.
pub(super) fn refusal(given: &Given, facts: &ImageFacts, force_unsigned: bool) -> Option<String> {
    if let Some(reason) = wrong_processor(given, facts) {
        return Some(reason);
    }
    let kind = given.kind();
    if !kind.is_for(facts) {
        return Some(format!(
            "it is {kind}, which {} cannot install",
            facts.version
        ));
    }
    match given.signature() {
        _ if force_unsigned => None,
        (CatalogState::Signed, _) => None,
        (_, reason) => Some(reason),
    }
}

/// Why it is not for this image's processor.
fn wrong_processor(given: &Given, facts: &ImageFacts) -> Option<String> {
    let wanted = given.architecture()?;
    let is = facts.architecture;
    // Neutral ones are for any.
    let known = Architecture::from_name(&wanted)?;
    let fits = known == is
        // The programs that unpack hotfixes of 64-bit Windows may be of 32 bits.
        || given.is_program() && known == Architecture::X86 && is == Architecture::Amd64;
    (!fits).then(|| format!("it is for {wanted}, and the image is {}", is.name()))
}
