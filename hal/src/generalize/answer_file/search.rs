//! Where Windows looks for an answer file that nobody named, and which one wins.
//!
//! Microsoft's table for Vista and later, as far as an image can hold the
//! places: 1 the file that `SYSTEM\Setup\UnattendFile` names; 2 `Panther\Unattend`;
//! 3 `Panther`, the cache; 4 and 5 are removable media, which no image tells of;
//! 6 `System32\Sysprep`; 7 the root of the system drive. The first file with
//! valid settings for the running pass wins; a pass that is marked as processed
//! is not run again, so a cached file of an earlier run hides a new one further
//! down. Windows 2000, XP and Server 2003 read `\Sysprep\sysprep.inf`.

use std::fmt;

use wimwright_servicing::registry::HiveName;
use wimwright_servicing::{FileTree as _, Generation, ImageFacts, ImagePath};

use super::{MAX_LEN, Pass, SealedAnswers, Unattend};
use crate::generalize::look::Look;
use crate::survey::Part;

/// A place where Windows looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The file that `SYSTEM\Setup\UnattendFile` names.
    Registry,
    /// `Panther\Unattend`.
    PantherUnattend,
    /// `Panther`, the cache of the file that Setup or Sysprep ran with.
    Panther,
    /// `System32\Sysprep`.
    Sysprep,
    /// The root of the system drive.
    SystemDrive,
    /// `\Sysprep\sysprep.inf`, of Windows 2000, XP and Server 2003.
    SysprepInf,
}

impl Place {
    /// Its number in Microsoft's table; 1 for the only one before Vista.
    pub fn rank(self) -> u8 {
        match self {
            Place::Registry | Place::SysprepInf => 1,
            Place::PantherUnattend => 2,
            Place::Panther => 3,
            Place::Sysprep => 6,
            Place::SystemDrive => 7,
        }
    }

    /// Its kebab-case name.
    pub fn name(self) -> &'static str {
        match self {
            Place::Registry => "registry",
            Place::PantherUnattend => "panther-unattend",
            Place::Panther => "panther",
            Place::Sysprep => "sysprep",
            Place::SystemDrive => "system-drive",
            Place::SysprepInf => "sysprep-inf",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an answer file says, by its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// XML, of Vista and later.
    Unattend(Unattend),
    /// `sysprep.inf`.
    Sealed(SealedAnswers),
    /// It cannot be used; why.
    Nothing(String),
}

/// An answer file that an image holds where Windows looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerFile {
    /// Where it was found.
    pub place: Place,
    /// Its path in the image; as the registry has it where it is not there.
    pub path: String,
    /// What it says.
    pub says: Says,
    pub(crate) file: Option<ImagePath>,
}

impl AnswerFile {
    /// What an XML file says.
    pub fn unattend(&self) -> Option<&Unattend> {
        match &self.says {
            Says::Unattend(unattend) => Some(unattend),
            _ => None,
        }
    }
}

/// The file that a pass takes its settings from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Winner {
    /// The pass; `mini-setup` before Vista.
    pub pass: String,
    /// The file.
    pub path: String,
    /// Where it was found.
    pub place: Place,
    /// Whether that pass was run already, so that nothing of it is applied.
    pub processed: bool,
    /// Files further down that have settings for the pass, too, and are not
    /// read.
    pub hidden: Vec<String>,
}

/// The answer files of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerFiles {
    /// The files, in the order in which Windows looks at them.
    pub files: Vec<AnswerFile>,
    /// Which one wins, one entry a pass that any has settings for.
    pub winners: Vec<Winner>,
}

/// The passes that are run in an image that is there already.
const PASSES: [Pass; 5] = [
    Pass::Generalize,
    Pass::Specialize,
    Pass::AuditSystem,
    Pass::AuditUser,
    Pass::OobeSystem,
];

/// Looks for the answer files of an image.
pub(crate) fn find(look: &Look<'_>) -> Part<AnswerFiles> {
    let files = match look.facts.generation {
        Generation::Nt5 => sealed(look)?.into_iter().collect(),
        Generation::Nt6 | Generation::DriverDatabase => places(look)?,
    };
    let winners = winners(&files);
    Ok(AnswerFiles { files, winners })
}

