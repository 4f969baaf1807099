//! Root keys and hives by name: which file of the image a path begins with.

use wimwright_hive::upcase;

use super::{LocationError, Locator, Note, units};
use crate::draft::Draft;
use crate::path::{ImagePath, Name};
use crate::registry::inventory::{self, Profile};
use crate::registry::{HiveName, KeyPath, hive_name};
use crate::text::Text;
use crate::tree::FileTree as _;

/// Root keys with their short names.
const ROOTS: [(&str, &str); 7] = [
    ("HKEY_LOCAL_MACHINE", "HKLM"),
    ("HKEY_CLASSES_ROOT", "HKCR"),
    ("HKEY_CURRENT_USER", "HKCU"),
    ("HKEY_USERS", "HKU"),
    ("HKEY_CURRENT_CONFIG", "HKCC"),
    ("HKEY_DYN_DATA", "HKDD"),
    ("HKEY_PERFORMANCE_DATA", "HKPD"),
];
/// Well-known accounts with a profile of their own in the Windows directory.
const SERVICES: [(&str, &str); 2] = [("S-1-5-19", "LocalService"), ("S-1-5-20", "NetworkService")];

/// The path without backslashes around it and with the root key's long name.
/// A path without any backslash may have slashes between its names: a key's
/// name may hold a slash, so in all other paths they are part of names.
pub(super) fn spelled_out(path: &[u16]) -> Vec<u16> {
    let (backslash, slash) = (u16::from(b'\\'), u16::from(b'/'));
    let mut path = path.to_vec();
    if !path.contains(&backslash) {
        for unit in path.iter_mut().filter(|unit| **unit == slash) {
            *unit = backslash;
        }
    }
    let start = path.iter().position(|unit| *unit != backslash);
    let end = path.iter().rposition(|unit| *unit != backslash);
    let inner = start
        .zip(end)
        .and_then(|(start, end)| path.get(start..=end));
    let inner = inner.unwrap_or_default();
    for (long, short) in ROOTS {
        if let Some(rest) = below(inner, &units(short)) {
            let mut path = units(long);
            path.extend(rest);
            return path;
        }
    }
    inner.to_vec()
}

/// The root key that is all of a path.
pub(super) fn root_alone(names: &[&[u16]]) -> Option<&'static str> {
    let [name] = names else {
        return None;
    };
    let mut roots = ROOTS.iter().map(|(long, _)| *long);
    roots.find(|root| is(name, root))
}

/// Whether a spelled-out path begins with a root key.
pub(super) fn begins_with_root(path: &[u16]) -> bool {
    ROOTS
        .iter()
        .any(|(long, _)| below(path, &units(long)).is_some())
}

/// What is left of `path` below `top`, with a backslash in front unless that is
/// nothing; `None` where it does not lie there.
pub(super) fn below<'p>(path: &'p [u16], top: &[u16]) -> Option<&'p [u16]> {
    let (head, rest) = path.split_at_checked(top.len())?;
    let same = |(a, b): (&u16, &u16)| upcase(*a) == upcase(*b);
    let at_a_name = rest.first().is_none_or(|unit| *unit == u16::from(b'\\'));
    (at_a_name && head.iter().zip(top).all(same)).then_some(rest)
}

/// The names as the path of a key.
fn joined(names: &[&[u16]]) -> KeyPath {
    KeyPath::from(Text::from_units(&names.join(&u16::from(b'\\'))))
}

fn is(name: &[u16], text: &str) -> bool {
    name.iter()
        .copied()
        .map(upcase)
        .eq(text.encode_utf16().map(upcase))
}

