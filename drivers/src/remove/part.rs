//! A package's part in what several packages share, and what is left of it
//! when the package goes.

use std::collections::BTreeSet;

use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{Draft, Finding, ImagePath, Text};

use super::owners::{self, Owned};
use super::reflected::{Place, Reflected, ReflectedFile, Without, Writing};
use crate::error::Error;
use crate::model::DriverVer;
use crate::stored::{Stored, in_hive, key_at};

/// What the removal of one package takes back outside the store.
pub(super) struct Part {
    pub(super) published: String,
    /// The package's folder in the store, whether it is there or not.
    pub(super) folder: Option<ImagePath>,
    pub(super) services: Vec<Owned>,
    pub(super) files: Vec<Owned>,
    /// What the package alone would have written; `None` where it cannot be
    /// read from the store.
    own: Option<Reflected>,
    /// What the other owners alone would have written; `None` where one of
    /// them cannot be read.
    others: Option<Reflected>,
    /// What all of them together would have written, the package first and
    /// last: strings are appended to lists.
    together: Vec<Reflected>,
}

impl Part {
    /// Works out the part of a package, before anything of it is taken away.
    pub(super) fn of(
        draft: &mut Draft,
        stored: &Stored,
        published: &str,
        all: &[Stored],
        findings: &mut Vec<Finding>,
    ) -> Result<Part, Error> {
        let services = owners::services(draft, published)?;
        let files = owners::files(draft, published)?;
        let mut owned = services.clone();
        owned.extend(files.iter().cloned());
        let paths: Vec<ImagePath> = files.iter().filter_map(|file| file.file(draft)).collect();
        let without = Without {
            owned: &owned,
            files: &paths,
        };
        let mut part = Part {
            published: published.to_owned(),
            folder: stored.folder(draft)?,
            own: None,
            others: Some(Reflected::default()),
            together: Vec::new(),
            services,
            files,
        };
        let own = match stored.read(draft)? {
            Err(reason) => Err(reason),
            Ok(whole) => {
                let writing = Writing {
                    whole,
                    node: stored.node,
                    published: published.to_owned(),
                };
                let alone = Reflected::by(draft, &without, &[&writing])?;
                alone.map(|alone| (alone, writing))
            }
        };
        match own {
            Ok((alone, own)) => {
                part.own = Some(alone);
                part.read_others(draft, &owned, &without, &own, all)?;
            }
            Err(reason) => findings.push(Finding::note(
                "package-unreadable",
                format!(
                    "the package cannot be read from the store ({reason}): what it wrote is known \
                     from the image's own records only; `drivers check` says \
                     what mends it"
                ),
            )),
        }
        Ok(part)
    }

    fn read_others(
        &mut self,
        draft: &mut Draft,
        owned: &[Owned],
        without: &Without<'_>,
        own: &Writing,
        all: &[Stored],
    ) -> Result<(), Error> {
        let names: BTreeSet<String> = owned
            .iter()
            .flat_map(Owned::others)
            .map(str::to_lowercase)
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let mut others = Vec::new();
        for name in names {
            let mut known = all.iter().filter(|stored| stored.is_published_as(&name));
            let whole = match known.next() {
                Some(stored) => stored.read(draft)?.ok().map(|whole| (stored.node, whole)),
                None => None,
            };
            let Some((node, whole)) = whole else {
                self.others = None;
                return Ok(());
            };
            others.push(Writing {
                whole,
                node,
                published: name,
            });
        }
        // Which of several owners wrote last is not known: Windows puts new
        // ones in front of the list, we put them at its end. The newest driver
        // wins, as it does when Windows chooses.
        others.sort_by_key(|writing| age(writing.whole.read.model.version.driver_ver.as_ref()));
        let others: Vec<&Writing> = others.iter().collect();
        self.others = Reflected::by(draft, without, &others)?.ok();
        let mut first = vec![own];
        first.extend(&others);
        let mut last = others;
        last.push(own);
        for order in [first, last] {
            self.together
                .extend(Reflected::by(draft, without, &order)?.ok());
        }
        Ok(())
    }

    /// What the package would write, value by value.
    fn places(&self) -> &[Place] {
        self.own.as_ref().map_or(&[], |own| own.places.as_slice())
    }

    /// Whether the package is known to have set values of a key that it owns.
    pub(super) fn wrote(&self, owned: &Owned) -> bool {
        let mut places = self.places().iter();
        places.any(|(hive, key, name)| {
            *hive == owned.hive
                && key.starts_with(&owned.key)
                && !(*key == owned.key && is_owners(name))
        })
    }

    /// The files that the package would write.
    pub(super) fn paths(&self) -> &[ImagePath] {
        self.own.as_ref().map_or(&[], |own| own.paths.as_slice())
    }

    /// The package's own file there.
    pub(super) fn own_file(&self, path: &ImagePath) -> Option<&ReflectedFile> {
        self.own.as_ref()?.file(path)
    }

    /// The file that the other owners would have there.
    pub(super) fn file_of_others(&self, path: &ImagePath) -> Option<&ReflectedFile> {
        self.others.as_ref()?.file(path)
    }

