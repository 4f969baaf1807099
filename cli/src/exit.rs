//! Exit codes, and which one an error of the libraries means.
//!
//! Libraries say what went wrong; here is decided whether that is a refusal
//! (the image or the request is not one that can be served) or damage and I/O
//! (it could not be read or written), and whether there is a hint.

use std::error::Error as StdError;
use std::fmt;

use wimwright_drivers as drivers;
use wimwright_hal as hal;
use wimwright_hal::generalize;
use wimwright_servicing::apply::ApplyError;
use wimwright_servicing::backend::BackendError;
use wimwright_servicing::capture::CaptureError;
use wimwright_servicing::container::ContainerError;
use wimwright_servicing::diff::{AsPlanError, PatternError};
use wimwright_servicing::files::{FilesError, ScriptError};
use wimwright_servicing::registry::{EditError, LocationError, RegistryError, WordsError};
use wimwright_servicing::update::add::AddError;
use wimwright_servicing::update::container::ContainerError as PackageFileError;
use wimwright_servicing::update::deferral::DeferError;
use wimwright_servicing::update::deferral::answer_file::AnswerFileError;
use wimwright_servicing::update::remove::RemoveError;
use wimwright_servicing::update::staging::StageError;
use wimwright_servicing::update::store::StoreError;
use wimwright_servicing::{
    CommitError, DraftError, FactsError, ImageNameError, OpenError, PathError, TreeError,
    WimFileError,
};

use crate::commands::build::Problem;
use crate::refusal::Refusal;

/// What the program's exit status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Done, or nothing to do.
    Done = 0,
    /// An audit, check, diff or verify has findings.
    Findings = 1,
    /// Wrong usage.
    Usage = 2,
    /// Done in part.
    Partly = 3,
    /// Refused, nothing changed.
    Refused = 4,
    /// I/O error or damaged input, nothing changed.
    Damaged = 5,
    /// `dism` only: what is left of 0x800f080c, a feature that is unknown.
    DismUnknownFeature = 12,
    /// `dism` only: data that cannot be read.
    DismInvalidData = 13,
    /// `dism` only: what is left of 0x800f081e, a package that does not apply.
    DismNotApplicable = 30,
    /// `dism` only: what is not supported, or refused.
    DismNotSupported = 50,
    /// `dism` only: a file that exists.
    DismFileExists = 80,
    /// `dism` only: words that are not DISM's.
    DismInvalidParameter = 87,
    /// `dism` only: a full disk.
    DismDiskFull = 112,
}

impl ExitCode {
    /// The further ones of `dism`.
    const DISM: [ExitCode; 7] = [
        ExitCode::DismUnknownFeature,
        ExitCode::DismInvalidData,
        ExitCode::DismNotApplicable,
        ExitCode::DismNotSupported,
        ExitCode::DismFileExists,
        ExitCode::DismInvalidParameter,
        ExitCode::DismDiskFull,
    ];

    /// The one of an error of DISM: the lowest 8 bits, which are all that a
    /// process hands on; 1 where there is no code of that number.
    pub(crate) fn of_dism(error: u32) -> ExitCode {
        let mut all = ExitCode::ALL.into_iter().chain(ExitCode::DISM);
        all.find(|code| *code != ExitCode::Done && *code as u32 == error & 0xff)
            .unwrap_or(ExitCode::Findings)
    }

    /// Every code, of all commands but `dism`.
    pub const ALL: [ExitCode; 6] = [
        ExitCode::Done,
        ExitCode::Findings,
        ExitCode::Usage,
        ExitCode::Partly,
        ExitCode::Refused,
        ExitCode::Damaged,
    ];

    /// The one with this number; of another program any other is damage.
    pub(crate) fn of(number: u8) -> ExitCode {
        let mut all = ExitCode::ALL.into_iter();
        all.find(|code| *code as u8 == number)
            .unwrap_or(ExitCode::Damaged)
    }

