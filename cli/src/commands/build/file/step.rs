//! The steps of a build file. Each does what the command of its kind does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

/// Something that is done to images.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    /// Add driver packages, as `drivers add` does.
    Drivers(DriversStep),
    /// Add update packages, as `packages add` does: in the order that they need.
    Updates(UpdatesStep),
    /// Import .reg files, as `registry import` does.
    Registry(RegistryStep),
    /// Put a file or folder into the image, as `files put` does.
    Put(PutStep),
    /// Remove files and folders.
    Remove(RemoveStep),
    /// Switch the HAL, as `hal set` does.
    Hal(HalStep),
    /// Remove what is left of one computer, as `generalize clean` does.
    Clean(CleanStep),
    /// Put an answer file in its place, as `generalize stage` does.
    AnswerFile(AnswerFileStep),
}

/// Driver packages.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct DriversStep {
    /// Folders with packages, all below included, or .inf files.
    #[schemars(with = "Vec<String>")]
    pub(crate) from: Vec<Spanned<String>>,
    /// Hardware files: only the packages go in that these computers would use.
    #[serde(default, rename = "for")]
    #[schemars(with = "Vec<String>")]
    pub(crate) hardware: Vec<Spanned<String>>,
    /// Into the recovery environment (Winre.wim) inside the images as well.
    #[serde(default)]
    pub(crate) include_winre: bool,
    /// Packages without a signature go into 64-bit Windows, too.
    #[serde(default)]
    pub(crate) force_unsigned: bool,
    /// Packages go in although an image holds newer ones.
    #[serde(default)]
    pub(crate) allow_older: bool,
    /// Certificates, in DER form, that are trusted beside the built-in ones.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) trust: Vec<Spanned<String>>,
    /// Go on without packages that are refused; else the build ends there.
    #[serde(default)]
    pub(crate) skip_refused: bool,
    /// Only these sources; all if not given.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) sources: Vec<Spanned<String>>,
}

/// Update packages.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct UpdatesStep {
    /// .msu, .cab and .exe files, or folders of them, in any order.
    #[schemars(with = "Vec<String>")]
    pub(crate) from: Vec<Spanned<String>>,
    /// Which way they go.
    #[serde(default)]
    pub(crate) how: UpdatesHow,
    /// Packages without a signature go in, too.
    #[serde(default)]
    pub(crate) force_unsigned: bool,
    /// Certificates, in DER form, that are trusted beside the built-in ones.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) trust: Vec<Spanned<String>>,
    /// Go on without packages that are refused; else the build ends there.
    #[serde(default)]
    pub(crate) skip_refused: bool,
    /// Only these sources; all if not given.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) sources: Vec<Spanned<String>>,
}

/// Which way update packages go, as `packages add --how` says it.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UpdatesHow {
    /// The surest way for each.
    #[default]
    Auto,
    /// All wait for the first boot.
    FirstBoot,
    /// Into the component store, and no more.
    Stage,
    /// Into use, offline.
    Install,
}

/// .reg files.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct RegistryStep {
    /// The files, in this order.
    #[schemars(with = "Vec<String>")]
    pub(crate) import: Vec<Spanned<String>>,
    /// Skip lines that are wrong, as regedit does.
    #[serde(default)]
    pub(crate) skip_bad_lines: bool,
    /// Whose profile `HKEY_CURRENT_USER` is: a folder's name or a SID.
    pub(crate) user: Option<String>,
    /// Only these sources; all if not given.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) sources: Vec<Spanned<String>>,
}

/// A file or folder for the image.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct PutStep {
    /// The file or folder; of a folder what is in it.
    #[schemars(with = "String")]
    pub(crate) from: Spanned<String>,
    /// Where it goes, from the root of the image: `Windows/Setup/Scripts`.
    #[schemars(with = "String")]
    pub(crate) to: Spanned<String>,
    /// Only these sources; all if not given.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) sources: Vec<Spanned<String>>,
}

/// Files that go.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct RemoveStep {
    /// Files, and folders with all in them, from the root of the image. What is
    /// not there is no error.
    #[schemars(with = "Vec<String>")]
    pub(crate) paths: Vec<Spanned<String>>,
    /// Only these sources; all if not given.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) sources: Vec<Spanned<String>>,
}

/// Another HAL.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct HalStep {
    /// Its id, like `acpiapic_mp`.
    #[schemars(with = "String")]
    pub(crate) set: Spanned<String>,
    /// Where its files are, instead of the image's driver cache: the i386 folder
    /// of media.
    #[schemars(with = "Option<String>")]
    pub(crate) media: Option<Spanned<String>>,
    /// Only these sources; all if not given.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) sources: Vec<Spanned<String>>,
}

/// What is left of one computer.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct CleanStep {
    /// Only these leftovers, as `generalize report` names them; all if not given.
    #[serde(default)]
    pub(crate) only: Vec<String>,
    /// Only these sources; all if not given.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) sources: Vec<Spanned<String>>,
}

/// An answer file.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct AnswerFileStep {
    /// `unattend.xml`, or `sysprep.inf` for Windows 2000, XP and Server 2003.
    #[schemars(with = "String")]
    pub(crate) file: Spanned<String>,
    /// The first boot goes into audit mode and runs Sysprep there.
    #[serde(default)]
    pub(crate) arm_audit: bool,
    /// Replace answer files that were not used yet.
    #[serde(default)]
    pub(crate) replace: bool,
    /// Only these sources; all if not given.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) sources: Vec<Spanned<String>>,
}

impl Step {
    /// Its word in the file.
    pub(in crate::commands::build) fn word(&self) -> &'static str {
        match self {
            Step::Drivers(_) => "drivers",
            Step::Updates(_) => "updates",
            Step::Registry(_) => "registry",
            Step::Put(_) => "put",
            Step::Remove(_) => "remove",
            Step::Hal(_) => "hal",
            Step::Clean(_) => "clean",
            Step::AnswerFile(_) => "answer-file",
        }
    }

    /// The sources that it is for; all where there are none.
    pub(in crate::commands::build) fn sources(&self) -> &[Spanned<String>] {
        match self {
            Step::Drivers(step) => &step.sources,
            Step::Updates(step) => &step.sources,
            Step::Registry(step) => &step.sources,
            Step::Put(step) => &step.sources,
            Step::Remove(step) => &step.sources,
            Step::Hal(step) => &step.sources,
            Step::Clean(step) => &step.sources,
            Step::AnswerFile(step) => &step.sources,
        }
    }

    /// The files and folders of the host that it reads.
    pub(in crate::commands::build) fn inputs(&self) -> Vec<&Spanned<String>> {
        match self {
            Step::Drivers(step) => [&step.from, &step.hardware, &step.trust]
                .into_iter()
                .flatten()
                .collect(),
            Step::Updates(step) => step.from.iter().chain(&step.trust).collect(),
            Step::Registry(step) => step.import.iter().collect(),
            Step::Put(step) => vec![&step.from],
            Step::Hal(step) => step.media.iter().collect(),
            Step::AnswerFile(step) => vec![&step.file],
            Step::Remove(_) | Step::Clean(_) => Vec::new(),
        }
    }
}
