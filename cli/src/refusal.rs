//! What the command line itself refuses, before any library is asked.

use std::path::PathBuf;

use wimwright_servicing::DraftError;
use wimwright_servicing::capture::ExclusionError;
use wimwright_servicing::explain::logs::LogError;
use wimwright_servicing::hardware::HardwareError;
use wimwright_servicing::registry::reg_file::RegFileError;

use crate::exit::ExitCode;

/// What the command line itself refuses.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("`{}` does not exist", path.display())]
    Missing { path: PathBuf },
    #[error("`{image}` names several images, and this command takes one")]
    OneImage { image: String },
    #[error(
        "no image of `{image}` holds a recovery environment (Windows\\System32\\Recovery\\Winre.wim)"
    )]
    NoWinre { image: String },
    #[error("`{image}` is a directory: only WIM files are rebuilt")]
    NothingToRebuild { image: String },
    #[error("`{}` is a directory already, and no image in a WIM file", path.display())]
    ApplyDirectory { path: PathBuf },
    #[error("a plan file holds the plan of one image, and `{image}` names several")]
    OnePlan { image: String },
    #[error("`{}` is a directory; this is about WIM files", path.display())]
    NotAWimFile { path: PathBuf },
    #[error("`{name}` names images of a file; this is about whole files")]
    WholeFile { name: String },
    #[error("the XML data are about a whole WIM file, and `{name}` is none")]
    XmlOfImage { name: String },
    #[error("nothing is said about what to change")]
    NothingToSet,
    #[error("the image has no `{path}`")]
    NotInImage { path: String },
    #[error("what `dism` writes is text for scripts of DISM: it gives no JSON")]
    DismJson,
    #[error("`{path}` is {what}: only files have content")]
    NoContent { path: String, what: &'static str },
    #[error("the content of a file is bytes, not a document: `cat` gives no JSON")]
    CatJson,
    #[error("a script for a shell is text, not a document: `completions` gives no JSON")]
    CompletionsJson,
    #[error("`{}` holds no INF file", path.display())]
    NoInf { path: PathBuf },
    #[error("`{}` is no driver package: neither a folder nor an .inf file", path.display())]
    NotAPackage { path: PathBuf },
    #[error("`{}` is no plan", path.display())]
    NotAPlan {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("`{}` is a document `{found}`; a plan is one of `wimwright/plan/1`", path.display())]
    OtherDocument { path: PathBuf, found: String },
    #[error("`{}` is {len} bytes long; a plan has at most {max}", path.display())]
    PlanTooLong { path: PathBuf, len: u64, max: u64 },
    #[error("bundle `{}`: there is something already", path.display())]
    BundleThere { path: PathBuf },
    #[error("a plan is made of files and of the registry, and neither is compared")]
    PlanOfNothing,
    #[error("a plan is made of two images of Windows, and one of these holds none")]
    PlanOfDirectories,
    #[error("`{}` holds no plan", path.display())]
    NoPlanInside { path: PathBuf },
    #[error("`{}` holds {plans} plans, one an image, and `{image}` names {images} images", path.display())]
    OtherCount {
        path: PathBuf,
        plans: usize,
        image: String,
        images: usize,
    },
    #[error("`{}` holds several plans; as JSON one is shown at a time", path.display())]
    OnePlanFile { path: PathBuf },
    #[error("`{}` is for {of_a} images, `{}` for {of_b}", a.display(), b.display())]
    PlanCounts {
        a: PathBuf,
        of_a: usize,
        b: PathBuf,
        of_b: usize,
    },
    #[error("the image is not as the command left it that is to be undone")]
    NotAsLeft {
        #[source]
        source: DraftError,
    },
    #[error("source `{name}` of the plan cannot be opened")]
    PlanSource {
        name: String,
        #[source]
        source: std::io::Error,
    },
    #[error("`{}` is no .reg file that can be read", path.display())]
    RegFile {
        path: PathBuf,
        #[source]
        source: RegFileError,
    },
    #[error("`{}` is {len} bytes long; a .reg file has at most {max}", path.display())]
    RegFileTooLong { path: PathBuf, len: u64, max: u64 },
    #[error("`{}` is no list of exclusions", path.display())]
    ExclusionList {
        path: PathBuf,
        #[source]
        source: ExclusionError,
    },
    #[error("`{}` is longer than the {max} bytes that a list of exclusions has at most", path.display())]
    ExclusionListTooLong { path: PathBuf, max: u64 },
    #[error("`{}` describes no computer", path.display())]
    Hardware {
        path: PathBuf,
        #[source]
        source: HardwareError,
    },
    #[error("`{}` is longer than the {max} bytes that a hardware file has at most", path.display())]
    HardwareTooLong { path: PathBuf, max: u64 },
    #[error("`{}` is there already", path.display())]
    FileThere { path: PathBuf },
    #[error("`{}` is named twice", path.display())]
    SameFile { path: PathBuf },
    #[error("the name `{}` does not tell which format it is to have", path.display())]
    SbomFormat { path: PathBuf },
    #[error("`{}` is no certificate", path.display())]
    NotACertificate {
        path: PathBuf,
        /// It is one in Base64.
        pem: bool,
        #[source]
        source: wimwright_servicing::catalog::Error,
    },
    #[error("`{word}` is no check, code or log that is known")]
    NothingToExplain {
        word: String,
        /// Names that are like it.
        near: Vec<String>,
    },
    #[error("`{name}` cannot be explained")]
    NotALog {
        name: String,
        #[source]
        source: LogError,
    },
    #[error("`{}` is a directory, and no log", path.display())]
    LogDirectory { path: PathBuf },
    #[error("there is no check `{name}`")]
    NoCheck { name: String },
    #[error("`{number}` is the number of no ANSI code page")]
    CodePage { number: String },
    #[error("`{}` exists", path.display())]
    SarifThere { path: PathBuf },
    #[error("the image has no key `{key}`")]
    NoKey { key: String },
    #[error("key `{key}` has no value `{name}`")]
    NoValue { key: String, name: String },
    #[error("the bytes of a value are no document: `--raw` gives no JSON")]
    RawJson,
    #[error("a .reg file on standard output leaves no room for JSON: name a file")]
    ExportJson,
    /// A commit that another process tried.
    #[error("{message}")]
    Commit {
        message: String,
        hint: Option<String>,
        code: ExitCode,
    },
    #[error("`{}` holds no update package: there is no `update.mum` in it", path.display())]
    NoUpdate { path: PathBuf },
    #[error("the image has no package `{name}`")]
    NoPackage { name: String },
    #[error("{count} packages of the image fit `{name}`: {names}")]
    SeveralPackages {
        name: String,
        names: String,
        count: usize,
    },
    #[error(
        "`features {verb}` is refused: installers that are part of Windows turn features on and off"
    )]
    FeatureChange { verb: &'static str },
    #[error("`{}` exists and is not empty", directory.display())]
    DemoNotEmpty { directory: PathBuf },
    #[error("`{}` holds the demo already", directory.display())]
    DemoThere { directory: PathBuf },
}