    /// Takes the package's values out of a key that other packages own, too;
    /// says whether their part is known.
    pub(super) fn take_out_of(
        &self,
        draft: &mut Draft,
        hive: &HiveName,
        key: &KeyPath,
        basis: &Basis,
    ) -> Result<bool, Error> {
        let (Some(_), Some(others)) = (&self.own, &self.others) else {
            return Ok(false);
        };
        // Owners that would not write it before their device is there have
        // left it to Windows: what it holds then is not known.
        if !others.owns(hive, key) {
            return Ok(false);
        }
        let inside = |place: &&Place| {
            place.0 == *hive
                && place.1.starts_with(key)
                && !(place.1 == *key && is_owners(&place.2))
        };
        for place in self.places().iter().filter(inside) {
            self.take_back(draft, place, others.value(place), basis)?;
        }
        for place in others.places.iter().filter(inside) {
            let there = draft.value(&place.0, &place.1, &place.2)?;
            if let (None, Some(data)) = (there, others.value(place)) {
                set(draft, place, data, basis)?;
            }
        }
        let own = self.own.iter().flat_map(|own| &own.keys);
        let below =
            own.filter(|(of, below)| *of == *hive && below.starts_with(key) && below != key);
        self.drop_empty(draft, below, others, basis)?;
        Ok(true)
    }

    /// Takes back the package's values in the event logs of its services, which
    /// have no list of owners.
    pub(super) fn take_out_of_logs(&self, draft: &mut Draft, basis: &Basis) -> Result<(), Error> {
        let Some(others) = &self.others else {
            return Ok(());
        };
        let logs = draft.facts().control_set_keys("Services\\EventLog");
        // `EventLog\<log>\<source>`: the logs themselves are Windows'.
        let in_source = |hive: &HiveName, key: &KeyPath| {
            let below = |log: &KeyPath| {
                let separators = |key: &KeyPath| {
                    let units = key.units().into_iter();
                    units.filter(|unit| *unit == u16::from(b'\\')).count()
                };
                key.starts_with(log) && separators(key) >= separators(log) + 2
            };
            *hive == HiveName::System && logs.iter().any(below)
        };
        for place in self
            .places()
            .iter()
            .filter(|place| in_source(&place.0, &place.1))
        {
            self.take_back(draft, place, others.value(place), basis)?;
        }
        let own = self.own.iter().flat_map(|own| &own.keys);
        let keys = own.filter(|(hive, key)| in_source(hive, key));
        self.drop_empty(draft, keys, others, basis)
    }

    /// A value that is the package's becomes that of the others, or goes.
    /// What somebody else has changed since stays.
    fn take_back(
        &self,
        draft: &mut Draft,
        place: &Place,
        others: Option<&RegData>,
        basis: &Basis,
    ) -> Result<(), Error> {
        let (hive, key, name) = place;
        let there = draft.value(hive, key, name)?;
        let mut written = self.own.iter().chain(&self.together);
        let ours = written.any(|written| written.value(place) == there.as_ref());
        if there.is_none() || !ours || there.as_ref() == others {
            return Ok(());
        }
        match others {
            Some(data) => set(draft, place, data, basis),
            None => {
                let change = Change::DeleteValue {
                    hive: hive.clone(),
                    key: key.clone(),
                    name: Text::from(name.as_str()),
                };
                let _ = draft.plan_change(change, basis)?;
                Ok(())
            }
        }
    }

    /// Deletes those of the package's keys that hold nothing any more, those
    /// that lie deeper first.
    fn drop_empty<'a>(
        &self,
        draft: &mut Draft,
        keys: impl Iterator<Item = &'a (HiveName, KeyPath)>,
        others: &Reflected,
        basis: &Basis,
    ) -> Result<(), Error> {
        let mut keys: Vec<_> = keys.filter(|key| !others.keys.contains(key)).collect();
        keys.sort_by_key(|(_, key)| std::cmp::Reverse(key.units().len()));
        for (hive, key) in keys {
            delete_if_empty(draft, hive, key, basis)?;
        }
        Ok(())
    }
}

fn is_owners(name: &str) -> bool {
    name.eq_ignore_ascii_case("Owners")
}

/// The older driver first: by date, then by version.
fn age(driver_ver: Option<&DriverVer>) -> (u64, [u16; 4]) {
    let date = driver_ver.and_then(|ver| ver.date);
    let version = driver_ver.and_then(|ver| ver.version).unwrap_or_default();
    (date.map_or(0, |date| date.filetime()), version.0)
}

fn set(draft: &mut Draft, place: &Place, data: &RegData, basis: &Basis) -> Result<(), Error> {
    let (hive, key, name) = place;
    let _ = draft.set_value(hive, key, name, data.clone(), basis)?;
    Ok(())
}

/// Deletes a key that is there and holds neither values nor keys; says whether
/// it is gone.
pub(super) fn delete_if_empty(
    draft: &mut Draft,
    hive: &HiveName,
    key: &KeyPath,
    basis: &Basis,
) -> Result<bool, Error> {
    let empty = {
        let Some(open) = draft.hive(hive)? else {
            return Ok(true);
        };
        let read = key_at(&open, key).map_err(in_hive(hive.clone()))?;
        match read {
            None => return Ok(true),
            Some(found) => found.value_count() == 0 && found.subkey_count() == 0,
        }
    };
    if empty {
        let key = key.clone();
        let _ = draft.plan_change(
            Change::DeleteKey {
                hive: hive.clone(),
                key,
            },
            basis,
        )?;
    }
    Ok(empty)
}