impl Locator {
    /// The hive that a path begins with, and the key in it.
    pub(super) fn hive_of(
        &self,
        draft: &Draft,
        path: &[u16],
        names: &[&[u16]],
        notes: &mut Vec<Note>,
    ) -> Result<(HiveName, KeyPath), LocationError> {
        let unknown = || LocationError::Unknown {
            path: String::from_utf16_lossy(path),
        };
        let (first, rest) = names.split_first().ok_or_else(unknown)?;
        let root = ROOTS.iter().map(|(long, _)| *long);
        match root.into_iter().find(|root| is(first, root)) {
            Some("HKEY_LOCAL_MACHINE") => of_machine(draft, rest),
            Some("HKEY_CLASSES_ROOT") => {
                let names: Vec<&[u16]> = rest.to_vec();
                let mut key = units("Classes");
                for name in names {
                    key.push(u16::from(b'\\'));
                    key.extend(name);
                }
                Ok((HiveName::Software, KeyPath::from(Text::from_units(&key))))
            }
            Some("HKEY_CURRENT_USER") => {
                let profile = self.current_user(draft)?;
                if self.options.user.is_none() {
                    notes.push(Note::DefaultUser(profile.clone()));
                }
                of_profile(draft, &profile, rest, notes)
            }
            Some("HKEY_USERS") => self.of_users(draft, rest, notes),
            Some("HKEY_CURRENT_CONFIG") => Err(LocationError::Volatile {
                path: "HKEY_CURRENT_CONFIG",
                reason: "it is a link to the hardware profile of the machine that runs; those of \
                         the image lie in SYSTEM\\CurrentControlSet\\Hardware Profiles",
            }),
            Some(_) => Err(LocationError::Volatile {
                path: "HKEY_PERFORMANCE_DATA",
                reason: "a running system makes it up",
            }),
            None => match named(draft, first)? {
                Some(hive) => Ok((hive, joined(rest))),
                None => of_file(draft, names)?.ok_or_else(unknown),
            },
        }
    }

    fn profiles(&self, draft: &Draft) -> Result<&[Profile], LocationError> {
        if let Some(profiles) = self.profiles.get() {
            return Ok(profiles);
        }
        let profiles = draft.profiles()?;
        Ok(self.profiles.get_or_init(|| profiles))
    }

    fn current_user(&self, draft: &Draft) -> Result<Profile, LocationError> {
        match &self.options.user {
            Some(user) => self.profile(draft, &units(user)),
            None => {
                let mut profiles = self.profiles(draft)?.iter();
                let default = profiles.find(|profile| profile.is_default);
                default.cloned().ok_or(LocationError::NoDefaultProfile)
            }
        }
    }

    fn profile(&self, draft: &Draft, user: &[u16]) -> Result<Profile, LocationError> {
        let profiles = self.profiles(draft)?;
        let service = SERVICES.iter().find(|(sid, _)| is(user, sid));
        let matches = |profile: &&Profile| {
            profile.sid.as_deref().is_some_and(|sid| is(user, sid))
                || is(user, &profile.name())
                || service.is_some_and(|(_, name)| profile.name().eq_ignore_ascii_case(name))
        };
        if let Some(profile) = profiles.iter().find(matches) {
            return Ok(profile.clone());
        }
        let known: Vec<String> = profiles.iter().map(Profile::name).collect();
        Err(LocationError::NoProfile {
            user: String::from_utf16_lossy(user),
            known: match known.as_slice() {
                [] => "none".to_owned(),
                some => some.join(", "),
            },
        })
    }

    fn of_users(
        &self,
        draft: &Draft,
        names: &[&[u16]],
        notes: &mut Vec<Note>,
    ) -> Result<(HiveName, KeyPath), LocationError> {
        let root = "HKEY_USERS";
        let Some((user, rest)) = names.split_first() else {
            return Err(LocationError::RootAlone { root });
        };
        // S-1-5-18 is the system account, whose profile `.DEFAULT` is.
        if is(user, ".DEFAULT") || is(user, "S-1-5-18") {
            return Ok((HiveName::Default, joined(rest)));
        }
        let suffix = units("_Classes");
        let owner = user.len().checked_sub(suffix.len());
        let owner = owner.and_then(|at| user.split_at_checked(at));
        if let Some((owner, _)) = owner.filter(|(_, tail)| is(tail, "_Classes")) {
            let profile = self.profile(draft, owner)?;
            let classes = [&units("Software")[..], &units("Classes")[..]];
            let names: Vec<&[u16]> = classes.into_iter().chain(rest.iter().copied()).collect();
            return of_profile(draft, &profile, &names, notes);
        }
        let profile = self.profile(draft, user)?;
        of_profile(draft, &profile, rest, notes)
    }
}