    /// What it says, for the help.
    pub fn meaning(self) -> &'static str {
        match self {
            ExitCode::Done => "done, or nothing to do",
            ExitCode::Findings => "an audit, check, diff or verify has findings",
            ExitCode::Usage => "wrong usage",
            ExitCode::Partly => "done in part: some packages refused, each named with its reason",
            ExitCode::Refused => "refused, nothing changed",
            ExitCode::Damaged => "I/O error or damaged input, nothing changed",
            ExitCode::DismUnknownFeature => "the feature is unknown",
            ExitCode::DismInvalidData => "the data cannot be read",
            ExitCode::DismNotApplicable => "the package does not apply",
            ExitCode::DismNotSupported => "not supported, or refused",
            ExitCode::DismFileExists => "the file exists",
            ExitCode::DismInvalidParameter => "wrong usage",
            ExitCode::DismDiskFull => "the disk is full",
        }
    }
}

impl ExitCode {
    /// What to do where a command ends so.
    pub fn advice(self) -> &'static str {
        match self {
            ExitCode::Done => "nothing; a second run of a command that writes changes nothing",
            ExitCode::Findings => {
                "read the findings: each says what to do; `explain` tells more of the word in \
                 brackets"
            }
            ExitCode::Usage => "see the command's `--help`",
            ExitCode::Partly => {
                "read why the others were refused, and run the command again: what is done already \
                 is left as it is"
            }
            ExitCode::Refused => {
                "read the line behind `error:` and, where there is one, behind `hint:`; nothing was \
                 changed"
            }
            ExitCode::Damaged => {
                "see which file could not be read or written; `wimwright verify FILE.wim` says \
                 whether a WIM file is whole"
            }
            ExitCode::DismUnknownFeature
            | ExitCode::DismInvalidData
            | ExitCode::DismNotApplicable
            | ExitCode::DismNotSupported
            | ExitCode::DismFileExists
            | ExitCode::DismInvalidParameter
            | ExitCode::DismDiskFull => "read the line below `Error:`, and the one behind `hint:`",
        }
    }
}

impl fmt::Display for ExitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", *self as u8, self.meaning())
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> std::process::ExitCode {
        std::process::ExitCode::from(code as u8)
    }
}

/// What is known of an error beside its text.
struct Verdict {
    code: ExitCode,
    hint: Option<String>,
}

/// The exit code that an error means.
pub(crate) fn code_of(error: &anyhow::Error) -> ExitCode {
    verdict(error).code
}

/// What the user can do about it, where that is known.
pub(crate) fn hint_of(error: &anyhow::Error) -> Option<String> {
    verdict(error).hint
}

const AS_PLAN_HINT: &str = "leave them out with --exclude, or compare images that are both in WIM \
                            files: `capture DIR FILE.wim` makes one of a directory";

fn verdict(error: &anyhow::Error) -> Verdict {
    let known = error.chain().find_map(known);
    // What nothing is known about came from the host.
    known.unwrap_or(Verdict {
        code: ExitCode::Damaged,
        hint: None,
    })
}

