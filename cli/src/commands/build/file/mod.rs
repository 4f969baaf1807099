//! The build file: what its TOML says, and nothing about whether that can be
//! done.

mod step;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

pub(crate) use self::step::{
    AnswerFileStep, DriversStep, HalStep, RegistryStep, Step, UpdatesHow, UpdatesStep,
};
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
