//! The parents that a package asks for.

use super::super::identity::Identity;
use super::super::mum::{Fits, Mum, Parents};
use super::super::store::{PackageState, PackageStore, StoredPackage};
use super::{Before, Outcome, Rule};

/// Most alternatives that are told one by one.
const TOLD: usize = 6;

/// What became of one alternative, the best last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    /// Nothing of that name.
    Nothing,
    /// The same name in another language or for another architecture.
    Other(String),
    /// The package, in a version or state that does not fit.
    Unfit(String),
    /// The package, and it is not known whether it fits.
    Unclear(String),
    /// It is there and fits.
    Fits(String),
}

/// Whether one of the parents of `mum` is there.
pub(super) fn rule(store: &PackageStore, mum: &Mum, before: &Before<'_>) -> Rule {
    const NAME: &str = "parent";
    if mum
        .parents
        .iter()
        .all(|parents| parents.identities.is_empty())
    {
        return Rule::new(NAME, Outcome::Holds, "no parent", "none asked for");
    }
    let mut asked = Vec::new();
    let mut found = Vec::new();
    for parents in &mum.parents {
        for identity in &parents.identities {
            asked.push(format!("`{identity}` ({})", parents.compare.words()));
            found.push((identity, look(store, parents, identity, before)));
        }
    }
    let outcome = match found.iter().map(|(_, found)| found).max() {
        Some(Found::Fits(_)) => Outcome::Holds,
        Some(Found::Unclear(_)) => Outcome::Unclear,
        _ => Outcome::Fails,
    };
    let wanted = match asked.as_slice() {
        [only] => only.clone(),
        several => format!("one of {}", shortened(several)),
    };
    if let Some((_, Found::Fits(there))) = found
        .iter()
        .find(|(_, found)| matches!(found, Found::Fits(_)))
    {
        return Rule::new(NAME, outcome, wanted, there.clone());
    }
    let told = found.iter().filter_map(|(_, found)| match found {
        Found::Nothing | Found::Fits(_) => None,
        Found::Other(text) | Found::Unfit(text) | Found::Unclear(text) => Some(text.clone()),
    });
    let told: Vec<String> = told.collect();
    let there = match told.is_empty() {
        true => "none of them in any version".to_owned(),
        false => shortened(&told),
    };
    let rule = Rule::new(NAME, outcome, wanted, there);
    match found
        .iter()
        .any(|(_, found)| matches!(found, Found::Other(_)))
    {
        true if outcome == Outcome::Fails => {
            rule.hint("the package is for another language or architecture than the image's")
        }
        _ => rule,
    }
}

/// Whether a parent that a mum asks for is given by a package, itself or one
/// that it brings.
pub(in super::super) fn given_by(mum: &Mum, identity: &Identity) -> Fits {
    let mut best = Fits::No;
    for parents in &mum.parents {
        for asked in &parents.identities {
            if asked.is_same_package_family(identity) {
                match parents.compare.fits(asked.version, identity.version) {
                    Fits::Yes => return Fits::Yes,
                    Fits::Unclear => best = Fits::Unclear,
                    Fits::No => {}
                }
            }
        }
    }
    best
}

/// Whether the image itself has a parent that fits.
pub(in super::super) fn in_image(store: &PackageStore, mum: &Mum) -> bool {
    mum.parents.iter().any(|parents| {
        let mut identities = parents.identities.iter();
        identities.any(|identity| {
            matches!(
                look(store, parents, identity, &Before::nothing()),
                Found::Fits(_) | Found::Unclear(_)
            )
        })
    })
}

fn look(store: &PackageStore, parents: &Parents, asked: &Identity, before: &Before<'_>) -> Found {
    let compare = |version| parents.compare.fits(asked.version, version);
    let brought = before.bringing(|identity| {
        identity.is_same_package_family(asked) && compare(identity.version) == Fits::Yes
    });
    if let Some((package, identity)) = brought {
        return Found::Fits(format!(
            "`{identity}`, brought by `{}`, which goes before",
            package.name()
        ));
    }
    let mut best = Found::Nothing;
    for there in store.named(&asked.name) {
        let found = judge(there, asked, compare(there.identity.version));
        best = best.max(found);
    }
    best
}

fn judge(there: &StoredPackage, asked: &Identity, fits: Fits) -> Found {
    let identity = &there.identity;
    let said = format!("`{identity}` is {}", there.state);
    if !identity.is_same_package_family(asked) {
        if there.state == PackageState::ABSENT {
            return Found::Nothing;
        }
        let mut differs = Vec::new();
        if !identity.culture.eq_ignore_ascii_case(&asked.culture) {
            let language = match identity.culture.as_str() {
                "" => "no language",
                culture => culture,
            };
            differs.push(format!("language {language}"));
        }
        if !identity
            .architecture
            .eq_ignore_ascii_case(&asked.architecture)
        {
            differs.push(format!("architecture {}", identity.architecture));
        }
        if !identity
            .public_key_token
            .eq_ignore_ascii_case(&asked.public_key_token)
        {
            differs.push(format!("publisher's key {}", identity.public_key_token));
        }
        return Found::Other(format!("{said} ({})", differs.join(", ")));
    }
    match (fits, there.state) {
        (Fits::No, _) => Found::Unfit(format!("{said}, a version that does not fit")),
        (_, state) if state.is_installed() => match fits {
            Fits::Unclear => Found::Unclear(format!(
                "{said}; whether that version fits is not documented for Windows 6.x"
            )),
            _ => Found::Fits(said),
        },
        // A newer parent took its place; whether Windows goes on there depends
        // on the newer one.
        (_, PackageState::SUPERSEDED | PackageState::INSTALL_PENDING) => {
            Found::Unclear(format!("{said}, not installed"))
        }
        (_, PackageState::ABSENT) => Found::Nothing,
        _ => Found::Unfit(format!("{said}, not installed")),
    }
}

fn shortened(list: &[String]) -> String {
    let mut text = list.get(..TOLD).unwrap_or(list).join(", ");
    if list.len() > TOLD {
        text.push_str(&format!(" and {} more", list.len() - TOLD));
    }
    text
}
