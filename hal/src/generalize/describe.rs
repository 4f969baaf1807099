//! Thin, hybrid or thick: what an image holds beside Windows.
//!
//! Microsoft's words for deployment: a thin (core) image is Windows with little
//! or nothing beside it, a thick one holds the programs that people work with, a
//! hybrid one some that everybody needs. Where one ends and the next begins
//! nobody says; here a few programs make an image hybrid, more make it thick.

use wimwright_servicing::registry::{Hive, HiveError, HiveName, Key, RegistryError};
use wimwright_servicing::{Draft, FileTree as _, Finding, Generation, ImagePath, Kind};

use super::look::{Look, count};
use crate::survey::{Part, Unreadable};

/// With more programs than this an image is thick.
pub const MOST_OF_HYBRID: usize = 5;
/// More programs of one hive than this are not read; none has a thousand.
const MAX_PROGRAMS: usize = 20_000;
const UNINSTALL: [&str; 2] = [
    "Microsoft\\Windows\\CurrentVersion\\Uninstall",
    "Wow6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall",
];

/// How much an image holds beside Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thickness {
    /// No programs.
    Thin,
    /// A few programs.
    Hybrid,
    /// Many programs.
    Thick,
}

impl Thickness {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Thickness::Thin => "thin",
            Thickness::Hybrid => "hybrid",
            Thickness::Thick => "thick",
        }
    }
}

/// A program that is installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Who made it.
    pub publisher: Option<String>,
    /// The profile that it is installed in; `None` for everybody.
    pub user: Option<String>,
    /// The key that says so, with its hive: of several for the same program the
    /// first.
    pub key: String,
}

/// An update that is installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Update {
    /// Its name, like `KB5005033`.
    pub name: String,
}

/// Bytes of files, by where they lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// All files, each counted once for every name it has.
    pub total: u64,
    /// How many files.
    pub files: u64,
    /// The Windows directory.
    pub windows: u64,
    /// The folders of programs, and `ProgramData`.
    pub programs: u64,
    /// The folder of profiles.
    pub profiles: u64,
}

/// What an image holds.
#[derive(Clone, Debug)]
pub struct Description {
    /// What that makes it.
    pub thickness: Thickness,
    /// Why, in a sentence.
    pub reason: String,
    /// The programs, by name.
    pub programs: Vec<Program>,
    /// Entries of programs that Windows does not show either: parts of others.
    pub hidden_programs: usize,
    /// Apps that every new user gets; none before Windows 8.
    pub provisioned_apps: usize,
    /// The updates, by name.
    pub updates: Vec<Update>,
    /// The languages of the user interface, where the image says them.
    pub languages: Vec<String>,
    /// The profiles of people.
    pub profiles: Vec<String>,
    /// How large it is.
    pub sizes: Sizes,
    /// What could not be read.
    pub findings: Vec<Finding>,
}

/// Describes an image. A profile whose hive cannot be read is a finding.
///
/// # Errors
/// [`Unreadable`] where it cannot be read.
pub fn describe(draft: &Draft) -> Result<Description, Unreadable> {
    let look = Look::new(draft);
    let people = look.people()?;
    let Entries {
        mut programs,
        hidden: hidden_programs,
        findings,
    } = programs(&look, &people)?;
    programs.sort();
    programs.dedup_by(|next, first| {
        let says = |program: &Program| {
            let Program {
                name,
                version,
                publisher,
                user,
                ..
            } = program.clone();
            (name, version, publisher, user)
        };
        says(next) == says(first)
    });
    let store = "Microsoft\\Windows\\CurrentVersion\\Appx\\AppxAllUserStore\\Applications";
    let thickness = match programs.len() {
        0 => Thickness::Thin,
        some if some <= MOST_OF_HYBRID => Thickness::Hybrid,
        _ => Thickness::Thick,
    };
    let programs_text = count(programs.len(), "program is", "programs are");
    let mut reason = match thickness {
        Thickness::Thin => "no program is installed beside Windows".to_owned(),
        Thickness::Hybrid => {
            format!("{programs_text} installed beside Windows (up to {MOST_OF_HYBRID} is hybrid)")
        }
        Thickness::Thick => {
            format!(
                "{programs_text} installed beside Windows (more than {MOST_OF_HYBRID} is thick)"
            )
        }
    };
    if !findings.is_empty() {
        reason.push_str(", as far as could be read");
    }
    Ok(Description {
        thickness,
        reason,
        programs,
        hidden_programs,
        provisioned_apps: look.subkeys(&HiveName::Software, store)?.len(),
        updates: updates(&look)?,
        languages: languages(&look)?,
        profiles: people
            .iter()
            .map(|(folder, _)| folder.to_string())
            .collect(),
        sizes: sizes(&look)?,
        findings,
    })
}

