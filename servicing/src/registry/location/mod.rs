//! Where in an image a registry path leads: `HKEY_LOCAL_MACHINE\SYSTEM\..`,
//! `SOFTWARE\..`, `HKCU\..`, `Users\Default\NTUSER.DAT\..`.
//!
//! A running system mounts hives under root keys, and links keys to others.
//! Offline there are files only, so names are resolved here: root keys to
//! hives, `CurrentControlSet` to control sets, links to what they lead to.

mod error;
mod link;
mod roots;

use std::cell::OnceCell;

pub use error::LocationError;

use super::inventory::Profile;
use super::{HiveName, KeyPath};
use crate::draft::Draft;
use crate::text::Text;

/// Windows' limit of key nesting.
const MAX_DEPTH: usize = 512;
/// Most UTF-16 units in a key's name.
const MAX_NAME: usize = 255;

/// A key of a hive of the image, there or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The hive.
    pub hive: HiveName,
    /// The key.
    pub key: KeyPath,
}

impl Place {
    /// The key at `key` below this one.
    #[must_use]
    pub fn below(&self, key: &KeyPath) -> Place {
        let path = match (self.key.is_root(), key.is_root()) {
            (true, _) => key.clone(),
            (_, true) => self.key.clone(),
            _ => {
                let path = [&self.key.units()[..], &units("\\"), &key.units()].concat();
                Text::from_units(&path).into()
            }
        };
        Place {
            hive: self.hive.clone(),
            key: path,
        }
    }

    /// The key as `.reg` files name it: under the root key where Windows mounts
    /// the hive. A hive that has no such place of its own (a profile's, say) is
    /// named by its file, which [`Locator`] reads.
    pub fn in_reg_file(&self) -> Text {
        let root = match &self.hive {
            HiveName::Default => "HKEY_USERS\\.DEFAULT".to_owned(),
            HiveName::File(path) => path.to_string(),
            named => format!("HKEY_LOCAL_MACHINE\\{named}"),
        };
        let mut path = units(&root);
        if !self.key.is_root() {
            path.push(u16::from(b'\\'));
            path.extend(self.key.units());
        }
        Text::from_units(&path)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.key.is_root() {
            true => self.hive.fmt(f),
            false => write!(f, "{}\\{}", self.hive, self.key),
        }
    }
}

/// Where a registry path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The key that reads go to.
    pub place: Place,
    /// Further keys that edits go to as well: the current control set's, where
    /// it is not the default one.
    pub also: Vec<Place>,
    /// The root key that the path names and nothing below it. Such a key may
    /// be looked into and set values in, but it is not one to delete.
    pub root_key: Option<&'static str>,
}

impl Location {
    /// All the keys that edits go to.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        std::iter::once(&self.place).chain(&self.also)
    }
}

/// What paths mean beside what the image says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocationOptions {
    /// Whose profile `HKEY_CURRENT_USER` is: a folder's name or a SID. The
    /// default profile where nobody is named.
    pub user: Option<String>,
    /// Names that stand for others at the start of a path, like
    /// `HKLM\OFFLINE=SOFTWARE`.
    pub map: Vec<String>,
}

/// Finds the places that registry paths name.
pub struct Locator {
    options: LocationOptions,
    map: Vec<(Vec<u16>, Vec<u16>)>,
    profiles: OnceCell<Vec<Profile>>,
}

/// What the user should be told of how a path was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Note {
    CurrentControlSet,
    DefaultUser(Profile),
    ClassesInProfile(Profile),
}

impl Locator {
    /// A locator with these options.
    ///
    /// # Errors
    /// [`LocationError::Mapping`].
    pub fn new(options: LocationOptions) -> Result<Locator, LocationError> {
        let mut map = Vec::new();
        for mapping in &options.map {
            let parts = mapping.split_once('=');
            let parts = parts.map(|(from, to)| (from.trim_matches('\\'), to.trim_matches('\\')));
            match parts.filter(|(from, to)| !from.is_empty() && !to.is_empty()) {
                Some((from, to)) => map.push((
                    roots::spelled_out(&units(from)),
                    to.encode_utf16().collect(),
                )),
                None => {
                    let mapping = mapping.clone();
                    return Err(LocationError::Mapping { mapping });
                }
            }
        }
        Ok(Locator {
            options,
            map,
            profiles: OnceCell::new(),
        })
    }

    /// How a `.reg` file names the key that `path` leads to: as the path says
    /// where that begins with a root key, else as [`Place::in_reg_file`].
    pub fn in_reg_file(path: &Text, location: &Location) -> Text {
        let spelled = roots::spelled_out(&path.units().collect::<Vec<_>>());
        match roots::begins_with_root(&spelled) {
            true => Text::from_units(&spelled),
            false => location.place.in_reg_file(),
        }
    }

