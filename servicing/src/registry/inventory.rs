//! Which hives an image really has, and whose.
//!
//! Where profiles lie is read from the image (`ProfileList`): Windows XP
//! translates the folder's name. What is found counts as a hive when its base
//! block says that it is one and no log.

use crate::draft::Draft;
use crate::path::{ImagePath, Name};
use crate::registry::{HiveName, KeyPath, RegistryError, hive_name};
use crate::tree::{FileTree, Kind, TreeError};

/// Where `ProfileList` lies in SOFTWARE.
const PROFILE_LIST: &str = "Microsoft\\Windows NT\\CurrentVersion\\ProfileList";
/// The folders of profiles that Windows makes where `ProfileList` names none.
const PROFILE_FOLDERS: [&str; 2] = ["Users", "Documents and Settings"];
/// The hive of a user's classes, below the profile: from Windows Vista on, and
/// before it.
pub(super) const CLASSES: [&str; 2] = [
    "AppData\\Local\\Microsoft\\Windows\\UsrClass.dat",
    "Local Settings\\Application Data\\Microsoft\\Windows\\UsrClass.dat",
];
/// Boot configuration stores, from the root of the volume that holds them.
pub(super) const BOOT_STORES: [&str; 2] = ["Boot\\BCD", "EFI\\Microsoft\\Boot\\BCD"];
/// The store of settings schemas, in the Windows directory.
pub(super) const SCHEMA: &str = "System32\\SMI\\Store\\Machine\\SCHEMA.DAT";
/// Hives in the Windows directory outside `System32\config`.
const ELSEWHERE: [&str; 2] = [SCHEMA, "AppCompat\\Programs\\Amcache.hve"];

/// A user's profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its folder.
    pub folder: ImagePath,
    /// Its hive, `NTUSER.DAT`.
    pub hive: HiveName,
    /// The account's SID, where `ProfileList` knows the folder.
    pub sid: Option<String>,
    /// Whether it is the profile that new users get.
    pub is_default: bool,
}

impl Profile {
    /// The folder's own name, by which people call the profile.
    pub fn name(&self) -> String {
        self.folder
            .file_name()
            .map_or_else(String::new, ToString::to_string)
    }
}

impl Draft {
    /// The hives that the image really has: those of `System32\config`, the
    /// profiles' and the boot configuration stores. Copies that Windows keeps
    /// (`RegBack`, `*.sav`) are none of them.
    ///
    /// # Errors
    /// [`RegistryError`] when a directory, or SOFTWARE, cannot be read.
    pub fn hives(&self) -> Result<Vec<HiveName>, RegistryError> {
        let windows = &self.facts().windows;
        let config = hive_name::config(windows)?;
        let mut files = Vec::new();
        for entry in listed(self, &config)? {
            // `ELAM`, `BBI`, `BCD-Template`: a hive's name has no ending.
            if !entry.as_text().units().any(|unit| unit == u16::from(b'.')) {
                files.push(config.child(entry));
            }
        }
        for file in ELSEWHERE {
            files.push(windows.join(file)?);
        }
        for store in BOOT_STORES {
            files.push(ImagePath::parse(store)?);
        }
        for profile in self.profiles()? {
            for classes in CLASSES {
                files.push(profile.folder.join(classes)?);
            }
            if let HiveName::File(path) = profile.hive {
                files.push(path);
            }
        }
        let mut hives = Vec::new();
        for file in files {
            if is_hive(self, &file).map_err(unreadable)? {
                hives.push(HiveName::of_file(&file, windows)?);
            }
        }
        hives.sort();
        hives.dedup();
        Ok(hives)
    }