impl Refusal {
    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Refusal::Commit { code, .. } => *code,
            Refusal::CatJson
            | Refusal::CompletionsJson
            | Refusal::DismJson
            | Refusal::RawJson
            | Refusal::ExportJson
            | Refusal::NothingToRebuild { .. }
            | Refusal::WholeFile { .. }
            | Refusal::XmlOfImage { .. }
            | Refusal::NothingToSet
            | Refusal::PlanOfNothing
            | Refusal::NoCheck { .. }
            | Refusal::NothingToExplain { .. }
            | Refusal::SameFile { .. }
            | Refusal::SbomFormat { .. }
            | Refusal::CodePage { .. } => ExitCode::Usage,
            Refusal::Missing { .. }
            | Refusal::NotAPlan { .. }
            | Refusal::ExclusionList { .. }
            | Refusal::Hardware { .. }
            | Refusal::RegFile { .. } => ExitCode::Damaged,
            _ => ExitCode::Refused,
        }
    }

    /// What the user can do about it, where that is known.
    pub(crate) fn hint(&self) -> Option<String> {
        if let Refusal::Commit { hint, .. } = self {
            return hint.clone();
        }
        Some(match self {
            Refusal::NotACertificate {
                path, pem: true, ..
            } => format!(
                "it is in Base64, and DER is needed: `openssl x509 -in {} -outform DER -out \
                 certificate.der`",
                path.display()
            ),
            Refusal::OneImage { .. } | Refusal::OnePlan { .. } => {
                "name one of them with its number behind the colon, like `install.wim:2`".to_owned()
            }
            Refusal::NotAWimFile { .. } => {
                "`capture DIR FILE.wim` makes a WIM file of a directory".to_owned()
            }
            Refusal::WholeFile { name } => match name.rsplit_once(':') {
                Some((file, _)) => format!("name the file alone: `{file}`"),
                None => return None,
            },
            Refusal::NothingToSet => {
                "`set --help` lists what can be said, like `--name` and `--boot`".to_owned()
            }
            Refusal::ApplyDirectory { .. } => {
                "`cp -a` copies directories; `capture` makes an image of one".to_owned()
            }
            Refusal::NotInImage { .. } => {
                "`dir IMAGE` lists what is there; names are given from the image root".to_owned()
            }
            Refusal::DismJson => {
                "the commands of wimwright behind it give JSON: `wimwright -v dism ...` shows which"
                    .to_owned()
            }
            Refusal::NoUpdate { .. } => "`packages inspect FILE` says what is in it".to_owned(),
            Refusal::NoPackage { .. } => "`packages list IMAGE --all` lists all of them".to_owned(),
            Refusal::SeveralPackages { .. } => "give one of the whole names".to_owned(),
            Refusal::FeatureChange { verb } => format!(
                "start the image and run `dism /online /{verb}-feature`, or do it from Windows \
                 with `dism /image:DIR`; `features list` shows what is on"
            ),
            Refusal::SarifThere { .. } => "`--force` replaces it".to_owned(),
            Refusal::NoInf { .. } => "`--recurse` looks into the folders below".to_owned(),
            Refusal::NotAPackage { .. } => {
                "unpack archives and installers first, and name the folder with the .inf file"
                    .to_owned()
            }
            Refusal::Hardware { .. } => {
                "on the computer: `lspci -nnvk > FILE` on Linux, `pnputil /enum-devices /ids \
                 /format xml > FILE` on Windows"
                    .to_owned()
            }
            Refusal::FileThere { .. } => "`--force` replaces it".to_owned(),
            Refusal::NothingToExplain { near, .. } => match near.as_slice() {
                [] => "codes are written like 0x800f081e, 1168, `STOP 0x7B` or `exit 4`; checks \
                       stand in brackets behind findings; logs are files"
                    .to_owned(),
                near => format!("there is `{}`", near.join("`, `")),
            },
            Refusal::NotALog { .. } => {
                "logs that are known: dism.log, CBS.log, setupapi.dev.log, setupapi.log, \
                 setupact.log and setuperr.log, under any name"
                    .to_owned()
            }
            Refusal::LogDirectory { path } => format!(
                "of an image name the log as well: `wimwright explain {} \
                 Windows/INF/setupapi.dev.log`",
                path.display()
            ),
            Refusal::SbomFormat { .. } => {
                "`NAME.spdx.json` is SPDX, `NAME.cdx.json` is CycloneDX; or say `--sbom-format`"
                    .to_owned()
            }
            Refusal::NoCheck { .. } => "`hal audit --list` lists the checks".to_owned(),
            Refusal::OtherDocument { .. } => "`--plan-out FILE` writes plans".to_owned(),
            Refusal::OnePlanFile { .. } => "name one of the files in it".to_owned(),
            Refusal::NotAsLeft { .. } => {
                "undo what was done to it later first, the latest first; or set right by hand what \
                 the message names"
                    .to_owned()
            }
            Refusal::BundleThere { .. } => "name a directory that is new or empty".to_owned(),
            Refusal::PlanOfNothing => "name `files` or `registry` with --only as well".to_owned(),
            Refusal::PlanOfDirectories => {
                "`files put IMAGE DIR PATH` puts what is in a directory into an image".to_owned()
            }
            Refusal::NoPlanInside { .. } => {
                "name the directory that `--undo-out` or `--as-plan` was given".to_owned()
            }
            Refusal::OtherCount { .. } => {
                "name the images as the command that made the plans did".to_owned()
            }
            Refusal::RegFile { .. } => {
                "--skip-bad-lines skips what is wrong, as regedit does, and names it".to_owned()
            }
            Refusal::CodePage { .. } => {
                "1252 is Western Europe's, 932 Japan's; 65001 is UTF-8".to_owned()
            }
            Refusal::NoKey { .. } | Refusal::NoValue { .. } => {
                "`registry get IMAGE KEY` lists what a key holds".to_owned()
            }
            Refusal::PlanSource { .. } => {
                "sources are opened by the names that were given when the plan was made: start \
                 from the same directory"
                    .to_owned()
            }
            Refusal::DemoNotEmpty { .. } => "name a directory that is new or empty".to_owned(),
            Refusal::DemoThere { directory } => format!(
                "try it out: `wimwright drivers list {}`; or remove the directory to begin anew",
                directory.join("image").display()
            ),
            _ => return None,
        })
    }
}
