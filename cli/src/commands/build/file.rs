//! The build file: what its TOML says, and nothing about whether that can be
//! done.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::problem::{Problem, Said};
use crate::refusal::Refusal;

/// The longest build file that is read, in bytes.
const MAX_LEN: u64 = 4 << 20;

/// A build: images, what is done to them, and the files that come out.
///
/// Paths are relative to the folder of the build file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct BuildFile {
    /// The images to begin with, by names of yours. None of them is changed.
    pub(crate) sources: BTreeMap<String, Source>,
    /// What is done to them, in this order.
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
    /// The WIM files that come out.
    #[serde(default)]
    pub(crate) outputs: Vec<Output>,
    /// One WIM file for each of these images and computers.
    pub(crate) matrix: Option<Matrix>,
    /// Refuse changes that rest on recalled or inferred facts.
    #[serde(default)]
    pub(crate) strict: bool,
}

/// An image to begin with, or several of a WIM file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Source {
    /// A directory, or `FILE.wim:2`, `FILE.wim:NAME`, `FILE.wim:all`.
    #[schemars(with = "String")]
    pub(crate) image: Spanned<String>,
    /// The name that the image gets; else it keeps what it has.
    #[schemars(with = "Option<String>")]
    pub(crate) name: Option<Spanned<String>>,
    /// The description that it gets.
    #[schemars(with = "Option<String>")]
    pub(crate) description: Option<Spanned<String>>,
    /// Edit a dirty hive whose logs do not help, without its last changes.
    #[serde(default)]
    pub(crate) accept_dirty_hive: bool,
    /// Of a directory: what is not captured, like `\Temp` or `*.log`, as in the
    /// `[ExclusionList]` of a WimScript.ini.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) exclude: Vec<Spanned<String>>,
    /// Of a directory: a WimScript.ini that says what is not captured.
    #[schemars(with = "Option<String>")]
    pub(crate) exclude_file: Option<Spanned<String>>,
}

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
    pub(super) fn word(&self) -> &'static str {
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
    pub(super) fn sources(&self) -> &[Spanned<String>] {
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
    pub(super) fn inputs(&self) -> Vec<&Spanned<String>> {
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

/// A WIM file that comes out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Output {
    /// The file; with `split`, the first part of the set.
    #[schemars(with = "String")]
    pub(crate) file: Spanned<String>,
    /// What `--only` calls it; the name of the file without its extension if not
    /// given.
    #[schemars(with = "Option<String>")]
    pub(crate) name: Option<Spanned<String>>,
    /// The sources whose images it holds, in this order; all if not given.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) sources: Vec<Spanned<String>>,
    /// How it is compressed; as the first source if not given, of directories LZX.
    pub(crate) compress: Option<Compress>,
    /// Largest size of a part of the set: `4000M`, `2G`.
    #[schemars(with = "Option<String>")]
    pub(crate) split: Option<Spanned<String>>,
    /// The source whose image boots.
    #[schemars(with = "Option<String>")]
    pub(crate) boot: Option<Spanned<String>>,
    /// With an integrity table.
    #[serde(default)]
    pub(crate) check: bool,
}

/// How a WIM file is compressed.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Compress {
    /// Not at all.
    None,
    /// Fast, DISM's `fast`.
    Xpress,
    /// Small, DISM's `max`.
    Lzx,
}

/// Images for models of computers: each source that is named, with its steps,
/// and the drivers of each model.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Matrix {
    /// The sources; all if not given.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) bases: Vec<Spanned<String>>,
    /// The file of a source and a model, with both in its name:
    /// `out/{base}-{model}.wim`.
    #[schemars(with = "String")]
    pub(crate) file: Spanned<String>,
    /// The file of a source without the drivers of any model, `out/{base}.wim`:
    /// those of its models are made from it.
    #[schemars(with = "Option<String>")]
    pub(crate) base_file: Option<Spanned<String>>,
    /// How the files are compressed; as the sources are if not given, of
    /// directories LZX.
    pub(crate) compress: Option<Compress>,
    /// With integrity tables.
    #[serde(default)]
    pub(crate) check: bool,
    /// Folders with packages for all models: each gets what its hardware uses.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) drivers: Vec<Spanned<String>>,
    /// The models.
    pub(crate) models: Vec<Model>,
}

/// A model of computers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Model {
    /// Its name, which becomes part of the name of files.
    #[schemars(with = "String")]
    pub(crate) name: Spanned<String>,
    /// Hardware files, one a computer: only packages go in that they would use.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) hardware: Vec<Spanned<String>>,
    /// Folders with packages for this model.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) drivers: Vec<Spanned<String>>,
    /// Packages without a signature go into 64-bit Windows, too.
    #[serde(default)]
    pub(crate) force_unsigned: bool,
    /// Only for these bases; for all if not given.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) bases: Vec<Spanned<String>>,
}

/// A build file that was read.
pub(super) struct Given {
    pub(super) file: BuildFile,
    pub(super) said: Said,
}

/// Reads a build file.
pub(super) fn read(path: &Path) -> anyhow::Result<Given> {
    let named = || format!("build file `{}`", path.display());
    let opened = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let path = path.to_owned();
            return Err(Refusal::Missing { path }.into());
        }
        opened => opened.with_context(named)?,
    };
    let mut bytes = Vec::new();
    let read = opened.take(MAX_LEN + 1).read_to_end(&mut bytes);
    if read.with_context(named)? as u64 > MAX_LEN {
        return Err(Problem::TooLong {
            path: path.to_owned(),
            max: MAX_LEN,
        }
        .into());
    }
    let text = String::from_utf8(bytes).map_err(|error| Problem::NotText {
        path: path.to_owned(),
        at: error.utf8_error().valid_up_to(),
    })?;
    let said = Said::new(path, text);
    let file: BuildFile = toml::from_str(said.text()).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        said.problem(at, error.message().trim())
    })?;
    Ok(Given { file, said })
}

/// The folder that paths of a build file are told from; empty for the current one.
pub(super) fn folder(path: &Path) -> PathBuf {
    path.parent().map_or_else(PathBuf::new, Path::to_owned)
}