/// The languages by name; before Vista the one of the installation, by its
/// number (`LCID 0409`).
fn languages(look: &Look<'_>) -> Part<Vec<String>> {
    let named = look.control_set("Control\\MUI\\UILanguages");
    let named = look.subkeys(&HiveName::System, &named)?;
    if !named.is_empty() {
        return Ok(named);
    }
    let language = look.control_set("Control\\Nls\\Language");
    let number = look.text(&HiveName::System, &language, "InstallLanguage")?;
    Ok(number
        .map(|number| format!("LCID {number}"))
        .into_iter()
        .collect())
}

fn programs(look: &Look<'_>, people: &[(ImagePath, Option<String>)]) -> Part<Entries> {
    let mut found = Entries::default();
    read_programs(look, &HiveName::Software, &UNINSTALL, None, &mut found)?;
    let below = UNINSTALL.map(|key| format!("Software\\{key}"));
    let below = [below[0].as_str(), below[1].as_str()];
    for (folder, _) in people {
        let file = folder.join("NTUSER.DAT")?;
        let hive = HiveName::of_file(&file, &look.facts.windows)?;
        let user = folder.file_name().map(ToString::to_string);
        // One damaged profile must not hide what the others say.
        if let Err(reason) = read_programs(look, &hive, &below, user.as_ref(), &mut found) {
            found.findings.push(Finding::warning(
                "programs-not-read",
                format!("programs that are installed in `{folder}` alone are not known: {reason}"),
            ));
        }
    }
    Ok(found)
}

/// What the keys of programs say.
#[derive(Default)]
struct Entries {
    programs: Vec<Program>,
    /// How many are parts of others.
    hidden: usize,
    findings: Vec<Finding>,
}

fn read_programs(
    look: &Look<'_>,
    name: &HiveName,
    keys: &[&str],
    user: Option<&String>,
    found: &mut Entries,
) -> Part<()> {
    let Some(hive) = look.draft.hive(name)? else {
        return Ok(());
    };
    for key in keys {
        let read = read_key(&hive, (name, key), user, found);
        read.map_err(|source| RegistryError::in_hive(name, source))?;
    }
    Ok(())
}

fn read_key(
    hive: &Hive,
    (hive_name, path): (&HiveName, &str),
    user: Option<&String>,
    found: &mut Entries,
) -> Result<(), HiveError> {
    let Some(key) = hive.key(path)? else {
        return Ok(());
    };
    for program in key.subkeys()?.take(MAX_PROGRAMS) {
        let program = program?;
        let text = |name: &str| -> Result<Option<String>, HiveError> {
            let text = program.value(name)?.and_then(|value| value.as_string());
            Ok(text.filter(|text| !text.trim().is_empty()))
        };
        let Some(name) = text("DisplayName")? else {
            continue;
        };
        let own = program.name()?.to_string_lossy();
        if is_part(program)? || is_update(&own) {
            found.hidden += 1;
            continue;
        }
        found.programs.push(Program {
            name,
            version: text("DisplayVersion")?,
            publisher: text("Publisher")?,
            user: user.cloned(),
            key: format!("{hive_name}\\{path}\\{own}"),
        });
    }
    Ok(())
}

/// Whether an entry is none of its own: Windows' control panel hides those, and
/// what Microsoft put in without a way to remove it came with Windows (recalled:
/// the browser of Windows 10 and 11).
fn is_part(program: Key<'_>) -> Result<bool, HiveError> {
    let is_set = |name: &str| -> Result<bool, HiveError> {
        let number = program.value(name)?.and_then(|value| value.as_u32());
        Ok(number.is_some_and(|number| number != 0))
    };
    let publisher = program
        .value("Publisher")?
        .and_then(|value| value.as_string());
    let of_windows = publisher.is_some_and(|name| name == "Microsoft Corporation")
        && is_set("NoRemove")?
        && !is_set("WindowsInstaller")?;
    let parent = program.value("ParentKeyName")?;
    let release = program
        .value("ReleaseType")?
        .and_then(|value| value.as_string());
    let update = release.is_some_and(|release| {
        let release = release.to_ascii_lowercase();
        ["update", "hotfix", "service pack"]
            .iter()
            .any(|kind| release.contains(kind))
    });
    Ok(is_set("SystemComponent")? || of_windows || parent.is_some() || update)
}