fn sealed(look: &Look<'_>) -> Part<Option<AnswerFile>> {
    let path = ImagePath::parse("Sysprep\\sysprep.inf")?;
    let Some(len) = look.file_len(&path)? else {
        return Ok(None);
    };
    let says = match look.head(&path, MAX_LEN as usize)? {
        Some(bytes) if len <= MAX_LEN => Says::Sealed(SealedAnswers::parse(&bytes)),
        _ => Says::Nothing(too_long(len)),
    };
    Ok(Some(AnswerFile {
        place: Place::SysprepInf,
        path: path.to_string(),
        says,
        file: Some(path),
    }))
}

fn too_long(len: u64) -> String {
    format!("it is {len} bytes long, and at most {MAX_LEN} are read")
}

fn places(look: &Look<'_>) -> Part<Vec<AnswerFile>> {
    const BOTH: &[&str] = &["unattend.xml", "autounattend.xml"];
    let mut files = Vec::new();
    if let Some(stated) = look.text(&HiveName::System, "Setup", "UnattendFile")? {
        files.push(match stated_path(&look.facts, &stated) {
            Some(path) if look.has_file(&path)? => read(look, Place::Registry, path)?,
            found => AnswerFile {
                place: Place::Registry,
                says: Says::Nothing(
                    match found {
                        Some(_) => "the registry names it, and it is not there",
                        None => "the registry names it, and it is on no drive of this image",
                    }
                    .to_owned(),
                ),
                path: stated,
                file: None,
            },
        });
    }
    let root = ImagePath::root();
    for (place, folder, names) in [
        (
            Place::PantherUnattend,
            look.windows("Panther\\Unattend")?,
            BOTH,
        ),
        (Place::Panther, look.windows("Panther")?, BOTH),
        (
            Place::Sysprep,
            look.windows("System32\\Sysprep")?,
            &["unattend.xml"],
        ),
        (Place::SystemDrive, root, BOTH),
    ] {
        for name in names {
            let Some(path) = look.spelled(&folder, name)? else {
                continue;
            };
            let known = files.iter().any(|file| file.file.as_ref() == Some(&path));
            if !known {
                files.push(read(look, place, path)?);
            }
        }
    }
    Ok(files)
}

/// Where a path that Windows is told lies in the image: its system drive is `C:`
/// when Windows runs, whatever the image was called where it was made.
pub(crate) fn stated_path(facts: &ImageFacts, stated: &str) -> Option<ImagePath> {
    let strip = |prefix: &str| {
        let (head, rest) = stated.split_at_checked(prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then_some(rest)
    };
    if let Some(rest) = strip("%windir%").or_else(|| strip("%SystemRoot%")) {
        return facts.windows.join(rest).ok();
    }
    let rest = strip("%SystemDrive%").or_else(|| strip("C:"));
    ImagePath::parse(rest.unwrap_or(stated)).ok()
}

fn read(look: &Look<'_>, place: Place, path: ImagePath) -> Part<AnswerFile> {
    let len = look.file_len(&path)?.unwrap_or_default();
    let says = match len > MAX_LEN {
        true => Says::Nothing(too_long(len)),
        false => {
            let bytes = look.draft.read(&path, MAX_LEN)?.unwrap_or_default();
            match Unattend::parse(&bytes) {
                Ok(unattend) => Says::Unattend(unattend),
                Err(error) => Says::Nothing(error.to_string()),
            }
        }
    };
    Ok(AnswerFile {
        place,
        path: path.to_string(),
        says,
        file: Some(path),
    })
}

/// Which file wins each pass.
pub(super) fn winners(files: &[AnswerFile]) -> Vec<Winner> {
    let mut winners = Vec::new();
    for file in files {
        if let Says::Sealed(_) = file.says {
            winners.push(Winner {
                pass: "mini-setup".to_owned(),
                path: file.path.clone(),
                place: file.place,
                processed: false,
                hidden: Vec::new(),
            });
        }
    }
    for pass in PASSES {
        let mut with = files.iter().filter_map(|file| {
            let settings = file.unattend()?.settings(pass)?;
            Some((file, settings))
        });
        let Some((file, settings)) = with.next() else {
            continue;
        };
        winners.push(Winner {
            pass: pass.name().to_owned(),
            path: file.path.clone(),
            place: file.place,
            processed: settings.processed,
            hidden: with.map(|(file, _)| file.path.clone()).collect(),
        });
    }
    winners
}