fn known(error: &(dyn StdError + 'static)) -> Option<Verdict> {
    let (code, hint) = if let Some(error) = error.downcast_ref::<Refusal>() {
        (error.code(), error.hint())
    } else if let Some(error) = error.downcast_ref::<Problem>() {
        (error.code(), error.hint())
    } else if let Some(error) = error.downcast_ref::<OpenError>() {
        (of_open(error), hint_of_open(error))
    } else if let Some(error) = error.downcast_ref::<drivers::Error>() {
        (of_drivers(error), error.hint())
    } else if matches!(error.downcast_ref(), Some(StoreError::NoState)) {
        (ExitCode::Refused, None)
    } else if let Some(error) = error.downcast_ref::<hal::SetError>() {
        (of_hal(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<generalize::CleanError>() {
        (of_clean(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<generalize::StageError>() {
        (of_stage(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<generalize::OnlyInsideWindows>() {
        (ExitCode::Refused, Some(error.hint()))
    } else if error.is::<hal::Unreadable>() {
        (ExitCode::Damaged, None)
    } else if let Some(error) = error.downcast_ref::<AddError>() {
        (of_add(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<DeferError>() {
        (of_defer(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<RemoveError>() {
        (of_removal(error), error.hint())
    } else if error.is::<AnswerFileError>() {
        (ExitCode::Damaged, None)
    } else if let Some(AsPlanError::Inexpressible { .. }) = error.downcast_ref() {
        (ExitCode::Refused, Some(AS_PLAN_HINT.to_owned()))
    } else if let Some(error) = error.downcast_ref::<CommitError>() {
        (of_commit(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<EditError>() {
        (of_edit(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<LocationError>() {
        (of_location(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<FilesError>() {
        (of_files(error), error.hint())
    } else if let Some(verdict) = of_mount(error) {
        verdict
    } else if error.is::<ScriptError>() || error.is::<WordsError>() {
        (ExitCode::Usage, None)
    } else if let Some(error) = error.downcast_ref::<DraftError>() {
        (of_draft(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<BackendError>() {
        (of_backend(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<RegistryError>() {
        (of_registry(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<ContainerError>() {
        (of_container(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<PackageFileError>() {
        let code = match error.is_refusal() {
            true => ExitCode::Refused,
            false => ExitCode::Damaged,
        };
        (code, error.hint())
    } else if let Some(error) = error.downcast_ref::<WimFileError>() {
        (of_wim_file(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<ImageNameError>() {
        (of_image_name(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<ApplyError>() {
        (of_apply(error), error.hint())
    } else if let Some(error) = error.downcast_ref::<CaptureError>() {
        (of_capture(error), error.hint())
    } else if error.is::<PathError>() || error.is::<PatternError>() {
        (ExitCode::Usage, None)
    } else if error.downcast_ref::<TreeError>().is_some() {
        (ExitCode::Damaged, None)
    } else {
        return None;
    };
    Some(Verdict { code, hint })
}

fn hint_of_open(error: &OpenError) -> Option<String> {
    match error {
        OpenError::Backend(error) => error.hint(),
        OpenError::Wim(error) => error.hint(),
        OpenError::Name(error) => error.hint(),
        OpenError::Facts(FactsError::Registry(error)) => error.hint(),
        _ => None,
    }
}

fn of_open(error: &OpenError) -> ExitCode {
    match error {
        OpenError::Backend(error) => of_backend(error),
        OpenError::Wim(error) => of_wim_file(error),
        OpenError::Name(error) => of_image_name(error),
        OpenError::Facts(FactsError::Tree(_)) => ExitCode::Damaged,
        OpenError::Facts(FactsError::Registry(error)) => of_registry(error),
        _ => ExitCode::Refused,
    }
}

fn of_drivers(error: &drivers::Error) -> ExitCode {
    match error {
        drivers::Error::Draft(error) => of_draft(error),
        drivers::Error::Registry(error) => of_registry(error),
        drivers::Error::Tree(_) => ExitCode::Damaged,
        _ => ExitCode::Refused,
    }
}

fn of_hal(error: &hal::SetError) -> ExitCode {
    match error {
        hal::SetError::Draft(error) => of_draft(error),
        hal::SetError::Tree(_)
        | hal::SetError::Unreadable(_)
        | hal::SetError::Cache(_)
        | hal::SetError::Expand { .. } => ExitCode::Damaged,
        _ => ExitCode::Refused,
    }
}

fn of_clean(error: &generalize::CleanError) -> ExitCode {
    match error {
        generalize::CleanError::UnknownName { .. } => ExitCode::Usage,
        generalize::CleanError::Draft(error) => of_draft(error),
        generalize::CleanError::Unreadable(_) => ExitCode::Damaged,
        _ => ExitCode::Refused,
    }
}

fn of_stage(error: &generalize::StageError) -> ExitCode {
    match error {
        generalize::StageError::Nothing => ExitCode::Usage,
        generalize::StageError::Draft(error) => of_draft(error),
        generalize::StageError::Unreadable(_) | generalize::StageError::Tree(_) => {
            ExitCode::Damaged
        }
        _ => ExitCode::Refused,
    }
}

fn of_add(error: &AddError) -> ExitCode {
    match error {
        AddError::Draft(error) => of_draft(error),
        AddError::Defer(error) => of_defer(error),
        AddError::Store(StoreError::Registry(error)) => of_registry(error),
        _ => ExitCode::Damaged,
    }
}

fn of_defer(error: &DeferError) -> ExitCode {
    match error {
        DeferError::Draft(error) => of_draft(error),
        DeferError::Registry(error) => of_registry(error),
        DeferError::Tree(_) | DeferError::Package { .. } | DeferError::Queue { .. } => {
            ExitCode::Damaged
        }
        _ => ExitCode::Refused,
    }
}

fn of_removal(error: &RemoveError) -> ExitCode {
    match error {
        RemoveError::Defer(error) => of_defer(error),
        RemoveError::Draft(error) | RemoveError::Stage(StageError::Draft(error)) => of_draft(error),
        RemoveError::Store(StoreError::Registry(error))
        | RemoveError::Stage(StageError::Registry(error)) => of_registry(error),
        RemoveError::Store(_) | RemoveError::Stage(StageError::Tree(_) | StageError::Store(_)) => {
            ExitCode::Damaged
        }
        _ => ExitCode::Refused,
    }
}

fn of_commit(error: &CommitError) -> ExitCode {
    match error {
        CommitError::Draft(error) => of_draft(error),
        CommitError::Backend(error) => of_backend(error),
        CommitError::Tree(_) => ExitCode::Damaged,
        _ => ExitCode::Refused,
    }
}

fn of_draft(error: &DraftError) -> ExitCode {
    match error {
        DraftError::Registry(error) => of_registry(error),
        DraftError::Tree(_) | DraftError::Expand { .. } => ExitCode::Damaged,
        _ => ExitCode::Refused,
    }
}

#[cfg(all(feature = "fuse", target_os = "linux"))]
fn of_mount(error: &(dyn StdError + 'static)) -> Option<(ExitCode, Option<String>)> {
    use wimwright_servicing::mount::{MountCommitError, MountError};
    if let Some(error) = error.downcast_ref::<MountError>() {
        let code = match error {
            MountError::NotMounted { .. }
            | MountError::NotUnmounted { .. }
            | MountError::List { .. }
            | MountError::Gone { .. } => ExitCode::Damaged,
            _ => ExitCode::Refused,
        };
        return Some((code, error.hint()));
    }
    let error = error.downcast_ref::<MountCommitError>()?;
    Some((of_mount_commit(error), error.hint()))
}

/// The exit code that a commit of a mount means, for the process that asked
/// for it.
#[cfg(all(feature = "fuse", target_os = "linux"))]
pub(crate) fn of_mount_commit(error: &wimwright_servicing::mount::MountCommitError) -> ExitCode {
    use wimwright_servicing::mount::MountCommitError;
    match error {
        MountCommitError::Draft(error) => of_draft(error),
        MountCommitError::Commit(error) => of_commit(error),
        MountCommitError::Tree(_) => ExitCode::Damaged,
        _ => ExitCode::Refused,
    }
}

#[cfg(not(all(feature = "fuse", target_os = "linux")))]
fn of_mount(_error: &(dyn StdError + 'static)) -> Option<(ExitCode, Option<String>)> {
    None
}

fn of_files(error: &FilesError) -> ExitCode {
    match error {
        FilesError::Line { source, .. } => of_files(source),
        FilesError::Draft(error) => of_draft(error),
        FilesError::Tree(_) | FilesError::Source { .. } => ExitCode::Damaged,
        _ => ExitCode::Refused,
    }
}

fn of_edit(error: &EditError) -> ExitCode {
    match error {
        // A line of a file is not a word of the command.
        EditError::Line { source, .. } => match of_edit(source) {
            ExitCode::Usage => ExitCode::Refused,
            other => other,
        },
        EditError::Location(error) => of_location(error),
        EditError::Words(_) => ExitCode::Usage,
        EditError::Draft(error) => of_draft(error),
        EditError::NoHive { .. }
        | EditError::WholeHive { .. }
        | EditError::RootKey { .. }
        | EditError::HasSubkeys { .. } => ExitCode::Refused,
    }
}

fn of_location(error: &LocationError) -> ExitCode {
    match error {
        LocationError::Unknown { .. }
        | LocationError::RootAlone { .. }
        | LocationError::EmptyName { .. }
        | LocationError::NameTooLong { .. }
        | LocationError::TooDeep { .. }
        | LocationError::Mapping { .. }
        | LocationError::Path(_) => ExitCode::Usage,
        LocationError::Registry(error) => of_registry(error),
        _ => ExitCode::Refused,
    }
}

fn of_registry(error: &RegistryError) -> ExitCode {
    match error {
        RegistryError::Tree { .. }
        | RegistryError::Inventory { .. }
        | RegistryError::Hive { .. }
        | RegistryError::Select { .. } => ExitCode::Damaged,
        _ => ExitCode::Refused,
    }
}

fn of_container(error: &ContainerError) -> ExitCode {
    match error {
        ContainerError::File(error) => of_wim_file(error),
        ContainerError::Name(error) => of_image_name(error),
        _ if error.is_usage() => ExitCode::Usage,
        _ => ExitCode::Refused,
    }
}

fn of_wim_file(error: &WimFileError) -> ExitCode {
    match error.is_refusal() {
        true => ExitCode::Refused,
        false => ExitCode::Damaged,
    }
}

fn of_image_name(error: &ImageNameError) -> ExitCode {
    match error {
        ImageNameError::Missing { .. } | ImageNameError::Host { .. } => ExitCode::Damaged,
        ImageNameError::Selector { .. } => ExitCode::Usage,
        _ => ExitCode::Refused,
    }
}

fn of_apply(error: &ApplyError) -> ExitCode {
    match error {
        ApplyError::HoldsWindows { .. }
        | ApplyError::NotADirectory { .. }
        | ApplyError::InTheWay { .. }
        | ApplyError::MoveOldTaken { .. }
        | ApplyError::MoveOldInImage { .. }
        | ApplyError::MoveOldReserved { .. }
        | ApplyError::OtherFilesystem { .. }
        | ApplyError::NothingFits { .. }
        | ApplyError::SameName { .. } => ExitCode::Refused,
        ApplyError::Pattern(_) => ExitCode::Usage,
        ApplyError::Backend(error) => of_backend(error),
        _ => ExitCode::Damaged,
    }
}

fn of_capture(error: &CaptureError) -> ExitCode {
    match error {
        CaptureError::StreamTooLong { .. } | CaptureError::NameTaken { .. } => ExitCode::Refused,
        CaptureError::Backend(error) => of_backend(error),
        CaptureError::File(error) => of_wim_file(error),
        _ => ExitCode::Damaged,
    }
}

fn of_backend(error: &BackendError) -> ExitCode {
    match error {
        BackendError::Locked { .. }
        | BackendError::LinkInTheWay { .. }
        | BackendError::SpecialInTheWay { .. }
        | BackendError::DirectoryInTheWay { .. }
        | BackendError::FileInTheWay { .. }
        | BackendError::Root
        | BackendError::NothingThere { .. }
        | BackendError::NameTaken { .. }
        | BackendError::IntoItself { .. }
        | BackendError::AttributesNotHeld { .. }
        | BackendError::CreationTimeNotHeld { .. }
        | BackendError::DetailsNotHeld { .. }
        | BackendError::Reserved { .. }
        | BackendError::ReservedTaken { .. }
        | BackendError::OtherFilesystem { .. } => ExitCode::Refused,
        _ => ExitCode::Damaged,
    }
}
