//! Which entries of an image `extract` takes: those that fit a path or
//! pattern, with all that is below them.

use std::collections::{HashMap, HashSet};

use wimwright_wim::Metadata;
use wimwright_wim::metadata::DentryId;

use super::error::ApplyError;
use super::outline::{Picked, Wanted, shown_name};
use crate::diff::{NamePattern, fits_name, parse_pattern};
use crate::path::ImagePath;
use crate::sidecar::name_of;
use crate::text::Text;

/// The entries that fit `patterns`, each directly in the target, or, with
/// `with_directories`, in the directories that it is in. The pattern `/` or
/// `\` is the whole image.
pub(super) fn select(
    metadata: &Metadata,
    patterns: &[String],
    with_directories: bool,
) -> Result<Wanted, ApplyError> {
    let root = metadata.root().ok_or(ApplyError::NoRoot)?.id();
    let mut picked = Picked::default();
    let mut at_root = Vec::new();
    for pattern in patterns {
        if matches!(pattern.as_str(), "/" | "\\") {
            return Ok(Wanted::Everything);
        }
        // Paths begin at the root, with or without a separator in front.
        let names = match pattern.starts_with(['/', '\\']) {
            true => parse_pattern(pattern)?,
            false => parse_pattern(&format!("\\{pattern}"))?,
        };
        let found = fitting(metadata, root, &names);
        if found.is_empty() {
            return Err(ApplyError::NothingFits {
                pattern: pattern.clone(),
            });
        }
        for chain in found {
            let Some(id) = chain.last().copied() else {
                continue;
            };
            picked.whole.insert(id);
            if !with_directories {
                if !at_root.contains(&chain) {
                    at_root.push(chain);
                }
                continue;
            }
            for pair in std::iter::once(&root)
                .chain(&chain)
                .collect::<Vec<_>>()
                .windows(2)
            {
                if let [above, below] = pair {
                    let within = picked.within.entry(**above).or_default();
                    if !within.contains(below) {
                        within.push(**below);
                    }
                }
            }
        }
    }
    if !with_directories {
        check_names(metadata, &at_root)?;
        let last = at_root.iter().filter_map(|chain| chain.last().copied());
        picked.at_root = Some(last.collect());
    }
    Ok(Wanted::Some(picked))
}

/// The entries that fit, each with the directories that it is in, from below
/// the root down.
fn fitting(metadata: &Metadata, root: DentryId, names: &[NamePattern]) -> Vec<Vec<DentryId>> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![(Vec::new(), names)];
    while let Some((chain, names)) = open.pop() {
        let at = chain.last().copied().unwrap_or(root);
        let Some((first, rest)) = names.split_first() else {
            if seen.insert(at) {
                found.push(chain);
            }
            continue;
        };
        let Some(directory) = metadata.dentry(at) else {
            continue;
        };
        // At the end, any number of names is one with all that is below it.
        let many = *first == NamePattern::Many && !rest.is_empty();
        let below = metadata
            .children(&directory)
            .filter(|child| name_of(child.name()).is_some_and(|name| fits_name(first, &name)));
        let below = below.map(|child| {
            let mut chain: Vec<DentryId> = chain.clone();
            chain.push(child.id());
            (chain, if many { names } else { rest })
        });
        let below: Vec<_> = below.collect();
        open.extend(below.into_iter().rev());
        if many {
            // Any number of names may be none.
            open.push((chain, rest));
        }
    }
    found
}

/// Checks that no two entries get one name.
fn check_names(metadata: &Metadata, chains: &[Vec<DentryId>]) -> Result<(), ApplyError> {
    let mut names: HashMap<Text, &Vec<DentryId>> = HashMap::new();
    for chain in chains {
        let Some(entry) = chain.last().and_then(|id| metadata.dentry(*id)) else {
            continue;
        };
        let name = shown_name(&entry);
        if let Some(first) = names.insert(name.clone(), chain) {
            return Err(ApplyError::SameName {
                first: path(metadata, first),
                second: path(metadata, chain),
                name: name.to_string(),
            });
        }
    }
    Ok(())
}

fn path(metadata: &Metadata, chain: &[DentryId]) -> ImagePath {
    let entries = chain.iter().filter_map(|id| metadata.dentry(*id));
    ImagePath::from_names(entries.filter_map(|entry| name_of(entry.name())))
}