    /// The profiles that have a hive, the default user's and the services'
    /// among them.
    ///
    /// # Errors
    /// As [`Draft::hives`].
    pub fn profiles(&self) -> Result<Vec<Profile>, RegistryError> {
        let list = KeyPath::from(PROFILE_LIST);
        let text = |key: &KeyPath, name: &str| -> Result<Option<String>, RegistryError> {
            let data = self.value(HiveName::Software, key, name)?;
            Ok(data.and_then(|data| data.as_text()))
        };
        let place = |text: Option<String>| text.and_then(|text| self.place_of(&text));

        let mut folders = vec![self.facts().windows.join("ServiceProfiles")?];
        let stated = place(text(&list, "ProfilesDirectory")?);
        for folder in PROFILE_FOLDERS {
            folders.push(ImagePath::parse(folder)?);
        }
        // Its `Default` is a path (Windows Vista on); `DefaultUserProfile` is a
        // name in the folder of the profiles (before).
        let default = match (place(text(&list, "Default")?), &stated) {
            (Some(folder), _) => Some(folder),
            (None, Some(all)) => match text(&list, "DefaultUserProfile")? {
                Some(name) => Name::new(&name).ok().map(|name| all.child(name)),
                None => None,
            },
            (None, None) => None,
        };
        folders.extend(stated);
        let mut of_accounts = Vec::new();
        for sid in self.subkeys(HiveName::Software, &list)? {
            let folder = place(text(&list.join(&sid), "ProfileImagePath")?);
            of_accounts.extend(folder.map(|folder| (folder, sid)));
        }

        let mut candidates: Vec<ImagePath> = of_accounts
            .iter()
            .map(|(folder, _)| folder.clone())
            .chain(default.clone())
            .collect();
        for folder in folders {
            let below = self.read_dir(&folder).map_err(unreadable)?;
            let below = below.unwrap_or_default().into_iter();
            // Junctions (`Default User`, `All Users`) lead to what is met anyway.
            let below = below.filter(|entry| entry.kind == Kind::Directory);
            candidates.extend(below.map(|entry| folder.child(entry.name)));
        }
        candidates.sort();
        candidates.dedup();

        let mut profiles = Vec::new();
        for folder in candidates {
            let file = folder.join("NTUSER.DAT")?;
            if !is_hive(self, &file).map_err(unreadable)? {
                continue;
            }
            let known_as_default = ["Default", "Default User"];
            let is_default = match &default {
                Some(default) => *default == folder,
                None => folder
                    .file_name()
                    .is_some_and(|name| known_as_default.iter().any(|known| name.is(known))),
            };
            let mut accounts = of_accounts.iter();
            let account = accounts.find(|(of, _)| *of == folder);
            profiles.push(Profile {
                sid: account.map(|(_, sid)| sid.clone()),
                hive: HiveName::of_file(&file, &self.facts().windows)?,
                is_default,
                folder,
            });
        }
        Ok(profiles)
    }

    /// Where a path that the registry states lies in the image; `None` for a
    /// variable that only a running system knows.
    fn place_of(&self, stated: &str) -> Option<ImagePath> {
        let windows = &self.facts().windows;
        for variable in ["%SystemRoot%", "%windir%"] {
            if let Some(rest) = strip_ignore_case(stated, variable) {
                return windows.join(rest).ok();
            }
        }
        let rest = strip_ignore_case(stated, "%SystemDrive%").or_else(|| {
            let mut letters = stated.chars();
            let is_drive = letters.next()?.is_ascii_alphabetic() && letters.next()? == ':';
            is_drive.then_some(letters.as_str())
        })?;
        let path = ImagePath::parse(rest).ok()?;
        (!path.is_root()).then_some(path)
    }
}

fn strip_ignore_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The files in a directory that may not be there.
fn listed(tree: &dyn FileTree, directory: &ImagePath) -> Result<Vec<Name>, RegistryError> {
    let entries = tree.read_dir(directory).map_err(unreadable)?;
    let files = entries.unwrap_or_default().into_iter();
    let files = files.filter(|entry| entry.kind == Kind::File);
    Ok(files.map(|entry| entry.name).collect())
}

/// Whether a file's base block says that it is a hive: `regf` and file type 0
/// (logs have the signature too, and types of their own).
pub(super) fn is_hive(tree: &dyn FileTree, path: &ImagePath) -> Result<bool, TreeError> {
    let Some(blob) = tree.open(path)? else {
        return Ok(false);
    };
    let mut block = [0; 32];
    if blob.len() < 4096 || blob.read_into(0, &mut block).is_err() {
        return Ok(false);
    }
    Ok(block.starts_with(b"regf") && block.ends_with(&[0, 0, 0, 0]))
}

pub(super) fn unreadable(source: TreeError) -> RegistryError {
    RegistryError::Inventory { source }
}