    /// Where `path` leads. What the user should know of it is reported to the
    /// draft.
    ///
    /// # Errors
    /// [`LocationError`] where it leads to no hive of the image.
    pub fn locate(&self, draft: &mut Draft, path: &Text) -> Result<Location, LocationError> {
        let mut notes = Vec::new();
        let location = self.find(draft, path, 0, &mut notes)?;
        for note in notes {
            note.report(draft, &location);
        }
        Ok(location)
    }

    fn find(
        &self,
        draft: &Draft,
        path: &Text,
        links: usize,
        notes: &mut Vec<Note>,
    ) -> Result<Location, LocationError> {
        let mut path = roots::spelled_out(&path.units().collect::<Vec<_>>());
        for (from, to) in &self.map {
            if let Some(rest) = roots::below(&path, from) {
                let mut mapped = to.clone();
                mapped.extend(rest);
                path = roots::spelled_out(&mapped);
                break;
            }
        }
        let names = checked_names(&path)?;
        let (hive, key) = self.hive_of(draft, &path, &names, notes)?;
        let mut places = Vec::new();
        for key in control_sets(draft, &hive, key, notes) {
            let place = Place {
                hive: hive.clone(),
                key,
            };
            match link::target(draft, &place)? {
                None => places.push(place),
                Some((link, target)) if links < link::MOST => {
                    let found = self.find(draft, &target, links + 1, notes);
                    let found = found.map_err(|_| link::dead(&link, &target))?;
                    places.push(found.place);
                    places.extend(found.also);
                }
                Some((link, target)) => return Err(link::dead(&link, &target)),
            }
        }
        let mut also = places.into_iter();
        let place = also.next().ok_or_else(|| LocationError::Unknown {
            path: String::from_utf16_lossy(&path),
        })?;
        Ok(Location {
            root_key: roots::root_alone(&names),
            also: also.filter(|other| *other != place).collect(),
            place,
        })
    }
}

impl Note {
    fn report(self, draft: &mut Draft, location: &Location) {
        use crate::finding::Finding;
        let finding = match self {
            Note::CurrentControlSet => {
                let sets = draft.facts().control_sets.targets();
                let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
                Finding::note(
                    "control-set",
                    match sets.as_slice() {
                        [default, current] => format!(
                            "an image has no `CurrentControlSet`: {default}, which the next boot \
                             takes, is read; edits go to {default} and {current}"
                        ),
                        _ => format!(
                            "an image has no `CurrentControlSet`: it stands for {}, which the next \
                             boot takes",
                            sets.join(" and ")
                        ),
                    },
                )
            }
            Note::DefaultUser(profile) => Finding::note(
                "default-user",
                format!(
                    "`HKEY_CURRENT_USER` stands for the default profile (`{}`), which new users \
                     get; profiles that are there keep what they have",
                    profile.folder
                ),
            ),
            Note::ClassesInProfile(profile) => Finding::warning(
                "classes-in-profile",
                format!(
                    "`{}` has no UsrClass.dat, where a user's classes lie: they are taken in {}",
                    profile.folder, location.place.hive
                ),
            ),
        };
        draft.report(finding);
    }
}

/// `CurrentControlSet` replaced by what it stands for.
fn control_sets(
    draft: &Draft,
    hive: &HiveName,
    key: KeyPath,
    notes: &mut Vec<Note>,
) -> Vec<KeyPath> {
    let current = units("CurrentControlSet");
    let path = key.units();
    let rest = match hive {
        HiveName::System => roots::below(&path, &current),
        _ => None,
    };
    let Some(rest) = rest else {
        return vec![key];
    };
    notes.push(Note::CurrentControlSet);
    let sets = draft.facts().control_sets.targets().into_iter();
    sets.map(|set| {
        let mut path: Vec<u16> = units(&set.to_string());
        path.extend(rest);
        KeyPath::from(Text::from_units(&path))
    })
    .collect()
}

/// The names of a path, each one that a key can have.
fn checked_names(path: &[u16]) -> Result<Vec<&[u16]>, LocationError> {
    let names: Vec<&[u16]> = path.split(|unit| *unit == u16::from(b'\\')).collect();
    if names.len() > MAX_DEPTH {
        return Err(LocationError::TooDeep {
            path: String::from_utf16_lossy(path.get(..80).unwrap_or(path)),
            names: names.len(),
        });
    }
    for name in &names {
        if name.is_empty() {
            let path = String::from_utf16_lossy(path);
            return Err(LocationError::EmptyName { path });
        }
        if name.len() > MAX_NAME {
            return Err(LocationError::NameTooLong {
                name: String::from_utf16_lossy(name),
                units: name.len(),
            });
        }
    }
    Ok(names)
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}