/// `HKEY_LOCAL_MACHINE\..`.
fn of_machine(draft: &Draft, names: &[&[u16]]) -> Result<(HiveName, KeyPath), LocationError> {
    let root = "HKEY_LOCAL_MACHINE";
    let Some((first, rest)) = names.split_first() else {
        return Err(LocationError::RootAlone { root });
    };
    if is(first, "HARDWARE") {
        return Err(LocationError::Volatile {
            path: "HKEY_LOCAL_MACHINE\\HARDWARE",
            reason: "the kernel makes it at every boot",
        });
    }
    let hive = match is(first, "BCD00000000") {
        true => Some(boot_store(draft)?),
        false => named(draft, first)?,
    };
    match hive {
        Some(hive) => Ok((hive, joined(rest))),
        None => Err(LocationError::NotAHive {
            root: "HKLM",
            name: String::from_utf16_lossy(first),
        }),
    }
}

/// A hive by its own name: the known ones, `BCD`, and whatever else lies in
/// `System32\config` (`ELAM`, `BBI`), or was mounted by Windows (`SCHEMA`).
fn named(draft: &Draft, name: &[u16]) -> Result<Option<HiveName>, LocationError> {
    let mut known = HiveName::NAMED.into_iter();
    if let Some(hive) = known.find(|hive| is(name, &hive.to_string())) {
        return Ok(Some(hive));
    }
    if is(name, "BCD") {
        return boot_store(draft).map(Some);
    }
    let windows = &draft.facts().windows;
    let path = match is(name, "SCHEMA") {
        true => windows.join(inventory::SCHEMA)?,
        false => match Name::found(Text::from_units(name)) {
            Some(name) => hive_name::config(windows)?.child(name),
            None => return Ok(None),
        },
    };
    hive_in(draft, &path)
}

/// The hive in a file, if it is one.
fn hive_in(draft: &Draft, path: &ImagePath) -> Result<Option<HiveName>, LocationError> {
    match inventory::is_hive(draft, path).map_err(inventory::unreadable)? {
        true => Ok(Some(HiveName::of_file(path, &draft.facts().windows)?)),
        false => Ok(None),
    }
}

fn boot_store(draft: &Draft) -> Result<HiveName, LocationError> {
    let mut found = Vec::new();
    for store in inventory::BOOT_STORES {
        found.extend(hive_in(draft, &ImagePath::parse(store)?)?);
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(store), None) => Ok(store),
        (Some(first), Some(second)) => Err(LocationError::TwoBootStores { first, second }),
        (None, _) => Err(LocationError::NoBootStore),
    }
}

/// A path that begins with the path of a hive's file.
fn of_file(draft: &Draft, names: &[&[u16]]) -> Result<Option<(HiveName, KeyPath)>, LocationError> {
    let mut path = ImagePath::root();
    for (depth, name) in names.iter().enumerate() {
        // A file's path may be given with slashes.
        for part in name.split(|unit| *unit == u16::from(b'/')) {
            match Name::found(Text::from_units(part)) {
                Some(part) => path = path.child(part),
                None => return Ok(None),
            }
        }
        if let Some(hive) = hive_in(draft, &path)? {
            let rest = names.get(depth + 1..).unwrap_or_default();
            return Ok(Some((hive, joined(rest))));
        }
        if !draft.has_directory(&path).map_err(inventory::unreadable)? {
            return Ok(None);
        }
    }
    Ok(None)
}

/// A key of a profile. A user's classes are a hive of their own, which a
/// running system shows as `Software\Classes`.
fn of_profile(
    draft: &Draft,
    profile: &Profile,
    names: &[&[u16]],
    notes: &mut Vec<Note>,
) -> Result<(HiveName, KeyPath), LocationError> {
    if let [software, classes, rest @ ..] = names
        && is(software, "Software")
        && is(classes, "Classes")
    {
        for file in inventory::CLASSES {
            if let Some(hive) = hive_in(draft, &profile.folder.join(file)?)? {
                return Ok((hive, joined(rest)));
            }
        }
        notes.push(Note::ClassesInProfile(profile.clone()));
    }
    Ok((profile.hive.clone(), joined(names)))
}