/// Whether a key is that of an update: `KB958644`, as XP names them.
fn is_update(key: &str) -> bool {
    kb_in(key).is_some_and(|kb| key.len() == kb.len())
}

/// The first `KBnnnnnn` in a name.
fn kb_in(name: &str) -> Option<&str> {
    let upper = name.to_ascii_uppercase();
    let mut from = 0;
    while let Some(at) = upper.get(from..)?.find("KB") {
        let start = from + at;
        let digits = upper.get(start + 2..)?;
        let len = digits.bytes().take_while(u8::is_ascii_digit).count();
        if len >= 5 {
            return name.get(start..start + 2 + len);
        }
        from = start + 2;
    }
    None
}

/// `CurrentState` of a package that is installed.
const INSTALLED: u32 = 0x70;

fn updates(look: &Look<'_>) -> Part<Vec<Update>> {
    let hive = &HiveName::Software;
    let mut names: Vec<String> = Vec::new();
    if look.facts.generation == Generation::Nt5 {
        let key = "Microsoft\\Windows NT\\CurrentVersion\\HotFix";
        names = look.subkeys(hive, key)?;
        let key = "Microsoft\\Updates";
        for product in look.subkeys(hive, key)? {
            for pack in look.subkeys(hive, &format!("{key}\\{product}"))? {
                let below = look.subkeys(hive, &format!("{key}\\{product}\\{pack}"))?;
                names.extend(below);
            }
        }
    } else {
        let key = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages";
        for package in look.subkeys(hive, key)? {
            if !package.contains("_for_KB") && !package.contains("_for_RollupFix") {
                continue;
            }
            let state = look.number(hive, &format!("{key}\\{package}"), "CurrentState")?;
            if state == Some(INSTALLED) {
                names.push(package);
            }
        }
    }
    let mut updates: Vec<Update> = names
        .iter()
        .filter_map(|name| {
            let rollup = || {
                // `Package_for_RollupFix~31bf...~amd64~~19041.1165.1.7`
                let version = name
                    .contains("RollupFix")
                    .then(|| name.rsplit('~').next())??;
                Some(format!("cumulative update {version}"))
            };
            let name = kb_in(name).map(str::to_ascii_uppercase).or_else(rollup)?;
            Some(Update { name })
        })
        .collect();
    updates.sort();
    updates.dedup();
    Ok(updates)
}

fn sizes(look: &Look<'_>) -> Part<Sizes> {
    let tree = look.draft;
    let parse = |path: &str| ImagePath::parse(path);
    let programs = [
        parse("Program Files")?,
        parse("Program Files (x86)")?,
        parse("ProgramData")?,
    ];
    let profiles = [parse("Users")?, parse("Documents and Settings")?];
    let mut sizes = Sizes::default();
    tree.walk(&ImagePath::root(), &mut |path, kind| {
        if kind != Kind::File {
            return Ok(());
        }
        let len = tree.metadata(path)?.map_or(0, |found| found.len);
        sizes.files += 1;
        sizes.total = sizes.total.saturating_add(len);
        let place = if path.starts_with(&look.facts.windows) {
            &mut sizes.windows
        } else if programs.iter().any(|folder| path.starts_with(folder)) {
            &mut sizes.programs
        } else if profiles.iter().any(|folder| path.starts_with(folder)) {
            &mut sizes.profiles
        } else {
            return Ok(());
        };
        *place = place.saturating_add(len);
        Ok(())
    })?;
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_are_told_by_their_numbers() {
        for (name, kb) in [
            (
                "Package_for_KB5005033~31bf3856ad364e35~amd64~~10.0.1.0",
                Some("KB5005033"),
            ),
            ("KB958644", Some("KB958644")),
            ("kb958644-v2", Some("kb958644")),
            ("KBxx KB12", None),
            ("Package_for_RollupFix", None),
            ("ÄKB958644", Some("KB958644")),
        ] {
            assert_eq!(kb_in(name), kb, "{name}");
        }
        assert!(is_update("KB958644") && !is_update("KB958644 helper"));
    }
}
