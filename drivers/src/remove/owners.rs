//! What the image says a published INF owns: services, and files outside the
//! store.
//!
//! Windows keeps a list of published INFs with each (driverstore 2.12, 2.13).
//! Entries `!<package id>` are notes of its own, and no owners.

use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::{HiveError, HiveName, Key, KeyPath, RegData};
use wimwright_servicing::{Draft, ImagePath, Text};

use crate::error::Error;
use crate::store::writer::lockdown;
use crate::stored::{in_hive, key_at};

/// A key with a list of owners, the published INF among them.
#[derive(Clone, Debug)]
pub(super) struct Owned {
    pub(super) hive: HiveName,
    pub(super) key: KeyPath,
    /// The key's own name.
    pub(super) name: String,
    /// The list without the published INF, notes included.
    rest: Vec<String>,
}

impl Owned {
    /// The other owners.
    pub(super) fn others(&self) -> impl Iterator<Item = &str> {
        let real = self.rest.iter().filter(|owner| !owner.starts_with('!'));
        real.map(String::as_str)
    }

    /// Whether nobody else owns it.
    pub(super) fn alone(&self) -> bool {
        self.others().next().is_none()
    }

    /// Plans the list without the published INF.
    pub(super) fn give_up(&self, draft: &mut Draft, basis: &Basis) -> Result<(), Error> {
        if self.rest.is_empty() {
            let change = Change::DeleteValue {
                hive: self.hive.clone(),
                key: self.key.clone(),
                name: Text::from("Owners"),
            };
            let _ = draft.plan_change(change, basis)?;
            return Ok(());
        }
        let rest = RegData::multi_sz(&self.rest);
        let _ = draft.set_value(&self.hive, &self.key, "Owners", rest, basis)?;
        Ok(())
    }

    /// The file that a key of `PnpLockdownFiles` is about; `None` where it is
    /// not below the Windows directory.
    pub(super) fn file(&self, draft: &Draft) -> Option<ImagePath> {
        let prefix = self.name.get(..lockdown::WINDOWS.len())?;
        if !prefix.eq_ignore_ascii_case(lockdown::WINDOWS) {
            return None;
        }
        let below = self.name.get(lockdown::WINDOWS.len()..)?;
        draft.facts().windows.join(below).ok()
    }
}

/// The services of every control set that edits go to.
pub(super) fn services(draft: &Draft, published: &str) -> Result<Vec<Owned>, Error> {
    let mut found = Vec::new();
    for top in draft.facts().control_set_keys("Services") {
        found.extend(owned(draft, &HiveName::System, &top, published)?);
    }
    Ok(found)
}

/// The files that `PnpLockdownFiles` names.
pub(super) fn files(draft: &Draft, published: &str) -> Result<Vec<Owned>, Error> {
    owned(
        draft,
        &HiveName::Software,
        &lockdown::FILES.into(),
        published,
    )
}

fn owned(
    draft: &Draft,
    hive: &HiveName,
    top: &KeyPath,
    published: &str,
) -> Result<Vec<Owned>, Error> {
    let Some(open) = draft.hive(hive)? else {
        return Ok(Vec::new());
    };
    let read = || -> Result<Vec<Owned>, HiveError> {
        let mut found = Vec::new();
        let Some(key) = key_at(&open, top)? else {
            return Ok(found);
        };
        for below in key.subkeys()? {
            let below = below?;
            let Some(rest) = others(below, published)? else {
                continue;
            };
            let mut path = top.units();
            path.push(u16::from(b'\\'));
            path.extend(below.name()?.units());
            found.push(Owned {
                hive: hive.clone(),
                key: KeyPath::from(Text::from_units(&path)),
                name: below.name()?.to_string_lossy(),
                rest,
            });
        }
        Ok(found)
    };
    read().map_err(in_hive(hive.clone()))
}

/// The owners of a key beside the published INF; `None` where that is none.
fn others(key: Key<'_>, published: &str) -> Result<Option<Vec<String>>, HiveError> {
    let Some(owners) = key
        .value("Owners")?
        .and_then(|value| value.as_multi_string())
    else {
        return Ok(None);
    };
    let all = owners.len();
    let rest: Vec<String> = owners
        .into_iter()
        .filter(|owner| !owner.eq_ignore_ascii_case(published))
        .collect();
    Ok((rest.len() < all).then_some(rest))
}
